//! How tests and emulations drive a world and look at it.

use core::fmt;
use core::time::Duration;

use boplish_core::wire::{Fingerprint, Keypair, PeerId};
use boplish_core::{Config, Event, Node, Time};
use boplish_directory::Config as ServerConfig;

use crate::config::NetworkConfig;
use crate::peer::{Peer, PeerHandle};
use crate::queue::Queue;
use crate::random::Random;
use crate::replay;
use crate::server::Server;
use crate::tamper::Tamper;
use crate::trace::{Counters, Trace};
use crate::webrtc::{EndpointIndex, EndpointState};

use super::World;

/// Something did not come about in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeout {
    /// The seed of the world.
    pub seed: u64,
    /// The virtual time at which the waiting ended.
    pub at: Time,
    /// What did not come about.
    pub what: String,
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, at, what } = self;
        write!(f, "not by {at:?}: {what}\n{}", replay::hint(*seed))
    }
}

impl std::error::Error for Timeout {}

impl World {
    /// An empty world with a running bootstrap server.
    pub fn new(seed: u64, network: NetworkConfig) -> Self {
        let mut world = Self {
            seed,
            now: Time::START,
            queue: Queue::new(),
            random: Random::new(seed),
            network,
            peers: Vec::new(),
            by_id: Default::default(),
            endpoints: Vec::new(),
            live_endpoints: Default::default(),
            by_ufrag: Default::default(),
            server: Server {
                directory: None,
                config: ServerConfig::default(),
                born: Time::START,
                wake_at: None,
            },
            sockets: Vec::new(),
            live_sockets: Default::default(),
            unreachable: Default::default(),
            server_side: None,
            tamper: Tamper::default(),
            counters: Counters::default(),
            trace: Trace::new(seed),
            last_change: Time::START,
            misuses: Vec::new(),
            sent: Vec::new(),
        };
        world.start_server();
        world
    }

    /// A new peer, with a random identity, that opens at once.
    pub fn add_peer(&mut self, config: Config) -> PeerHandle {
        let identity = Keypair::from_secret(&self.random.bytes());
        self.add_peer_with(config, identity)
    }

    /// A new peer with this identity that opens at once.
    pub fn add_peer_with(&mut self, config: Config, identity: Keypair) -> PeerHandle {
        let handle = PeerHandle(self.peers.len() as u32);
        let id = identity.id();
        let node = Node::new(config, identity, self.random.bytes(), Time::START);
        let fingerprint = Fingerprint(self.random.bytes());
        self.trace
            .line(self.now, || format!("{} is {id}", handle.0));
        self.peers.push(Peer::new(id, node, fingerprint, self.now));
        self.by_id.insert(id, handle);
        self.note(7, u64::from(handle.0));
        self.node(handle, Node::open);
        handle
    }

    /// So many peers with the default configuration, all at this moment.
    pub fn add_peers(&mut self, count: usize) -> Vec<PeerHandle> {
        (0..count)
            .map(|_| self.add_peer(Config::default()))
            .collect()
    }

    /// The peer leaves on purpose.
    pub fn close(&mut self, peer: PeerHandle) {
        self.peer_mut(peer).left = true;
        self.node(peer, Node::close);
    }

    /// Gives commands to a node, at this moment, and carries out what it then wants.
    ///
    /// # Panics
    ///
    /// If the peer has vanished.
    pub fn node<T>(&mut self, peer: PeerHandle, use_it: impl FnOnce(&mut Node, Time) -> T) -> T {
        let now = self.local_now(peer);
        let node = self.peer_mut(peer).node.as_mut();
        let answer = use_it(node.expect("the peer has not vanished"), now);
        self.drain(peer);
        answer
    }

    /// A look at a node; `None` once it has vanished.
    pub fn look(&self, peer: PeerHandle) -> Option<&Node> {
        self.peer(peer).node.as_ref()
    }

