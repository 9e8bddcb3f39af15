//! Twenty native peers that join a real server at the same moment, over real sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use boplish_native::wire::PeerId;
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use boplish_server::{Config, Server};
use tokio::time::timeout;

const PEERS: usize = 20;

/// More than it takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(90);

async fn twenty_peers_join_at_once() {
    let server = Server::bind(Config::on_loopback())
        .await
        .expect("a loopback port is free");
    let engine = Engine::new(&EngineConfig {
        addresses: Some(vec![std::net::Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    })
    .expect("loopback can be used");
    let spawn = |_| {
        let bootstrap = server.local_addr().to_string();
        let config = PeerConfig {
            bootstrap: Some(bootstrap.parse().expect("an address is a host")),
            ..PeerConfig::default()
        };
        Peer::spawn(&engine, config).expect("a peer can be spawned")
    };
    let peers: Vec<Peer> = (0..PEERS).map(spawn).collect();
    for peer in &peers {
        // A connection too many, on either side of a pair, would be a double link.
        timeout(PATIENCE, peer.settled(PEERS - 1))
            .await
            .expect("the mesh is complete in time")
            .expect("the peer is not closed");
    }
    let ids: BTreeSet<PeerId> = peers.iter().map(Peer::id).collect();
    let mut links = 0;
    for peer in &peers {
        let mut linked: BTreeSet<PeerId> = peer.connected_peers().into_iter().collect();
        links += linked.len();
        linked.insert(peer.id());
        assert_eq!(linked, ids, "{:?} is linked to everyone", peer.id());
    }
    assert_eq!(links / 2, PEERS * (PEERS - 1) / 2);
    for peer in &peers {
        peer.close().await;
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_peers_that_join_at_once_form_a_complete_mesh_three_times() {
    for _ in 0..3 {
        twenty_peers_join_at_once().await;
    }
}
