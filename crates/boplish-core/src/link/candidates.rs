//! Trickled candidates (RFC 8838): own ones on their way out, in batches, and early ones of
//! others that come before what they belong to.

use core::time::Duration;

use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::{Candidate, PeerId, SessionId};

use crate::table::{Table, pop_first, shrink};
use crate::time::Time;

/// Sessions whose early candidates are kept; the smallest key goes first when it is exceeded.
const MAX_EARLY: usize = 64;

/// Own candidates of one ICE generation, collected until a batch is due.
#[derive(Debug, Default)]
pub(super) struct Batch {
    waiting: Vec<Candidate>,
    added: usize,
    done: bool,
    due: Option<Time>,
}

impl Batch {
    /// Takes a candidate that ICE has found.
    pub(super) fn add(&mut self, now: Time, candidate: Candidate, delay: Duration) {
        if self.added == MAX_CANDIDATES {
            return;
        }
        self.added += 1;
        self.waiting.push(candidate);
        self.due.get_or_insert(now + delay);
    }

    /// There will be no further candidates, and all have gone along with the description.
    pub(super) fn conclude(&mut self) {
        self.done = true;
    }

    /// There will be no further candidates: what waits is due at once.
    pub(super) fn finish(&mut self, now: Time) {
        self.done = true;
        self.due = Some(now);
    }

    /// Whether all candidates have gone out.
    pub(super) fn is_finished(&self) -> bool {
        self.done && self.due.is_none()
    }

    /// When the next batch is due.
    pub(super) fn due(&self) -> Option<Time> {
        self.due
    }

    /// The batch that is due, and whether it is the last.
    pub(super) fn take_due(&mut self, now: Time) -> Option<(Vec<Candidate>, bool)> {
        self.due.take_if(|due| *due <= now)?;
        Some((core::mem::take(&mut self.waiting), self.done))
    }
}

/// Candidates of others that came before the offer they belong to.
#[derive(Debug, Default)]
pub(super) struct Early {
    sessions: Table<(PeerId, SessionId), Vec<Candidate>>,
}

impl Early {
    /// Keeps candidates until their session is known.
    pub(super) fn keep(&mut self, peer: PeerId, session: SessionId, candidates: Vec<Candidate>) {
        let kept = self.sessions.get_or_default((peer, session));
        let room = MAX_CANDIDATES.saturating_sub(kept.len());
        kept.extend(candidates.into_iter().take(room));
        if self.sessions.len() > MAX_EARLY {
            pop_first(&mut self.sessions);
        }
    }

    /// What was kept for a session.
    pub(super) fn take(&mut self, peer: PeerId, session: SessionId) -> Vec<Candidate> {
        let kept = self.sessions.remove(&(peer, session));
        shrink(&mut self.sessions);
        kept.unwrap_or_default()
    }
}
