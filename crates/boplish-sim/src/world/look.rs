//! How tests and emulations look at a world.

use boplish_core::wire::PeerId;
use boplish_core::{Event, Node, Time};

use crate::config::NetworkConfig;
use crate::counters::{Counters, Population};
use crate::peer::{PeerHandle, Traffic};
use crate::random::Random;
use crate::webrtc::{EndpointIndex, EndpointState};

use super::World;

/// Where events go: what the core tells the application of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSink {
    /// Each peer keeps its own: [`World::events`].
    PerPeer,
    /// All into one queue, which somebody must empty: [`World::drain_events`].
    Queue,
    /// They are forgotten.
    Nowhere,
}

impl World {
    /// A look at a node; `None` once it has vanished.
    pub fn look(&self, peer: PeerHandle) -> Option<&Node> {
        self.peer(peer).node.as_deref()
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A stream of random numbers for the test's own choices, which the seed decides too.
    pub fn fork_random(&mut self) -> Random {
        self.random.fork(0x7465_7374)
    }

    /// All peers that there ever were.
    pub fn peers(&self) -> impl ExactSizeIterator<Item = PeerHandle> + use<> {
        (0..self.peers.len()).map(|index| PeerHandle(index as u32))
    }

    /// Those that neither vanished nor left.
    pub fn living(&self) -> Vec<PeerHandle> {
        self.peers()
            .filter(|peer| self.peer(*peer).is_living())
            .collect()
    }

    /// When a peer was started.
    pub fn born(&self, peer: PeerHandle) -> Time {
        self.peer(peer).born
    }

    /// A peer's id.
    pub fn id(&self, peer: PeerHandle) -> PeerId {
        self.id_of(peer)
    }

    /// The peer with this id.
    pub fn find(&self, id: PeerId) -> Option<PeerHandle> {
        self.by_id.get(&id).copied()
    }

    /// Where the events of all peers go from now on.
    pub fn set_event_sink(&mut self, sink: EventSink) {
        self.sink = sink;
    }

    /// Takes what all applications were told, in its order, with [`EventSink::Queue`].
    pub fn drain_events(&mut self) -> Vec<(Time, PeerHandle, Event)> {
        core::mem::take(&mut self.events)
    }

    /// What the peer's application was told, and when, with [`EventSink::PerPeer`].
    pub fn events(&self, peer: PeerHandle) -> &[(Time, Event)] {
        &self.peer(peer).events
    }

    /// The same, and forgets it.
    pub fn take_events(&mut self, peer: PeerHandle) -> Vec<(Time, Event)> {
        core::mem::take(&mut self.peer_mut(peer).events)
    }

    /// Each peer keeps its own tables of its neighbours' links from now on, as outside of a
    /// simulator, where equal ones of several peers are one.
    pub fn keep_tables_apart(&mut self) {
        self.tables.are_apart = true;
    }

    /// Changes the network from now on.
    pub fn network_mut(&mut self) -> &mut NetworkConfig {
        &mut self.network
    }

    /// What has crossed the network.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What a peer's channels have carried.
    pub fn traffic(&self, peer: PeerHandle) -> Traffic {
        self.peer(peer).traffic
    }

    /// What the world holds now.
    pub fn population(&self) -> Population {
        Population {
            nodes: self.peers.iter().filter(|it| it.node.is_some()).count(),
            endpoints: self.endpoints.len(),
            setups: self
                .endpoints
                .iter()
                .filter(|(_, it)| it.setup.is_some())
                .count(),
            frames: self.frames.len(),
            sockets: self.sockets.len(),
            steps: self.queue.len(),
            events: self.events.len(),
        }
    }

    /// Two runs in which the same happened have the same hash.
    pub fn trace_hash(&self) -> u64 {
        self.trace.hash()
    }

    /// Commands that no shell could have carried out: faults of the core.
    pub fn misuses(&self) -> &[String] {
        &self.misuses
    }

    /// The open connections, as the virtual network has them, each with its smaller peer first.
    pub fn open_connections(&self) -> Vec<(PeerHandle, PeerHandle)> {
        let mut pairs: Vec<_> = self
            .endpoints
            .iter()
            .filter_map(|(endpoint, _)| self.open_pair(endpoint))
            .filter(|(a, b)| a < b)
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// The connections that are open on one side only or still being set up: who has them, and
    /// what they wait for.
    pub fn half_open(&self) -> Vec<(PeerHandle, String)> {
        let halves = self.endpoints.iter().filter(|(endpoint, it)| {
            !it.is_closed()
                && self.peer(it.owner).node.is_some()
                && self.open_pair(*endpoint).is_none()
        });
        halves
            .map(|(_, it)| {
                let state = format!("{:?}: {:?}, {:?}", it.id(), it.state, it.negotiation());
                (it.owner, state)
            })
            .collect()
    }

    fn open_pair(&self, endpoint: EndpointIndex) -> Option<(PeerHandle, PeerHandle)> {
        let it = self.endpoint(endpoint)?;
        let (_, that) = self.partner_of(endpoint)?;
        let both = it.state == EndpointState::Open && that.state == EndpointState::Open;
        both.then_some((it.owner, that.owner))
    }
}
