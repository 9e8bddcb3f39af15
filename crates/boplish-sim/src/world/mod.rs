//! The world: a clock, what is yet to happen, and everybody in it.

mod carry;
mod channel;
mod control;
mod faults;
mod ice;
mod negotiation;
mod sockets;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use boplish_core::Time;
use boplish_core::wire::PeerId;

use crate::config::NetworkConfig;
use crate::peer::{Peer, PeerHandle};
use crate::queue::Queue;
use crate::random::Random;
use crate::server::{Server, Socket, SocketIndex};
use crate::tamper::Tamper;
use crate::trace::{Counters, Trace};
use crate::webrtc::{Endpoint, EndpointIndex};

pub use control::Timeout;

use step::Step;

/// Many real [`Node`](boplish_core::Node)s, the real bootstrap directory, and a virtual network between them, under
/// a virtual clock. One seed decides everything.
#[derive(Debug)]
pub struct World {
    seed: u64,
    now: Time,
    queue: Queue<Step>,
    random: Random,
    network: NetworkConfig,
    peers: Vec<Peer>,
    by_id: BTreeMap<PeerId, PeerHandle>,
    endpoints: Vec<Endpoint>,
    /// Those that are not closed yet.
    live_endpoints: BTreeSet<EndpointIndex>,
    by_ufrag: BTreeMap<Box<str>, EndpointIndex>,
    server: Server,
    sockets: Vec<Socket>,
    /// Those that either end still has.
    live_sockets: BTreeSet<SocketIndex>,
    unreachable: BTreeSet<(PeerHandle, PeerHandle)>,
    /// The side of the partition that the server is on; `None` while both reach it.
    server_side: Option<u8>,
    tamper: Tamper,
    counters: Counters,
    trace: Trace,
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

    fn endpoint(&self, endpoint: EndpointIndex) -> &Endpoint {
        &self.endpoints[endpoint.0 as usize]
    }

    fn endpoint_mut(&mut self, endpoint: EndpointIndex) -> &mut Endpoint {
        &mut self.endpoints[endpoint.0 as usize]
    }

    fn socket(&self, socket: SocketIndex) -> &Socket {
        &self.sockets[socket.0 as usize]
    }

    fn socket_mut(&mut self, socket: SocketIndex) -> &mut Socket {
        &mut self.sockets[socket.0 as usize]
    }

    /// What a peer's own clock says.
    fn local_now(&self, peer: PeerHandle) -> Time {
        let since = self.now.since(self.peer(peer).born);
        let grain = self.network.clock_granularity.as_nanos().max(1);
        let floor = since.as_nanos() / grain * grain;
        Time::after_start(core::time::Duration::from_nanos(floor as u64))
    }

    fn note(&mut self, what: u64, who: u64) {
        self.trace.word(self.now.since_start().as_nanos() as u64);
        self.trace.word(what << 32 | who);
    }
}
