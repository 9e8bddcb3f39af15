//! What the backend and the crews that run its peers say to each other: in one process over
//! channels, with a child process as lines of JSON.

use serde::{Deserialize, Serialize};

use super::super::scenario::Router;
use super::super::statistics::samples::{Count, TripKind};

/// Names a lookup, message or ping of a run.
pub(super) type TripNumber = u64;

/// Told to a crew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "order")]
pub(super) enum Order {
    /// The first one: how all its peers shall be.
    Begin {
        bootstrap: String,
        router: Router,
        loopback: bool,
    },
    Join {
        number: u32,
    },
    /// Ends one peer, with or without a goodbye.
    Depart {
        number: u32,
        says_goodbye: bool,
    },
    /// A peer makes an invitation for a newcomer, which may be another crew's.
    Invite {
        host: u32,
        newcomer: u32,
    },
    /// A newcomer accepts it.
    Accept {
        newcomer: u32,
        host: u32,
        invitation: String,
    },
    /// The host takes the answer.
    Complete {
        host: u32,
        answer: String,
    },
    /// A lookup of a key, or something to a peer: 40 hex digits.
    Trip {
        trip: TripNumber,
        kind: TripKind,
        from: u32,
        to: String,
        bytes: usize,
    },
    /// Look at every peer.
    Survey {
        round: u64,
    },
    /// All peers leave, and the crew ends.
    End,
}

/// Told by a crew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "news")]
pub(super) enum News {
    /// A peer has started; its id.
    Started { number: u32, id: String },
    /// The text of an invitation.
    Invited {
        host: u32,
        newcomer: u32,
        invitation: String,
    },
    /// The text of the answer to one.
    Accepted { host: u32, answer: String },
    /// Its first link is open, so many seconds after its start.
    Linked { number: u32, after: f64 },
    /// It has become a member of the ring.
    Member { number: u32, after: f64 },
    /// A message has reached its receiver.
    Arrived {
        trip: TripNumber,
        latency: f64,
        hops: u8,
    },
    /// What the origin of a trip has learnt.
    Ended {
        trip: TripNumber,
        latency: f64,
        hops: Option<u8>,
        owner: Option<String>,
        error: Option<String>,
    },
    /// All peers of the crew.
    Surveyed { round: u64, peers: Vec<Seen> },
    /// The crew can't do what it was told.
    Failed { why: String },
}

/// A peer as its crew sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Seen {
    pub(super) number: u32,
    /// Those that it has links to.
    pub(super) links: Vec<String>,
    pub(super) is_member: bool,
    /// Its neighbours on the ring, if it is a member of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) predecessor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) successor: Option<String>,
    /// Its WebSocket is open.
    pub(super) is_on_server: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sent: Option<Count>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) received: Option<Count>,
}
