//! Which links there should be besides those of the ring: everybody while the network is small,
//! else some far away, half of them drawn by distance on the ring alone, which nobody else can
//! influence, half chosen for their latency.

use core::time::Duration;

use boplish_wire::ring::{Coordinates, Place, RingState};
use boplish_wire::{Kind, Message, PeerId, Way};
use rand_core::Rng;

use super::finds::Purpose;
use super::neighbours::Origin;
use super::space::{gap, id_at, position};
use super::{Chord, RouterOutput};
use crate::protocol;
use crate::protocol::discovery::{self, Discovery};
use crate::router::NeighbourKind;
use crate::time::Time;

/// A peer that left, or that could not be connected to, is not tried for this long.
const AVOID: Duration = Duration::from_secs(30);

/// Peers that are remembered as avoided.
const MAX_AVOIDED: usize = 256;

/// In a small network, neighbours are asked for theirs this often.
const ASK_INTERVAL: Duration = Duration::from_millis(700);

/// Questions and attempts for long links at one time.
const MAX_AT_ONCE: usize = 4;

/// After a long link was replaced, another one is looked at so soon; otherwise the pause doubles,
/// so many times at most.
const IMPROVE_INTERVAL: Duration = Duration::from_secs(4);
pub(super) const MAX_CONTENTED: u32 = 5;

/// So many of the peers in an answer are asked, one after the other, until one takes the link.
const MAX_CANDIDATES: usize = 4;

/// Links that newcomers may have with a peer whose budget is used up, before they have joined.
const SLACK: usize = 16;

/// How long a newcomer's link is kept while the budget is used up.
const NEWCOMER: Duration = Duration::from_secs(20);

/// Links that are asked for at one time.
const MAX_WANTED: usize = 64;

/// What a link is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// For the ring; the peer is perhaps in another one.
    Ring { foreign: bool },
    /// Since the network is so small that everybody is linked with everybody.
    Mesh,
    /// As a long link, in the place of another.
    Long {
        nearby: bool,
        instead: Option<PeerId>,
    },
}

/// Those in the last answer that would make a long link.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    nearby: bool,
    /// What each would cost, by distance or latency, the best first.
    best: Vec<(u32, PeerId)>,
}

impl Chord {
    pub(super) fn avoid(&mut self, now: Time, peer: PeerId) {
        self.avoided.retain(|_, until| now < *until);
        if self.avoided.len() < MAX_AVOIDED {
            self.avoided.insert(peer, now + AVOID);
        }
    }

    pub(super) fn is_avoided(&self, now: Time, peer: &PeerId) -> bool {
        self.avoided.get(peer).is_some_and(|until| now < *until)
    }

    /// Asks for a link to a peer, unless there is one, or it was tried a moment ago.
    /// Returns whether it was asked for now.
    pub(super) fn want(&mut self, now: Time, peer: PeerId, want: Want) -> bool {
        let is_ring = matches!(want, Want::Ring { .. });
        if peer == self.own
            || self.neighbours.get(&peer).is_some()
            || self.is_avoided(now, &peer)
            || self.wanted.len() >= MAX_WANTED
        {
            return false;
        }
        match self.wanted.get_mut(&peer) {
            Some(already) => {
                if is_ring {
                    *already = want;
                }
                false
            }
            None => {
                self.wanted.insert(peer, want);
                let is_retry = self.relayed.contains_key(&peer);
                self.outputs.push_back(match want {
                    Want::Ring { .. } | Want::Mesh if !is_retry => RouterOutput::Connect(peer),
                    Want::Ring { .. } | Want::Mesh | Want::Long { .. } => {
                        RouterOutput::ConnectOnce(peer)
                    }
                });
                true
            }
        }
    }

    /// Whether everybody should be linked with everybody. A newcomer can't know yet.
    pub(super) fn is_small(&self) -> bool {
        self.ring.member
            && self.neighbours.len() <= self.config.budget
            && self.ring.estimated_size() as usize <= self.config.budget + 1
            && self.known_positions() <= self.config.budget
    }

    /// How many peers are linked to this one or to a neighbour.
    fn known_positions(&self) -> usize {
        let mut known = vec![position(&self.own)];
        for (id, link) in self.neighbours.iter() {
            let table = link.table.iter().map(|entry| entry.position);
            for place in core::iter::once(position(id)).chain(table) {
                if !known.contains(&place) {
                    known.push(place);
                }
                if known.len() > self.config.budget + 1 {
                    return known.len();
                }
            }
        }
        known.len() - 1
    }

