//! Content by name, with programs of their own: published, listed, fetched, copied, and over HTTP.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::common::{Running, Server, boplish, text};
use boplish_native::wire::content::ContentId;
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use serde_json::{Value, json};

/// A folder of a test, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("boplish-cli-content-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("album/more")).unwrap();
        fs::write(path.join("album/1.jpg"), picture()).unwrap();
        fs::write(path.join("album/more/a b.txt"), "hello").unwrap();
        fs::write(path.join("album/.hidden"), "").unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that repeat nowhere, of several spans.
fn picture() -> Vec<u8> {
    let numbers = 0..700_000_u32;
    let bytes = numbers.flat_map(|it| it.wrapping_mul(2_654_435_761).to_le_bytes());
    bytes.collect()
}

/// A command about content, with a folder for the data of its user.
fn command(server: &Server, data: &str, arguments: &[&str]) -> std::process::Command {
    let (name, rest) = arguments.split_first().unwrap();
    let mut command = boplish(&[
        name,
        "--bootstrap",
        &server.address,
        "--address",
        "127.0.0.1",
    ]);
    command.args(rest).env("XDG_DATA_HOME", data);
    command
}

fn run(server: &Server, data: &str, arguments: &[&str]) -> Output {
    command(server, data, arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    let parse = |line| serde_json::from_str(line).unwrap();
    lines.lines().map(parse).collect()
}

/// The first report that is so.
fn expect(running: &Running, event: &str) -> Value {
    loop {
        let line: Value = serde_json::from_str(&running.line()).unwrap();
        if line["event"] == event {
            return line;
        }
    }
}

/// Publishes, and stays.
fn publish(server: &Server, data: &str, arguments: &[&str]) -> Running {
    let arguments = [&["publish", "--json"], arguments].concat();
    Running::start(command(server, data, &arguments))
}

#[test]
fn an_album_is_published_copied_listed_and_fetched_after_its_publisher_has_gone() {
    let (server, folder) = (Server::start(), Folder::new("album"));
    let path = |name: &str| folder.path(name);
    let _keeper = publish(&server, &path("keeper"), &[&path("album/more/a b.txt")]);
    let album = path("album");
    let arguments = [&album, "--as", "2026/summer", "--replicate", "1"];
    let mut publisher = publish(&server, &path("publisher"), &arguments);
    let published = expect(&publisher, "published");
    let uri = published["uri"].as_str().unwrap().to_owned();
    assert!(uri.ends_with(":content/2026/summer"), "{uri}");
    assert_eq!(published["bytes"], picture().len() + 5);
    expect(&publisher, "copied");
    publisher.signal("INT");
    assert!(publisher.wait().success());

    let data = path("reader");
    let listed = lines(&run(&server, &data, &["ls", "--json", &uri]));
    let names: Vec<&Value> = listed.iter().map(|line| &line["name"]).collect();
    assert_eq!(names, ["1.jpg", "more"]);
    assert_eq!(listed[0]["media_type"], "image/jpeg");
    let output = path("fetched");
    let fetched = run(
        &server,
        &data,
        &["get", "--json", &uri, "--output", &output],
    );
    let last = lines(&fetched).pop().unwrap();
    let bytes = picture().len() + 5;
    assert_eq!(
        last,
        json!({"event": "fetched", "path": output, "bytes": bytes})
    );
    assert!(fs::read(path("fetched/1.jpg")).unwrap() == picture());
    assert_eq!(fs::read(path("fetched/more/a b.txt")).unwrap(), b"hello");
    assert!(!fs::exists(path("fetched/.hidden")).unwrap());
    assert!(!fs::exists(path("fetched.part")).unwrap());

    let there = run(&server, &data, &["get", &uri, "--output", &output]);
    assert_eq!(there.status.code(), Some(2));
    assert!(text(&there.stderr).contains("is there already"));
    let missing = format!("{uri}/2.jpg");
    let missing = run(&server, &data, &["resolve", &missing]);
    assert_eq!(missing.status.code(), Some(1));
    let why = text(&missing.stderr);
    assert!(why.contains("there is no '2026/summer/2.jpg'"), "{why}");
}

/// The head and the body of an answer.
fn http(address: &str, method: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    (text(&answer).to_lowercase(), body)
}

#[test]
fn a_gateway_answers_with_what_is_published() {
    let (server, folder) = (Server::start(), Folder::new("gateway"));
    let path = |name: &str| folder.path(name);
    let album = path("album");
    fs::write(path("album/2.jpg"), "it is removed later").unwrap();
    // The first in the network, it waits for somebody else.
    let publisher = publish(&server, &path("publisher"), &[&album]);
    // Less than the album has, so that one picture goes when another is asked for.
    let room = (picture().len() + 1_000).to_string();
    let arguments = [
        "gateway",
        "--json",
        "--listen",
        "127.0.0.1:0",
        "--room",
        &room,
    ];
    let gateway = Running::start(command(&server, &path("gateway"), &arguments));
    let published = expect(&publisher, "published");
    let uri = published["uri"].as_str().unwrap();
    let url = expect(&gateway, "listening")["url"].take();
    let address = url.as_str().unwrap().strip_prefix("http://").unwrap();
    let uid = uri.strip_prefix("bop:").unwrap().replace(':', "/");
    let get =
        |method, name: &str, headers| http(address, method, &format!("/bop/{uid}{name}"), headers);

    let (head, body) = get("GET", "/1.jpg", "");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: image/jpeg"), "{head}");
    assert!(head.contains("accept-ranges: bytes"), "{head}");
    assert!(body == picture());
    let tag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap();

    let (head, body) = get("GET", "/1.jpg", "range: bytes=1000000-1999999\r\n");
    assert!(head.starts_with("http/1.1 206"), "{head}");
    let range = format!("content-range: bytes 1000000-1999999/{}", picture().len());
    assert!(head.contains(&range), "{head}");
    assert!(body == picture()[1_000_000..2_000_000]);
    let (head, _) = get("GET", "/1.jpg", "range: bytes=9999999-\r\n");
    assert!(head.starts_with("http/1.1 416"), "{head}");

    let (head, body) = get("HEAD", "/1.jpg", "");
    assert!(
        head.contains(&format!("content-length: {}", picture().len())),
        "{head}"
    );
    assert!(body.is_empty());
    let known = [tag.to_owned(), format!("\"other\", W/{tag}")];
    let known = known.map(|it| format!("if-none-match: {it}\r\n"));
    for known in &known {
        let (head, _) = get("GET", "/1.jpg", known);
        assert!(head.starts_with("http/1.1 304"), "{head}");
    }

    let (head, _) = get("GET", "/more", "");
    assert!(head.starts_with("http/1.1 307"), "{head}");
    assert!(head.contains("location: ./more/"), "{head}");
    let (_, body) = get("GET", "/more/", "");
    assert!(
        text(&body).contains("href=\"./a%20b.txt\""),
        "{}",
        text(&body)
    );
    let (head, body) = get("GET", "/more/a%20b.txt", "");
    assert!(
        head.contains("content-type: text/plain; charset=utf-8"),
        "{head}"
    );
    assert_eq!(body, b"hello");
    let (head, _) = get("GET", "/none", "");
    assert!(head.starts_with("http/1.1 404"), "{head}");
    let (head, _) = http(address, "GET", "/", "");
    assert!(head.starts_with("http/1.1 400"), "{head}");
    let (head, _) = get("POST", "/1.jpg", "");
    assert!(head.starts_with("http/1.1 405"), "{head}");

    fs::remove_file(path("album/2.jpg")).unwrap();
    let (head, body) = get("GET", "/2.jpg", "");
    assert!(head.starts_with("http/1.1 504"), "{head}");
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(!body.is_empty());
}

/// Bytes of the contents in a folder for them, each of which has a folder of its own.
fn size_of_contents(folder: &Path) -> u64 {
    let list = |folder: &Path| {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|it| it.unwrap()).collect::<Vec<_>>()
    };
    let contents = list(folder).into_iter().map(|content| content.path());
    let files = contents.filter(|it| it.is_dir()).flat_map(|it| list(&it));
    files.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn a_gateway_keeps_no_more_than_it_has_room_for() {
    let (server, folder) = (Server::start(), Folder::new("room"));
    let path = |name: &str| folder.path(name);
    let mut other = picture();
    other.reverse();
    fs::write(path("album/2.jpg"), &other).unwrap();
    fs::write(path("album/both"), [picture(), other.clone()].concat()).unwrap();
    let publisher = publish(&server, &path("publisher"), &[&path("album")]);
    // For one picture and some lists, not for two.
    let room = picture().len() + 100_000;
    let (kept, room_text) = (path("kept"), room.to_string());
    let mut arguments = vec!["gateway", "--json", "--listen", "127.0.0.1:0"];
    arguments.extend(["--room", &room_text, "--content", &kept]);
    let gateway = Running::start(command(&server, &path("gateway"), &arguments));
    let published = expect(&publisher, "published");
    let uid = published["uri"].as_str().unwrap().strip_prefix("bop:");
    let uid = uid.unwrap().replace(':', "/");
    let url = expect(&gateway, "listening")["url"].take();
    let address = url.as_str().unwrap().strip_prefix("http://").unwrap();
    let get = |name: &str| http(address, "GET", &format!("/bop/{uid}/{name}"), "");
    for (name, bytes) in [("1.jpg", picture()), ("2.jpg", other), ("1.jpg", picture())] {
        let (head, body) = get(name);
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(body == bytes, "{name}");
        let size = size_of_contents(Path::new(&kept));
        assert!(size < room as u64, "{size}");
    }
    for _ in 0..2 {
        let (head, body) = get("both");
        assert!(head.starts_with("http/1.1 507"), "{head}");
        assert!(text(&body).contains("--room"), "{}", text(&body));
    }
}

/// The names of what is in a folder.
fn ls(server: &Server, data: &str, uri: &str) -> Vec<String> {
    let listed = lines(&run(server, data, &["ls", "--json", uri]));
    let name = |line: &Value| line["name"].as_str().unwrap().to_owned();
    listed.iter().map(name).collect()
}

#[test]
fn what_is_left_is_found_after_something_was_taken_out_by_a_publisher_who_has_gone() {
    let (server, folder) = (Server::start(), Folder::new("unpublish"));
    let path = |name: &str| folder.path(name);
    let _keeper = publish(&server, &path("keeper"), &[&path("album/1.jpg")]);
    let (text_file, picture) = (path("album/more/a b.txt"), path("album/1.jpg"));
    let data = path("publisher");
    let arguments = [&text_file, &picture, "--replicate", "1"];
    let mut publisher = publish(&server, &data, &arguments);
    let uri = expect(&publisher, "published")["uri"].take();
    let uri = uri.as_str().unwrap();
    expect(&publisher, "published");
    expect(&publisher, "copied");
    publisher.signal("INT");
    assert!(publisher.wait().success());

    let told = lines(&run(&server, &data, &["unpublish", "--json", "1.jpg"]));
    let events: Vec<&Value> = told.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["unpublished", "copied"]);
    let (root, _) = uri.rsplit_once('/').unwrap();
    assert_eq!(ls(&server, &path("reader"), root), ["a b.txt"]);
    let output = path("fetched");
    let got = run(&server, &path("reader"), &["get", uri, "--output", &output]);
    assert!(got.status.success(), "{}", text(&got.stderr));
    assert_eq!(fs::read(output).unwrap(), b"hello");
}

