//! Groups of any size (`service/group`).

use boplish_wire::group::PROTOCOL;
use boplish_wire::{Message, MessageId, Payload, PeerId};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Node, Phase, SendError};
use crate::io::Event;
use crate::protocol;
use crate::service::group::{Around, GroupAccess, GroupOutput, PublishError, Trees};
use crate::time::Time;

/// Why something can't be said to a member of a group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendToMemberError {
    /// As for all members.
    #[error(transparent)]
    Group(#[from] PublishError),
    /// As for any message.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Node {
    /// Lets this peer join groups, and pass on for those of others: before [`Node::open`].
    pub fn enable_groups(&mut self) {
        let rng = Xoshiro256PlusPlus::from_rng(&mut self.rng);
        self.groups.set(Box::new(Trees::new(self.id(), rng)));
        // Whoever joins is taken in by the first on its way.
        self.router.watch(&protocol::name(PROTOCOL));
    }

    /// Joins a group, and wants its last `history` posts (64 at most), as far as they are still
    /// there: [`GroupEvent`](crate::GroupEvent)s follow. Without effect if this peer is in it.
    ///
    /// # Errors
    ///
    /// [`PublishError::Closed`].
    pub fn join_group(
        &mut self,
        now: Time,
        access: &GroupAccess,
        history: u32,
    ) -> Result<(), PublishError> {
        let groups = self.groups.get_mut().filter(|_| self.phase == Phase::Open);
        let groups = groups.ok_or(PublishError::Closed)?;
        groups.join(now, access, history, &*self.router);
        self.drain(now);
        Ok(())
    }

    /// Says something to all others of a group: each hears it once, and what one member says in
    /// the order in which it was said.
    ///
    /// # Errors
    ///
    /// See [`PublishError`]; nothing was sent then.
    pub fn publish_to_group(
        &mut self,
        now: Time,
        group: PeerId,
        payload: &Payload,
    ) -> Result<(), PublishError> {
        let groups = self.groups.get_mut().filter(|_| self.phase == Phase::Open);
        let groups = groups.ok_or(PublishError::Closed)?;
        let around = Around {
            near: &*self.router,
            links: &self.links,
        };
        groups.publish(now, &self.keypair, group, payload, around)?;
        self.drain(now);
        Ok(())
    }

    /// Says something to one member of a group alone; `Delivered` or `Undelivered` follows. Who is
    /// not in the group drops it.
    ///
    /// # Errors
    ///
    /// See [`SendToMemberError`]; nothing was sent then.
    pub fn send_to_member(
        &mut self,
        now: Time,
        group: PeerId,
        to: PeerId,
        payload: &Payload,
    ) -> Result<MessageId, SendToMemberError> {
        let groups = self.groups.get_mut().filter(|_| self.phase == Phase::Open);
        let groups = groups.ok_or(PublishError::Closed)?;
        let bytes = groups.direct(&self.keypair, group, to, payload)?;
        let payload = Payload::bytes(bytes).map_err(|_| PublishError::TooLong(payload.len()))?;
        Ok(self.send_for_ack(now, to, protocol::name(PROTOCOL), payload)?)
    }

    /// Is no member of a group any more.
    pub fn leave_group(&mut self, now: Time, group: PeerId) {
        if let Some(groups) = self.groups.get_mut() {
            groups.leave(now, group);
        }
        self.drain(now);
    }

    pub(super) fn close_groups(&mut self) {
        if let Some(groups) = self.groups.get_mut() {
            groups.close();
        }
    }

    pub(super) fn update_groups(&mut self, now: Time) {
        if let Some(groups) = self.groups.get_mut() {
            groups.handle_update(now, &*self.router);
        }
    }

    pub(super) fn handle_groups_message(&mut self, now: Time, message: &Message) {
        if let Payload::Bytes(bytes) = &message.payload
            && let Some(groups) = self.groups.get_mut()
        {
            let around = Around {
                near: &*self.router,
                links: &self.links,
            };
            groups.handle_message(now, message.from, bytes, around);
        }
    }

    /// Whether a message to the owner of a key goes on; `None` if it is not about a group.
    pub(super) fn passes_groups(&mut self, now: Time, message: &Message) -> Option<bool> {
        let groups = self.groups.get_mut()?;
        match &message.payload {
            Payload::Bytes(bytes) if message.protocol.as_str() == PROTOCOL => {
                Some(groups.handle_passing(now, message.from, bytes, &*self.router))
            }
            Payload::Bytes(_) | Payload::Json(_) => None,
        }
    }

    pub(super) fn handle_groups_output(&mut self, now: Time, output: GroupOutput) {
        match output {
            GroupOutput::Say { to, payload } => self.say(now, PROTOCOL, to, payload, false),
            GroupOutput::SayToOwner { key, payload } => {
                self.say(now, PROTOCOL, key, payload, true);
            }
            GroupOutput::Event { group, event } => self.event(Event::Group { group, event }),
        }
    }
}
