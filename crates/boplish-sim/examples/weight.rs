//! What the core of a peer keeps in memory: bytes on the heap that are free again when it is
//! dropped, itself included. A ring of so many peers (the first argument, else 1,000) with so many
//! links each (the second, else 34), built by the protocol, in which each peer has asked and
//! carried for minutes. Fails above the limit.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use core::time::Duration;
use std::process::ExitCode;

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::NetworkConfig;
use boplish_sim::overlay::Overlay;
use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// Bytes that a peer may take without its WebRTC stack.
const LIMIT: usize = 64 * 1024;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| {
        let argument = arguments.next();
        argument.map_or(otherwise, |it| it.parse().expect("a number"))
    };
    let (peers, budget) = (number(1_000), number(34));
    let config = Config {
        router: RouterConfig::Chord(ChordConfig {
            budget,
            ..ChordConfig::default()
        }),
        ..Config::default()
    };
    let mut overlay = Overlay::new(1, NetworkConfig::internet(), config);
    overlay.world.keep_tables_apart();
    let pause = Duration::from_millis(50).min(Duration::from_secs(100) / peers as u32);
    overlay.add_peers(peers, pause);
    overlay.run_for(pause * peers as u32 + Duration::from_secs(240));
    overlay.set_lookups(peers as f64);
    overlay.run_for(Duration::from_secs(60));
    let lookups = overlay.lookups().done().len();
    // In the middle of it, as a peer of a running network is.
    let living = overlay.world.living();
    let links = 2 * overlay.world.open_connections().len() / living.len();
    let mut weights: Vec<usize> = living
        .into_iter()
        .map(|peer| {
            let node = overlay.world.take_node(peer);
            let before = ALLOCATOR.allocated();
            drop(node);
            before - ALLOCATOR.allocated()
        })
        .collect();
    weights.sort_unstable();
    let mean = weights.iter().sum::<usize>() / weights.len();
    let most = weights.last().copied().unwrap_or(0);
    println!(
        "{} peers, {links} links each, {lookups} lookups: a core keeps {mean} bytes on average, {} in the median, {most} at most",
        weights.len(),
        weights[weights.len() / 2],
    );
    match most <= LIMIT {
        true => ExitCode::SUCCESS,
        false => {
            eprintln!("that is more than {LIMIT} bytes");
            ExitCode::FAILURE
        }
    }
}
