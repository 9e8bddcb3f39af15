//! Records that members publish and read, and whether one is lost.

use core::time::Duration;
use std::collections::BTreeMap;

use boplish_core::wire::{Keypair, PeerId, Record};
use boplish_core::{Event, GetError, PutError, StoreToken, Time};

use super::membership::Membership;
use crate::peer::PeerHandle;
use crate::random::Random;
use crate::world::World;

/// What was asked of the network's store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// To store a record.
    Put,
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
    /// Too few have answered.
    Failed,
}

/// One question that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stored {
    /// What was asked.
    pub what: Ask,
    /// How it ended.
    pub ended: Ended,
    /// From the question to the end.
    pub took: Duration,
}

/// Publishes records and reads them, each from a random member.
#[derive(Debug)]
pub struct Records {
    publisher: Keypair,
    acknowledged: Vec<PeerId>,
    pending: BTreeMap<(PeerHandle, StoreToken), (Time, Ask, PeerId)>,
    done: Vec<Stored>,
    random: Random,
    number: u32,
}

impl Records {
    pub(super) fn new(mut random: Random) -> Self {
        Self {
            publisher: Keypair::from_secret(&random.bytes()),
            acknowledged: Vec::new(),
            pending: BTreeMap::new(),
            done: Vec::new(),
            random,
            number: 0,
        }
    }

    /// A random member stores a record of so many bytes that lives for so long.
    pub fn put(&mut self, world: &mut World, members: &Membership, bytes: usize, life: Duration) {
        let Some(peer) = self.random.pick(members.present()).copied() else {
            return;
        };
        self.number += 1;
        let (salt, value) = (self.number.to_be_bytes(), vec![7; bytes]);
        let expires = world.unix() + life.as_secs();
        let record = Record::sign(&self.publisher, &salt, 1, &value, expires, 60);
        let record = record.expect("a record that fits");
        let now = world.now();
        let put = world.node(peer, |node, at| node.put(at, &record, None));
        if let Ok(token) = put {
            let asked = (now, Ask::Put, record.key());
            self.pending.insert((peer, token), asked);
        }
    }

    /// A random member reads a random record that was stored.
    pub fn get(&mut self, world: &mut World, members: &Membership, quick: bool) {
        let peer = self.random.pick(members.present()).copied();
        let key = self.random.pick(&self.acknowledged).copied();
        if let (Some(peer), Some(key)) = (peer, key) {
            self.get_from(world, peer, key, quick);
        }
    }

    fn get_from(&mut self, world: &mut World, peer: PeerHandle, key: PeerId, quick: bool) {
        let what = match quick {
            true => Ask::QuickGet,
            false => Ask::Get,
        };
        let now = world.now();
        if let Ok(token) = world.node(peer, |node, at| node.get(at, key, quick)) {
            self.pending.insert((peer, token), (now, what, key));
        }
    }

    pub(super) fn take(&mut self, (at, peer, event): (Time, PeerHandle, &Event)) {
        let (token, ended) = if let Event::Put { token, result } = event {
            (token, put_ended(result))
        } else if let Event::Got { token, result } = event {
            (token, get_ended(result))
        } else {
            return;
        };
        let Some((asked, what, key)) = self.pending.remove(&(peer, *token)) else {
            return;
        };
        if (what, ended) == (Ask::Put, Ended::Right) {
            self.acknowledged.push(key);
        }
        let took = at.since(asked);
        self.done.push(Stored { what, ended, took });
    }

    pub(super) fn abandon(&mut self, peer: PeerHandle) {
        self.pending.retain(|(asker, _), _| *asker != peer);
    }

    /// Keys of the records that were acknowledged.
    pub fn acknowledged(&self) -> &[PeerId] {
        &self.acknowledged
    }

    /// What has ended.
    pub fn done(&self) -> &[Stored] {
        &self.done
    }

    /// Questions without an end yet.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

fn put_ended(result: &Result<(), PutError>) -> Ended {
    match result {
        Ok(()) => Ended::Right,
        Err(_) => Ended::Failed,
    }
}

fn get_ended(result: &Result<Option<Record>, GetError>) -> Ended {
    match result {
        Ok(Some(_)) => Ended::Right,
        Ok(None) => Ended::Missing,
        Err(_) => Ended::Failed,
    }
}
