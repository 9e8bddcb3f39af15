//! Neighbours that don't answer: others carry their messages, and after a while the ring does
//! without them.

use core::time::Duration;

use boplish_wire::PeerId;
use rand_core::Rng;

use super::{Chord, RouterOutput};
use crate::time::Time;

impl Chord {
    /// A neighbour was heard: it is no suspect any more.
    pub(super) fn heard(&mut self, now: Time, peer: PeerId) {
        let Some(link) = self.neighbours.get_mut(&peer) else {
            return;
        };
        if link.suspect.take().is_none() {
            return;
        }
        if core::mem::take(&mut link.given_up) && link.member {
            self.neighbours.set_listed(&peer, true);
            self.plan_announcement(now);
            self.consider(peer);
        }
    }

    /// A neighbour has not acknowledged what it should have: others carry its messages until it
    /// is heard again, and after a while the ring does without it.
    pub(super) fn suspect(&mut self, now: Time, peer: PeerId) {
        let Some(link) = self.neighbours.get_mut(&peer) else {
            return;
        };
        link.was_late();
        if link.suspect.is_none() {
            link.suspect = Some(now);
            let due = now + self.config.ring_patience;
            self.suspects_due = Some(self.suspects_due.map_or(due, |it| it.min(due)));
            self.outputs.push_back(RouterOutput::Probe(peer));
        }
    }

    /// Gives up those that have been suspects for too long.
    pub(super) fn give_up_suspects(&mut self, now: Time) {
        let patience = self.config.ring_patience;
        let mut next = None;
        let mut given_up = Vec::new();
        for (peer, link) in self.neighbours.iter() {
            if let Some(since) = link.suspect.filter(|_| !link.given_up) {
                let due = since + patience;
                if due <= now {
                    given_up.push(*peer);
                } else {
                    next = Some(next.map_or(due, |it: Time| it.min(due)));
                }
            }
        }
        self.suspects_due = next;
        for peer in given_up {
            if let Some(link) = self.neighbours.get_mut(&peer) {
                link.given_up = true;
                if link.member {
                    self.neighbours.set_listed(&peer, false);
                    self.plan_announcement(now);
                }
            }
            self.forget_on_ring(now, peer);
        }
    }

    pub(super) fn measured(&mut self, now: Time, peer: PeerId, round_trip: Duration) {
        let angle = self.rng.next_u64();
        if let Some(link) = self.neighbours.get_mut(&peer) {
            link.measured(round_trip);
            let one_way = round_trip.as_secs_f32() * 500.0;
            self.vivaldi.update(link.coordinates, one_way, angle);
            if self.vivaldi.has_moved() && now >= self.timers.coordinates_not_before {
                self.plan_announcement(now);
            }
        }
    }
}
