//! Native peers that see each other only over the server's own TURN.

use std::net::Ipv4Addr;
use std::time::Duration;

use boplish_native::wire::{Payload, ProtocolName};
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use boplish_server::{Config, Server};
use tokio::time::timeout;

/// More than it takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_peers_talk_over_the_servers_relays_alone() {
    let mut config = Config::on_loopback();
    config.turn.turn = vec![(Ipv4Addr::LOCALHOST, 0).into()];
    let server = Server::bind(config).await.expect("a loopback port is free");
    let engine = Engine::new(&EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    })
    .expect("loopback can be used");
    let spawn = |_| {
        let bootstrap = server.local_addr().to_string();
        let config = PeerConfig {
            bootstrap: Some(bootstrap.parse().expect("an address is a host")),
            relay_only: true,
            ..PeerConfig::default()
        };
        Peer::spawn(&engine, config).expect("a peer can be spawned")
    };
    let [ada, bob] = [0, 1].map(spawn);
    for peer in [&ada, &bob] {
        timeout(PATIENCE, peer.settled(1))
            .await
            .expect("there is a link in time")
            .expect("the peer is not closed");
    }
    assert_eq!(ada.connected_peers(), [bob.id()]);
    let protocol = ProtocolName::new("chat").expect("this is a name");
    let payload = || Payload::json("\"by relay\"").expect("this is JSON");
    for (from, to) in [(&ada, &bob), (&bob, &ada)] {
        timeout(PATIENCE, from.send(to.id(), protocol.clone(), payload()))
            .await
            .expect("it arrives in time")
            .expect("it arrives");
    }
    for peer in [&ada, &bob] {
        peer.close().await;
    }
    server.shutdown().await;
}
