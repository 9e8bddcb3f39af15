//! Servers that act as one, with a real engine between them.

use std::time::Duration;

use crate::common::engine::{Engine, Kind, united, until};
use crate::common::{Client, get, id, keypair, soon, text};
use boplish_server::{CloseReason, Server};
use boplish_wire::bootstrap::{ErrorCode, joined};

/// Each fact for both engines.
macro_rules! for_both_engines {
    ($($fact:ident)*) => {
        mod redis {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact(super::Engine::start(super::Kind::Redis).await).await;
            })*
        }
        mod nats {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $fact() {
                super::$fact(super::Engine::start(super::Kind::Nats).await).await;
            })*
        }
    };
}

for_both_engines! {
    messages_find_their_peers_on_three_servers
    anyone_is_on_any_server_with_the_same_probability
    a_second_connection_on_another_server_replaces_the_first
    networks_of_a_cluster_are_isolated
    a_killed_engine_is_missed_only_between_servers_until_it_is_back
    a_stopped_engine_is_missed_only_between_servers_until_it_goes_on
}

async fn engine_state(server: &Server) -> String {
    let health = get(server, "/health").await;
    let health: serde_json::Value = serde_json::from_slice(&health.body).expect("JSON");
    health["engineState"].as_str().expect("a word").to_owned()
}

async fn messages_find_their_peers_on_three_servers(engine: Engine) {
    let servers = engine.servers(3).await;
    let mut clients = Vec::new();
    for (number, server) in (0..6).zip(servers.iter().cycle()) {
        let mut client = Client::proven(server, number).await;
        if let Some(other) = clients.last_mut() {
            client.find(other).await;
            other.find(&mut client).await;
        }
        clients.push(client);
    }
    for from in 0..6 {
        for to in (0..6).filter(|to| *to != from) {
            let words = text(&clients[from].id, &clients[to].id, "hello");
            clients[from].say(&words).await;
            assert_eq!(clients[to].hear().await, words);
        }
    }
    let (from, nobody) = (clients[0].id.clone(), id(99));
    clients[0].say(&text(&from, &nobody, "hello")).await;
    let error = clients[0].hear_error().await;
    assert_eq!(
        (error.code, error.peer),
        (ErrorCode::UnknownPeer, Some(nobody))
    );
    assert_eq!(engine_state(&servers[0]).await, "up");
}

