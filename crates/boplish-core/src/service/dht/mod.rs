//! The network's store: records under keys, each on eight peers, those at and after its key.
//!
//! - [`shelf`]: what this peer stores; [`view`]: whose votes count for a key;
//! - [`ask`]: what the application has asked for and waits for;
//! - [`lead`]: the owner of a key carries a write or a read out among the replicas;
//!   [`answers`]: what they say, and how it ends;
//! - [`idle`]: peers that store nothing, and who takes their place;
//! - [`list`]: what the owner of a subject tells of the records for it;
//! - [`repair`]: replicas compare what they have, and send each other what is missing.
//!
//! A write counts when most of those who vote have stored it. One with compare-and-swap is a round
//! of Paxos (Lamport: "Paxos made simple", 2001) for what follows a sequence number: the owner
//! asks the voters not to take records of earlier ballots and what they have, and writes only if
//! that is what was expected.

mod answers;
mod ask;
mod idle;
mod lead;
mod list;
mod popular;
mod repair;
mod shelf;
mod view;

use std::collections::VecDeque;

use boplish_wire::store::{Ballot, StoreMessage};
use boplish_wire::{PeerId, Record};
use rand_core::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use self::ask::Asked;
pub use self::ask::{GetError, PutError};
use self::lead::Round;
use self::popular::Popular;
use self::repair::Repair;
use self::shelf::{Held, Shelf, Taken};
use self::view::View;
use super::{Store, StoreOutput};
use crate::config::StoreConfig;
use crate::kbr::KeyBased;
use crate::table::Table;
use crate::time::Time;

/// Names something that the application has asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreToken(pub u32);

/// Steps that a ballot may be above all that is known here of a key.
const MAX_LEAP: u64 = 1024;

#[derive(Debug)]
pub(crate) struct Dht {
    own: PeerId,
    config: StoreConfig,
    /// Seconds since 1970 at the start of the run.
    epoch: u64,
    view: View,
    shelf: Shelf,
    asked: Table<u32, Asked>,
    rounds: Table<u32, Round>,
    repair: Repair,
    popular: Popular,
    rng: Xoshiro256PlusPlus,
    outputs: VecDeque<StoreOutput>,
}

impl Dht {
    /// `epoch` is what the time was at the start of the run, in seconds since 1970.
    pub(crate) fn new(
        own: PeerId,
        config: StoreConfig,
        epoch: u64,
        rng: Xoshiro256PlusPlus,
    ) -> Self {
        Self {
            own,
            epoch,
            view: View::new(own),
            shelf: Shelf::new(config.capacity),
            asked: Table::new(),
            rounds: Table::new(),
            repair: Repair::default(),
            popular: Popular::default(),
            rng,
            outputs: VecDeque::new(),
            config,
        }
    }

    /// The time, in seconds since 1970.
    fn seconds(&self, now: Time) -> u64 {
        self.epoch + now.since(Time::START).as_secs()
    }

    fn take(&mut self, now: Time, from: PeerId, message: StoreMessage) {
        match message {
            StoreMessage::Put {
                token,
                client,
                record,
                expected,
            } => self.lead_put(now, from, (token, client), record, expected),
            StoreMessage::Get {
                token,
                client,
                key,
                quick,
            } => self.lead_get(now, from, (token, client), key, quick),
            StoreMessage::Done {
                token,
                outcome,
                record,
            } => self.handle_done(now, from, token, outcome, record.as_deref()),
            StoreMessage::Read { token, key, ballot } => {
                let may_ask = ballot == 0 || self.may_lead(now, from, &key);
                let answer = match may_ask {
                    true => self.read(now, token, key, ballot),
                    false => StoreMessage::Copy {
                        token,
                        promised: false,
                        ballot: self.shelf.latest(now, &key),
                        record: None,
                    },
                };
                self.say(from, answer);
            }
            StoreMessage::Store {
                token,
                ballot,
                record,
            } => self.handle_store(now, from, token, ballot, &record),
            StoreMessage::Copy {
                token,
                promised,
                ballot,
                record,
            } => {
                let record = match record.map(|bytes| self.decode(now, from, &bytes)) {
                    Some(None) => return,
                    Some(Some(record)) => Some(record),
                    None => None,
                };
                if self.asked.contains_key(&token) {
                    self.handle_found(now, token, record);
                } else {
                    self.handle_copy(now, from, token, promised, ballot, record);
                }
            }
            StoreMessage::Vote { token, stored } => {
                self.stray_has_arrived(now, token, stored);
                self.handle_vote(now, from, token, stored);
            }
            StoreMessage::Summary {
                from: after,
                to,
                digest,
            } => {
                self.handle_summary(from, after, to, digest);
            }
            StoreMessage::Versions {
                from: after,
                to,
                versions,
            } => {
                self.handle_versions(now, from, after, to, &versions);
            }
            StoreMessage::Want { keys } => self.handle_want(from, &keys),
            StoreMessage::Idle { asked } => self.handle_idle(now, from, &asked),
            StoreMessage::List {
                token,
                client,
                from: after,
                to,
            } => self.lead_list(now, from, (token, client), (after, to)),
            StoreMessage::Listed { token, records } => {
                self.handle_listed(now, from, token, &records);
            }
        }
    }

