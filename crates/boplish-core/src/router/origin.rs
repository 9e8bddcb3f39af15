//! Whether a message is from whom it says.
//!
//! Over a link from its writer, DTLS and the signed handshake have shown it. Over others, the
//! bootstrap server included, it needs a proof of its own. Signals carry theirs inside.

use boplish_wire::limits::MAX_HOPS;
use boplish_wire::{Kind, Message, MessageId, Payload, PeerId, ring, signal};

use super::Via;
use crate::io::Refusal;
use crate::link::replay::Seen;

/// Messages over others that are remembered, so that none is taken twice.
const MAX_SEEN: usize = 4096;

/// Checks the writers of messages.
#[derive(Debug)]
pub(crate) struct Origins {
    own: PeerId,
    seen: Seen<(PeerId, MessageId)>,
}

impl Origins {
    pub(crate) fn new(own: PeerId) -> Self {
        Self {
            own,
            seen: Seen::new(MAX_SEEN),
        }
    }

    /// Checks a message that came in; those for others only pass through, and are checked where
    /// they are going.
    pub(crate) fn check(&mut self, via: Via, message: &Message) -> Result<(), Refusal> {
        if message.hops > MAX_HOPS {
            return Err(Refusal::TooManyHops);
        }
        if message.from == self.own {
            return Err(Refusal::UnprovenMessage);
        }
        let is_for_other = message.to.is_some_and(|to| to != self.own);
        if via == Via::Link(message.from) {
            return Ok(());
        }
        match (via, message.to) {
            // Only the bootstrap server picks receivers.
            (Via::Link(_), None) => return Err(Refusal::UnprovenMessage),
            (Via::Signaling, _) if is_for_other => return Err(Refusal::UnprovenMessage),
            (Via::Link(_) | Via::Signaling, _) => {}
        }
        if is_for_other {
            return Ok(());
        }
        self.check_arrived(message)
    }

    /// Checks a message that has come over others to where it is going: to this peer, or to the
    /// owner of a key.
    pub(crate) fn check_arrived(&mut self, message: &Message) -> Result<(), Refusal> {
        if !needs_proof(message) {
            return Ok(());
        }
        if !message.is_proven() {
            return Err(Refusal::UnprovenMessage);
        }
        if !self.seen.insert((message.from, message.id)) {
            return Err(Refusal::ReplayedMessage);
        }
        Ok(())
    }
}

/// Whether a message must be proven where it does not come over a link from its writer. Signals
/// carry their own proof, and questions for the owner of a key change nothing.
pub(crate) fn needs_proof(message: &Message) -> bool {
    match message.kind {
        Kind::Unreachable { .. } => true,
        Kind::Plain | Kind::Request | Kind::Reply { .. } | Kind::Ack { .. } => {
            match (message.protocol.as_str(), &message.payload) {
                (signal::PROTOCOL, _) => false,
                (ring::PROTOCOL, Payload::Bytes(bytes)) => ring::needs_proof(bytes),
                _ => true,
            }
        }
    }
}
