//! What the parts of a node say to each other, until nobody has anything left to say.

use boplish_wire::{Message, PeerId, json, signal};

use super::monitor::note_way;
use super::{Node, Phase};
use crate::io::{DeliveryError, Direction, Event, Output, Refusal, State};
use crate::link::LinkOutput;
use crate::router::origin::needs_proof;
use crate::router::{RouterOutput, Via};
use crate::time::Time;

impl Node {
    /// Drains the parts into one another and into the outputs.
    pub(super) fn drain(&mut self, now: Time) {
        loop {
            if let Some(output) = self.links.poll_output() {
                self.handle_link_output(now, output);
            } else if let Some(output) = self.router.poll_output() {
                self.handle_router_output(now, output);
            } else if let Some(output) = self.store.get_mut().and_then(|it| it.poll_output()) {
                self.handle_store_output(now, output);
            } else if let Some(output) = self.poll_content(now) {
                self.handle_content_output(now, output);
            } else if let Some(output) = self.groups.get_mut().and_then(|it| it.poll_output()) {
                self.handle_groups_output(now, output);
            } else {
                break;
            }
        }
        self.update_state();
        self.drive_joined(now);
    }

    fn handle_link_output(&mut self, now: Time, output: LinkOutput) {
        match output {
            LinkOutput::Command(connection, command) => {
                self.outputs
                    .push_back(Output::Connection(connection, command));
            }
            LinkOutput::Signal { to, payload } => {
                let kind = boplish_wire::Kind::Plain;
                self.originate(now, to, signal::PROTOCOL, kind, payload);
            }
            LinkOutput::Up { peer, routing } => {
                self.alone = false;
                self.router.add_peer(now, peer, &routing);
                self.event(Event::PeerConnected(peer));
            }
            LinkOutput::Down { peer, reason } => {
                self.router.remove_peer(now, peer, reason);
                self.event(Event::PeerDisconnected { peer, reason });
                if self.group.remove(peer) {
                    self.group_changed();
                }
            }
            LinkOutput::Disturbed { peer, disturbed } => {
                self.router.handle_disturbed(now, peer, disturbed);
            }
            LinkOutput::Message { peer, message } => {
                self.handle_message(now, Via::Link(peer), message);
            }
            LinkOutput::Routing { peer, routing } => {
                self.router.handle_routing(now, peer, &routing);
            }
            LinkOutput::HopAck { peer, number } => {
                self.router.handle_hop_ack(now, peer, number);
            }
            LinkOutput::GaveUp { peer } => self.router.handle_gave_up(now, peer),
            LinkOutput::Alone => self.alone = true,
            LinkOutput::Event(event) => self.event(event),
            LinkOutput::Refused { from, reason } => self.refused(from, reason),
        }
    }

    fn handle_router_output(&mut self, now: Time, output: RouterOutput) {
        match output {
            RouterOutput::Send { peer, mut message } => {
                if message.to != Some(peer) {
                    self.prepare_for_others(&mut message);
                }
                if self.links.send(peer, &message).is_err() {
                    self.handle_undeliverable(now, message);
                }
            }
            RouterOutput::SendSignaling(message) if !self.signaling.is_open() => {
                self.handle_undeliverable(now, message);
            }
            RouterOutput::SendSignaling(mut message) => {
                self.prepare_for_others(&mut message);
                let text = json::encode(&message);
                self.outputs.push_back(Output::SendSignaling(text));
            }
            RouterOutput::Deliver { via, message } => {
                // Until now nobody knew whether this peer owns the key.
                let is_stranger = via != Via::Link(message.from) && message.way.by_key;
                match is_stranger.then(|| self.origins.check_arrived(&message)) {
                    Some(Err(reason)) => self.handle_refused(now, via, &message, reason),
                    Some(Ok(())) | None => self.deliver(now, via, message),
                }
            }
            RouterOutput::Forward {
                number,
                next,
                message,
            } => {
                let passes_store = self.passes_store(now, &message);
                if let Some(goes_on) = passes_store.or_else(|| self.passes_groups(now, &message)) {
                    self.router.go_on(now, number, goes_on);
                } else if let Some(key) = message.to {
                    self.event(Event::Forward {
                        number,
                        key,
                        from: message.from,
                        protocol: message.protocol,
                        payload: message.payload,
                        next,
                    });
                }
            }
            RouterOutput::NeighbourhoodChanged => {
                self.update_store(now);
                self.update_groups(now);
                self.event(Event::NeighbourhoodChanged);
            }
            RouterOutput::Forwarded { next, message } => {
                self.monitor(Direction::Forwarded, Some(next), &message);
            }
            RouterOutput::Originate {
                to,
                protocol,
                kind,
                payload,
                way,
            } => {
                let mut message = self.compose(to, protocol, kind, payload);
                message.way = way;
                self.dispatch(now, message);
            }
            RouterOutput::Unroutable(message) => self.handle_undeliverable(now, message),
            RouterOutput::Connect(peer) => self.links.connect(now, peer),
            RouterOutput::ConnectOnce(peer) => self.links.connect_once(now, peer),
            RouterOutput::Disconnect(peer) => self.links.disconnect(peer),
            RouterOutput::SendRouting { peer, bytes } => {
                self.links.send_routing(now, peer, bytes);
            }
            RouterOutput::HopAck { peer, number } => self.links.send_hop_ack(peer, number),
            RouterOutput::Probe(peer) => self.links.probe(now, peer),
            RouterOutput::Spare(peer) => self.links.spare(peer),
            RouterOutput::Found { id, owner, hops } => {
                let lookup = id;
                self.event(Event::Found {
                    lookup,
                    owner,
                    hops,
                });
            }
            RouterOutput::NotFound { id } => self.undelivered(id, DeliveryError::TimedOut),
            RouterOutput::RingJoined => self.event(Event::RingJoined),
            RouterOutput::Routing(routing) => self.links.set_routing(routing),
            RouterOutput::Announce => self.links.announce(now),
        }
    }

