//! Which links there should be besides those of the ring: everybody while the network is small,
//! else some far away, half of them drawn by distance on the ring alone, which nobody else can
//! influence, half chosen for their latency.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::ring::{Place, RingState};
use rand_core::Rng;

use super::finds::Purpose;
use super::space::{gap, id_at, position};
use super::{Chord, RouterOutput};
use crate::protocol;
use crate::protocol::discovery::{self, Discovery};
use crate::table::Table;
use crate::time::Time;

/// A peer that left, or that could not be connected to, is not tried for this long.
const AVOID: Duration = Duration::from_secs(30);

/// Peers that are remembered as avoided.
const MAX_AVOIDED: usize = 256;

/// In a small network, neighbours are asked for theirs this often.
const ASK_INTERVAL: Duration = Duration::from_millis(700);

/// Questions and attempts for long links at one time.
const MAX_AT_ONCE: usize = 4;

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
    /// As a long link.
    Long,
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
    pub(super) fn want(&mut self, now: Time, peer: PeerId, want: Want) {
        let is_ring = matches!(want, Want::Ring { .. });
        if peer == self.own
            || self.neighbours.get(&peer).is_some()
            || self.is_avoided(now, &peer)
            || self.wanted.len() >= MAX_WANTED
        {
            return;
        }
        match self.wanted.get_mut(&peer) {
            Some(already) => {
                if is_ring {
                    *already = want;
                }
            }
            None => {
                self.wanted.insert(peer, want);
                self.outputs.push_back(match want {
                    Want::Ring { .. } | Want::Mesh => RouterOutput::Connect(peer),
                    Want::Long => RouterOutput::ConnectOnce(peer),
                });
            }
        }
    }

    /// Whether everybody should be linked with everybody.
    pub(super) fn is_small(&self) -> bool {
        self.neighbours.len() <= self.config.budget
            && self.ring.estimated_size() as usize <= self.config.budget + 1
            && self.known_positions() <= self.config.budget
    }

    /// How many peers are linked to this one or to a neighbour.
    fn known_positions(&self) -> usize {
        let mut known: Table<u32, ()> = Table::new();
        for (id, link) in self.neighbours.iter() {
            known.insert(position(id), ());
            for entry in &link.table {
                if known.len() > self.config.budget + 1 {
                    return known.len();
                }
                known.insert(entry.position, ());
            }
        }
        known.remove(&position(&self.own));
        known.len()
    }

    /// A neighbour's table has changed: while the network is small, asks for those in it that
    /// there is no link to.
    pub(super) fn complete_mesh(&mut self, now: Time, peer: PeerId) {
        // Far above the budget nothing else needs a look.
        if self.ring.estimated_size() as usize > self.config.budget + 1 {
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
        if link.table.iter().any(|entry| is_new(entry.position)) && self.is_small() {
            self.timers.ask_not_before = now + ASK_INTERVAL;
            self.outputs.push_back(RouterOutput::Originate {
                to: Some(peer),
                protocol: protocol::name(discovery::NAME),
                kind: boplish_wire::Kind::Plain,
                payload: Discovery::Request.to_payload(),
                way: boplish_wire::Way::default(),
            });
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
        let pause = self.jittered(self.config.long_interval);
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
        while links < self.config.budget - self.config.reserve && at_once < MAX_AT_ONCE {
            let nearby = self.rng.next_u32() & 1 == 0;
            let key = self.draw();
            self.find(now, key, Vec::new(), Purpose::Long { nearby });
            links += 1;
            at_once += 1;
        }
    }

    /// A key at a distance whose logarithm is evenly distributed, on either side: uniform within
    /// a random octave.
    fn draw(&mut self) -> PeerId {
        let size = self.ring.estimated_size().max(2);
        let least = size.leading_zeros() + 1;
        let least = 32 - 1 - (32 - least).min(30);
        let octaves = 31 - least.min(30);
        let octave = least.min(30) + self.rng.next_u32() % octaves.max(1);
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

    /// The owner of a drawn key is known, and those around it.
    pub(super) fn choose_long_link(
        &mut self,
        now: Time,
        owner: Place,
        state: &RingState,
        nearby: bool,
    ) {
        let around = state.predecessors.iter().chain(&state.successors);
        let usable = |place: &&Place| {
            place.peer != self.own
                && self.neighbours.get(&place.peer).is_none()
                && !self.wanted.contains_key(&place.peer)
                && !self.is_avoided(now, &place.peer)
        };
        let candidates = core::iter::once(&owner).chain(around).filter(usable);
        let latency = |place: &&Place| match place.peer == owner.peer {
            // Its coordinates have not come along; by chance it is no worse than others.
            true => u16::MAX,
            false => self.vivaldi.predict(place.coordinates),
        };
        let chosen = match nearby {
            true => candidates.min_by_key(latency),
            false => {
                candidates.min_by_key(|place| gap(position(&place.peer), position(&owner.peer)))
            }
        };
        match chosen.map(|place| place.peer) {
            Some(peer) => {
                self.want(now, peer, Want::Long);
                self.plan_long(now, Duration::from_millis(50));
            }
            None => self.plan_long(now, Duration::from_secs(2)),
        }
    }

    /// Closes links beyond the budget: the one whose place on the ring others cover best.
    pub(super) fn prune(&mut self, now: Time) {
        while self.neighbours.len() > self.config.budget {
            let Some(victim) = self.most_redundant(now) else {
                return;
            };
            self.outputs.push_back(RouterOutput::Disconnect(victim));
            self.avoid(now, victim);
            if self.neighbours.remove(&victim).is_none() {
                return;
            }
            self.plan_announcement(now);
        }
    }

    /// The long link whose distance is, by ratio, nearest to that of another.
    fn most_redundant(&self, now: Time) -> Option<PeerId> {
        let own = position(&self.own);
        let mut distances: Vec<(u32, PeerId, bool)> = self
            .neighbours
            .iter()
            .map(|(id, link)| {
                let near = self.ring.is_near(id, self.config.ring_links);
                // A newcomer that has not joined may have no other link.
                let kept = near || (!link.member && now.since(link.since) < NEWCOMER);
                (position(id).wrapping_sub(own), *id, kept)
            })
            .collect();
        distances.sort_unstable();
        let ratio = |index: usize| {
            let here = u64::from(gap(distances[index].0, 0).max(1));
            let others = [index.wrapping_sub(1), index + 1];
            let nearest = others
                .into_iter()
                .filter_map(|it| distances.get(it))
                .map(|it| u64::from(gap(it.0, distances[index].0)))
                .min();
            nearest.unwrap_or(u64::MAX / 2048).saturating_mul(1024) / here
        };
        (0..distances.len())
            .filter(|index| !distances[*index].2)
            .min_by_key(|index| ratio(*index))
            .map(|index| distances[index].1)
    }
}

#[cfg(test)]
mod tests;
