//! The peers that a link is open to, and what each has told of its own.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::PeerId;
use boplish_wire::ring::{Coordinates, Table, TableEntry, gap_code, latency_code};

use super::space::position;
use crate::table;
use crate::time::Time;

/// Changes of the own table that are remembered; who has missed more is told the whole table.
const MAX_CHANGES: usize = 64;

/// The least and the most time that an acknowledgement of a hop is waited for, and what it is
/// before the round trip is known (RFC 6298, section 2, for shorter paths).
const ACK_LEAST: Duration = Duration::from_millis(300);
const ACK_MOST: Duration = Duration::from_secs(3);
const ACK_UNKNOWN: Duration = Duration::from_millis(1500);

/// What a link was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// This peer drew it by distance, as a long link.
    Drawn,
    /// This peer chose it for its latency, as a long link.
    Nearby,
    /// The other side did, by all that this peer knows.
    Theirs,
    /// For the ring, or by chance.
    Other,
}

/// A peer that a link is open to.
#[derive(Debug)]
pub(super) struct Neighbour {
    /// Whether it is a member of the ring, so that messages can go over it.
    pub(super) member: bool,
    pub(super) origin: Origin,
    pub(super) coordinates: Coordinates,
    /// How far it is from its predecessor, in positions; 0 if that is not known.
    pub(super) gap: u32,
    /// Whom it is linked to, by position. In the simulator, equal tables are one.
    pub(super) table: Arc<Vec<TableEntry>>,
    /// Since when it has not acknowledged what it should have.
    pub(super) suspect: Option<Time>,
    /// A suspect for so long that the ring does without it.
    pub(super) given_up: bool,
    /// When the link was opened.
    pub(super) since: Time,
    /// Smoothed round trip and its variation in microseconds; 0 if not measured.
    round_trip: u32,
    variation: u32,
    /// The version of the own table that it was told.
    told: u16,
}

impl Neighbour {
    /// Whether messages for others may go over it.
    pub(super) fn is_usable(&self) -> bool {
        self.member && self.suspect.is_none()
    }

    /// The smoothed round trip, once it is measured.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        (self.round_trip > 0).then(|| Duration::from_micros(self.round_trip.into()))
    }

    /// One-way latency in units of 1/16 ms, as far as is known.
    pub(super) fn latency(&self) -> u16 {
        match self.round_trip {
            0 => 80 * 16,
            // Half of it, and 62.5 microseconds are one unit.
            micros => u16::try_from(micros / 125).unwrap_or(u16::MAX),
        }
    }

    /// How long to wait for an acknowledgement.
    pub(super) fn ack_timeout(&self) -> Duration {
        match self.round_trip {
            0 => ACK_UNKNOWN,
            micros => {
                let wait = u64::from(micros) * 3 / 2 + 4 * u64::from(self.variation);
                Duration::from_micros(wait).clamp(ACK_LEAST, ACK_MOST)
            }
        }
    }

    /// A round trip was measured (RFC 6298, section 2).
    pub(super) fn measured(&mut self, round_trip: Duration) {
        let micros = u32::try_from(round_trip.as_micros())
            .unwrap_or(u32::MAX)
            .max(1);
        if self.round_trip == 0 {
            self.round_trip = micros;
            self.variation = micros / 2;
        } else {
            let off = self.round_trip.abs_diff(micros);
            self.variation = self.variation - self.variation / 4 + off / 4;
            self.round_trip = (self.round_trip - self.round_trip / 8 + micros / 8).max(1);
        }
    }

    /// An acknowledgement did not come in time: the next one gets twice as long.
    pub(super) fn was_late(&mut self) {
        let limit = ACK_MOST.as_micros() as u32;
        self.variation = (self.variation * 2).max(self.round_trip / 4).min(limit / 4);
    }

    /// Takes what it tells of its own links.
    pub(super) fn learn(&mut self, told: &Table, limit: usize) {
        if !told.full && told.added.is_empty() && told.removed.is_empty() {
            return;
        }
        let is_gone = |entry: &TableEntry| {
            told.removed.contains(&entry.position)
                || told.added.iter().any(|new| new.position == entry.position)
        };
        let mut table = match told.full {
            true => Vec::new(),
            false => self.table.to_vec(),
        };
        table.retain(|entry| !is_gone(entry));
        let room = limit.saturating_sub(table.len());
        table.extend(told.added.iter().take(room));
        table.shrink_to_fit();
        self.table = Arc::new(table);
    }

    /// Whether it is linked to a peer at this position.
    pub(super) fn lists(&self, position: u32) -> bool {
        self.table.iter().any(|entry| entry.position == position)
    }
}

/// All neighbours, and the table that they are told.
#[derive(Debug)]
pub(super) struct Neighbours {
    peers: table::Table<PeerId, Neighbour>,
    /// How many there should be at most.
    budget: usize,
    /// The newest changes of the own table, the oldest first.
    changes: Vec<Change>,
    /// Only compared with what was told moments ago, so it may start over.
    version: u16,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Added(PeerId),
    Removed(u32),
    /// Something about this peer itself.
    Own,
}

