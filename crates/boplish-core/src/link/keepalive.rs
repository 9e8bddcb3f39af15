//! Signs of life. Links get their keepalives together, so that a peer with many links wakes up
//! once for all of them, and encodes one frame.

use boplish_wire::{Frame, Keepalive, PeerId};

use super::drive::NEVER;
use super::{LinkOutput, Links, link_of};
use crate::io::ConnectionCommand;
use crate::time::Time;

impl Links {
    /// Whether nobody looks at the page.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The page was hidden or shown.
    pub(crate) fn set_hidden(&mut self, now: Time, hidden: bool) {
        self.earliest.set(None);
        self.hidden = hidden;
        for link in self.open.values_mut() {
            link.liveness.set_hidden(hidden);
        }
        self.send_keepalives(now, !hidden);
    }

    /// The machine's addresses have changed.
    pub(crate) fn handle_network_change(&mut self, now: Time) {
        self.earliest.set(None);
        for link in self.open.values_mut() {
            link.liveness.network_changed(now);
        }
        self.send_keepalives(now, true);
    }

    /// Sets the code of the network that neighbours must belong to.
    pub(crate) fn set_network(&mut self, code: u32) {
        self.network = code;
    }

    /// Sets what hellos and announcements say for the router.
    pub(crate) fn set_routing(&mut self, routing: Vec<u8>) {
        self.routing = routing;
    }

    /// Sends a keepalive to every linked peer now, since what the router says has changed.
    pub(crate) fn announce(&mut self, now: Time) {
        let routing = self.routing.clone();
        self.send_keepalives_due_by(now, NEVER, false, routing);
    }

    /// Sends what is due, and what will be soon.
    pub(super) fn send_due_keepalives(&mut self, now: Time) {
        let mut links = self.open.values();
        if links.any(|link| link.liveness.next_keepalive <= now) {
            let soon = now + self.config.keepalive_interval / 4;
            self.send_keepalives_due_by(now, soon, false, Vec::new());
        }
    }

    fn send_keepalives(&mut self, now: Time, echo: bool) {
        self.send_keepalives_due_by(now, NEVER, echo, Vec::new());
    }

    fn send_keepalives_due_by(&mut self, now: Time, due: Time, echo: bool, routing: Vec<u8>) {
        if self.open.is_empty() {
            return;
        }
        self.earliest.set(None);
        let frame = self.keepalive(echo, routing);
        for link in self.open.values_mut() {
            if link.liveness.next_keepalive <= due {
                link.liveness.next_keepalive = now + self.config.keepalive_interval;
                let command = ConnectionCommand::Send(frame.clone());
                self.outputs
                    .push_back(LinkOutput::Command(link.connection, command));
            }
        }
    }

    /// Sends a keepalive to one peer.
    pub(super) fn send_keepalive(&mut self, now: Time, peer: PeerId, echo: bool) {
        let frame = self.keepalive(echo, Vec::new());
        self.send_keepalive_frame(now, peer, frame);
    }

    /// Sends a peer's router something now, in a keepalive.
    pub(crate) fn send_routing(&mut self, now: Time, peer: PeerId, routing: Vec<u8>) {
        let frame = self.keepalive(false, routing);
        self.send_keepalive_frame(now, peer, frame);
    }

    /// Asks a peer for a sign of life.
    pub(crate) fn probe(&mut self, now: Time, peer: PeerId) {
        self.send_keepalive(now, peer, true);
    }

    /// Acknowledges a hop.
    pub(crate) fn send_hop_ack(&mut self, peer: PeerId, number: u32) {
        if let Some(link) = self.open.get(&peer) {
            let frame = Frame::HopAck(number).encode();
            self.command(link.connection, ConnectionCommand::Send(frame));
        }
    }

    fn send_keepalive_frame(&mut self, now: Time, peer: PeerId, frame: Vec<u8>) {
        if let Some(link) = link_of(&mut self.open, peer) {
            link.liveness.next_keepalive = now + self.config.keepalive_interval;
            let connection = link.connection;
            self.command(connection, ConnectionCommand::Send(frame));
        }
    }

    fn keepalive(&self, echo: bool, routing: Vec<u8>) -> Vec<u8> {
        let keepalive = Keepalive {
            hidden: self.hidden,
            echo,
            routing,
        };
        Frame::Keepalive(keepalive).encode()
    }
}
