//! Key-based routing on both routers, judged by who is really where.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::{BTreeMap, BTreeSet};

use crate::common::{ensure, secs};
use boplish_core::io::Direction;
use boplish_core::wire::{Payload, PeerId, ProtocolName};
use boplish_core::{ChordConfig, Config, Event, RouterConfig};
use boplish_sim::{NetworkConfig, PeerHandle, Random, World};

/// A ring with so few links that messages take several hops.
fn ring() -> RouterConfig {
    RouterConfig::Chord(ChordConfig {
        budget: 16,
        ..ChordConfig::default()
    })
}

fn network(seed: u64, router: &RouterConfig, count: usize) -> World {
    let mut world = World::new(seed, NetworkConfig::default());
    for _ in 0..count {
        world.add_peer(Config {
            router: router.clone(),
            ..Config::default()
        });
        world.run_for(secs(1));
    }
    world.run_for(secs(120));
    world
}

fn ids(world: &World) -> BTreeSet<PeerId> {
    let living = world.living();
    living.into_iter().map(|peer| world.id(peer)).collect()
}

/// The first `count` peers at or after a key.
fn owners(world: &World, key: PeerId, count: usize) -> Vec<PeerId> {
    let ids = ids(world);
    let row = ids.range(key..).chain(ids.range(..key));
    row.take(count).copied().collect()
}

fn key(random: &mut Random) -> PeerId {
    let mut bytes = [0; PeerId::BYTES];
    for byte in &mut bytes {
        *byte = random.word() as u8;
    }
    PeerId::from_bytes(bytes)
}

fn protocol() -> ProtocolName {
    ProtocolName::new("storage").unwrap()
}

fn any_peer(world: &World, random: &mut Random) -> PeerHandle {
    *random.pick(&world.living()).expect("somebody lives")
}

fn messages_for_keys_reach_their_owners(router: &RouterConfig, count: usize) {
    let mut world = network(1, router, count);
    let mut random = Random::new(7);
    let mut expected = BTreeMap::new();
    let mut sent = Vec::new();
    for number in 0..100_u8 {
        let (from, key) = (any_peer(&world, &mut random), key(&mut random));
        let payload = Payload::bytes(vec![number]).unwrap();
        let route = |node: &mut boplish_core::Node, now| {
            node.route(now, key, protocol(), payload.clone()).unwrap()
        };
        sent.push((from, world.node(from, route)));
        expected.insert(number, (owners(&world, key, 1)[0], world.id(from)));
        world.run_for(secs(1));
    }
    world.run_for(secs(20));
    let delivered: BTreeSet<_> = sent
        .iter()
        .filter(|(from, id)| {
            let events = world.events(*from);
            events.iter().any(|(_, it)| *it == Event::Delivered(*id))
        })
        .collect();
    ensure(&world, delivered.len() == 100, "every owner acknowledges");
    for peer in world.living() {
        for (_, event) in world.events(peer) {
            let Event::KeyMessage { from, payload, .. } = event else {
                continue;
            };
            let Payload::Bytes(bytes) = payload else {
                panic!("only bytes were sent");
            };
            let owner = expected.remove(&bytes[0]);
            let right = Some((world.id(peer), *from)) == owner;
            ensure(&world, right, "once, to the owner, with the writer's name");
        }
    }
    ensure(&world, expected.is_empty(), "all have come");
}

#[test]
fn messages_for_keys_reach_their_owners_on_a_ring() {
    messages_for_keys_reach_their_owners(&ring(), 60);
}

#[test]
fn messages_for_keys_reach_their_owners_on_a_mesh() {
    messages_for_keys_reach_their_owners(&RouterConfig::Mesh, 12);
}

#[test]
fn everybody_knows_who_holds_the_replicas_of_the_keys_around() {
    for (router, count) in [(ring(), 60), (RouterConfig::Mesh, 12)] {
        let world = network(2, &router, count);
        for peer in world.living() {
            let (own, node) = (world.id(peer), world.look(peer).unwrap());
            let expected = owners(&world, own, 4);
            ensure(
                &world,
                node.replica_set(&own, 3) == expected,
                "the owner and the three after it",
            );
            let near = node.neighbour_set(4);
            ensure(&world, near.len() == 4, "two on each side");
            ensure(&world, near[0] == expected[1], "the successor first");
            let (after, up_to) = node.range(&own, 0).unwrap();
            let before = owners(&world, own, count)[count - 1];
            ensure(
                &world,
                (after, up_to) == (before, own),
                "from the predecessor to itself",
            );
            let local = node.local_lookup(&own, 2);
            ensure(&world, local == [own], "the own id is its own");
        }
    }
}

