//! A server that lets in only those who have a token.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::common::{PATIENCE, Running, boplish, run, text};

/// An empty folder of its own for each test.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn a_new_key_overwrites_none() {
    let key = folder("token-key").join("server.key");
    let make = ["token", "--new-key", "--key", key.to_str().unwrap()];
    let made = run(&make);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let private = fs::read_to_string(&key).unwrap();
    assert!(private.starts_with("-----BEGIN PRIVATE KEY-----"));
    let public = fs::read_to_string(key.with_extension("key.pub")).unwrap();
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = run(&make);
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&key).unwrap(), private);
}

#[test]
fn a_token_is_for_a_network_that_there_can_be() {
    let sign = run(&["token", "--key", "any.key", "--network", "My Game"]);
    assert_eq!(sign.status.code(), Some(2));
    let error = text(&sign.stderr);
    assert!(error.contains("lower-case letters"), "{error}");
}

#[test]
fn whoever_has_a_token_joins_and_no_log_shows_it() {
    let folder = folder("token-join");
    let key = folder.join("server.key");
    let key = key.to_str().unwrap();
    assert!(run(&["token", "--new-key", "--key", key]).status.success());
    let sign = [
        "token",
        "--key",
        key,
        "--network",
        "default",
        "--lifetime",
        "600",
    ];
    let token = text(&run(&sign).stdout).trim().to_owned();
    assert_eq!(token.split('.').count(), 3, "{token}");

    let public = format!("{key}.pub");
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--token-key",
        &public,
        "--log",
        "trace",
    ];
    let mut command = boplish(&serve);
    command.stderr(Stdio::from(
        fs::File::create(folder.join("serve.log")).unwrap(),
    ));
    let mut server = Running::start(command);
    let line = server.line();
    let address = line.strip_prefix("listening on http://").unwrap();

    let mut command = boplish(&["peer", "--json", "--bootstrap", address, "--log", "trace"]);
    command.env("BOPLISH_TOKEN", &token).stdin(Stdio::piped());
    command.stderr(Stdio::from(
        fs::File::create(folder.join("peer.log")).unwrap(),
    ));
    let mut peer = Running::start(command);
    let until = std::time::Instant::now() + PATIENCE;
    while !peer.line().contains(r#""event":"joined""#) {
        assert!(std::time::Instant::now() < until, "it does not join");
    }

    let refused = run(&[
        "peer",
        "--bootstrap",
        address,
        "--timeout",
        "2",
        "--log",
        "debug",
        "peers",
    ]);
    assert_eq!(refused.status.code(), Some(3));
    let log = text(&refused.stderr);
    assert!(log.contains("this server needs a token"), "{log}");

    peer.signal("TERM");
    peer.wait();
    server.signal("TERM");
    assert!(server.wait().success());
    for name in ["serve.log", "peer.log"] {
        let log = fs::read_to_string(folder.join(name)).unwrap();
        assert!(!log.is_empty(), "{name}");
        assert!(!log.contains(&token), "{name} has the token");
    }
}

#[test]
fn a_key_that_is_none_is_a_usage_error() {
    let folder = folder("token-none");
    let path = folder.join("short");
    fs::write(&path, "short").unwrap();
    let path = path.to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--token-key", path];
    for arguments in [&serve[..], &["token", "--key", path], &["token"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
