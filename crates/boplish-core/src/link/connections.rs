//! What the shell's connections report.

use boplish_wire::limits::MAX_FRAME;
use boplish_wire::{CloseReason, Description, Frame, Hello, PeerId, Signal};

use super::candidates::Batch;
use super::handshake::{Role, Stage};
use super::invite::{GATHERING_BY_HAND, shorten};
use super::open::{Link, Restart};
use super::{Attempt, LinkOutput, Links, handshake_of, link_of};
use crate::io::{
    ConnectionCommand, ConnectionId, ConnectionInput, DisconnectReason, IceState, Refusal,
};
use crate::table::shrink;
use crate::time::Time;

/// The version of frames that this code speaks.
const FRAME_VERSION: u8 = 1;

/// Frames without sense on one link after which it is closed.
const MAX_MALFORMED: u8 = 64;

impl Links {
    /// Takes a fact about a connection; facts about closed ones are ignored.
    pub(crate) fn handle_connection(
        &mut self,
        now: Time,
        connection: ConnectionId,
        input: ConnectionInput,
    ) {
        let first = self.bootstrap.handshake.as_ref();
        if first.is_some_and(|first| first.connection == connection) {
            self.earliest.set(None);
            return self.handle_bootstrap_connection(now, input);
        }
        let Some(peer) = self.owners.get(&connection.into()).copied() else {
            return self.handle_invitation_connection(now, connection, input);
        };
        match link_of(&mut self.open, peer).filter(|link| link.connection == connection) {
            Some(_) => self.handle_link_connection(now, peer, input),
            None => self.handle_handshake_connection(now, peer, input),
        }
    }

    /// The connection of the own first offer, before anyone has answered.
    fn handle_bootstrap_connection(&mut self, now: Time, input: ConnectionInput) {
        let delay = self.config.candidate_batch;
        let Some(handshake) = &mut self.bootstrap.handshake else {
            return;
        };
        match input {
            ConnectionInput::LocalDescription(description) => {
                handshake.set_local(&description);
                handshake.deadline = now + self.config.answer_timeout;
                self.signal(None, &Signal::Offer { description });
            }
            ConnectionInput::LocalCandidate(candidate) => {
                handshake.batch.add(now, candidate, delay);
            }
            ConnectionInput::LocalCandidatesDone => handshake.batch.finish(now),
            ConnectionInput::Closed { reason } => {
                tracing::debug!(reason, "the first offer failed");
                self.fail_bootstrap(now);
            }
            ConnectionInput::Opened
            | ConnectionInput::Message(_)
            | ConnectionInput::BufferedAmount(_)
            | ConnectionInput::Ice(_) => {}
        }
    }

    /// A connection whose link is not up yet.
    fn handle_handshake_connection(&mut self, now: Time, peer: PeerId, input: ConnectionInput) {
        self.earliest.set(None);
        let delay = self.config.candidate_batch;
        let eager = self.attempts.get(&peer).is_some_and(|it| it.eager);
        let Some(handshake) = handshake_of(&mut self.attempts, peer) else {
            return;
        };
        match input {
            ConnectionInput::LocalDescription(description) => {
                if handshake.stage == Stage::Creating {
                    // Over the network each signal costs several hops, so that the candidates
                    // that come soon go along.
                    let until = now
                        + match handshake.by_hand {
                            true => GATHERING_BY_HAND,
                            false => self.config.gather_patience,
                        };
                    handshake.waiting = Some(Box::new((description, until)));
                    if eager {
                        self.send_waiting(now, peer);
                    }
                }
            }
            ConnectionInput::LocalCandidate(candidate) => {
                if let Some(candidate) = handshake.wait_with(candidate) {
                    handshake.batch.add(now, candidate, delay);
                }
            }
            ConnectionInput::LocalCandidatesDone => {
                if handshake.waiting.is_some() {
                    handshake.batch.conclude();
                    return self.send_waiting(now, peer);
                }
                handshake.batch.finish(now);
                if handshake.batch_due().is_some() {
                    self.send_handshake_candidates(now, peer);
                }
            }
            ConnectionInput::Opened => self.greet(peer),
            ConnectionInput::Message(bytes) => self.handle_first_message(now, peer, &bytes),
            ConnectionInput::Ice(IceState::Failed) => {
                // Nobody answers the checks before people have brought the answer.
                if !handshake.waits_by_hand() {
                    self.fail_handshake(now, peer);
                }
            }
            ConnectionInput::Closed { reason } => {
                tracing::debug!(?peer, reason, "the handshake failed");
                self.fail_handshake(now, peer);
            }
            ConnectionInput::BufferedAmount(_)
            | ConnectionInput::Ice(IceState::Connected | IceState::Disconnected) => {}
        }
    }

