//! The conversation with the bootstrap server.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::bootstrap::{
    ErrorCode, FromServer, IceServer, NetworkParameters, ServerError, joined,
};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Node;
use crate::config::ChordConfig;
use crate::io::{Event, Output, Refusal};
use crate::parameters::Agreement;

use crate::router::chord::Chord;
use crate::router::mesh::Mesh;
use crate::router::{Router, Via};
use crate::signaling::Due;
use crate::time::Time;

/// A ring's router, or that of a mesh.
pub(super) fn new_router(
    id: PeerId,
    chord: Option<ChordConfig>,
    max_links: usize,
    rng: Xoshiro256PlusPlus,
) -> Box<dyn Router + Send> {
    match chord {
        Some(config) => Box::new(Chord::new(id, config, rng)),
        None => Box::new(Mesh::new(id, max_links, rng)),
    }
}

impl Node {
    pub(super) fn drive_signaling(&mut self, now: Time) {
        match self.signaling.handle_timeout(now) {
            Some(Due::Open) => self.outputs.push_back(Output::OpenSignaling),
            Some(Due::Close) => {
                self.outputs.push_back(Output::CloseSignaling);
                self.handle_signaling_closed(now);
            }
            Some(Due::Work) => {
                let hidden = self.links.is_hidden();
                let answer = self.signaling.work(now, &self.keypair, hidden);
                self.outputs.extend(answer.map(Output::SendSignaling));
            }
            None => {}
        }
    }

    /// Tells the server when this peer has joined the network; it may then let it go, and this
    /// peer comes back to it without a link that works.
    pub(super) fn drive_joined(&mut self, now: Time) {
        if !self.links.has_working_link() {
            self.signaling.want(now, &mut self.rng);
        } else if self.signaling.awaits_joined()
            && self.router.ring().is_none_or(|ring| ring.member)
        {
            self.signaling.tell_joined();
            let text = joined(self.keypair.id());
            self.outputs.push_back(Output::SendSignaling(text));
        }
    }

    pub(super) fn handle_signaling_message(&mut self, now: Time, text: &str) {
        if !self.signaling.has_socket() {
            return;
        }
        match FromServer::parse(text) {
            Ok(FromServer::Challenge { nonce, work }) => {
                let keypair = &self.keypair;
                let answer = self.signaling.handle_challenge(now, keypair, nonce, work);
                self.outputs.extend(answer.map(Output::SendSignaling));
            }
            Ok(FromServer::Welcome {
                ice_servers,
                network,
            }) => {
                if network.is_none_or(|network| self.agree(now, network)) {
                    self.handle_welcome(now, ice_servers);
                }
            }
            Ok(FromServer::IceServers(servers)) => {
                self.outputs.push_back(Output::IceServers(servers));
            }
            Ok(FromServer::Release {
                entry_peers,
                within,
            }) => {
                let size = self.network_size();
                let rng = &mut self.rng;
                let within = within.map(|seconds| Duration::from_secs(seconds.into()));
                if self
                    .signaling
                    .handle_release(now, entry_peers, within, size, rng)
                {
                    self.outputs.push_back(Output::CloseSignaling);
                    self.signaling_is_closed(now);
                }
            }
            Ok(FromServer::Denied { id: _ }) => self.links.handle_denied_by_server(now),
            Ok(FromServer::Error(error)) => self.handle_server_error(now, error),
            Ok(FromServer::Shutdown { reason }) => {
                tracing::debug!(reason, "the bootstrap server shuts down");
            }
            Ok(FromServer::Message(message)) => {
                self.handle_message(now, Via::Signaling, message);
            }
            Err(error) => self.refused(None, Refusal::Malformed(error.to_string())),
        }
    }

    /// Goes by the network's parameters from now on, or leaves the server alone for a while.
    fn agree(&mut self, now: Time, network: NetworkParameters) -> bool {
        let is_linked = self.links.linked_peers().next().is_some();
        match self.parameters.handle_welcome(network, is_linked) {
            Agreement::Same => true,
            Agreement::New => {
                self.renew_router(now);
                true
            }
            Agreement::Conflict => {
                let message = self.parameters.conflict(&network);
                self.outputs.push_back(Output::CloseSignaling);
                if self.signaling.leave_alone(now, &mut self.rng) {
                    self.signaling_is_closed(now);
                }
                self.tell_signaling(false);
                self.event(Event::ServerError(ServerError {
                    code: ErrorCode::OtherNetwork,
                    message,
                    peer: None,
                    id: None,
                }));
                false
            }
        }
    }

    /// Routes as the network does. There are no links yet.
    fn renew_router(&mut self, now: Time) {
        self.router.leave();
        self.drain(now);
        let rng = Xoshiro256PlusPlus::from_rng(&mut self.rng);
        let (id, chord) = (self.keypair.id(), self.parameters.chord());
        self.router = new_router(id, chord, self.links.max_links(), rng);
        for protocol in &self.watched {
            self.router.watch(protocol);
        }
        self.links.set_network(self.parameters.code());
    }

    fn handle_welcome(&mut self, now: Time, ice_servers: Vec<IceServer>) {
        self.outputs.push_back(Output::IceServers(ice_servers));
        if self.signaling.handle_welcome(now) {
            self.tell_signaling(true);
            self.router.handle_signaling(now, true);
            self.links.set_bootstrap_possible(now, true);
        }
    }

    pub(super) fn handle_signaling_closed(&mut self, now: Time) {
        let is_linked = self.links.linked_peers().next().is_some();
        let size = is_linked.then(|| self.network_size());
        if self.signaling.handle_closed(now, size, &mut self.rng) {
            self.signaling_is_closed(now);
        }
        self.tell_signaling(false);
    }

    fn signaling_is_closed(&mut self, now: Time) {
        self.alone = false;
        self.router.handle_signaling(now, false);
        self.links.set_bootstrap_possible(now, false);
    }

    /// Tells the application whether it is to take the signaling channel for open.
    pub(super) fn tell_signaling(&mut self, open: bool) {
        if self.signaling_told != open {
            self.signaling_told = open;
            self.event(Event::SignalingChanged { open });
        }
    }

    /// How many peers the network has, as far as this one can tell.
    fn network_size(&self) -> u32 {
        match self.router.ring() {
            Some(ring) => ring.estimated_size,
            None => self.links.linked_peers().fold(1, |size, _| size + 1),
        }
    }

    fn handle_server_error(&mut self, now: Time, error: ServerError) {
        if error.code != ErrorCode::UnknownPeer {
            tracing::warn!(code = error.code.as_str(), "the bootstrap server refuses");
            return self.event(Event::ServerError(error));
        }
        // Ordinary: the peer has left the server, or the network.
        if let Some(id) = error.id {
            self.handle_lost(now, id);
        }
        if let Some(Ok(peer)) = error.peer.map(|peer| peer.parse::<PeerId>()) {
            self.links.handle_unreachable(now, peer);
        }
    }
}
