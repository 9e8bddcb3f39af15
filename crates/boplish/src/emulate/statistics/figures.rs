//! The figures of a run: what each is, and how it comes from the samples.

use serde::{Deserialize, Serialize};

use super::numbers::{self, Estimate, Numbers};
use super::samples::{Count, FROM_SERVER, Outcome, Samples, Trip, TripKind};
use super::{groups, storage};

/// What a figure counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    /// From 0 to 1.
    Share,
    Count,
    Ratio,
    Milliseconds,
    Seconds,
    Bytes,
    BytesPerSecond,
    PerSecond,
}

/// A figure over one run or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// Its name for programs, such as `lookup.hops`.
    pub(crate) key: String,
    /// Its name for people.
    pub(crate) title: String,
    pub(crate) unit: Unit,
    /// How many samples it is from.
    pub(crate) samples: u64,
    pub(crate) mean: f64,
    /// The interval that holds the mean with 95 % confidence: over the runs if there are several,
    /// else over the samples.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Of all samples; absent where there is but one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<Spread>,
}

/// How samples spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) p5: f64,
    pub(crate) median: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// What one run says about a figure.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    key: String,
    title: String,
    unit: Unit,
    data: Data,
}

#[derive(Debug, Clone)]
pub(super) enum Data {
    Values(Vec<f64>),
    Share(u64, u64),
    /// The ratio of the means of both.
    Pairs(Vec<(f64, f64)>),
    Single(f64),
}

impl Data {
    fn estimate(&self) -> Option<Estimate> {
        match self {
            Self::Values(values) => Numbers::new(values.iter().copied()).mean_estimate(),
            Self::Share(part, all) => numbers::share(*part, *all),
            Self::Pairs(pairs) => numbers::ratio(pairs),
            Self::Single(value) => Some(Estimate::exactly(*value)),
        }
    }

    fn samples(&self) -> u64 {
        match self {
            Self::Values(values) => values.len() as u64,
            Self::Share(_, all) => *all,
            Self::Pairs(pairs) => pairs.len() as u64,
            Self::Single(_) => 1,
        }
    }

    fn values(&self) -> Vec<f64> {
        match self {
            Self::Values(values) => values.clone(),
            Self::Pairs(pairs) => pairs.iter().map(|(a, b)| a / b).collect(),
            Self::Share(..) | Self::Single(_) => Vec::new(),
        }
    }
}

/// The figures over all runs; one that no run says anything about is left out.
pub(crate) fn figures(runs: &[&Samples]) -> Vec<Figure> {
    let measured: Vec<Vec<Measure>> = runs.iter().map(|run| measures(run)).collect();
    let Some(first) = measured.first() else {
        return Vec::new();
    };
    (0..first.len())
        .filter_map(|index| {
            let of_runs: Vec<&Measure> = measured.iter().filter_map(|run| run.get(index)).collect();
            combine(&of_runs)
        })
        .collect()
}

/// What all runs together say about a share; `None` of anything else.
fn shares(runs: &[&Measure]) -> Option<Estimate> {
    let shares = runs.iter().filter_map(|run| match run.data {
        Data::Share(part, all) => Some((part, all)),
        Data::Values(_) | Data::Pairs(_) | Data::Single(_) => None,
    });
    let (part, all) = shares.reduce(|sum, it| (sum.0 + it.0, sum.1 + it.1))?;
    numbers::share(part, all)
}