    /// Whether a peer may be the owner of a key, as far as is known here: nobody else gets a promise.
    fn may_lead(&self, now: Time, peer: PeerId, key: &PeerId) -> bool {
        let count = self.config.replicas;
        let holders = self.view.holders(key, count);
        holders.contains(&peer) || self.view.voters(now, key, count).contains(&peer)
    }

    /// What this peer has under a key; with a ballot, a promise goes along.
    fn read(&mut self, now: Time, token: u32, key: PeerId, ballot: Ballot) -> StoreMessage {
        let (in_the_way, held) = self.consult(now, key, ballot);
        StoreMessage::Copy {
            token,
            promised: in_the_way.is_none(),
            ballot: in_the_way.or(held.map(|held| held.ballot)).unwrap_or(0),
            record: held.map(|held| held.record.encode()),
        }
    }

    /// The later ballot that is in the way of a promise, and what there is under a key.
    fn consult(
        &mut self,
        now: Time,
        key: PeerId,
        ballot: Ballot,
    ) -> (Option<Ballot>, Option<&Held>) {
        let in_the_way = match ballot {
            0 => None,
            _ => self.shelf.promise(now, key, ballot),
        };
        let unix = self.seconds(now);
        let held = self.shelf.get(&key);
        (in_the_way, held.filter(|held| held.record.expires() > unix))
    }

    /// A record is to be stored here.
    fn handle_store(&mut self, now: Time, from: PeerId, token: u32, ballot: Ballot, bytes: &[u8]) {
        let stored = match self.decode(now, from, bytes) {
            Some(record)
                if self.may_store(now, &record.key())
                    && self.may_be_ballot(now, from, &record, ballot) =>
            {
                match self.store(now, Held::new(record, ballot)) {
                    Taken::New | Taken::Same => true,
                    Taken::Older | Taken::Promised(_) | Taken::Full => false,
                }
            }
            Some(_) | None => false,
        };
        if token != 0 {
            self.say(from, StoreMessage::Vote { token, stored });
        }
    }

    /// Whether somebody has written a record in this ballot: from a stranger to the key, only one
    /// that may have come of those that are known here. Else one could be named that leaves no
    /// later one.
    fn may_be_ballot(&self, now: Time, from: PeerId, record: &Record, ballot: Ballot) -> bool {
        let key = record.key();
        let known = (self.shelf.latest(now, &key) >> 32).max(record.sequence());
        ballot >> 32 <= known.saturating_add(MAX_LEAP) || self.may_lead(now, from, &key)
    }

    /// Takes a record, and sees to it that it outlasts a restart.
    fn store(&mut self, now: Time, held: Held) -> Taken {
        let key = held.record.key();
        let taken = self.shelf.take(now, held);
        self.tell_evicted();
        if taken == Taken::New {
            let bytes = self.shelf.get(&key).map(|held| {
                let mut bytes = held.ballot.to_be_bytes().to_vec();
                bytes.extend(held.record.encode());
                bytes
            });
            self.outputs.push_back(StoreOutput::Keep { key, bytes });
        }
        taken
    }

    /// What has given way need not outlast a restart.
    fn tell_evicted(&mut self) {
        for key in self.shelf.take_evicted() {
            let bytes = None;
            self.outputs.push_back(StoreOutput::Keep { key, bytes });
        }
    }

