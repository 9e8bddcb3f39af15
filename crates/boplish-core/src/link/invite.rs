//! Offers and answers that people carry: how a newcomer joins when no server is there.
//!
//! They are ordinary signed signals, as text, with all their candidates: nothing can be sent
//! behind them. The one who accepts has to wait for as long as people take.

use core::time::Duration;

use boplish_wire::{
    Candidate, CandidateKind, PeerId, SessionId, Setup, Signal, SignalError, SignedSignal,
    Transport,
};

use super::handshake::{Handshake, Remote, Role};
use super::signals::{offer_digest, offered_fingerprint_matches};
use super::{Attempt, LinkOutput, Links};
use crate::io::{ConnectionCommand, ConnectionId, ConnectionInput, Event, InvitationId};
use crate::time::Time;

/// Invitations that are open at the same time.
const MAX_INVITATIONS: usize = 8;

/// Invitations that are remembered after that, so that a late answer is told from a wrong one.
const MAX_LAPSED: usize = 16;

/// Candidates are waited for so long; some servers don't answer.
pub(super) const GATHERING_BY_HAND: Duration = Duration::from_secs(3);

/// Candidates of one kind in a text: people want it short.
const MAX_OF_KIND: u8 = 6;

/// Why an invitation, or the answer to one, is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// The node is closed, or was not opened.
    #[error("the node is not open")]
    Closed,
    /// As many invitations are open, or as many links there, as may be.
    #[error("there is no room for another invitation or link")]
    Full,
    /// The text can't be read.
    #[error("the text is no invitation: {0}")]
    Malformed(SignalError),
    /// An invitation was given where its answer is wanted, or the other way round.
    #[error("an invitation and its answer were mixed up")]
    MixedUp,
    /// The text was changed, or does not belong together with the own invitation.
    #[error("the text does not verify")]
    Forged,
    /// The peer's own invitation or answer.
    #[error("a peer can't invite itself")]
    Own,
    /// The answer is to another peer's invitation.
    #[error("the answer is to an invitation of another peer")]
    NotOurs,
    /// The invitation was used, or has expired; another one is needed.
    #[error("the invitation was used or has expired")]
    Lapsed,
    /// There is a link to the peer already, or one is being opened.
    #[error("peer {0} is connected already")]
    Linked(PeerId),
}

impl From<SignalError> for InviteError {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Unverified(_) => Self::Forged,
            SignalError::NotASignal(_)
            | SignalError::UnknownKind(_)
            | SignalError::Malformed { .. }
            | SignalError::Invalid { .. } => Self::Malformed(error),
        }
    }
}

impl Links {
    /// Makes an offer for people to carry.
    pub(crate) fn invite(&mut self, now: Time) -> Result<InvitationId, InviteError> {
        if self.is_full() || self.invitations.len() >= MAX_INVITATIONS {
            return Err(InviteError::Full);
        }
        self.earliest.set(None);
        let connection = self.next_connection();
        let deadline = now + self.config.invitation_lifetime;
        let mut handshake = Handshake::offering(connection, deadline);
        handshake.by_hand = true;
        self.invitations.push(handshake);
        self.command(connection, ConnectionCommand::CreateOffer);
        Ok(InvitationId(connection.0))
    }

    /// Answers such an offer.
    pub(crate) fn accept_invitation(
        &mut self,
        now: Time,
        text: &str,
    ) -> Result<PeerId, InviteError> {
        let (signed, from) = self.read(text)?;
        let Signal::Offer { .. } = signed.signal_unverified()? else {
            return Err(InviteError::MixedUp);
        };
        let Signal::Offer { description } = signed.verify(from, None)? else {
            return Err(InviteError::MixedUp);
        };
        self.refuse_linked(from)?;
        if self.is_full() {
            return Err(InviteError::Full);
        }
        if !self.seen.insert(offer_digest(from, description.session)) {
            return Err(InviteError::Lapsed);
        }
        self.earliest.set(None);
        self.abandon_handshake(from);
        let connection = self.new_connection(from);
        let remote = Remote::of(&description);
        let deadline = now + self.config.invitation_lifetime;
        let mut handshake = Handshake::answering(connection, description.session, remote, deadline);
        handshake.by_hand = true;
        self.attempt(from).handshake = Some(handshake);
        let offer = description;
        self.command(connection, ConnectionCommand::CreateAnswer { offer });
        Ok(from)
    }

    /// Takes the answer to an own offer.
    pub(crate) fn complete_invitation(
        &mut self,
        now: Time,
        text: &str,
    ) -> Result<PeerId, InviteError> {
        let (signed, from) = self.read(text)?;
        let Signal::Answer {
            of,
            offered,
            description,
        } = signed.signal_unverified()?
        else {
            return Err(InviteError::MixedUp);
        };
        let is_it = |own: &Handshake| own.awaits_answer_of(of);
        let Some(index) = self.invitations.iter().position(is_it) else {
            return Err(match self.lapsed.contains(&of) {
                true => InviteError::Lapsed,
                false => InviteError::NotOurs,
            });
        };
        signed.verify(from, Some(self.keypair.id()))?;
        if !offered_fingerprint_matches(self.invitations.get(index), offered) {
            return Err(InviteError::Forged);
        }
        self.refuse_linked(from)?;
        let mut handshake = self.invitations.remove(index);
        self.remember_lapsed(of);
        handshake.deadline = now + self.config.handshake_timeout;
        self.abandon_handshake(from);
        self.own_connection(handshake.connection, from);
        self.attempt(from).handshake = Some(handshake);
        self.accept_answer(now, from, description);
        self.earliest.set(None);
        Ok(from)
    }

