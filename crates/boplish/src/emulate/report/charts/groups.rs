//! What was said to the group.

use super::super::super::statistics::groups::share;
use super::super::super::statistics::numbers::Numbers;
use super::super::super::statistics::samples::Samples;
use super::super::chart::{Axis, Chart, Look};
use super::super::text::{short, trimmed};
use super::{BEYOND, SHOWN, distribution, with_marks};

/// Whom the posts have reached, by the time when they were said.
pub(super) fn delivered(runs: &[&Samples]) -> Chart {
    let posts = runs.iter().flat_map(|run| &run.posts);
    let mut points: Vec<(f64, f64)> = posts.map(|it| (it.at, share(it) * 100.0)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let chart = Chart::new(
        "group-delivered",
        "Posts delivered to the group's members",
        Axis::new("seconds"),
        Axis::up_to("% of the members", 100.0),
    );
    let chart = chart.with("posts", Look::Line, points);
    if chart.is_empty() {
        return chart;
    }
    with_marks(chart, runs).noting("Each post, at the time when it was said.".to_owned())
}

pub(super) fn latency(runs: &[&Samples]) -> Chart {
    let posts = runs.iter().flat_map(|run| &run.posts);
    let latencies = posts.flat_map(|it| &it.latencies);
    let took = Numbers::new(latencies.map(|it| f64::from(*it) * 1000.0));
    let mut chart = Chart::new(
        "group-latency",
        "Latency of posts to members",
        Axis::new("milliseconds"),
        Axis::up_to("% that took at most that long", 100.0),
    )
    .with("posts", Look::Line, distribution(&took));
    chart.x.limit = took.quantile(SHOWN);
    match (took.quantile(0.5), took.quantile(0.99)) {
        (Some(median), Some(p99)) => chart.with_line(median, "median").noting(format!(
            "Half within {} ms, 99 % within {} ms. {BEYOND}",
            short(median),
            trimmed(p99, 1)
        )),
        _ => chart,
    }
}
