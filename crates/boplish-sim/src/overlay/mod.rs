//! Networks with a ring: who comes, who goes, who asks for what, and whether the answers are
//! right, all judged from outside.

mod churn;
mod lookups;
mod membership;
mod plan;
mod records;

use core::time::Duration;

use boplish_core::wire::PeerId;
use boplish_core::{Config, Event, StoreConfig, Time};

use crate::config::NetworkConfig;
use crate::peer::PeerHandle;
use crate::random::Random;
use crate::world::{EventSink, World};

pub use churn::Churn;
pub use lookups::{Lookup, LookupSummary, Lookups, Outcome};
pub use membership::Membership;
pub use plan::Plan;
pub(crate) use plan::PlannedLinks;
pub use records::{Ask, Ended, RecordShape, Records, Stored};

/// The longest time between two looks at what peers were told.
const LOOK: Duration = Duration::from_millis(500);

/// Departures are remembered for as long as a lookup may take.
const MEMORY: Duration = Duration::from_secs(120);

/// A world whose peers come, go and look up keys, as it is asked to let them.
#[derive(Debug)]
pub struct Overlay {
    /// Everything that there is.
    pub world: World,
    config: Config,
    members: Membership,
    lookups: Lookups,
    records: Option<Records>,
    /// For the records, whether there will be some or not.
    record_random: Random,
    /// What peers store that are added from now on, if they do.
    store: Option<StoreConfig>,
    /// The pause between two lookups.
    asking: Option<Duration>,
    next_ask: Time,
    churn: Option<Churn>,
    joins: Vec<(Time, usize, Duration)>,
    births: Vec<Birth>,
    random: Random,
}

/// How a peer came into the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// When it was started.
    pub born: Time,
    /// When its first link was up.
    pub linked: Option<Time>,
    /// When it was a member of the ring.
    pub joined: Option<Time>,
}

impl Overlay {
    /// A network without peers, all of whose peers will have this configuration.
    pub fn new(seed: u64, network: NetworkConfig, config: Config) -> Self {
        let mut world = World::new(seed, network);
        world.set_event_sink(EventSink::Queue);
        let mut random = world.fork_random();
        Self {
            world,
            config,
            members: Membership::new(),
            lookups: Lookups::new(random.fork(1)),
            records: None,
            record_random: random.fork(4),
            store: None,
            asking: None,
            next_ask: Time::START,
            churn: None,
            joins: Vec::new(),
            births: Vec::new(),
            random,
        }
    }

    /// Peers that are added from now on store records, of which the network has such.
    pub fn set_store(&mut self, config: StoreConfig, shape: RecordShape) {
        self.store = Some(config);
        self.world.keep_nothing();
        self.records = Some(Records::new(shape, self.record_random.clone()));
    }

    /// A random member publishes a record.
    pub fn put(&mut self) {
        let peer = self.random.pick(self.members.present()).copied();
        if let (Some(records), Some(peer)) = (&mut self.records, peer) {
            records.put(&mut self.world, peer);
        }
    }

    /// The records that were published, if there are any.
    pub fn records(&self) -> Option<&Records> {
        self.records.as_ref()
    }

    /// So many peers come from now on, one after each pause; with no pause, all at once.
    pub fn add_peers(&mut self, count: usize, pause: Duration) {
        self.joins.push((self.world.now(), count, pause));
    }

    /// So many peers as the plan has are there at once, linked as it says without a handshake,
    /// and believe each other to be members of the ring.
    pub fn start_in_order(&mut self, plan: &Plan) {
        let peers = (0..plan.peers).map(|_| self.add_peer()).collect();
        let random = &mut self.random.fork(3);
        plan.carry_out(&mut self.world, peers, random);
        self.count_members();
    }

    /// Peers come, and have come, and vanish when their sessions are over; as many come as go.
    /// `None` ends that.
    pub fn set_churn(&mut self, median: Option<Duration>) {
        let fork = self.random.fork(2);
        self.churn = median.map(|median| Churn::new(median, fork));
        if let Some(churn) = &mut self.churn {
            for peer in self.world.living() {
                churn.already(self.world.now(), peer);
            }
        }
    }

    /// Random members look up random keys, so many in a second; none with zero.
    pub fn set_lookups(&mut self, per_second: f64) {
        self.asking = (per_second > 0.0).then(|| Duration::from_secs_f64(1.0 / per_second));
        self.next_ask = self.world.now();
    }

    /// A share of the living, in parts per thousand, vanishes at this moment.
    pub fn kill(&mut self, per_mille: u32) -> usize {
        self.look();
        let mut living = self.world.living();
        living.retain(|_| self.random.chance(per_mille));
        living.iter().for_each(|peer| self.vanish(*peer));
        living.len()
    }

