//! What was measured, and what is to be expected.
//!
//! Replicas die independently of each other, each with the rate 1 over the mean session, and each is
//! replaced after the same time, the window. A record is lost when its last replica dies while all
//! others have died within the window before: `r λ (λ τ)^(r - 1)`.

use std::collections::BTreeMap;

use super::DAY;

/// All runs with one median and one number of replicas.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row {
    pub(crate) key_days: f64,
    pub(crate) lost: f64,
    pub(crate) incidents: f64,
    /// Peers times days: each peer owns some keys, which are lost together.
    pub(crate) peer_days: f64,
}

/// By median and replicas.
pub(crate) type Rows = BTreeMap<(u64, u32), Row>;

/// Reads the lines of runs, with or without their head.
pub(crate) fn rows(text: &str) -> Rows {
    let mut rows = Rows::new();
    for line in text.lines().filter(|line| !line.starts_with("median")) {
        let cells: Vec<f64> = line.split(',').map(super::number).collect();
        let [
            median,
            replicas,
            peers,
            _,
            hours,
            _,
            days,
            lost,
            incidents,
            _,
        ] = cells[..]
        else {
            panic!("ten columns: {line}");
        };
        let row = rows.entry((median as u64, replicas as u32)).or_default();
        row.key_days += days;
        row.lost += lost;
        row.incidents += incidents;
        row.peer_days += peers * hours / 24.0;
    }
    rows
}

impl Row {
    /// Records lost per key-day: the least, what was found, and the most, with 95 % confidence. What
    /// is lost together counts as one event of a Poisson process (Byar's approximation).
    pub(crate) fn rate(&self) -> (f64, f64, f64) {
        const Z: f64 = 1.96;
        if self.incidents == 0.0 {
            return (0.0, 0.0, 3.0 / self.peer_days);
        }
        let cube =
            |n: f64, sign: f64| n * (1.0 - 1.0 / (9.0 * n) + sign * Z / (3.0 * n.sqrt())).powi(3);
        let each = self.lost / self.incidents / self.key_days;
        let low = cube(self.incidents, -1.0).max(0.0);
        (
            low * each,
            self.incidents * each,
            cube(self.incidents + 1.0, 1.0) * each,
        )
    }
}

/// Deaths of a peer per second: Weibull sessions with a shape of 0.5 have a mean of 2 scales.
fn deaths(median: u64) -> f64 {
    core::f64::consts::LN_2.powi(2) / (2.0 * median as f64)
}

/// Records lost per key-day.
pub(crate) fn expected(median: u64, replicas: f64, window: f64) -> f64 {
    let deaths = deaths(median);
    DAY * replicas * deaths * (deaths * window).powf(replicas - 1.0)
}

/// The window with which the model loses as many records as were lost, in seconds: the geometric
/// mean of those of all rows with losses and two replicas or more, weighted by how often it happened.
pub(crate) fn window(rows: &Rows) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ((median, replicas), row) in rows.iter().filter(|((_, replicas), _)| *replicas > 1) {
        let replicas = f64::from(*replicas);
        let (_, found, _) = row.rate();
        if found > 0.0 {
            let ratio = found / expected(*median, replicas, 1.0);
            sum += row.incidents * ratio.ln() / (replicas - 1.0);
            weights += row.incidents;
        }
    }
    (sum / weights).exp()
}

/// What was measured beside what the model says, as a table in Markdown.
pub(crate) fn table(rows: &Rows) -> String {
    let window = window(rows);
    let mut table = format!(
        "window: {window:.1} s\n\n\
         | median session | replicas | key-days | lost | incidents | per key-day | 95 % | model |\n\
         |---|---|---|---|---|---|---|---|\n"
    );
    for ((median, replicas), row) in rows {
        let (low, found, high) = row.rate();
        let model = expected(*median, f64::from(*replicas), window);
        table += &format!(
            "| {median} s | {replicas} | {:.1} | {} | {} | {} | {} to {} | {} |\n",
            row.key_days,
            row.lost,
            row.incidents,
            short(found),
            short(low),
            short(high),
            short(model),
        );
    }
    table
}

/// Two digits that count.
fn short(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        1e-3..100.0 => {
            let digits = (1.0 - value.log10().floor()).clamp(0.0, 4.0) as usize;
            format!("{value:.digits$}")
        }
        100.0.. => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    }
}
