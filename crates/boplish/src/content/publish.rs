//! `boplish publish` and `unpublish`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use boplish_native::Peer;
use boplish_native::core::FetchError;
use boplish_native::core::copies;
use boplish_native::core::names::Published;
use boplish_native::core::names::{self, NameError, Network};
use boplish_native::wire::content::{Directory, Target};
use boplish_native::wire::{BopUri, Keypair, PeerId, Uid};
use serde_json::json;
use tokio::time::{interval, sleep};

use super::keepers::Keepers;
use super::progress::{Progress, print, say};
use super::{PublishCommand, UnpublishCommand, content_folder, join, join_others, publisher};
use crate::failure::Failure;
use crate::signals::Shutdown;

/// The folder for contents of publishers.
const OWN: &str = "content";

/// How often a bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Publishes, and stays.
pub(crate) async fn run(command: PublishCommand) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let json = command.options.json.unwrap_or(false);
    if command.name.is_some() && command.paths.len() > 1 {
        let why = "--as names one file or folder; publish several one by one, or their folder";
        return Err(Failure::Usage(why.to_owned()));
    }
    let keypair = publisher(&command.options)?;
    let folder = content_folder(command.content.as_deref(), OWN)?;
    let joining = join(&command.options, &folder, clone(&keypair), true);
    let (peer, _) = shutdown.unless_asked(joining).await?;
    let keepers = Keepers::serve(&peer);
    let others = async {
        if peer.connected_peers().is_empty() && !json {
            eprintln!("waiting for others to join the network");
        }
        // Alone, there is nobody to tell the name to.
        peer.connected_to(1).await
    };
    let work = async {
        others.await?;
        let mut last = None;
        for (index, path) in command.paths.iter().enumerate() {
            let name = match &command.name {
                Some(name) => name.clone(),
                None => name_of(path)?,
            };
            let target = add(&peer, path, json).await?;
            let anew = command.anew && index == 0;
            last = Some(publish(&peer, &keypair, &name, target, &command, anew).await?);
        }
        Ok::<_, Failure>(last)
    };
    let result = shutdown.unless_asked(work).await;
    if let Ok(Some(published)) = &result {
        tokio::select! {
            () = stay(&peer, &keypair, published, &command) => {}
            () = shutdown.wait() => {}
        }
    }
    drop(keepers);
    peer.close().await;
    result.map(drop)
}

/// Does what is to be done for a name while its publisher is there; without end, unless it is to leave.
async fn stay(peer: &Peer, keypair: &Keypair, published: &Published, command: &PublishCommand) {
    if !command.leave && !command.options.json.unwrap_or(false) {
        eprintln!("serving it until this is interrupted");
    }
    // Whoever has copies has the lists, too.
    if command.replicate == 0 {
        match copies::leave_lists(peer, published).await {
            Ok(holders) => tracing::info!(?holders, "left the lists of folders with others"),
            Err(error) => tracing::warn!(%error, "the lists of folders are with nobody else"),
        }
    }
    if command.leave {
        return;
    }
    let mut last = Some(published.root);
    // The record must not expire while its publisher is there.
    let mut has_failed = false;
    loop {
        sleep(names::next_refresh(has_failed)).await;
        let written = names::refresh(peer, keypair, last).await;
        has_failed = written.is_err();
        match written {
            Ok(root) => last = root,
            Err(error) => tracing::warn!(%error, "the record could not be written again"),
        }
    }
}

/// Takes something out of the own name.
pub(crate) async fn unpublish(command: UnpublishCommand) -> Result<(), Failure> {
    let keypair = publisher(&command.options)?;
    let folder = content_folder(command.content.as_deref(), OWN)?;
    let peer = join_others(&command.options, &folder, clone(&keypair)).await?;
    let result = take_out(&peer, &keypair, &command).await;
    peer.close().await;
    result
}

async fn take_out(
    peer: &Peer,
    keypair: &Keypair,
    command: &UnpublishCommand,
) -> Result<(), Failure> {
    let json = command.options.json.unwrap_or(false);
    let published = names::unpublish(peer, keypair, &segments(&command.path)).await?;
    if json {
        let version = published.root.to_string();
        print(&json!({"event": "unpublished", "path": command.path, "version": version}));
    }
    if published.is_empty() {
        return Ok(());
    }
    let holders = copies::leave_lists(peer, &published).await?;
    for holder in &holders {
        match json {
            true => print(&json!({"event": "copied", "to": holder.to_string()})),
            false => eprintln!("{holder} has the new list"),
        }
    }
    if holders.is_empty() {
        return Err(Failure::Unreachable(format!(
            "{} is taken out, but no other peer holds the new list of what is published: what is \
             left can't be found until `boplish publish` runs again",
            command.path
        )));
    }
    Ok(())
}