fn combine(runs: &[&Measure]) -> Option<Figure> {
    let estimates: Vec<Estimate> = runs
        .iter()
        .filter_map(|measure| measure.data.estimate())
        .collect();
    let mut estimate = match estimates.as_slice() {
        [] => return None,
        [only] => *only,
        several => Numbers::new(several.iter().map(|it| it.value)).mean_estimate()?,
    };
    if let Some(of_all) = shares(runs) {
        // Runs that agree by chance are no more certain than all that they have seen.
        estimate.low = estimate.low.min(of_all.low).max(0.0);
        estimate.high = estimate.high.max(of_all.high).min(1.0);
    }
    let about = runs.first()?;
    let pooled = Numbers::new(runs.iter().flat_map(|measure| measure.data.values()));
    Some(Figure {
        key: about.key.clone(),
        title: about.title.clone(),
        unit: about.unit,
        samples: runs.iter().map(|measure| measure.data.samples()).sum(),
        mean: estimate.value,
        low: estimate.low,
        high: estimate.high,
        spread: spread(&pooled),
    })
}

fn spread(numbers: &Numbers) -> Option<Spread> {
    Some(Spread {
        min: numbers.quantile(0.0)?,
        p5: numbers.quantile(0.05)?,
        median: numbers.quantile(0.5)?,
        p95: numbers.quantile(0.95)?,
        p99: numbers.quantile(0.99)?,
        max: numbers.quantile(1.0)?,
    })
}

/// What a run says, always the same figures in the same order.
fn measures(run: &Samples) -> Vec<Measure> {
    let mut all = Vec::new();
    for kind in TripKind::ALL {
        all.extend(of_trips(run, kind));
    }
    all.extend(storage::measures(run));
    all.extend(groups::measures(run));
    all.extend(of_joins(run));
    all.extend(of_peers(run));
    all.push(measure(
        "recovery",
        "All lookups right after the last fault",
        Unit::Seconds,
        Data::Values(recovery(run).into_iter().collect()),
    ));
    all
}

pub(super) fn measure(key: &str, title: &str, unit: Unit, data: Data) -> Measure {
    Measure {
        key: key.to_owned(),
        title: title.to_owned(),
        unit,
        data,
    }
}

fn of_trips(run: &Samples, kind: TripKind) -> Vec<Measure> {
    let trips: Vec<&Trip> = run.counted(kind).collect();
    let right: Vec<&Trip> = trips
        .iter()
        .copied()
        .filter(|trip| trip.outcome == Outcome::Right)
        .collect();
    let key = |what: &str| format!("{}.{what}", kind.name());
    let (success, done) = match kind {
        TripKind::Lookup => ("right", "Lookups that were right"),
        TripKind::Message => ("delivered", "Messages that arrived"),
        TripKind::Ping => ("answered", "Pings that were answered"),
        TripKind::Publish => ("stored", "Records that were stored"),
        TripKind::Refresh => ("stored", "Records that were stored again"),
        TripKind::Resolve => ("found", "Records that their owners had"),
        TripKind::Read => ("found", "Records that most replicas had"),
    };
    let name = match kind {
        TripKind::Lookup => "a lookup",
        TripKind::Message => "a message",
        TripKind::Ping => "a ping",
        TripKind::Publish => "publishing a record",
        TripKind::Refresh => "refreshing a record",
        TripKind::Resolve => "resolving a record",
        TripKind::Read => "reading a record",
    };
    let hops = right.iter().filter_map(|trip| trip.hops).map(f64::from);
    let latency = right.iter().filter_map(|trip| trip.latency);
    let pairs = right
        .iter()
        .filter_map(|trip| Some((trip.latency?, trip.direct.filter(|it| *it > 0.0)?)));
    vec![
        measure(
            &key(success),
            done,
            Unit::Share,
            Data::Share(right.len() as u64, trips.len() as u64),
        ),
        measure(
            &key("hops"),
            &format!("Hops of {name}"),
            Unit::Count,
            Data::Values(hops.collect()),
        ),
        measure(
            &key("latency"),
            &format!("Latency of {name}"),
            Unit::Milliseconds,
            Data::Values(latency.map(|it| it * 1000.0).collect()),
        ),
        measure(
            &key("stretch"),
            &format!("Stretch of {name}"),
            Unit::Ratio,
            Data::Pairs(pairs.collect()),
        ),
    ]
}

