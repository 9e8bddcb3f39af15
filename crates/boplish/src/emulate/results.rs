//! The folder with the results of a scenario.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::report::page;
use super::scenario::Scenario;
use super::statistics::numbers::Numbers;
use super::statistics::samples::{Outcome, Samples, Stock};
use super::summary::{FORMAT, Summary};
use crate::failure::Failure;

/// Its presence says that a folder is ours.
const SUMMARY: &str = "summary.json";

/// A folder that results go to.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder. One that holds anything but earlier results is refused, so that nothing
    /// is mixed up.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let refused = |why: &str| Err(Failure::Usage(format!("--out {}: {why}", path.display())));
        match fs::read_dir(path) {
            Ok(mut entries) => {
                if entries.next().is_some() && !path.join(SUMMARY).is_file() {
                    return refused("the folder holds other things than results");
                }
            }
            Err(_) if path.exists() => return refused("this is no folder that can be read"),
            Err(_) => fs::create_dir_all(path)
                .map_err(|error| Failure::Usage(format!("--out {}: {error}", path.display())))?,
        }
        Ok(Self(path.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes everything. The runs come with their seeds.
    pub(super) fn write(
        &self,
        scenario: &Scenario,
        summary: &Summary,
        runs: &[(u64, &Samples)],
    ) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(summary)
            .map_err(|error| Failure::runtime("can't write the summary as JSON", error))?;
        self.file("scenario.toml", &scenario.to_toml()?)?;
        self.file("lookups.csv", &trips(runs))?;
        self.file("joins.csv", &joins(runs))?;
        self.file("peers.csv", &peers(runs))?;
        self.file("time.csv", &time(runs))?;
        if runs.iter().any(|(_, run)| !run.posts.is_empty()) {
            self.file("posts.csv", &posts(runs))?;
        } else {
            // Of an earlier run in the same folder.
            let _ = std::fs::remove_file(self.0.join("posts.csv"));
        }
        self.file("report.html", &page::report(summary))?;
        self.file(SUMMARY, &(json + "\n"))
    }

    fn file(&self, name: &str, text: &str) -> Result<(), Failure> {
        write_file(&self.0.join(name), text)
    }
}

/// Writes a file, and says which one if that fails.
pub(super) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text)
        .map_err(|error| Failure::Runtime(format!("can't write {}: {error}", path.display())))
}

/// The summary of an earlier run, from its folder.
pub(super) fn read(path: &Path) -> Result<Summary, Failure> {
    let file = if path.is_dir() {
        path.join(SUMMARY)
    } else {
        path.to_owned()
    };
    let refused = |why: String| Failure::Usage(format!("results {}: {why}", path.display()));
    let text = fs::read_to_string(&file)
        .map_err(|error| refused(format!("can't read {}: {error}", file.display())))?;
    let summary: Summary =
        serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    if summary.format != FORMAT {
        return Err(refused(format!(
            "format {} is not {FORMAT}; run the scenario again",
            summary.format
        )));
    }
    Ok(summary)
}

/// A number, or nothing.
fn cell<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.6}"))
}

/// A text without what would break a line of CSV.
fn plain(text: &str) -> String {
    text.replace([',', '"', '\n', '\r'], " ")
}

fn trips(runs: &[(u64, &Samples)]) -> String {
    let mut csv =
        String::from("seed,kind,at_s,counted,from,outcome,latency_s,direct_s,hops,reason\n");
    for (seed, run) in runs {
        for trip in &run.trips {
            let (outcome, reason) = match &trip.outcome {
                Outcome::Right => ("right", String::new()),
                Outcome::Wrong => ("wrong", String::new()),
                Outcome::Failed(reason) => ("failed", plain(reason)),
            };
            let _ = writeln!(
                csv,
                "{seed},{},{:.6},{},{},{outcome},{},{},{},{reason}",
                trip.kind.name(),
                trip.at,
                run.window.contains(trip.at),
                trip.from,
                seconds(trip.latency),
                seconds(trip.direct),
                cell(trip.hops),
            );
        }
    }
    csv
}

fn joins(runs: &[(u64, &Samples)]) -> String {
    let mut csv = String::from("seed,peer,at_s,first_link_s,ring_s,invited,gave_up\n");
    for (seed, run) in runs {
        for join in &run.joins {
            let _ = writeln!(
                csv,
                "{seed},{},{:.6},{},{},{},{}",
                join.peer,
                join.at,
                seconds(join.first_link),
                seconds(join.ring),
                join.invited,
                join.gave_up
            );
        }
    }
    csv
}