    /// Sends the own description that has waited for its candidates.
    pub(super) fn send_waiting(&mut self, now: Time, peer: PeerId) {
        let handshake = handshake_of(&mut self.attempts, peer);
        let waiting = handshake.and_then(|it| it.waiting.take());
        if let Some(waiting) = waiting {
            self.send_description(now, peer, waiting.0);
        }
    }

    /// Sends the own offer or answer.
    fn send_description(&mut self, now: Time, peer: PeerId, mut description: Description) {
        let Some(handshake) = handshake_of(&mut self.attempts, peer) else {
            return;
        };
        let by_hand = handshake.by_hand;
        if by_hand {
            shorten(&mut description.candidates);
        }
        handshake.set_local(&description);
        match handshake.role {
            Role::Offerer => {
                if !by_hand {
                    handshake.deadline = now + self.config.answer_timeout;
                }
                self.signal(Some(peer), &Signal::Offer { description });
            }
            Role::Answerer => {
                if let (Some(of), Some(remote)) = (handshake.session, &handshake.remote) {
                    let offered = remote.fingerprint;
                    let signal = Signal::Answer {
                        of,
                        offered,
                        description,
                    };
                    match by_hand {
                        true => self.give_answer(peer, &signal),
                        false => self.signal(Some(peer), &signal),
                    }
                }
            }
        }
        self.send_handshake_candidates(now, peer);
    }

    /// Says hello on a channel that is open.
    fn greet(&mut self, peer: PeerId) {
        let hello = Frame::Hello(Hello {
            version: FRAME_VERSION,
            hidden: self.hidden,
            routing: self.routing.clone(),
            network: self.network,
        });
        let handshake = handshake_of(&mut self.attempts, peer);
        if let Some(handshake) = handshake
            && handshake.stage == Stage::Connecting
        {
            handshake.stage = Stage::Greeting;
            let connection = handshake.connection;
            self.command(connection, ConnectionCommand::Send(hello.encode()));
        }
    }

    /// The first message of a channel is the peer's hello, and it completes the link.
    fn handle_first_message(&mut self, now: Time, peer: PeerId, bytes: &[u8]) {
        match Frame::decode(bytes) {
            Ok(Frame::Hello(hello)) => {
                // A shell may see the first message before it sees the channel open.
                self.greet(peer);
                match hello.network == self.network {
                    true => self.complete(now, peer, hello),
                    false => self.refuse_network(now, peer),
                }
            }
            Ok(Frame::Close(CloseReason::OtherNetwork)) => self.refuse_network(now, peer),
            Ok(Frame::Close(_)) => self.fail_handshake(now, peer),
            Ok(Frame::Keepalive(_) | Frame::Message(_) | Frame::HopAck(_)) => {
                let reason = "the first frame is no hello".to_owned();
                self.refuse(peer, Refusal::Malformed(reason));
            }
            Err(error) => self.refuse(peer, Refusal::Malformed(error.to_string())),
        }
    }

    /// A peer belongs to a network with other parameters: it is told, and left alone.
    fn refuse_network(&mut self, now: Time, id: PeerId) {
        if let Some(handshake) = handshake_of(&mut self.attempts, id) {
            let connection = handshake.connection;
            let farewell = Frame::Close(CloseReason::OtherNetwork).encode();
            self.command(connection, ConnectionCommand::Send(farewell));
        }
        let wanted = self.attempts.get_mut(&id).and_then(|it| it.wanted.take());
        if wanted.is_some() {
            self.outputs.push_back(LinkOutput::GaveUp { peer: id });
        }
        self.refuse(id, Refusal::OtherNetwork);
        self.delay_bootstrap(now);
        self.fail_handshake(now, id);
    }

    fn complete(&mut self, now: Time, id: PeerId, hello: Hello) {
        let Some(handshake) = self
            .attempts
            .get_mut(&id)
            .and_then(|it| it.handshake.take_if(|own| own.stage == Stage::Greeting))
        else {
            return;
        };
        let Some(mut link) = Link::from_handshake(handshake, now, &self.config, self.hidden) else {
            return;
        };
        link.liveness.remote_hidden = hello.hidden;
        self.attempts.remove(&id);
        shrink(&mut self.attempts);
        // The peer has lost its end of an older link, or it would not have offered anew.
        self.close_link(id, Some(CloseReason::Replaced), DisconnectReason::Failed);
        self.insert_link(id, link);
        self.bootstrap.backoff = super::retry::Backoff::default();
        self.outputs.push_back(LinkOutput::Up {
            peer: id,
            routing: hello.routing,
        });
    }

    fn insert_link(&mut self, id: PeerId, link: Link) {
        self.open.insert(id, Box::new(link));
        shrink(&mut self.open);
        self.earliest.set(None);
    }

