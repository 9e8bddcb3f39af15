//! Links that services need for a while, such as for a transfer: they come on top of the budget.

use boplish_wire::PeerId;

use super::Chord;
use super::long_links::Want;
use crate::time::Time;

/// Links that are held at one time; there is no room for further ones.
const MAX_HELD: usize = 32;

impl Chord {
    pub(super) fn hold_link(&mut self, now: Time, peer: PeerId, holds: bool) {
        if !holds {
            if self.held.remove(&peer).is_some() {
                self.prune(now);
            }
            return;
        }
        if self.held.len() >= MAX_HELD && !self.held.contains_key(&peer) {
            return;
        }
        self.held.insert(peer, ());
        self.avoided.remove(&peer);
        self.want(now, peer, Want::Held);
    }

    pub(super) fn is_held(&self, peer: &PeerId) -> bool {
        self.held.contains_key(peer)
    }

    /// The links that count: those that are held do not.
    pub(super) fn count_links(&self) -> usize {
        let linked = |peer: &&PeerId| self.neighbours.get(peer).is_some();
        self.neighbours.len() - self.held.keys().filter(linked).count()
    }
}