#[test]
fn a_list_that_nobody_else_holds_stays_with_its_publisher_who_is_told() {
    let (server, folder) = (Server::start(), Folder::new("list"));
    let path = |name: &str| folder.path(name);
    // It holds nothing for others but records.
    let _other = Running::start(boplish(&["peer", "--json", "--bootstrap", &server.address]));
    let (data, file) = (path("publisher"), path("album/more/a b.txt"));
    for name in ["first", "second"] {
        let arguments = ["publish", &file, "--as", name, "--leave"];
        let published = run(&server, &data, &arguments);
        assert!(published.status.success(), "{}", text(&published.stderr));
    }
    let taken_out = run(&server, &data, &["unpublish", "second"]);
    let why = text(&taken_out.stderr);
    assert_eq!(taken_out.status.code(), Some(3), "{why}");
    assert!(why.contains("no other peer holds the new list"), "{why}");
    let publisher = publish(&server, &data, &[&file, "--as", "third"]);
    let uri = expect(&publisher, "published")["uri"].take();
    let (root, _) = uri.as_str().unwrap().rsplit_once('/').unwrap();
    assert_eq!(ls(&server, &path("reader"), root), ["first", "third"]);
}

#[test]
fn what_a_publisher_stores_for_others_outlasts_its_restart() {
    let (server, folder) = (Server::start(), Folder::new("restart"));
    let path = |name: &str| folder.path(name);
    let (data, file) = (path("keeper"), path("album/more/a b.txt"));
    let mut keeper = publish(&server, &data, &[&file]);
    let arguments = [&path("album"), "--replicate", "1"];
    let mut publisher = publish(&server, &path("publisher"), &arguments);
    let uri = expect(&publisher, "published")["uri"].take();
    let uri = uri.as_str().unwrap();
    expect(&publisher, "copied");
    expect(&keeper, "published");
    for running in [&mut publisher, &mut keeper] {
        running.signal("INT");
        assert!(running.wait().success());
    }

    // Nobody is in the network now.
    let keeper = publish(&server, &data, &[&file]);
    let other = publish(&server, &path("other"), &[&file]);
    // They are linked, so that whoever meets one of them hears of both.
    expect(&keeper, "published");
    expect(&other, "published");
    assert_eq!(ls(&server, &path("reader"), uri), ["1.jpg", "more"]);
    let output = path("fetched");
    let arguments = ["get", uri, "--output", &output];
    let fetched = run(&server, &path("reader"), &arguments);
    assert!(fetched.status.success(), "{}", text(&fetched.stderr));
    assert!(fs::read(path("fetched/1.jpg")).unwrap() == picture());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_file_of_a_folder_is_found_by_itself() {
    let (server, folder) = (Server::start(), Folder::new("each"));
    let path = |name: &str| folder.path(name);
    let engine = Engine::new(&EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        ..EngineConfig::default()
    });
    let config = PeerConfig {
        bootstrap: Some(server.address.parse().unwrap()),
        content_folder: Some(path("reader").into()),
        ..PeerConfig::default()
    };
    let reader = Peer::spawn(&engine.unwrap(), config).unwrap();
    let publisher = publish(&server, &path("publisher"), &[&path("album")]);
    expect(&publisher, "published");
    let id = ContentId::of(b"hello");
    reader.fetch_content(id, None, &[]).await.unwrap();
}

