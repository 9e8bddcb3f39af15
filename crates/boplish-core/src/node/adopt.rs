//! A place in the ring that the simulator gives a peer without a handshake or a message.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::ring::TableEntry;
use boplish_wire::{Fingerprint, PeerId, SessionId};

use super::{Node, Phase};
use crate::time::Time;

/// What a peer of a ring that has come to rest knows, all of which others know, too.
#[derive(Debug, Clone, Copy)]
pub struct AdoptedPlace<'a> {
    /// The peers before it, the nearest first.
    pub predecessors: &'a [PeerId],
    /// Its successor list, the nearest first.
    pub successors: &'a [PeerId],
    /// Its links, in the order of the ids; the first has connection 0, and so on.
    pub links: &'a [AdoptedLink<'a>],
}

/// A link whose handshake is left out, to a member of the ring.
#[derive(Debug, Clone, Copy)]
pub struct AdoptedLink<'a> {
    /// Who is at the other end.
    pub peer: PeerId,
    /// Whether this peer is the one that would have offered.
    pub offered: bool,
    /// The session of that offer.
    pub session: SessionId,
    /// The other side's certificate.
    pub fingerprint: Fingerprint,
    /// The other side's ICE user name fragment.
    pub ufrag: &'a str,
    /// How far the other side is from its predecessor, in positions.
    pub gap: u32,
    /// The round trip, as it would have been measured.
    pub round_trip: Duration,
    /// Whom the other side is linked to; one table for all who know it.
    pub table: &'a Arc<Vec<TableEntry>>,
}

impl Node {
    /// Takes a place in a ring as if it had had it for long: a million peers would take too long
    /// to join one by one. What it does regularly begins at a random moment of its interval. The
    /// shell is to have the connections. `false` if the node is not open and new, or in no ring.
    pub fn adopt_place(&mut self, now: Time, place: AdoptedPlace<'_>) -> bool {
        let is_new = self.phase == Phase::Open && self.links.linked_peers().next().is_none();
        let Some(chord) = self.router.as_chord().filter(|_| is_new) else {
            return false;
        };
        chord.adopt_place(now, place);
        self.links.adopt(now, place.links);
        self.drain(now);
        true
    }

    /// What a neighbour has told of its links: the simulator puts equal tables into one place.
    pub fn table_mut(&mut self, neighbour: PeerId) -> Option<&mut Arc<Vec<TableEntry>>> {
        self.router.as_chord()?.table_mut(&neighbour)
    }
}
