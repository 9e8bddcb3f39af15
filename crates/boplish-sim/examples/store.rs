//! A ring of so many peers (the first argument, else 1,000) whose sessions have a median of so many
//! seconds (the second, else 300) stores so many records (the third, else 1,000) for so many minutes
//! (the fourth, else 30), with a seed (the fifth, else 1): how fast records are stored and read,
//! whether one is lost, and what keeping them costs.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod shared;

use core::time::Duration;

use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_core::{Config, StoreConfig};
use boplish_sim::overlay::{Ask, Ended, Overlay, Stored};
use boplish_sim::{FrameKind, NetworkConfig};

use shared::{resident, spent};

/// Bytes of a record's value: a key, a size and a hash, say.
const BYTES: usize = 200;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u64| {
        let argument = arguments.next();
        argument.map_or(otherwise, |it| it.parse().expect("a number"))
    };
    let (peers, median, records) = (number(1_000), number(300), number(1_000));
    let (minutes, seed) = (number(30), number(1));
    let config = Config {
        router: RouterConfig::Chord(ChordConfig::default()),
        ..Config::default()
    };
    let mut overlay = Overlay::new(seed, NetworkConfig::internet(), config);
    overlay.set_store(StoreConfig::default());
    overlay.add_peers(peers as usize, Duration::from_millis(20));
    overlay.run_for(Duration::from_millis(20) * peers as u32 + Duration::from_secs(90));
    overlay.set_churn(Some(Duration::from_secs(median)));
    overlay.run_for(Duration::from_secs(120));
    let start = spent();

    let life = Duration::from_secs(minutes * 60 + 3_600);
    let pause = Duration::from_secs(60) / records.max(1) as u32;
    for _ in 0..records {
        overlay.put(BYTES, life);
        overlay.run_for(pause);
    }
    overlay.run_for(Duration::from_secs(30));
    let stored = overlay.records().acknowledged().len();
    println!("{stored} of {records} records are stored");
    tell(&overlay, Ask::Put);

    let (before, began) = (overlay.world.counters(), overlay.world.now());
    for turn in 0..minutes * 60 * 4 {
        overlay.get(turn % 2 == 0);
        overlay.run_for(Duration::from_millis(250));
    }
    overlay.run_for(Duration::from_secs(30));
    let seconds = overlay.world.now().since(began).as_secs_f64();
    let after = overlay.world.counters();
    let kind = FrameKind::Application;
    let bytes = after[kind].bytes - before[kind].bytes;
    let members = overlay.members().len().max(1) as f64;
    let of = |what| tell(&overlay, what);
    [Ask::QuickGet, Ask::Get].into_iter().for_each(of);
    println!(
        "{:.0} B/s per peer for the store, reads included; {:.1} records on each",
        bytes as f64 / seconds / members,
        held(&overlay),
    );

    let keys = overlay.records().acknowledged();
    let copies: Vec<usize> = keys.iter().map(|key| copies(&overlay, *key)).collect();
    let lost = copies.iter().filter(|count| **count == 0).count();
    let least = copies.iter().min().copied().unwrap_or(0);
    let mean = copies.iter().sum::<usize>() as f64 / copies.len().max(1) as f64;
    let days = stored as f64 * seconds / 86_400.0;
    println!("{lost} lost in {days:.1} key-days; {mean:.2} copies of each, at least {least}");
    println!(
        "{:.0?} on a processor, {} bytes per peer",
        spent() - start,
        resident() / members as u64,
    );
}

fn tell(overlay: &Overlay, what: Ask) {
    let done = overlay.records().done();
    let of_kind: Vec<&Stored> = done.iter().filter(|it| it.what == what).collect();
    let count = |ended| of_kind.iter().filter(|it| it.ended == ended).count();
    let (missing, failed) = (count(Ended::Missing), count(Ended::Failed));
    let right = of_kind.iter().filter(|it| it.ended == Ended::Right);
    let mut took: Vec<Duration> = right.map(|it| it.took).collect();
    took.sort_unstable();
    let at = |share: usize| took.get(took.len() * share / 100).copied();
    println!(
        "{what:?}: {} right, {missing} missing, {failed} failed; median {:.0?}, 95 % within {:.0?}",
        took.len(),
        at(50).unwrap_or_default(),
        at(95).unwrap_or_default(),
    );
}

fn copies(overlay: &Overlay, key: boplish_core::wire::PeerId) -> usize {
    let living = overlay.world.living();
    let nodes = living.iter().filter_map(|peer| overlay.world.look(*peer));
    nodes
        .filter(|node| node.stored_here(&key).is_some())
        .count()
}

fn held(overlay: &Overlay) -> f64 {
    let living = overlay.world.living();
    let nodes = living.iter().filter_map(|peer| overlay.world.look(*peer));
    let records: usize = nodes.map(|node| node.stored().0).sum();
    records as f64 / living.len().max(1) as f64
}
