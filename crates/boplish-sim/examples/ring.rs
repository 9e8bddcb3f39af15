//! A ring of so many peers (the first argument, else 1,000) with so many links each (the second,
//! else 34), built by the protocol: how fast, how big, how many hops.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod shared;

use core::time::Duration;

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::overlay::{LookupSummary, Overlay};
use boplish_sim::{FrameKind, NetworkConfig};

use shared::{resident, spent};

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
        ..Config::default()
    };
    let before = resident();
    let mut overlay = Overlay::new(seed, NetworkConfig::internet(), config);
    // As many come in a second as keeps the joins within 100 s, or one peer in 50 ms.
    let pause = Duration::from_millis(50).min(Duration::from_secs(100) / peers as u32);
    overlay.add_peers(peers, pause);
    report(&mut overlay, "joins", pause * peers as u32);
    for _ in 0..4 {
        report(&mut overlay, "quiet", Duration::from_secs(60));
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
