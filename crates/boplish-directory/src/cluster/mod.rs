//! Several servers that act as one: what a directory says to the others, and hears of them.
//!
//! The servers of a cluster share an engine: a program that passes on what is published on a
//! channel to whoever listens there, and says when that is nobody. Each peer has a channel, which
//! its server listens on; so that is where the peer is, and when its server crashes, nobody
//! listens there any more. Each server has a channel too, and there is one for all.
//!
//! What comes from the engine is as untrusted as what comes from clients.

pub(crate) mod frame;
pub(crate) mod nodes;

use core::fmt;

use boplish_wire::bootstrap::ClientId;

/// Names one directory of a cluster; drawn by lot at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Where something is published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Every server listens here.
    All,
    /// The server listens here.
    Node(NodeId),
    /// The server listens here that the peer is connected to.
    Peer(ClientId),
}

/// Some bytes on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where.
    pub channel: Channel,
    /// What: to be passed on as it is.
    pub frame: Vec<u8>,
}

/// What the engine is to do. The shell listens on [`Channel::All`] and on the
/// [`Channel::Node`] of its directory by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Listen on the channel of a peer, and when that is so, publish the claim there. This may be
    /// late, but not be left out; an order about the same peer that has not been carried out is
    /// void.
    Appear {
        /// The peer.
        id: ClientId,
        /// Says to whoever else has a connection of this id that there is a newer one.
        claim: Vec<u8>,
    },
    /// Listen on the channel of a peer no more; otherwise as above.
    Vanish {
        /// The peer.
        id: ClientId,
    },
    /// Publish, after what was ordered before. What reaches nobody comes back as
    /// [`News::Undelivered`], what can't be published within the shell's bounds as
    /// [`News::NoRoom`].
    Publish(Letter),
}

/// What the shell has to tell of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It is there, from now on or again; of what the shell was listening to, nothing is left.
    Up,
    /// It can't be reached. Letters that are under way come back, or are lost.
    Down,
    /// Something was published on a channel that the shell listens on.
    Letter(Letter),
    /// Nobody listens on the channel that this was to be published on.
    Undelivered(Letter),
    /// Too much waits for the engine; this says nothing of who listens on the channel.
    NoRoom(Letter),
}
