//! This peer's place in the ring: predecessor, successor list, and the operations of Chord as
//! Zave has corrected them ("Reasoning about identifier spaces: how to make Chord correct",
//! 2017). Pure: what a peer says is only taken when it has just said so itself, so it lives.

use boplish_wire::PeerId;
use boplish_wire::ring::{Place, RingState};

use super::space::{is_between, is_within, position};

/// A place in the ring.
#[derive(Debug)]
pub(super) struct Ring {
    own: PeerId,
    /// How long the lists are at most.
    depth: usize,
    /// Whether others may have this peer as successor.
    pub(super) member: bool,
    /// The nearest first; the first is the predecessor.
    predecessors: Vec<Place>,
    /// The successor list, the nearest first.
    successors: Vec<Place>,
}

impl Ring {
    pub(super) fn new(own: PeerId, depth: usize) -> Self {
        Self {
            own,
            depth,
            member: false,
            predecessors: Vec::new(),
            successors: Vec::new(),
        }
    }

    /// Is a member between these, the nearest first.
    #[cfg(feature = "simulator")]
    pub(super) fn adopt(&mut self, predecessors: Vec<Place>, successors: Vec<Place>) {
        self.member = true;
        self.predecessors = predecessors;
        self.successors = successors;
    }

    pub(super) fn predecessor(&self) -> Option<PeerId> {
        self.predecessors.first().map(|place| place.peer)
    }

    pub(super) fn successor(&self) -> Option<PeerId> {
        self.successors.first().map(|place| place.peer)
    }

    pub(super) fn predecessors(&self) -> &[Place] {
        &self.predecessors
    }

    pub(super) fn successors(&self) -> &[Place] {
        &self.successors
    }

    /// Whether a key belongs to this peer: it is after the predecessor and not after this peer.
    pub(super) fn owns(&self, key: &PeerId) -> bool {
        self.member
            && match self.predecessor() {
                Some(predecessor) => is_within(&predecessor, key, &self.own),
                None => self.successors.is_empty() || *key == self.own,
            }
    }

    /// Whether a peer is in one of the lists.
    pub(super) fn lists(&self, peer: &PeerId) -> bool {
        let mut all = self.successors.iter().chain(&self.predecessors);
        all.any(|place| place.peer == *peer)
    }

    /// Whether a peer would be a nearer successor than the one that is.
    pub(super) fn is_nearer_successor(&self, peer: &PeerId) -> bool {
        match self.successor() {
            Some(successor) => is_between(&self.own, peer, &successor),
            None => *peer != self.own,
        }
    }

    /// Whether a peer would be a nearer predecessor than the one that is.
    pub(super) fn is_nearer_predecessor(&self, peer: &PeerId) -> bool {
        match self.predecessor() {
            Some(predecessor) => is_between(&predecessor, peer, &self.own),
            None => *peer != self.own,
        }
    }

    /// Whether a peer is, or would be, among the `count` nearest on either side.
    pub(super) fn is_near(&self, peer: &PeerId, count: usize) -> bool {
        let successor = self.successors.get(count - 1);
        let predecessor = self.predecessors.get(count - 1);
        successor.is_none_or(|last| is_within(&self.own, peer, &last.peer))
            || predecessor
                .is_none_or(|last| last.peer == *peer || is_between(&last.peer, peer, &self.own))
    }

    /// Rectify: a peer that takes this one for its successor is the predecessor if it is nearer
    /// than the one that is.
    pub(super) fn rectify(&mut self, from: Place) -> bool {
        let nearer = self.is_nearer_predecessor(&from.peer);
        if nearer {
            self.predecessors.insert(0, from);
            self.predecessors.truncate(self.depth);
        }
        nearer
    }

    /// Stabilize: a member has told its own place. If it is the successor or a nearer one, the
    /// successor list is it and then its list; if it is the predecessor, the same the other way
    /// around. Returns whether anything has changed.
    pub(super) fn stabilize(&mut self, from: Place, state: &RingState) -> bool {
        let mut changed = false;
        if self.successor() == Some(from.peer) || self.is_nearer_successor(&from.peer) {
            let list = self.list(from, &state.successors, is_between);
            changed |= !is_same(&list, &self.successors);
            self.successors = list;
        }
        if self.predecessor() == Some(from.peer) {
            let backwards =
                |after: &PeerId, id: &PeerId, before: &PeerId| is_between(before, id, after);
            let list = self.list(from, &state.predecessors, backwards);
            changed |= !is_same(&list, &self.predecessors);
            self.predecessors = list;
        }
        changed
    }

