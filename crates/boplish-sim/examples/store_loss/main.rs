//! How often the network loses a record, by the number of replicas and the length of sessions.
//!
//! `run PEERS KEYS MEDIAN REPLICAS HOURS [SEED]`: so many peers, whose sessions have a median of so
//! many seconds and end without a word, keep so many records for so many hours. Nobody publishes
//! them again. One line comes of it, with the columns that `head` prints.
//!
//! `table FILE` and `plot FILE` put such lines beside what the model says, as Markdown and as SVG.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks"
)]

mod model;
mod plot;

use core::time::Duration;
use std::collections::BTreeSet;

use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_core::wire::PeerId;
use boplish_core::{Config, StoreConfig};
use boplish_sim::NetworkConfig;
use boplish_sim::overlay::{Overlay, Plan, RecordShape};

const HEAD: &str = "median_s,replicas,peers,keys,hours,seed,key_days,lost,incidents,copies";

/// Records that are published per second, at most.
const WRITES: u32 = 100;

/// From one line about how far it is to the next, in looks.
const NOTE: u64 = 30;

const DAY: f64 = 86_400.0;

struct Run {
    peers: u32,
    keys: usize,
    median: u64,
    replicas: usize,
    hours: f64,
    seed: u64,
}

/// What became of the records so far.
#[derive(Default)]
struct Losses {
    key_days: f64,
    is_lost: Vec<bool>,
    lost: usize,
    /// Records that one peer would own are lost together, and count once.
    incidents: usize,
    /// The sum of the means of all looks.
    copies: f64,
    looks: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["head"] => println!("{HEAD}"),
        ["plot", file] => print!("{}", plot::draw(&rows(file))),
        ["table", file] => print!("{}", model::table(&rows(file))),
        ["run", peers, keys, median, replicas, hours, ref seed @ ..] => {
            let seed = seed.first().map_or(1, |it| number(it) as u64);
            measure(&Run {
                peers: number(peers) as u32,
                keys: number(keys) as usize,
                median: number(median) as u64,
                replicas: number(replicas) as usize,
                hours: number(hours),
                seed,
            });
        }
        _ => eprintln!("run PEERS KEYS MEDIAN REPLICAS HOURS [SEED], table FILE, plot FILE, head"),
    }
}

fn rows(file: &str) -> model::Rows {
    model::rows(&std::fs::read_to_string(file).expect("a file with lines of runs"))
}

fn number(text: &str) -> f64 {
    text.parse().expect("a number")
}

fn measure(run: &Run) {
    let mut overlay = network(run);
    let mut losses = Losses::default();
    let mut left = run.keys as u32;
    // Between two looks at all copies; a twentieth of the mean session.
    let pause = (run.median / 5).max(1);
    let all = (run.hours * 3600.0) as u64 / pause;
    while losses.looks < all {
        for _ in 0..pause {
            let count = WRITES.min(left);
            for _ in 0..count {
                overlay.put();
                overlay.run_for(Duration::from_secs(1) / WRITES);
            }
            left -= count;
            overlay.run_for(Duration::from_secs(1) / WRITES * (WRITES - count));
        }
        losses.look(&overlay, pause as f64);
        if losses.looks.is_multiple_of(NOTE) {
            eprintln!("{} of {all}: {}", losses.looks, losses.line(run));
        }
    }
    println!("{}", losses.line(run));
}

/// A ring under churn, without records.
fn network(run: &Run) -> Overlay {
    let chord = ChordConfig::default();
    let plan = Plan {
        peers: run.peers,
        budget: (chord.budget - chord.reserve) as u32,
        near: chord.ring_links as u32,
        successors: chord.successors as u32,
    };
    let config = Config {
        router: RouterConfig::Chord(chord),
        ..Config::default()
    };
    let store = StoreConfig {
        replicas: run.replicas,
        capacity: 1 << 30,
    };
    let shape = RecordShape {
        bytes: 200,
        life: Duration::from_secs(29 * 86_400),
    };
    let mut overlay = Overlay::new(run.seed, NetworkConfig::internet(), config);
    overlay.set_store(store, shape);
    overlay.start_in_order(&plan);
    overlay.run_for(Duration::from_secs(120));
    overlay.set_churn(Some(Duration::from_secs(run.median)));
    overlay.run_for(Duration::from_secs(300));
    overlay
}

impl Losses {
    fn look(&mut self, overlay: &Overlay, seconds: f64) {
        let records = overlay.records().expect("there is a store");
        let copies = records.copies(&overlay.world);
        self.is_lost.resize(copies.len(), false);
        let mut owners: BTreeSet<Option<PeerId>> = BTreeSet::new();
        let (mut there, mut sum) = (0_u32, 0);
        let each = copies.iter().zip(records.keys());
        for (is_lost, (copies, key)) in self.is_lost.iter_mut().zip(each) {
            let copies = copies.unwrap_or(0);
            there += u32::from(copies > 0);
            sum += copies;
            if copies == 0 && !*is_lost {
                *is_lost = true;
                self.lost += 1;
                owners.insert(overlay.members().owner(key));
            }
        }
        self.incidents += owners.len();
        self.key_days += f64::from(there) * seconds / DAY;
        self.copies += f64::from(sum) / f64::from(there.max(1));
        self.looks += 1;
    }

    fn line(&self, run: &Run) -> String {
        let Run {
            peers,
            keys,
            median,
            replicas,
            hours,
            seed,
        } = run;
        let (days, lost, incidents) = (self.key_days, self.lost, self.incidents);
        let copies = self.copies / self.looks.max(1) as f64;
        format!(
            "{median},{replicas},{peers},{keys},{hours},{seed},{days:.2},{lost},{incidents},{copies:.2}"
        )
    }
}
