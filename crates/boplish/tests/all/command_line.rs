//! What the program says and how it ends.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{Running, Server, boplish, run, text};

/// A file in a folder that Cargo makes for tests.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn help_names_every_command_and_its_options() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let help = text(&help.stdout);
    for word in [
        "serve",
        "peer",
        "demo",
        "--config",
        "Exit codes",
        "BOPLISH_LOG",
    ] {
        assert!(help.contains(word), "{word} is missing in {help}");
    }
    let serve = text(&run(&["serve", "--help"]).stdout);
    for word in [
        "--listen",
        "--site",
        "--open-ids",
        "--max-connections",
        "--admin-token-file",
        "BOPLISH_ICE_SERVER",
        "BOPLISH_TURN_SECRET",
    ] {
        assert!(serve.contains(word), "{word} is missing in {serve}");
    }
    let peer = text(&run(&["peer", "--help"]).stdout);
    for word in [
        "ping",
        "listen",
        "--json",
        "--identity",
        "\"cmd\"",
        "round_trip_ms",
    ] {
        assert!(peer.contains(word), "{word} is missing in {peer}");
    }
    let demo = text(&run(&["demo", "--help"]).stdout);
    for word in ["--peers", "--quiet-peers", "--listen"] {
        assert!(demo.contains(word), "{word} is missing in {demo}");
    }
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    for arguments in [
        &[][..],
        &["fly"],
        &["serve", "--listen", "5000"],
        &[
            "serve",
            "--site",
            "/nowhere/at/all",
            "--listen",
            "127.0.0.1:0",
        ],
        &["serve", "--ice-server", "http://a"],
        &["serve", "--listen", "127.0.0.1:0", "--turn", "0.0.0.0:0"],
        &["serve", "--listen", "127.0.0.1:0", "--turn-url", "turn:a"],
        &["serve", "--log", "a=b=c"],
        &["peer", "ping", "abc"],
        &["peer", "--bootstrap", "ftp://a"],
        &["peer", "ping", "all", "--count", "0"],
        &["demo", "--peers", "65"],
        &["serve", "--config", "/nowhere.toml"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} says nothing");
    }
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
    let path = file(
        "unknown.toml",
        "[serve]\nlisten = [\"127.0.0.1:0\"]\nlissten = 1\n",
    );
    let output = run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("lissten") && message.contains("unknown.toml"),
        "{message}"
    );
}

#[test]
fn a_flag_overrules_the_environment_and_that_the_file() {
    let any = "127.0.0.1:0";
    let path = file(
        "precedence.toml",
        &format!("[serve]\nlisten = [\"{any}\", \"{any}\", \"{any}\"]\n"),
    );
    let listens = |environment: bool, flag: bool| {
        let mut command = boplish(&["serve", "--config", path.to_str().unwrap()]);
        if environment {
            command.env("BOPLISH_LISTEN", format!("{any},{any}"));
        }
        if flag {
            command.args(["--listen", any]);
        }
        let mut server = Running::start(command);
        let first = server.line();
        server.signal("TERM");
        assert!(server.wait().success());
        let lines = server.take_lines(0);
        assert!(
            first.starts_with("listening on http://127.0.0.1:"),
            "{first}"
        );
        lines.len() + 1
    };
    assert_eq!(listens(false, false), 3);
    assert_eq!(listens(true, false), 2);
    assert_eq!(listens(true, true), 1);
}

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for command in ["serve", "demo"] {
        let output = run(&[command, "--listen", &address]);
        assert_eq!(output.status.code(), Some(1));
        let message = text(&output.stderr);
        assert!(
            message.contains(&address) && message.contains("--listen"),
            "{message}"
        );
    }
}

#[test]
fn a_signal_ends_the_server_cleanly() {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start();
        server.running.signal(signal);
        assert_eq!(server.running.wait().code(), Some(0));
    }
}

#[test]
fn logs_are_json_on_stderr_if_asked() {
    let mut command = boplish(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.stderr(Stdio::piped());
    let mut server = Running::start(command);
    server.line();
    server.signal("TERM");
    server.wait();
    let logs = server.stderr();
    assert!(!logs.is_empty());
    for line in logs.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["message"].is_string(), "{line}");
    }
}

#[test]
fn a_peer_without_a_server_is_exit_code_3_in_time() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let started = Instant::now();
    let output = run(&[
        "peer",
        "ping",
        "all",
        "--timeout",
        "1",
        "--bootstrap",
        &nobody.to_string(),
    ]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains(&nobody.to_string()));
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[test]
fn an_interrupted_action_is_exit_code_130() {
    let server = Server::start();
    let arguments = ["peer", "listen", "--json", "--bootstrap", &server.address];
    let mut listener = Running::start(boplish(&arguments));
    listener.line();
    listener.signal("INT");
    assert_eq!(listener.wait().code(), Some(130));
}

#[test]
fn a_peer_that_stays_prints_its_id_first_and_ends_cleanly() {
    let server = Server::start();
    let mut peer = Running::start(boplish(&["peer", "--bootstrap", &server.address]));
    assert_eq!(peer.line().len(), 40);
    peer.signal("TERM");
    assert_eq!(peer.wait().code(), Some(0));
}

#[test]
fn an_identity_file_is_written_once_and_read_again() {
    let path = file("identity", "");
    fs::remove_file(&path).unwrap();
    let id = || run(&["peer", "id", "--identity", path.to_str().unwrap()]);
    let first = text(&id().stdout);
    assert_eq!(first.trim().len(), 40);
    assert_eq!(text(&id().stdout), first);
}

#[test]
fn a_demo_is_ready_with_all_its_peers_and_ends_cleanly() {
    let mut demo = Running::start(boplish(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--peers",
        "4",
    ]));
    let line = demo.line();
    let (_, url) = line.rsplit_once(' ').unwrap();
    assert!(line.starts_with("4 native peers"), "{line}");
    let server = url.strip_prefix("http://").unwrap();
    let peers = run(&["peer", "peers", "--min-peers", "4", "--bootstrap", server]);
    assert_eq!(text(&peers.stdout).lines().count(), 4);
    demo.signal("INT");
    assert_eq!(demo.wait().code(), Some(0));
}
