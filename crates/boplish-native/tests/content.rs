//! Contents and names between peers, over real sockets.

mod common;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use boplish_native::core::names::{self, NameError};
use boplish_native::core::{ContentEvent, Event, FetchError};
use boplish_native::wire::content::{ContentId, SPAN, Target};
use boplish_native::wire::{BopUri, Keypair, Uid};
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig, PeerError};
use common::Server;
use tokio::time::timeout;

/// More than anything here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of a test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("boplish-content-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be used");
        Self(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn engine() -> Engine {
    let config = EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    };
    Engine::new(&config).expect("loopback addresses can be used")
}

fn spawn(engine: &Engine, server: &Server, content: &Path, identity: Option<Keypair>) -> Peer {
    let bootstrap = server.address.to_string();
    let config = PeerConfig {
        bootstrap: Some(bootstrap.parse().expect("an address is a host")),
        content_folder: Some(content.to_owned()),
        identity,
        ..PeerConfig::default()
    };
    Peer::spawn(engine, config).expect("a peer can be spawned")
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it happens in time")
}

fn bytes(length: usize) -> Vec<u8> {
    let mut state = length as u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_album_is_found_by_name_and_comes_from_who_has_it() {
    let (engine, server) = (engine(), Server::start().await);
    let folder = Folder::new("album");
    let keypair = || Keypair::from_secret(&[7; 32]);
    let publisher = spawn(&engine, &server, &folder.join("a"), Some(keypair()));
    let reader = spawn(&engine, &server, &folder.join("b"), None);
    let late = spawn(&engine, &server, &folder.join("c"), None);
    for peer in [&publisher, &reader, &late] {
        within(peer.connected_to(2)).await.expect("it is open");
    }
    let picture = bytes(3 * SPAN as usize + 1234);
    std::fs::write(folder.join("1.jpg"), &picture).expect("the folder is there");
    let file = folder.join("1.jpg");
    let id = within(publisher.add_file(&file, |_| {})).await;
    let id = id.expect("the file is there");
    let target = Target::File {
        id,
        media_type: "image/jpeg".into(),
    };
    let path = ["album", "1.jpg"];
    let keypair = keypair();
    let published = names::publish(&publisher, &keypair, &path, target.clone());
    let first = within(published).await.expect("it can be published");

    let uid = Uid::Peer(publisher.id());
    let uri = BopUri::new(uid.clone(), names::PROTOCOL, &path).expect("it is a name");
    let resolved = within(names::resolve(&reader, &uri)).await;
    let resolved = resolved.expect("it was published");
    assert_eq!(resolved.target, target);
    assert_eq!(resolved.root, first.root);
    let hints = [resolved.publisher];
    let fetched = reader.fetch_content(id, None, &hints);
    within(fetched).await.expect("its publisher has it");
    let read = within(reader.read_content(id, 0, picture.len())).await;
    assert!(read.expect("it was fetched") == picture);

    // The reader provides it now, and the publisher leaves.
    within(reader.announce_content(id.hash))
        .await
        .expect("it is open");
    publisher.close().await;
    let fetched = late.fetch_content(id, Some(SPAN..SPAN + 1), &[]);
    within(fetched).await.expect("the reader has it");
    let read = within(late.read_content(id, SPAN, 99)).await;
    assert!(read.expect("its span was fetched") == picture[SPAN as usize..][..99]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_change_and_old_versions_stay() {
    let (engine, server) = (engine(), Server::start().await);
    let folder = Folder::new("names");
    let keypair = Keypair::from_secret(&[8; 32]);
    let again = Keypair::from_secret(&[8; 32]);
    let publisher = spawn(&engine, &server, &folder.join("a"), Some(again));
    let reader = spawn(&engine, &server, &folder.join("b"), None);
    for peer in [&publisher, &reader] {
        within(peer.connected_to(1)).await.expect("it is open");
    }
    let publish = async |path: &[&str], text: &str| {
        let id = publisher
            .add_content(text.into())
            .await
            .expect("it is short");
        let target = Target::File {
            id,
            media_type: "text/plain".into(),
        };
        within(names::publish(&publisher, &keypair, path, target)).await
    };
    let resolve = async |uri: &str| {
        let uri = format!("bop:{}:content{uri}", publisher.id());
        let uri = uri.parse::<BopUri>().expect("it is a name");
        within(names::resolve(&reader, &uri)).await
    };
    assert!(matches!(resolve("/a").await, Err(NameError::Nothing(_))));
    let first = publish(&["notes", "a.txt"], "one")
        .await
        .expect("it is open");
    publish(&["notes", "b.txt"], "two")
        .await
        .expect("it is open");
    let last = publish(&["notes", "a.txt"], "three")
        .await
        .expect("it is open");
    assert_eq!((first.sequence, last.sequence), (1, 3));

    let length =
        |resolved: Result<names::Resolved, NameError>| resolved.map(|it| it.target.total());
    assert_eq!(length(resolve("/notes/a.txt").await), Ok(5));
    assert_eq!(length(resolve("/notes").await), Ok(5 + 3));
    let old = format!("/notes/a.txt?v={}", first.root);
    assert_eq!(length(resolve(&old).await), Ok(3));
    let missing = resolve("/notes/c.txt").await;
    assert_eq!(missing, Err(NameError::NotFound("notes/c.txt".into())));
    let through = resolve("/notes/a.txt/x").await;
    assert_eq!(through, Err(NameError::NotAFolder("notes/a.txt".into())));
    let behind = publish(&["notes", "a.txt", "x"], "").await;
    assert_eq!(behind, Err(NameError::NotAFolder("notes/a.txt".into())));

    let gone = names::unpublish(&publisher, &keypair, &["notes", "a.txt"]);
    within(gone).await.expect("it was published");
    assert_eq!(length(resolve("/notes/b.txt").await), Ok(3));
    assert!(matches!(
        resolve("/notes/a.txt").await,
        Err(NameError::NotFound(_))
    ));
    let gone = names::unpublish(&publisher, &keypair, &["notes", "b.txt"]);
    within(gone).await.expect("it was published");
    // Folders with nothing in them go, too.
    assert_eq!(
        resolve("/notes").await,
        Err(NameError::NotFound("notes".into()))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_fetched_outlasts_a_restart_and_goes_on_where_it_stopped() {
    let (engine, server) = (engine(), Server::start().await);
    let folder = Folder::new("restart");
    let keeper = spawn(&engine, &server, &folder.join("a"), None);
    let content = bytes(6 * SPAN as usize);
    let id = within(keeper.add_content(content.clone())).await;
    let id = id.expect("the folder can be written");
    let reader = spawn(&engine, &server, &folder.join("b"), None);
    within(reader.connected_to(1)).await.expect("it is open");
    let hints = [keeper.id()];
    let part = reader.fetch_content(id, Some(0..2 * SPAN), &hints);
    within(part).await.expect("the keeper has it");
    let before = reader.traffic();
    assert!(before.bytes_received >= 2 * SPAN);
    reader.close().await;
    drop(reader);

    let reader = spawn(&engine, &server, &folder.join("b"), None);
    within(reader.connected_to(1)).await.expect("it is open");
    let rest = reader.fetch_content(id, None, &hints);
    within(rest).await.expect("the keeper has it");
    let received = reader.traffic().bytes_received;
    assert!((4 * SPAN..5 * SPAN).contains(&received), "{received} bytes");
    let read = within(reader.read_content(id, 0, content.len())).await;
    assert!(read.expect("it was fetched") == content);

    // A peer that was started again serves what it has.
    let third = spawn(&engine, &server, &folder.join("c"), None);
    within(third.connected_to(2)).await.expect("it is open");
    keeper.close().await;
    let hints = [reader.id()];
    let again = third.fetch_content(id, None, &hints);
    within(again).await.expect("the reader has it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sends_something_else_is_left_out() {
    let (engine, server) = (engine(), Server::start().await);
    let folder = Folder::new("changed");
    let publisher = spawn(&engine, &server, &folder.join("a"), None);
    let keeper = spawn(&engine, &server, &folder.join("b"), None);
    let reader = spawn(&engine, &server, &folder.join("c"), None);
    for peer in [&publisher, &keeper, &reader] {
        within(peer.connected_to(2)).await.expect("it is open");
    }
    let mut content = bytes(8 * SPAN as usize);
    let file = folder.join("file");
    std::fs::write(&file, &content).expect("the folder is there");
    let id = within(publisher.add_file(&file, |_| {})).await;
    let id = id.expect("the file is there");
    let hints = [publisher.id()];
    let copied = keeper.fetch_content(id, None, &hints);
    within(copied).await.expect("the publisher has it");

    // The file that was published is another one now, with the same length.
    content.reverse();
    std::fs::write(&file, &content).expect("the folder is there");
    content.reverse();
    let mut events = reader.events();
    let hints = [publisher.id(), keeper.id()];
    let fetched = reader.fetch_content(id, None, &hints);
    within(fetched).await.expect("the keeper has it");
    let read = within(reader.read_content(id, 0, content.len())).await;
    assert!(read.expect("it was fetched") == content);
    let bad = within(async {
        loop {
            if let Event::Content(ContentEvent::BadSource { peer, .. }) =
                events.recv().await.expect("it is open")
            {
                return peer;
            }
        }
    });
    assert_eq!(bad.await, publisher.id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_has_is_an_error_in_time() {
    let (engine, server) = (engine(), Server::start().await);
    let folder = Folder::new("nobody");
    let peer = spawn(&engine, &server, &folder.join("a"), None);
    within(peer.connected()).await.expect("it is open");
    let fetched = peer.fetch_content(ContentId::of(b"nothing"), None, &[]);
    let unavailable = PeerError::Fetch(FetchError::Unavailable);
    assert_eq!(within(fetched).await, Err(unavailable));
    let config = PeerConfig::default();
    let without = Peer::spawn(&engine, config).expect("a peer can be spawned");
    let added = without.add_content(Vec::new());
    assert_eq!(within(added).await, Err(PeerError::NoContentFolder));
}
