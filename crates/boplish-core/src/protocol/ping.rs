//! ping-protocol: the report's example (section 4.1.2).
//!
//! A pong repeats the `id` and the `date` of the ping, so that the pinger can tell which one it
//! answers; one from an application of the report may carry neither, and answers the oldest ping.

use core::time::Duration;

use boplish_wire::{Message, MessageId, ObjectWriter, Payload, PeerId};

use super::{object, payload};
use crate::time::Time;

/// The protocol's name.
pub(crate) const NAME: &str = "ping-protocol";

/// A ping is answered within this time, or not at all.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Pings that wait for their pong; the oldest is given up when there is one more.
const MAX_WAITING: usize = 1024;

/// Pings that wait for their pong, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Ping {
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    id: MessageId,
    peer: PeerId,
    sent: Time,
}

/// What a delivered message calls for.
#[derive(Debug)]
pub(crate) enum PingOutput {
    /// Say this to the sender.
    Answer(Payload),
    /// The sender has answered a ping.
    Pong { round_trip: Duration },
    /// Nothing.
    Nothing,
}

impl Ping {
    /// The payload of a ping that is sent now as message `id`.
    pub(crate) fn ping(&mut self, now: Time, id: MessageId, peer: PeerId) -> Payload {
        if self.waiting.len() == MAX_WAITING {
            self.waiting.remove(0);
        }
        let sent = now;
        self.waiting.push(Waiting { id, peer, sent });
        payload(ObjectWriter::of_type("ping").string("id", &id.0.to_string()))
    }

    /// Takes a message of the protocol.
    pub(crate) fn handle(&mut self, now: Time, message: &Message) -> PingOutput {
        let Some(fields) = object(&message.payload) else {
            return PingOutput::Nothing;
        };
        match fields.string("type").as_deref() {
            Some("ping") => {
                let mut pong = ObjectWriter::of_type("pong");
                for name in ["id", "date"] {
                    if let Some(value) = fields.get(name) {
                        pong.raw(name, value);
                    }
                }
                PingOutput::Answer(payload(&mut pong))
            }
            Some("pong") => {
                let id = fields.string("id").and_then(|id| id.parse().ok());
                self.handle_pong(now, message.from, id)
            }
            Some(_) | None => PingOutput::Nothing,
        }
    }

    fn handle_pong(&mut self, now: Time, from: PeerId, id: Option<u64>) -> PingOutput {
        let answered =
            |ping: &Waiting| ping.peer == from && id.is_none_or(|id| ping.id == MessageId(id));
        let index = self.waiting.iter().position(answered);
        match index.map(|index| self.waiting.remove(index)) {
            Some(ping) => PingOutput::Pong {
                round_trip: now.since(ping.sent),
            },
            None => PingOutput::Nothing,
        }
    }

    /// A ping that will not be answered any more: its time is up.
    pub(crate) fn take_expired(&mut self, now: Time) -> Option<MessageId> {
        let oldest = self.waiting.first()?;
        if oldest.sent + TIMEOUT > now {
            return None;
        }
        Some(self.waiting.remove(0).id)
    }

    /// A ping could not be sent.
    pub(crate) fn forget(&mut self, id: MessageId) -> bool {
        let index = self.waiting.iter().position(|ping| ping.id == id);
        index.map(|index| self.waiting.remove(index)).is_some()
    }

    /// When the next ping is given up.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.waiting.first().map(|ping| ping.sent + TIMEOUT)
    }
}
