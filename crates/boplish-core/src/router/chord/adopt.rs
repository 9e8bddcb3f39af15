//! A place that the simulator gives this peer without a message.

use std::sync::Arc;

use boplish_wire::PeerId;
use boplish_wire::ring::{Place, TableEntry, gap_code};

use super::long_links::{IMPROVE_MOST, MAX_CONTENTED};
use super::neighbours::Origin;
use super::tell::COORDINATES_INTERVAL;
use super::{Chord, Timers};
use crate::link::retry::random_below;
use crate::node::AdoptedPlace;
use crate::time::Time;

impl Chord {
    /// Takes a place in a ring that has come to rest: nobody has news, and hardly anybody looks
    /// for better links. Coordinates are those of newcomers.
    pub(crate) fn adopt_place(&mut self, now: Time, place: AdoptedPlace<'_>) {
        let coordinates = self.vivaldi.coordinates();
        let here = |peer: &PeerId| Place {
            peer: *peer,
            coordinates,
        };
        let before = place.predecessors.iter().map(here).collect();
        let after = place.successors.iter().map(here).collect();
        self.ring.adopt(before, after);
        let (ring, near) = (&self.ring, self.config.ring_links);
        let origin = |peer: &PeerId, offered| match offered {
            _ if ring.is_near(peer, near) => Origin::Other,
            true => Origin::Drawn,
            false => Origin::Theirs,
        };
        self.neighbours.adopt(now, place.links, coordinates, origin);
        self.has_met_members = true;
        self.contented = MAX_CONTENTED;
        self.told_place = self.ring.state(false).checksum();
        self.around = self.told_place;
        self.told_gap = gap_code(self.ring.gap());
        let mut within = |interval| Some(now + random_below(interval, &mut self.rng));
        self.vivaldi.set_told();
        self.timers = Timers {
            stabilize: within(self.config.stabilize_interval),
            long: within(IMPROVE_MOST),
            check: within(self.config.check_interval),
            coordinates_not_before: now + COORDINATES_INTERVAL,
            ..self.timers
        };
        self.set_hello();
    }

    /// What a neighbour has told of its links.
    pub(crate) fn table_mut(&mut self, neighbour: &PeerId) -> Option<&mut Arc<Vec<TableEntry>>> {
        Some(&mut self.neighbours.get_mut(neighbour)?.table)
    }
}