fn of_joins(run: &Samples) -> Vec<Measure> {
    let counted = run.joins.iter().filter(|join| !join.gave_up);
    let all = counted.clone().count() as u64;
    let linked = counted.clone().filter(|join| join.first_link.is_some());
    let invited = counted.clone().filter(|join| join.invited);
    let let_in = invited.clone().filter(|join| join.first_link.is_some());
    let millis = |times: Vec<f64>| Data::Values(times.into_iter().map(|it| it * 1000.0).collect());
    vec![
        measure(
            "join.linked",
            "Peers that found a link",
            Unit::Share,
            Data::Share(linked.count() as u64, all),
        ),
        measure(
            "join.invited",
            "Invited peers that found a link",
            Unit::Share,
            Data::Share(let_in.count() as u64, invited.count() as u64),
        ),
        measure(
            "join.first-link",
            "Time to the first link",
            Unit::Milliseconds,
            millis(counted.clone().filter_map(|it| it.first_link).collect()),
        ),
        measure(
            "join.ring",
            "Time to being a member of the ring",
            Unit::Milliseconds,
            millis(counted.filter_map(|it| it.ring).collect()),
        ),
    ]
}

fn of_peers(run: &Samples) -> Vec<Measure> {
    let links = run.peers.iter().map(|peer| f64::from(peer.links));
    let state = run.peers.iter().filter_map(|peer| peer.state_bytes);
    let most = run.moments.iter().map(|moment| moment.links.most);
    let most: Vec<f64> = most.reduce(f64::max).into_iter().collect();
    let (mut bytes, mut messages) = (Vec::new(), Vec::new());
    if let Some((first, last)) = run.first_and_last() {
        let seconds = run.peer_seconds(first.at, last.at);
        if seconds > 0.0 {
            let sum = |moment: &super::samples::Moment| {
                let of_peers = moment
                    .traffic
                    .iter()
                    .filter(|(kind, _)| **kind != FROM_SERVER);
                of_peers.fold(Count::default(), |all, (_, it)| all.plus(*it))
            };
            let sent = sum(last).since(sum(first));
            if !last.traffic.is_empty() {
                bytes.push(sent.bytes as f64 / seconds);
                messages.push(sent.messages as f64 / seconds);
            }
        }
    }
    vec![
        measure(
            "links",
            "Links of a peer",
            Unit::Count,
            Data::Values(links.collect()),
        ),
        single(
            "links.most",
            "Most links of a peer at any moment",
            Unit::Count,
            most,
        ),
        single(
            "traffic.bytes",
            "Sent by a peer",
            Unit::BytesPerSecond,
            bytes,
        ),
        single(
            "traffic.messages",
            "Sent by a peer, frames and texts",
            Unit::PerSecond,
            messages,
        ),
        measure(
            "state",
            "State of a peer",
            Unit::Bytes,
            Data::Values(state.map(|it| it as f64).collect()),
        ),
    ]
}

/// A figure of which a run has one value at most.
pub(super) fn single(key: &str, title: &str, unit: Unit, value: Vec<f64>) -> Measure {
    let data = match value.first() {
        Some(value) => Data::Single(*value),
        None => Data::Values(Vec::new()),
    };
    measure(key, title, unit, data)
}

/// From the last fault to the end of the last lookup's failing: every lookup that began later and
/// counts was right. Nothing without faults, or while lookups still fail at the end.
fn recovery(run: &Samples) -> Option<f64> {
    let fault = run.marks.iter().map(|mark| mark.at).reduce(f64::max)?;
    let after = run
        .trips
        .iter()
        .filter(|trip| trip.kind == TripKind::Lookup && trip.at >= fault);
    let failed = after
        .clone()
        .filter(|trip| trip.outcome != Outcome::Right)
        .map(|trip| trip.at)
        .reduce(f64::max);
    let last = after.map(|trip| trip.at).reduce(f64::max)?;
    match failed {
        Some(failed) => (failed < last).then_some(failed - fault),
        None => Some(0.0),
    }
}
