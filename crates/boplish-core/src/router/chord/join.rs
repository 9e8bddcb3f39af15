//! Joins the ring: asks who owns the own id, and that peer takes this one in.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::ring::{Place, RingState};

use super::Chord;
use super::finds::Purpose;
use super::neighbours::Neighbour;
use super::space::is_between;
use crate::time::Time;

/// After this long without anybody who is a member, a peer with links begins a ring; after the
/// longer one, if it has met members: their ring is somewhere.
const BEGIN_AFTER: Duration = Duration::from_secs(3);
const BEGIN_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// From one attempt to join to the next.
pub(super) const JOIN_INTERVAL: Duration = Duration::from_millis(1500);

impl Chord {
    /// Does what a peer that is no member yet can do.
    pub(super) fn join(&mut self, now: Time) {
        // One that is silent just now may be heard again, and others may lead to the ring.
        if self.neighbours.iter().any(|(_, link)| link.member) {
            self.has_met_members = true;
            self.timers.joining_since = Some(now);
            let usable = self.neighbours.iter().any(|(_, link)| link.is_usable());
            if usable && !self.finds.has(&Purpose::Join) && self.approached.is_none() {
                self.find(now, self.own, Vec::new(), Purpose::Join);
            }
            return;
        }
        // A neighbour may be about to join where this peer has no link to yet.
        self.has_met_members |= self
            .neighbours
            .iter()
            .any(|(_, link)| !link.table.is_empty());
        // Who has acknowledged the own table has told its own before.
        let yields =
            |(id, link): (&PeerId, &Neighbour)| self.own < *id && link.round_trip().is_some();
        let (enough, is_least) = match self.has_met_members {
            true => (BEGIN_AGAIN_AFTER, false),
            false => (BEGIN_AFTER, self.neighbours.iter().all(yields)),
        };
        let since = self.timers.joining_since;
        let waited = since.is_some_and(|since| now.since(since) >= enough);
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
        self.want_over(now, peer, over);
    }

    /// The peer that this one wants to join in front of has told its place.
    pub(super) fn handle_state_joining(&mut self, now: Time, from: Place, state: &RingState) {
        let is_approached = self.approached == Some(from.peer);
        match state.predecessors.first() {
            Some(first) if first.peer == self.own => {
                // It has taken this peer for its predecessor: what is behind that is ours.
                self.approached = None;
                self.ring.stabilize(from, state);
                for behind in state.predecessors.iter().skip(1).rev() {
                    self.ring.rectify(*behind);
                }
                self.ring.member = true;
                self.membership_changed(now);
                self.stabilize_with(from.peer);
                self.tend(now);
            }
            Some(first) if is_approached && is_between(&self.own, &first.peer, &from.peer) => {
                self.approach(now, first.peer, vec![from.peer]);
            }
            Some(_) | None => {
                self.approached.take_if(|_| is_approached);
            }
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
        self.has_met_members = false;
        self.timers.joining_since = None;
        self.timers.check = None;
        self.timers.long = None;
        self.relayed.clear();
    }

    pub(super) fn wanted_successor(&self, peer: &PeerId) -> bool {
        self.approached == Some(*peer)
    }
}
