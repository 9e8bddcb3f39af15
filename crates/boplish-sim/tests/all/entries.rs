//! The bootstrap server keeps some peers and lets the others go; the network does not mind.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use core::num::NonZeroUsize;

use crate::common::*;

use boplish_core::{ChordConfig, Config, Event, RouterConfig, State};
use boplish_directory::{Stats, TurnConfig, TurnSecret};
use boplish_sim::{NetworkConfig, PeerHandle, World, check, replay};

const ENTRIES: u64 = 8;

/// As many links as these tests have peers, so that all are linked with all.
fn config() -> Config {
    let chord = ChordConfig {
        budget: 64,
        ..ChordConfig::default()
    };
    Config {
        router: RouterConfig::Chord(chord),
        ..Config::default()
    }
}

fn world(seed: u64, entry_peers: u64) -> World {
    let mut world = World::new(seed, NetworkConfig::default());
    let limits = &mut world.server_config_mut().limits;
    limits.entry_peers = NonZeroUsize::new(entry_peers as usize).unwrap();
    world.restart_server();
    world
}

/// A complete mesh of which most peers have been let go.
fn released_mesh(seed: u64, count: usize) -> (World, Vec<PeerHandle>) {
    let mut world = world(seed, ENTRIES);
    let peers = (0..count).map(|_| world.add_peer(config())).collect();
    until_mesh(&mut world, secs(60));
    must(
        world.run_until_condition("all but the entry peers are released", secs(30), |world| {
            stats(world).connected <= ENTRIES
        }),
    );
    (world, peers)
}

fn stats(world: &World) -> Stats {
    world.server_stats().unwrap()
}

fn at_server(world: &World) -> Vec<PeerHandle> {
    let mut living = world.living();
    living.retain(|peer| world.has_socket(*peer));
    living
}

#[test]
fn released_peers_stay_in_the_network_and_newcomers_find_it() {
    for seed in replay::seeds(0..4) {
        let (mut world, mut peers) = released_mesh(seed, 24);
        let before = world.counters().sockets;
        for peer in &peers {
            world.take_events(*peer);
        }
        world.run_for(secs(30));
        for peer in &peers {
            let told = count(&world, *peer, |event| {
                matches!(
                    event,
                    Event::StateChanged(_) | Event::SignalingChanged { .. } | Event::ServerError(_)
                )
            });
            ensure(&world, told == 0, "a released peer is told of no fault");
        }
        ensure(
            &world,
            world.counters().sockets <= before + 3,
            "released peers stay away",
        );
        for _ in 0..10 {
            peers.push(world.add_peer(config()));
            world.run_for(secs(2));
        }
        until_mesh(&mut world, secs(30));
        world.run_for(secs(15));
        // One or another may just have come back to ask.
        let connected = stats(&world).connected;
        ensure(
            &world,
            connected <= ENTRIES + 2,
            "there are few entry peers",
        );
    }
}

#[test]
fn a_server_that_comes_back_is_not_overrun() {
    for seed in replay::seeds(0..2) {
        let (mut world, _) = released_mesh(seed, 24);
        let entries = stats(&world).connected;
        world.kill_server();
        let before = world.counters().sockets;
        world.run_for(secs(1200));
        // Entry peers try about every 22 s; each of the others once in 50 minutes.
        let attempts = world.counters().sockets - before;
        ensure(
            &world,
            attempts <= entries * 1200 / 15 + 40,
            "only those who were there try to come back",
        );
        world.start_server();
        world.run_for(secs(40));
        let after = stats(&world);
        ensure(
            &world,
            // Should there be one too many, the server lets an eighth go.
            after.entry_peers >= ENTRIES - 1 && after.admitted <= entries + 4,
            &format!("the entry peers are back, and few others: {after:?}"),
        );
        for _ in 0..5 {
            world.add_peer(config());
        }
        until_mesh(&mut world, secs(30));
    }
}

#[test]
fn a_server_that_lost_its_entry_peers_gets_others() {
    for seed in replay::seeds(0..2) {
        let (mut world, _) = released_mesh(seed, 24);
        for peer in at_server(&world) {
            world.close(peer);
        }
        world.run_for(secs(2));
        ensure(&world, stats(&world).connected == 0, "nobody is left");
        // Comes to an empty server, and is to find the network all the same.
        world.add_peer(config());
        world.add_peer(config());
        until_mesh(&mut world, secs(600));
        must(
            world.run_until_condition("the server has entry peers", secs(3000), |world| {
                stats(world).entry_peers >= ENTRIES / 2
            }),
        );
    }
}

#[test]
fn a_released_peer_that_loses_its_links_comes_back_at_once() {
    for seed in replay::seeds(0..10) {
        let mut world = world(seed, 1);
        let peers = world.add_peers(2);
        until_mesh(&mut world, secs(30));
        world.run_for(secs(30));
        let kept = at_server(&world);
        ensure(&world, kept.len() == 1, "one was released");
        let released = peers.into_iter().find(|peer| !kept.contains(peer)).unwrap();
        world.vanish(kept[0]);
        must(world.run_until_condition("it is back", secs(30), |world| {
            at_server(world).contains(&released)
        }));
        world.add_peer(config());
        until_mesh(&mut world, secs(90));
        let state = world.look(released).unwrap().state();
        ensure(&world, state == State::Online, "it is in the network again");
        must(check::no_leaks(&world));
    }
}

#[test]
fn released_peers_are_back_before_their_credentials_end() {
    const COUNT: usize = 24;
    for seed in replay::seeds(0..2) {
        let mut world = world(seed, ENTRIES);
        world.server_config_mut().turn = Some(TurnConfig {
            urls: vec!["turn:turn.example".to_owned()],
            secret: TurnSecret::new("north"),
            lifetime: secs(240),
        });
        world.restart_server();
        let peers: Vec<_> = (0..COUNT).map(|_| world.add_peer(config())).collect();
        until_mesh(&mut world, secs(60));
        // Each by its own account: the server has let go of it a little earlier.
        let sockets = |world: &World| peers.iter().filter(|peer| world.has_socket(**peer)).count();
        must(world.run_until_condition(
            "all but the entry peers are released",
            secs(30),
            |world| sockets(world) <= ENTRIES as usize,
        ));
        let released = COUNT - sockets(&world);
        let before = world.counters().sockets;
        world.run_for(secs(250));
        // Without credentials, most would come back later than that.
        let back = world.counters().sockets - before;
        ensure(&world, back >= released as u64, "each has come back");
    }
}
