//! What is noted during a run, by whichever backend. All times are seconds since its start.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::numbers::Numbers;

/// What went from one peer towards another, or towards a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TripKind {
    /// From the question who owns a key to the answer.
    Lookup,
    /// From a message's sender to its receiver, one way.
    Message,
    /// There and back.
    Ping,
    /// From a record's being published to word that it is stored.
    Publish,
    /// The same for a record that was there before.
    Refresh,
    /// From the question for a record to the answer of its key's owner.
    Resolve,
    /// The same, when most replicas have said what they have.
    Read,
}

impl TripKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Lookup,
        Self::Message,
        Self::Ping,
        Self::Publish,
        Self::Refresh,
        Self::Resolve,
        Self::Read,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Message => "message",
            Self::Ping => "ping",
            Self::Publish => "publish",
            Self::Refresh => "refresh",
            Self::Resolve => "resolve",
            Self::Read => "read",
        }
    }

    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Lookup => "lookups",
            Self::Message => "messages",
            Self::Ping => "pings",
            Self::Publish => "records published",
            Self::Refresh => "records refreshed",
            Self::Resolve => "records resolved",
            Self::Read => "records read",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    /// A lookup that named another than the key's owner, or a read that did not find what is stored.
    Wrong,
    /// Nothing arrived, or nobody knows; why.
    Failed(String),
}

/// One lookup, message or ping, or one question to the store.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trip {
    pub(crate) kind: TripKind,
    /// When it began.
    pub(crate) at: f64,
    /// The number of the peer that began it.
    pub(crate) from: u32,
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) latency: Option<f64>,
    /// How long the same would have taken without any peer in between.
    pub(crate) direct: Option<f64>,
    pub(crate) hops: Option<u8>,
}

/// Something that was said to the group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Post {
    /// When.
    pub(crate) at: f64,
    /// The number of the peer that said it.
    pub(crate) from: u32,
    /// Members that it was to reach: those that were in the group then, and were still there
    /// when it was judged.
    pub(crate) expected: u32,
    /// How long it took to each of them that it has reached.
    pub(crate) latencies: Vec<f32>,
    /// How often somebody was told of it who knew it already.
    pub(crate) again: u32,
}

/// How a peer came into the network.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Join {
    pub(crate) peer: u32,
    /// When it began to join.
    pub(crate) at: f64,
    /// How long it took to the first link.
    pub(crate) first_link: Option<f64>,
    /// How long it took to be a member of the ring.
    pub(crate) ring: Option<f64>,
    /// By a member, since no server was there.
    pub(crate) invited: bool,
    /// It has left or died before it was a member.
    pub(crate) gave_up: bool,
}

/// A peer at the end of the measurement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PeerSample {
    pub(crate) peer: u32,
    pub(crate) member: bool,
    pub(crate) links: u32,
    /// What the peer has sent so far, if that is counted.
    pub(crate) sent: Option<Count>,
    pub(crate) received: Option<Count>,
    /// What the peer's node holds, if that can be told.
    pub(crate) state_bytes: Option<u64>,
}

/// Messages and bytes of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
}

impl Count {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            messages: self.messages.saturating_sub(earlier.messages),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            messages: self.messages + other.messages,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// The kind of what the bootstrap server has sent, and no peer.
pub(crate) const FROM_SERVER: &str = "from the server";

/// What was sent so far, by kind.
pub(crate) type Traffic = BTreeMap<String, Count>;

/// The whole network at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Moment {
    pub(crate) at: f64,
    pub(crate) living: u32,
    /// Those that are members of the ring; on a mesh, those that have a link.
    pub(crate) members: u32,
    /// WebSockets at the bootstrap server.
    pub(crate) sockets: u32,
    pub(crate) links: Links,
    pub(crate) traffic: Traffic,
    /// Members of a ring whose successor is not the next member.
    pub(crate) misled: Option<u32>,
    /// What is stored, if anything is.
    pub(crate) stock: Option<Stock>,
    /// How often members have heard something that was said to the group, all together so far.
    pub(crate) heard: Option<u64>,
}

/// How many of the records that were acknowledged and have not expired have so many copies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stock(pub(crate) BTreeMap<u32, u64>);

impl Stock {
    pub(crate) fn records(&self) -> u64 {
        self.0.values().sum()
    }

    /// Those without a copy.
    pub(crate) fn lost(&self) -> u64 {
        self.0.get(&0).copied().unwrap_or_default()
    }

    /// Copies per record.
    pub(crate) fn mean(&self) -> Option<f64> {
        let copies = self
            .0
            .iter()
            .map(|(copies, count)| u64::from(*copies) * count);
        let records = self.records();
        (records > 0).then(|| copies.sum::<u64>() as f64 / records as f64)
    }

    /// The fewest copies that a record has.
    pub(crate) fn least(&self) -> Option<u32> {
        self.0.keys().next().copied()
    }
}

/// Links per peer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Links {
    pub(crate) mean: f64,
    pub(crate) p5: f64,
    pub(crate) p95: f64,
    pub(crate) most: f64,
}

/// Something that was done to the network on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) at: f64,
    pub(crate) what: String,
}

/// What counts for the figures: the time between the warm-up and the quiet phase.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Window {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Links {
    /// Those of these peers.
    pub(crate) fn of(links: &Numbers) -> Self {
        Self {
            mean: links.mean().unwrap_or_default(),
            p5: links.quantile(0.05).unwrap_or_default(),
            p95: links.quantile(0.95).unwrap_or_default(),
            most: links.quantile(1.0).unwrap_or_default(),
        }
    }
}

impl Window {
    pub(crate) fn contains(&self, at: f64) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

/// All that was noted in one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Samples {
    pub(crate) window: Window,
    pub(crate) trips: Vec<Trip>,
    pub(crate) joins: Vec<Join>,
    pub(crate) moments: Vec<Moment>,
    pub(crate) peers: Vec<PeerSample>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) posts: Vec<Post>,
}

impl Samples {
    /// The trips of a kind that began while it counts.
    pub(crate) fn counted(&self, kind: TripKind) -> impl Iterator<Item = &Trip> {
        self.trips
            .iter()
            .filter(move |trip| trip.kind == kind && self.window.contains(trip.at))
    }

    /// The first and the last moment that count.
    pub(crate) fn first_and_last(&self) -> Option<(&Moment, &Moment)> {
        let mut counted = self
            .moments
            .iter()
            .filter(|moment| self.window.contains(moment.at));
        let first = counted.next()?;
        Some((first, counted.next_back()?))
    }

    /// Seconds that peers have lived between two moments, all together.
    pub(crate) fn peer_seconds(&self, from: f64, to: f64) -> f64 {
        let pairs = self.moments.iter().zip(self.moments.iter().skip(1));
        pairs
            .filter(|(a, b)| a.at >= from && b.at <= to)
            .map(|(a, b)| (b.at - a.at) * f64::from(a.living + b.living) / 2.0)
            .sum()
    }
}
