//! The records that this peer stores, for itself or for others: which of two stands, what was
//! promised to whom, and how much there may be.

use core::cmp::Ordering;
use core::time::Duration;

use boplish_wire::store::{Ballot, Version};
use boplish_wire::{PeerId, Record};

use crate::kbr::is_within;
use crate::table::Table;
use crate::time::Time;

/// A promise holds for this long: who has asked for it has ended long before.
const PROMISE: Duration = Duration::from_secs(60);

/// Keys that promises are kept for; the oldest is forgotten when there is one more.
const MAX_PROMISES: usize = 4096;

/// What a record costs besides its own bytes.
const OVERHEAD: usize = 120;

/// A record, and in which ballot it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) record: Record,
    pub(super) ballot: Ballot,
    mark: u64,
    bytes: usize,
}

/// How a record was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is new, and to be kept.
    New,
    /// It was there already.
    Same,
    /// Another one stands above it.
    Older,
    /// A later ballot was promised.
    Promised(Ballot),
    /// There is no room for it.
    Full,
}

#[derive(Debug)]
pub(super) struct Shelf {
    /// Boxed, since thousands of them move up for one that comes between.
    held: Table<PeerId, Box<Held>>,
    /// Bytes of all, and of each publisher; those under their hash have none.
    bytes: usize,
    by_publisher: Table<Option<PeerId>, usize>,
    promises: Table<PeerId, (Ballot, Time)>,
    /// Most bytes of all.
    capacity: usize,
    /// Records that have given way, until they are forgotten elsewhere, too.
    evicted: Vec<PeerId>,
}

impl Held {
    /// Which of two stands: the higher sequence, or else the later ballot, or else the higher hash.
    pub(super) fn cmp_versions(&self, other: &Self) -> Ordering {
        let rank = |it: &Self| (it.record.sequence(), it.ballot);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.record.cmp_versions(&other.record))
    }

    pub(super) fn new(record: Record, ballot: Ballot) -> Self {
        let bytes = record.encode();
        let digest = record.digest();
        let head = digest.first_chunk().copied().unwrap_or_default();
        let mark = u64::from_le_bytes(head) ^ ballot.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            bytes: bytes.len() + OVERHEAD,
            record,
            ballot,
            mark,
        }
    }
}

