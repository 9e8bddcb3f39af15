//! Finds out whether there is another ring, and makes one of both.

use core::time::Duration;

use boplish_wire::limits::MAX_WAYPOINTS;
use boplish_wire::ring::{Place, RingMessage, RingState};
use boplish_wire::{PeerId, Way};
use rand_core::Rng;

use super::finds::{PLACES, Purpose};
use super::long_links::Want;
use super::space::after;
use super::{Chord, Detour};
use crate::time::Time;

/// After news, the bootstrap server is asked this soon whether another ring is there, and ever
/// more rarely if not.
pub(super) const LOOK_AROUND: Duration = Duration::from_secs(4);
const LOOK_AROUND_MAX: Duration = Duration::from_secs(256);

/// Gossip of another ring is heeded this often.
const UNIFY_INTERVAL: Duration = Duration::from_secs(10);

impl Chord {
    /// Plans the next look at the bootstrap server, while that is of use.
    pub(super) fn plan_look_around(&mut self, now: Time) {
        let useful = self.signaling_open && self.neighbours.len() > 0;
        let pause = self.timers.look_around_pause.max(LOOK_AROUND);
        self.timers.look_around = useful.then(|| now + self.jittered(pause));
    }

    /// Asks somebody at the bootstrap server which ring it is in.
    pub(super) fn look_around(&mut self, now: Time) {
        if self.ring.member {
            let token = self.rng.next_u32() | 1;
            self.finds.look_around = token;
            let find = RingMessage::Find {
                token,
                places: PLACES,
            };
            self.say_over(None, &find, Way::default());
        }
        let pause = self.timers.look_around_pause.max(LOOK_AROUND);
        self.timers.look_around_pause = (pause * 2).min(LOOK_AROUND_MAX);
        self.plan_look_around(now);
    }

    /// Asks over some neighbour who comes after this peer: the successor, if the ring is one.
    pub(super) fn check_ring(&mut self, now: Time) {
        self.timers.check = Some(now + self.jittered(self.config.check_interval));
        let usable = self.neighbours.iter().filter(|(_, link)| link.is_usable());
        let peers: Vec<PeerId> = usable.map(|it| *it.0).collect();
        let index = (self.rng.next_u32() as usize).checked_rem(peers.len());
        if let Some(over) = index.and_then(|index| peers.get(index)) {
            let key = after(&self.own);
            self.find(now, key, vec![*over], Purpose::Check);
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
    pub(super) fn is_foreign(&self, state: &RingState) -> bool {
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
        self.timers.look_around_pause = LOOK_AROUND;
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
            let key = after(&self.own);
            self.find(now, key, vec![beyond], Purpose::Foreign);
        }
    }

    pub(super) fn handle_unify(&mut self, now: Time, over: Vec<PeerId>) {
        if self.ring.member
            && now >= self.timers.unify_not_before
            && !over.contains(&self.own)
            && !self.finds.has(&Purpose::Foreign)
        {
            let key = after(&self.own);
            self.find(now, key, over, Purpose::Foreign);
        }
    }
}
