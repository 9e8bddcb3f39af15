//! Peers of the ring that store nothing, such as pages with the drop-in script: they say so when they
//! are asked, and the next peer that stores takes their place.

use boplish_wire::PeerId;
use boplish_wire::store::StoreMessage;

use super::Dht;
use crate::service::StoreOutput;
use crate::time::Time;

impl Dht {
    /// A peer stores nothing: whatever it was asked is asked of the next.
    pub(super) fn handle_idle(&mut self, now: Time, peer: PeerId, asked: &[u8]) {
        let Some(message) = StoreMessage::decode(asked) else {
            return;
        };
        if self.view.note_idle(now, peer) {
            self.plan_repair(now);
        }
        match message {
            StoreMessage::Put { token, client, .. }
            | StoreMessage::Get { token, client, .. }
            | StoreMessage::List { token, client, .. } => {
                let is_own = client.peer.is_none() && self.asked.contains_key(&token);
                if is_own {
                    self.ask_behind(peer, &message);
                } else if let Some(from) = client.peer {
                    // Passed on by this peer, while it was new: it was its own question, in effect.
                    self.take(now, from, message);
                }
            }
            StoreMessage::Store { token, .. } if self.repair.is_stray(token) => {
                self.ask_behind(peer, &message);
            }
            StoreMessage::Read { token, .. } | StoreMessage::Store { token, .. } => {
                self.replace_voter(now, token, &peer);
            }
            StoreMessage::Done { .. }
            | StoreMessage::Copy { .. }
            | StoreMessage::Vote { .. }
            | StoreMessage::Summary { .. }
            | StoreMessage::Versions { .. }
            | StoreMessage::Want { .. }
            | StoreMessage::Listed { .. }
            | StoreMessage::Idle { .. } => {}
        }
    }

    /// Whether this peer may be one of those who should have a key's record. It does not know who of
    /// those before it store nothing: if it would be a replica without them, it asks.
    pub(super) fn may_store(&mut self, now: Time, key: &PeerId) -> bool {
        if self.is_replica(now, key) {
            return true;
        }
        let peers = self.view.holders(key, 2 * self.config.replicas);
        let Some(place) = peers.iter().position(|peer| *peer == self.own) else {
            return false;
        };
        for peer in peers.into_iter().take(place) {
            if self.view.note_probed(now, peer) {
                // There is nothing to be sent for it; who stores nothing says so.
                let keys = Vec::new();
                self.say(peer, StoreMessage::Want { keys });
            }
        }
        true
    }

    /// Says something to the first peer behind another.
    fn ask_behind(&mut self, peer: PeerId, message: &StoreMessage) {
        self.outputs
            .push_back(StoreOutput::say_to_owner(behind(&peer), message));
    }
}

/// The first key that is not a peer's own.
fn behind(peer: &PeerId) -> PeerId {
    let mut bytes = *peer.as_bytes();
    for byte in bytes.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    PeerId::from_bytes(bytes)
}
