//! Descriptions and candidates: what `ConnectionCommand`s but `Send` do.

use boplish_core::wire::{Candidate, Description, SessionId};
use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput, Time};

use crate::peer::PeerHandle;
use crate::webrtc::{Endpoint, EndpointIndex, EndpointState, Negotiation};

use super::World;
use super::step::Step;

impl World {
    pub(super) fn command(
        &mut self,
        peer: PeerHandle,
        id: ConnectionId,
        command: ConnectionCommand,
    ) {
        let known = self.peer(peer).connections.get(&id).copied();
        match (command, known) {
            (ConnectionCommand::CreateOffer, None) => {
                let endpoint = self.make_endpoint(peer, id, Negotiation::Offering);
                self.describe(endpoint);
            }
            (ConnectionCommand::CreateAnswer { offer }, None) => {
                let endpoint = self.make_endpoint(peer, id, Negotiation::Answering);
                self.endpoint_mut(endpoint).set_remote(&offer);
                self.describe(endpoint);
            }
            (ConnectionCommand::CreateOffer | ConnectionCommand::CreateAnswer { .. }, Some(_)) => {
                self.misuse(peer, id, "its number was used before");
            }
            (
                ConnectionCommand::AcceptAnswer(_)
                | ConnectionCommand::AddCandidates(_)
                | ConnectionCommand::RestartIce
                | ConnectionCommand::AnswerRestart { .. }
                | ConnectionCommand::Send(_)
                | ConnectionCommand::Close,
                None,
            ) => self.misuse(peer, id, "it was never made"),
            (command, Some(endpoint)) if !self.endpoint(endpoint).is_closed() => {
                self.command_known(endpoint, command);
            }
            (_, Some(_)) => {}
        }
    }

    fn command_known(&mut self, endpoint: EndpointIndex, command: ConnectionCommand) {
        let negotiation = self.endpoint(endpoint).negotiation;
        match (command, negotiation) {
            (ConnectionCommand::AcceptAnswer(answer), Negotiation::Offered) => {
                self.endpoint_mut(endpoint).set_remote(&answer);
                self.endpoint_mut(endpoint).negotiation = Negotiation::Stable;
                self.both_described(endpoint);
            }
            (ConnectionCommand::AddCandidates(candidates), _)
                if self.endpoint(endpoint).remote.is_some() =>
            {
                self.endpoint_mut(endpoint).add_candidates(&candidates);
                self.try_connect(endpoint);
            }
            // A restart while another offer is being made or pending takes its place.
            (
                ConnectionCommand::RestartIce,
                Negotiation::Stable | Negotiation::Offered | Negotiation::Offering,
            ) => {
                self.endpoint_mut(endpoint).negotiation = Negotiation::Offering;
                self.describe(endpoint);
            }
            // An offer of the own that is pending is rolled back (RFC 9429, section 4.1.10.2).
            (
                ConnectionCommand::AnswerRestart { offer },
                Negotiation::Stable
                | Negotiation::Offered
                | Negotiation::Offering
                | Negotiation::Answering,
            ) => {
                self.endpoint_mut(endpoint).set_remote(&offer);
                self.endpoint_mut(endpoint).negotiation = Negotiation::Answering;
                self.describe(endpoint);
            }
            (ConnectionCommand::Send(frame), _) => self.send_on_channel(endpoint, frame),
            (ConnectionCommand::Close, _) => self.close_endpoint(endpoint),
            (ConnectionCommand::AcceptAnswer(_), negotiation) => {
                self.not_possible(endpoint, "an answer is accepted", negotiation);
            }
            (ConnectionCommand::AddCandidates(_), negotiation) => {
                self.not_possible(endpoint, "candidates are added", negotiation);
            }
            (ConnectionCommand::RestartIce, negotiation) => {
                self.not_possible(endpoint, "a restart is offered", negotiation);
            }
            (ConnectionCommand::CreateOffer | ConnectionCommand::CreateAnswer { .. }, _) => {}
        }
    }

    fn not_possible(&mut self, endpoint: EndpointIndex, what: &str, negotiation: Negotiation) {
        let it = self.endpoint(endpoint);
        let (owner, id) = (it.owner, it.id);
        self.misuse(owner, id, &format!("{what} while {negotiation:?}"));
        let delay = self.network.describe.draw(&mut self.random);
        self.schedule(delay, Step::CommandFailed(endpoint));
    }

