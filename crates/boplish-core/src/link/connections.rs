//! What the shell's connections report.

use boplish_wire::limits::MAX_FRAME;
use boplish_wire::{CloseReason, Description, Frame, Hello, PeerId, Signal};

use super::candidates::Batch;
use super::handshake::{Local, Role, Stage};
use super::open::Link;
use super::{LinkOutput, Links, Owner, handshake_of, link_of};
use crate::io::{
    ConnectionCommand, ConnectionId, ConnectionInput, DisconnectReason, IceState, Refusal,
};
use crate::time::Time;

/// The version of frames that this code speaks.
const FRAME_VERSION: u8 = 1;

/// Frames without sense on one link after which it is closed.
const MAX_MALFORMED: u32 = 64;

impl Links {
    /// Takes a fact about a connection; facts about closed ones are ignored.
    pub(crate) fn handle_connection(
        &mut self,
        now: Time,
        connection: ConnectionId,
        input: ConnectionInput,
    ) {
        match self.owners.get(&connection) {
            None => {}
            Some(Owner::Bootstrap) => self.handle_bootstrap_connection(now, input),
            Some(Owner::Peer(peer)) => {
                let peer = *peer;
                let is_link = link_of(&mut self.peers, peer)
                    .is_some_and(|link| link.connection == connection);
                if is_link {
                    self.handle_link_connection(now, peer, input);
                } else {
                    self.handle_handshake_connection(now, peer, input);
                }
            }
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
                handshake.session = Some(description.session);
                handshake.local = Some(local(&description));
                handshake.stage = Stage::Offered;
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
        let delay = self.config.candidate_batch;
        let Some(handshake) = handshake_of(&mut self.peers, peer) else {
            return;
        };
        match input {
            ConnectionInput::LocalDescription(description) => {
                if handshake.stage == Stage::Creating {
                    self.send_description(now, peer, description);
                }
            }
            ConnectionInput::LocalCandidate(candidate) => {
                handshake.batch.add(now, candidate, delay);
            }
            ConnectionInput::LocalCandidatesDone => {
                handshake.batch.finish(now);
                if handshake.batch_due().is_some() {
                    self.send_handshake_candidates(now, peer);
                }
            }
            ConnectionInput::Opened => self.greet(peer),
            ConnectionInput::Message(bytes) => self.handle_first_message(now, peer, &bytes),
            ConnectionInput::Ice(IceState::Failed) => self.fail_handshake(now, peer),
            ConnectionInput::Closed { reason } => {
                tracing::debug!(?peer, reason, "the handshake failed");
                self.fail_handshake(now, peer);
            }
            ConnectionInput::BufferedAmount(_)
            | ConnectionInput::Ice(IceState::Connected | IceState::Disconnected) => {}
        }
    }

    /// Sends the own offer or answer.
    fn send_description(&mut self, now: Time, peer: PeerId, description: Description) {
        let Some(handshake) = handshake_of(&mut self.peers, peer) else {
            return;
        };
        handshake.local = Some(local(&description));
        match handshake.role {
            Role::Offerer => {
                handshake.session = Some(description.session);
                handshake.stage = Stage::Offered;
                self.signal(Some(peer), &Signal::Offer { description });
            }
            Role::Answerer => {
                handshake.stage = Stage::Connecting;
                if let (Some(of), Some(remote)) = (handshake.session, &handshake.remote) {
                    let offered = remote.fingerprint;
                    let signal = Signal::Answer {
                        of,
                        offered,
                        description,
                    };
                    self.signal(Some(peer), &signal);
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
        });
        let handshake = handshake_of(&mut self.peers, peer);
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
                self.complete(now, peer, hello);
            }
            Ok(Frame::Close(_)) => self.fail_handshake(now, peer),
            Ok(Frame::Keepalive(_) | Frame::Message(_) | Frame::HopAck(_)) => {
                let reason = "the first frame is no hello".to_owned();
                self.refuse(peer, Refusal::Malformed(reason));
            }
            Err(error) => self.refuse(peer, Refusal::Malformed(error.to_string())),
        }
    }

