//! What lookups, messages and pings were like.

use std::collections::BTreeMap;

use super::super::super::statistics::numbers::Numbers;
use super::super::super::statistics::samples::{Outcome, Samples, Trip, TripKind};
use super::super::chart::{Axis, Chart, Look};
use super::super::text::{short, trimmed};
use super::{BEYOND, SHOWN, distribution, shares, with_marks};

fn right<'a>(runs: &'a [&Samples], kind: TripKind) -> impl Iterator<Item = &'a Trip> {
    let counted = runs.iter().flat_map(move |run| run.counted(kind));
    counted.filter(|trip| trip.outcome == Outcome::Right)
}

/// As [`SHOWN`] is for times: hops are few, so that more of them fit.
const SHOWN_HOPS: f64 = 0.995;

pub(super) fn hops(runs: &[&Samples], peers: usize) -> Chart {
    let half_log = (peers.max(1) as f64).log2() / 2.0;
    let x = Axis::new("hops");
    let mut chart = Chart::new("hops", "Hops", x, Axis::new("%"));
    let mut note = Vec::new();
    let mut limit = half_log;
    for kind in [TripKind::Lookup, TripKind::Message] {
        let hops = Numbers::new(
            right(runs, kind)
                .filter_map(|trip| trip.hops)
                .map(f64::from),
        );
        chart = chart.with(kind.plural(), Look::Columns, shares(&hops, 1.0));
        limit = limit.max(hops.quantile(SHOWN_HOPS).unwrap_or_default() + 1.0);
        if let (Some(mean), Some(most)) = (hops.mean(), hops.quantile(1.0)) {
            note.push(format!(
                "{} {}, at most {most}",
                kind.plural(),
                trimmed(mean, 3)
            ));
            if chart.lines.is_empty() {
                chart = chart.with_line(mean, "mean");
            }
        }
    }
    if chart.is_empty() {
        return chart;
    }
    let note = format!(
        "Mean hops: {}. ½ log₂ N, that of the original Chord, is {} for N = {peers}.",
        note.join("; "),
        trimmed(half_log, 3)
    );
    chart.x.limit = Some(limit);
    chart.with_line(half_log, "½ log₂ N").noting(note)
}

pub(super) fn latency(runs: &[&Samples]) -> Chart {
    let millis = |seconds: Option<f64>| seconds.map(|it| it * 1000.0);
    let mut chart = Chart::new(
        "latency",
        "Latency",
        Axis::new("milliseconds"),
        Axis::up_to("% that took at most that long", 100.0),
    );
    let mut limit = 0.0_f64;
    let mut note = Vec::new();
    for kind in TripKind::ALL {
        let took = Numbers::new(right(runs, kind).filter_map(|trip| millis(trip.latency)));
        let direct = Numbers::new(right(runs, kind).filter_map(|trip| millis(trip.direct)));
        limit = limit.max(took.quantile(SHOWN).unwrap_or_default());
        if let Some(median) = took.quantile(0.5) {
            note.push(format!("{} {} ms", kind.plural(), trimmed(median, 3)));
        }
        chart = chart
            .with(kind.plural(), Look::Line, distribution(&took))
            .with(
                &format!("{}, direct path", kind.plural()),
                Look::Faint,
                distribution(&direct),
            );
    }
    chart.x.limit = (limit > 0.0).then_some(limit);
    chart.noting(format!(
        "Medians: {}. Dashed: the direct path. {BEYOND}",
        note.join(", ")
    ))
}

pub(super) fn stretch(runs: &[&Samples]) -> Chart {
    let mut chart = Chart::new(
        "stretch",
        "Stretch",
        Axis::new("latency over that of the direct path"),
        Axis::up_to("% with at most that stretch", 100.0),
    );
    let mut limit = 0.0_f64;
    let mut note = Vec::new();
    for kind in TripKind::ALL {
        let ratios = right(runs, kind).filter_map(|trip| {
            let direct = trip.direct.filter(|direct| *direct > 0.0)?;
            Some(trip.latency? / direct)
        });
        let ratios = Numbers::new(ratios);
        limit = limit.max(ratios.quantile(0.95).unwrap_or_default());
        if let Some(median) = ratios.quantile(0.5) {
            note.push(format!("{} {}", kind.plural(), trimmed(median, 3)));
        }
        chart = chart.with(kind.plural(), Look::Line, distribution(&ratios));
    }
    chart.x.limit = (limit > 0.0).then_some(limit);
    chart.noting(format!(
        "Medians: {}. The slowest twentieth, mostly pairs that are near each other, is cut off.",
        note.join(", ")
    ))
}

pub(super) fn success(runs: &[&Samples]) -> Chart {
    let end = runs.iter().flat_map(|run| run.moments.last());
    let end = end.map(|moment| moment.at).fold(0.0, f64::max);
    // About a hundred points, but not less than a second each.
    let bin = (end / 100.0).ceil().max(1.0);
    let mut chart = Chart::new(
        "success",
        "Success over time",
        Axis::new("seconds"),
        Axis::up_to("% that was right", 100.0),
    );
    for kind in TripKind::ALL {
        let mut bins: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        let trips = runs.iter().flat_map(|run| &run.trips);
        for trip in trips.filter(|trip| trip.kind == kind) {
            let (part, all) = bins.entry((trip.at / bin) as u64).or_default();
            *part += u64::from(trip.outcome == Outcome::Right);
            *all += 1;
        }
        let points = bins.into_iter().map(|(index, (part, all))| {
            ((index as f64 + 0.5) * bin, part as f64 / all as f64 * 100.0)
        });
        chart = chart.with(kind.plural(), Look::Line, points.collect());
    }
    if end > 0.0 {
        chart.x.limit = Some(end);
    }
    let points = chart.series.iter().flat_map(|series| &series.points);
    let least = points.map(|point| point.1).fold(100.0, f64::min);
    // As near as it can be looked at, but never so near that everything looks bad.
    chart.y.floor = [99.0, 90.0, 50.0].into_iter().find(|floor| *floor <= least);
    with_marks(chart, runs).noting(format!(
        "Each point stands for what began within {} s; the lines are what was done to the network.",
        short(bin)
    ))
}