    /// Of the predecessors of a peer behind this one, as that peer tells them, those that stand
    /// between the two; the nearest to this peer last.
    pub(super) fn between<'a>(&self, peer: &PeerId, state: &'a RingState) -> &'a [Place] {
        let mut last = *peer;
        let follows = |place: &&Place| {
            let before = core::mem::replace(&mut last, place.peer);
            is_between(&self.own, &place.peer, &before)
        };
        let count = state.predecessors.iter().take_while(follows).count();
        state.predecessors.get(..count).unwrap_or_default()
    }

    /// Whether the predecessors of the successor, if they begin with this peer, go on with this
    /// peer's.
    pub(super) fn is_continued_by(&self, successor: &PeerId, state: &RingState) -> bool {
        let Some((first, rest)) = state.predecessors.split_first() else {
            return true;
        };
        let own = self.predecessors.iter().map(|place| place.peer);
        let own = own.take_while(|it| it != successor).take(self.depth - 1);
        first.peer != self.own || own.eq(rest.iter().map(|place| place.peer))
    }

    /// A list that begins with `first` and goes on with those of `rest` as long as each is
    /// between the one before it and this peer.
    fn list(
        &self,
        first: Place,
        rest: &[Place],
        is_between: fn(&PeerId, &PeerId, &PeerId) -> bool,
    ) -> Vec<Place> {
        let mut list = Vec::with_capacity(self.depth.min(rest.len() + 1));
        list.push(first);
        let mut last = first.peer;
        for place in rest {
            if list.len() == self.depth || !is_between(&last, &place.peer, &self.own) {
                break;
            }
            last = place.peer;
            list.push(*place);
        }
        list
    }

    /// A peer is gone. Returns whether it was in a list.
    pub(super) fn remove(&mut self, peer: &PeerId) -> bool {
        let before = self.predecessors.len() + self.successors.len();
        self.predecessors.retain(|place| place.peer != *peer);
        self.successors.retain(|place| place.peer != *peer);
        before != self.predecessors.len() + self.successors.len()
    }

    /// A peer may be gone: the next before it is the predecessor until it is heard again.
    pub(super) fn remove_predecessor(&mut self, peer: &PeerId) {
        self.predecessors.retain(|place| place.peer != *peer);
    }

    /// Gives up the place, to join anew.
    pub(super) fn clear(&mut self) {
        self.member = false;
        self.predecessors.clear();
        self.successors.clear();
    }

    /// How far it is from the predecessor, in positions; 0 without one.
    pub(super) fn gap(&self) -> u32 {
        let own = position(&self.own);
        self.predecessor()
            .map_or(0, |it| own.wrapping_sub(position(&it)).max(1))
    }

    /// About how many peers the ring has: from how much of it the lists cover.
    pub(super) fn estimated_size(&self) -> u32 {
        let first = self.predecessors.last().map_or(self.own, |it| it.peer);
        let last = self.successors.last().map_or(self.own, |it| it.peer);
        let count = (self.predecessors.len() + self.successors.len()) as u32;
        // Lists that overlap have seen everybody.
        let all = |place: &Place| self.successors.iter().any(|it| it.peer == place.peer);
        if count == 0 || self.predecessors.iter().any(all) {
            let distinct = self.predecessors.iter().filter(|it| !all(it)).count();
            return (self.successors.len() + distinct) as u32 + 1;
        }
        let covered = position(&last).wrapping_sub(position(&first));
        let per_peer = (covered / count).max(1);
        (u32::MAX / per_peer).max(count + 1)
    }

    /// What others are told.
    pub(super) fn state(&self, leaving: bool) -> RingState {
        RingState {
            member: self.member,
            leaving,
            predecessors: self.predecessors.clone(),
            successors: self.successors.clone(),
        }
    }
}

/// Whether two lists name the same peers.
fn is_same(one: &[Place], other: &[Place]) -> bool {
    let peers = |list: &[Place]| list.iter().map(|place| place.peer).collect::<Vec<_>>();
    one.len() == other.len() && peers(one) == peers(other)
}

#[cfg(test)]
mod tests;