    /// An own message that goes over others carries a proof of its own, and is kept in case it
    /// has to take another way.
    fn prepare_for_others(&mut self, message: &mut Message) {
        if message.from != self.keypair.id() {
            return;
        }
        self.delivery.retain(message);
        if message.proof.is_none() && needs_proof(message) {
            message.sign(&self.keypair);
        }
    }

    /// A message could not be sent on its way.
    pub(super) fn handle_undeliverable(&mut self, now: Time, message: Message) {
        if message.from != self.keypair.id() {
            tracing::debug!(from = ?message.from, to = ?message.to, "could not forward");
        } else {
            let peer = message.to.filter(|_| !message.way.by_key);
            let is_signal = message.protocol.as_str() == signal::PROTOCOL;
            self.handle_unreachable(now, self.id(), peer, is_signal);
            if !is_signal {
                self.handle_lost(now, message.id);
            }
        }
    }

    /// `relay`, which may be this peer, knows no way to a peer that a message is for.
    pub(super) fn handle_unreachable(
        &mut self,
        now: Time,
        relay: PeerId,
        peer: Option<PeerId>,
        is_signal: bool,
    ) {
        if let Some(peer) = peer {
            let is_final = self.router.handle_unreachable(now, relay, peer);
            if is_signal {
                self.links.handle_unknown(now, peer, is_final);
            }
        }
    }

    /// A message of the application has come to nothing on the way that it took.
    pub(super) fn handle_lost(&mut self, now: Time, id: boplish_wire::MessageId) {
        match self.delivery.handle_unreachable(id) {
            Ok(message) => self.router.route(now, message),
            Err(was_waiting) => {
                if was_waiting || self.ping.forget(id) {
                    self.undelivered(id, DeliveryError::Unreachable);
                }
            }
        }
    }

    pub(super) fn refused(&mut self, from: Option<PeerId>, reason: Refusal) {
        tracing::warn!(?from, %reason, "refused");
        self.refusals += 1;
        self.event(Event::Refused { from, reason });
    }

    /// Takes a message from a neighbour or from the bootstrap server.
    pub(super) fn handle_message(&mut self, now: Time, via: Via, mut message: Message) {
        if let Via::Link(peer) = via {
            message.hops = message.hops.saturating_add(1);
            note_way(&mut message, peer);
            if let Some(hop) = message.way.hop {
                self.links.send_hop_ack(peer, hop.number);
            }
        }
        match self.origins.check(via, &message) {
            Ok(()) => self.router.handle_message(now, via, message),
            Err(reason) => self.handle_refused(now, via, &message, reason),
        }
    }

    /// Refuses a message, unless it is one that has only lost its way.
    fn handle_refused(&mut self, now: Time, via: Via, message: &Message, reason: Refusal) {
        let from = match via {
            Via::Link(peer) => peer,
            Via::Signaling => message.from,
        };
        if reason == Refusal::ReplayedMessage && message.wants_ack {
            // Its writer may have sent it again on another way, not having heard.
            self.acknowledge(now, message);
        }
        // On its way around, a message may come twice, or back to its writer.
        let is_own = message.from == self.keypair.id() && message.way.hop.is_some();
        let is_stray = is_own || (reason == Refusal::ReplayedMessage && message.way.again);
        if !is_stray {
            self.refused(Some(from), reason);
        }
    }

    /// Tells the application when the own place in the network has changed.
    pub(super) fn update_state(&mut self) {
        let state = self.current_state();
        if state != self.state {
            self.state = state;
            self.event(Event::StateChanged(state));
        }
    }

    fn current_state(&mut self) -> State {
        let state = if self.phase != Phase::Open {
            State::Offline
        } else if self.links.has_working_link() {
            State::Online
        } else if self.links.linked_peers().next().is_some() {
            State::Degraded
        } else if !self.signaling.is_open() {
            State::Offline
        } else if self.alone {
            State::Alone
        } else if self.settled || self.links.bootstrap_has_failed() {
            State::Degraded
        } else {
            State::Offline
        };
        self.settled |= state != State::Offline;
        state
    }
}
