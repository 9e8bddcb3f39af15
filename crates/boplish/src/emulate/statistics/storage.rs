//! What the peers store: how many copies there are, whether a record is lost, and what that costs.

use super::figures::{Data, Measure, Unit, measure, single};
use super::samples::{Moment, Samples};

const DAY: f64 = 86_400.0;

/// Traffic of the store by what it is for: the kind's name, and that of the figure.
const KINDS: [(&str, &str, &str); 3] = [
    (
        "store writes",
        "store.writes",
        "Sent by a peer for records that are written",
    ),
    (
        "store reads",
        "store.reads",
        "Sent by a peer for records that are read",
    ),
    ("store repair", "store.repair", "Sent by a peer for repair"),
];

pub(super) fn measures(run: &Samples) -> Vec<Measure> {
    let stock = run.moments.iter().rev().find_map(|it| it.stock.as_ref());
    let stored = |value: Option<f64>| value.into_iter().collect::<Vec<_>>();
    let copies = stock.into_iter().flat_map(|stock| {
        let each = stock.0.iter();
        each.flat_map(|(copies, count)| (0..*count).map(|_| f64::from(*copies)))
    });
    let mut all = vec![
        measure(
            "records.lost",
            "Records lost, of those that have not expired",
            Unit::Share,
            Data::Share(
                stock.map_or(0, |stock| stock.lost()),
                stock.map_or(0, |stock| stock.records()),
            ),
        ),
        measure(
            "records.copies",
            "Copies of a record at the end",
            Unit::Count,
            Data::Values(copies.collect()),
        ),
        single(
            "records.key-days",
            "Days that records were stored, all together",
            Unit::Count,
            stored(stock.map(|_| key_days(&run.moments))),
        ),
    ];
    for (kind, key, title) in KINDS {
        let rate = stock.and_then(|_| rate(run, kind));
        all.push(single(key, title, Unit::BytesPerSecond, stored(rate)));
    }
    all
}

/// Acknowledged records times days, lost ones included.
fn key_days(moments: &[Moment]) -> f64 {
    let pairs = moments.iter().zip(moments.iter().skip(1));
    let days = pairs.filter_map(|(before, after)| {
        let records = before.stock.as_ref()?.records();
        Some(records as f64 * (after.at - before.at) / DAY)
    });
    days.sum()
}

/// Bytes of a kind that a peer has sent per second, while it counts.
fn rate(run: &Samples, kind: &str) -> Option<f64> {
    let (first, last) = run.first_and_last()?;
    let bytes = |moment: &Moment| moment.traffic.get(kind).map_or(0, |count| count.bytes);
    let seconds = run.peer_seconds(first.at, last.at);
    (seconds > 0.0).then(|| (bytes(last) - bytes(first)) as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::super::super::statistics::figures::figures;
    use super::super::samples::{Count, Stock, Window};
    use super::*;

    fn moment(at: f64, copies: &[(u32, u64)], repair: u64) -> Moment {
        let count = Count {
            messages: 1,
            bytes: repair,
        };
        Moment {
            at,
            living: 10,
            stock: Some(Stock(copies.iter().copied().collect())),
            traffic: [("store repair".to_owned(), count)].into(),
            ..Moment::default()
        }
    }

    #[test]
    fn copies_losses_and_repair_are_those_of_the_records() {
        let run = Samples {
            window: Window { from: 0.0, to: DAY },
            moments: vec![
                moment(0.0, &[(8, 4)], 0),
                moment(DAY, &[(0, 1), (8, 3)], 864_000),
            ],
            ..Samples::default()
        };
        let figures = figures(&[&run]);
        let mean = |key: &str| figures.iter().find(|it| it.key == key).unwrap().mean;
        assert_eq!(mean("records.lost"), 0.25);
        assert_eq!(mean("records.copies"), 6.0);
        assert_eq!(mean("records.key-days"), 4.0);
        assert_eq!(mean("store.repair"), 1.0);
    }

    #[test]
    fn a_run_without_a_store_says_nothing_of_it() {
        let run = Samples {
            moments: vec![Moment::default()],
            ..Samples::default()
        };
        let figures = figures(&[&run]);
        assert!(!figures.iter().any(|it| it.key.starts_with("store.")));
        assert!(!figures.iter().any(|it| it.key.starts_with("records.")));
    }
}
