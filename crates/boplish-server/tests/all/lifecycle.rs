//! Starting and stopping.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks some errors")]

use std::fs::{self, File};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::common::{Client, get, server, soon};
use boplish_server::admission::TrustedProxies;
use boplish_server::{CloseReason, Config, MAX_NETWORKS, Server, ServerError, Site};
use boplish_wire::bootstrap::FromServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_shutdown_tells_the_clients_and_ends() {
    let server = server(|config| config.open_ids = true).await;
    let address = server.local_addr();
    let mut proven = Client::proven(&server, 1).await;
    let mut open = Client::open(&server, "alice").await;
    let (mut challenged, _) = Client::challenged(&server, 2).await;
    let clients = async {
        for client in [&mut proven, &mut open, &mut challenged] {
            let heard = FromServer::parse(&client.hear().await);
            assert!(
                matches!(heard, Ok(FromServer::Shutdown { .. })),
                "{heard:?}"
            );
            assert_eq!(client.hear_close().await, CloseReason::Shutdown.code());
            assert!(client.next().await.is_none());
        }
    };
    soon("the shutdown", async {
        tokio::join!(server.shutdown(), clients)
    })
    .await;
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_proxy_that_says_nothing_does_not_delay_a_shutdown() {
    let server = server(|config| {
        config.admission.trusted_proxies = TrustedProxies(vec!["127.0.0.0/8".parse().expect("it")]);
        config.admission.proxy_protocol = true;
        config.limits.header_timeout = Duration::from_secs(3_600);
        config.limits.shutdown_timeout = Duration::from_secs(3_600);
    })
    .await;
    let mut silent = TcpStream::connect(server.local_addr())
        .await
        .expect("the server listens");
    // Connections are accepted in order: so that one is.
    let mut other = TcpStream::connect(server.local_addr())
        .await
        .expect("the server listens");
    other
        .write_all(b"no header at all")
        .await
        .expect("it is open");
    let _ = soon("the end", other.read_to_end(&mut Vec::new())).await;
    soon("the shutdown", server.shutdown()).await;
    let _ = soon("the end", silent.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn a_check_finds_all_that_keeps_a_server_from_serving() {
    let taken = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    let taken = (taken.local_addr().expect("it is bound"), taken);
    let mut config = Config::on_loopback();
    config.admission.token_key = Some(PathBuf::from("absent.pub"));
    config.admission.ban_file = Some(PathBuf::from("absent.bans"));
    config.turn.turn = vec![taken.0];
    config.turn.stun = vec![(Ipv4Addr::UNSPECIFIED, 0).into()];
    config.turn.urls = vec!["turn:turn.example.org".to_owned()];
    let names = (0..=MAX_NETWORKS).map(|n| format!("n{n}").parse().expect("a name"));
    config.networks = names.collect();
    let errors = Server::check(&config).expect_err("nothing of it works");
    let kinds = errors.iter().map(|error| match error {
        ServerError::NoTurnSecret => "secret",
        ServerError::Turn { .. } => "taken",
        ServerError::NoPublicAddress { .. } => "public",
        ServerError::TokenKey(_) => "token",
        ServerError::Bans(_) => "bans",
        ServerError::TooManyNetworks { .. } => "networks",
        other => panic!("another error: {other}"),
    });
    let kinds = kinds.collect::<Vec<_>>();
    assert_eq!(
        kinds,
        ["secret", "taken", "public", "token", "bans", "networks"]
    );

    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let port = port.and_then(|free| free.local_addr());
    let mut config = Config::on_loopback();
    config.listen = vec![port.expect("a port is free")];
    Server::check(&config).expect("it can be served");
    // Both want TCP there.
    config.turn.turn = config.listen.clone();
    assert_eq!(Server::check(&config).expect_err("it can't").len(), 1);
}

#[tokio::test]
async fn a_client_that_does_not_answer_cannot_keep_the_server_alive() {
    let server = server(|config| {
        config.open_ids = true;
        config.limits.close_timeout = Duration::from_secs(3_600);
        config.limits.shutdown_timeout = Duration::from_millis(200);
    })
    .await;
    let client = Client::open(&server, "alice").await;
    while server.stats().await.connected < 1 {
        tokio::task::yield_now().await;
    }
    soon("the shutdown", server.shutdown()).await;
    drop(client);
}

#[tokio::test]
async fn a_response_under_way_is_finished_while_nobody_else_gets_in() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("drain");
    fs::create_dir_all(&folder).expect("the target folder is writable");
    // Far more than what sockets buffer.
    let length = 32 * 1024 * 1024;
    let file = File::create(folder.join("large.bin")).and_then(|file| file.set_len(length));
    file.expect("the target folder is writable");
    let server = server(|config| {
        config.site = Site::Dir(folder.clone());
        config.limits.shutdown_timeout = Duration::from_secs(3_600);
    })
    .await;
    let address = server.local_addr();
    let stream = TcpStream::connect(address).await;
    let mut stream = stream.expect("the server listens");
    let request = b"GET /large.bin HTTP/1.1\r\nHost: test\r\n\r\n";
    stream.write_all(request).await.expect("the server reads");
    let mut response = vec![0; 1_000];
    let begun = soon("the beginning", stream.read_exact(&mut response)).await;
    begun.expect("the server answers");
    let shutdown = tokio::spawn(server.shutdown());
    soon("the door to close", async {
        while TcpStream::connect(address).await.is_ok() {}
    })
    .await;
    assert!(!shutdown.is_finished());
    let rest = soon("the rest", stream.read_to_end(&mut response)).await;
    rest.expect("the response is whole, and then the connection closes");
    let head = response.windows(4).position(|window| window == b"\r\n\r\n");
    let body = response.len() - head.expect("a response has a head") - 4;
    assert_eq!(body as u64, length);
    soon("the end", shutdown).await.expect("no panic");
    fs::remove_dir_all(folder).expect("it is there");
}

#[tokio::test]
async fn half_a_request_cannot_keep_the_server_alive() {
    let server = server(|config| {
        config.limits.header_timeout = Duration::from_secs(3_600);
        config.limits.shutdown_timeout = Duration::from_millis(200);
    })
    .await;
    let stream = TcpStream::connect(server.local_addr()).await;
    let mut stream = stream.expect("the server listens");
    stream
        .write_all(b"GET / HT")
        .await
        .expect("the server reads");
    soon("the shutdown", server.shutdown()).await;
    let _ = soon("the end", stream.read_to_end(&mut Vec::new())).await;
}

#[tokio::test]
async fn a_server_runs_until_it_is_told_to_stop() {
    let server = server(|_| {}).await;
    let address = server.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run_until(async { stopped.await.unwrap_or_default() }));
    TcpStream::connect(address)
        .await
        .expect("the server listens");
    stop.send(()).expect("the server waits");
    soon("the end", running)
        .await
        .expect("the server does not panic");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_server_ends_at_once() {
    let server = server(|config| config.open_ids = true).await;
    let mut client = Client::open(&server, "alice").await;
    drop(server);
    while let Some(Ok(_)) = client.next().await {}
}

#[tokio::test]
async fn both_versions_of_ip_are_listened_on() {
    if !has_ipv6() {
        return;
    }
    let server = server(|config| {
        config.open_ids = true;
        config.listen = vec![
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv6Addr::LOCALHOST, 0).into(),
        ];
    })
    .await;
    let [v4, v6] = server.local_addrs() else {
        panic!("two addresses: {:?}", server.local_addrs());
    };
    let mut clients = Vec::new();
    for (address, id) in [(v4, "four"), (v6, "six")] {
        let path = format!("/ws/{id}");
        let socket = Client::try_connect(*address, &path, None, None).await;
        let socket = socket.expect("the server takes WebSockets");
        clients.push(Client {
            id: id.to_owned(),
            socket,
        });
    }
    let [four, six] = clients.as_mut_slice() else {
        panic!("two clients");
    };
    four.assert_reaches(six).await;
}

/// A machine without IPv6 can't show more than that its lack is only a warning, which the next
/// test does everywhere.
fn has_ipv6() -> bool {
    std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[tokio::test]
async fn a_missing_ipv6_address_is_only_a_warning_beside_another() {
    // 2001:db8::/32 is for documentation: no interface has it (RFC 3849).
    let absent = "[2001:db8::1]:0".parse().expect("an address");
    let server = server(|config| config.listen.push(absent)).await;
    assert_eq!(server.local_addrs().len(), 1);
    assert_eq!(get(&server, "/health").await.status, 200);

    let config = Config {
        listen: vec![absent],
        ..Config::on_loopback()
    };
    let error = Server::bind(config)
        .await
        .expect_err("nothing to listen on");
    assert!(error.to_string().contains("[2001:db8::1]:0"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let first = server(|_| {}).await;
    let listen = vec![first.local_addr()];
    let config = Config {
        listen,
        ..Config::default()
    };
    let error = Server::bind(config).await.expect_err("the port is in use");
    assert!(matches!(error, ServerError::AddressInUse { .. }));
    assert!(
        error.to_string().contains(&first.local_addr().to_string()),
        "{error}"
    );
    assert!(error.to_string().contains("--listen"), "{error}");
}

#[tokio::test]
async fn nothing_to_listen_on_and_a_missing_folder_are_errors() {
    let config = Config {
        listen: Vec::new(),
        ..Config::default()
    };
    let error = Server::bind(config).await.expect_err("no address");
    assert!(matches!(error, ServerError::NoAddress));

    let site = Site::Dir("/no/such/folder".into());
    let config = Config {
        site,
        ..Config::on_loopback()
    };
    let error = Server::bind(config).await.expect_err("no folder");
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}
