//! Which links there should be besides those of the ring: some far away, half of them drawn by
//! distance on the ring alone, which nobody else can influence, half chosen for their latency.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::ring::{Coordinates, Place, RingState, latency_of};
use rand_core::Rng;

use super::finds::Purpose;
use super::neighbours::{Neighbour, Origin};
use super::space::{gap, id_at, position};
use super::{Chord, RouterOutput};
use crate::router::NeighbourKind;
use crate::time::Time;

/// A peer that left, or that could not be connected to, is not tried for this long.
const AVOID: Duration = Duration::from_secs(30);

/// Peers that are remembered as avoided.
const MAX_AVOIDED: usize = 256;

/// Questions and attempts for long links at one time.
const MAX_AT_ONCE: usize = 4;

/// From one search for a better long link to the next; after each `PATIENCE` of them in vain the
/// pause doubles.
const IMPROVE_INTERVAL: Duration = Duration::from_secs(4);
const PATIENCE: u32 = 4;
pub(super) const MAX_CONTENTED: u32 = 8 * PATIENCE;

/// The longest of these pauses.
#[cfg(feature = "simulator")]
pub(super) const IMPROVE_MOST: Duration =
    Duration::from_secs(IMPROVE_INTERVAL.as_secs() << (MAX_CONTENTED / PATIENCE));

/// Long links that a new member looks for. After so many seconds it would look for as many more as
/// the budget has.
const NEWCOMER_LONG: usize = 4;
const GROWTH: usize = 100;

/// Links to peers that are not among the nearest on the ring any more are kept to so many on
/// either side: they are again when a nearer one is gone.
const SPARE_RING_LINKS: usize = 1;

/// So many of the peers in an answer are asked, one after the other, until one takes the link.
const MAX_CANDIDATES: usize = 4;

/// So many octaves are drawn for a link that is missing, of which the one with the fewest links is
/// taken.
const OCTAVES: usize = 3;

