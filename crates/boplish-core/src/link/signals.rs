//! What the signals of other peers mean: offers and answers, glare, restarts.

use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::{
    Candidate, DeniedReason, Description, Fingerprint, Payload, PeerId, SessionId, Signal,
    SignedSignal,
};

use super::handshake::{Handshake, Remote, Role, Stage};
use super::open::{Generation, Restart};
use super::{Held, LinkOutput, Links, MAX_DEFERRED, PROBE_BEFORE_REPLACING, handshake_of, link_of};
use crate::io::{ConnectionCommand, DisconnectReason, Refusal};
use crate::time::Time;

impl Links {
    /// Takes the payload of a signaling-protocol message. `to` is as the message has it: empty
    /// when its sender did not know whom the bootstrap server would pick. `admits` says whether
    /// the peer may have a link if it offers one.
    pub(crate) fn handle_signal(
        &mut self,
        now: Time,
        from: PeerId,
        to: Option<PeerId>,
        payload: &Payload,
        admits: bool,
    ) {
        if self.closed || from == self.keypair.id() {
            return;
        }
        self.earliest.set(None);
        let signed = match SignedSignal::from_payload(payload) {
            Ok(signed) => signed,
            Err(error) => return self.refuse(from, Refusal::Malformed(error.to_string())),
        };
        match signed.verify(from, to) {
            Ok(signal) => {
                self.handle_verified(now, from, signal, admits);
                if let Some(attempt) = self.attempts.get_mut(&from) {
                    attempt.eager |= to.is_none();
                }
            }
            Err(_) => self.refuse(from, Refusal::UnverifiedSignal),
        }
    }

    /// The bootstrap server knows nobody else: the next one to come will offer.
    pub(crate) fn handle_denied_by_server(&mut self, now: Time) {
        let Some(handshake) = self.bootstrap.handshake.take() else {
            return;
        };
        self.earliest.set(None);
        self.close_connection(handshake.connection);
        let interval = self.config.alone_interval;
        let jitter = super::retry::random_below(interval / 2, &mut self.rng);
        self.bootstrap.next = now + interval / 2 + jitter;
        self.outputs.push_back(LinkOutput::Alone);
        self.take_deferred(now);
    }

    fn handle_verified(&mut self, now: Time, from: PeerId, signal: Signal, admits: bool) {
        match signal {
            Signal::Offer { description } => {
                if !self.seen.insert(offer_digest(from, description.session)) {
                    return self.refuse(from, Refusal::ReplayedOffer);
                }
                let is_known = self.open.contains_key(&from) || self.attempts.contains_key(&from);
                if !admits && !is_known {
                    return self.deny(from, description.session, DeniedReason::Full);
                }
                self.handle_offer(now, from, description);
            }
            Signal::Answer {
                of,
                offered,
                description,
            } => self.handle_answer(now, from, of, offered, description),
            Signal::Candidates {
                of,
                ufrag,
                candidates,
                done: _,
            } => self.handle_candidates(from, of, &ufrag, candidates),
            Signal::RestartOffer { of, description } => {
                self.handle_restart_offer(now, from, of, description);
            }
            Signal::RestartAnswer {
                of,
                offered_ufrag,
                description,
            } => self.handle_restart_answer(from, of, &offered_ufrag, description),
            Signal::RestartRequest { of } => {
                let link = link_of(&mut self.open, from);
                match link.map(|link| (link.session == of, link.role)) {
                    Some((true, Role::Offerer)) => self.restart(now, from),
                    Some((true, Role::Answerer) | (false, _)) | None => {
                        self.deny(from, of, DeniedReason::UnknownSession);
                    }
                }
            }
            Signal::Denied { of, reason: _ } => self.handle_denied(now, from, of),
        }
    }

