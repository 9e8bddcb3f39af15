//! What can be said on the command line about an emulation.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use super::scenario::{Override, RouterKind};
use crate::values::Seconds;

/// Where the peers live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BackendKind {
    /// In the simulator, in virtual time.
    Sim,
    /// On this machine, over real WebRTC, in real time.
    Webrtc,
}

impl BackendKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Webrtc => "webrtc",
        }
    }
}

/// How to emulate, and what.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true,
    after_long_help = HELP)]
pub(crate) struct EmulateCommand {
    /// The scenario, a TOML file.
    #[arg(value_name = "SCENARIO", required = true)]
    pub(crate) scenario: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: EmulateOptions,
    #[command(subcommand)]
    pub(crate) action: Option<EmulateAction>,
}

const HELP: &str = "\
Examples:
  boplish emulate scenarios/small.toml
  boplish emulate scenarios/hops-10k-34.toml --seeds 5
  boplish emulate scenarios/webrtc-100.toml --backend webrtc --processes 2
  boplish emulate scenarios/small.toml --set network.loss=0.01 --out lossy
  boplish emulate compare results/small-sim-1 lossy

The results are a folder: scenario.toml as it was run, summary.json, lookups.csv, joins.csv,
peers.csv, time.csv, and report.html, one page with all figures and plots. docs/emulator.md has
every key of a scenario.

In the simulator one seed decides everything: the same seed twice gives the same trace hash, which
is printed. If a check fails, the exit code is 1, and the command that repeats the run is printed.
Ctrl-C ends a run early; what is known is written, marked as cut short, and the exit code is 130.";

/// What else there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum EmulateAction {
    /// Put two runs side by side: print their differences, and write a page with both.
    Compare(CompareOptions),
    /// Be a process of an emulation: orders come on stdin, news go to stdout.
    #[command(hide = true)]
    Worker,
}

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// The results of a run.
    #[arg(value_name = "A")]
    pub(crate) one: PathBuf,
    /// Those of another.
    #[arg(value_name = "B")]
    pub(crate) other: PathBuf,
    /// The page to write.
    #[arg(long, value_name = "FILE", default_value = "compare.html")]
    pub(crate) out: PathBuf,
}

/// Options of a run. Those that a scenario has too overrule it.
#[derive(Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct EmulateOptions {
    /// Where the peers live [default: that of the scenario, else sim].
    #[arg(long, env = "BOPLISH_BACKEND", value_name = "BACKEND")]
    pub(crate) backend: Option<BackendKind>,
    /// How many peers there are.
    #[arg(long, env = "BOPLISH_PEERS", value_name = "N")]
    pub(crate) peers: Option<u32>,
    /// Decides everything in the simulator.
    #[arg(long, env = "BOPLISH_SEED", value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Run so many seeds, from the first one on, and give means and confidence intervals over
    /// them [default: 1].
    #[arg(long, env = "BOPLISH_SEEDS", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) seeds: Option<u32>,
    /// Simulate so many seeds at a time [default: 1].
    #[arg(long, env = "BOPLISH_THREADS", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) threads: Option<u32>,
    /// How long to measure.
    #[arg(long, env = "BOPLISH_DURATION", value_name = "SECONDS")]
    pub(crate) duration: Option<Seconds>,
    /// How long to wait before, from the last join on.
    #[arg(long, env = "BOPLISH_WARM_UP", value_name = "SECONDS")]
    pub(crate) warm_up: Option<Seconds>,
    /// How the peers find their ways.
    #[arg(long, env = "BOPLISH_ROUTER", value_name = "ROUTER")]
    pub(crate) router: Option<RouterKind>,
    /// Links of a peer, at most.
    #[arg(long, env = "BOPLISH_BUDGET", value_name = "N")]
    pub(crate) budget: Option<u32>,
    /// Change any other key of the scenario, such as network.loss=0.01; may be given several
    /// times.
    #[arg(long, value_name = "KEY=VALUE")]
    #[serde(skip)]
    pub(crate) set: Vec<Override>,
    /// With webrtc: spread the peers over so many processes [default: 1, this one].
    #[arg(long, env = "BOPLISH_PROCESSES", value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) processes: Option<u32>,
    /// With webrtc: add so many tabs of a headless Chromium [default: 0].
    #[arg(long, env = "BOPLISH_BROWSERS", value_name = "N",
        value_parser = clap::value_parser!(u32).range(0..=64))]
    pub(crate) browsers: Option<u32>,
    /// With webrtc: the tabs open the pages of this folder instead of the built-in ones.
    #[arg(long, env = "BOPLISH_SITE", value_name = "DIR")]
    pub(crate) site: Option<PathBuf>,
    /// The folder for the results [default: results/NAME-BACKEND-SEED].
    #[arg(long, env = "BOPLISH_OUT", value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

impl EmulateOptions {
    pub(crate) fn or(self, file: Self) -> Self {
        Self {
            backend: self.backend.or(file.backend),
            peers: self.peers.or(file.peers),
            seed: self.seed.or(file.seed),
            seeds: self.seeds.or(file.seeds),
            threads: self.threads.or(file.threads),
            duration: self.duration.or(file.duration),
            warm_up: self.warm_up.or(file.warm_up),
            router: self.router.or(file.router),
            budget: self.budget.or(file.budget),
            set: self.set,
            processes: self.processes.or(file.processes),
            browsers: self.browsers.or(file.browsers),
            site: self.site.or(file.site),
            out: self.out.or(file.out),
        }
    }

    /// What these change in the scenario. The seed is not among them: each run has its own.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        let seconds = |it: Seconds| it.0.as_secs_f64();
        let flags = [
            self.backend
                .map(|it| Override::of_flag("backend", "backend", it.name())),
            self.peers
                .map(|it| Override::of_flag("peers", "peers.count", it)),
            self.duration
                .map(|it| Override::of_flag("duration", "duration", seconds(it))),
            self.warm_up
                .map(|it| Override::of_flag("warm-up", "warm-up", seconds(it))),
            self.router
                .map(|it| Override::of_flag("router", "router.kind", it.name())),
            self.budget
                .map(|it| Override::of_flag("budget", "router.budget", it)),
        ];
        let flags = flags.into_iter().flatten();
        flags.chain(self.set.iter().cloned()).collect()
    }
}
