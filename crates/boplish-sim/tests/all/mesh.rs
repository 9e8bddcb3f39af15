//! Many peers: the mesh is complete, whoever joins when, and does not need the server.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::{Config, Event};
use boplish_sim::scenario::{Hostile, hostile_then_healed};
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

fn twenty_at_once(seed: u64) {
    let mut world = World::new(seed, NetworkConfig::default());
    world.add_peers(20);
    until_mesh(&mut world, secs(60));
    ensure(
        &world,
        world.open_connections().len() == 190,
        "there are 190 links",
    );
    // And it stays so.
    world.run_for(secs(30));
    until_mesh(&mut world, secs(0));
}

#[test]
fn twenty_peers_that_join_at_once_form_a_complete_mesh_1() {
    replay::seeds(0..25).for_each(twenty_at_once);
}

#[test]
fn twenty_peers_that_join_at_once_form_a_complete_mesh_2() {
    replay::seeds(25..50).for_each(twenty_at_once);
}

#[test]
fn the_link_that_figure_4_4_misses_is_made() {
    for seed in replay::seeds(0..50) {
        // p1 and p4 are there; p2 and p3 join in parallel, often over different ones of them.
        let (mut world, _) = mesh_of(2, seed);
        world.add_peers(2);
        until_mesh(&mut world, secs(30));
        ensure(
            &world,
            world.open_connections().len() == 6,
            "there are 6 links",
        );
    }
}

#[test]
fn peers_that_join_one_by_one_form_a_complete_mesh() {
    for seed in replay::seeds(0..5) {
        let mut world = World::new(seed, NetworkConfig::default());
        let mut random = world.fork_random();
        for _ in 0..15 {
            world.add_peer(Config::default());
            world.run_for(millis(random.below(3_000)));
        }
        until_mesh(&mut world, secs(60));
    }
}

#[test]
fn peers_join_a_bad_network_too() {
    for seed in replay::seeds(0..10) {
        let mut world = World::new(seed, NetworkConfig::hostile());
        world.add_peers(8);
        until_mesh(&mut world, secs(120));
    }
}

fn all_pairs_talk(world: &mut World, peers: &[PeerHandle]) {
    let mut sent = Vec::new();
    for a in peers {
        for b in peers {
            if a != b {
                let to = world.id(*b);
                let talk = (protocol("talk"), json(r#"{"hello":"you"}"#));
                let id = world.node(*a, |node, now| node.send(now, to, talk.0, talk.1));
                sent.push((*a, id.unwrap()));
            }
        }
    }
    for (peer, id) in sent {
        until_event(
            world,
            peer,
            secs(20),
            "a message is acknowledged",
            |event| *event == Event::Delivered(id),
        );
    }
}

#[test]
fn the_network_lives_on_when_the_server_dies_and_takes_newcomers_when_it_is_back() {
    for seed in replay::seeds(0..5) {
        let (mut world, mut peers) = mesh_of(8, seed);
        all_pairs_talk(&mut world, &peers);
        world.kill_server();
        world.run_for(secs(120));
        until_mesh(&mut world, secs(0));
        all_pairs_talk(&mut world, &peers);
        // Newcomers wait while it is dead.
        peers.push(world.add_peer(Config::default()));
        world.run_for(secs(40));
        ensure(
            &world,
            world.open_connections().len() == 28,
            "nobody can join",
        );
        world.start_server();
        peers.push(world.add_peer(Config::default()));
        until_mesh(&mut world, secs(90));
        all_pairs_talk(&mut world, &peers);
    }
}

#[test]
fn a_lost_link_is_made_again_without_the_server() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(5, seed);
        world.kill_server();
        world.run_for(secs(5));
        world.break_link(peers[0], peers[1], millis(30));
        until_mesh(&mut world, secs(60));
    }
}

#[test]
fn a_split_network_becomes_one_again() {
    for seed in replay::seeds(0..5) {
        let (mut world, peers) = mesh_of(8, seed);
        world.partition(&[&peers[..4], &peers[4..]], None);
        world.run_for(secs(120));
        ensure(
            &world,
            world.open_connections().len() == 12,
            "there are two meshes of four",
        );
        world.heal();
        until_mesh(&mut world, secs(120));
    }
}

#[test]
fn after_hostile_times_the_mesh_is_complete() {
    for seed in replay::seeds(0..100) {
        hostile_then_healed(seed, &Hostile::default());
    }
}
