//! Joins the ring, keeps it in order, and merges rings that meet.

use core::time::Duration;

use boplish_wire::limits::MAX_WAYPOINTS;
use boplish_wire::ring::{Place, RingMessage, RingState, gap_code};
use boplish_wire::{Message, PeerId, Way};
use rand_core::Rng;

use super::finds::Purpose;
use super::long_links::Want;
use super::{Chord, Detour, Via};
use crate::protocol;
use crate::protocol::discovery::{self, Discovery};
use crate::router::RouterOutput;
use crate::time::Time;

/// After this long without anybody who is a member, a peer with links begins a ring.
const BEGIN_AFTER: Duration = Duration::from_secs(3);

/// From one attempt to join to the next.
const JOIN_INTERVAL: Duration = Duration::from_millis(1500);

/// News of the own place go out in bundles.
const PUSH_DELAY: Duration = Duration::from_millis(20);
const PUSH_INTERVAL: Duration = Duration::from_millis(250);

/// Gossip of another ring is heeded this often.
const UNIFY_INTERVAL: Duration = Duration::from_secs(10);

/// Questions in a row that a relayed neighbour may leave unanswered.
const MAX_MISSED: u8 = 3;

/// A neighbour on the ring that is reached over others.
#[derive(Debug, Default)]
pub(super) struct Relayed {
    missed: u8,
}

impl Chord {
    /// A link is up, or its peer has become a member.
    pub(super) fn link_is_up(&mut self, now: Time, peer: PeerId, member: bool) {
        if member {
            self.consider(peer);
        }
        if !self.ring.member {
            self.join(now);
        }
        self.timers.stabilize.get_or_insert(now + JOIN_INTERVAL);
        self.tend(now);
    }

    /// Asks a linked member for its place if it would be the successor or predecessor.
    pub(super) fn consider(&mut self, peer: PeerId) {
        // Who has not joined yet asks the owner of its id only, and whom that one names.
        let is_candidate = match self.ring.member {
            true => self.ring.is_nearer_successor(&peer),
            false => self.wanted_successor(&peer),
        };
        if is_candidate {
            self.stabilize_with(peer);
        }
    }

    fn wanted_successor(&self, peer: &PeerId) -> bool {
        self.approached == Some(*peer)
    }

    fn stabilize_with(&mut self, peer: PeerId) {
        let known = match self.taken {
            Some((from, checksum, _)) if from == peer => checksum,
            Some(_) | None => 0,
        };
        let member = self.ring.member;
        self.say(peer, &RingMessage::Stabilize { known, member });
    }

    /// Does what a peer that is no member yet can do.
    fn join(&mut self, now: Time) {
        let members = self.neighbours.iter().any(|(_, link)| link.is_usable());
        if members {
            if !self.finds.has(&Purpose::Join) && self.approached.is_none() {
                self.find(now, self.own, Vec::new(), Purpose::Join);
            }
            return;
        }
        let waited = self
            .timers
            .joining_since
            .is_some_and(|since| now.since(since) >= BEGIN_AFTER);
        let is_least = self.neighbours.iter().all(|(id, _)| self.own < *id);
        if self.neighbours.len() > 0 && (waited || is_least) {
            // Nobody here has a ring: this peer is one by itself, and the others join it.
            self.ring.member = true;
            self.membership_changed(now);
        }
    }

    /// A peer is to be the successor: asks it, once there is a link.
    pub(super) fn approach(&mut self, now: Time, peer: PeerId, over: Vec<PeerId>) {
        if peer == self.own {
            return;
        }
        if !self.ring.member {
            self.approached = Some(peer);
        }
        if self
            .neighbours
            .get(&peer)
            .is_some_and(|link| !link.given_up)
        {
            return self.stabilize_with(peer);
        }
        if !over.is_empty() {
            self.learn_way(now, peer, Detour::Over(over));
        }
        self.want(now, peer, Want::Ring { foreign: false });
    }

    /// Regularly: asks the successor for its place, or goes on joining.
    pub(super) fn tick(&mut self, now: Time) {
        if !self.ring.member {
            // Whoever was approached has not taken this peer in.
            self.approached = None;
            self.join(now);
            self.timers.stabilize = (self.neighbours.len() > 0).then(|| now + JOIN_INTERVAL);
            return;
        }
        let nearest = self
            .neighbours
            .iter()
            .filter(|(id, link)| link.is_usable() && self.ring.is_nearer_successor(id))
            .min_by_key(|(id, _)| super::space::clockwise(&self.own, id))
            .map(|(id, _)| *id);
        if let Some(nearer) = nearest {
            self.stabilize_with(nearer);
        }
        if let Some(successor) = self.ring.successor()
            && self.neighbours.get(&successor).is_some()
        {
            self.stabilize_with(successor);
        }
        self.stabilize_over_others(now);
        self.tend(now);
        self.timers.stabilize = Some(now + self.jittered(self.config.stabilize_interval));
    }

