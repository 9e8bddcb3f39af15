//! Starting and stopping.

mod common;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use boplish_server::{CloseReason, Config, Server, ServerError, Site};
use boplish_wire::bootstrap::FromServer;
use common::{Client, get, server, soon};
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
