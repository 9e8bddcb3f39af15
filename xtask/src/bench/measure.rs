//! One measurement of one server.

use std::fmt;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::peers::{Peer, Programs};
use super::running::{Running, number};

/// How long a server may put things in order before its memory is read.
const SETTLE: Duration = Duration::from_secs(1);

/// How much is measured.
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Seconds of each measurement of messages.
    pub(crate) seconds: u64,
    /// Messages per second while their time is measured.
    pub(crate) rate: u64,
}

/// What one server did once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// KiB per connection.
    pub(crate) idle: f64,
    /// The same after one message over each.
    pub(crate) used: f64,
    /// Per second.
    pub(crate) accepts: f64,
    /// Per second.
    pub(crate) messages: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    /// Microseconds.
    pub(crate) p99: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} and {:.1} KiB, {:.0} accepts/s, {:.0} messages/s, {:.0} and {:.0} us",
            self.idle, self.used, self.accepts, self.messages, self.p50, self.p99
        )
    }
}

/// Measures a server that is started for it.
pub(crate) fn everything(programs: &Programs, peer: Peer, plan: &Plan) -> Result<Sample> {
    let count = plan.connections;
    let mut running = Running::start(programs, peer, count)?;
    let accepts = running.number(&format!("connect {count}"), "accepts")?;
    thread::sleep(SETTLE);
    let idle = running.growth()? / count as f64;
    running.load("exchange")?;
    thread::sleep(SETTLE);
    let used = running.growth()? / count as f64;
    let messages = running.number(&format!("peak {}", plan.seconds), "messages")?;
    let times = running.load(&format!("rate {} {}", plan.rate, plan.seconds))?;
    Ok(Sample {
        idle,
        used,
        accepts,
        messages,
        p50: number(&times, "p50")?,
        p99: number(&times, "p99")?,
    })
}

/// Messages per second to nobody in particular, with a tenth of the connections and with all; of the
/// relay, to random ones.
pub(crate) fn anyone(programs: &Programs, peer: Peer, plan: &Plan) -> Result<(f64, f64)> {
    let mut running = Running::start(programs, peer, plan.connections)?;
    let mut rates = [0.0; 2];
    for (rate, count) in rates
        .iter_mut()
        .zip([plan.connections / 10, plan.connections])
    {
        running.load(&format!("connect {count}"))?;
        *rate = running.number(&format!("anyone {}", plan.seconds), "messages")?;
    }
    Ok(rates.into())
}
