//! What applications do with each other over simulated links.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_core::wire::PeerId;
use boplish_core::{Config, Event};
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

#[test]
fn a_ping_is_answered_with_its_round_trip_time() {
    let (mut world, peers) = mesh_of(3, 1);
    let to = world.id(peers[1]);
    world
        .node(peers[0], |node, now| node.ping(now, to))
        .unwrap();
    until_event(&mut world, peers[0], secs(2), "a pong comes", |event| {
        matches!(event, Event::Pong { from, round_trip }
            if *from == to && *round_trip > millis(5) && *round_trip < secs(1))
    });
}

#[test]
fn a_message_is_delivered_and_acknowledged() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(2, seed);
        let to = world.id(peers[1]);
        let from = world.id(peers[0]);
        let talk = (protocol("talk"), json(r#"{"n":1}"#));
        let id = world
            .node(peers[0], |node, now| {
                node.send(now, to, talk.0.clone(), talk.1.clone())
            })
            .unwrap();
        until_event(
            &mut world,
            peers[0],
            secs(3),
            "it is acknowledged",
            |event| *event == Event::Delivered(id),
        );
        let heard = count(&world, peers[1], |event| {
            matches!(event, Event::Message { from: it, protocol, payload, request: None, .. }
                if *it == from && *protocol == talk.0 && *payload == talk.1)
        });
        assert_eq!(heard, 1);
    }
}

#[test]
fn a_request_is_answered_by_a_reply() {
    let (mut world, peers) = mesh_of(2, 3);
    let (asker, answerer) = (world.id(peers[0]), world.id(peers[1]));
    let ask = (protocol("sum"), json("[1,2]"));
    let id = world
        .node(peers[0], |node, now| {
            node.request(now, answerer, ask.0, ask.1, secs(10))
        })
        .unwrap();
    until_event(
        &mut world,
        peers[1],
        secs(3),
        "the request comes",
        |event| {
            matches!(
                event,
                Event::Message {
                    request: Some(_),
                    ..
                }
            )
        },
    );
    let request = world.events(peers[1]).iter().find_map(|(_, event)| {
        let Event::Message { request, .. } = event else {
            return None;
        };
        *request
    });
    world
        .node(peers[1], |node, now| {
            node.reply(now, asker, request.unwrap(), json("3"))
        })
        .unwrap();
    until_event(&mut world, peers[0], secs(3), "the reply comes", |event| {
        matches!(event, Event::Reply { from, to, payload }
            if *from == answerer && *to == id && *payload == json("3"))
    });
}

#[test]
fn a_request_that_nobody_answers_is_given_up_in_its_time() {
    let (mut world, peers) = mesh_of(2, 3);
    let to = world.id(peers[1]);
    let start = world.now();
    let id = world
        .node(peers[0], |node, now| {
            node.request(now, to, protocol("sum"), json("0"), secs(4))
        })
        .unwrap();
    let end = until_event(
        &mut world,
        peers[0],
        secs(6),
        "it is given up",
        |event| matches!(event, Event::Undelivered { id: it, .. } if *it == id),
    );
    assert!(end.since(start) >= millis(3_900));
}

#[test]
fn what_can_not_be_delivered_is_reported_within_the_bound() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(3, seed);
        let gone = world.id(peers[2]);
        let nobody = PeerId::from_bytes([0xEE; 20]);
        world.vanish(peers[2]);
        for to in [gone, nobody] {
            let id = world
                .node(peers[0], |node, now| {
                    node.send(now, to, protocol("talk"), json("1"))
                })
                .unwrap();
            until_event(
                &mut world,
                peers[0],
                secs(16),
                "it is reported",
                |event| matches!(event, Event::Undelivered { id: it, .. } if *it == id),
            );
        }
    }
}

#[test]
fn a_pair_without_a_link_talks_over_others() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(4, seed);
        world.set_reachable(peers[0], peers[1], false);
        world.run_for(secs(60));
        world.kill_server();
        world.run_for(secs(5));
        let to = world.id(peers[1]);
        let id = world
            .node(peers[0], |node, now| {
                node.send(now, to, protocol("talk"), json("1"))
            })
            .unwrap();
        until_event(
            &mut world,
            peers[0],
            secs(16),
            "it is acknowledged",
            |event| *event == Event::Delivered(id),
        );
        let hops = count(&world, peers[1], |event| {
            matches!(event, Event::Message { hops: 2.., .. })
        });
        ensure(&world, hops == 1, "it went over another peer");
    }
}

