//! Records that peers publish, refresh and read; whether the answers are right, and how many copies
//! there are.

use core::time::Duration;
use std::collections::BTreeMap;

use boplish_core::wire::{Keypair, PeerId, Record};
use boplish_core::{Event, GetError, PutError, StoreToken, Time};

use crate::peer::PeerHandle;
use crate::random::Random;
use crate::world::World;

/// Records that expire within this time are not read any more: the answer might come too late.
const LAST: Duration = Duration::from_secs(60);

/// What was asked of the network's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// To store a record.
    Put,
    /// To store it again, so that it lives for longer.
    Refresh,
    /// To read one, from most of its replicas.
    Get,
    /// To read one, from the owner of its key.
    QuickGet,
}

/// How that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// The record is stored, or was found.
    Right,
    /// An acknowledged record was not found.
    Missing,
    /// Most replicas have told an older one than was acknowledged when they were asked.
    Old,
    /// Too few have answered, or the question was refused.
    Failed,
}

/// One question that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stored {
    /// What was asked.
    pub what: Ask,
    /// Who has asked.
    pub peer: PeerHandle,
    /// When.
    pub asked: Time,
    /// How it ended.
    pub ended: Ended,
    /// From the question to the end.
    pub took: Duration,
}

/// How records are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordShape {
    /// Bytes of the value.
    pub bytes: usize,
    /// How long a record lives, unless it is refreshed.
    pub life: Duration,
}

/// One publisher's records: whoever is asked to publishes with its key.
#[derive(Debug)]
pub struct Records {
    publisher: Keypair,
    shape: RecordShape,
    /// The acknowledged ones, in the order of that, and where each is by its key.
    acknowledged: Vec<Acknowledged>,
    places: BTreeMap<PeerId, usize>,
    pending: BTreeMap<(PeerHandle, StoreToken), Pending>,
    random: Random,
    published: u32,
    /// Where the next one is that is refreshed.
    refreshed: usize,
}

/// The latest version of a record that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Acknowledged {
    key: PeerId,
    salt: [u8; 4],
    sequence: u64,
    expires: u64,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    at: Time,
    what: Ask,
    /// What is written, or has to be found.
    record: Acknowledged,
}

impl Records {
    /// No records yet.
    pub fn new(shape: RecordShape, mut random: Random) -> Self {
        Self {
            publisher: Keypair::from_secret(&random.bytes()),
            shape,
            acknowledged: Vec::new(),
            places: BTreeMap::new(),
            pending: BTreeMap::new(),
            random,
            published: 0,
            refreshed: 0,
        }
    }

    /// A peer publishes a record. What was refused at once is told, the rest by [`Self::take`].
    pub fn put(&mut self, world: &mut World, peer: PeerHandle) -> Option<Stored> {
        self.published += 1;
        let salt = self.published.to_be_bytes();
        self.write(world, peer, Ask::Put, salt, 1)
    }

    /// A peer publishes the next record once more, one after the other.
    pub fn refresh(&mut self, world: &mut World, peer: PeerHandle) -> Option<Stored> {
        let next = self.refreshed % self.acknowledged.len().max(1);
        let record = *self.acknowledged.get(next)?;
        self.refreshed = next + 1;
        let sequence = record.sequence + 1;
        self.write(world, peer, Ask::Refresh, record.salt, sequence)
    }

    /// A peer reads a random record that was acknowledged; `quick`, from its owner alone.
    pub fn get(&mut self, world: &mut World, peer: PeerHandle, quick: bool) -> Option<Stored> {
        let record = *self.random.pick(&self.acknowledged)?;
        if record.expires < world.unix() + LAST.as_secs() {
            return None;
        }
        let what = match quick {
            true => Ask::QuickGet,
            false => Ask::Get,
        };
        let token = world.node(peer, |node, now| node.get(now, record.key, quick));
        self.await_end(world.now(), peer, token.ok(), what, record)
    }

