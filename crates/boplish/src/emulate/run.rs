//! Runs the seeds of a scenario, writes the results, and says what came of it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::backend::Backend;
use super::checks;
use super::compare::table;
use super::options::{BackendKind, EmulateOptions};
use super::progress::{Progress, Watcher};
use super::report::charts::charts;
use super::report::page::interval;
use super::report::text::{grouped, value};
use super::results::Folder;
use super::scenario::Scenario;
use super::sim::Simulation;
use super::stage::{Performed, perform};
use super::statistics::figures::{Unit, figures};
use super::statistics::samples::Samples;
use super::summary::{FORMAT, RunSummary, Summary};
use super::webrtc::{Machine, RealNetwork};
use crate::failure::Failure;

/// A run that is over.
struct Done {
    seed: u64,
    performed: Performed,
    wall_seconds: f64,
}

/// The command line, to be repeated.
struct Command<'a> {
    path: &'a Path,
    options: &'a EmulateOptions,
}

/// Runs everything. Fails if a check does, or if it was interrupted.
pub(super) fn run(
    path: &Path,
    options: &EmulateOptions,
    interrupted: &Arc<AtomicBool>,
) -> Result<(), Failure> {
    let scenario = Scenario::read(path, &options.overrides())?;
    let first = options.seed.map_or(scenario.seed, u64::from);
    let seeds: Vec<u64> = (0..u64::from(options.seeds.unwrap_or(1)))
        .map(|index| first + index)
        .collect();
    let scenario = Scenario {
        seed: first,
        ..scenario
    };
    let out = options.out.clone().unwrap_or_else(|| {
        let name = format!("{}-{}-{first}", scenario.name, scenario.backend.name());
        PathBuf::from("results").join(name)
    });
    let folder = Folder::create(&out)?;

    let progress = Progress::new(seeds.len(), Arc::clone(interrupted));
    let done = run_seeds(&scenario, &seeds, options, &progress);
    progress.done();
    let done = done?;

    let command = Command { path, options };
    let summary = summarize(&scenario, &command, first, &done);
    let samples: Vec<(u64, &Samples)> = done
        .iter()
        .map(|done| (done.seed, &done.performed.samples))
        .collect();
    folder.write(&scenario, &summary, &samples)?;
    print(&summary, &folder)?;
    if summary.cut_short {
        return Err(Failure::Interrupted);
    }
    match summary.failed().next() {
        Some(run) => Err(Failure::Runtime(format!(
            "a check has failed; to repeat it: {}",
            run.command
        ))),
        None => Ok(()),
    }
}

/// Runs the seeds, so many at a time. After an interruption, no further one begins.
fn run_seeds(
    scenario: &Scenario,
    seeds: &[u64],
    options: &EmulateOptions,
    progress: &Progress,
) -> Result<Vec<Done>, Failure> {
    let threads = match scenario.backend {
        BackendKind::Sim => options.threads.unwrap_or(1) as usize,
        // One network of real peers is all that a machine should have to carry.
        BackendKind::Webrtc => 1,
    };
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let work = || {
        while !progress.is_interrupted() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(seed) = seeds.get(index) else {
                break;
            };
            let done = run_seed(scenario, *seed, options, progress.watch(index));
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((index, done));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(seeds.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, done)| done).collect()
}

fn run_seed(
    scenario: &Scenario,
    seed: u64,
    options: &EmulateOptions,
    mut watch: Watcher<'_>,
) -> Result<Done, Failure> {
    let started = Instant::now();
    let mut backend: Box<dyn Backend> = match scenario.backend {
        BackendKind::Sim => Box::new(Simulation::new(scenario, seed)?),
        BackendKind::Webrtc => {
            let machine = Machine {
                processes: options.processes.unwrap_or(1),
                browsers: options.browsers.unwrap_or(0),
                site: options.site.clone(),
            };
            Box::new(RealNetwork::new(scenario, machine)?)
        }
    };
    let performed = perform(scenario, seed, backend.as_mut(), &mut watch)?;
    Ok(Done {
        seed,
        performed,
        wall_seconds: started.elapsed().as_secs_f64(),
    })
}

fn summarize(scenario: &Scenario, command: &Command<'_>, first: u64, done: &[Done]) -> Summary {
    let samples: Vec<&Samples> = done.iter().map(|done| &done.performed.samples).collect();
    let asked = command.options.seeds.unwrap_or(1) as usize;
    let runs: Vec<RunSummary> = done
        .iter()
        .map(|done| run_summary(scenario, command, done))
        .collect();
    Summary {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        description: scenario.description.clone(),
        backend: scenario.backend.name().to_owned(),
        router: scenario.router.describe(),
        peers: scenario.peers.count,
        command: command.repeating(first, asked),
        cut_short: done.len() < asked || runs.iter().any(|run| run.cut_short),
        figures: figures(&samples),
        charts: charts(&samples, scenario.peers.count),
        runs,
    }
}