impl Neighbours {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            peers: table::Table::new(),
            budget,
            changes: Vec::new(),
            version: 1,
        }
    }

    pub(super) fn get(&self, peer: &PeerId) -> Option<&Neighbour> {
        self.peers.get(peer)
    }

    pub(super) fn get_mut(&mut self, peer: &PeerId) -> Option<&mut Neighbour> {
        self.peers.get_mut(peer)
    }

    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&PeerId, &Neighbour)> {
        self.peers.iter()
    }

    pub(super) fn ids(&self) -> Vec<PeerId> {
        self.peers.keys().copied().collect()
    }

    /// The link to a peer is up.
    pub(super) fn insert(&mut self, now: Time, peer: PeerId, hello: &Table, origin: Origin) {
        let neighbour = Neighbour {
            member: hello.member,
            origin,
            coordinates: hello.coordinates.unwrap_or_default(),
            gap: hello.gap.unwrap_or_default(),
            table: Arc::default(),
            suspect: None,
            given_up: false,
            since: now,
            round_trip: 0,
            variation: 0,
            told: 0,
        };
        self.peers.insert(peer, neighbour);
        #[cfg(feature = "simulator")]
        table::shrink(&mut self.peers);
        if hello.member {
            self.changed(Change::Added(peer));
        }
    }

    /// The links of an ordered start, in the order of the ids: all of them know what is to be
    /// known.
    #[cfg(feature = "simulator")]
    pub(super) fn adopt(
        &mut self,
        now: Time,
        links: &[crate::node::AdoptedLink<'_>],
        coordinates: Coordinates,
        origin: impl Fn(&PeerId, bool) -> Origin,
    ) {
        let told = self.version;
        let neighbour = |link: &crate::node::AdoptedLink<'_>| {
            let mut neighbour = Neighbour {
                member: true,
                origin: origin(&link.peer, link.offered),
                coordinates,
                gap: link.gap,
                table: Arc::clone(link.table),
                suspect: None,
                given_up: false,
                since: now,
                round_trip: 0,
                variation: 0,
                told,
            };
            neighbour.measured(link.round_trip);
            (link.peer, neighbour)
        };
        self.peers = table::Table::from_sorted(links.iter().map(neighbour));
    }

    /// The link to a peer is gone.
    pub(super) fn remove(&mut self, peer: &PeerId) -> Option<Neighbour> {
        let neighbour = self.peers.remove(peer)?;
        if neighbour.member && !neighbour.given_up {
            self.changed(Change::Removed(position(peer)));
        }
        Some(neighbour)
    }

    /// Whether messages may go over a peer has changed: others are told.
    pub(super) fn set_listed(&mut self, peer: &PeerId, listed: bool) {
        self.changed(match listed {
            true => Change::Added(*peer),
            false => Change::Removed(position(peer)),
        });
    }

    /// Something about this peer itself has changed.
    pub(super) fn own_changed(&mut self) {
        self.changed(Change::Own);
    }

    /// How many links there should be at most.
    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    fn changed(&mut self, change: Change) {
        self.version = self.version.wrapping_add(1);
        if self.changes.len() == MAX_CHANGES {
            self.changes.remove(0);
        }
        self.changes.push(change);
    }

    /// What a peer has not been told yet, of this peer itself (`own`) only if that is news; counts
    /// as told.
    pub(super) fn news_for(&mut self, peer: &PeerId, own: Table) -> Option<Table> {
        let version = self.version;
        let neighbour = self.peers.get_mut(peer)?;
        let missed = version.wrapping_sub(neighbour.told) as usize;
        let is_first = neighbour.told == 0;
        neighbour.told = version;
        if missed == 0 {
            return None;
        }
        if is_first || missed > self.changes.len() {
            let listed = self
                .peers
                .iter()
                .filter(|(id, it)| it.member && !it.given_up && *id != peer);
            return Some(Table {
                full: true,
                added: listed.map(|(id, it)| entry(id, it)).collect(),
                ..own
            });
        }
        let mut told = Table {
            coordinates: None,
            gap: None,
            ..own
        };
        for change in &self.changes[self.changes.len() - missed..] {
            match change {
                Change::Added(id) => {
                    told.removed.retain(|it| *it != position(id));
                    told.added.retain(|it| it.position != position(id));
                    if let Some(it) = self.peers.get(id).filter(|_| id != peer) {
                        told.added.push(entry(id, it));
                    }
                }
                Change::Removed(gone) => {
                    told.added.retain(|it| it.position != *gone);
                    told.removed.push(*gone);
                }
                Change::Own => (told.coordinates, told.gap) = (own.coordinates, own.gap),
            }
        }
        Some(told)
    }
}

fn entry(id: &PeerId, neighbour: &Neighbour) -> TableEntry {
    TableEntry {
        position: position(id),
        latency: latency_code(neighbour.latency()),
        gap: gap_code(neighbour.gap),
    }
}

#[cfg(test)]
mod tests;
