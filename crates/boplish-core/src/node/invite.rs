//! Joining without a server: people carry an invitation to a newcomer, and its answer back.

use boplish_wire::PeerId;

use super::{Node, Phase};
use crate::io::InvitationId;
use crate::link::InviteError;
use crate::time::Time;

impl Node {
    /// Makes an invitation for one newcomer; [`Event::Invitation`](crate::Event::Invitation)
    /// follows within seconds. Whoever has its text can join until it has expired (see
    /// [`LinkConfig`](crate::config::LinkConfig)).
    ///
    /// # Errors
    ///
    /// [`InviteError::Closed`] and [`InviteError::Full`].
    pub fn invite(&mut self, now: Time) -> Result<InvitationId, InviteError> {
        self.by_hand(now, |node| node.links.invite(now))
    }

    /// Accepts an invitation, or a link that ends with `=` and one, and says who invited;
    /// [`Event::InvitationAnswer`](crate::Event::InvitationAnswer) follows within seconds. No
    /// bootstrap server is needed.
    ///
    /// # Errors
    ///
    /// See [`InviteError`].
    pub fn accept_invitation(&mut self, now: Time, text: &str) -> Result<PeerId, InviteError> {
        self.by_hand(now, |node| node.links.accept_invitation(now, text))
    }

    /// Takes the answer to an own invitation, and says whose it is. A link to that peer follows,
    /// or [`Event::InvitationFailed`](crate::Event::InvitationFailed).
    ///
    /// # Errors
    ///
    /// See [`InviteError`].
    pub fn complete_invitation(&mut self, now: Time, text: &str) -> Result<PeerId, InviteError> {
        self.by_hand(now, |node| node.links.complete_invitation(now, text))
    }

    fn by_hand<T>(
        &mut self,
        now: Time,
        act: impl FnOnce(&mut Self) -> Result<T, InviteError>,
    ) -> Result<T, InviteError> {
        if self.phase != Phase::Open {
            return Err(InviteError::Closed);
        }
        let result = act(self);
        self.drain(now);
        result
    }
}
