//! `cargo xtask bench server`: the bootstrap server beside others of its kind, in one run.
//!
//! Every round measures every server once, one after the other, so that whatever else the machine
//! does meets all of them. The server has one core, and the load another.

mod measure;
mod peers;
mod results;
mod running;
mod soak;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::workspace;
use measure::Plan;
use peers::{Peer, Programs};
use results::Results;

/// What `cargo xtask bench` can be told.
#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// Memory, accepts, messages and latency of the bootstrap server and its peers.
    Server(Options),
}

/// What `cargo xtask bench server` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Measure nothing else; may be given several times.
    #[arg(long)]
    only: Vec<Peer>,
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections to each server.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Seconds of each measurement of messages.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Check in seconds that everything runs, with our own programs alone; the numbers mean
    /// nothing.
    #[arg(long)]
    quick: bool,
    /// Load our server with half of what it can bear instead, for so long, such as 60m or 90s, and
    /// report its memory.
    #[arg(long, value_parser = soak::duration)]
    soak: Option<Duration>,
}

pub(crate) fn run(bench: &Bench) -> Result<()> {
    let Bench::Server(options) = bench;
    ensure!(
        cfg!(target_os = "linux"),
        "this bench reads /proc: run it on Linux"
    );
    if options.quick {
        return quick();
    }
    let plan = Plan {
        connections: options.connections,
        seconds: options.seconds,
        rate: 10_000,
    };
    if let Some(duration) = options.soak {
        let programs = Programs::build(&[Peer::Boplish])?;
        let report = soak::run(&programs, &plan, duration)?;
        return write("soak.md", &report);
    }
    let peers = if options.only.is_empty() {
        Peer::ALL.to_vec()
    } else {
        options.only.clone()
    };
    let programs = Programs::build(&peers)?;
    let results = measure_all(&programs, &peers, options.rounds, &plan)?;
    write("server.md", &results.table(&plan))
}

/// What `cargo xtask test` runs: whether everything works, whatever the time it takes.
pub(crate) fn quick() -> Result<()> {
    let plan = Plan {
        connections: 200,
        seconds: 1,
        rate: 500,
    };
    let programs = Programs::build_for_tests()?;
    let peers = [Peer::Boplish, Peer::Proven, Peer::Relay];
    let results = measure_all(&programs, &peers, 1, &plan)?;
    println!("{}", results.table(&plan));
    Ok(())
}

fn measure_all(programs: &Programs, peers: &[Peer], rounds: usize, plan: &Plan) -> Result<Results> {
    let mut results = Results::default();
    for round in 1..=rounds.max(1) {
        for &peer in peers {
            let sample = measure::everything(programs, peer, plan)
                .with_context(|| format!("{} in round {round}", peer.title()))?;
            println!("round {round}: {}: {sample}", peer.title());
            results.add(peer, sample);
        }
        for peer in [Peer::Boplish, Peer::Relay] {
            if !peers.contains(&peer) {
                continue;
            }
            let (few, many) = measure::anyone(programs, peer, plan)?;
            let title = peer.title();
            println!("round {round}: {title}: to a random client: {few:.0}/s, {many:.0}/s");
            results.add_anyone(peer, few, many);
        }
    }
    Ok(results)
}

/// Prints a report, and keeps it.
fn write(name: &str, report: &str) -> Result<()> {
    let folder = workspace::target().join("bench/results");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    fs::write(&path, report).with_context(|| format!("cannot write {}", path.display()))?;
    println!("\n{report}\nwritten to {}", path.display());
    Ok(())
}