    /// A neighbour's table has changed: while the network is small, asks for those in it that
    /// there is no link to.
    pub(super) fn complete_mesh(&mut self, now: Time, peer: PeerId) {
        if !self.is_small() {
            return;
        }
        let Some(link) = self.neighbours.get(&peer) else {
            return;
        };
        if now < self.timers.ask_not_before {
            return self.plan_long(now, ASK_INTERVAL);
        }
        let own = position(&self.own);
        let is_new = |place: u32| {
            place != own
                && !self.neighbours.iter().any(|(id, _)| position(id) == place)
                && !self.wanted.keys().any(|id| position(id) == place)
                && !self
                    .avoided
                    .iter()
                    .any(|(id, until)| position(id) == place && now < *until)
        };
        if link.table.iter().any(|entry| is_new(entry.position)) {
            self.timers.ask_not_before = now + ASK_INTERVAL;
            self.outputs.push_back(RouterOutput::Originate {
                to: Some(peer),
                protocol: protocol::name(discovery::NAME),
                kind: Kind::Plain,
                payload: Discovery::Request.to_payload(),
                way: Way::default(),
            });
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
                    kind: Kind::Plain,
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

    /// Whether a peer that offers a link gets it.
    pub(super) fn has_room_for(&self, peer: &PeerId) -> bool {
        let links = self.neighbours.len();
        let is_near = || self.ring.member && self.ring.is_near(peer, self.config.ring_links);
        // Newcomers come to those first that the bootstrap server knows.
        links + self.wanted.len() < self.config.budget
            || (links < self.config.budget + SLACK && (self.signaling_open || is_near()))
    }

    /// Sees about long links after a while.
    pub(super) fn plan_long(&mut self, now: Time, after: Duration) {
        if self.ring.member {
            let at = now + after;
            self.timers.long = Some(self.timers.long.map_or(at, |it| it.min(at)));
        }
    }

    /// Looks for another long link if there is room.
    pub(super) fn drive_long_links(&mut self, now: Time) {
        if !self.ring.member {
            return;
        }
        let pause = self.jittered(self.config.long_interval * (1 << self.contented));
        self.timers.long = Some(now + pause);
        if self.is_small() {
            // Another one each time: one alone may know none that can be linked.
            let mut peers = self.neighbours.ids();
            let first = (self.rng.next_u32() as usize).checked_rem(peers.len());
            peers.rotate_left(first.unwrap_or(0));
            for peer in peers {
                self.complete_mesh(now, peer);
            }
            return;
        }
        self.prune(now);
        let mut links = self.neighbours.len() + self.wanted.len() + self.finds.long();
        let mut at_once = self.wanted.len() + self.finds.long();
        if links >= self.config.budget - self.config.reserve && at_once == 0 {
            // Nothing is missing: perhaps something can be better. The less often it can, the
            // less often it is tried.
            self.contented = (self.contented + 1).min(MAX_CONTENTED);
            let key = self.draw();
            let nearby = self.lacks_nearby() || self.rng.next_u32() & 1 == 0;
            return self.find(now, key, Vec::new(), Purpose::Long { nearby });
        }
        while links < self.config.budget - self.config.reserve && at_once < MAX_AT_ONCE {
            let nearby = self.lacks_nearby();
            let key = self.draw();
            self.find(now, key, Vec::new(), Purpose::Long { nearby });
            links += 1;
            at_once += 1;
        }
    }

    /// The link that another, of that latency, would better take the place of: one that was made
    /// for the ring, or by chance, and is of no use for that any more; or else one of those chosen
    /// for their latency that leads about as far and is slower. Those drawn by distance stay, so
    /// that nobody can draw all links to himself by being fast.
    fn worse_than(&self, now: Time, peer: &PeerId, latency: Option<u16>) -> Option<PeerId> {
        let distance = |id: &PeerId| gap(position(&self.own), position(id)).leading_zeros();
        let mut slowest = latency.map_or(u16::MAX, |it| it.saturating_add(it / 4 + 8 * 16));
        let mut found = None;
        for (id, link) in self.neighbours.iter() {
            if !link.member
                || now.since(link.since) <= NEWCOMER
                || self.ring.is_near(id, self.config.ring_links)
            {
                continue;
            }
            match link.origin {
                Origin::Other => return Some(*id),
                Origin::Nearby
                    if link.latency() > slowest && distance(id).abs_diff(distance(peer)) <= 1 =>
                {
                    slowest = link.latency();
                    found = Some(*id);
                }
                Origin::Nearby | Origin::Drawn | Origin::Theirs => {}
            }
        }
        found
    }

    /// Closes a link that is not needed any more.
    pub(super) fn close(&mut self, now: Time, peer: PeerId) {
        if self.neighbours.remove(&peer).is_none() {
            return;
        }
        self.outputs.push_back(RouterOutput::Disconnect(peer));
        self.avoid(now, peer);
        self.plan_announcement(now);
    }

    /// What a link is for, to be shown.
    pub(super) fn kind_of(&self, peer: &PeerId) -> NeighbourKind {
        let on_ring = |places: &[Place]| places.iter().any(|it| it.peer == *peer);
        if on_ring(self.ring.successors()) || on_ring(self.ring.predecessors()) {
            return NeighbourKind::Ring;
        }
        match self.neighbours.get(peer).map(|link| link.origin) {
            Some(Origin::Drawn | Origin::Nearby) => NeighbourKind::Long,
            Some(Origin::Theirs | Origin::Other) | None => NeighbourKind::Incoming,
        }
    }

    /// Whether the next long link is to be chosen for its latency: half of them are.
    fn lacks_nearby(&self) -> bool {
        let mut balance = 0;
        for (_, link) in self.neighbours.iter() {
            match link.origin {
                Origin::Drawn => balance += 1,
                Origin::Nearby => balance -= 1,
                Origin::Theirs | Origin::Other => {}
            }
        }
        balance >= 0
    }

    /// A key at a distance whose logarithm is evenly distributed, on either side: uniform within
    /// a random octave, from where the links of the ring end.
    fn draw(&mut self) -> PeerId {
        let size = self.ring.estimated_size().max(2);
        let least = (size.leading_zeros() + (2 * self.config.ring_links).ilog2()).min(30);
        let octave = least + self.rng.next_u32() % (31 - least);
        let low = 1_u32 << octave;
        let distance = low + self.rng.next_u32() % low;
        let side = self.rng.next_u32() & 1 == 0;
        let own = position(&self.own);
        let target = match side {
            true => own.wrapping_add(distance),
            false => own.wrapping_sub(distance),
        };
        id_at(target, self.rng.next_u64())
    }

    /// The owner of a drawn key is known, and those around it: the best few are tried.
    pub(super) fn choose_long_link(
        &mut self,
        now: Time,
        owner: Place,
        state: &RingState,
        nearby: bool,
    ) {
        let mut best = Vec::new();
        for places in [&[owner][..], &state.predecessors, &state.successors] {
            for place in places {
                let cost = if !nearby {
                    gap(position(&place.peer), position(&owner.peer))
                } else if place.coordinates == Coordinates::default() {
                    // They have not come along; by chance it is no worse than others.
                    u16::MAX.into()
                } else {
                    self.vivaldi.predict(place.coordinates).into()
                };
                let at = best.partition_point(|it: &(u32, PeerId)| it.0 <= cost);
                best.insert(at, (cost, place.peer));
            }
        }
        best.truncate(MAX_CANDIDATES);
        self.candidates = Candidates { nearby, best };
        self.try_candidate(now);
    }

    /// Asks the next candidate for a link.
    pub(super) fn try_candidate(&mut self, now: Time) {
        let nearby = self.candidates.nearby;
        let is_full = self.neighbours.len() + self.config.reserve >= self.config.budget;
        while !self.candidates.best.is_empty() {
            let (cost, peer) = self.candidates.best.remove(0);
            let instead = self
                .worse_than(now, &peer, nearby.then_some(cost as u16))
                .filter(|_| is_full);
            let is_of_use = instead.is_some() || !is_full;
            if is_of_use && self.want(now, peer, Want::Long { nearby, instead }) {
                if is_full {
                    self.contented = 0;
                }
                let soon = Duration::from_millis(50);
                return self.plan_long(now, if is_full { IMPROVE_INTERVAL } else { soon });
            }
        }
        if !is_full {
            self.plan_long(now, Duration::from_secs(1));
        }
    }

    /// Closes links beyond the budget: the one whose place on the ring others cover best.
    pub(super) fn prune(&mut self, now: Time) {
        while self.neighbours.len() > self.config.budget {
            let Some(victim) = self.most_redundant(now) else {
                return;
            };
            self.close(now, victim);
        }
    }

    /// The long link whose distance is, by ratio, nearest to that of another.
    fn most_redundant(&self, now: Time) -> Option<PeerId> {
        let mut least = u64::MAX;
        let mut found = None;
        for (id, link) in self.neighbours.iter() {
            let near = self.ring.is_near(id, self.config.ring_links);
            // A newcomer that has not joined may have no other link.
            if near || (!link.member && now.since(link.since) < NEWCOMER) {
                continue;
            }
            let mut nearest = u32::MAX;
            for (other, _) in self.neighbours.iter().filter(|it| it.0 != id) {
                nearest = nearest.min(gap(position(id), position(other)));
            }
            let distance = gap(position(id), position(&self.own)).max(1);
            let ratio = u64::from(nearest) * 1024 / u64::from(distance);
            if ratio < least {
                least = ratio;
                found = Some(*id);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
