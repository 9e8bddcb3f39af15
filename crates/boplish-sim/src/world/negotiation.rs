//! Descriptions and candidates: what `ConnectionCommand`s but `Send` do.

use boplish_core::wire::{Candidate, Description, SessionId};
use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput};

use crate::peer::{Known, PeerHandle};
use crate::random::mix;
use crate::webrtc::{Endpoint, EndpointIndex, Negotiation, Setup};

use super::World;
use super::step::Step;

impl World {
    pub(super) fn command(
        &mut self,
        peer: PeerHandle,
        id: ConnectionId,
        command: ConnectionCommand,
    ) {
        let known = self.peer(peer).connections.find(id);
        match (command, known) {
            (ConnectionCommand::CreateOffer, Known::Never) => {
                self.make_endpoint(peer, id, Negotiation::Offering, None);
            }
            (ConnectionCommand::CreateAnswer { offer }, Known::Never) => {
                self.make_endpoint(peer, id, Negotiation::Answering, Some(&offer));
            }
            (ConnectionCommand::CreateOffer | ConnectionCommand::CreateAnswer { .. }, _) => {
                self.misuse(peer, id, "its number was used before");
            }
            (
                ConnectionCommand::AcceptAnswer(_)
                | ConnectionCommand::AddCandidates(_)
                | ConnectionCommand::RestartIce
                | ConnectionCommand::AnswerRestart { .. }
                | ConnectionCommand::Send(_)
                | ConnectionCommand::Close,
                Known::Never,
            ) => self.misuse(peer, id, "it was never made"),
            (command, Known::In(slot)) => {
                let endpoint = self.endpoints.at(slot);
                let is_there =
                    |it: &EndpointIndex| self.endpoint(*it).is_some_and(|it| !it.is_closed());
                if let Some(endpoint) = endpoint.filter(is_there) {
                    self.command_known(endpoint, command);
                }
            }
            (_, Known::Forgotten) => {}
        }
    }

    fn command_known(&mut self, endpoint: EndpointIndex, command: ConnectionCommand) {
        if let ConnectionCommand::Send(frame) = command {
            self.send_on_channel(endpoint, frame);
            return;
        }
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let negotiation = it.negotiation();
        let has_remote = it.is_established()
            || it
                .setup
                .as_ref()
                .is_some_and(|setup| setup.remote.is_some());
        match (command, negotiation) {
            (ConnectionCommand::AcceptAnswer(answer), Negotiation::Offered) => {
                self.set_remote(endpoint, &answer, Negotiation::Stable);
                self.both_described(endpoint);
            }
            // What comes when all is settled is of no use any more.
            (ConnectionCommand::AddCandidates(candidates), _) if has_remote => {
                let it = self.endpoint_mut(endpoint);
                if let Some(setup) = it.and_then(|it| it.setup.as_mut()) {
                    setup.add_candidates(&candidates);
                    self.try_connect(endpoint);
                }
            }
            // A restart while another offer is being made or pending takes its place.
            (
                ConnectionCommand::RestartIce,
                Negotiation::Stable | Negotiation::Offered | Negotiation::Offering,
            ) => {
                if let Some(setup) = self.setup_mut(endpoint) {
                    setup.negotiation = Negotiation::Offering;
                    self.describe(endpoint);
                }
            }
            // An offer of the own that is pending is rolled back (RFC 9429, section 4.1.10.2).
            (
                ConnectionCommand::AnswerRestart { offer },
                Negotiation::Stable
                | Negotiation::Offered
                | Negotiation::Offering
                | Negotiation::Answering,
            ) => {
                self.set_remote(endpoint, &offer, Negotiation::Answering);
                self.describe(endpoint);
            }
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
            (
                ConnectionCommand::CreateOffer
                | ConnectionCommand::CreateAnswer { .. }
                | ConnectionCommand::Send(_),
                _,
            ) => {}
        }
    }

    /// The set-up of a connection, made anew if all was settled.
    fn setup_mut(&mut self, endpoint: EndpointIndex) -> Option<&mut Setup> {
        let it = self.endpoint(endpoint)?;
        let session = self.session(it.owner, it.id());
        let it = self.endpoint_mut(endpoint)?;
        let anew = || Box::new(Setup::new(session, Negotiation::Stable));
        Some(it.setup.get_or_insert_with(anew))
    }

