//! Whether links take more.

use boplish_wire::PeerId;

use super::Links;

impl Links {
    /// Whether another message of that many bytes may be sent to a peer; always, if it has no
    /// link.
    pub(crate) fn has_room(&self, peer: PeerId, bytes: usize) -> bool {
        let link = self.open.get(&peer);
        link.is_none_or(|link| link.queue.has_room(bytes, self.config.max_queued))
    }

    /// Whether a frame for this peer would go to its data channel at once.
    pub(crate) fn takes_more(&self, peer: &PeerId) -> bool {
        let link = self.open.get(peer);
        link.is_some_and(|link| link.queue.takes_more())
    }

    /// Whether there is a link to a peer.
    pub(crate) fn is_linked(&self, peer: &PeerId) -> bool {
        self.open.contains_key(peer)
    }
}