    /// What was carried, and who says that it is theirs.
    fn read(&self, text: &str) -> Result<(SignedSignal, PeerId), InviteError> {
        let signed = SignedSignal::from_text(text)?;
        let from = signed.claimed_sender();
        match from == self.keypair.id() {
            true => Err(InviteError::Own),
            false => Ok((signed, from)),
        }
    }

    fn refuse_linked(&self, peer: PeerId) -> Result<(), InviteError> {
        let leaves_way = Handshake::waits_by_hand;
        let is_free = self.handshake(peer).is_none_or(leaves_way);
        match is_free && !self.open.contains_key(&peer) {
            true => Ok(()),
            false => Err(InviteError::Linked(peer)),
        }
    }

    /// What the shell says of the connection of an invitation.
    pub(super) fn handle_invitation_connection(
        &mut self,
        now: Time,
        connection: ConnectionId,
        input: ConnectionInput,
    ) {
        let mut invitations = self.invitations.iter_mut();
        let Some(own) = invitations.find(|own| own.connection == connection) else {
            return;
        };
        self.earliest.set(None);
        match input {
            ConnectionInput::LocalDescription(description) => {
                own.waiting = Some(Box::new((description, now + GATHERING_BY_HAND)));
            }
            ConnectionInput::LocalCandidate(candidate) => {
                if let Some(candidate) = own.wait_with(candidate) {
                    // Too late; it may still be of use when the link is up.
                    own.batch.add(now, candidate, Duration::ZERO);
                }
            }
            ConnectionInput::LocalCandidatesDone => match &mut own.waiting {
                Some(waiting) => {
                    waiting.1 = now;
                    own.batch.conclude();
                }
                None => own.batch.finish(now),
            },
            ConnectionInput::Closed { reason } => {
                tracing::debug!(reason, "an invitation failed");
                own.deadline = now;
            }
            ConnectionInput::Opened
            | ConnectionInput::Message(_)
            | ConnectionInput::BufferedAmount(_)
            | ConnectionInput::Ice(_) => {}
        }
        self.drive_invitations(now);
    }

    /// Gives out what is complete, and drops what nobody has answered in time.
    pub(super) fn drive_invitations(&mut self, now: Time) {
        let mut index = 0;
        while let Some(own) = self.invitations.get_mut(index) {
            if own.deadline <= now {
                let own = self.invitations.remove(index);
                self.close_connection(own.connection);
                if let Some(session) = own.session {
                    self.remember_lapsed(session);
                }
                let lapsed = Event::InvitationLapsed(InvitationId(own.connection.0));
                self.outputs.push_back(LinkOutput::Event(lapsed));
                continue;
            }
            if let Some(waiting) = own.waiting.take_if(|waiting| waiting.1 <= now) {
                let mut description = waiting.0;
                shorten(&mut description.candidates);
                // Whoever waits for minutes must not be the DTLS client, which would give up.
                description.setup = Setup::Active;
                own.set_local(&description);
                let invitation = InvitationId(own.connection.0);
                let signal = Signal::Offer { description };
                let text = SignedSignal::sign(&signal, &self.keypair, None).to_text();
                let given = Event::Invitation { invitation, text };
                self.outputs.push_back(LinkOutput::Event(given));
            }
            index += 1;
        }
    }

    /// Gives out the answer to a peer's invitation.
    pub(super) fn give_answer(&mut self, peer: PeerId, answer: &Signal) {
        let text = SignedSignal::sign(answer, &self.keypair, Some(peer)).to_text();
        let given = Event::InvitationAnswer { peer, text };
        self.outputs.push_back(LinkOutput::Event(given));
    }

    fn remember_lapsed(&mut self, session: SessionId) {
        if self.lapsed.len() == MAX_LAPSED {
            self.lapsed.remove(0);
        }
        self.lapsed.push(session);
    }
}

impl Attempt {
    /// Whether there is nothing but an answer that people carry: it does not keep a peer from
    /// better ways.
    pub(super) fn leaves_way(&self) -> bool {
        let waits = Handshake::waits_by_hand;
        self.handshake.as_ref().is_none_or(waits)
    }
}

impl Handshake {
    /// Whether this is the answer to an invitation.
    pub(super) fn waits_by_hand(&self) -> bool {
        self.by_hand && self.role == Role::Answerer
    }
}

/// Leaves out what is of little use, and gives foundations short names. Those may all differ: it
/// only has ICE check more pairs at once.
pub(super) fn shorten(candidates: &mut Vec<Candidate>) {
    let (mut counts, mut name) = ([0; 4], b'a');
    candidates.retain_mut(|candidate| {
        let count = &mut counts[match candidate.kind {
            CandidateKind::Host => 0,
            CandidateKind::ServerReflexive => 1,
            CandidateKind::PeerReflexive => 2,
            CandidateKind::Relay => 3,
        }];
        // Between peers TCP hardly ever works.
        let is_of_use = candidate.transport == Transport::Udp && *count < MAX_OF_KIND;
        if is_of_use {
            *count += 1;
            candidate.foundation = char::from(name).to_string().into();
            name += 1;
        }
        is_of_use
    });
}
