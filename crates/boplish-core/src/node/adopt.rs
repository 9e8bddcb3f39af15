//! Links that the simulator has made without a handshake.

use boplish_wire::{Fingerprint, PeerId, SessionId};

use super::{Node, Phase};
use crate::io::ConnectionId;
use crate::time::Time;

/// A link whose handshake is left out.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct AdoptedLink<'a> {
    /// Who is at the other end.
    pub peer: PeerId,
    /// Whether this peer is the one that would have offered.
    pub offered: bool,
    /// The session of that offer.
    pub session: SessionId,
    /// The other side's certificate.
    pub fingerprint: Fingerprint,
    /// The other side's ICE user name fragment.
    pub ufrag: &'a str,
    /// What the other side's router would have said in its hello.
    pub routing: &'a [u8],
}

impl Node {
    /// Opens a link as if its handshake had been completed just now: an ordered start of a million
    /// peers would take too long with handshakes. The shell is to have a connection of that id.
    ///
    /// `None` if the node is closed or has no room, or if there is a link to the peer already.
    #[doc(hidden)]
    pub fn adopt_link(&mut self, now: Time, link: AdoptedLink<'_>) -> Option<ConnectionId> {
        if self.phase != Phase::Open {
            return None;
        }
        let connection = self.links.adopt(now, link);
        self.drain(now);
        connection
    }
}