    fn forget(&mut self, key: PeerId) {
        if self.shelf.remove(&key).is_some() {
            self.outputs
                .push_back(StoreOutput::Keep { key, bytes: None });
        }
    }

    /// The record that a peer has sent, if it may be stored.
    fn decode(&mut self, now: Time, from: PeerId, bytes: &[u8]) -> Option<Record> {
        let unix = self.seconds(now);
        let record = Record::decode(bytes).and_then(|record| {
            record.check_time(unix)?;
            Ok(record)
        });
        match record {
            Ok(record) => Some(record),
            Err(error) => {
                self.outputs.push_back(StoreOutput::Refused { from, error });
                None
            }
        }
    }

    fn say(&mut self, to: PeerId, message: StoreMessage) {
        self.outputs.push_back(StoreOutput::say(to, &message));
    }

    /// A number that no other question of this peer has, and nobody guesses.
    fn token(&mut self) -> u32 {
        loop {
            let token = self.rng.next_u32();
            if token != 0 && !self.asked.contains_key(&token) && !self.rounds.contains_key(&token) {
                return token;
            }
        }
    }
}

impl Store for Dht {
    fn put(
        &mut self,
        now: Time,
        record: &Record,
        expected: Option<u64>,
    ) -> Result<StoreToken, PutError> {
        self.ask_to_put(now, record, expected)
    }

    fn get(&mut self, now: Time, key: PeerId, quick: bool) -> Result<StoreToken, GetError> {
        self.ask_for(now, key, quick)
    }

    fn list(&mut self, now: Time, keys: (PeerId, PeerId)) -> Result<StoreToken, GetError> {
        self.ask_for_list(now, keys)
    }

    fn restore(&mut self, now: Time, bytes: &[u8]) {
        // What lies on a disk may be anything.
        if let Some((ballot, bytes)) = bytes.split_first_chunk()
            && let Ok(record) = Record::decode(bytes)
        {
            let key = record.key();
            let is_of_use = record.check_time(self.seconds(now)).is_ok();
            let held = Held::new(record, Ballot::from_be_bytes(*ballot));
            let is_kept = is_of_use && self.shelf.take(now, held) != Taken::Full;
            self.tell_evicted();
            if !is_kept {
                let bytes = None;
                self.outputs.push_back(StoreOutput::Keep { key, bytes });
            }
        }
    }

    fn unix(&self, now: Time) -> u64 {
        self.seconds(now)
    }

    fn set_unix(&mut self, now: Time, unix: u64) {
        self.epoch = unix.saturating_sub(now.since(Time::START).as_secs());
    }

    fn usage(&self) -> (usize, usize) {
        (self.shelf.len(), self.shelf.bytes())
    }

    fn held(&self, key: &PeerId) -> Option<&Record> {
        self.shelf.get(key).map(|held| &held.record)
    }

    #[cfg(feature = "simulator")]
    fn keys(&self) -> Vec<PeerId> {
        self.shelf.keys().copied().collect()
    }

    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8]) {
        match StoreMessage::decode(payload) {
            Some(message) => self.take(now, from, message),
            None => tracing::debug!(?from, "bad store message"),
        }
    }

    fn handle_passing(&mut self, now: Time, from: PeerId, payload: &[u8]) -> bool {
        self.pass(now, from, payload)
    }

    fn handle_update(&mut self, now: Time, near: &dyn KeyBased) {
        let was_settled = self.view.is_settled();
        self.view.update(now, near);
        if !self.view.is_member() {
            // Those who were to answer are gone; who has asked will ask again.
            self.rounds.clear();
        }
        if !was_settled && self.view.is_settled() {
            self.ask_again(now);
        }
        self.plan_repair(now);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.drive_asked(now);
        self.drive_rounds(now);
        self.drive_repair(now);
    }

    fn poll_timeout(&self) -> Option<Time> {
        let asked = self.asked.values().map(Asked::due);
        let rounds = self.rounds.values().map(Round::due);
        asked.chain(rounds).chain(self.repair.due()).min()
    }

    fn poll_output(&mut self) -> Option<StoreOutput> {
        crate::table::pop_or_shrink(&mut self.outputs)
    }
}

/// How many of so many are most.
fn majority(count: usize) -> usize {
    count / 2 + 1
}

#[cfg(test)]
mod tests;