    fn set_remote(
        &mut self,
        endpoint: EndpointIndex,
        description: &Description,
        negotiation: Negotiation,
    ) {
        if let Some(setup) = self.setup_mut(endpoint) {
            setup.set_remote(description);
            setup.negotiation = negotiation;
        }
    }

    /// The session id of a connection, which no restart changes.
    pub(super) fn session(&self, peer: PeerHandle, id: ConnectionId) -> SessionId {
        SessionId(mix(self.seed ^ mix(u64::from(peer.0) << 32 ^ mix(id.0))) >> 1)
    }

    fn not_possible(&mut self, endpoint: EndpointIndex, what: &str, negotiation: Negotiation) {
        if let Some(it) = self.endpoint(endpoint) {
            let (owner, id) = (it.owner, it.id());
            self.misuse(owner, id, &format!("{what} while {negotiation:?}"));
        }
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
        offer: Option<&Description>,
    ) {
        let mut setup = Setup::new(self.session(peer, id), negotiation);
        if let Some(offer) = offer {
            setup.set_remote(offer);
        }
        let endpoint = self.endpoints.insert(Endpoint::new(peer, id, Some(setup)));
        if !self.peer_mut(peer).connections.insert(id, endpoint.slot()) {
            self.endpoints.remove(endpoint);
            self.misuse(peer, id, "its number is too high");
            return;
        }
        self.counters.connections += 1;
        self.last_change = self.now;
        self.describe(endpoint);
    }

    /// Draws new credentials and candidates, and schedules when the core learns of them.
    fn describe(&mut self, endpoint: EndpointIndex) {
        let most = self.network.max_candidates.clamp(1, 32);
        let Some(it) = self.endpoints.get_mut(endpoint) else {
            return;
        };
        let place = (it.owner, endpoint.slot());
        let Some(setup) = &mut it.setup else {
            return;
        };
        self.generations = self.generations.wrapping_add(1);
        let generation = self.generations;
        setup.regenerate(place, generation, &mut self.random, most);
        let count = setup.gathered.len() as u8;
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
        let Some(owner) = self.current(endpoint, generation).map(|it| it.owner) else {
            return;
        };
        let fingerprint = self.fingerprint(owner);
        let it = self.endpoint_mut(endpoint);
        let Some(setup) = it.and_then(|it| it.setup.as_mut()) else {
            return;
        };
        let description: Description = setup.description(fingerprint, usize::from(known));
        setup.negotiation = match setup.negotiation {
            Negotiation::Offering | Negotiation::Offered => Negotiation::Offered,
            Negotiation::Answering | Negotiation::Stable => Negotiation::Stable,
        };
        self.both_described(endpoint);
        self.feed_connection(endpoint, ConnectionInput::LocalDescription(description));
    }

    pub(super) fn gathered(&mut self, endpoint: EndpointIndex, generation: u32, index: u8) {
        let it = self.current(endpoint, generation);
        if let Some(setup) = it.and_then(|it| it.setup.as_ref()) {
            let candidate: Candidate = setup.gathered[usize::from(index)].clone();
            self.feed_connection(endpoint, ConnectionInput::LocalCandidate(candidate));
        }
    }

    pub(super) fn gathering_done(&mut self, endpoint: EndpointIndex, generation: u32) {
        if self.current(endpoint, generation).is_none() {
            return;
        }
        let it = self.endpoint_mut(endpoint);
        if let Some(setup) = it.and_then(|it| it.setup.as_mut()) {
            setup.is_gathered = true;
        }
        self.feed_connection(endpoint, ConnectionInput::LocalCandidatesDone);
        self.settle(endpoint);
    }

    /// The endpoint, if what was scheduled for this generation still counts.
    fn current(&self, endpoint: EndpointIndex, generation: u32) -> Option<&Endpoint> {
        let it = self.endpoint(endpoint)?;
        let counts = it.generation() == Some(generation);
        (counts && (!it.is_closed() || self.is_late_fact(it))).then_some(it)
    }
}
