//! The sections of a scenario.

use std::num::NonZeroUsize;

use boplish_native::core::{ChordConfig, RouterConfig};
use boplish_native::wire::bootstrap::NetworkParameters;
use serde::{Deserialize, Serialize};

use super::values::{Share, Span};

/// How many peers there are, and how they come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Peers {
    /// How many join before the warm-up.
    pub(crate) count: usize,
    pub(crate) join: JoinPattern,
    /// Joins per second, for `steady`, and for the first of `growing`.
    pub(crate) rate: f64,
    /// The time in which there become twice as many, for `growing`.
    pub(crate) doubling: Span,
    /// The time in which all join, for `flash-crowd`.
    pub(crate) within: Span,
    /// So many networks, which can't reach each other until a `heal`.
    pub(crate) rings: usize,
}

impl Peers {
    /// From the last join of a network to the first of the next, so that everybody is in.
    pub(crate) const PAUSE: f64 = 60.0;

    /// When the first peer with this number begins to join, in seconds, where `join` says so
    /// without chance.
    pub(crate) fn joins_at(&self, number: usize) -> f64 {
        let number = number as f64;
        match self.join {
            JoinPattern::Steady => number / self.rate,
            JoinPattern::Growing => {
                // From this many on, doubling brings more per second than the rate.
                let small = self.rate * self.doubling.0 / core::f64::consts::LN_2;
                let doublings = (number / small).max(1.0).log2();
                number.min(small) / self.rate + doublings * self.doubling.0
            }
            JoinPattern::FlashCrowd | JoinPattern::Ordered => 0.0,
        }
    }

    /// The network that the first peers with this number are part of.
    pub(crate) fn ring_of(&self, number: usize) -> usize {
        let ring = number / self.count.div_ceil(self.rings);
        // Whoever comes later belongs to all.
        if ring < self.rings { ring } else { 0 }
    }
}

/// How peers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum JoinPattern {
    /// One after the other, at an even rate.
    Steady,
    /// At an even rate at first, then in proportion to those who are there.
    Growing,
    /// At random moments of a short time.
    FlashCrowd,
    /// They are there from the start, as members of a finished ring.
    Ordered,
}

impl Default for Peers {
    fn default() -> Self {
        Self {
            count: 100,
            join: JoinPattern::Steady,
            rate: 10.0,
            doubling: Span(30.0),
            within: Span(1.0),
            rings: 1,
        }
    }
}

/// What the network between the peers is like. Only the simulator can choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Network {
    pub(crate) latency: Latency,
    /// The shortest and the longest one-way latency of a pair, for `uniform`.
    pub(crate) least: Span,
    pub(crate) most: Span,
    /// The most that most messages take in addition; absent: what goes with the latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<Span>,
    /// Packets that are lost, and sent again; absent: what goes with the latency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) loss: Option<Share>,
    /// Bytes per second of a peer, the least and the most; absent: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) upload: Option<[u32; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) download: Option<[u32; 2]>,
    /// Pairs of peers that can't connect, whatever is in front of them.
    pub(crate) unreachable: Share,
    /// Peers whose page is hidden, so that its timers tick once a second.
    pub(crate) hidden: Share,
    /// What is in front of peers; the rest has public addresses.
    pub(crate) nat: Nat,
}

/// Address translators, in the words of RFC 3489.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Nat {
    pub(crate) full_cone: Share,
    pub(crate) restricted: Share,
    pub(crate) port_restricted: Share,
    pub(crate) symmetric: Share,
    /// No UDP at all.
    pub(crate) blocked: Share,
}

/// Where latencies come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Latency {
    /// Places all over the world, with access delays, a little jitter and loss.
    Internet,
    /// That of one machine.
    Loopback,
    /// Evenly between `least` and `most`, drawn for each pair.
    Uniform,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            latency: Latency::Internet,
            least: Span(0.005),
            most: Span(0.150),
            jitter: None,
            loss: None,
            upload: None,
            download: None,
            unreachable: Share(0.0),
            hidden: Share(0.0),
            nat: Nat::default(),
        }
    }
}

