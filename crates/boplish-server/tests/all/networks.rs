//! Several networks in one server.

use std::time::Duration;

use crate::common::{Client, get, id, server, text};
use boplish_server::{CloseReason, Config, MAX_NETWORKS, Server, ServerError};
use boplish_wire::bootstrap::{ErrorCode, FromServer, SUBPROTOCOL};

fn with_games(config: &mut Config) {
    config.networks = vec![
        "game".parse().expect("a name"),
        "chat".parse().expect("a name"),
    ];
    config.limits.close_timeout = Duration::from_millis(200);
}

#[tokio::test]
async fn networks_know_nothing_of_each_other() {
    let server = server(with_games).await;
    let mut alice = Client::proven(&server, 1).await;
    let mut game_alice = Client::proven_at(&server, &format!("/ws/game/{}", id(1)), 1).await;
    // A peer whose bootstrap address has the network's name as its path comes so.
    let mut game_bob = Client::proven_at(&server, &format!("/game/ws/{}", id(2)), 2).await;
    game_alice.assert_reaches(&mut game_bob).await;
    alice.say(&text(&id(1), &id(2), "hello")).await;
    assert_eq!(alice.hear_error().await.code, ErrorCode::UnknownPeer);
    let offer = |from| {
        format!(
            r#"{{"type":"signaling-protocol","from":"{from}","to":"","payload":{{"type":"offer"}}}}"#
        )
    };
    alice.say(&offer(id(1))).await;
    let denied = FromServer::Denied { id: None };
    assert_eq!(FromServer::parse(&alice.hear().await), Ok(denied));
    game_alice.say(&offer(id(1))).await;
    assert_eq!(game_bob.hear().await, offer(id(1)));

    let health = get(&server, "/health").await;
    let health: serde_json::Value = serde_json::from_slice(&health.body).expect("JSON");
    assert_eq!(health["connected"], 3);
    assert_eq!(health["engine"], "in-process");
    assert_eq!(health["engineState"], "up");
    for (network, connected) in [("default", 1), ("game", 2), ("chat", 0)] {
        assert_eq!(
            health["networks"][network]["connected"], connected,
            "{network}"
        );
    }
    // The default network has a name, too.
    let mut carol = Client::proven_at(&server, &format!("/ws/default/{}", id(3)), 3).await;
    carol.assert_reaches(&mut alice).await;
}

#[tokio::test]
async fn a_network_that_is_not_configured_is_not_found() {
    let server = server(with_games).await;
    for path in ["/ws/other/alice", "/other/ws/alice", "/ws/Game/alice"] {
        let response = get(&server, path).await;
        assert_eq!(response.status, 404, "{path}");
        assert!(response.text().contains("--network"), "{}", response.text());
    }
}

#[tokio::test]
async fn the_limits_of_a_server_hold_over_all_its_networks() {
    let server = server(|config| {
        with_games(config);
        config.limits.directory.connections_per_address = 2;
    })
    .await;
    let path = |network| format!("/ws/{network}/{}", id(3));
    let first = Client::proven(&server, 1).await;
    let _second = Client::proven_at(&server, &format!("/ws/game/{}", id(2)), 2).await;
    let mut third = connect(&server, &path("chat")).await;
    assert_eq!(third.hear_close().await, CloseReason::AddressFull.code());
    // The network that it came to counts it.
    assert_eq!(server.stats().await.refused, 1);
    let health = get(&server, "/health").await;
    let health: serde_json::Value = serde_json::from_slice(&health.body).expect("JSON");
    assert_eq!(health["networks"]["chat"]["refused"], 1);
    // There is room again when one has left.
    drop(first);
    loop {
        let mut third = connect(&server, &path("chat")).await;
        match third.next().await {
            Some(Ok(message)) if message.is_text() => break,
            Some(Ok(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
            other => panic!("neither room nor a close: {other:?}"),
        }
    }
}

async fn connect(server: &Server, path: &str) -> Client {
    let socket = Client::try_connect(server.local_addr(), path, Some(SUBPROTOCOL), None).await;
    Client {
        id: id(3),
        socket: socket.expect("the server takes WebSockets"),
    }
}

#[tokio::test]
async fn too_many_networks_are_refused() {
    let names = (0..=MAX_NETWORKS).map(|n| format!("n{n}").parse().expect("a name"));
    let config = Config {
        networks: names.collect(),
        ..Config::on_loopback()
    };
    let error = Server::bind(config).await.expect_err("too many");
    assert!(
        matches!(error, ServerError::TooManyNetworks { count: 65 }),
        "{error}"
    );
}