fn run_summary(scenario: &Scenario, command: &Command<'_>, done: &Done) -> RunSummary {
    let performed = &done.performed;
    let last = performed.samples.moments.last();
    // What this process needed is that of a run only if there was no other in it, and none elsewhere.
    let options = command.options;
    let is_alone = options.seeds.unwrap_or(1) == 1 && options.processes.unwrap_or(1) == 1;
    let memory = is_alone.then(memory).flatten();
    let steps = performed.ending.steps;
    RunSummary {
        seed: done.seed,
        trace_hash: performed
            .ending
            .trace_hash
            .map(|hash| format!("{hash:016x}")),
        command: command.repeating(done.seed, 1),
        cut_short: performed.cut_short,
        seconds: last.map_or(0.0, |moment| moment.at),
        wall_seconds: done.wall_seconds,
        steps,
        steps_per_second: steps.map(|steps| steps as f64 / done.wall_seconds.max(1e-9)),
        memory_bytes: memory,
        bytes_per_peer: memory.map(|bytes| bytes as f64 / scenario.peers.count.max(1) as f64),
        verdicts: checks::judge(scenario, performed),
        figures: figures(&[&performed.samples]),
    }
}

impl Command<'_> {
    /// The command that does the same again from this seed on.
    fn repeating(&self, seed: u64, seeds: usize) -> String {
        let mut text = format!("boplish emulate {}", quoted(&self.path.to_string_lossy()));
        for change in self.options.overrides() {
            text.push_str(&format!(" {change}"));
        }
        text.push_str(&format!(" --seed {seed}"));
        if seeds > 1 {
            text.push_str(&format!(" --seeds {seeds}"));
        }
        for (flag, number) in [
            ("processes", self.options.processes),
            ("browsers", self.options.browsers),
        ] {
            if let Some(number) = number {
                text.push_str(&format!(" --{flag} {number}"));
            }
        }
        if let Some(site) = &self.options.site {
            text.push_str(&format!(" --site {}", quoted(&site.to_string_lossy())));
        }
        text
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |it: char| it.is_alphanumeric() || "/._-+:@%".contains(it);
    match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

fn print(summary: &Summary, folder: &Folder) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    let heads = ["", "mean", "95 %", "median", "95th"].map(str::to_owned);
    let mut rows = vec![heads];
    for figure in &summary.figures {
        let show = |number: Option<f64>| {
            number.map_or_else(|| "–".to_owned(), |number| value(number, figure.unit))
        };
        rows.push([
            figure.title.clone(),
            value(figure.mean, figure.unit),
            interval(figure),
            show(figure.spread.map(|spread| spread.median)),
            show(figure.spread.map(|spread| spread.p95)),
        ]);
    }
    for line in table(&rows) {
        writeln!(stdout, "{line}")?;
    }
    writeln!(stdout)?;
    for run in &summary.runs {
        for verdict in &run.verdicts {
            let word = if verdict.passed { "passed" } else { "FAILED" };
            writeln!(
                stdout,
                "seed {}: {word}: {}: {}",
                run.seed, verdict.check, verdict.detail
            )?;
        }
        if let Some((steps, speed)) = run.steps.zip(run.steps_per_second) {
            let (all, speed) = (grouped(steps), grouped(speed.round() as u64));
            let took = value(run.wall_seconds, Unit::Seconds);
            writeln!(
                stdout,
                "seed {}: {all} events in {took}, {speed} per second",
                run.seed
            )?;
        }
        if let Some((memory, each)) = run.memory_bytes.zip(run.bytes_per_peer) {
            let (memory, each) = (grouped(memory), grouped(each.round() as u64));
            writeln!(
                stdout,
                "seed {}: {memory} bytes at most, {each} bytes per peer",
                run.seed
            )?;
        }
        if let Some(hash) = &run.trace_hash {
            writeln!(stdout, "seed {}: trace hash {hash}", run.seed)?;
        }
    }
    if summary.cut_short {
        writeln!(stdout, "cut short: this is what was known until then")?;
    }
    writeln!(stdout, "to repeat it: {}", summary.command)?;
    writeln!(
        stdout,
        "report: {}",
        folder.path().join("report.html").display()
    )?;
    stdout.flush()?;
    Ok(())
}

/// The most memory that this process has had, where the system tells (proc(5)).
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_repeats_a_run_has_what_changed_it() {
        let options = EmulateOptions {
            peers: Some(20),
            seed: Some(5),
            seeds: Some(3),
            set: vec!["network.loss=0.01".parse().unwrap()],
            ..EmulateOptions::default()
        };
        let command = Command {
            path: Path::new("my scenarios/small.toml"),
            options: &options,
        };
        assert_eq!(
            command.repeating(6, 1),
            "boplish emulate 'my scenarios/small.toml' --peers 20 --set network.loss=0.01 --seed 6"
        );
        assert!(command.repeating(5, 3).ends_with("--seed 5 --seeds 3"));
    }
}
