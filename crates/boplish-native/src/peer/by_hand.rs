//! Callers that wait for what people are to carry, or for the link that comes of it.

use std::collections::BTreeMap;

use boplish_core::io::InvitationId;
use boplish_core::{Event, InviteError};
use boplish_wire::PeerId;
use tokio::sync::oneshot;

use super::{AcceptedInvitation, PeerError};

/// Whoever is told how it went.
pub(super) type Done<T> = oneshot::Sender<Result<T, PeerError>>;

/// Who waits for what. The node bounds the invitations, and reports an outcome for each.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    invitations: BTreeMap<InvitationId, Done<String>>,
    answers: BTreeMap<PeerId, Done<AcceptedInvitation>>,
    links: BTreeMap<PeerId, Done<PeerId>>,
}

impl ByHand {
    /// Waits for the text of an own invitation.
    pub(super) fn await_invitation(
        &mut self,
        begun: Result<InvitationId, InviteError>,
        done: Done<String>,
    ) {
        match begun {
            Ok(invitation) => drop(self.invitations.insert(invitation, done)),
            Err(error) => fail(done, error),
        }
    }

    /// Waits for the text of the answer to another's.
    pub(super) fn await_answer(
        &mut self,
        begun: Result<PeerId, InviteError>,
        done: Done<AcceptedInvitation>,
    ) {
        match begun {
            Ok(peer) => {
                // A newer invitation of the same peer takes the place of an older one.
                if let Some(older) = self.answers.insert(peer, done) {
                    fail(older, InviteError::Lapsed);
                }
            }
            Err(error) => fail(done, error),
        }
    }

    /// Waits for the link that an answer leads to.
    pub(super) fn await_link(&mut self, begun: Result<PeerId, InviteError>, done: Done<PeerId>) {
        match begun {
            Ok(peer) => drop(self.links.insert(peer, done)),
            Err(error) => fail(done, error),
        }
    }

    /// Wakes whoever waits for this event. Gives the event back if it is for everyone.
    pub(super) fn handle_event(&mut self, event: Event) -> Option<Event> {
        if let Event::Invitation { invitation, text } = event {
            return match self.invitations.remove(&invitation) {
                Some(done) => {
                    // A caller that has gone away needs no answer.
                    let _ = done.send(Ok(text));
                    None
                }
                None => Some(Event::Invitation { invitation, text }),
            };
        }
        if let Event::InvitationAnswer { peer, text } = event {
            return match self.answers.remove(&peer) {
                Some(done) => {
                    let _ = done.send(Ok(AcceptedInvitation { peer, answer: text }));
                    None
                }
                None => Some(Event::InvitationAnswer { peer, text }),
            };
        }
        if let Event::InvitationLapsed(invitation) = &event
            && let Some(done) = self.invitations.remove(invitation)
        {
            fail(done, InviteError::Lapsed);
        } else if let Event::PeerConnected(peer) = &event
            && let Some(done) = self.links.remove(peer)
        {
            let _ = done.send(Ok(*peer));
        } else if let Event::InvitationFailed { peer } = &event {
            if let Some(done) = self.links.remove(peer) {
                let _ = done.send(Err(PeerError::NoLink(*peer)));
            }
            if let Some(done) = self.answers.remove(peer) {
                let _ = done.send(Err(PeerError::NoLink(*peer)));
            }
        }
        Some(event)
    }
}

fn fail<T>(done: Done<T>, error: InviteError) {
    let _ = done.send(Err(error.into()));
}
