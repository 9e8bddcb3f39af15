//! A yardstick for the simulator: a mesh of so many peers (the first argument, else 300) for so
//! many virtual seconds (the second, else 60), in events per second and bytes per peer.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod shared;

use core::time::Duration;
use std::sync::Arc;

use boplish_core::Config;
use boplish_sim::{NetworkConfig, World};

use shared::{resident, spent};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| {
        let argument = arguments.next();
        argument.map_or(otherwise, |it| it.parse().expect("a number"))
    };
    let (peers, seconds) = (number(300), number(60));
    let before = resident();
    let start = spent();
    let mut world = World::new(1, NetworkConfig::default());
    for _ in 0..peers {
        let mut config = Config::default();
        Arc::make_mut(&mut config.link).max_links = peers as usize;
        world.add_peer(config);
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(60));
    report("built", &world, start, 0);
    let (start, steps) = (spent(), world.counters().steps);
    world.run_for(Duration::from_secs(seconds));
    report("idle", &world, start, steps);
    let links = world.open_connections().len() as u64;
    let bytes = resident().saturating_sub(before);
    println!(
        "{links} links, {} bytes per peer, {} per link",
        bytes / peers.max(1),
        bytes / links.max(1)
    );
    println!("trace {:016x}", world.trace_hash());
}

fn report(what: &str, world: &World, start: Duration, before: u64) {
    let (took, steps) = (spent() - start, world.counters().steps - before);
    println!(
        "{what}: {steps} events in {took:.1?}, {:.0} per second; {:?} of virtual time",
        steps as f64 / took.as_secs_f64(),
        world.now()
    );
}
