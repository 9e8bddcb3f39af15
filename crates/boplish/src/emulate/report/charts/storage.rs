//! What the peers store.

use std::collections::BTreeMap;

use super::super::super::statistics::samples::{Samples, Stock};
use super::super::chart::{Axis, Chart, Look};
use super::super::text::trimmed;
use super::time::over_time;
use super::with_marks;

/// How many copies the records have at the end.
pub(super) fn copies(runs: &[&Samples]) -> Chart {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for run in runs {
        let last = run.moments.last().and_then(|moment| moment.stock.as_ref());
        for (copies, count) in last.iter().flat_map(|stock| &stock.0) {
            *counts.entry(*copies).or_default() += count;
        }
    }
    let all = Stock(counts);
    let records = all.records().max(1) as f64;
    let points = all.0.iter();
    let points =
        points.map(|(copies, count)| (f64::from(*copies), *count as f64 / records * 100.0));
    let chart = Chart::new(
        "copies",
        "Copies per record",
        Axis::new("copies"),
        Axis::new("% of the records"),
    );
    let chart = chart.with("records", Look::Columns, points.collect());
    match (all.mean(), all.least()) {
        (Some(mean), Some(least)) => chart.with_line(mean, "mean").noting(format!(
            "At the end: {} on average, {least} at least; {} of {} are lost.",
            trimmed(mean, 3),
            all.lost(),
            all.records(),
        )),
        _ => chart,
    }
}

/// How the copies went on, and how many records were lost.
pub(super) fn copies_over_time(runs: &[&Samples]) -> Chart {
    let chart = Chart::new(
        "copies-over-time",
        "Copies per record over time",
        Axis::new("seconds"),
        Axis::new("copies"),
    );
    let mean = over_some_time(runs, |stock| stock.mean());
    let least = over_some_time(runs, |stock| stock.least().map(f64::from));
    let chart = chart.with("mean", Look::Line, mean);
    let chart = chart.with("least", Look::Faint, least);
    with_marks(chart, runs).noting("The mean, and that of the record with the fewest.".to_owned())
}

/// A value of each moment at which something is stored.
fn over_some_time(runs: &[&Samples], of: impl Fn(&Stock) -> Option<f64>) -> Vec<(f64, f64)> {
    // What is no number is left out.
    over_time(runs, |moment| {
        let value = moment.stock.as_ref().and_then(&of);
        value.unwrap_or(f64::NAN)
    })
}
