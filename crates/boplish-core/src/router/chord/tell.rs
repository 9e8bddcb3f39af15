//! What neighbours are told: whether this peer is a member, where it is, and whom it is linked to.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::ring::Table as Told;

use super::{Chord, RouterOutput};
use crate::table::pop_first;
use crate::time::Time;

/// Round trips that are measured at one time, besides those of messages.
const MAX_PROBES: usize = 128;

/// Coordinates alone are told no oftener than this; with other news they always go along.
pub(super) const COORDINATES_INTERVAL: Duration = Duration::from_secs(30);

impl Chord {
    /// What every neighbour is told, with an empty table.
    pub(super) fn told(&self) -> Told {
        Told {
            member: self.ring.member,
            coordinates: Some(self.vivaldi.coordinates()),
            gap: Some(self.ring.gap()),
            ..Told::default()
        }
    }

    /// What hellos tell: the table follows when the link is up.
    pub(super) fn set_hello(&mut self) {
        let hello = self.told().encode();
        self.outputs.push_back(RouterOutput::Routing(hello));
    }

    /// Sends a neighbour what is new to it, with a number if the round trip is to be measured.
    pub(super) fn tell_table(&mut self, now: Time, peer: PeerId, measure: bool) {
        let own = self.told();
        let Some(mut table) = self.neighbours.news_for(&peer, own) else {
            return;
        };
        if measure {
            let number = self.transit.number();
            self.measure(number, peer, now);
            table.number = Some(number);
        }
        let bytes = table.encode();
        self.outputs
            .push_back(RouterOutput::SendRouting { peer, bytes });
    }

    /// A neighbour is going to acknowledge this number.
    pub(super) fn measure(&mut self, number: u32, peer: PeerId, sent: Time) {
        if self.probes.len() >= MAX_PROBES {
            pop_first(&mut self.probes);
        }
        self.probes.insert(number, (peer, sent));
    }

    /// The own table has changed: neighbours hear of it soon, but not too often.
    pub(super) fn plan_announcement(&mut self, now: Time) {
        let (delay, pause) = match self.is_small() {
            true => (self.config.announce_delay / 4, self.config.announce_delay),
            false => (self.config.announce_delay, self.config.announce_interval),
        };
        let at = (now + delay).max(self.timers.announced + pause);
        self.timers.announce.get_or_insert(at);
    }

    pub(super) fn announce(&mut self, now: Time) {
        self.timers.announced = now;
        if self.vivaldi.has_moved() {
            self.vivaldi.set_told();
            self.timers.coordinates_not_before = now + COORDINATES_INTERVAL;
            self.neighbours.own_changed();
            self.set_hello();
        }
        for peer in self.neighbours.ids() {
            self.tell_table(now, peer, false);
        }
    }

    /// The own membership has changed: everybody is told at once.
    pub(super) fn membership_changed(&mut self, now: Time) {
        self.set_hello();
        let bytes = self.told().encode();
        for peer in self.neighbours.ids() {
            let bytes = bytes.clone();
            self.outputs
                .push_back(RouterOutput::SendRouting { peer, bytes });
        }
        if self.ring.member {
            self.outputs.push_back(RouterOutput::RingJoined);
            self.timers.joining_since = None;
            self.timers.long = Some(now);
            self.timers.member_since = now;
            self.timers.check = Some(now + self.jittered(self.config.check_interval));
        }
    }
}
