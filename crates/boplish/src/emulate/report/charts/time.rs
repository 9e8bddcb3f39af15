//! How the whole network went on.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::statistics::numbers::Numbers;
use super::super::super::statistics::samples::{Count, Moment, Samples};
use super::super::chart::{Axis, Chart, Look};
use super::with_marks;

/// Kinds of traffic that are drawn by themselves; the lesser ones are drawn together.
const MOST_KINDS: usize = 6;

pub(super) fn links_over_time(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "links-over-time",
        "Links per peer over time",
        Axis::new("seconds"),
        Axis::new("links"),
    );
    let chart = chart
        .with("mean", Look::Line, over_time(runs, |it| it.links.mean))
        .with("5 %", Look::Faint, over_time(runs, |it| it.links.p5))
        .with("95 %", Look::Faint, over_time(runs, |it| it.links.p95))
        .with("most", Look::Faint, over_time(runs, |it| it.links.most));
    with_marks(chart, runs).noting("Mean, 5th and 95th percentile, and the most.".to_owned())
}

pub(super) fn bytes_by_kind(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "bytes-by-kind",
        "Bytes per peer and kind over time",
        Axis::new("seconds"),
        Axis::new("bytes per second and peer"),
    );
    let chart = traffic(chart, runs, |count| count.bytes);
    with_marks(chart, runs).noting("What the peers and the server send, by kind.".to_owned())
}

pub(super) fn messages(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "messages",
        "Messages per peer and kind over time",
        Axis::new("seconds"),
        Axis::new("per second and peer"),
    );
    let chart = traffic(chart, runs, |count| count.messages);
    with_marks(chart, runs).noting("Frames on links and texts on WebSockets.".to_owned())
}

fn traffic(mut chart: Chart, runs: &[&Samples], of: impl Fn(Count) -> u64) -> Chart {
    let mut by_kind: BTreeMap<&str, BTreeMap<u64, (f64, f64)>> = BTreeMap::new();
    for run in runs {
        for (before, after) in run.moments.iter().zip(run.moments.iter().skip(1)) {
            // Two surveys of one moment have nothing between them.
            if after.at <= before.at {
                continue;
            }
            let seconds = run.peer_seconds(before.at, after.at).max(f64::EPSILON);
            for (kind, count) in &after.traffic {
                let earlier = before.traffic.get(kind).copied().unwrap_or_default();
                let rate = of(count.since(earlier)) as f64 / seconds;
                let points = by_kind.entry(kind).or_default();
                let point = points.entry(after.at.round() as u64).or_default();
                point.0 += rate;
                point.1 += 1.0;
            }
        }
    }
    let mut kinds: Vec<_> = by_kind.into_iter().collect();
    let total = |points: &BTreeMap<u64, (f64, f64)>| points.values().map(|it| it.0).sum::<f64>();
    kinds.sort_by(|a, b| total(&b.1).total_cmp(&total(&a.1)));
    let times: BTreeSet<u64> = kinds
        .iter()
        .flat_map(|(_, points)| points.keys().copied())
        .collect();
    kinds.retain(|(_, points)| total(points) > 0.0);
    let mut others: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (_, points) in kinds.drain(MOST_KINDS.min(kinds.len())..) {
        for (at, (sum, runs)) in points {
            let other = others.entry(at).or_default();
            *other = (other.0 + sum / runs, 1.0);
        }
    }
    if !others.is_empty() {
        kinds.push(("others", others));
    }
    for (kind, points) in kinds {
        // Stacked series have a value at every time.
        let points = times.iter().map(|at| {
            let (sum, runs) = points.get(at).copied().unwrap_or((0.0, 1.0));
            (*at as f64, sum / runs)
        });
        chart = chart.with(kind, Look::Stacked, points.collect());
    }
    chart
}

pub(super) fn population(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "population",
        "Peers",
        Axis::new("seconds"),
        Axis::new("peers"),
    );
    let chart = chart
        .with(
            "living",
            Look::Line,
            over_time(runs, |it| f64::from(it.living)),
        )
        .with(
            "members",
            Look::Line,
            over_time(runs, |it| f64::from(it.members)),
        );
    with_marks(chart, runs).noting("Those that live, and those that take part.".to_owned())
}

pub(super) fn server(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "server",
        "WebSockets at the bootstrap server",
        Axis::new("seconds"),
        Axis::new("WebSockets"),
    );
    let points = over_time(runs, |moment| f64::from(moment.sockets));
    let chart = chart.with("WebSockets", Look::Line, points);
    with_marks(chart, runs).noting("How many peers still need the server.".to_owned())
}

pub(super) fn misled(runs: &[&Samples]) -> Chart {
    let judged = runs
        .iter()
        .any(|run| run.moments.iter().any(|moment| moment.misled.is_some()));
    let chart = Chart::new(
        "misled",
        "Members with a wrong successor",
        Axis::new("seconds"),
        Axis::new("members"),
    );
    if !judged {
        return chart;
    }
    let points = over_time(runs, |moment| f64::from(moment.misled.unwrap_or_default()));
    let chart = chart.with("members", Look::Line, points);
    with_marks(chart, runs)
        .noting("As a judge finds it who sees all peers from outside.".to_owned())
}

/// A value of each moment, averaged over the runs.
pub(super) fn over_time(runs: &[&Samples], of: impl Fn(&Moment) -> f64) -> Vec<(f64, f64)> {
    let most = runs.iter().map(|run| run.moments.len()).max().unwrap_or(0);
    (0..most)
        .filter_map(|index| {
            let moments: Vec<&Moment> = runs
                .iter()
                .filter_map(|run| run.moments.get(index))
                .collect();
            let value = Numbers::new(moments.iter().map(|moment| of(moment))).mean()?;
            Some((moments.first()?.at, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_averaged_over_the_runs() {
        let run = |living| Samples {
            moments: vec![Moment {
                at: 5.0,
                living,
                ..Moment::default()
            }],
            ..Samples::default()
        };
        let (one, other) = (run(2), run(4));
        let points = over_time(&[&one, &other], |it| f64::from(it.living));
        assert_eq!(points, [(5.0, 3.0)]);
    }

    #[test]
    fn traffic_of_a_kind_that_comes_later_starts_from_zero() {
        let moment = |at: f64, kinds: &[(&str, u64)]| Moment {
            at,
            living: 2,
            traffic: kinds
                .iter()
                .map(|(kind, bytes)| {
                    let count = Count {
                        messages: 1,
                        bytes: *bytes,
                    };
                    ((*kind).to_owned(), count)
                })
                .collect(),
            ..Moment::default()
        };
        let run = Samples {
            moments: vec![
                moment(0.0, &[("a", 0)]),
                moment(10.0, &[("a", 200)]),
                moment(20.0, &[("a", 400), ("b", 20)]),
            ],
            ..Samples::default()
        };
        let chart = bytes_by_kind(&[&run]);
        assert_eq!(chart.series[0].points, [(10.0, 10.0), (20.0, 10.0)]);
        assert_eq!(chart.series[1].points, [(10.0, 0.0), (20.0, 1.0)]);
    }
}
