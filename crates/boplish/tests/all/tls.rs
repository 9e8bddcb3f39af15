//! `boplish serve` over TLS: native peers come by wss, and certificates by ACME.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![cfg(unix)]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Peer, Running, boplish, run, text, wait_for};
use rcgen::{CertificateParams, KeyPair};

/// A folder for one test, emptied at its beginning.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Writes a self-signed certificate for localhost, and gives the flags that name it.
fn certificate(folder: &Path) -> [String; 4] {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key);
    let files = [folder.join("cert.pem"), folder.join("key.pem")];
    fs::write(&files[0], certificate.unwrap().pem()).unwrap();
    fs::write(&files[1], key.serialize_pem()).unwrap();
    let [certificate, key] = files.map(|file| file.to_str().unwrap().to_owned());
    [
        "--tls-cert".to_owned(),
        certificate,
        "--tls-key".to_owned(),
        key,
    ]
}

/// Two peers that trust nothing but what is in the file link with each other over the server.
fn assert_links_peers(port: &str, trusted: &Path) {
    let bootstrap = format!("wss://localhost:{port}");
    let mut peers = [(); 2].map(|()| {
        let mut command = boplish(&["peer", "--json", "--bootstrap", &bootstrap]);
        command.env("SSL_CERT_FILE", trusted);
        command.env_remove("SSL_CERT_DIR");
        Peer::start_command(command)
    });
    peers[0].wait_for_peers(1);
    peers[1].wait_for_peers(1);
}

fn port(line: &str) -> String {
    let (beginning, port) = line.rsplit_once(':').unwrap();
    assert_eq!(beginning, "listening on https://127.0.0.1");
    port.to_owned()
}

#[test]
fn native_peers_come_by_wss() {
    let folder = folder("wss");
    let flags = certificate(&folder);
    let mut command = boplish(&["serve", "--listen", "127.0.0.1:0"]);
    command
        .args(["--http-redirect", "127.0.0.1:0"])
        .args(&flags);
    let server = Running::start(command);
    let port = port(&server.line());
    let redirect = server.line();
    assert!(
        redirect.starts_with("redirecting from http://127.0.0.1:"),
        "{redirect}"
    );
    assert_links_peers(&port, &folder.join("cert.pem"));
}

#[test]
fn a_check_says_what_would_be_served_and_serves_nothing() {
    let folder = folder("check");
    let flags = certificate(&folder);
    let config = folder.join("boplish.toml");
    let site = folder.to_str().unwrap();
    fs::write(
        &config,
        format!("[serve]\nlisten = [\"127.0.0.1:0\"]\nsite = {site:?}\n"),
    )
    .unwrap();
    let mut command = boplish(&["serve", "--check", "--config", config.to_str().unwrap()]);
    let output = command.args(&flags).output().unwrap();
    let (said, wrong) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{wrong}");
    for line in [
        "listens on https://127.0.0.1:",
        "cert.pem, valid until",
        site,
        "chord",
    ] {
        assert!(said.contains(line), "{line} is missing in {said}");
    }
    let cache = folder.join("acme");
    let output = run(&[
        "serve",
        "--check",
        "--listen",
        "127.0.0.1:0",
        "--acme-domain",
        "a.example",
        "--acme-cache",
        cache.to_str().unwrap(),
    ]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("for a.example, from https://acme-v02"),
        "{said}"
    );
    assert!(!cache.exists(), "the folder belongs to whoever serves");
}

#[test]
fn a_check_names_everything_that_is_wrong() {
    let folder = folder("check-wrong");
    let [cert_flag, cert, key_flag, _] = certificate(&folder);
    let other = folder.join("other.pem");
    fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&[
        "serve",
        "--check",
        "--listen",
        &address,
        "--site",
        "/nowhere/at/all",
        &cert_flag,
        &cert,
        &key_flag,
        other.to_str().unwrap(),
    ]);
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty());
    for culprit in [&*address, "/nowhere/at/all", "other.pem", &cert] {
        assert!(
            message.contains(culprit),
            "{culprit} is missing in {message}"
        );
    }
}

/// A port that nobody listens on for the moment.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Let's Encrypt's test server, which looks for proofs at the port, and trusts nobody's DNS.
fn pebble(folder: &Path, tls_port: u16) -> (Running, u16) {
    certificate(folder);
    let [directory, management] = [free_port(), free_port()];
    let config = serde_json::json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{directory}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": folder.join("cert.pem"),
        "privateKey": folder.join("key.pem"),
        "httpPort": 1,
        "tlsPort": tls_port,
    }});
    let path = folder.join("pebble.json");
    fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new("pebble");
    command.arg("-config").arg(path);
    command.env("PEBBLE_VA_NOSLEEP", "1");
    command.stderr(Stdio::null());
    let pebble = Running::start(command);
    while !pebble.line().contains("Listening on") {}
    (pebble, directory)
}

#[test]
fn a_certificate_is_got_by_acme_and_kept_over_a_restart() {
    let folder = folder("acme");
    let port = free_port();
    let (mut pebble, directory) = pebble(&folder, port);
    let cache = folder.join("cache");
    let serve = || {
        let address = format!("127.0.0.1:{port}");
        let directory = format!("https://localhost:{directory}/dir");
        let mut command = boplish(&["serve", "--listen", &address, "--acme-domain", "localhost"]);
        command.args([
            "--acme-contact",
            "admin@example.org",
            "--acme-directory",
            &directory,
        ]);
        command.arg("--acme-cache").arg(&cache);
        command.env("SSL_CERT_FILE", folder.join("cert.pem"));
        command.env_remove("SSL_CERT_DIR");
        command.stderr(Stdio::piped());
        let mut server = Running::start(command);
        let log = server.log();
        (server, log)
    };
    let (mut server, log) = serve();
    wait_for(&log, "new certificate");
    let kept: Vec<PathBuf> = fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let certificate = kept
        .iter()
        .find(|path| path.extension().is_some_and(|end| end == "pem"));
    let certificate = certificate.unwrap();
    // Its intermediate is an anchor as good as the root, which is new at each start of pebble.
    assert_links_peers(&port.to_string(), certificate);
    for path in &kept {
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{} is for nobody else", path.display());
    }
    server.signal("TERM");
    server.wait();
    pebble.kill();
    let (_server, log) = serve();
    wait_for(&log, "certificate found in the cache");
    assert_links_peers(&port.to_string(), certificate);
}
