//! How tests and emulations drive a world and look at it.

use core::fmt;
use core::time::Duration;

use boplish_core::wire::Keypair;
use boplish_core::{Config, Node, Time};
use boplish_directory::Config as ServerConfig;

use crate::arena::Arena;
use crate::config::NetworkConfig;
use crate::counters::Counters;
use crate::lanes::Lanes;
use crate::peer::{Line, Peer, PeerHandle};
use crate::queue::Queue;
use crate::random::Random;
use crate::replay;
use crate::server::Server;
use crate::tables::Tables;
use crate::tamper::Tamper;
use crate::trace::Trace;

use super::{EventSink, World};

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
        boplish_wire::id::memo::remember_signatures();
        let mut world = Self {
            seed,
            now: Time::START,
            queue: Queue::new(),
            random: Random::new(seed),
            network,
            peers: Vec::new(),
            by_id: Default::default(),
            endpoints: Arena::new(),
            generations: 0,
            frames: Lanes::new(),
            tables: Tables::default(),
            server: Server {
                directory: None,
                config: ServerConfig::default(),
                born: Time::START,
                wake_at: None,
            },
            sockets: Arena::new(),
            claims: Default::default(),
            unreachable: Default::default(),
            server_side: None,
            newcomer_side: 0,
            tamper: Tamper::default(),
            counters: Counters::default(),
            trace: Trace::new(seed),
            sink: EventSink::PerPeer,
            events: Vec::new(),
            last_change: Time::START,
            misuses: Vec::new(),
            sent: Vec::new(),
            disks: Default::default(),
            has_disks: true,
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
        self.trace
            .line(self.now, || format!("{} is {id}", handle.0));
        let mut own = self.random_of(handle, 0x6C69_6E65);
        let line = Line::draw(&self.network, &mut own);
        let is_hidden = own.chance(self.network.hidden);
        let side = self.newcomer_side;
        self.peers.push(Peer {
            side,
            ..Peer::new(id, node, self.now, line)
        });
        self.by_id.insert(id, handle);
        self.note(7, u64::from(handle.0));
        self.node(handle, Node::open);
        if is_hidden {
            self.set_hidden(handle, true);
        }
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
}