    /// A command that no shell can carry out.
    pub(super) fn misuse(&mut self, peer: PeerHandle, id: ConnectionId, why: &str) {
        let misuse = format!("{:?}: peer {}, {id:?}: {why}", self.now, peer.0);
        self.trace.line(self.now, || format!("MISUSE {misuse}"));
        self.misuses.push(misuse);
    }

    pub(super) fn command_failed(&mut self, endpoint: EndpointIndex) {
        self.end_endpoint(endpoint, "a command could not be carried out");
    }

    fn make_endpoint(
        &mut self,
        peer: PeerHandle,
        id: ConnectionId,
        negotiation: Negotiation,
    ) -> EndpointIndex {
        let session = SessionId(self.random.word() >> 1);
        let endpoint = EndpointIndex(self.endpoints.len() as u32);
        self.endpoints
            .push(Endpoint::new(peer, id, session, negotiation));
        self.live_endpoints.insert(endpoint);
        self.peer_mut(peer).connections.insert(id, endpoint);
        self.counters.connections += 1;
        self.last_change = self.now;
        endpoint
    }

    /// Draws new credentials and candidates, and schedules when the core learns of them.
    fn describe(&mut self, endpoint: EndpointIndex) {
        let most = self.network.max_candidates.clamp(1, 32);
        let it = &mut self.endpoints[endpoint.0 as usize];
        if let Some(old) = &it.local {
            self.by_ufrag.remove(&old.ufrag);
        }
        it.regenerate(&mut self.random, most);
        let local = it.local.as_ref().expect("regenerate has made it");
        self.by_ufrag.insert(local.ufrag.clone(), endpoint);
        let (generation, count) = (it.generation, it.gathered.len() as u8);
        let known = match self.random.chance(300) {
            true => self.random.below(u64::from(count)) as u8,
            false => 0,
        };
        let mut at = self.now + self.network.describe.draw(&mut self.random);
        self.queue
            .push(at, Step::Described(endpoint, generation, known));
        for index in known..count {
            at += self.network.gather.draw(&mut self.random);
            self.queue
                .push(at, Step::Gathered(endpoint, generation, index));
        }
        at += self.network.gather.draw(&mut self.random);
        self.queue
            .push(at, Step::GatheringDone(endpoint, generation));
    }

    pub(super) fn described(&mut self, endpoint: EndpointIndex, generation: u32, known: u8) {
        if !self.is_current(endpoint, generation) {
            return;
        }
        let fingerprint = self.peer(self.endpoint(endpoint).owner).fingerprint;
        let it = self.endpoint_mut(endpoint);
        let description: Description = it.description(fingerprint, usize::from(known));
        it.negotiation = match it.negotiation {
            Negotiation::Offering | Negotiation::Offered => Negotiation::Offered,
            Negotiation::Answering | Negotiation::Stable => Negotiation::Stable,
        };
        self.both_described(endpoint);
        self.feed_connection(endpoint, ConnectionInput::LocalDescription(description));
    }

    pub(super) fn gathered(&mut self, endpoint: EndpointIndex, generation: u32, index: u8) {
        if self.is_current(endpoint, generation) {
            let candidate: Candidate = self.endpoint(endpoint).gathered[usize::from(index)].clone();
            self.feed_connection(endpoint, ConnectionInput::LocalCandidate(candidate));
        }
    }

    pub(super) fn gathering_done(&mut self, endpoint: EndpointIndex, generation: u32) {
        if self.is_current(endpoint, generation) {
            self.feed_connection(endpoint, ConnectionInput::LocalCandidatesDone);
        }
    }

    /// Whether what was scheduled for this generation still counts.
    pub(super) fn is_current(&self, endpoint: EndpointIndex, generation: u32) -> bool {
        let it = self.endpoint(endpoint);
        match it.state {
            EndpointState::Closed(since) => it.generation == generation && self.is_late_fact(since),
            EndpointState::Setup | EndpointState::Established | EndpointState::Open => {
                it.generation == generation
            }
        }
    }

    /// Whether a fact may still reach the core although it closed the connection at that time.
    pub(super) fn is_late_fact(&self, closed: Time) -> bool {
        self.now.since(closed) <= self.network.late_facts
    }
}