    fn complete(&mut self, now: Time, id: PeerId, hello: Hello) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(handshake) = peer.handshake.take_if(|own| own.stage == Stage::Greeting) else {
            return;
        };
        let Some(mut link) = Link::from_handshake(handshake, now, &self.config, self.hidden) else {
            return;
        };
        link.liveness.remote_hidden = hello.hidden;
        peer.wanted = None;
        peer.held = None;
        if peer.link.is_some() {
            // The peer had lost its end of the older link, or it would not have offered anew.
            self.close_link(id, Some(CloseReason::Replaced), DisconnectReason::Failed);
        }
        self.peers.entry(id).or_default().link = Some(link);
        self.bootstrap.backoff = super::retry::Backoff::default();
        self.outputs.push_back(LinkOutput::Up {
            peer: id,
            routing: hello.routing,
        });
        self.flush(id);
    }

    /// The connection of an open link.
    fn handle_link_connection(&mut self, now: Time, peer: PeerId, input: ConnectionInput) {
        let delay = self.config.candidate_batch;
        let Some(link) = link_of(&mut self.peers, peer) else {
            return;
        };
        match input {
            ConnectionInput::Message(bytes) => self.handle_bytes(now, peer, &bytes),
            ConnectionInput::BufferedAmount(bytes) => {
                link.queue.set_buffered(bytes);
                self.flush(peer);
            }
            ConnectionInput::Ice(ice) => {
                if link.liveness.ice_changed(now, ice) {
                    self.restart(now, peer);
                }
                self.report_disturbance(now, peer);
            }
            ConnectionInput::LocalDescription(description) => {
                self.send_restart(peer, description);
            }
            ConnectionInput::LocalCandidate(candidate) => link.batch.add(now, candidate, delay),
            ConnectionInput::LocalCandidatesDone => link.batch.finish(now),
            ConnectionInput::Closed { reason } => {
                tracing::debug!(?peer, reason, "the connection failed");
                self.close_link(peer, None, DisconnectReason::Failed);
                self.drive_peer(now, peer);
                self.drive_bootstrap(now);
            }
            ConnectionInput::Opened => {}
        }
    }

    /// Sends the offer or answer of an ICE restart.
    fn send_restart(&mut self, peer: PeerId, description: Description) {
        let Some(link) = link_of(&mut self.peers, peer) else {
            return;
        };
        link.local = local(&description);
        link.batch = Batch::default();
        let of = link.session;
        let signal = match link.role {
            Role::Offerer => {
                link.restart_offered = Some(description.ufrag.clone());
                Signal::RestartOffer { of, description }
            }
            Role::Answerer => Signal::RestartAnswer {
                of,
                offered_ufrag: link.remote.ufrag.clone(),
                description,
            },
        };
        self.signal(Some(peer), &signal);
    }

    fn handle_bytes(&mut self, now: Time, peer: PeerId, bytes: &[u8]) {
        let Some(link) = link_of(&mut self.peers, peer) else {
            return;
        };
        link.liveness.heard(now, &self.config);
        let frame = match bytes.len() {
            0..=MAX_FRAME => Frame::decode(bytes).map_err(|error| error.to_string()),
            length => Err(format!(
                "a frame has at most {MAX_FRAME} bytes, this one {length}"
            )),
        };
        match frame {
            Ok(Frame::Keepalive(keepalive)) => {
                link.liveness.remote_hidden = keepalive.hidden;
                let was_probed = self.peers.get_mut(&peer).is_some_and(|peer| {
                    !keepalive.echo && peer.held.take_if(|held| held.take_at.is_some()).is_some()
                });
                if was_probed {
                    tracing::debug!(?peer, "an offer was dropped: the link is alive");
                }
                if keepalive.echo {
                    self.send_keepalive(now, peer, false);
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
                self.drive_peer(now, peer);
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
}

fn local(description: &Description) -> Local {
    Local {
        fingerprint: description.fingerprint,
        ufrag: description.ufrag.clone(),
    }
}
