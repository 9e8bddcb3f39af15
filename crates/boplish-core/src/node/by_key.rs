//! Key-based routing for applications (`kbr`).

use boplish_wire::{Kind, MessageId, Payload, PeerId, ProtocolName};

use super::error::refuse_reserved;
use super::{Node, Phase, SendError};
use crate::router::{NeighbourView, RingView};
use crate::time::Time;

impl Node {
    /// This peer's place in the ring; `None` in a mesh.
    pub fn ring(&self) -> Option<RingView> {
        self.router.ring()
    }

    /// The links, in the order of the peers' ids.
    pub fn neighbours(&self) -> Vec<NeighbourView> {
        self.router.neighbours()
    }

    /// Finds the owner of a key, the first peer at or after it clockwise;
    /// [`Event::Found`](crate::Event::Found) or `Undelivered` follows.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] if the node is closed.
    pub fn lookup(&mut self, now: Time, key: PeerId) -> Result<MessageId, SendError> {
        if self.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        let id = self.new_message_id();
        self.router.lookup(now, id, key);
        self.drain(now);
        Ok(id)
    }

    /// Sends a message to the owner of a key, the first peer at or after it clockwise, where it is
    /// an [`Event::KeyMessage`](crate::Event::KeyMessage). `Delivered` or `Undelivered` follows
    /// as for [`Node::send`].
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn route(
        &mut self,
        now: Time,
        key: PeerId,
        protocol: ProtocolName,
        payload: Payload,
    ) -> Result<MessageId, SendError> {
        refuse_reserved(&protocol)?;
        self.refuse_unroutable(key)?;
        let mut message = self.compose(Some(key), protocol, Kind::Plain, payload);
        message.wants_ack = true;
        message.way.by_key = true;
        let id = message.id;
        self.delivery.await_ack_of_owner(now, id);
        self.dispatch(now, message);
        self.drain(now);
        Ok(id)
    }

    /// Shows messages for keys of this protocol that come by, as
    /// [`Event::Forward`](crate::Event::Forward), before they are sent on.
    ///
    /// # Errors
    ///
    /// [`SendError::ReservedProtocol`] for those of the core.
    pub fn watch(&mut self, protocol: &ProtocolName) -> Result<(), SendError> {
        refuse_reserved(protocol)?;
        if !self.watched.contains(protocol) {
            self.watched.push(protocol.clone());
        }
        self.router.watch(protocol);
        Ok(())
    }

    /// Lets a message go on that was shown as [`Event::Forward`](crate::Event::Forward), or stops
    /// it here. Without effect if it has gone on already.
    pub fn go_on(&mut self, now: Time, number: u32, goes_on: bool) {
        self.router.go_on(now, number, goes_on);
        self.drain(now);
    }

    /// Up to `count` next hops to the owner of a key, the best first; the own id if this peer is
    /// the owner.
    pub fn local_lookup(&self, key: &PeerId, count: usize) -> Vec<PeerId> {
        self.router.local_lookup(key, count)
    }

    /// Up to `count` peers around this one on the ring, the nearest first, from both sides in
    /// turn. Empty while this peer is no member.
    pub fn neighbour_set(&self, count: usize) -> Vec<PeerId> {
        self.router.neighbour_set(count)
    }

    /// The owner of a key and those after it, up to rank `max_rank` (the owner has rank 0).
    /// Empty if the key lies beyond the neighbourhood, shorter if that ends before.
    pub fn replica_set(&self, key: &PeerId, max_rank: usize) -> Vec<PeerId> {
        self.router.replica_set(key, max_rank)
    }

    /// The keys for which a peer has rank `rank`, after the first id and up to the second; all
    /// keys, if these are the same. `None` if the neighbourhood does not tell.
    pub fn range(&self, peer: &PeerId, rank: usize) -> Option<(PeerId, PeerId)> {
        self.router.range(peer, rank)
    }

    fn refuse_unroutable(&self, key: PeerId) -> Result<(), SendError> {
        if self.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        match self.delivery.has_room() {
            true => Ok(()),
            false => Err(SendError::Congested(key)),
        }
    }
}