/// A drawn link gives way to one in an octave that has so many links fewer: the ring has grown
/// since it was drawn.
const UNEVEN: u8 = 3;

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
    /// For a service.
    Held,
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
                    Want::Ring { .. } | Want::Mesh | Want::Held | Want::Long { .. } => {
                        RouterOutput::ConnectOnce(peer)
                    }
                });
                true
            }
        }
    }

    /// Whether there is neither a link to a position, nor an attempt, nor a reason against one.
    pub(super) fn is_new(&self, now: Time, place: u32) -> bool {
        let at = |id: &PeerId| position(id) == place;
        let mut avoided = self.avoided.iter();
        !at(&self.own)
            && !self.neighbours.iter().any(|(id, _)| at(id))
            && !self.wanted.keys().any(at)
            && !avoided.any(|(id, until)| at(id) && now < *until)
    }

    /// Whether a peer that offers a link gets it.
    pub(super) fn has_room_for(&self, peer: &PeerId) -> bool {
        let links = self.count_links();
        let is_near = || self.ring.member && self.ring.is_near(peer, self.config.ring_links);
        // Newcomers come to those first that the bootstrap server knows.
        self.is_held(peer)
            || links + self.wanted.len() < self.config.budget
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
        let mut links = self.count_links() + self.wanted.len() + self.finds.long();
        let mut at_once = self.wanted.len() + self.finds.long();
        let is_full = links >= self.config.budget - self.config.reserve;
        if is_full && at_once == 0 {
            // Nothing is missing: perhaps something can be better.
            return self.improve(now);
        }
        let enough = self.enough(now);
        while links < enough && at_once < MAX_AT_ONCE {
            let nearby = self.lacks_nearby();
            self.find_long(now, nearby);
            links += 1;
            at_once += 1;
        }
    }

    /// Looks for a link that is better than one that there is: the less often there is one, the less
    /// often.
    fn improve(&mut self, now: Time) {
        if self.timers.improve_not_before <= now {
            self.contented = (self.contented + 1).min(MAX_CONTENTED);
            let pause = self.jittered(IMPROVE_INTERVAL * (1 << (self.contented / PATIENCE)));
            self.timers.improve_not_before = now + pause;
            let nearby = self.lacks_nearby() || self.rng.next_u32() & 1 == 0;
            self.find_long(now, nearby);
        }
        self.timers.long = Some(self.timers.improve_not_before);
    }

    /// How many links this peer looks for: the longer it has been a member, the more. Most who
    /// leave soon after they came are gone before they have cost others all of theirs.
    fn enough(&self, now: Time) -> usize {
        let age = now.since(self.timers.member_since).as_secs() as usize;
        let young = 2 * self.config.ring_links + NEWCOMER_LONG + age * self.config.budget / GROWTH;
        young.min(self.config.budget - self.config.reserve)
    }

    /// The link that another, of that latency, would better take the place of: one that was made
    /// for the ring, or by chance, and is of no use for that any more; or else one of those chosen
    /// for their latency that leads about as far and is slower. Those drawn by distance give way to
    /// others only that were drawn, so that nobody can draw all links to himself by being fast.
    fn worse_than(&self, now: Time, peer: &PeerId, latency: Option<u16>) -> Option<PeerId> {
        let distance = |id: &PeerId| octave_of(position(&self.own), position(id));
        let mut slowest = latency.map_or(u16::MAX, |it| it.saturating_add(it / 8 + 4 * 16));
        let mut found = None;
        let counts = self.links_by_octave();
        let mut most = counts[distance(peer) as usize].saturating_add(UNEVEN);
        let replaceable = |it: &(&PeerId, &Neighbour)| self.is_replaceable(now, *it);
        for (id, link) in self.neighbours.iter().filter(replaceable) {
            match link.origin {
                Origin::Other => return Some(*id),
                Origin::Nearby
                    if link.latency() > slowest && distance(id).abs_diff(distance(peer)) <= 1 =>
                {
                    slowest = link.latency();
                    found = Some(*id);
                }
                Origin::Drawn if latency.is_none() && counts[distance(id) as usize] >= most => {
                    most = counts[distance(id) as usize].saturating_add(1);
                    found = Some(*id);
                }
                Origin::Nearby | Origin::Drawn | Origin::Theirs => {}
            }
        }
        found
    }

    /// How many links there are in each octave of distances.
    fn links_by_octave(&self) -> [u8; 32] {
        let mut counts = [0_u8; 32];
        for (id, _) in self.neighbours.iter() {
            let count = &mut counts[octave_of(position(&self.own), position(id)) as usize];
            *count = count.saturating_add(1);
        }
        counts
    }

    /// Whether the ring does not need a link, and it is no newcomer's.
    fn is_replaceable(&self, now: Time, (id, link): (&PeerId, &Neighbour)) -> bool {
        let count = self.config.ring_links + SPARE_RING_LINKS;
        link.member
            && !self.is_held(id)
            && now.since(link.since) > NEWCOMER
            && !self.ring.is_near(id, count)
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

    /// Looks for a long link. One for its latency is mostly looked for where neighbours have a near
    /// one.
    fn find_long(&mut self, now: Time, nearby: bool) {
        let octave = self.octave(if nearby { 1 } else { OCTAVES });
        let told = match nearby && self.rng.next_u32() & 3 != 0 {
            true => self.told_nearby(now, octave),
            false => None,
        };
        let key = told.unwrap_or_else(|| self.draw(octave));
        self.find(now, key, Vec::new(), Purpose::Long { nearby });
    }

    /// The neighbours' neighbour in that octave to whom the way over the neighbour is the fastest,
    /// without the access of that one, which a link does not have to pass (Vivaldi's heights).
    fn told_nearby(&self, now: Time, octave: u32) -> Option<PeerId> {
        let own = position(&self.own);
        let mut best = None;
        let mut least = u16::MAX;
        for (_, link) in self.neighbours.iter().filter(|(_, it)| it.is_usable()) {
            let access = 2 * link.coordinates.height.min(u16::MAX / 2);
            for entry in link.table.iter() {
                let both = link.latency().saturating_add(latency_of(entry.latency));
                let cost = both.saturating_sub(access);
                if cost < least
                    && octave_of(entry.position, own) == octave
                    && self.is_new(now, entry.position)
                {
                    least = cost;
                    best = Some(entry.position);
                }
            }
        }
        best.map(|place| id_at(place, 0))
    }

    /// A random octave of distances, from where the links of the ring end: of so many that are
    /// drawn, the one with the fewest links.
    fn octave(&mut self, draws: usize) -> u32 {
        let size = self.ring.estimated_size().max(2);
        let least = (size.leading_zeros() + (2 * self.config.ring_links).ilog2()).min(30);
        let counts = self.links_by_octave();
        let mut best = least + self.rng.next_u32() % (31 - least);
        for _ in 1..draws {
            let octave = least + self.rng.next_u32() % (31 - least);
            if counts[octave as usize] < counts[best as usize] {
                best = octave;
            }
        }
        best
    }

    /// A key at a distance that is uniform within the octave, on either side.
    fn draw(&mut self, octave: u32) -> PeerId {
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
        let is_full = self.count_links() >= self.enough(now);
        while !self.candidates.best.is_empty() {
            let (cost, peer) = self.candidates.best.remove(0);
            let instead = self
                .worse_than(now, &peer, nearby.then_some(cost as u16))
                .filter(|_| is_full);
            let is_of_use = instead.is_some() || !is_full;
            if is_of_use && self.want(now, peer, Want::Long { nearby, instead }) {
                if is_full {
                    self.contented = 0;
                    self.timers.improve_not_before = now + IMPROVE_INTERVAL;
                }
                let soon = Duration::from_millis(50);
                return self.plan_long(now, if is_full { IMPROVE_INTERVAL } else { soon });
            }
        }
        if !is_full {
            self.plan_long(now, Duration::from_secs(1));
        }
    }

    /// Closes links beyond the budget: those that nothing comes over, else the one whose place on the
    /// ring others cover best.
    pub(super) fn prune(&mut self, now: Time) {
        while self.count_links() > self.config.budget {
            let silent = |it: &(&PeerId, &Neighbour)| it.1.suspect.is_some() && !self.is_held(it.0);
            let silent = self.neighbours.iter().filter(silent);
            let of_no_use = silent.max_by_key(|it| it.1.given_up).map(|it| *it.0);
            let Some(victim) = of_no_use.or_else(|| self.most_redundant(now)) else {
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
            let is_new = !link.member && now.since(link.since) < NEWCOMER;
            if near || is_new || self.is_held(id) {
                continue;
            }
            let mut nearest = u32::MAX;
            let others = self.neighbours.iter();
            for (other, _) in others.filter(|it| it.0 != id && it.1.suspect.is_none()) {
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

/// The octave of the distance between two positions.
fn octave_of(one: u32, other: u32) -> u32 {
    gap(one, other).max(1).ilog2()
}

#[cfg(test)]
mod tests;
