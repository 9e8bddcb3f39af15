//! Messages that somebody watches, and the ways that they take.

use boplish_wire::limits::MAX_HOPS;
use boplish_wire::{Kind, Message, PeerId};

use super::Node;
use crate::io::{Direction, Event};

/// The drop-in script shows nobody the ways; it adds to those of others.
const NOTES_WAYS: bool = cfg!(feature = "services");

impl Node {
    /// Turns [`Event::Monitor`] on or off; at first it is off. Meanwhile the ways of own messages
    /// are noted ([`Way::passed`](boplish_wire::Way)), but for those of the router; whoever is asked
    /// by ping, topo or bopcast notes those of its answers, too.
    pub fn set_monitoring(&mut self, on: bool) {
        self.monitoring = on;
    }

    /// Shows a message to the monitor. Acknowledgements and the like are no messages to it.
    pub(super) fn monitor(&mut self, direction: Direction, via: Option<PeerId>, message: &Message) {
        let is_shown = match message.kind {
            Kind::Plain | Kind::Request | Kind::Reply { .. } => true,
            Kind::Ack { .. } | Kind::Unreachable { .. } => false,
        };
        if self.monitoring && is_shown {
            let message = message.clone();
            self.event(Event::Monitor {
                direction,
                via,
                message,
            });
        }
    }

    /// Whether the way of what is sent now is noted.
    pub(super) fn notes_ways(&self) -> bool {
        NOTES_WAYS && (self.monitoring || self.answers_noted)
    }

    /// From here on, what is sent answers a message.
    pub(super) fn begin_to_answer(&mut self, message: &Message) {
        self.answers_noted = NOTES_WAYS && message.way.passed.is_some();
    }

    pub(super) fn end_answering(&mut self) {
        self.answers_noted = false;
    }
}

/// Adds the peer that a message has come from to its way, if that is noted.
pub(super) fn note_way(message: &mut Message, peer: PeerId) {
    if let Some(passed) = &mut message.way.passed
        && passed.len() < MAX_HOPS.into()
    {
        passed.push(peer);
    }
}