    /// Lets everything happen until then, and sets the clock.
    pub fn run_until(&mut self, time: Time) {
        while self.queue.next_at().is_some_and(|at| at <= time) {
            self.step();
        }
        self.now = self.now.max(time);
    }

    /// Lets everything happen for so long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.now + duration);
    }

    /// Runs until the condition holds; it is asked after every step. The answer is when it did.
    pub fn run_until_condition(
        &mut self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result<Time, Timeout> {
        let end = self.now + limit;
        while !condition(self) {
            if self.queue.next_at().is_none_or(|at| at > end) {
                self.now = self.now.max(end);
                return Err(Timeout {
                    seed: self.seed,
                    at: self.now,
                    what: what.to_owned(),
                });
            }
            self.step();
        }
        Ok(self.now)
    }

    /// Runs until, for so long, no connection was made, opened or closed, and none is half-open.
    pub fn run_until_quiet(&mut self, calm: Duration, limit: Duration) -> Result<Time, Timeout> {
        let end = self.now + limit;
        self.run_for(calm);
        loop {
            let calm_at = self.last_change + calm;
            if self.now >= calm_at && self.half_open().is_empty() {
                return Ok(self.now);
            }
            if self.now >= end {
                let what = format!("quiet; half-open: {:?}", self.half_open());
                return Err(Timeout {
                    seed: self.seed,
                    at: self.now,
                    what,
                });
            }
            let next = calm_at.max(self.now + Duration::from_millis(100));
            self.run_until(next.min(end));
        }
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
    pub fn peers(&self) -> impl Iterator<Item = PeerHandle> + use<> {
        (0..self.peers.len() as u32).map(PeerHandle)
    }

    /// Those that neither vanished nor left.
    pub fn living(&self) -> Vec<PeerHandle> {
        self.peers()
            .filter(|peer| self.peer(*peer).is_living())
            .collect()
    }

    /// A peer's id.
    pub fn id(&self, peer: PeerHandle) -> PeerId {
        self.id_of(peer)
    }

    /// The peer with this id.
    pub fn find(&self, id: PeerId) -> Option<PeerHandle> {
        self.by_id.get(&id).copied()
    }

    /// What the peer's application was told, and when.
    pub fn events(&self, peer: PeerHandle) -> &[(Time, Event)] {
        &self.peer(peer).events
    }

    /// The same, and forgets it.
    pub fn take_events(&mut self, peer: PeerHandle) -> Vec<(Time, Event)> {
        core::mem::take(&mut self.peer_mut(peer).events)
    }

    /// Changes the network from now on.
    pub fn network_mut(&mut self) -> &mut NetworkConfig {
        &mut self.network
    }

    /// What has crossed the network.
    pub fn counters(&self) -> Counters {
        self.counters
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
            .live_endpoints
            .iter()
            .filter_map(|it| self.open_pair(*it))
            .filter(|(a, b)| a < b)
            .collect();
        pairs.sort_unstable();
        pairs
    }

    /// The connections that are open on one side only or still being set up: who has them, and
    /// what they wait for.
    pub fn half_open(&self) -> Vec<(PeerHandle, String)> {
        let halves = self.live_endpoints.iter().filter(|it| {
            let owner = self.endpoint(**it).owner;
            self.peer(owner).node.is_some() && self.open_pair(**it).is_none()
        });
        halves
            .map(|it| {
                let it = self.endpoint(*it);
                let state = format!("{:?}: {:?}, {:?}", it.id, it.state, it.negotiation);
                (it.owner, state)
            })
            .collect()
    }

    fn open_pair(&self, endpoint: EndpointIndex) -> Option<(PeerHandle, PeerHandle)> {
        let it = self.endpoint(endpoint);
        let that = self.endpoint(it.partner?);
        let both = it.state == EndpointState::Open && that.state == EndpointState::Open;
        both.then_some((it.owner, that.owner))
    }
}
