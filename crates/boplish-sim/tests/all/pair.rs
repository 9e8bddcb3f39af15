//! Two peers: whatever crosses whatever on the way, they end with exactly one link.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::{Config, Event};
use boplish_sim::{Delay, NetworkConfig, Random, World, check, replay};

#[test]
fn two_peers_that_join_one_after_the_other_are_linked() {
    for seed in replay::seeds(0..20) {
        let mut world = World::new(seed, NetworkConfig::default());
        world.add_peer(Config::default());
        world.run_for(secs(3));
        world.add_peer(Config::default());
        until_mesh(&mut world, secs(10));
    }
}

#[test]
fn two_peers_that_join_at_once_are_linked() {
    for seed in replay::seeds(0..20) {
        let mut world = World::new(seed, NetworkConfig::default());
        world.add_peers(2);
        until_mesh(&mut world, secs(45));
    }
}

#[test]
fn the_first_peer_is_alone_until_the_next_one_comes() {
    let mut world = World::new(1, NetworkConfig::default());
    let first = world.add_peer(Config::default());
    world.run_for(secs(5));
    let state = world.look(first).unwrap().state();
    assert_eq!(state, boplish_core::State::Alone);
    world.add_peer(Config::default());
    until_mesh(&mut world, secs(10));
    let state = world.look(first).unwrap().state();
    assert_eq!(state, boplish_core::State::Online);
}

/// Delays of another kind for each seed, so that every order of things comes up. A whole set-up
/// stays below the handshake's time-out, or no protocol could end it.
fn schedule(random: &mut Random) -> NetworkConfig {
    let upto = |random: &mut Random, most: &[u64]| {
        let most = random.pick(most).expect("there are choices");
        Delay::millis(0, *most)
    };
    NetworkConfig {
        distance: upto(random, &[1, 20, 100, 400]),
        jitter: upto(random, &[1, 20, 100, 200]),
        server: upto(random, &[1, 20, 100, 400, 1_500]),
        describe: upto(random, &[1, 20, 100, 400, 1_500]),
        gather: upto(random, &[1, 20, 100, 400]),
        open_skew: upto(random, &[1, 20, 100, 400, 1_500]),
        ..NetworkConfig::default()
    }
}

/// Both peers' first offers cross at the server.
fn bootstrapping_glare(seed: u64) {
    let mut random = Random::new(seed ^ 0xB007);
    let mut world = World::new(seed, schedule(&mut random));
    world.add_peer(Config::default());
    let most = [0, 5, 50, 500, 2_000][random.below(5) as usize];
    world.run_for(millis(random.below(most + 1)));
    world.add_peer(Config::default());
    ends_with_one_link(&mut world);
}

/// Two members of a network whose link broke offer each other a new one at the same time.
fn regular_glare(seed: u64) {
    let mut random = Random::new(seed ^ 0x61A2);
    let mut world = World::new(seed, NetworkConfig::default());
    let peers = world.add_peers(3);
    until_mesh(&mut world, secs(60));
    *world.network_mut() = schedule(&mut random);
    if random.chance(500) {
        // All signaling goes over the third peer.
        world.kill_server();
        world.run_for(secs(1));
    }
    let most = [0, 5, 50, 500, 2_000][random.below(5) as usize];
    world.break_link(peers[0], peers[1], millis(random.below(most + 1)));
    ends_with_one_link(&mut world);
}

fn ends_with_one_link(world: &mut World) {
    let one_each = |world: &World| {
        let mut links = world.open_connections();
        let all = links.len();
        links.dedup();
        all == links.len()
    };
    must(world.run_until_quiet(secs(20), secs(120)));
    ensure(world, one_each(world), "no two peers have two links");
    must(check::mesh_complete(world));
    must(check::no_leaks(world));
}

fn glare(test: fn(u64), part: u64) {
    for seed in replay::seeds(part * 2_500..(part + 1) * 2_500) {
        test(seed);
    }
}

#[test]
fn offers_that_cross_while_bootstrapping_end_in_one_link_1() {
    glare(bootstrapping_glare, 0);
}

#[test]
fn offers_that_cross_while_bootstrapping_end_in_one_link_2() {
    glare(bootstrapping_glare, 1);
}

#[test]
fn offers_that_cross_between_members_end_in_one_link_1() {
    glare(regular_glare, 0);
}

#[test]
fn offers_that_cross_between_members_end_in_one_link_2() {
    glare(regular_glare, 1);
}

#[test]
fn glare_on_a_good_network_costs_no_disturbance() {
    for seed in replay::seeds(0..200) {
        let mut world = World::new(seed, NetworkConfig::default());
        let peers = world.add_peers(2);
        must(world.run_until_quiet(secs(20), secs(120)));
        for peer in peers {
            let ups = count(&world, peer, |event| {
                matches!(event, Event::PeerConnected(_))
            });
            ensure(&world, ups == 1, "the link comes up once");
            let downs = count(&world, peer, is_disconnect);
            ensure(&world, downs == 0, "and never goes down");
        }
    }
}
