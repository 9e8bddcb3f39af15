//! Keeps the ring in order: stabilize, rectify and notify, over links or over others.

use core::iter;
use core::time::Duration;

use boplish_wire::ring::{Place, RingMessage, RingState, gap_code};
use boplish_wire::{Message, PeerId};

use super::join::JOIN_INTERVAL;
use super::long_links::Want;
use super::space::clockwise;
use super::{Chord, Detour, Via};
use crate::router::RouterOutput;
use crate::time::Time;

/// News of the own place go out in bundles.
const PUSH_DELAY: Duration = Duration::from_millis(20);
const PUSH_INTERVAL: Duration = Duration::from_millis(250);

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
        self.tell_while_alone();
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

    pub(super) fn stabilize_with(&mut self, peer: PeerId) {
        let known = match self.taken {
            Some((from, checksum, _)) if from == peer && self.ring.successor() == Some(peer) => {
                checksum
            }
            Some(_) | None => 0,
        };
        let member = self.ring.member;
        self.say(peer, &RingMessage::Stabilize { known, member });
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
        self.corrected = 0;
        self.tell_while_alone();
        if self.ring.predecessor().is_none() {
            self.notice_predecessor();
        }
        self.stabilize_over_others(now);
        let usable = self.neighbours.iter().filter(|(_, link)| link.is_usable());
        let nearest = usable
            .min_by_key(|(id, _)| clockwise(&self.own, id))
            .map(|it| *it.0);
        let successors = self.ring.successors().iter().map(|it| it.peer);
        let first = successors.clone().find(|it| !self.is_in_doubt(it));
        let is_lost = self.has_lost_successors();
        match nearest {
            Some(nearest) if is_lost || self.ring.is_nearer_successor(&nearest) => {
                self.stabilize_with(nearest);
            }
            None if is_lost => self.forget_silent(),
            Some(_) | None => {}
        }
        // Over others, that has been done.
        if let Some(first) = first.filter(|it| !self.relayed.contains_key(it)) {
            match self.neighbours.get(&first) {
                Some(_) => self.stabilize_with(first),
                None => self.reach(now, first),
            }
        }
        self.tend(now);
        // Whoever is taken in before this peer takes a dead successor over: that must not last.
        let is_silent = self.ring.successor().is_some_and(|it| self.is_silent(&it));
        let pause = match is_silent && first.is_some() {
            true => JOIN_INTERVAL,
            false => self.jittered(self.config.stabilize_interval),
        };
        self.timers.stabilize = Some(now + pause);
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
            RingMessage::State(state) => self.handle_state(now, via, from, &state),
            RingMessage::Unchanged => {
                if let Some((_, _, Some(between))) = self.taken.filter(|it| it.0 == from.peer) {
                    self.consider_named(now, between, vec![from.peer]);
                }
                self.has_answered(&from.peer);
            }
            RingMessage::Find { token, places } => {
                if self.ring.member {
                    self.answer_find(from.peer, token, places, message.hops);
                }
            }
            RingMessage::Found {
                token,
                hops,
                coordinates,
                state,
            } => {
                let owner = Place {
                    coordinates,
                    ..from
                };
                self.handle_found(now, owner, token, hops, &state);
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
            if !member {
                self.notice_predecessor();
            }
            let is_linked = self.neighbours.get(&from.peer).is_some();
            if is_linked || self.relayed.contains_key(&from.peer) || member {
                self.rectify(from);
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

    /// Takes a peer for the predecessor if it is nearer than the one that is; that one learns at
    /// once who has come between, or it would ask in its next turn only.
    fn rectify(&mut self, from: Place) {
        let before = self.ring.predecessor();
        let nearer = self.ring.rectify(from);
        if let Some(before) = before.filter(|_| nearer) {
            self.say(before, &RingMessage::State(self.ring.state(false)));
        }
    }

    /// A linked member that is nearer than the predecessor is the predecessor, though it has not
    /// said so: else a newcomer could be taken in before it, and would not know of it.
    pub(super) fn notice_predecessor(&mut self) {
        let usable = self.neighbours.iter().filter(|(_, link)| link.is_usable());
        let nearest = usable
            .min_by_key(|(id, _)| clockwise(id, &self.own))
            .map(|it| *it.0);
        if let Some(nearest) = nearest {
            self.rectify(self.place_of(nearest));
        }
    }

    /// A peer tells its place.
    fn handle_state(&mut self, now: Time, via: Via, from: Place, state: &RingState) {
        self.has_answered(&from.peer);
        if state.leaving {
            self.ring.remove(&from.peer);
            self.taken = None;
            for place in state
                .successors
                .iter()
                .take(1)
                .chain(state.predecessors.first())
            {
                self.consider_named(now, place.peer, Vec::new());
            }
            return self.tend(now);
        }
        if !state.member {
            // It has lost the ring, and begins anew.
            if self.ring.successors().iter().any(|it| it.peer == from.peer) {
                self.forget_on_ring(now, from.peer);
            }
            return;
        }
        if !self.ring.member {
            return self.handle_state_joining(now, from, state);
        }
        if state
            .successors
            .first()
            .is_some_and(|it| it.peer == self.own)
        {
            self.rectify(from);
        }
        // What has come over others unasked, or around a link, may be older than what is known here.
        let is_linked = self.neighbours.get(&from.peer).is_some();
        if via != Via::Link(from.peer) && (is_linked || !self.relayed.contains_key(&from.peer)) {
            self.ask_back(now, from.peer);
            return self.tend(now);
        }
        self.drop_doubtful(&from.peer);
        let was_successor = self.ring.successor();
        self.ring.stabilize(from, state);
        if self.ring.successor() == Some(from.peer) {
            let between = self.ring.between(&from.peer, state);
            self.taken = Some((
                from.peer,
                state.checksum(),
                between.last().map(|it| it.peer),
            ));
            if was_successor != Some(from.peer) {
                // Notify: so that it takes this peer for its predecessor.
                self.stabilize_with(from.peer);
            }
            // Where many have come at once, going from one to the next would take for ever: the
            // last is the nearest. The first is the surest.
            if let Some((first, rest)) = between.split_first() {
                for named in iter::once(first).chain(rest.last()) {
                    self.consider_named(now, named.peer, vec![from.peer]);
                }
            }
            self.correct(from.peer, state);
        }
        self.tend(now);
    }

    /// A peer that may be a nearer successor has told its place unasked: it counts when it answers.
    fn ask_back(&mut self, now: Time, peer: PeerId) {
        if self.ring.is_nearer_successor(&peer) {
            match self.neighbours.get(&peer) {
                Some(_) => self.consider_named(now, peer, Vec::new()),
                None => {
                    self.reach(now, peer);
                    self.relay_instead(now, peer);
                }
            }
        }
    }

    /// What the successor knows of those before this peer, it may have been told by another, or
    /// never: then it is told again, once in each turn.
    fn correct(&mut self, successor: PeerId, state: &RingState) {
        if self.ring.is_continued_by(&successor, state) {
            self.corrected = 0;
            return;
        }
        let own = self.ring.state(false);
        // What it is told may get lost: so it is asked for its whole state next time.
        self.taken = None;
        let both = state.checksum() ^ own.checksum().rotate_left(1);
        if both != self.corrected {
            self.corrected = both;
            self.say(successor, &RingMessage::State(own));
        }
    }

    /// Somebody has named a peer that may be a nearer successor or predecessor, and is reached
    /// `over` these, should its id alone not lead to it yet.
    fn consider_named(&mut self, now: Time, peer: PeerId, over: Vec<PeerId>) {
        if peer == self.own || !self.ring.is_nearer_successor(&peer) {
            return;
        }
        match self.neighbours.get(&peer) {
            Some(link) if link.given_up => {}
            Some(_) => self.stabilize_with(peer),
            // It is asked in its turn.
            None if self.relayed.contains_key(&peer) => {}
            None => self.want_over(now, peer, over),
        }
    }

    /// Wants a link to a peer of the ring, which is reached over these others, if there are any.
    pub(super) fn want_over(&mut self, now: Time, peer: PeerId, over: Vec<PeerId>) {
        if !over.is_empty() {
            self.learn_way(now, peer, Detour::Over(over));
        }
        self.want(now, peer, Want::Ring { foreign: false });
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

    /// Keeps links to the nearest on the ring, and tells them when the own place has changed.
    pub(super) fn tend(&mut self, now: Time) {
        let count = self.config.ring_links;
        let successors = self.ring.successors().iter().take(count);
        let near = successors.chain(self.ring.predecessors().iter().take(count));
        let missing: Vec<PeerId> = near
            .map(|place| place.peer)
            .filter(|it| self.neighbours.get(it).is_none() && !self.relayed.contains_key(it))
            .collect();
        for peer in missing {
            self.reach(now, peer);
        }
        self.ask_unlinked(now);
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

    /// Links with a peer of the lists; one that can't be linked for now is asked over others.
    fn reach(&mut self, now: Time, peer: PeerId) {
        match self.is_avoided(now, &peer) {
            true => self.relay_instead(now, peer),
            false => {
                self.want(now, peer, Want::Ring { foreign: false });
            }
        }
    }

    /// Tells predecessor and successor, whose lists follow from it, the own place.
    pub(super) fn push_place(&mut self, now: Time) {
        let state = self.ring.state(false);
        self.told_place = state.checksum();
        self.taken = None;
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
}
