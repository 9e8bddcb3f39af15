//! The numbers of the last minutes: rates, and what graphs show.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use boplish_directory::Stats;
use serde_json::{Value, json};

use super::report::Network;

/// Samples of one network: five minutes, and the one that they began with.
const SAMPLES: usize = 301;

/// Samples between two points of a graph.
const STRIDE: usize = 5;

/// The times that rates are told of, with their names.
const SPANS: [(&str, Duration); 2] = [
    ("tenSeconds", Duration::from_secs(10)),
    ("fiveMinutes", Duration::from_secs(300)),
];

/// What is counted from the start on and has a rate, with its name.
const COUNTED: [&str; 7] = [
    "admitted",
    "refused",
    "closed",
    "joined",
    "forwarded",
    "forwardedBytes",
    "errors",
];

/// What was sampled, by network; there are as many as the server has networks.
#[derive(Debug, Default)]
pub(super) struct History(BTreeMap<String, VecDeque<Sample>>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Time since the server's start.
    at: Duration,
    connected: u64,
    entry_peers: u64,
    counted: [u64; COUNTED.len()],
}

impl Sample {
    fn new(at: Duration, stats: &Stats) -> Self {
        Self {
            at,
            connected: stats.connected,
            entry_peers: stats.entry_peers,
            counted: [
                stats.admitted,
                stats.refused,
                stats.closed,
                stats.joined,
                stats.forwarded,
                stats.forwarded_bytes,
                stats.errors,
            ],
        }
    }

    /// What was counted per second since an earlier sample; zero within no time.
    fn rates_since(&self, earlier: &Self) -> [f64; COUNTED.len()] {
        let seconds = self.at.saturating_sub(earlier.at).as_secs_f64();
        let mut rates = [0.0; COUNTED.len()];
        if seconds > 0.0 {
            for (rate, (after, before)) in rates
                .iter_mut()
                .zip(self.counted.iter().zip(earlier.counted))
            {
                // Thousandths are more than anybody reads.
                *rate = (after.saturating_sub(before) as f64 / seconds * 1e3).round() / 1e3;
            }
        }
        rates
    }
}

impl History {
    /// Keeps the numbers of this moment, and forgets the oldest.
    pub(super) fn add(&mut self, at: Duration, networks: &[Network]) {
        for network in networks {
            let samples = self.0.entry(network.name.clone()).or_default();
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back(Sample::new(at, &network.stats));
        }
    }

    /// A network's events per second, over each of the spans.
    pub(super) fn rates(&self, network: &str) -> Value {
        let samples = self.0.get(network);
        let last = samples.and_then(VecDeque::back);
        let spans = SPANS.iter().map(|(name, span)| {
            let rates = last.map_or([0.0; COUNTED.len()], |last| {
                let begin = last.at.saturating_sub(*span);
                let mut samples = samples.into_iter().flatten();
                let first = samples.find(|sample| sample.at >= begin).unwrap_or(last);
                last.rates_since(first)
            });
            let rates = COUNTED.iter().zip(rates);
            let rates = rates.map(|(name, rate)| ((*name).to_owned(), rate.into()));
            ((*name).to_owned(), Value::Object(rates.collect()))
        });
        Value::Object(spans.collect())
    }

    /// The points of a network's graphs, the oldest first: numbers of then, and events per second
    /// since the point before.
    pub(super) fn graphs(&self, network: &str) -> Value {
        let samples = self.0.get(network).into_iter().flatten().rev();
        let mut points: Vec<_> = samples.step_by(STRIDE).collect();
        points.reverse();
        let pairs = || {
            points
                .windows(2)
                .filter_map(|pair| pair.first().zip(pair.last()))
        };
        let rates: Vec<_> = pairs().map(|(one, next)| next.rates_since(one)).collect();
        let mut graphs = json!({
            "every": STRIDE,
            "connected": pairs().map(|(_, next)| next.connected).collect::<Vec<_>>(),
            "entryPeers": pairs().map(|(_, next)| next.entry_peers).collect::<Vec<_>>(),
        });
        for (index, name) in COUNTED.iter().enumerate() {
            let line: Vec<_> = rates.iter().filter_map(|rates| rates.get(index)).collect();
            graphs[*name] = json!(line);
        }
        graphs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(seconds: u64, admitted: impl Fn(u64) -> u64) -> History {
        let mut history = History::default();
        for second in 0..=seconds {
            let stats = Stats {
                connected: second,
                admitted: admitted(second),
                ..Stats::default()
            };
            let name = "default".to_owned();
            history.add(Duration::from_secs(second), &[Network { name, stats }]);
        }
        history
    }

    #[test]
    fn rates_are_of_their_span() {
        // Two a second at first, ten a second in the last ten seconds.
        let history = history(400, |second| 2 * second + 8 * second.saturating_sub(390));
        let rates = history.rates("default");
        assert_eq!(rates["tenSeconds"]["admitted"], 10.0);
        let over_minutes = (2.0 * 300.0 + 80.0) / 300.0;
        let told = rates["fiveMinutes"]["admitted"].as_f64().unwrap();
        assert!((told - over_minutes).abs() < 0.001, "{told}");
        assert_eq!(history.0["default"].len(), SAMPLES);
    }

    #[test]
    fn a_young_server_has_the_rates_of_its_life_and_a_new_one_none() {
        let rates = history(4, |second| 3 * second).rates("default");
        assert_eq!(rates["fiveMinutes"]["admitted"], 3.0);
        assert_eq!(
            history(0, |_| 5).rates("default")["tenSeconds"]["admitted"],
            0.0
        );
        assert_eq!(
            History::default().rates("other")["tenSeconds"]["joined"],
            0.0
        );
    }

    #[test]
    fn graphs_end_now_and_have_a_point_for_every_five_seconds() {
        let graphs = history(302, |second| 2 * second).graphs("default");
        let connected = graphs["connected"].as_array().unwrap();
        assert_eq!(connected.len(), 60);
        assert_eq!(connected[59], 302);
        assert_eq!(connected[58], 297);
        assert_eq!(graphs["admitted"][0], 2.0);
        assert_eq!(graphs["every"], 5);
    }
}
