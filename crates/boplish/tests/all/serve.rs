//! How `boplish serve` ends, what systemd is told, and what it does without file descriptors.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::common::{PATIENCE, Running, boplish, wait_for};
use tokio_tungstenite::tungstenite::{Message, connect};

#[test]
fn a_second_signal_ends_a_drain_at_once() {
    let site = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("second-signal");
    fs::create_dir_all(&site).unwrap();
    // Far more than what sockets buffer.
    let large = File::create(site.join("large.bin")).unwrap();
    large.set_len(64 * 1024 * 1024).unwrap();
    let mut command = boplish(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .args(["--shutdown-timeout", "3600", "--site"])
        .arg(&site);
    command.stderr(Stdio::piped());
    let mut server = Running::start(command);
    let line = server.line();
    let log = server.log();
    // A response that stays under way, as nobody reads on.
    let mut stream =
        TcpStream::connect(line.strip_prefix("listening on http://").unwrap()).unwrap();
    stream
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    stream.read_exact(&mut [0; 1_000]).unwrap();
    server.signal("TERM");
    wait_for(&log, "shutting down");
    let asked_again = Instant::now();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(130));
    assert!(
        asked_again.elapsed().as_secs() < 10,
        "{:?}",
        asked_again.elapsed()
    );
}

/// The answer to a question for the health of the server that said this line.
fn health(line: &str) -> String {
    let address = line.strip_prefix("listening on http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn systemd_is_told_that_it_is_ready_alive_and_stopping() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("notify");
    let _ = fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut bytes = [0; 100];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    let mut command = boplish(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "20000");
    let mut server = Running::start(command);
    assert_eq!(told(), "READY=1");
    assert_eq!(
        (told(), told()),
        ("WATCHDOG=1".to_owned(), "WATCHDOG=1".to_owned())
    );
    server.signal("TERM");
    let last = std::iter::from_fn(|| Some(told())).find(|said| said != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn without_file_descriptors_the_connected_go_on_and_others_wait() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$@\"", "sh"]);
    command.arg(env!("CARGO_BIN_EXE_boplish"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--open-ids"]);
    command.stderr(Stdio::piped());
    let mut server = Running::start(command);
    let line = server.line();
    let log = server.log();
    let address = line.strip_prefix("listening on http://").unwrap();
    let open = |id: &str| connect(format!("ws://{address}/ws/{id}")).unwrap().0;
    let (mut alice, mut bob) = (open("alice"), open("bob"));
    let crowd: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    wait_for(&log, "cannot accept connections for the moment");
    let hello = r#"{"type":"chat","from":"alice","to":"bob","payload":"hello"}"#;
    alice.send(Message::text(hello)).unwrap();
    assert_eq!(bob.read().unwrap(), Message::text(hello));
    drop(crowd);
    assert!(health(&line).starts_with("HTTP/1.1 200"));
}