fn peers(runs: &[(u64, &Samples)]) -> String {
    let mut csv = String::from(
        "seed,peer,member,links,sent_messages,sent_bytes,received_messages,received_bytes,\
         state_bytes\n",
    );
    for (seed, run) in runs {
        for peer in &run.peers {
            let _ = writeln!(
                csv,
                "{seed},{},{},{},{},{},{},{},{}",
                peer.peer,
                peer.member,
                peer.links,
                cell(peer.sent.map(|it| it.messages)),
                cell(peer.sent.map(|it| it.bytes)),
                cell(peer.received.map(|it| it.messages)),
                cell(peer.received.map(|it| it.bytes)),
                cell(peer.state_bytes)
            );
        }
    }
    csv
}

/// What was said to the group. Of the latencies, the median, the 99th percentile and the longest.
fn posts(runs: &[(u64, &Samples)]) -> String {
    let mut csv =
        String::from("seed,at_s,counted,from,expected,delivered,again,p50_s,p99_s,max_s\n");
    for (seed, run) in runs {
        for post in &run.posts {
            let latencies = Numbers::new(post.latencies.iter().copied().map(f64::from));
            let _ = writeln!(
                csv,
                "{seed},{:.6},{},{},{},{},{},{},{},{}",
                post.at,
                run.window.contains(post.at),
                post.from,
                post.expected,
                post.latencies.len(),
                post.again,
                seconds(latencies.quantile(0.5)),
                seconds(latencies.quantile(0.99)),
                seconds(latencies.quantile(1.0)),
            );
        }
    }
    csv
}

/// One line for each moment and kind of traffic would be long; kinds are columns.
fn time(runs: &[(u64, &Samples)]) -> String {
    let moments = || runs.iter().flat_map(|(_, run)| &run.moments);
    let kinds: std::collections::BTreeSet<&String> =
        moments().flat_map(|moment| moment.traffic.keys()).collect();
    let mut csv = String::from(
        "seed,at_s,living,members,sockets,links_mean,links_p5,links_p95,links_most,misled,\
         records,records_lost,copies_mean,copies_least",
    );
    for kind in &kinds {
        let name = plain(kind).replace(' ', "_");
        let _ = write!(csv, ",{name}_messages,{name}_bytes");
    }
    csv.push('\n');
    for (seed, run) in runs {
        for moment in &run.moments {
            let (links, stock) = (moment.links, moment.stock.as_ref());
            let _ = write!(
                csv,
                "{seed},{:.3},{},{},{},{:.3},{:.1},{:.1},{},{},{},{},{},{}",
                moment.at,
                moment.living,
                moment.members,
                moment.sockets,
                links.mean,
                links.p5,
                links.p95,
                links.most,
                cell(moment.misled),
                cell(stock.map(Stock::records)),
                cell(stock.map(Stock::lost)),
                cell(stock.and_then(Stock::mean)),
                cell(stock.and_then(Stock::least)),
            );
            for kind in &kinds {
                let count = moment.traffic.get(*kind).copied().unwrap_or_default();
                let _ = write!(csv, ",{},{}", count.messages, count.bytes);
            }
            csv.push('\n');
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::super::statistics::samples::{Moment, Post, Trip, TripKind, Window};
    use super::*;

    #[test]
    fn every_line_of_a_table_has_as_many_cells_as_its_head() {
        let mut moment = Moment {
            at: 1.0,
            ..Moment::default()
        };
        let run = Samples {
            window: Window { from: 0.0, to: 2.0 },
            trips: vec![Trip {
                kind: TripKind::Ping,
                at: 1.0,
                from: 3,
                outcome: Outcome::Failed("lost, \"for ever\"".to_owned()),
                latency: None,
                direct: Some(0.25),
                hops: None,
            }],
            posts: vec![Post {
                at: 1.5,
                from: 2,
                expected: 2,
                latencies: vec![0.1],
                again: 0,
            }],
            moments: vec![moment.clone(), {
                moment
                    .traffic
                    .insert("other frames".to_owned(), Default::default());
                moment
            }],
            ..Samples::default()
        };
        let runs = [(7, &run)];
        let tables = [
            trips(&runs),
            joins(&runs),
            peers(&runs),
            posts(&runs),
            time(&runs),
        ];
        for table in tables {
            let cells = |line: &str| line.split(',').count();
            let head = cells(table.lines().next().unwrap());
            assert!(table.lines().all(|line| cells(line) == head), "{table}");
        }
        assert!(trips(&runs).contains("7,ping,1.000000,true,3,failed,,0.250000,,lost   for ever "));
    }
}
