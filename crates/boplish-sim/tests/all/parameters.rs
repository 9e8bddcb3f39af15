//! All peers of a network have its parameters in common.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::config::{ChordConfig, Config, RouterConfig};
use boplish_core::io::Refusal;
use boplish_core::wire::bootstrap::ErrorCode;
use boplish_core::{Event, State};
use boplish_directory::NetworkParameters;
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

fn world(seed: u64, network: Option<NetworkParameters>) -> World {
    let mut world = World::new(seed, NetworkConfig::default());
    world.server_config_mut().network = network;
    world.restart_server();
    world
}

fn set_to(router: RouterConfig) -> Config {
    Config {
        router,
        ..Config::default()
    }
}

fn is_conflict(event: &Event) -> bool {
    matches!(event, Event::ServerError(error) if error.code == ErrorCode::OtherNetwork)
}

fn is_other_network(event: &Event) -> bool {
    matches!(
        event,
        Event::Refused {
            reason: Refusal::OtherNetwork,
            ..
        }
    )
}

fn state(world: &World, peer: PeerHandle) -> State {
    world.look(peer).unwrap().state()
}

#[test]
fn newcomers_route_as_the_server_says() {
    for seed in replay::seeds(0..4) {
        let mut world = world(
            seed,
            Some(NetworkParameters {
                successors: 3,
                link_budget: 12,
                ..NetworkParameters::chord()
            }),
        );
        for _ in 0..30 {
            world.add_peer(set_to(RouterConfig::FromNetwork { budget: None }));
            world.run_for(secs(1));
        }
        world.run_for(secs(60));
        let mut links = 0;
        for peer in world.peers() {
            let node = world.look(peer).unwrap();
            let ring = node.ring().unwrap();
            ensure(&world, ring.member, "a ring was formed");
            ensure(&world, ring.successors.len() == 3, "of short lists");
            links += node.neighbours().len();
        }
        // With the usual 34 for each, there would be a link between any two.
        ensure(&world, links < 30 * 24, &format!("{links} ends of links"));
    }
}

#[test]
fn a_server_that_says_mesh_has_a_mesh() {
    for seed in replay::seeds(0..4) {
        let mut world = world(seed, Some(NetworkParameters::mesh()));
        world.add_peers(5);
        until_mesh(&mut world, secs(60));
        for peer in world.peers() {
            let ring = world.look(peer).unwrap().ring();
            ensure(&world, ring.is_none(), "there is no ring");
        }
    }
}

#[test]
fn what_the_application_has_taken_over_stays_its_own() {
    let ping = protocol("ping-protocol");
    for seed in replay::seeds(0..4) {
        let mut world = world(seed, Some(NetworkParameters::chord()));
        let peers = world.add_peers(2);
        world
            .node(peers[1], |node, _| node.take_protocol(&ping))
            .unwrap();
        until_mesh(&mut world, secs(60));
        let to = world.id(peers[1]);
        world
            .node(peers[0], |node, now| node.ping(now, to))
            .unwrap();
        until_event(
            &mut world,
            peers[1],
            secs(10),
            "the ping",
            |event| matches!(event, Event::Message { protocol, .. } if *protocol == ping),
        );
    }
}

#[test]
fn what_is_looked_for_before_the_network_is_known_is_answered_all_the_same() {
    for seed in replay::seeds(0..4) {
        let mut world = world(
            seed,
            Some(NetworkParameters {
                successors: 3,
                ..NetworkParameters::chord()
            }),
        );
        world.add_peers(5);
        world.run_for(secs(20));
        let (newcomer, key) = (
            world.add_peer(Config::default()),
            world.id(world.living()[0]),
        );
        let id = world
            .node(newcomer, |node, now| node.lookup(now, key))
            .unwrap();
        until_event(&mut world, newcomer, secs(20), "an answer", |event| {
            matches!(event, Event::Found { lookup, .. } if *lookup == id)
                || matches!(event, Event::Undelivered { id: it, .. } if *it == id)
        });
    }
}

#[test]
fn a_peer_that_is_set_to_another_network_says_so_and_leaves_the_server_alone() {
    let ring_of_five = RouterConfig::Chord(ChordConfig {
        successors: 5,
        ..ChordConfig::default()
    });
    let ring = "chord with 8 successors";
    let cases = [
        (
            NetworkParameters::chord(),
            RouterConfig::Mesh,
            [ring, "mesh"],
        ),
        (
            NetworkParameters::chord(),
            ring_of_five.clone(),
            [ring, "chord with 5 successors"],
        ),
        (
            NetworkParameters::mesh(),
            ring_of_five,
            ["mesh", "chord with 5 successors"],
        ),
    ];
    for seed in replay::seeds(0..4) {
        for (network, router, names) in &cases {
            let mut world = world(seed, Some(*network));
            world.add_peers(2);
            let stranger = world.add_peer(set_to(router.clone()));
            world.run_for(secs(240));
            let errors = count(&world, stranger, is_conflict);
            ensure(&world, errors == 1, "it was told once");
            let mut told = world.events(stranger).iter().filter_map(|(_, event)| {
                let Event::ServerError(error) = event else {
                    return None;
                };
                Some(error.message.clone())
            });
            let message = told.next().unwrap();
            let tells = names.iter().all(|name| message.contains(name));
            ensure(&world, tells, &message);
            ensure(&world, state(&world, stranger) == State::Offline, "offline");
            let sockets = world.counters().sockets;
            ensure(&world, sockets == 3, "and it has not come again");
        }
    }
}

#[test]
fn a_network_of_another_time_is_refused() {
    for seed in replay::seeds(0..4) {
        let mut world = world(
            seed,
            Some(NetworkParameters {
                version: 2,
                ..NetworkParameters::chord()
            }),
        );
        let peer = world.add_peer(Config::default());
        world.run_for(secs(60));
        ensure(&world, count(&world, peer, is_conflict) == 1, "told once");
        ensure(&world, state(&world, peer) == State::Offline, "offline");
    }
}

#[test]
fn peers_of_different_networks_refuse_each_other_and_let_it_be() {
    for seed in replay::seeds(0..10) {
        let mut world = world(seed, None);
        let mesh = world.add_peer(set_to(RouterConfig::Mesh));
        world.run_for(secs(3));
        let ring = world.add_peer(set_to(RouterConfig::Chord(ChordConfig::default())));
        world.run_for(secs(300));
        for peer in [mesh, ring] {
            let refused = count(&world, peer, is_other_network);
            ensure(&world, refused > 0, "it knows why");
            let linked = count(&world, peer, |event| {
                matches!(event, Event::PeerConnected(_))
            });
            ensure(&world, linked == 0, "there is no link");
        }
        let attempts = world.counters().connections;
        ensure(&world, attempts <= 60, &format!("{attempts} attempts"));
    }
}

#[test]
fn a_network_outlives_a_server_that_has_become_that_of_another() {
    for seed in replay::seeds(0..4) {
        let mut world = world(seed, Some(NetworkParameters::chord()));
        let peers = world.add_peers(5);
        until_mesh(&mut world, secs(60));
        world.server_config_mut().network = Some(NetworkParameters::mesh());
        world.restart_server();
        world.run_for(secs(200));
        for peer in peers {
            ensure(&world, count(&world, peer, is_conflict) == 1, "told once");
            ensure(&world, state(&world, peer) == State::Online, "online");
        }
    }
}