    /// A peer vanishes.
    pub fn vanish(&mut self, peer: PeerHandle) {
        let (now, id) = (self.world.now(), self.world.id(peer));
        self.look();
        self.world.vanish(peer);
        let world = &self.world;
        self.members.leave(now, id, |peer| world.id(peer));
        self.lookups.abandon(now, peer);
        if let Some(records) = &mut self.records {
            records.abandon(peer);
        }
    }

    /// Lets everything happen for so long.
    pub fn run_for(&mut self, duration: Duration) {
        self.run_until(self.world.now() + duration);
    }

    /// Lets everything happen until then.
    pub fn run_until(&mut self, end: Time) {
        loop {
            let now = self.world.now();
            self.act(now);
            if now >= end {
                break;
            }
            let next = self.next_at().unwrap_or(end).max(now);
            self.world.run_until(next.min(end).min(now + LOOK));
            self.look();
        }
    }

    /// The members of the ring.
    pub fn members(&self) -> &Membership {
        &self.members
    }

    /// The lookups.
    pub fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// The lookups, to ask for more or take what is done.
    pub fn lookups_mut(&mut self) -> &mut Lookups {
        &mut self.lookups
    }

    /// A random member looks up a random key, now.
    pub fn ask(&mut self) {
        self.lookups.ask(&mut self.world, &self.members);
    }

    /// How each peer came, by its number.
    pub fn births(&self) -> &[Birth] {
        &self.births
    }

    /// Looks for members among all peers, besides those that have said so: after an ordered
    /// start, or when some may have lost the ring.
    pub fn count_members(&mut self) {
        self.look();
        let now = self.world.now();
        for peer in self.world.peers() {
            let ring = self.world.look(peer).and_then(|node| node.ring());
            let (id, world) = (self.world.id(peer), &self.world);
            match ring.is_some_and(|ring| ring.member) {
                true => self.members.join(now, peer, id),
                false => self.members.leave(now, id, |peer| world.id(peer)),
            }
        }
    }

    /// Members whose first successor is not the next member, with the one that they have.
    pub fn misled(&self) -> Vec<(PeerHandle, Option<PeerId>)> {
        let members = self.members.present().iter();
        let misled = members.filter_map(|peer| {
            let ring = self.world.look(*peer)?.ring()?;
            let has = ring.successors.first().copied();
            let id = self.world.id(*peer);
            let should = self.members.successor(id).filter(|it| *it != id);
            (has != should).then_some((*peer, has))
        });
        misled.collect()
    }

    /// When something of the workloads is next due.
    fn next_at(&self) -> Option<Time> {
        let ask = self.asking.map(|_| self.next_ask);
        let end = self.churn.as_ref().and_then(Churn::next_at);
        let join = self.joins.iter().map(|(at, ..)| *at).min();
        [ask, end, join].into_iter().flatten().min()
    }

    /// Does what is due.
    fn act(&mut self, now: Time) {
        while let Some(peer) = self.churn.as_mut().and_then(|it| it.take_ended(now)) {
            if self.world.look(peer).is_some() {
                self.vanish(peer);
                self.add_peer();
            }
        }
        for index in 0..self.joins.len() {
            while let (at, 1.., pause) = self.joins[index]
                && at <= now
            {
                self.add_peer();
                let join = &mut self.joins[index];
                *join = (at + pause, join.1 - 1, pause);
            }
        }
        self.joins.retain(|(_, left, _)| *left > 0);
        while let Some(pause) = self.asking.filter(|_| self.next_ask <= now) {
            self.ask();
            self.next_ask += pause;
        }
    }

    fn add_peer(&mut self) -> PeerHandle {
        let now = self.world.now();
        let peer = self.world.add_peer(self.config.clone());
        if let Some(store) = self.store {
            self.world.enable_store(peer, store);
        }
        if let Some(churn) = &mut self.churn {
            churn.begin(now, peer);
        }
        peer
    }

    /// Takes in what peers were told.
    fn look(&mut self) {
        for peer in self.births.len()..self.world.peers().len() {
            let peer = PeerHandle(peer as u32);
            self.births.push(Birth {
                born: self.world.born(peer),
                linked: None,
                joined: None,
            });
        }
        for (at, peer, event) in self.world.drain_events() {
            let birth = &mut self.births[peer.index()];
            if event == Event::RingJoined {
                birth.joined.get_or_insert(at);
                // It may have vanished since.
                if self.world.look(peer).is_some() {
                    self.members.join(at, peer, self.world.id(peer));
                }
            } else if let Event::PeerConnected(_) = event {
                birth.linked.get_or_insert(at);
            }
            let told = (at, peer, &event);
            self.lookups.take(&self.world, &self.members, told);
            if let Some(records) = &mut self.records {
                records.take(told);
            }
        }
        let since = self.world.now().since_start().saturating_sub(MEMORY);
        self.members.forget_before(Time::after_start(since));
    }
}
