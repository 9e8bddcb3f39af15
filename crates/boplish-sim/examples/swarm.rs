//! Very many small rings under churn, judged after every step: what `cargo xtask swarm` runs.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use boplish_sim::ring::{Mode, Outcome, Settings, run};

/// What the command line asks for.
struct Task {
    settings: Settings,
    /// Churn events in all, unless seeds are named.
    events: u64,
    seeds: Option<Range<u64>>,
    seconds: Option<u64>,
    jobs: u64,
    /// The options that a replay needs, too.
    kind: String,
}

#[derive(Default)]
struct Sum {
    seeds: u64,
    joins: u64,
    leaves: u64,
    failures: u64,
    silences: u64,
    spared: u64,
    steps: u64,
    lookups: u64,
    scarcities: u64,
    slowest: Duration,
    time: Duration,
    violations: Vec<(u64, String)>,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Ok(task) => carry_out(&task),
        Err(wrong) => {
            eprintln!("swarm: {wrong}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut task = Task {
        settings: Settings::default(),
        events: 100_000,
        seeds: None,
        seconds: None,
        jobs: 1,
        kind: String::new(),
    };
    while let Some(word) = words.next() {
        if word == "--silences" {
            task.settings.mode = Mode::Silences;
            task.kind.push_str(" --silences");
            continue;
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value"))?;
        let number = |text: &str| {
            let bad = |_| format!("{word}: {text} is no number");
            text.parse::<u64>().map_err(bad)
        };
        match word.as_str() {
            "--events" => task.events = number(&value)?,
            "--seconds" => task.seconds = Some(number(&value)?),
            "--jobs" => task.jobs = number(&value)?.max(1),
            "--seeds" => {
                let (from, to) = value.split_once("..").ok_or("--seeds needs A..B")?;
                task.seeds = Some(number(from)?..number(to)?);
            }
            "--replay" => {
                let seed = number(&value)?;
                task.seeds = Some(seed..seed + 1);
                task.settings.trace = true;
            }
            "--r" => {
                let depths = value.split(',').map(|it| number(it).map(|it| it as usize));
                task.settings.depths = depths.collect::<Result<_, _>>()?;
                if task.settings.depths.iter().any(|it| !(2..=16).contains(it)) {
                    return Err("--r: from 2 to 16".into());
                }
                task.kind.push_str(&format!(" --r {value}"));
            }
            _ => return Err(format!("{word} is unknown")),
        }
    }
    Ok(task)
}

fn carry_out(task: &Task) -> ExitCode {
    let start = Instant::now();
    let limit = task.seconds.map(Duration::from_secs);
    let first = task.seeds.as_ref().map_or(0, |it| it.start);
    let next = AtomicU64::new(first);
    let events = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let sum = Mutex::new(Sum::default());
    let work = || {
        while !is_over.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let outside = task.seeds.as_ref().is_some_and(|it| !it.contains(&seed));
            let enough = task.seeds.is_none() && events.load(Ordering::Relaxed) >= task.events;
            let late = limit.is_some_and(|it| start.elapsed() >= it);
            if outside || enough || late {
                is_over.store(true, Ordering::Relaxed);
                return;
            }
            let outcome = run(seed, &task.settings);
            let done = outcome.churn.events();
            let before = events.fetch_add(done, Ordering::Relaxed);
            let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
            sum.add(seed, &outcome, &task.kind);
            if (before + done) / 500_000 != before / 500_000 {
                sum.tell(start.elapsed());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..task.jobs {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.tell(start.elapsed());
    match sum.violations.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: &Outcome, kind: &str) {
        self.seeds += 1;
        self.joins += outcome.churn.joins;
        self.leaves += outcome.churn.leaves;
        self.failures += outcome.churn.failures;
        self.silences += outcome.churn.silences;
        self.spared += outcome.churn.spared;
        self.steps += outcome.steps;
        self.lookups += outcome.lookups;
        self.scarcities += outcome.scarcities;
        self.slowest = self.slowest.max(outcome.slowest);
        self.time += outcome.time;
        if let Some((at, violation)) = &outcome.violation {
            println!("seed {seed} at {at:?}: {violation}");
            println!("  replay: cargo xtask swarm --replay {seed}{kind}");
            self.violations.push((seed, violation.to_string()));
        }
    }

    fn tell(&self, elapsed: Duration) {
        let events = self.joins + self.leaves + self.failures + self.silences;
        let seconds = elapsed.as_secs_f64();
        println!(
            "{events} churn events ({} joins, {} leaves, {} failures, {} silences; {} spared) \
             with {} seeds in {seconds:.1} s: {:.0} events/s, {:.0} steps/s; {:.1} virtual hours; \
             {} lookups right; perfect again after at most {:.1} s; {} steps to too few principals; \
             {} violations",
            self.joins,
            self.leaves,
            self.failures,
            self.silences,
            self.spared,
            self.seeds,
            events as f64 / seconds,
            self.steps as f64 / seconds,
            self.time.as_secs_f64() / 3600.0,
            self.lookups,
            self.slowest.as_secs_f64(),
            self.scarcities,
            self.violations.len(),
        );
    }
}