impl Shelf {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            held: Table::new(),
            bytes: 0,
            by_publisher: Table::new(),
            promises: Table::new(),
            capacity,
            evicted: Vec::new(),
        }
    }

    pub(super) fn get(&self, key: &PeerId) -> Option<&Held> {
        self.held.get(key).map(|held| &**held)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &PeerId> {
        self.held.keys()
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Bytes of all records, with what they cost besides.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes no record of a lower ballot for this key from now on. Returns the ballot that is in
    /// the way, if a later one was promised.
    pub(super) fn promise(&mut self, now: Time, key: PeerId, ballot: Ballot) -> Option<Ballot> {
        let promised = self.promised(now, &key);
        if promised > ballot {
            return Some(promised);
        }
        if self.promises.len() >= MAX_PROMISES && !self.promises.contains_key(&key) {
            self.promises.retain(|_, (_, until)| now < *until);
            let oldest = self.promises.iter().min_by_key(|(_, (_, until))| *until);
            if let Some(oldest) = oldest
                .map(|(key, _)| *key)
                .filter(|_| self.promises.len() >= MAX_PROMISES)
            {
                self.promises.remove(&oldest);
            }
        }
        self.promises.insert(key, (ballot, now + PROMISE));
        None
    }

    fn promised(&self, now: Time, key: &PeerId) -> Ballot {
        let promise = self.promises.get(key).filter(|(_, until)| now < *until);
        promise.map_or(0, |(ballot, _)| *ballot)
    }

    /// The latest ballot that is known here for a key.
    pub(super) fn latest(&self, now: Time, key: &PeerId) -> Ballot {
        let held = self.held.get(key).map_or(0, |held| held.ballot);
        self.promised(now, key).max(held)
    }

    /// Takes a record that was verified, if none stands above it.
    pub(super) fn take(&mut self, now: Time, new: Held) -> Taken {
        let key = new.record.key();
        let promised = self.promised(now, &key);
        if new.ballot > 0 && promised > new.ballot {
            return Taken::Promised(promised);
        }
        if let Some(old) = self.held.get(&key) {
            match new.cmp_versions(old) {
                Ordering::Less => return Taken::Older,
                Ordering::Equal => return Taken::Same,
                Ordering::Greater => {}
            }
        }
        if !self.make_room(&key, &new) {
            return Taken::Full;
        }
        self.remove(&key);
        self.bytes += new.bytes;
        *self.by_publisher.get_or_default(new.record.publisher()) += new.bytes;
        self.held.insert(key, Box::new(new));
        Taken::New
    }

    /// Whoever uses most gives way, unless that is the new record's publisher.
    fn make_room(&mut self, key: &PeerId, new: &Held) -> bool {
        let publisher = new.record.publisher();
        loop {
            let own = self.held.get(key).map_or(0, |old| old.bytes);
            if self.bytes - own + new.bytes <= self.capacity {
                return true;
            }
            let used = self.by_publisher.get(&publisher).copied().unwrap_or(0);
            let heaviest = self.by_publisher.iter().max_by_key(|(_, bytes)| **bytes);
            let Some((heaviest, most)) = heaviest else {
                return false;
            };
            if *heaviest == publisher || *most <= used + new.bytes {
                return false;
            }
            let theirs = self
                .held
                .iter()
                .filter(|(_, held)| held.record.publisher() == *heaviest);
            let soonest = theirs.min_by_key(|(_, held)| held.record.expires());
            let Some(soonest) = soonest.map(|(key, _)| *key) else {
                return false;
            };
            self.remove(&soonest);
            self.evicted.push(soonest);
        }
    }

    /// Records that have given way since this was last asked.
    pub(super) fn take_evicted(&mut self) -> Vec<PeerId> {
        core::mem::take(&mut self.evicted)
    }

    pub(super) fn remove(&mut self, key: &PeerId) -> Option<Held> {
        let old = self.held.remove(key)?;
        self.bytes -= old.bytes;
        let publisher = old.record.publisher();
        if let Some(bytes) = self.by_publisher.get_mut(&publisher) {
            *bytes -= old.bytes;
            if *bytes == 0 {
                self.by_publisher.remove(&publisher);
            }
        }
        Some(*old)
    }

    /// Records whose time is up, by the seconds since 1970.
    pub(super) fn expired(&self, unix: u64) -> Vec<PeerId> {
        let expired = |held: &Held| held.record.expires() <= unix;
        let expired = self.held.iter().filter(|(_, held)| expired(held));
        expired.map(|(key, _)| *key).collect()
    }

    /// The keys after `from` and up to `to` of which there is a record.
    pub(super) fn keys_within(&self, from: &PeerId, to: &PeerId) -> Vec<PeerId> {
        let keys = self.held.keys().filter(|key| is_within(from, key, to));
        keys.copied().collect()
    }

    /// The versions of the keys after `from` and up to `to`, in the order of the keys.
    pub(super) fn versions(&self, from: &PeerId, to: &PeerId) -> Vec<Version> {
        let within = |key: &PeerId| is_within(from, key, to);
        let entries = self.held.iter().filter(|(key, _)| within(key));
        entries
            .map(|(key, held)| Version {
                key: *key,
                mark: held.mark,
            })
            .collect()
    }
}

/// What stands for a set of versions.
pub(super) fn digest(versions: &[Version]) -> u64 {
    // Marks are parts of hashes; the key is in the record.
    versions.iter().fold(0, |digest, it| digest ^ it.mark)
}
