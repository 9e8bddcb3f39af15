//! A ring of so many peers (the first argument, else 1,000) with so many links each (the second,
//! else 34), from an ordered start: how fast, how big, how many hops.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use core::time::Duration;

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::overlay::{LookupSummary, Overlay, Plan};
use boplish_sim::{FrameKind, NetworkConfig};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| {
        let argument = arguments.next();
        argument.map_or(otherwise, |it| it.parse().expect("a number"))
    };
    let (peers, budget, seed) = (number(1_000), number(34), number(1) as u64);
    let config = Config {
        router: RouterConfig::Chord(ChordConfig {
            budget,
            ..ChordConfig::default()
        }),
        bootstrap: false,
        ..Config::default()
    };
    let before = resident();
    let mut overlay = Overlay::new(seed, NetworkConfig::internet(), config);
    let start = spent();
    overlay.start_in_order(&Plan {
        peers: peers as u32,
        budget: budget as u32,
        near: 4,
        successors: 8,
    });
    let bytes = resident().saturating_sub(before) / peers as u64;
    println!("started in {:.1?}, {bytes} bytes per peer", spent() - start);
    println!("{:?}", overlay.world.population());
    for _ in 0..4 {
        report(&mut overlay, "quiet", Duration::from_secs(30));
    }
    overlay.set_lookups(200.0);
    report(&mut overlay, "lookups", Duration::from_secs(60));
    overlay.set_lookups(0.0);
    overlay.run_for(Duration::from_secs(20));
    println!("{:#?}", LookupSummary::of(overlay.lookups().done()));
    let bytes = resident().saturating_sub(before);
    println!("{} bytes per peer", bytes / peers.max(1) as u64);
    println!("{:?}", overlay.world.population());
    println!("trace {:016x}", overlay.world.trace_hash());
}

fn report(overlay: &mut Overlay, what: &str, duration: Duration) {
    let (start, before) = (spent(), overlay.world.counters());
    overlay.run_for(duration);
    let (took, after) = (spent() - start, overlay.world.counters());
    let steps = after.steps - before.steps;
    println!(
        "{what}: {:?}, {} members, {} misled, {} links, {} bytes per peer; {steps} events in {took:.1?}, {:.0} per second",
        overlay.world.now(),
        overlay.members().len(),
        overlay.misled().len(),
        overlay.world.open_connections().len(),
        resident() / overlay.world.peers().len().max(1) as u64,
        steps as f64 / took.as_secs_f64(),
    );
    let per = overlay.world.living().len() as f64 * duration.as_secs_f64();
    let kinds = FrameKind::ALL.map(|kind| {
        let bytes = (after[kind] - before[kind]).bytes as f64 / per;
        (bytes >= 0.05).then(|| format!("{kind:?} {bytes:.1}"))
    });
    let kinds: Vec<_> = kinds.into_iter().flatten().collect();
    println!("  bytes per peer and second: {}", kinds.join(", "));
}

/// Time on a processor, as Linux tells; others may want the machine, too.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = stat
        .split_whitespace()
        .next()
        .and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Bytes of memory in use, as Linux tells.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    digits.and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) * 1024
}
