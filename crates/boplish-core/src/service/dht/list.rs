//! The listed records of one subject: their keys differ in the last bits only, so that one peer owns
//! them all, and tells which there are.

use boplish_wire::limits::MAX_LISTED;
use boplish_wire::store::{Client, StoreMessage};
use boplish_wire::{PeerId, Record};
use rand_core::Rng;

use super::ask::{Asked, GetError, What};
use super::{Dht, StoreToken};
use crate::kbr::is_within;
use crate::service::StoreOutput;
use crate::time::Time;

impl Dht {
    /// Asks for the records with the keys after `from` and up to `to`, as their owner has them.
    pub(super) fn ask_for_list(
        &mut self,
        now: Time,
        (from, to): (PeerId, PeerId),
    ) -> Result<StoreToken, GetError> {
        let what = What::List { from, to };
        self.ask(now, what).ok_or(GetError::Congested)
    }

    /// Tells which records there are in an interval of keys.
    pub(super) fn lead_list(
        &mut self,
        now: Time,
        from: PeerId,
        (token, client): (u32, Client),
        (after, to): (PeerId, PeerId),
    ) {
        let peer = client.peer.unwrap_or(from);
        let unix = self.seconds(now);
        let mut keys: Vec<PeerId> = self.shelf.keys_within(&after, &to);
        keys.retain(|key| {
            let held = self.shelf.get(key);
            held.is_some_and(|held| held.record.expires() > unix)
        });
        // Where all are new, it would else go round, and end at one who has nothing.
        let may_answer = client.passed > 0 && !keys.is_empty();
        if let Some((elder, client)) = self.elder(now, peer, client.passed)
            && !may_answer
        {
            let list = StoreMessage::List {
                token,
                client,
                from: after,
                to,
            };
            return self.say(elder, list);
        }
        if keys.is_empty() && !self.view.is_settled() {
            return;
        }
        if keys.len() > MAX_LISTED {
            // Each time others, so that all of them are asked.
            let first = self.rng.next_u32() as usize % keys.len();
            keys.rotate_left(first);
            keys.truncate(MAX_LISTED);
        }
        let held = keys.iter().filter_map(|key| self.shelf.get(key));
        let records = held.map(|held| held.record.encode()).collect();
        self.say(peer, StoreMessage::Listed { token, records });
    }

    /// The owner of an interval tells which records there are.
    pub(super) fn handle_listed(
        &mut self,
        now: Time,
        from: PeerId,
        token: u32,
        records: &[Vec<u8>],
    ) {
        let Some(Asked {
            what: What::List { from: after, to },
            ..
        }) = self.asked.get(&token)
        else {
            return;
        };
        let (after, to) = (*after, *to);
        self.asked.remove(&token);
        let decoded = records
            .iter()
            .filter_map(|bytes| self.decode(now, from, bytes));
        let mut records: Vec<Record> = decoded.collect();
        records.retain(|record| is_within(&after, &record.key(), &to));
        self.outputs.push_back(StoreOutput::Listed {
            token: StoreToken(token),
            result: Ok(records),
        });
    }
}