    /// Glare while bootstrapping: the first offer may have gone to this very peer, so its offer
    /// competes with it (the report, 4.1.3). A lower one waits until it is known who got ours.
    fn handle_offer(&mut self, now: Time, from: PeerId, offer: Description) {
        if let Some(own) = &self.bootstrap.handshake {
            match own.session {
                Some(session) if session > offer.session => {
                    if self.deferred.len() < MAX_DEFERRED || self.deferred.contains_key(&from) {
                        self.deferred.insert(from, offer);
                    } else {
                        self.deny(from, offer.session, DeniedReason::Full);
                    }
                    return;
                }
                Some(_) | None => self.abandon_bootstrap(),
            }
        }
        self.handle_regular_offer(now, from, offer);
        self.take_deferred(now);
    }

    /// Glare in the regular phase: of two competing offers the one with the lower session id is
    /// discarded, by both peers alike.
    fn handle_regular_offer(&mut self, now: Time, from: PeerId, offer: Description) {
        let is_open = self.open.contains_key(&from);
        match self.handshake(from) {
            None if is_open => {
                // Whoever offers says that it has no link. Either that offer crossed the one that
                // opened ours, or the peer has lost its end: a sign of life decides.
                let take_at = Some(now + PROBE_BEFORE_REPLACING);
                self.hold(now, from, offer, take_at);
                self.send_keepalive(now, from, true);
            }
            Some(own) if own.role == Role::Offerer && own.session > Some(offer.session) => {
                // The peer discards its offer when ours reaches it. Should ours fail, its offer
                // was no glare and is taken then.
                self.hold(now, from, offer, None);
            }
            Some(_) => {
                self.abandon_handshake(from);
                self.accept_offer(now, from, offer);
            }
            None => self.accept_offer(now, from, offer),
        }
    }

    fn hold(&mut self, now: Time, from: PeerId, offer: Description, take_at: Option<Time>) {
        self.attempt(from).held = Some(Held {
            offer,
            since: now,
            take_at,
        });
    }

    /// Answers an offer.
    pub(super) fn accept_offer(&mut self, now: Time, from: PeerId, mut offer: Description) {
        if self.is_full() {
            self.forget_if_idle(from);
            return self.deny(from, offer.session, DeniedReason::Full);
        }
        offer
            .candidates
            .extend(self.early.take(from, offer.session));
        offer.candidates.truncate(MAX_CANDIDATES);
        let connection = self.new_connection(from);
        let remote = Remote::of(&offer);
        let deadline = now + self.config.handshake_timeout;
        let handshake = Handshake::answering(connection, offer.session, remote, deadline);
        self.attempt(from).handshake = Some(handshake);
        self.command(connection, ConnectionCommand::CreateAnswer { offer });
    }

    /// Takes the offers that waited for the fate of the own first offer.
    pub(super) fn take_deferred(&mut self, now: Time) {
        if self.bootstrap.handshake.is_none() {
            for (from, offer) in core::mem::take(&mut self.deferred) {
                self.handle_regular_offer(now, from, offer);
            }
        }
    }

    fn handle_answer(
        &mut self,
        now: Time,
        from: PeerId,
        of: SessionId,
        offered: Fingerprint,
        answer: Description,
    ) {
        let is_ours = |handshake: &Handshake| handshake.awaits_answer_of(of);
        if self.bootstrap.handshake.as_deref().is_some_and(is_ours) {
            if !offered_fingerprint_matches(self.bootstrap.handshake.as_deref(), offered) {
                return self.refuse(from, Refusal::MismatchedAnswer);
            }
            // Our first offer has found its receiver: whatever that one offered has lost.
            self.deferred.remove(&from);
            self.adopt_bootstrap(from);
            self.take_deferred(now);
        }
        let handshake = self.handshake(from);
        if !handshake.is_some_and(is_ours) {
            // A repetition of an answer that was taken is no reason to refuse its session.
            if !self.knows_session(from, of) {
                self.deny(from, of, DeniedReason::UnknownSession);
            }
            return;
        }
        if !offered_fingerprint_matches(handshake, offered) {
            return self.refuse(from, Refusal::MismatchedAnswer);
        }
        self.accept_answer(now, from, answer);
    }

