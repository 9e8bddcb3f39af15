//! Joining without a server: people carry an invitation to a newcomer, and its answer back.

use boplish_native::core::{Event, InviteError};
use boplish_native::{EventsError, PeerError};

use super::report::Report;
use super::{Session, stdin};
use crate::failure::Failure;

impl Session {
    /// Accepts an invitation, and prints the answer.
    pub(crate) async fn accept(&self, invitation: &str) -> Result<(), Failure> {
        let accepted = self.peer.accept_invitation(invitation).await;
        let accepted = accepted.map_err(|error| Failure::Usage(format!("--accept: {error}")))?;
        let (peer, answer) = (accepted.peer, accepted.answer);
        Ok(self.printer.print(&Report::Accepted { peer, answer })?)
    }

    /// Resolves when no link has come of an invitation that was accepted.
    pub(super) async fn invitation_failed(&self) {
        let mut events = self.peer.events();
        loop {
            match events.recv().await {
                Ok(event) => {
                    if let Event::InvitationFailed { .. } = event {
                        return;
                    }
                }
                Err(EventsError::Lagged(_)) => {}
                // Others say so, too.
                Err(EventsError::Closed) => return std::future::pending().await,
            }
        }
    }

    /// Prints an invitation, takes its answer from stdin, and begins anew. Goes on until it fails.
    pub(super) async fn invite(&self) -> Result<(), Failure> {
        let mut lines = stdin::lines();
        loop {
            let invitation = self.peer.invite().await;
            let invitation = invitation.map_err(|error| Failure::runtime("can't invite", error))?;
            self.printer.print(&Report::Invitation { invitation })?;
            loop {
                let Some(answer) = lines.recv().await else {
                    // The peer stays, although nobody else can be invited.
                    return std::future::pending().await;
                };
                let answer = answer.map_err(|error| Failure::runtime("stdin", error))?;
                let Err(error) = self.peer.complete_invitation(&answer).await else {
                    break;
                };
                eprintln!("{error}");
                // Anything but a text that is wrong has used the invitation up.
                if matches!(
                    error,
                    PeerError::NoLink(_) | PeerError::Invitation(InviteError::Lapsed)
                ) {
                    break;
                }
            }
        }
    }
}
