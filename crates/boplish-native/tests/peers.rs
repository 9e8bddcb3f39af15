//! Peers with each other, over real sockets, through a small bootstrap server.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test picks the one event that it waits for"
)]

mod common;

use std::net::Ipv4Addr;
use std::time::Duration;

use boplish_native::core::{Event, State};
use boplish_native::wire::{Payload, ProtocolName};
use boplish_native::{Engine, EngineConfig, Events, EventsError, Peer, PeerConfig, PeerError};
use common::Server;
use tokio::time::timeout;

/// More than anything here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

fn engine() -> Engine {
    let config = EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    };
    Engine::new(&config).expect("loopback addresses can be used")
}

fn spawn(engine: &Engine, server: &Server) -> (Peer, Events) {
    let bootstrap = server.address.to_string();
    let config = PeerConfig {
        bootstrap: Some(bootstrap.parse().expect("an address is a host")),
        ..PeerConfig::default()
    };
    Peer::spawn_with_events(engine, config).expect("a peer can be spawned")
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it happens in time")
}

async fn event<T>(events: &mut Events, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    within(async {
        loop {
            match events.recv().await {
                Ok(event) => {
                    if let Some(found) = pick(event) {
                        return found;
                    }
                }
                Err(error) => panic!("no event: {error}"),
            }
        }
    })
    .await
}

fn chat() -> ProtocolName {
    ProtocolName::new("chat").expect("the name is short")
}

fn text(text: &str) -> Payload {
    Payload::from_value(text).expect("the text is short")
}

/// So many peers, all linked to all.
async fn mesh(engine: &Engine, server: &Server, count: usize) -> Vec<(Peer, Events)> {
    let peers: Vec<_> = (0..count).map(|_| spawn(engine, server)).collect();
    for (peer, _) in &peers {
        within(peer.connected_to(count - 1))
            .await
            .expect("the peer is not closed");
    }
    peers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_peer_is_alone_until_the_second_comes() {
    let (engine, server) = (engine(), Server::start().await);
    let (first, _events) = spawn(&engine, &server);
    assert_eq!(within(first.connected()).await, Ok(State::Alone));
    let (second, _events) = spawn(&engine, &server);
    assert_eq!(within(second.connected_to(1)).await, Ok(vec![first.id()]));
    assert_eq!(within(first.connected_to(1)).await, Ok(vec![second.id()]));
    assert_eq!(second.state(), State::Online);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_requests_and_pings_arrive() {
    let (engine, server) = (engine(), Server::start().await);
    let mut peers = mesh(&engine, &server, 2).await;
    let (b, mut b_events) = peers.pop().expect("there are two");
    let (a, _) = peers.pop().expect("there are two");

    within(a.send(b.id(), chat(), text("hello")))
        .await
        .expect("it arrives");
    let payload = event(&mut b_events, |event| match event {
        Event::Message { from, payload, .. } if from == a.id() => Some(payload),
        _other => None,
    })
    .await;
    assert_eq!(payload, text("hello"));

    let answering = async {
        let request = event(&mut b_events, |event| match event {
            Event::Message { request, .. } => request,
            _other => None,
        })
        .await;
        b.reply(a.id(), request, text("fine")).await
    };
    let asking = a.request(b.id(), chat(), text("how are you?"), PATIENCE);
    let (answered, reply) = within(async { tokio::join!(answering, asking) }).await;
    assert_eq!(answered, Ok(()));
    assert_eq!(reply, Ok(text("fine")));

    let round_trip = within(a.ping(b.id())).await.expect("a pong comes");
    assert!(round_trip < PATIENCE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_lives_on_without_its_server() {
    let (engine, server) = (engine(), Server::start().await);
    let peers = mesh(&engine, &server, 4).await;
    drop(server);
    for (from, _) in &peers {
        for (to, _) in &peers {
            if from.id() != to.id() {
                within(from.ping(to.id())).await.expect("a pong comes");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_leaves_is_gone_from_everyones_list() {
    let (engine, server) = (engine(), Server::start().await);
    let mut peers = mesh(&engine, &server, 3).await;
    let (leaver, _) = peers.pop().expect("there are three");
    let id = leaver.id();
    within(leaver.close()).await;
    assert_eq!(leaver.ping(peers[0].0.id()).await, Err(PeerError::Closed));
    for (_, events) in &mut peers {
        event(events, |event| match event {
            Event::PeerDisconnected { peer, .. } if peer == id => Some(()),
            _other => None,
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_handle_closes_the_peer() {
    let (engine, server) = (engine(), Server::start().await);
    let (peer, mut events) = spawn(&engine, &server);
    within(peer.connected())
        .await
        .expect("the peer is not closed");
    let clone = peer.clone();
    drop(peer);
    assert_eq!(clone.state(), State::Alone);
    drop(clone);
    let closed = within(async {
        loop {
            if let Err(error) = events.recv().await {
                return error;
            }
        }
    });
    assert_eq!(closed.await, EventsError::Closed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_without_a_server_to_reach_says_so_and_goes_on_trying() {
    let engine = engine();
    let config = PeerConfig {
        bootstrap: Some("127.0.0.1:9".parse().expect("an address is a host")),
        ..PeerConfig::default()
    };
    let peer = Peer::spawn(&engine, config).expect("a peer can be spawned");
    assert_eq!(peer.state(), State::Offline);
    within(peer.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_peers_that_join_at_once_form_a_complete_mesh() {
    let (engine, server) = (engine(), Server::start().await);
    let began = std::time::Instant::now();
    let peers = mesh(&engine, &server, 20).await;
    eprintln!("complete after {:?}", began.elapsed());
    for (peer, _) in &peers {
        assert_eq!(peer.connected_peers().len(), 19);
    }
}