#[test]
fn what_was_published_before_is_forgotten_only_on_demand() {
    let (server, folder) = (Server::start(), Folder::new("anew"));
    let path = |name: &str| folder.path(name);
    let data = path("publisher");
    // It holds nothing for others but records.
    let _other = Running::start(boplish(&["peer", "--json", "--bootstrap", &server.address]));
    let text_file = path("album/more/a b.txt");
    let mut first = publish(&server, &data, &[&text_file, "--as", "first"]);
    expect(&first, "published");
    first.signal("INT");
    assert!(first.wait().success());
    // Its list is on this disk alone.
    fs::remove_dir_all(path("publisher/boplish/content")).unwrap();

    let arguments = ["publish", &text_file, "--as", "second", "--leave"];
    let lost = run(&server, &data, &arguments);
    assert_eq!(lost.status.code(), Some(3));
    assert!(
        text(&lost.stderr).contains("--anew begins a new one"),
        "{}",
        text(&lost.stderr)
    );
    let anew = publish(&server, &data, &[&text_file, "--as", "second", "--anew"]);
    let uri = expect(&anew, "published")["uri"].take();
    let root = uri.as_str().unwrap().strip_suffix("/second").unwrap();
    let listed = lines(&run(&server, &path("reader"), &["ls", "--json", root]));
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["name"], "second");
}

#[test]
fn what_can_not_be_published_is_named() {
    let (server, folder) = (Server::start(), Folder::new("wrong"));
    let data = folder.path("data");
    let _other = publish(&server, &folder.path("other"), &[&folder.path("album")]);
    let missing = run(&server, &data, &["publish", &folder.path("none")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        text(&missing.stderr).contains("none: "),
        "{}",
        text(&missing.stderr)
    );
    let uri = "bop:48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b:content/a";
    let nothing = run(&server, &data, &["resolve", uri]);
    assert_eq!(nothing.status.code(), Some(3));
    assert!(text(&nothing.stderr).contains("has published nothing"));
    let chat = run(
        &server,
        &data,
        &[
            "resolve",
            "bop:48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b:chat/a",
        ],
    );
    assert_eq!(chat.status.code(), Some(1));
    assert!(text(&chat.stderr).contains("names no content"));
}