#[test]
fn a_watched_message_is_shown_where_it_comes_by_and_may_be_stopped() {
    let mut world = network(3, &ring(), 60);
    for peer in world.living() {
        world.node(peer, |node, _| node.watch(&protocol()).unwrap());
    }
    let mut random = Random::new(9);
    let (mut stopped, mut went_on) = (0, 0);
    for number in 0..60_u8 {
        let (from, key) = (any_peer(&world, &mut random), key(&mut random));
        let payload = Payload::bytes(vec![number]).unwrap();
        let route = |node: &mut boplish_core::Node, now| {
            node.route(now, key, protocol(), payload.clone()).unwrap()
        };
        world.node(from, route);
        let owner = owners(&world, key, 1)[0];
        let lets_through = number % 2 == 0;
        let mut was_shown = false;
        for _ in 0..300 {
            world.run_for(core::time::Duration::from_millis(10));
            for peer in world.living() {
                for (_, event) in world.take_events(peer) {
                    if let Event::Forward { number, next, .. } = event {
                        was_shown = true;
                        ensure(&world, next != world.id(peer), "it would go on");
                        world.node(peer, |node, now| node.go_on(now, number, lets_through));
                    } else if let Event::KeyMessage { .. } = event {
                        ensure(&world, world.id(peer) == owner, "at the owner");
                        ensure(&world, lets_through || !was_shown, "only if it may");
                        went_on += u32::from(was_shown);
                    }
                }
            }
        }
        stopped += u32::from(was_shown && !lets_through);
    }
    ensure(&world, stopped > 5 && went_on > 5, "some took several hops");
}

#[test]
fn a_newcomer_is_reached_before_it_has_joined() {
    let mut world = network(4, &ring(), 40);
    for round in 0..20 {
        let newcomer = world.add_peer(Config {
            router: ring(),
            ..Config::default()
        });
        let linked = world.run_until_condition("a first link", secs(20), |world| {
            world.look(newcomer).unwrap().connected_peers().len() == 1
        });
        crate::common::must(linked);
        world.run_for(crate::common::millis(800));
        let id = world.id(newcomer);
        let mut random = Random::new(round);
        let from = loop {
            let peer = any_peer(&world, &mut random);
            if peer != newcomer {
                break peer;
            }
        };
        world.node(from, |node, now| node.ping(now, id).unwrap());
        let answered = world.run_until_condition("a pong", secs(10), |world| {
            let is_pong = |event: &Event| matches!(event, Event::Pong { from, .. } if *from == id);
            world.events(from).iter().any(|(_, event)| is_pong(event))
        });
        crate::common::must(answered);
    }
}

#[test]
fn the_way_of_a_monitored_peers_messages_is_noted_and_that_of_the_answers_too() {
    let mut world = network(5, &ring(), 60);
    let sender = world.living()[0];
    world.node(sender, |node, _| node.set_monitoring(true));
    let noted = |world: &World, peer: PeerHandle, from: PeerId| {
        let mut ways = Vec::new();
        for (_, event) in world.events(peer) {
            if let Event::Monitor {
                direction: Direction::Incoming,
                message,
                ..
            } = event
                && message.from == from
                && message.protocol.as_str() == "ping-protocol"
            {
                ways.push((message.way.passed.clone(), message.hops));
            }
        }
        ways
    };
    let links = |world: &World| -> BTreeSet<(PeerId, PeerId)> {
        let of = |peer: &PeerHandle| {
            let others = world.look(*peer).unwrap().connected_peers();
            let id = world.id(*peer);
            others.into_iter().map(move |other| (id, other))
        };
        world.living().iter().flat_map(of).collect()
    };
    let mut longest = 0;
    for receiver in world.living().into_iter().skip(1).take(20) {
        world.node(receiver, |node, _| {
            node.set_monitoring(receiver.index() % 2 == 0)
        });
        let ends = [world.id(sender), world.id(receiver)];
        // Long links come and go.
        let mut linked = links(&world);
        world.node(sender, |node, now| node.ping(now, ends[1]).unwrap());
        world.run_for(secs(5));
        linked.extend(links(&world));
        let mut ways = noted(&world, sender, ends[1]);
        let there = noted(&world, receiver, ends[0]);
        assert_eq!(
            (ways.len(), there.len()),
            (1, usize::from(receiver.index() % 2 == 0))
        );
        ways.extend(there);
        for (index, (way, hops)) in ways.into_iter().enumerate() {
            let mut way = way.expect("it is noted");
            way.push(ends[index]);
            assert_eq!(way.len(), usize::from(hops) + 1);
            assert_eq!(way[0], ends[1 - index]);
            let mut pairs = way.windows(2).map(|pair| (pair[0], pair[1]));
            assert!(pairs.all(|pair| linked.contains(&pair)), "{way:?}");
            longest = longest.max(hops);
        }
    }
    assert!(longest > 1, "some ways are longer than one link");
    // Who has nobody watching notes nothing.
    world.node(sender, |node, _| node.set_monitoring(false));
    let receiver = world.living()[2];
    let before = noted(&world, receiver, world.id(sender)).len();
    let to = world.id(receiver);
    world.node(receiver, |node, _| node.set_monitoring(true));
    world.node(sender, |node, now| node.ping(now, to).unwrap());
    world.run_for(secs(5));
    let ways = noted(&world, receiver, world.id(sender));
    assert_eq!(ways.len(), before + 1);
    assert_eq!(ways.last().unwrap().0, None);
}