    /// Those that no link leads to are asked over others, and given up if they are silent.
    fn stabilize_over_others(&mut self, now: Time) {
        let peers: Vec<PeerId> = self.relayed.keys().copied().collect();
        for peer in peers {
            let is_needed = self.ring.is_near(&peer, self.config.ring_links);
            let Some(relayed) = self.relayed.get_mut(&peer) else {
                continue;
            };
            relayed.missed += 1;
            if !is_needed || relayed.missed > MAX_MISSED {
                self.relayed.remove(&peer);
                self.forget_on_ring(now, peer);
            } else {
                let member = self.ring.member;
                self.say(peer, &RingMessage::Stabilize { known: 0, member });
            }
        }
    }

    /// A neighbour on the ring can't be linked: it is asked over others.
    pub(super) fn relay_instead(&mut self, now: Time, peer: PeerId) {
        let is_named = |places: &[Place]| places.iter().any(|it| it.peer == peer);
        let is_candidate = is_named(self.ring.successors())
            || is_named(self.ring.predecessors())
            || self.ring.is_nearer_successor(&peer);
        if is_candidate && self.ring.member {
            self.relayed.insert(peer, Relayed::default());
            let member = true;
            self.say(peer, &RingMessage::Stabilize { known: 0, member });
            self.timers.stabilize = Some(now + JOIN_INTERVAL);
        } else {
            self.approached.take_if(|it| *it == peer);
        }
    }

    /// Takes a message of the ring.
    pub(super) fn handle_ring_message(
        &mut self,
        now: Time,
        via: Via,
        message: &Message,
        decoded: RingMessage,
    ) {
        let from = self.place_of(message.from);
        match decoded {
            RingMessage::Stabilize { known, member } => {
                self.handle_stabilize(now, from, known, member);
            }
            RingMessage::State(state) => self.handle_state(now, from, &state),
            RingMessage::Unchanged => {
                if let Some((_, _, Some(between))) = self.taken.filter(|it| it.0 == from.peer) {
                    self.consider_named(now, between);
                }
                if let Some(relayed) = self.relayed.get_mut(&from.peer) {
                    relayed.missed = 0;
                }
            }
            RingMessage::Find { token } => {
                if self.ring.member {
                    self.answer_find(from.peer, token, message.hops);
                }
            }
            RingMessage::Found { token, hops, state } => {
                self.handle_found(now, from, token, hops, &state);
            }
            RingMessage::Unify { over } => {
                if via == Via::Link(from.peer) {
                    self.handle_unify(now, over);
                }
            }
        }
    }

    /// Somebody takes this peer for its successor (Zave's rectify), or asks whether it may.
    fn handle_stabilize(&mut self, now: Time, from: Place, known: u32, member: bool) {
        if self.ring.member {
            let is_linked = self.neighbours.get(&from.peer).is_some();
            if is_linked || self.relayed.contains_key(&from.peer) || member {
                self.ring.rectify(from);
            }
            if self.ring.successor().is_none() {
                // A ring of one: whoever comes is its successor, too, once it is a member.
                self.approach(now, from.peer, Vec::new());
            }
        }
        let state = self.ring.state(false);
        let reply = match state.checksum() == known {
            true => RingMessage::Unchanged,
            false => RingMessage::State(state),
        };
        self.say(from.peer, &reply);
        self.tend(now);
    }

    /// A peer tells its place.
    fn handle_state(&mut self, now: Time, from: Place, state: &RingState) {
        if let Some(relayed) = self.relayed.get_mut(&from.peer) {
            relayed.missed = 0;
        }
        if state.leaving {
            self.ring.remove(&from.peer);
            self.taken = None;
            for place in state
                .successors
                .iter()
                .take(1)
                .chain(state.predecessors.first())
            {
                self.consider_named(now, place.peer);
            }
            return self.tend(now);
        }
        if !state.member {
            return;
        }
        if !self.ring.member {
            return self.handle_state_joining(now, from, state);
        }
        let was_successor = self.ring.successor();
        self.ring.stabilize(from, state);
        if self.ring.successor() == Some(from.peer) {
            let between = state.predecessors.first().map(|it| it.peer);
            self.taken = Some((from.peer, state.checksum(), between));
            if was_successor != Some(from.peer) {
                // Notify: so that it takes this peer for its predecessor.
                self.stabilize_with(from.peer);
            }
            if let Some(between) = state.predecessors.first() {
                self.consider_named(now, between.peer);
            }
        }
        self.tend(now);
    }

