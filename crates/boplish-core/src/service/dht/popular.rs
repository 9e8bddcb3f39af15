//! Copies of popular records on the way to their owners: a peer that passes on many questions for a
//! key asks the owner itself, and answers those that follow for as long as the record says.

use core::time::Duration;

use boplish_wire::store::StoreMessage;
use boplish_wire::{PeerId, Record};

use super::ask::What;
use super::{Dht, StoreToken};
use crate::table::{Set, Table};
use crate::time::Time;

/// A key is popular if so many questions for it come by...
const POPULAR: u32 = 3;

/// ...within this long.
const WINDOW: Duration = Duration::from_secs(60);

/// Keys that are counted, and may have a copy.
const MAX_KEYS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Popular {
    keys: Table<PeerId, Interest>,
    /// Questions to owners, by their tokens.
    asked: Set<u32>,
}

/// Who asks for a key.
#[derive(Debug)]
struct Interest {
    since: Time,
    last: Time,
    count: u32,
    /// The record, and until when it is good.
    copy: Option<(Record, Time)>,
}

impl Popular {
    /// A question has come by; whether the key has just become popular.
    fn count(&mut self, now: Time, key: PeerId) -> bool {
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&key) {
            let oldest = self.keys.iter().min_by_key(|(_, it)| it.last);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                self.keys.remove(&oldest);
            }
        }
        if !self.keys.contains_key(&key) {
            let interest = Interest {
                since: now,
                last: now,
                count: 0,
                copy: None,
            };
            self.keys.insert(key, interest);
        }
        let Some(interest) = self.keys.get_mut(&key) else {
            return false;
        };
        if now.since(interest.since) > WINDOW {
            interest.since = now;
            interest.count = 0;
        }
        interest.last = now;
        interest.count += 1;
        interest.count == POPULAR
    }

    fn copy(&mut self, now: Time, key: &PeerId) -> Option<&Record> {
        let interest = self.keys.get_mut(key)?;
        let (record, _) = interest.copy.as_ref().filter(|(_, until)| *until > now)?;
        interest.last = now;
        Some(record)
    }

    /// Whether this was a question of its own.
    pub(super) fn is_own(&mut self, token: u32) -> bool {
        self.asked.remove(&token).is_some()
    }

    /// What the owner has said.
    pub(super) fn take(&mut self, now: Time, record: Record) {
        let until = now + Duration::from_secs(record.ttl().into());
        if let Some(interest) = self.keys.get_mut(&record.key()) {
            interest.copy = Some((record, until));
            // Once that has run out, it has to become popular again.
            interest.count = 0;
        }
    }
}

impl Dht {
    /// A message to the owner of a key comes by; whether it goes on.
    pub(super) fn pass(&mut self, now: Time, from: PeerId, payload: &[u8]) -> bool {
        let Some(StoreMessage::Get {
            token,
            client,
            key,
            quick: true,
        }) = StoreMessage::decode(payload)
        else {
            return true;
        };
        let unix = self.seconds(now);
        let copy = self.popular.copy(now, &key);
        if let Some(record) = copy.filter(|record| record.expires() > unix) {
            let answer = StoreMessage::Copy {
                token,
                promised: true,
                ballot: 0,
                record: Some(record.encode()),
            };
            self.say(client.peer.unwrap_or(from), answer);
            return false;
        }
        if self.popular.count(now, key)
            && let Some(StoreToken(token)) = self.ask(now, What::Get { key, quick: true })
        {
            self.popular.asked.insert(token, ());
        }
        true
    }
}
