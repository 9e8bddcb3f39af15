//! A peer of the world: a node, and what surrounds it.

use boplish_core::wire::PeerId;
use boplish_core::{ConnectionId, Event, Node, Time};

use crate::access::Nat;
use crate::config::NetworkConfig;
use crate::counters::Count;
use crate::geography::Place;
use crate::random::Random;
use crate::server::SocketIndex;

/// Names a peer of a [`World`](crate::World).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerHandle(pub(crate) u32);

impl PeerHandle {
    /// The peer with this number.
    pub fn from_index(index: u32) -> Self {
        Self(index)
    }

    /// The peer's number: 0 for the first one of its world.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a peer's channels have carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames that it has sent.
    pub sent: Count,
    /// Frames that have reached it.
    pub received: Count,
}

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// `None` once the peer has vanished.
    pub(crate) node: Option<Box<Node>>,
    /// Its own clock began then.
    pub(crate) born: Time,
    /// Whether it has left on purpose.
    pub(crate) left: bool,
    pub(crate) hidden: bool,
    /// Its side of the partition.
    pub(crate) side: u8,
    /// Blinks that are under way.
    pub(crate) blinks: u32,
    pub(crate) connections: Connections,
    pub(crate) socket: Option<SocketIndex>,
    /// The wake-up that is scheduled; earlier schedules are void.
    pub(crate) wake_at: Option<Time>,
    pub(crate) events: Vec<(Time, Event)>,
    pub(crate) traffic: Traffic,
    pub(crate) line: Line,
}

/// How a peer is attached to the network, which never changes, and how busy that is.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) place: Option<Place>,
    pub(crate) nat: Nat,
    /// Bytes per second up and down.
    pub(crate) rates: Option<[u32; 2]>,
    /// When the last byte has left, in nanoseconds.
    pub(crate) departed: u64,
    /// When the last byte has come, in nanoseconds.
    pub(crate) received: u64,
}

impl Line {
    /// Drawn from the peer's own stream.
    pub(crate) fn draw(network: &NetworkConfig, random: &mut Random) -> Self {
        let geography = network.geography.as_ref();
        Self {
            place: geography.map(|it| it.place(random)),
            nat: network.nats.draw(random),
            rates: network.bandwidth.map(|it| it.draw(random)),
            departed: 0,
            received: 0,
        }
    }
}

impl Peer {
    pub(crate) fn new(id: PeerId, node: Node, born: Time, line: Line) -> Self {
        Self {
            id,
            node: Some(Box::new(node)),
            born,
            left: false,
            hidden: false,
            side: 0,
            blinks: 0,
            connections: Connections::default(),
            socket: None,
            wake_at: None,
            events: Vec::new(),
            traffic: Traffic::default(),
            line,
        }
    }

    /// Whether it takes part: neither vanished nor left.
    pub(crate) fn is_living(&self) -> bool {
        self.node.is_some() && !self.left
    }
}

/// The connections of a peer that are not forgotten yet, by their numbers, which only rise: each
/// with the slot of its endpoint.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    all: Vec<(u32, u32)>,
    /// Numbers below were used.
    next: u32,
}

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// The connection is in this slot.
    In(u32),
    /// It was over long ago.
    Forgotten,
    /// It was never made.
    Never,
}

impl Connections {
    pub(crate) fn find(&self, id: ConnectionId) -> Known {
        let Ok(number) = u32::try_from(id.0) else {
            return Known::Never;
        };
        match self.all.binary_search_by_key(&number, |(id, _)| *id) {
            Ok(place) => Known::In(self.all[place].1),
            Err(_) if number < self.next => Known::Forgotten,
            Err(_) => Known::Never,
        }
    }

    /// Takes a new number; `false` if it is none.
    #[must_use]
    pub(crate) fn insert(&mut self, id: ConnectionId, slot: u32) -> bool {
        let number = u32::try_from(id.0).ok().filter(|it| *it >= self.next);
        if let Some(number) = number {
            // Nearly all of them have as many as they will ever have.
            self.all.reserve_exact(1);
            self.all.push((number, slot));
            self.next = number + 1;
        }
        number.is_some()
    }

    /// Those of an ordered start, numbered from 0, with room for no more.
    pub(crate) fn adopt(&mut self, slots: impl ExactSizeIterator<Item = u32>) {
        self.next = slots.len() as u32;
        self.all = Vec::with_capacity(slots.len());
        self.all.extend((0..).zip(slots));
    }

    pub(crate) fn remove(&mut self, id: ConnectionId) {
        self.all.retain(|(number, _)| u64::from(*number) != id.0);
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ConnectionId> {
        let ids = self.all.iter();
        ids.map(|(number, _)| ConnectionId(u64::from(*number)))
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        self.all.iter().map(|(_, slot)| *slot)
    }
}