    /// The peer that this one wants to join in front of has told its place.
    fn handle_state_joining(&mut self, now: Time, from: Place, state: &RingState) {
        let is_approached = self.approached == Some(from.peer);
        match state.predecessors.first() {
            Some(first) if first.peer == self.own => {
                // It has taken this peer for its predecessor: what is behind that is ours.
                self.approached = None;
                self.ring.stabilize(from, state);
                if let Some(second) = state.predecessors.get(1) {
                    self.ring.rectify(*second);
                }
                self.ring.member = true;
                self.membership_changed(now);
                self.stabilize_with(from.peer);
                self.tend(now);
            }
            Some(first)
                if is_approached
                    && super::space::is_between(&self.own, &first.peer, &from.peer) =>
            {
                self.approach(now, first.peer, Vec::new());
            }
            Some(_) | None => {
                self.approached.take_if(|_| is_approached);
            }
        }
    }

    /// Somebody has named a peer that may be a nearer successor or predecessor.
    fn consider_named(&mut self, now: Time, peer: PeerId) {
        if peer == self.own || !self.ring.is_nearer_successor(&peer) {
            return;
        }
        match self.neighbours.get(&peer) {
            Some(link) if link.given_up => {}
            Some(_) => self.stabilize_with(peer),
            // It is asked in its turn.
            None if self.relayed.contains_key(&peer) => {}
            None => self.want(now, peer, Want::Ring { foreign: false }),
        }
    }

    /// A peer is gone: the ring goes on without it.
    pub(super) fn forget_on_ring(&mut self, now: Time, peer: PeerId) {
        self.approached.take_if(|it| *it == peer);
        let was_successor = self.ring.successor() == Some(peer);
        if self.ring.remove(&peer) {
            self.taken = None;
            if was_successor
                && let Some(next) = self.ring.successor()
                && self.neighbours.get(&next).is_some()
            {
                self.stabilize_with(next);
            }
            self.tend(now);
        }
    }

    /// No link is left: what was known of the ring is of no use any more.
    pub(super) fn leave_ring(&mut self, now: Time) {
        if self.ring.member {
            self.ring.clear();
            self.membership_changed(now);
        }
        self.ring.clear();
        self.approached = None;
        self.timers.joining_since = None;
        self.timers.check = None;
        self.timers.long = None;
        self.relayed.clear();
    }

    /// Keeps links to the nearest on the ring, and tells them when the own place has changed.
    fn tend(&mut self, now: Time) {
        let count = self.config.ring_links;
        let successors = self.ring.successors().iter().take(count);
        let near = successors.chain(self.ring.predecessors().iter().take(count));
        let missing: Vec<PeerId> = near
            .map(|place| place.peer)
            .filter(|it| self.neighbours.get(it).is_none() && !self.relayed.contains_key(it))
            .collect();
        for peer in missing {
            self.want(now, peer, Want::Ring { foreign: false });
        }
        let around = self.ring.state(false).checksum();
        if around != self.around {
            self.around = around;
            self.outputs.push_back(RouterOutput::NeighbourhoodChanged);
        }
        let gap = gap_code(self.ring.gap());
        if self.ring.member && gap != self.told_gap {
            self.told_gap = gap;
            self.neighbours.own_changed();
            self.set_hello();
            self.plan_announcement(now);
        }
        if self.ring.member && around != self.told_place {
            let at = (now + PUSH_DELAY).max(self.timers.push_not_before);
            self.timers.push.get_or_insert(at);
        }
    }

    /// Tells predecessor and successor, whose lists follow from it, the own place.
    pub(super) fn push_place(&mut self, now: Time) {
        let state = self.ring.state(false);
        self.told_place = state.checksum();
        self.timers.push_not_before = now + PUSH_INTERVAL;
        let (predecessor, successor) = (self.ring.predecessor(), self.ring.successor());
        let both = predecessor
            .into_iter()
            .chain(successor.filter(|it| Some(*it) != predecessor));
        for peer in both {
            self.say(peer, &RingMessage::State(state.clone()));
        }
    }

    /// Tells the nearest that this peer leaves, and who takes its place.
    pub(super) fn say_farewell(&mut self) {
        if !self.ring.member {
            return;
        }
        let farewell = RingMessage::State(self.ring.state(true));
        let near = |places: &[Place], count: usize| {
            let peers = places.iter().take(count).map(|it| it.peer);
            peers.collect::<Vec<_>>()
        };
        let mut peers = near(self.ring.predecessors(), self.config.ring_links);
        peers.extend(near(self.ring.successors(), self.config.ring_links));
        peers.sort_unstable();
        peers.dedup();
        for peer in peers {
            if self.neighbours.get(&peer).is_some() {
                self.say(peer, &farewell);
            }
        }
    }