/// How the peers find their ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Router {
    pub(crate) kind: RouterKind,
    /// Links of a peer, at most.
    pub(crate) budget: usize,
    /// Successors that a peer knows.
    pub(crate) successors: usize,
}

/// Which router.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RouterKind {
    /// Everyone is linked with everyone.
    Mesh,
    /// A ring with long links.
    Chord,
}

impl RouterKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::Chord => "chord",
        }
    }
}

impl Router {
    /// As the core's.
    pub(crate) fn config(&self) -> RouterConfig {
        match self.kind {
            RouterKind::Mesh => RouterConfig::Mesh,
            RouterKind::Chord => RouterConfig::Chord(ChordConfig {
                budget: self.budget,
                successors: self.successors,
                ..ChordConfig::default()
            }),
        }
    }

    /// As the bootstrap server tells them newcomers.
    pub(crate) fn parameters(&self) -> NetworkParameters {
        match self.kind {
            RouterKind::Mesh => NetworkParameters::mesh(),
            // A scenario's numbers were validated, and are smaller.
            RouterKind::Chord => NetworkParameters {
                successors: u8::try_from(self.successors).unwrap_or(u8::MAX),
                link_budget: u16::try_from(self.budget).unwrap_or(u16::MAX),
                ..NetworkParameters::default()
            },
        }
    }

    /// For people.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            RouterKind::Mesh => "mesh".to_owned(),
            RouterKind::Chord => format!("chord, {} links", self.budget),
        }
    }
}

impl Default for Router {
    fn default() -> Self {
        Self {
            kind: RouterKind::Chord,
            budget: 34,
            successors: 8,
        }
    }
}

/// The bootstrap server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Server {
    /// Peers that it keeps, to introduce newcomers to them.
    pub(crate) entry_peers: NonZeroUsize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            entry_peers: NonZeroUsize::MIN.saturating_add(255),
        }
    }
}

/// How peers come and go while it counts. Each that goes is replaced by a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Churn {
    /// Half of the sessions are shorter.
    pub(crate) median_session: Span,
    /// Of the Weibull distribution of sessions; 1 is the exponential one.
    #[serde(default = "half")]
    pub(crate) shape: f64,
    /// Those that say goodbye; the others vanish.
    #[serde(default)]
    pub(crate) graceful: Share,
}

fn half() -> f64 {
    0.5
}

/// What the peers do while it counts, in all, per second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Workload {
    /// Lookups of random keys.
    pub(crate) lookups: f64,
    /// Messages to random peers.
    pub(crate) messages: f64,
    /// The payload of a message.
    pub(crate) message_bytes: usize,
    /// Pings of random peers.
    pub(crate) pings: f64,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            lookups: 10.0,
            messages: 0.0,
            message_bytes: 100,
            pings: 0.0,
        }
    }
}

/// What must be so; else the run has failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Checks {
    /// Judge the ring by Zave's invariants so often; 0 is after every step of the simulator.
    /// Absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ring: Option<Span>,
    /// No peer has more links than it may, and nothing is left half-open at the end.
    pub(crate) bounds: bool,
    /// At the end, after the quiet phase, the whole network is as it should be.
    pub(crate) settled: bool,
    /// No record that was acknowledged is lost, if the peers store any.
    pub(crate) stored: bool,
    /// Lookups, messages, pings, writes and reads that must be right, over the whole measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success: Option<Share>,
    /// The same, from so long after each fault on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recovery: Option<Recovery>,
    /// What is said to the group must reach so many of its members, over the whole measurement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivered: Option<Share>,
    /// The same, from so long after each fault on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) regained: Option<Recovery>,
}

/// How soon it must be how good again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Recovery {
    pub(crate) within: Span,
    pub(crate) success: Share,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            ring: None,
            bounds: true,
            settled: true,
            stored: true,
            success: None,
            recovery: None,
            delivered: None,
            regained: None,
        }
    }
}
