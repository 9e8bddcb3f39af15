//! What the virtual network is like.

use core::time::Duration;

use crate::access::{Bandwidth, NatShares};
use crate::geography::Geography;
use crate::random::Random;

/// Delays, bounds and habits of the virtual network. The default is a wide-area network without
/// faults; [`NetworkConfig::hostile`] is a bad one.
#[derive(Debug, Clone)]
pub struct NetworkConfig {
    /// One-way latency between two peers without places: drawn once for each pair.
    pub distance: Delay,
    /// Where peers are that come from now on, which takes the place of `distance`.
    pub geography: Option<Geography>,
    /// What each message takes in addition. Channels stay ordered whatever it is.
    pub jitter: Delay,
    /// Packets between peers that are lost, in parts per million. Channels send them again, and
    /// what is behind them waits.
    pub loss: u32,
    /// One-way latency between a peer and the bootstrap server, drawn for each message; texts of
    /// one WebSocket stay in order.
    pub server: Delay,
    /// From a command to the description that answers it.
    pub describe: Delay,
    /// From one gathered candidate to the next.
    pub gather: Delay,
    /// The most candidates that a connection gathers; at least one, and at least one works.
    pub max_candidates: u64,
    /// How much later one side may learn that the channel is open than the other.
    pub open_skew: Delay,
    /// Bytes per second over all channels of a peer that comes from now on; `None` for no bound.
    pub bandwidth: Option<Bandwidth>,
    /// What is in front of peers that come from now on.
    pub nats: NatShares,
    /// Pairs of peers that can't connect for other reasons, in parts per thousand.
    pub unreachable: u32,
    /// Peers, of those that come from now on, whose page is hidden, in parts per thousand.
    pub hidden: u32,
    /// Bytes that may be on their way on one direction of a channel; what is beyond counts as
    /// `bufferedAmount`.
    pub window: usize,
    /// Clocks of peers tell multiples of this (browsers round theirs).
    pub clock_granularity: Duration,
    /// Timers of hidden peers fire at multiples of this only.
    pub hidden_timers: Duration,
    /// From the cut of the path until ICE says that it is disconnected.
    pub ice_disconnected_after: Duration,
    /// Between two of ICE's checks: up to so much later it is noticed that the path was cut, or, if
    /// it is zero, by the jitter (RFC 7675, section 5.1).
    pub ice_checks: Duration,
    /// From the cut of the path, or from the description of an attempt, until ICE gives up.
    pub ice_failed_after: Duration,
    /// Silence after which the server takes a WebSocket for dead.
    pub socket_timeout: Duration,
    /// How long a closed connection lets its channel send what it holds.
    pub linger: Duration,
    /// Facts may still reach the core so long after it closed their connection.
    pub late_facts: Duration,
}

/// A distribution of delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// The shortest.
    pub least: Duration,
    /// The longest usual one; all between are equally likely.
    pub most: Duration,
    /// How often, in parts per thousand, it is longer,
    pub outliers: u32,
    /// and by how much at most.
    pub outlier: Duration,
}

impl Delay {
    /// From `least` to `most` milliseconds, without outliers.
    pub const fn millis(least: u64, most: u64) -> Self {
        Self {
            least: Duration::from_millis(least),
            most: Duration::from_millis(most),
            outliers: 0,
            outlier: Duration::ZERO,
        }
    }

    /// With so many outliers per thousand, up to so many milliseconds longer.
    pub const fn with_outliers(self, per_mille: u32, millis: u64) -> Self {
        Self {
            outliers: per_mille,
            outlier: Duration::from_millis(millis),
            ..self
        }
    }

    /// Draws one.
    pub fn draw(&self, random: &mut Random) -> Duration {
        let usual = random.between(self.least, self.most);
        match self.outliers > 0 && random.chance(self.outliers) {
            true => usual + random.between(Duration::ZERO, self.outlier),
            false => usual,
        }
    }

    /// What it is on average.
    pub fn mean(&self) -> Duration {
        (self.least + self.most) / 2 + self.outlier * self.outliers / 2_000
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            distance: Delay::millis(5, 150),
            geography: None,
            loss: 0,
            jitter: Delay::millis(0, 5).with_outliers(5, 200),
            server: Delay::millis(10, 80).with_outliers(5, 300),
            describe: Delay::millis(2, 30),
            gather: Delay::millis(0, 60),
            max_candidates: 4,
            open_skew: Delay::millis(0, 20),
            bandwidth: None,
            nats: NatShares::default(),
            unreachable: 0,
            hidden: 0,
            window: 128 * 1024,
            clock_granularity: Duration::from_millis(1),
            hidden_timers: Duration::from_secs(1),
            ice_disconnected_after: Duration::from_secs(5),
            ice_checks: Duration::ZERO,
            ice_failed_after: Duration::from_secs(25),
            socket_timeout: Duration::from_secs(45),
            linger: Duration::from_millis(500),
            late_facts: Duration::from_millis(50),
        }
    }
}

impl NetworkConfig {
    /// The Internet, as far as delays go: peers all over the world, a little jitter and loss. All
    /// of them have public addresses, visible pages and bandwidth enough.
    pub fn internet() -> Self {
        Self {
            geography: Some(Geography::default()),
            jitter: Delay::millis(0, 4).with_outliers(5, 60),
            loss: 500,
            ice_checks: Duration::from_millis(2_500),
            server: Delay::millis(10, 150).with_outliers(5, 300),
            ..Self::default()
        }
    }

    /// The same with home routers, slow lines, a few pairs that can't connect whatever they try,
    /// and every tenth page hidden.
    pub fn homes() -> Self {
        Self {
            bandwidth: Some(Bandwidth::typical()),
            nats: NatShares::typical(),
            unreachable: 10,
            hidden: 100,
            ..Self::internet()
        }
    }

    /// A bad network: long and widely spread delays on every path.
    pub fn hostile() -> Self {
        Self {
            distance: Delay::millis(1, 400),
            jitter: Delay::millis(0, 100).with_outliers(30, 1_500),
            server: Delay::millis(1, 500).with_outliers(30, 2_000),
            describe: Delay::millis(0, 200),
            gather: Delay::millis(0, 500),
            max_candidates: 6,
            open_skew: Delay::millis(0, 400),
            ..Self::default()
        }
    }
}
