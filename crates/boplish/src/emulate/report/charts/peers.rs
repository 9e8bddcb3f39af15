//! What peers hold, send, and need to come in.

use super::super::super::statistics::numbers::Numbers;
use super::super::super::statistics::samples::Samples;
use super::super::chart::{Axis, Chart, Look};
use super::super::text::trimmed;
use super::{BEYOND, SHOWN, bin_width, distribution, shares};

pub(super) fn links(runs: &[&Samples]) -> Chart {
    let peers = runs.iter().flat_map(|run| &run.peers);
    let links = Numbers::new(peers.map(|peer| f64::from(peer.links)));
    let chart = Chart::new(
        "links",
        "Links per peer",
        Axis::new("links"),
        Axis::new("% of the peers"),
    );
    let width = bin_width(&links, 60.0).max(1.0).ceil();
    let chart = chart.with("peers", Look::Columns, shares(&links, width));
    match (links.mean(), links.quantile(1.0)) {
        (Some(mean), Some(most)) => chart.with_line(mean, "mean").noting(format!(
            "At the end of the measurement: {} on average, {most} at most.",
            trimmed(mean, 3)
        )),
        _ => chart,
    }
}

/// Sent by all peers of a run until its end, by peer.
pub(super) fn bytes(runs: &[&Samples]) -> Chart {
    let peers = runs.iter().flat_map(|run| &run.peers);
    let sent = Numbers::new(peers.filter_map(|peer| Some(peer.sent?.bytes as f64 / 1024.0)));
    let width = bin_width(&sent, 40.0);
    Chart::new(
        "bytes",
        "Bytes per peer",
        Axis::new("KiB sent from the start to the end of the measurement"),
        Axis::new("% of the peers"),
    )
    .with("peers", Look::Columns, shares(&sent, width))
    .noting("How evenly the load is spread.".to_owned())
}

pub(super) fn joins(runs: &[&Samples]) -> Chart {
    let joins = || runs.iter().flat_map(|run| &run.joins);
    let linked = Numbers::new(joins().filter_map(|join| join.first_link));
    let ring = Numbers::new(joins().filter_map(|join| join.ring));
    let limit = [&linked, &ring].map(|it| it.quantile(SHOWN).unwrap_or_default());
    let mut chart = Chart::new(
        "joins",
        "Joins",
        Axis::new("seconds since the peer's start"),
        Axis::up_to("% of the peers", 100.0),
    );
    let limit = limit[0].max(limit[1]);
    chart.x.limit = (limit > 0.0).then_some(limit);
    let note = [("first link", &linked), ("member of the ring", &ring)]
        .into_iter()
        .filter_map(|(name, times)| Some(format!("{name} {} s", trimmed(times.quantile(0.5)?, 3))));
    let note = note.collect::<Vec<_>>().join(", ");
    chart
        .with("first link", Look::Line, distribution(&linked))
        .with("member of the ring", Look::Line, distribution(&ring))
        .noting(format!("Medians: {note}. {BEYOND}"))
}

pub(super) fn state(runs: &[&Samples]) -> Chart {
    let peers = runs.iter().flat_map(|run| &run.peers);
    let state = peers.filter_map(|peer| Some(peer.state_bytes? as f64 / 1024.0));
    let state = Numbers::new(state);
    let width = bin_width(&state, 40.0);
    Chart::new(
        "state",
        "State per peer",
        Axis::new("KiB"),
        Axis::new("% of the peers"),
    )
    .with("peers", Look::Columns, shares(&state, width))
    .noting("What a peer's node holds at the end of the measurement.".to_owned())
}
