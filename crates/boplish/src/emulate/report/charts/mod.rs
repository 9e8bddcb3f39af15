//! The charts of a run: each answers a question that one has about a network.

mod groups;
mod peers;
mod storage;
mod time;
mod trips;

use std::collections::BTreeMap;

use super::super::statistics::numbers::Numbers;
use super::super::statistics::samples::Samples;
use super::chart::{Chart, Line};

/// Points of a distribution.
const STEPS: usize = 200;

/// What lies beyond this share of the values is not drawn, or one of them would squeeze the rest.
const SHOWN: f64 = 0.98;
/// What charts of times say of that.
const BEYOND: &str = "The slowest 2 % lie beyond.";

/// The charts that say something about these runs of one scenario with so many peers.
pub(crate) fn charts(runs: &[&Samples], peers: usize) -> Vec<Chart> {
    let all = [
        trips::hops(runs, peers),
        trips::latency(runs),
        trips::stretch(runs),
        trips::success(runs),
        storage::copies(runs),
        storage::copies_over_time(runs),
        groups::delivered(runs),
        groups::latency(runs),
        peers::links(runs),
        time::links_over_time(runs),
        peers::bytes(runs),
        time::bytes_by_kind(runs),
        time::messages(runs),
        peers::joins(runs),
        peers::state(runs),
        time::population(runs),
        time::server(runs),
        time::misled(runs),
    ];
    all.into_iter().filter(|chart| !chart.is_empty()).collect()
}

fn with_marks(mut chart: Chart, runs: &[&Samples]) -> Chart {
    let Some(first) = runs.first() else {
        return chart;
    };
    let lines = first.marks.iter().map(|mark| Line {
        at: mark.at,
        name: mark.what.clone(),
        fault: true,
    });
    chart.lines.extend(lines);
    if first.window.from > 0.0 {
        chart = chart.with_line(first.window.from, "measured from here");
    }
    chart
}

/// The percentage of the numbers in each bin, empty ones in between included.
fn shares(numbers: &Numbers, width: f64) -> Vec<(f64, f64)> {
    let mut bins: BTreeMap<i64, u64> = BTreeMap::new();
    for number in numbers.sorted() {
        *bins.entry((number / width).round() as i64).or_default() += 1;
    }
    let (Some((first, _)), Some((last, _))) = (bins.first_key_value(), bins.last_key_value())
    else {
        return Vec::new();
    };
    (*first..=*last)
        .map(|bin| {
            let count = bins.get(&bin).copied().unwrap_or_default();
            (
                bin as f64 * width,
                count as f64 / numbers.len() as f64 * 100.0,
            )
        })
        .collect()
}

/// A bin's width for about so many bins.
fn bin_width(numbers: &Numbers, bins: f64) -> f64 {
    let (Some(low), Some(high)) = (numbers.quantile(0.0), numbers.quantile(1.0)) else {
        return 1.0;
    };
    let width = (high - low) / bins;
    if width > 0.0 { width } else { 1.0 }
}

/// The cumulative distribution.
fn distribution(numbers: &Numbers) -> Vec<(f64, f64)> {
    if numbers.is_empty() {
        return Vec::new();
    }
    (0..=STEPS)
        .filter_map(|step| {
            let share = step as f64 / STEPS as f64;
            Some((numbers.quantile(share)?, share * 100.0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_a_place_for_every_bin_between_the_first_and_the_last() {
        let numbers = Numbers::new([1.0, 1.0, 3.0, 3.0]);
        assert_eq!(
            shares(&numbers, 1.0),
            [(1.0, 50.0), (2.0, 0.0), (3.0, 50.0)]
        );
        assert_eq!(shares(&Numbers::default(), 1.0), []);
    }

    #[test]
    fn a_distribution_rises_from_the_least_to_the_most() {
        let points = distribution(&Numbers::new([1.0, 2.0, 9.0]));
        assert_eq!(points.first(), Some(&(1.0, 0.0)));
        assert_eq!(points.last(), Some(&(9.0, 100.0)));
        assert!(points.is_sorted());
    }
}