fn clone(keypair: &Keypair) -> Keypair {
    Keypair::from_secret(&keypair.secret())
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !part.is_empty()).collect()
}

fn name_of(path: &Path) -> Result<String, Failure> {
    let real;
    let path = match path.file_name() {
        // A link is called as it is called, not as what it leads to.
        Some(_) => path,
        None => {
            real = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
            &real
        }
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let none = || Failure::Usage(format!("{} has no name: use --as", path.display()));
    Ok(name.ok_or_else(none)?.to_owned())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Runtime(format!("{}: {error}", path.display()))
}

async fn publish(
    peer: &Peer,
    keypair: &Keypair,
    name: &str,
    target: Target,
    command: &PublishCommand,
    anew: bool,
) -> Result<Published, Failure> {
    let path = segments(name);
    let published = match anew {
        true => names::publish_anew(peer, keypair, &path, target.clone()).await,
        false => names::publish(peer, keypair, &path, target.clone()).await,
    };
    if let Err(NameError::Fetch(error @ FetchError::Unavailable)) = published {
        return Err(Failure::Unreachable(format!(
            "the list of what was published before: {error}; --anew begins a new one, without it"
        )));
    }
    let published = published?;
    let uri = BopUri::new(Uid::Peer(peer.id()), names::PROTOCOL, &path);
    let uri = uri.map_err(|error| Failure::Usage(format!("{name}: {error}")))?;
    let json = command.options.json.unwrap_or(false);
    if json {
        print(&json!({
            "event": "published", "uri": uri.to_string(), "bytes": target.total(),
            "version": published.root.to_string(),
        }));
    } else {
        say(&uri.to_string());
    }
    if command.replicate > 0 {
        let mut holders = Vec::new();
        let told = |holder: PeerId| {
            match json {
                true => print(&json!({"event": "copied", "to": holder.to_string()})),
                false => eprintln!("{holder} has a copy"),
            }
            holders.push(holder);
        };
        copies::replicate(peer, &published, &target, command.replicate, told).await?;
        if holders.len() < command.replicate {
            return Err(Failure::Unreachable(format!(
                "only {} of {} peers have taken a copy",
                holders.len(),
                command.replicate
            )));
        }
    }
    Ok(published)
}

/// Adds a file, or a folder with all that is in it.
async fn add(peer: &Peer, path: &Path, json: bool) -> Result<Target, Failure> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return add_file(peer, path, metadata.len(), json).await;
    }
    let mut folder = Directory::default();
    for entry in entries(path)? {
        let name = name_of(&entry)?;
        let target = Box::pin(add(peer, &entry, json)).await?;
        let added = folder.insert(&name, target);
        added.map_err(|error| Failure::Runtime(format!("{}: {error}", path.display())))?;
    }
    let total = folder.total();
    let list = folder.encode();
    let list = list.map_err(|error| Failure::Runtime(format!("{}: {error}", path.display())))?;
    let id = Network::add(peer, list).await?;
    Ok(Target::Folder { id, total })
}

/// What is in a folder, in the order of the names; what begins with a dot is left out, as shells do.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

async fn add_file(peer: &Peer, path: &Path, length: u64, json: bool) -> Result<Target, Failure> {
    let hashed = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&hashed);
    let adding = peer.add_file(path, move |bytes| counter.store(bytes, Ordering::Relaxed));
    tokio::pin!(adding);
    let mut progress = Progress::new(json, &name_of(path)?, length);
    let mut ticks = interval(TICK);
    let id = loop {
        tokio::select! {
            id = &mut adding => break id,
            _ = ticks.tick() => progress.set(hashed.load(Ordering::Relaxed), 0),
        }
    };
    let id = id.map_err(|error| Failure::Runtime(format!("{}: {error}", path.display())))?;
    let media_type = mime_guess::from_path(path).first_raw().unwrap_or_default();
    let media_type = media_type.into();
    // Each by itself: who has a file need not have its folder.
    peer.announce_content(id.hash).await?;
    Ok(Target::File { id, media_type })
}
