//! Messages of the application that are on their way: acknowledgements, replies, time-outs.

use core::time::Duration;

use boplish_wire::{Message, MessageId, PeerId, ProtocolName};

use crate::config::DeliveryConfig;
use crate::io::DeliveryError;
use crate::table::{Set, Table};
use crate::time::Time;

/// Requests of others that wait for a reply; the oldest can't be replied to any more when there
/// is one more.
const MAX_REQUESTS: usize = 1024;

/// How often a message is sent on another way when the first leads nowhere.
pub(crate) const MAX_REROUTES: u32 = 2;

/// Messages on their way.
#[derive(Debug)]
pub(crate) struct Delivery {
    config: DeliveryConfig,
    pending: Table<MessageId, Pending>,
    deadlines: Set<(Time, MessageId)>,
    requests: Vec<(PeerId, MessageId, ProtocolName)>,
}

#[derive(Debug)]
struct Pending {
    /// Who has to answer; `None` for anyone, as the owner of a key.
    to: Option<PeerId>,
    awaits: Awaits,
    deadline: Time,
    /// The message, if it goes over others and may have to take another way.
    retained: Option<Message>,
    reroutes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Ack,
    Reply,
}

impl Delivery {
    pub(crate) fn new(config: DeliveryConfig) -> Self {
        Self {
            config,
            pending: Table::new(),
            deadlines: Set::new(),
            requests: Vec::new(),
        }
    }

    /// Whether another message may be sent.
    pub(crate) fn has_room(&self) -> bool {
        self.pending.len() < self.config.max_unacknowledged
    }

    /// A message was sent that is to be acknowledged.
    pub(crate) fn await_ack(&mut self, now: Time, id: MessageId, to: PeerId) {
        let deadline = now + self.config.ack_timeout;
        self.insert(id, Some(to), Awaits::Ack, deadline);
    }

    /// The same for a message to the owner of a key, whoever that is.
    pub(crate) fn await_ack_of_owner(&mut self, now: Time, id: MessageId) {
        let deadline = now + self.config.ack_timeout;
        self.insert(id, None, Awaits::Ack, deadline);
    }

    /// A request was sent.
    pub(crate) fn await_reply(&mut self, now: Time, id: MessageId, to: PeerId, limit: Duration) {
        self.insert(id, Some(to), Awaits::Reply, now + limit);
    }

    /// A message goes over others: it is kept, in case that leads nowhere.
    pub(crate) fn retain(&mut self, message: &Message) {
        if let Some(pending) = self.pending.get_mut(&message.id) {
            pending.retained = Some(message.clone());
        }
    }

    /// The peer acknowledges. Returns whether that was waited for.
    pub(crate) fn handle_ack(&mut self, from: PeerId, of: MessageId) -> bool {
        self.settle(from, of, Awaits::Ack)
    }

    /// The peer replies. Returns whether that was waited for.
    pub(crate) fn handle_reply(&mut self, from: PeerId, of: MessageId) -> bool {
        self.settle(from, of, Awaits::Reply)
    }

    /// A message could not be carried on. Returns it if it may take another way, or else whether
    /// it was waited for.
    pub(crate) fn handle_unreachable(&mut self, of: MessageId) -> Result<Message, bool> {
        let Some(pending) = self.pending.get_mut(&of) else {
            return Err(false);
        };
        pending.reroutes += 1;
        if pending.reroutes <= MAX_REROUTES
            && let Some(message) = pending.retained.take()
        {
            return Ok(message);
        }
        self.remove(of);
        Err(true)
    }

    /// A message whose time is up.
    pub(crate) fn take_expired(&mut self, now: Time) -> Option<(MessageId, DeliveryError)> {
        let (deadline, id) = *self.deadlines.first()?.0;
        if deadline > now {
            return None;
        }
        let awaits = self.remove(id).map(|pending| pending.awaits);
        Some((
            id,
            match awaits {
                Some(Awaits::Reply) => DeliveryError::NoReply,
                Some(Awaits::Ack) | None => DeliveryError::TimedOut,
            },
        ))
    }

    /// Everything that waits, as the node closes.
    pub(crate) fn take_all(&mut self) -> Vec<MessageId> {
        self.deadlines.clear();
        let pending = core::mem::take(&mut self.pending);
        pending.into_iter().map(|(id, _)| id).collect()
    }

    /// A request of another that the application may reply to.
    pub(crate) fn handle_request(&mut self, from: PeerId, id: MessageId, protocol: ProtocolName) {
        if self.requests.len() == MAX_REQUESTS {
            self.requests.remove(0);
        }
        self.requests.push((from, id, protocol));
    }

    /// The protocol of a request that is replied to now, if it is known.
    pub(crate) fn take_request(&mut self, from: PeerId, id: MessageId) -> Option<ProtocolName> {
        let is_it = |(peer, request, _): &(PeerId, MessageId, ProtocolName)| {
            *peer == from && *request == id
        };
        let index = self.requests.iter().position(is_it)?;
        Some(self.requests.remove(index).2)
    }

    /// When the next message's time is up.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.deadlines.first().map(|((deadline, _), ())| *deadline)
    }

    fn insert(&mut self, id: MessageId, to: Option<PeerId>, awaits: Awaits, deadline: Time) {
        self.deadlines.insert((deadline, id), ());
        let pending = Pending {
            to,
            awaits,
            deadline,
            retained: None,
            reroutes: 0,
        };
        self.pending.insert(id, pending);
    }

    fn settle(&mut self, from: PeerId, of: MessageId, awaits: Awaits) -> bool {
        let expected =
            |pending: &Pending| pending.to.is_none_or(|to| to == from) && pending.awaits == awaits;
        self.pending.get(&of).is_some_and(expected) && self.remove(of).is_some()
    }

    fn remove(&mut self, id: MessageId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.deadlines.remove(&(pending.deadline, id));
        Some(pending)
    }
}
