//! Our server under half of the load that it can bear, for long.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::measure::Plan;
use super::peers::{Peer, Programs};
use super::running::{Running, number};

/// Between two lines of the report; a shorter soak has ten.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Reads a duration: a number with `s`, `m` or `h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let units = [('s', 1), ('m', 60), ('h', 3_600)];
    let found = units.iter().find_map(|(unit, seconds)| {
        let count: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        count.checked_mul(*seconds).map(Duration::from_secs)
    });
    let found = found.filter(|duration| !duration.is_zero());
    found.ok_or_else(|| "a duration is a number with s, m or h, such as 60m".to_owned())
}

/// Gives the report in Markdown.
pub(crate) fn run(programs: &Programs, plan: &Plan, duration: Duration) -> Result<String> {
    let count = plan.connections;
    let mut running = Running::start(programs, Peer::Boplish, count)?;
    running.load(&format!("connect {count}"))?;
    let peak = running.number(&format!("peak {}", plan.seconds), "messages")?;
    let rate = (peak / 2.0).floor();
    let part = REPORT_EVERY.min(duration / 10).as_secs().max(1);
    let mut report = format!(
        "{count} connections, {rate} messages of 1,536 bytes per second, half of {peak:.0}, in bursts \
         as at that peak\n\n\
         | minutes | KiB more than empty | p50 us | p99 us |\n|---|---|---|---|\n"
    );
    let began = Instant::now();
    let mut sizes = Vec::new();
    while began.elapsed() < duration {
        let times = running.load(&format!("bursts {rate} {part}"))?;
        let minutes = began.elapsed().as_secs_f64() / 60.0;
        let size = running.growth()?;
        let (p50, p99) = (number(&times, "p50")?, number(&times, "p99")?);
        let line = format!("| {minutes:.1} | {size:.0} | {p50:.0} | {p99:.0} |");
        println!("{line}");
        writeln!(report, "{line}")?;
        sizes.push(size);
    }
    let first = sizes.first().context("the soak was too short")?;
    let last = sizes.last().context("the soak was too short")?;
    let growth = 100.0 * (last - first) / first;
    writeln!(report, "\nFrom the first line to the last: {growth:+.1} %.")?;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("60m"), Ok(Duration::from_secs(3_600)));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "60", "m", "-1s", "0h", "1.5h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
