//! Peers that have to work before the bootstrap server lets them in.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::{Config, Input};
use boplish_directory::ProofOfWork;
use boplish_sim::{NetworkConfig, World, replay};

fn world(seed: u64, proof_of_work: ProofOfWork) -> World {
    let mut world = World::new(seed, NetworkConfig::default());
    let config = world.server_config_mut();
    config.proof_of_work = proof_of_work;
    config.limits.joins_without_work = 2;
    world.restart_server();
    world
}

#[test]
fn peers_do_the_work_and_join() {
    for seed in replay::seeds(0..2) {
        let mut world = world(seed, ProofOfWork::Always(12));
        let peers = [(); 3].map(|()| world.add_peer(Config::default()));
        // A page that nobody looks at has fewer timers, and makes more attempts at each.
        world.node(peers[0], |node, now| {
            node.handle_input(now, Input::Visibility { hidden: true });
        });
        until_mesh(&mut world, secs(30));
        let stats = world.server_stats().unwrap();
        assert_eq!((stats.admitted, stats.refused), (3, 0));
    }
}

#[test]
fn a_crowd_works_and_joins() {
    for seed in replay::seeds(0..2) {
        let mut world = world(seed, ProofOfWork::Auto);
        for _ in 0..12 {
            world.add_peer(Config::default());
        }
        until_mesh(&mut world, secs(60));
        let stats = world.server_stats().unwrap();
        assert_eq!((stats.admitted, stats.refused), (12, 0));
    }
}