    /// Asks over some neighbour who comes after this peer: the successor, if the ring is one.
    pub(super) fn check_ring(&mut self, now: Time) {
        self.timers.check = Some(now + self.jittered(self.config.check_interval));
        let usable = self.neighbours.iter().filter(|(_, link)| link.is_usable());
        let peers: Vec<PeerId> = usable.map(|it| *it.0).collect();
        let index = (self.rng.next_u32() as usize).checked_rem(peers.len());
        if let Some(over) = index.and_then(|index| peers.get(index)) {
            let after = super::space::next(&self.own);
            self.find(now, after, vec![*over], Purpose::Check);
        }
    }

    /// The owner of the key after the own id, as found over some peers, and its place.
    pub(super) fn compare_successor(
        &mut self,
        now: Time,
        owner: PeerId,
        state: &RingState,
        over: Vec<PeerId>,
    ) {
        if owner == self.own || !state.member || !self.ring.is_nearer_successor(&owner) {
            return;
        }
        let is_foreign = self.is_foreign(state);
        if self.neighbours.get(&owner).is_some() {
            self.stabilize_with(owner);
        } else {
            self.learn_way(now, owner, Detour::Over(over.clone()));
            self.want(
                now,
                owner,
                Want::Ring {
                    foreign: is_foreign,
                },
            );
        }
        if is_foreign && over.len() < MAX_WAYPOINTS {
            let mut way = vec![self.own];
            way.extend(over);
            self.spread(now, way, None);
        }
    }

    /// Whether a place is in another ring: nobody there is known here.
    fn is_foreign(&self, state: &RingState) -> bool {
        let known = |place: &Place| {
            let same = |own: &Place| own.peer == place.peer;
            place.peer == self.own
                || self.ring.successors().iter().any(same)
                || self.ring.predecessors().iter().any(same)
        };
        !state.predecessors.iter().any(known) && !state.successors.iter().any(known)
    }

    /// Somebody at the bootstrap server is in this or in another ring.
    pub(super) fn compare_rings(&mut self, now: Time, other: PeerId, state: &RingState) {
        if other == self.own || !state.member || self.neighbours.get(&other).is_some() {
            return;
        }
        if self.is_foreign(state) {
            self.find(now, other, Vec::new(), Purpose::Other(other));
        }
    }

    /// A link into another ring is wanted.
    pub(super) fn want_foreign(&mut self, now: Time, peer: PeerId) {
        self.timers.look_around_pause = super::LOOK_AROUND;
        self.learn_way(now, peer, Detour::Signaling);
        self.want(now, peer, Want::Ring { foreign: true });
    }

    /// Tells neighbours over whom another ring is reached, so that each finds its place there.
    pub(super) fn spread(&mut self, now: Time, over: Vec<PeerId>, except: Option<PeerId>) {
        if now < self.timers.unify_not_before {
            return;
        }
        self.timers.unify_not_before = now + UNIFY_INTERVAL;
        let gossip = RingMessage::Unify { over: over.clone() };
        for peer in self.neighbours.ids() {
            let usable = self.neighbours.get(&peer).is_some_and(|it| it.is_usable());
            if usable && Some(peer) != except && !over.contains(&peer) {
                self.say(peer, &gossip);
            }
        }
        // And this peer looks for its own place there.
        if let Some(beyond) = except {
            let after = super::space::next(&self.own);
            self.find(now, after, vec![beyond], Purpose::Foreign);
        }
    }

    fn handle_unify(&mut self, now: Time, over: Vec<PeerId>) {
        if self.ring.member
            && now >= self.timers.unify_not_before
            && !over.contains(&self.own)
            && !self.finds.has(&Purpose::Foreign)
        {
            let after = super::space::next(&self.own);
            self.find(now, after, over, Purpose::Foreign);
        }
    }

    /// Takes a message of discovery-protocol, which full meshes grow by.
    pub(super) fn handle_discovery(&mut self, now: Time, message: &Message) {
        match Discovery::from_payload(&message.payload) {
            Some(Discovery::Request) => {
                let ids = self.neighbours.ids();
                let ids = ids.into_iter().filter(|id| *id != message.from).collect();
                self.outputs.push_back(RouterOutput::Originate {
                    to: Some(message.from),
                    protocol: protocol::name(discovery::NAME),
                    kind: boplish_wire::Kind::Plain,
                    payload: Discovery::Answer { ids }.to_payload(),
                    way: Way::default(),
                });
            }
            Some(Discovery::Answer { ids }) => {
                for id in ids {
                    if self.is_small() {
                        self.want(now, id, Want::Mesh);
                    }
                }
            }
            None => tracing::debug!(from = ?message.from, "bad discovery message"),
        }
    }
}