async fn anyone_is_on_any_server_with_the_same_probability(engine: Engine) {
    const MESSAGES: usize = 1_200;
    let servers = engine.servers(3).await;
    let mut clients = Vec::new();
    // Of twelve, one, three and eight on each.
    for (number, server) in (0..).zip([0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]) {
        let mut client = Client::proven(&servers[server], number).await;
        client.say(&joined(keypair(number).id())).await;
        clients.push(client);
    }
    let mut newcomer = Client::proven(&servers[1], 100).await;
    let before = received(&servers).await;
    // Counts of others are heard within a tenth of a second, and may take a while to settle.
    until("all entry peers are there", async || {
        let mut entries = 0;
        for server in &servers {
            entries += server.stats().await.entry_peers;
        }
        entries == 12
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let words = text(&newcomer.id, "", "anyone");
    for _ in 0..MESSAGES {
        newcomer.say(&words).await;
    }
    until("all have arrived", async || {
        received(&servers).await.iter().sum::<u64>() - before.iter().sum::<u64>() == MESSAGES as u64
    })
    .await;
    let counts = received(&servers).await;
    let shares = counts.iter().zip(before).zip([1.0, 3.0, 8.0]);
    let chi_square: f64 = shares
        .map(|((count, before), peers)| {
            let expected = MESSAGES as f64 * peers / 12.0;
            ((count - before) as f64 - expected).powi(2) / expected
        })
        .sum();
    // Of 2 degrees: exceeded once in ten million.
    assert!(chi_square < 32.0, "{chi_square}: {counts:?}");
}

/// Messages that each server has given to its own clients.
async fn received(servers: &[Server]) -> Vec<u64> {
    let mut counts = Vec::new();
    for server in servers {
        counts.push(server.stats().await.forwarded);
    }
    counts
}

async fn a_second_connection_on_another_server_replaces_the_first(engine: Engine) {
    let servers = engine.servers(3).await;
    let mut bob = Client::proven(&servers[2], 2).await;
    let mut former = Client::proven(&servers[0], 1).await;
    bob.find(&mut former).await;
    let mut newer = Client::proven(&servers[1], 1).await;
    assert_eq!(former.hear_close().await, CloseReason::Replaced.code());
    assert!(former.next().await.is_none());
    bob.find(&mut newer).await;
    newer.find(&mut bob).await;
}

async fn networks_of_a_cluster_are_isolated(engine: Engine) {
    let game = || "game".parse().expect("a name");
    let one = engine.server(|config| config.networks.push(game())).await;
    let other = engine.server(|config| config.networks.push(game())).await;
    let servers = [one, other];
    united(&servers).await;
    let path = |number| format!("/ws/game/{}", id(number));
    let mut alice = Client::proven_at(&servers[0], &path(1), 1).await;
    let mut bob = Client::proven_at(&servers[1], &path(2), 2).await;
    // The same peer in the other network is another one.
    let mut other_bob = Client::proven(&servers[1], 2).await;
    let mut carol = Client::proven(&servers[0], 3).await;
    carol.find(&mut other_bob).await;
    // The game's servers may have met a little later.
    until("bob is heard of", async || {
        let health = get(&servers[0], "/health").await;
        let health: serde_json::Value = serde_json::from_slice(&health.body).expect("JSON");
        health["networks"]["game"]["otherServers"] == 1
    })
    .await;
    alice.find(&mut bob).await;
    alice.say(&text(&id(1), &id(3), "over there?")).await;
    assert_eq!(alice.hear_error().await.code, ErrorCode::UnknownPeer);
}

async fn a_killed_engine_is_missed_only_between_servers_until_it_is_back(mut engine: Engine) {
    let servers = engine.servers(3).await;
    let mut clients = [
        Client::proven(&servers[0], 1).await,
        Client::proven(&servers[0], 2).await,
        Client::proven(&servers[1], 3).await,
    ];
    engine.kill();
    missed(&servers, &mut clients).await;
    engine.restart().await;
    found(&servers, &mut clients).await;
}

async fn a_stopped_engine_is_missed_only_between_servers_until_it_goes_on(engine: Engine) {
    let servers = engine.servers(3).await;
    let mut clients = [
        Client::proven(&servers[0], 1).await,
        Client::proven(&servers[0], 2).await,
        Client::proven(&servers[1], 3).await,
    ];
    engine.signal("STOP");
    // Although nobody knows yet.
    let [alice, bob, _] = &mut clients;
    alice.assert_reaches(bob).await;
    missed(&servers, &mut clients).await;
    engine.signal("CONT");
    found(&servers, &mut clients).await;
}

/// The engine is lost: a server's own clients don't notice.
async fn missed(servers: &[Server], [alice, bob, carol]: &mut [Client; 3]) {
    for server in servers {
        until("the loss is noticed", async || {
            engine_state(server).await == "lost"
        })
        .await;
    }
    alice.assert_reaches(bob).await;
    alice
        .say(&text(&alice.id, &carol.id, "are you there?"))
        .await;
    assert_eq!(alice.hear_error().await.code, ErrorCode::UnknownPeer);
    // Somebody who comes now is reached by all when the engine is back.
    *bob = Client::proven(&servers[2], 2).await;
}

/// The engine is back: the servers are one again.
async fn found(servers: &[Server], [alice, bob, carol]: &mut [Client; 3]) {
    united(servers).await;
    for server in servers {
        assert_eq!(engine_state(server).await, "up");
    }
    soon("messages", async {
        alice.assert_reaches(carol).await;
        carol.assert_reaches(bob).await;
        bob.assert_reaches(alice).await;
    })
    .await;
}
