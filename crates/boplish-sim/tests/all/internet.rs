//! The virtual network at its worst and best: delays, losses, slow lines, address translators.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use core::time::Duration;

use boplish_core::wire::Payload;
use boplish_core::{Config, Event};
use boplish_sim::{Bandwidth, Delay, FrameKind, Nat, NatShares, NetworkConfig, World, check};

/// A network in which everything takes the same time, so that what is added shows.
fn exact() -> NetworkConfig {
    NetworkConfig {
        distance: Delay::millis(50, 50),
        jitter: Delay::millis(0, 0),
        ..NetworkConfig::default()
    }
}

/// How long so many bytes take from one of two peers to the other.
fn delays(network: NetworkConfig, seed: u64, bytes: usize, count: usize) -> Vec<Duration> {
    let mut world = World::new(seed, network);
    let peers = world.add_peers(2);
    until_mesh(&mut world, secs(60));
    let to = world.id(peers[1]);
    (0..count)
        .map(|_| {
            world.take_events(peers[1]);
            let sent = world.now();
            let payload = Payload::bytes(vec![7; bytes]).unwrap();
            world
                .node(peers[0], |node, now| {
                    node.send(now, to, protocol("x"), payload)
                })
                .unwrap();
            let is_message = |event: &Event| matches!(event, Event::Message { .. });
            let came = until_event(&mut world, peers[1], secs(30), "it comes", is_message);
            came.since(sent)
        })
        .collect()
}

#[test]
fn a_message_takes_the_distance() {
    assert_eq!(delays(exact(), 1, 10, 3), [millis(50); 3]);
}

#[test]
fn a_slow_line_takes_its_time_on_both_ends() {
    let network = NetworkConfig {
        bandwidth: Some(Bandwidth {
            up: [10_000; 2],
            down: [5_000; 2],
        }),
        ..exact()
    };
    let took = delays(network, 1, 10_000, 1)[0];
    assert!((millis(3_050)..millis(3_150)).contains(&took), "{took:?}");
}

#[test]
fn a_lost_packet_comes_after_a_retransmission() {
    let network = NetworkConfig {
        loss: 100_000,
        ..exact()
    };
    let all = delays(network, 1, 10, 300);
    let late = all.iter().filter(|took| **took >= millis(450)).count();
    assert!((15..60).contains(&late), "{late} of 300");
    let on_time = all.iter().filter(|took| **took == millis(50)).count();
    // A few wait behind a keepalive that was lost.
    assert!((285..=300).contains(&(late + on_time)), "{on_time} on time");
}

#[test]
fn peers_whose_translators_keep_them_apart_are_not_linked() {
    let network = NetworkConfig {
        nats: NatShares {
            symmetric: 500,
            port_restricted: 500,
            ..NatShares::default()
        },
        ..NetworkConfig::default()
    };
    let mut world = World::new(3, network);
    let peers = world.add_peers(10);
    world.run_for(secs(200));
    let symmetric = |peer: &&_| world.nat(**peer) == Nat::Symmetric;
    let other = 10 - peers.iter().filter(symmetric).count();
    assert_eq!(world.open_connections().len(), other * (other - 1) / 2);
    must(check::links_agree(&world));
}

#[test]
fn a_share_of_the_pairs_can_not_connect() {
    let network = NetworkConfig {
        unreachable: 200,
        ..NetworkConfig::default()
    };
    let mut world = World::new(3, network);
    let peers = world.add_peers(40);
    let pairs = || {
        peers
            .iter()
            .flat_map(|a| peers.iter().map(move |b| (*a, *b)))
    };
    let apart = pairs().filter(|(a, b)| a < b && !world.can_connect(*a, *b));
    let apart = apart.count();
    assert!((110..210).contains(&apart), "{apart} of 780");
    assert!(pairs().all(|(a, b)| world.can_connect(a, b) == world.can_connect(b, a)));
}

#[test]
fn homes_all_over_the_world_form_a_network() {
    let mut world = World::new(4, NetworkConfig::homes());
    let peers = world.add_peers(12);
    world.run_for(secs(120));
    let may = |a: usize, b: usize| world.can_connect(peers[a], peers[b]);
    let expected = (0..12).flat_map(|a| (0..a).map(move |b| (a, b)));
    let expected = expected.filter(|(a, b)| may(*a, *b)).count();
    assert_eq!(world.open_connections().len(), expected);
    assert_eq!(world.misuses(), [""; 0]);
    let counters = world.counters();
    assert!(counters[FrameKind::Keepalive].messages > 100);
    let sent: u64 = peers.iter().map(|it| world.traffic(*it).sent.bytes).sum();
    assert_eq!(sent, counters.frames().bytes);
    let more = world.add_peer(Config::default());
    assert!(world.distance(more, peers[0]) > millis(1));
}