    /// Whether a session is that of the handshake or link with a peer.
    fn knows_session(&self, peer: PeerId, session: SessionId) -> bool {
        let handshake = self.handshake(peer).and_then(|it| it.session);
        let link = self.open.get(&peer).map(|link| link.session);
        handshake == Some(session) || link == Some(session)
    }

    /// The first offer becomes the handshake with the peer that has answered it.
    fn adopt_bootstrap(&mut self, from: PeerId) {
        let Some(handshake) = self.bootstrap.handshake.take() else {
            return;
        };
        if self.handshake(from).is_some() || self.open.contains_key(&from) {
            self.close_connection(handshake.connection);
        } else {
            self.own_connection(handshake.connection, from);
            self.attempt(from).handshake = Some(*handshake);
        }
    }

    pub(super) fn accept_answer(&mut self, now: Time, from: PeerId, mut answer: Description) {
        let early = self.early_of(from);
        let Some(handshake) = handshake_of(&mut self.attempts, from) else {
            return;
        };
        handshake.stage = Stage::Connecting;
        handshake.deadline = now + self.config.handshake_timeout;
        handshake.remote = Some(Remote::of(&answer));
        answer.candidates.extend(handshake.take_early());
        answer.candidates.extend(early);
        answer.candidates.truncate(MAX_CANDIDATES);
        let connection = handshake.connection;
        self.command(connection, ConnectionCommand::AcceptAnswer(answer));
        self.send_handshake_candidates(now, from);
    }

    /// Early candidates of the peer that has just answered the first offer: they could not be
    /// placed while the receiver of that offer was unknown.
    fn early_of(&mut self, from: PeerId) -> Vec<Candidate> {
        let session = self.handshake(from).and_then(|it| it.session);
        session.map_or_else(Vec::new, |session| self.early.take(from, session))
    }

    /// Sends the batch of candidates that is due, once the receiver is known.
    pub(super) fn send_handshake_candidates(&mut self, now: Time, id: PeerId) {
        let Some(handshake) = handshake_of(&mut self.attempts, id) else {
            return;
        };
        let (Some(of), Some(local)) = (handshake.session, &handshake.local) else {
            return;
        };
        let ufrag = local.ufrag.clone();
        if let Some((candidates, done)) = handshake.batch.take_due(now) {
            self.send_candidates(id, of, ufrag, candidates, done);
        }
    }

    fn handle_candidates(
        &mut self,
        from: PeerId,
        of: SessionId,
        ufrag: &str,
        candidates: Vec<Candidate>,
    ) {
        if let Some(handshake) = handshake_of(&mut self.attempts, from)
            && handshake.session == Some(of)
        {
            let candidates = handshake.remote_candidates(ufrag, candidates);
            let connection = handshake.connection;
            return self.add_candidates(connection, candidates);
        }
        if let Some(link) = link_of(&mut self.open, from)
            && link.session == of
        {
            let connection = link.connection;
            if link.remote_generation == Generation::of(ufrag) {
                self.add_candidates(connection, candidates);
            }
            return;
        }
        let attempt = self.attempts.get_mut(&from);
        let held = attempt.and_then(|attempt| Some(&mut attempt.held.as_mut()?.offer));
        let waiting = held.or_else(|| self.deferred.get_mut(&from));
        match waiting.filter(|offer| offer.session == of) {
            Some(offer) => {
                offer.candidates.extend(candidates);
                offer.candidates.truncate(MAX_CANDIDATES);
            }
            None => self.early.keep(from, of, candidates),
        }
    }

    fn add_candidates(&mut self, connection: crate::io::ConnectionId, candidates: Vec<Candidate>) {
        if !candidates.is_empty() {
            self.command(connection, ConnectionCommand::AddCandidates(candidates));
        }
    }

    /// Begins an ICE restart, or asks the side that sent the first offer for one: with fixed
    /// roles restarts can't collide.
    pub(super) fn restart(&mut self, now: Time, id: PeerId) {
        let Some(link) = link_of(&mut self.open, id) else {
            return;
        };
        link.liveness.restarting(now);
        let (connection, of) = (link.connection, link.session);
        match link.role {
            Role::Offerer => {
                // The answer to an earlier restart must not be taken for one to this.
                link.restart = None;
                self.command(connection, ConnectionCommand::RestartIce);
            }
            Role::Answerer => self.signal(Some(id), &Signal::RestartRequest { of }),
        }
    }