#[test]
fn every_neighbour_tells_its_own() {
    let (mut world, peers) = mesh_of(4, 9);
    world
        .node(peers[0], |node, now| node.request_topology(now, None))
        .unwrap();
    world.run_for(secs(3));
    for peer in &peers[1..] {
        let (id, all) = (world.id(*peer), &peers);
        let mut others: Vec<_> = all
            .iter()
            .filter(|it| *it != peer)
            .map(|it| world.id(*it))
            .collect();
        others.sort_unstable();
        let told = count(
            &world,
            peers[0],
            |event| matches!(event, Event::Topology { from, peers, .. } if *from == id && *peers == others),
        );
        assert_eq!(told, 1);
    }
}

/// A world whose four peers have had time to learn their places.
fn settled(router: RouterConfig) -> (World, Vec<PeerHandle>) {
    let config = Config {
        router,
        ..Config::default()
    };
    let mut world = World::new(12, NetworkConfig::default());
    let peers = (0..4).map(|_| world.add_peer(config.clone())).collect();
    until_mesh(&mut world, secs(60));
    world.run_for(secs(30));
    (world, peers)
}

#[test]
fn neighbours_on_a_ring_tell_who_is_before_and_after_them() {
    for (router, known) in [
        (RouterConfig::Chord(ChordConfig::default()), 3),
        (RouterConfig::Mesh, 0),
    ] {
        let (mut world, peers) = settled(router);
        world
            .node(peers[0], |node, now| node.request_topology(now, None))
            .unwrap();
        world.run_for(secs(3));
        for peer in &peers[1..] {
            let (id, ring) = (world.id(*peer), world.look(*peer).unwrap().ring());
            let (after, before) =
                ring.map_or_else(Default::default, |it| (it.successors, it.predecessors));
            assert_eq!((after.len(), before.len()), (known, known));
            let told = count(&world, peers[0], |event| {
                matches!(event, Event::Topology { from, successors, predecessors, .. }
                    if *from == id && *successors == after && *predecessors == before)
            });
            assert_eq!(told, 1);
        }
    }
}

fn has_members(world: &World, peer: PeerHandle, members: &[PeerHandle]) -> bool {
    let listed = world.look(peer).unwrap().group_members();
    listed.len() == members.len() && members.iter().all(|it| listed.contains(&world.id(*it)))
}

#[test]
fn the_three_of_figure_4_2_form_one_group() {
    for seed in replay::seeds(0..20) {
        let (mut world, peers) = mesh_of(4, seed);
        let (alice, bob, carol) = (peers[0], peers[1], peers[2]);
        let (alice_id, bob_id) = (world.id(alice), world.id(bob));
        world
            .node(bob, |node, now| node.register_in_group(now, alice_id))
            .unwrap();
        world.run_for(secs(2));
        world
            .node(carol, |node, now| node.register_in_group(now, bob_id))
            .unwrap();
        world.run_for(secs(2));
        ensure(
            &world,
            has_members(&world, alice, &[bob, carol]),
            "Alice has both",
        );
        ensure(
            &world,
            has_members(&world, bob, &[alice, carol]),
            "Bob has both",
        );
        ensure(
            &world,
            has_members(&world, carol, &[alice, bob]),
            "Carol has both",
        );
        world
            .node(carol, |node, now| node.send_to_group(now, json(r#""hi""#)))
            .unwrap();
        world.run_for(secs(2));
        let carol_id = world.id(carol);
        for (peer, times) in [(alice, 1), (bob, 1), (carol, 0), (peers[3], 0)] {
            let heard = count(&world, peer, |event| {
                matches!(event, Event::GroupMessage { from, payload }
                    if *from == carol_id && *payload == json(r#""hi""#))
            });
            ensure(&world, heard == times, "exactly the others hear it, once");
        }
        world.close(bob);
        world.run_for(secs(2));
        ensure(
            &world,
            has_members(&world, alice, &[carol]),
            "Bob has left Alice",
        );
        ensure(
            &world,
            has_members(&world, carol, &[alice]),
            "Bob has left Carol",
        );
    }
}
