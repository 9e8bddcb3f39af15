//! `cargo xtask swarm`: very many small rings under churn, judged after every step.

use anyhow::Result;

use crate::process;

/// What `cargo xtask swarm` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Churn events in all.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// The seeds to run instead, as A..B, without B.
    #[arg(long)]
    seeds: Option<String>,
    /// Begin no further seed after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Lengths of the successor list, one of which each seed picks: mostly 2, else 3, 4 and 8.
    #[arg(long)]
    r: Option<String>,
    /// Let peers stop for up to ten seconds, too; then only the end of each round is judged.
    #[arg(long)]
    silences: bool,
    /// Run one seed and print every change of the ring; with the same `--r` and `--silences`.
    #[arg(long)]
    replay: Option<u64>,
    /// How many seeds run at one time.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
}

/// What `cargo xtask test` runs: two minutes, half a minute of it with silences.
pub(crate) fn run_for_tests() -> Result<()> {
    for (silences, seconds) in [(false, 90), (true, 30)] {
        run(&Options {
            events: u64::MAX,
            seeds: None,
            seconds: Some(seconds),
            r: None,
            silences,
            replay: None,
            jobs: 1,
        })?;
    }
    Ok(())
}

/// Runs the simulator's example of that name, as released.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args(["run", "--release", "--package", "boplish-sim"]);
    cargo.args(["--example", "swarm", "--"]);
    cargo.args(["--events", &options.events.to_string()]);
    cargo.args(["--jobs", &options.jobs.to_string()]);
    if options.silences {
        cargo.arg("--silences");
    }
    let values = [
        ("--r", options.r.clone()),
        ("--seeds", options.seeds.clone()),
        ("--seconds", options.seconds.map(|it| it.to_string())),
        ("--replay", options.replay.map(|it| it.to_string())),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            cargo.args([name, &value]);
        }
    }
    process::run(&mut cargo)
}
