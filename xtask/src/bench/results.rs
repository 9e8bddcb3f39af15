//! What was measured, as a table, and what it says about the targets.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::measure::{Plan, Sample};
use super::peers::Peer;

/// All samples of a run.
#[derive(Default)]
pub(crate) struct Results {
    samples: BTreeMap<Peer, Vec<Sample>>,
    anyone: BTreeMap<Peer, Vec<(f64, f64)>>,
}

/// The values of several rounds.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        Self {
            least: values.first().copied().unwrap_or(f64::NAN),
            median,
            most: values.last().copied().unwrap_or(f64::NAN),
        }
    }

    fn show(&self, digits: usize) -> String {
        let Self {
            least,
            median,
            most,
        } = self;
        format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
    }
}

impl Results {
    pub(crate) fn add(&mut self, peer: Peer, sample: Sample) {
        self.samples.entry(peer).or_default().push(sample);
    }

    pub(crate) fn add_anyone(&mut self, peer: Peer, few: f64, many: f64) {
        self.anyone.entry(peer).or_default().push((few, many));
    }

    /// Everything in Markdown: medians, and the least and the most in brackets.
    pub(crate) fn table(&self, plan: &Plan) -> String {
        let Plan {
            connections,
            seconds,
            rate,
        } = plan;
        let rounds = self.samples.values().map(Vec::len).max().unwrap_or(0);
        let mut text = format!(
            "{connections} connections, messages of 1,536 bytes for {seconds} s each, median of \
             {rounds} rounds (least to most)\n\n\
             | server | KiB per idle connection | after one message on each | accepts/s | \
             messages/s | p50 us at {rate}/s | p99 us |\n|---|---|---|---|---|---|---|\n"
        );
        for (peer, samples) in &self.samples {
            let cell = |digits, value: fn(&Sample) -> f64| {
                Spread::of(samples.iter().map(value)).show(digits)
            };
            let row = [
                peer.title().to_owned(),
                cell(2, |it| it.idle),
                cell(2, |it| it.used),
                cell(0, |it| it.accepts),
                cell(0, |it| it.messages),
                cell(0, |it| it.p50),
                cell(0, |it| it.p99),
            ];
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        for (peer, rates) in &self.anyone {
            let few = Spread::of(rates.iter().map(|it| it.0)).show(0);
            let many = Spread::of(rates.iter().map(|it| it.1)).show(0);
            let (title, tenth) = (peer.title(), connections / 10);
            let line = format!(
                "\n{title}: messages per second to random clients: {few} with {tenth} connected, \
                 {many} with {connections}.\n"
            );
            text.push_str(&line);
        }
        text.push_str(&self.targets());
        text
    }

    fn targets(&self) -> String {
        let median = |peer, value: fn(&Sample) -> f64| {
            Spread::of(self.samples.get(&peer).into_iter().flatten().map(value)).median
        };
        let others = [Peer::PeerServer, Peer::YWebrtc, Peer::Matchbox];
        let idle = others.map(|peer| median(peer, |it| it.idle));
        let best = Spread::of(idle.into_iter().filter(|it| !it.is_nan())).least;
        let ours = |value| median(Peer::Boplish, value);
        let matchbox = |value| median(Peer::Matchbox, value);
        let anyone = |peer| {
            let rates = self.anyone.get(&peer).into_iter().flatten();
            Spread::of(rates.map(|it| it.1 / it.0)).median
        };
        let ratios = [
            (
                "idle memory / best peer's",
                ours(|it| it.idle) / best,
                "at most 0.5",
            ),
            (
                "memory after traffic / PeerServer's",
                ours(|it| it.used) / median(Peer::PeerServer, |it| it.used),
                "at most 0.4",
            ),
            (
                "accepts / matchbox's",
                ours(|it| it.accepts) / matchbox(|it| it.accepts),
                "at least 2.5",
            ),
            (
                "messages / matchbox's",
                ours(|it| it.messages) / matchbox(|it| it.messages),
                "at least 1.5",
            ),
            (
                "p99 / matchbox's",
                ours(|it| it.p99) / matchbox(|it| it.p99),
                "at most 0.6",
            ),
            (
                "the limit: p99 of the relay / matchbox's",
                median(Peer::Relay, |it| it.p99) / matchbox(|it| it.p99),
                "",
            ),
            (
                "empty `to`, all connections / a tenth of them",
                anyone(Peer::Boplish),
                "1",
            ),
            (
                "the limit: random clients of the relay, all connections / a tenth of them",
                anyone(Peer::Relay),
                "",
            ),
        ];
        let mut text = String::new();
        for (what, ratio, target) in ratios.iter().filter(|(_, ratio, _)| !ratio.is_nan()) {
            if text.is_empty() {
                text.push_str("\n| ratio of medians | measured | target |\n|---|---|---|\n");
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {what} | {ratio:.2} | {target} |");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 2.0, 10.0].into_iter());
        assert_eq!(spread.show(1), "3.0 (1.0 to 10.0)");
    }

    #[test]
    fn a_ratio_without_its_peer_is_left_out() {
        let sample = Sample {
            idle: 2.0,
            used: 3.0,
            accepts: 10.0,
            messages: 10.0,
            p50: 1.0,
            p99: 2.0,
        };
        let mut results = Results::default();
        results.add(Peer::Boplish, sample);
        assert_eq!(results.targets(), "");
        results.add(
            Peer::PeerServer,
            Sample {
                idle: 8.0,
                used: 10.0,
                ..sample
            },
        );
        let targets = results.targets();
        assert!(targets.contains("| 0.25 | at most 0.5 |"), "{targets}");
        assert!(!targets.contains("matchbox"), "{targets}");
    }
}
