//! The world: a clock, what is yet to happen, and everybody in it.

mod adopt;
mod bootstrap;
mod carry;
mod channel;
mod control;
mod disks;
mod faults;
mod ice;
mod look;
mod negotiation;
mod paths;
mod sockets;
mod step;
#[cfg(test)]
mod tests;

use core::hash::BuildHasherDefault;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use boplish_core::wire::{Fingerprint, PeerId};
use boplish_core::{Event, Time};

use crate::arena::Arena;
use crate::config::NetworkConfig;
use crate::counters::Counters;
use crate::lanes::Lanes;
use crate::moment::{nanos, span, time};
use crate::peer::{Peer, PeerHandle};
use crate::queue::Queue;
use crate::random::{Random, mix};
use crate::server::{Server, Socket, SocketIndex};
use crate::tables::Tables;
use crate::tamper::Tamper;
use crate::trace::{Mixer, Trace};
use crate::webrtc::{Endpoint, EndpointIndex, Item};

pub use control::Timeout;
pub use look::EventSink;

use step::Step;

/// Many real [`Node`](boplish_core::Node)s, the real bootstrap directory, and a virtual network
/// between them, under a virtual clock. One seed decides everything.
#[derive(Debug)]
pub struct World {
    seed: u64,
    now: Time,
    queue: Queue<Step>,
    random: Random,
    network: NetworkConfig,
    peers: Vec<Peer>,
    /// Only asked, never walked through: its order is nobody's business.
    by_id: HashMap<PeerId, PeerHandle, BuildHasherDefault<Mixer>>,
    endpoints: Arena<Endpoint>,
    /// Local descriptions that were ever begun.
    generations: u32,
    /// What is on its way on channels.
    frames: Lanes<Item>,
    /// What peers know of their neighbours' links.
    tables: Tables,
    server: Server,
    sockets: Arena<Socket>,
    /// What peers have kept for a restart.
    disks: BTreeMap<(PeerHandle, PeerId), Vec<u8>>,
    has_disks: bool,
    /// The ids in the paths of WebSockets of thieves.
    claims: BTreeMap<PeerHandle, PeerId>,
    unreachable: BTreeSet<(PeerHandle, PeerHandle)>,
    /// The side of the partition that the server is on; `None` while both reach it.
    server_side: Option<u8>,
    /// The side of the partition that newcomers are on.
    newcomer_side: u8,
    tamper: Tamper,
    counters: Counters,
    trace: Trace,
    sink: EventSink,
    /// Events for the world's owner, with [`EventSink::Queue`].
    events: Vec<(Time, PeerHandle, Event)>,
    /// When a connection was last made, opened or closed.
    last_change: Time,
    misuses: Vec<String>,
    /// Whose channels have sent since the node was last told.
    sent: Vec<EndpointIndex>,
}

impl World {
    fn peer(&self, peer: PeerHandle) -> &Peer {
        &self.peers[peer.index()]
    }

    fn peer_mut(&mut self, peer: PeerHandle) -> &mut Peer {
        &mut self.peers[peer.index()]
    }

    fn endpoint(&self, endpoint: EndpointIndex) -> Option<&Endpoint> {
        self.endpoints.get(endpoint)
    }

    fn endpoint_mut(&mut self, endpoint: EndpointIndex) -> Option<&mut Endpoint> {
        self.endpoints.get_mut(endpoint)
    }

    /// The other side of a connection, while anybody knows it.
    fn partner_of(&self, endpoint: EndpointIndex) -> Option<(EndpointIndex, &Endpoint)> {
        let partner = self.endpoint(endpoint)?.partner?;
        Some((partner, self.endpoint(partner)?))
    }

    fn socket(&self, socket: SocketIndex) -> Option<&Socket> {
        self.sockets.get(socket)
    }

    fn socket_mut(&mut self, socket: SocketIndex) -> Option<&mut Socket> {
        self.sockets.get_mut(socket)
    }

    /// The certificate of a peer.
    fn fingerprint(&self, peer: PeerHandle) -> Fingerprint {
        Fingerprint(self.random_of(peer, 0x6365_7274).bytes())
    }

    /// A stream for one purpose of one peer, the same whenever it is asked for.
    fn random_of(&self, peer: PeerHandle, purpose: u32) -> Random {
        let part = u64::from(purpose) << 32 | u64::from(peer.0);
        Random::new(mix(self.seed ^ mix(part)))
    }

    /// What a peer's own clock says.
    fn local_now(&self, peer: PeerHandle) -> Time {
        let since = nanos(self.now).saturating_sub(nanos(self.peer(peer).born));
        let grain = span(self.network.clock_granularity).max(1);
        time(since - since % grain)
    }

    fn note(&mut self, what: u64, who: u64) {
        self.trace.note(self.now, what, who);
    }
}