    fn write(
        &mut self,
        world: &mut World,
        peer: PeerHandle,
        what: Ask,
        salt: [u8; 4],
        sequence: u64,
    ) -> Option<Stored> {
        let value = vec![7; self.shape.bytes];
        let expires = world.unix() + self.shape.life.as_secs();
        let record = Record::sign(&self.publisher, &salt, sequence, &value, expires, 60);
        let record = record.expect("a record that fits");
        let written = Acknowledged {
            key: record.key(),
            salt,
            sequence,
            expires,
        };
        let token = world.node(peer, |node, now| node.put(now, &record, None));
        self.await_end(world.now(), peer, token.ok(), what, written)
    }

    fn await_end(
        &mut self,
        at: Time,
        peer: PeerHandle,
        token: Option<StoreToken>,
        what: Ask,
        record: Acknowledged,
    ) -> Option<Stored> {
        let pending = Pending { at, what, record };
        let Some(token) = token else {
            return Some(pending.ended(at, peer, Ended::Failed));
        };
        self.pending.insert((peer, token), pending);
        None
    }

    /// Takes what a peer was told, and tells which question has ended so.
    pub fn take(&mut self, (at, peer, event): (Time, PeerHandle, &Event)) -> Option<Stored> {
        if let Event::Put { token, result } = event {
            let pending = self.pending.remove(&(peer, *token))?;
            let ended = put_ended(result);
            if ended == Ended::Right {
                self.acknowledge(pending.record);
            }
            return Some(pending.ended(at, peer, ended));
        }
        if let Event::Got { token, result } = event {
            let pending = self.pending.remove(&(peer, *token))?;
            return Some(pending.ended(at, peer, pending.judge(result)));
        }
        None
    }

    fn acknowledge(&mut self, record: Acknowledged) {
        let next = self.acknowledged.len();
        let place = *self.places.entry(record.key).or_insert(next);
        match self.acknowledged.get_mut(place) {
            Some(known) if known.sequence < record.sequence => *known = record,
            Some(_) => {}
            None => self.acknowledged.push(record),
        }
    }

    /// A peer is gone: nothing comes of what it has asked.
    pub fn abandon(&mut self, peer: PeerHandle) {
        self.pending.retain(|(asker, _), _| *asker != peer);
    }

    /// Records that were acknowledged, ever.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Questions without an end yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How many living peers have a copy of each acknowledged record, of any version; `None` of
    /// those that have expired.
    pub fn copies(&self, world: &World) -> Vec<Option<u32>> {
        let unix = world.unix();
        let is_due = |it: &Acknowledged| (it.expires > unix).then_some(0);
        let mut copies: Vec<Option<u32>> = self.acknowledged.iter().map(is_due).collect();
        let living = world.living();
        let nodes = living.iter().filter_map(|peer| world.look(*peer));
        for key in nodes.flat_map(|node| node.stored_keys()) {
            let place = self.places.get(&key);
            if let Some(Some(count)) = place.and_then(|place| copies.get_mut(*place)) {
                *count += 1;
            }
        }
        copies
    }

    /// The keys of the acknowledged records, in the order of [`Self::copies`].
    pub fn keys(&self) -> impl Iterator<Item = PeerId> {
        self.acknowledged.iter().map(|it| it.key)
    }
}

impl Pending {
    fn ended(&self, at: Time, peer: PeerHandle, ended: Ended) -> Stored {
        Stored {
            what: self.what,
            peer,
            asked: self.at,
            ended,
            took: at.since(self.at),
        }
    }

    fn judge(&self, result: &Result<Option<Record>, GetError>) -> Ended {
        match result {
            // The owner's own copy may be one that is just being replaced.
            Ok(Some(_)) if self.what == Ask::QuickGet => Ended::Right,
            Ok(Some(found)) if found.sequence() >= self.record.sequence => Ended::Right,
            Ok(Some(_)) => Ended::Old,
            Ok(None) => Ended::Missing,
            Err(_) => Ended::Failed,
        }
    }
}

fn put_ended(result: &Result<(), PutError>) -> Ended {
    match result {
        Ok(()) => Ended::Right,
        Err(_) => Ended::Failed,
    }
}
