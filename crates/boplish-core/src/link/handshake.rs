//! One attempt to open a link: from the offer or answer to the peer's hello.

use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::{Candidate, Description, Fingerprint, SessionId};

use super::candidates::Batch;
use crate::io::ConnectionId;
use crate::time::Time;

/// Which side of the handshake this peer is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It sent the offer, and starts later ICE restarts.
    Offerer,
    /// It sent the answer.
    Answerer,
}

/// How far the attempt is (the report, figure 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The local description is being made; nothing was sent yet.
    Creating,
    /// The offer is out ("wait for answer").
    Offered,
    /// Both descriptions are known ("wait for connection establishment").
    Connecting,
    /// The channel is open and our hello is out.
    Greeting,
}

/// What is known of the own side once it is described.
#[derive(Debug, Clone)]
pub(super) struct Local {
    pub(super) fingerprint: Fingerprint,
    pub(super) ufrag: Box<str>,
}

/// What is known of the other side once it is described.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    pub(super) fingerprint: Fingerprint,
    pub(super) ufrag: Box<str>,
}

impl Remote {
    /// Of the other side's description.
    pub(super) fn of(description: &Description) -> Self {
        Self {
            fingerprint: description.fingerprint,
            ufrag: description.ufrag.clone(),
        }
    }
}

/// One attempt to open a link.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) connection: ConnectionId,
    pub(super) role: Role,
    pub(super) stage: Stage,
    /// The offer's session; not known while the offer is being made.
    pub(super) session: Option<SessionId>,
    pub(super) local: Option<Local>,
    pub(super) remote: Option<Remote>,
    /// Given up if the link is not up by then.
    pub(super) deadline: Time,
    pub(super) batch: Batch,
    /// Remote candidates that came before the remote description.
    early: Vec<Candidate>,
    /// The own description, while it waits for its candidates, and until when.
    pub(super) waiting: Option<Box<(Description, Time)>>,
    /// Whether people carry the descriptions, which takes them minutes.
    pub(super) by_hand: bool,
}

impl Handshake {
    /// The attempt that begins with an own offer.
    pub(super) fn offering(connection: ConnectionId, deadline: Time) -> Self {
        Self {
            connection,
            role: Role::Offerer,
            stage: Stage::Creating,
            session: None,
            local: None,
            remote: None,
            deadline,
            batch: Batch::default(),
            early: Vec::new(),
            waiting: None,
            by_hand: false,
        }
    }

    /// The attempt that answers an offer.
    pub(super) fn answering(
        connection: ConnectionId,
        session: SessionId,
        remote: Remote,
        deadline: Time,
    ) -> Self {
        Self {
            connection,
            role: Role::Answerer,
            stage: Stage::Creating,
            session: Some(session),
            local: None,
            remote: Some(remote),
            deadline,
            batch: Batch::default(),
            early: Vec::new(),
            waiting: None,
            by_hand: false,
        }
    }

    /// Whether this is the own offer of that session, and no answer has come yet.
    pub(super) fn awaits_answer_of(&self, session: SessionId) -> bool {
        self.role == Role::Offerer && self.stage == Stage::Offered && self.session == Some(session)
    }

    /// Remote candidates: those to hand on now. They are kept while the remote description is
    /// missing, and ignored when they are not of its ICE generation.
    pub(super) fn remote_candidates(
        &mut self,
        ufrag: &str,
        candidates: Vec<Candidate>,
    ) -> Vec<Candidate> {
        match &self.remote {
            Some(remote) if *remote.ufrag == *ufrag => candidates,
            Some(_) => Vec::new(),
            None => {
                let room = MAX_CANDIDATES.saturating_sub(self.early.len());
                self.early.extend(candidates.into_iter().take(room));
                Vec::new()
            }
        }
    }

    /// The remote candidates that were kept.
    pub(super) fn take_early(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.early)
    }

    /// When something is to be done: a batch is due, or time is up.
    pub(super) fn timeout(&self) -> Time {
        let waiting = self.waiting.as_ref().map(|waiting| waiting.1);
        let due = waiting.or_else(|| self.batch_due());
        due.map_or(self.deadline, |due| due.min(self.deadline))
    }

    /// Takes an own candidate if the description still waits; else gives it back.
    pub(super) fn wait_with(&mut self, candidate: Candidate) -> Option<Candidate> {
        match &mut self.waiting {
            Some(waiting) if waiting.0.candidates.len() < MAX_CANDIDATES => {
                waiting.0.candidates.push(candidate);
                None
            }
            Some(_) => None,
            None => Some(candidate),
        }
    }

    /// When a batch of candidates may go out: not before the other side can place them, and not
    /// before there is a way to it.
    pub(super) fn batch_due(&self) -> Option<Time> {
        match self.stage {
            Stage::Offered | Stage::Connecting | Stage::Greeting if !self.by_hand => {
                self.batch.due()
            }
            Stage::Creating | Stage::Offered | Stage::Connecting | Stage::Greeting => None,
        }
    }

    /// Waits for the answer to an own offer, or for the link that an own answer leads to.
    pub(super) fn set_local(&mut self, description: &Description) {
        self.local = Some(Local {
            fingerprint: description.fingerprint,
            ufrag: description.ufrag.clone(),
        });
        self.stage = match self.role {
            Role::Offerer => {
                self.session = Some(description.session);
                Stage::Offered
            }
            Role::Answerer => Stage::Connecting,
        };
    }
}
