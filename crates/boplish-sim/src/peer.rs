//! A peer of the world: a node, and what surrounds it.

use std::collections::BTreeMap;

use boplish_core::wire::{Fingerprint, PeerId};
use boplish_core::{ConnectionId, Event, Node, Time};

use crate::server::SocketIndex;
use crate::webrtc::EndpointIndex;

/// Names a peer of a [`World`](crate::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerHandle(pub(crate) u32);

impl PeerHandle {
    /// The peer's number: 0 for the first one of its world.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// The id in the path of its WebSocket: its own, unless it is a thief.
    pub(crate) claimed: PeerId,
    /// `None` once the peer has vanished.
    pub(crate) node: Option<Node>,
    /// Its own clock began then.
    pub(crate) born: Time,
    /// Whether it has left on purpose.
    pub(crate) left: bool,
    pub(crate) hidden: bool,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) connections: BTreeMap<ConnectionId, EndpointIndex>,
    pub(crate) socket: Option<SocketIndex>,
    /// The wake-up that is scheduled; earlier schedules are void.
    pub(crate) wake_at: Option<Time>,
    pub(crate) events: Vec<(Time, Event)>,
    /// Blinks that are under way.
    pub(crate) blinks: u32,
    /// Its side of the partition.
    pub(crate) side: u8,
}

impl Peer {
    pub(crate) fn new(id: PeerId, node: Node, fingerprint: Fingerprint, born: Time) -> Self {
        Self {
            id,
            claimed: id,
            node: Some(node),
            born,
            left: false,
            hidden: false,
            fingerprint,
            connections: BTreeMap::new(),
            socket: None,
            wake_at: None,
            events: Vec::new(),
            blinks: 0,
            side: 0,
        }
    }

    /// Whether it takes part: neither vanished nor left.
    pub(crate) fn is_living(&self) -> bool {
        self.node.is_some() && !self.left
    }
}
