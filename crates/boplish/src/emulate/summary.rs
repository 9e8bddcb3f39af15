//! What is known after the runs of a scenario: `summary.json`, and all that a report shows.

use serde::{Deserialize, Serialize};

use super::checks::Verdict;
use super::report::chart::Chart;
use super::statistics::figures::Figure;

/// Of `summary.json`; another number is another format.
pub(crate) const FORMAT: u32 = 1;

/// The runs of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Summary {
    pub(crate) format: u32,
    /// Of the program.
    pub(crate) version: String,
    pub(crate) scenario: String,
    pub(crate) description: String,
    pub(crate) backend: String,
    pub(crate) router: String,
    pub(crate) peers: usize,
    /// The command that repeats all of it.
    pub(crate) command: String,
    /// It was interrupted before its end.
    pub(crate) cut_short: bool,
    /// Over all runs.
    pub(crate) figures: Vec<Figure>,
    pub(crate) runs: Vec<RunSummary>,
    pub(crate) charts: Vec<Chart>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RunSummary {
    pub(crate) seed: u64,
    /// Sixteen hex digits; the same for two runs in which the same happened. Only in the
    /// simulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_hash: Option<String>,
    /// The command that repeats this run.
    pub(crate) command: String,
    pub(crate) cut_short: bool,
    /// What passed in the network.
    pub(crate) seconds: f64,
    /// What it took.
    pub(crate) wall_seconds: f64,
    /// Steps of the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) steps: Option<u64>,
    /// The same in each second that the run took, whatever it did in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) steps_per_second: Option<f64>,
    /// The most memory that the process has had, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_bytes: Option<u64>,
    /// The same for each of the first peers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes_per_peer: Option<f64>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) figures: Vec<Figure>,
}

impl Summary {
    /// The figure of this name.
    pub(crate) fn figure(&self, key: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.key == key)
    }

    /// The runs in which a check has failed.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &RunSummary> {
        self.runs
            .iter()
            .filter(|run| run.verdicts.iter().any(|verdict| !verdict.passed))
    }
}