    /// The connection of an open link.
    fn handle_link_connection(&mut self, now: Time, peer: PeerId, input: ConnectionInput) {
        // Each batch of a restart costs several hops.
        let delay = self.config.gather_patience;
        let Some(link) = link_of(&mut self.open, peer) else {
            return;
        };
        match input {
            ConnectionInput::Message(bytes) => return self.handle_bytes(now, peer, &bytes),
            ConnectionInput::BufferedAmount(bytes) => {
                link.queue.set_buffered(bytes);
                return self.flush(peer);
            }
            ConnectionInput::Ice(ice) => {
                if ice == IceState::Connected && link.role == Role::Answerer {
                    link.restart = None;
                }
                if link.liveness.ice_changed(now, ice) {
                    self.restart(now, peer);
                }
                self.report_disturbance(now, peer);
            }
            ConnectionInput::LocalDescription(description) => {
                self.send_restart(peer, description);
            }
            ConnectionInput::LocalCandidate(candidate) => {
                if let Some(trickle) = &mut link.trickle {
                    trickle.batch.add(now, candidate, delay);
                }
            }
            ConnectionInput::LocalCandidatesDone => {
                if let Some(trickle) = &mut link.trickle {
                    trickle.batch.finish(now);
                }
            }
            ConnectionInput::Closed { reason } => {
                tracing::debug!(?peer, reason, "the connection failed");
                self.close_link(peer, None, DisconnectReason::Failed);
                self.drive_attempt(now, peer);
                self.drive_bootstrap(now);
            }
            ConnectionInput::Opened => {}
        }
        self.earliest.set(None);
    }

    /// Sends the offer or answer of an ICE restart.
    fn send_restart(&mut self, peer: PeerId, description: Description) {
        let Some(link) = link_of(&mut self.open, peer) else {
            return;
        };
        link.trickle(description.ufrag.clone(), Batch::default());
        let of = link.session;
        let signal = match link.role {
            Role::Offerer => {
                let offered = description.ufrag.clone();
                link.restart = Some(Box::new(Restart { offered }));
                Signal::RestartOffer { of, description }
            }
            Role::Answerer => {
                let Some(restart) = &link.restart else {
                    return;
                };
                Signal::RestartAnswer {
                    of,
                    offered_ufrag: restart.offered.clone(),
                    description,
                }
            }
        };
        self.signal(Some(peer), &signal);
    }

    fn handle_bytes(&mut self, now: Time, peer: PeerId, bytes: &[u8]) {
        let Some(link) = link_of(&mut self.open, peer) else {
            return;
        };
        if link.liveness.heard(now, &self.config) {
            self.earliest.set(None);
        }
        let frame = match bytes.len() {
            0..=MAX_FRAME => Frame::decode(bytes).map_err(|error| error.to_string()),
            length => Err(format!(
                "a frame has at most {MAX_FRAME} bytes, this one {length}"
            )),
        };
        match frame {
            Ok(Frame::Keepalive(keepalive)) => {
                if link.liveness.remote_hidden != keepalive.hidden {
                    link.liveness.remote_hidden = keepalive.hidden;
                    self.earliest.set(None);
                }
                if keepalive.echo {
                    self.send_keepalive(now, peer, false);
                } else {
                    self.drop_probing_offer(peer);
                }
                let routing = keepalive.routing;
                self.outputs
                    .push_back(LinkOutput::Routing { peer, routing });
            }
            Ok(Frame::Message(message)) => {
                self.outputs
                    .push_back(LinkOutput::Message { peer, message });
            }
            Ok(Frame::HopAck(number)) => {
                self.outputs.push_back(LinkOutput::HopAck { peer, number });
            }
            Ok(Frame::Hello(_)) => {}
            Ok(Frame::Close(_)) => {
                self.close_link(peer, None, DisconnectReason::ClosedByPeer);
                self.drive_attempt(now, peer);
                self.drive_bootstrap(now);
            }
            Err(error) => {
                link.malformed += 1;
                let too_many = link.malformed >= MAX_MALFORMED;
                self.refuse(peer, Refusal::Malformed(error));
                if too_many {
                    let farewell = Some(CloseReason::ProtocolError);
                    self.close_link(peer, farewell, DisconnectReason::Closed);
                }
            }
        }
        self.report_disturbance(now, peer);
    }

    /// The link has shown to be alive: an offer that was to replace it had crossed its own.
    fn drop_probing_offer(&mut self, peer: PeerId) {
        let probing = |attempt: &mut Box<Attempt>| {
            let held = attempt.held.take_if(|held| held.take_at.is_some());
            held.is_some()
        };
        if self.attempts.get_mut(&peer).is_some_and(probing) {
            tracing::debug!(?peer, "an offer was dropped: the link is alive");
            self.forget_if_idle(peer);
        }
    }
}