    fn handle_restart_offer(&mut self, now: Time, from: PeerId, of: SessionId, offer: Description) {
        let Some(link) = link_of(&mut self.open, from)
            .filter(|link| link.session == of && link.role == Role::Answerer)
        else {
            return self.deny(from, of, DeniedReason::UnknownSession);
        };
        if link.remote_fingerprint != offer.fingerprint {
            return self.refuse(from, Refusal::MismatchedAnswer);
        }
        link.remote_generation = Generation::of(&offer.ufrag);
        let offered = offer.ufrag.clone();
        link.restart = Some(Box::new(Restart { offered }));
        link.liveness.restarting(now);
        let connection = link.connection;
        self.command(connection, ConnectionCommand::AnswerRestart { offer });
    }

    fn handle_restart_answer(
        &mut self,
        from: PeerId,
        of: SessionId,
        offered_ufrag: &str,
        answer: Description,
    ) {
        let Some(link) = link_of(&mut self.open, from).filter(|link| link.session == of) else {
            return self.deny(from, of, DeniedReason::UnknownSession);
        };
        let is_offered = |restart: &Restart| *restart.offered == *offered_ufrag;
        if link.role != Role::Offerer
            || !link.restart.as_deref().is_some_and(is_offered)
            || link.remote_fingerprint != answer.fingerprint
        {
            return self.refuse(from, Refusal::MismatchedAnswer);
        }
        link.restart = None;
        link.remote_generation = Generation::of(&answer.ufrag);
        let connection = link.connection;
        self.command(connection, ConnectionCommand::AcceptAnswer(answer));
    }

    /// The peer does not go on with a session: neither do we.
    fn handle_denied(&mut self, now: Time, from: PeerId, of: SessionId) {
        if let Some(own) = &self.bootstrap.handshake
            && own.session == Some(of)
        {
            return self.fail_bootstrap(now);
        }
        if self.deferred.get(&from).is_some_and(|it| it.session == of) {
            self.deferred.remove(&from);
        }
        if let Some(attempt) = self.attempts.get_mut(&from) {
            attempt.held.take_if(|held| held.offer.session == of);
            self.forget_if_idle(from);
        }
        let handshake = self.handshake(from).and_then(|it| it.session);
        if handshake == Some(of) {
            self.fail_handshake(now, from);
        } else if self.open.get(&from).is_some_and(|link| link.session == of) {
            self.close_link(from, None, DisconnectReason::Failed);
        }
    }

    /// Drops the own first offer in favour of another's.
    fn abandon_bootstrap(&mut self) {
        if let Some(own) = self.bootstrap.handshake.take() {
            self.close_connection(own.connection);
        }
    }

    /// Drops a handshake in favour of another with the same peer.
    pub(super) fn abandon_handshake(&mut self, id: PeerId) {
        let attempt = self.attempts.get_mut(&id);
        let handshake = attempt.and_then(|attempt| attempt.handshake.take());
        if let Some(handshake) = handshake {
            self.close_connection(handshake.connection);
        }
    }
}

pub(super) fn offered_fingerprint_matches(
    handshake: Option<&Handshake>,
    offered: Fingerprint,
) -> bool {
    let local = handshake.and_then(|handshake| handshake.local.as_ref());
    local.is_some_and(|local| local.fingerprint == offered)
}

/// Tells offers apart: the session is random, and mixed with its peer so that one peer can't use
/// up another's.
pub(super) fn offer_digest(from: PeerId, session: SessionId) -> u64 {
    from.as_bytes()
        .chunks(8)
        .flat_map(|part| part.first_chunk())
        .fold(session.0, |digest, part| {
            digest.rotate_left(32) ^ u64::from_be_bytes(*part)
        })
}
