//! Who counts as a replica: the ring as it was a minute ago.
//!
//! Replica sets shift with every peer that comes or goes. Two majorities of one key's replicas
//! meet in a peer only if both were taken of much the same set; so a newcomer does not count yet,
//! and who is gone counts for a while.

use core::time::Duration;

use boplish_wire::PeerId;

use crate::kbr::{KeyBased, clockwise, sort_behind};
use crate::table::Table;
use crate::time::Time;

/// A peer counts from so long after it was first seen until so long after it was last seen.
pub(super) const DELAY: Duration = Duration::from_secs(60);

/// A peer that stores nothing is not asked again for this long: its page may be loaded anew.
const IDLE: Duration = Duration::from_secs(600);

/// Peers that are known to store nothing.
const MAX_IDLE: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Known {
    peer: PeerId,
    since: Time,
    gone: Option<Time>,
}

#[derive(Debug)]
pub(super) struct View {
    own: PeerId,
    /// Since when this peer is a member.
    member_since: Option<Time>,
    known: Vec<Known>,
    /// This peer is alone in the ring, and others are about to join it.
    awaits_others: bool,
    /// Peers that have said that they store nothing, until when that is believed.
    idle: Table<PeerId, Time>,
    /// Those that were asked, until when they are not asked again.
    probed: Table<PeerId, Time>,
}

impl View {
    pub(super) fn new(own: PeerId) -> Self {
        Self {
            own,
            member_since: None,
            known: Vec::new(),
            awaits_others: false,
            idle: Table::new(),
            probed: Table::new(),
        }
    }

    /// Takes what the router knows.
    pub(super) fn update(&mut self, now: Time, near: &dyn KeyBased) {
        self.awaits_others = near.awaits_others();
        let Some(near) = near.neighbourhood() else {
            self.member_since = None;
            self.known.clear();
            return;
        };
        self.member_since.get_or_insert(now);
        let mut present: Vec<PeerId> = near.before;
        present.extend(near.after);
        present.sort_unstable();
        present.dedup();
        present.retain(|peer| *peer != self.own);
        for known in &mut self.known {
            match present.binary_search(&known.peer) {
                Ok(index) => {
                    present.remove(index);
                    known.gone = None;
                }
                Err(_) => {
                    known.gone.get_or_insert(now);
                }
            }
        }
        self.known
            .retain(|it| it.gone.is_none_or(|gone| now.since(gone) < DELAY));
        self.known.extend(present.iter().map(|peer| Known {
            peer: *peer,
            since: now,
            gone: None,
        }));
    }

    /// A peer says that it stores nothing. Returns whether that is news.
    pub(super) fn note_idle(&mut self, now: Time, peer: PeerId) -> bool {
        self.idle.retain(|_, until| now < *until);
        if self.idle.len() >= MAX_IDLE {
            return false;
        }
        self.idle.insert(peer, now + IDLE).is_none()
    }

    /// A peer is to be asked whether it stores. Returns whether it was not asked before.
    pub(super) fn note_probed(&mut self, now: Time, peer: PeerId) -> bool {
        self.probed.retain(|_, until| now < *until);
        let is_new = self.probed.len() < MAX_IDLE && !self.probed.contains_key(&peer);
        if is_new {
            self.probed.insert(peer, now + IDLE);
        }
        is_new
    }

    /// Whether a peer is one of those who store, as far as is known.
    fn stores(&self, peer: &PeerId) -> bool {
        !self.idle.contains_key(peer)
    }

    pub(super) fn is_member(&self) -> bool {
        self.member_since.is_some()
    }

    /// Whether this peer can tell who the replicas of its keys are.
    pub(super) fn is_settled(&self) -> bool {
        self.is_member() && !self.awaits_others
    }

    /// Whether this peer has been a member for long enough to count.
    pub(super) fn is_mature(&self, now: Time) -> bool {
        self.member_since
            .is_some_and(|since| now.since(since) >= DELAY)
    }

    /// The `count` peers whose votes count for a key, this one perhaps among them.
    pub(super) fn voters(&self, now: Time, key: &PeerId, count: usize) -> Vec<PeerId> {
        // In its first minute a peer can't tell who is new, and takes all for old.
        let is_new = !self.is_mature(now);
        let counts = |it: &&Known| {
            (is_new || now.since(it.since) >= DELAY)
                && it.gone.is_none_or(|gone| now.since(gone) < DELAY)
        };
        let known = self.known.iter().filter(counts).map(|it| it.peer);
        self.nearest(key, count, known.chain([self.own]))
    }

    /// The `count` peers that should have the record of a key: those who are there.
    pub(super) fn holders(&self, key: &PeerId, count: usize) -> Vec<PeerId> {
        let present = self.known.iter().filter(|it| it.gone.is_none());
        self.nearest(key, count, present.map(|it| it.peer).chain([self.own]))
    }

    /// The peer that stores and comes after this one.
    pub(super) fn successor(&self) -> Option<PeerId> {
        let present = self.known.iter().filter(|it| it.gone.is_none());
        let storing = present.map(|it| it.peer).filter(|peer| self.stores(peer));
        storing.min_by_key(|it| clockwise(&self.own, it))
    }

    /// The peer that stores and comes before this one: what lies between is this one's.
    pub(super) fn predecessor(&self) -> Option<PeerId> {
        let present = self.known.iter().filter(|it| it.gone.is_none());
        let storing = present.map(|it| it.peer).filter(|peer| self.stores(peer));
        storing.min_by_key(|it| clockwise(it, &self.own))
    }

    fn nearest(
        &self,
        key: &PeerId,
        count: usize,
        peers: impl Iterator<Item = PeerId>,
    ) -> Vec<PeerId> {
        let mut peers: Vec<PeerId> = peers.filter(|peer| self.stores(peer)).collect();
        sort_behind(key, &mut peers);
        peers.truncate(count);
        peers
    }
}
