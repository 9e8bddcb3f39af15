//! The bopcast group (`protocol/bopcast`).

use boplish_wire::{Kind, Payload, PeerId};

use super::{Node, SendError};
use crate::io::Event;
use crate::protocol::bopcast::{self, BopcastOutput, Group};
use crate::time::Time;

impl Node {
    /// Asks a peer to share a bopcast group: a `register-request` (the report, figure 4.2).
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn register_in_group(&mut self, now: Time, peer: PeerId) -> Result<(), SendError> {
        self.refuse_unsendable(peer, 0)?;
        let payload = Group::register();
        self.originate(now, Some(peer), bopcast::NAME, Kind::Plain, payload);
        self.drain(now);
        Ok(())
    }

    /// Sends a payload to every member of the bopcast group.
    ///
    /// # Errors
    ///
    /// [`SendError::TooLong`] if the payload does not fit into a bopcast message; otherwise see
    /// [`SendError`]. Nothing was sent then.
    pub fn send_to_group(&mut self, now: Time, payload: Payload) -> Result<(), SendError> {
        let payload = Group::deliver(&payload).ok_or(SendError::TooLong(payload.len()))?;
        let members = self.group.members();
        for member in &members {
            self.refuse_unsendable(*member, payload.len())?;
        }
        for member in members {
            self.originate(
                now,
                Some(member),
                bopcast::NAME,
                Kind::Plain,
                payload.clone(),
            );
        }
        self.drain(now);
        Ok(())
    }

    /// The members of the bopcast group, without the own id.
    pub fn group_members(&self) -> Vec<PeerId> {
        self.group.members()
    }

    pub(super) fn handle_bopcast(&mut self, now: Time, from: PeerId, output: BopcastOutput) {
        for (to, payload) in output.say {
            self.originate(now, Some(to), bopcast::NAME, Kind::Plain, payload);
        }
        if output.changed {
            self.group_changed();
        }
        if let Some(payload) = output.delivered {
            self.event(Event::GroupMessage { from, payload });
        }
    }

    pub(super) fn group_changed(&mut self) {
        let members = self.group.members();
        self.event(Event::GroupChanged { members });
    }
}
