//! Lookups of random keys, judged from outside.

use core::time::Duration;
use std::collections::BTreeMap;

use boplish_core::wire::{MessageId, PeerId};
use boplish_core::{Event, Time};

use super::membership::Membership;
use crate::peer::PeerHandle;
use crate::random::Random;
use crate::world::World;

/// How a lookup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The answer was the key's owner at some moment between question and answer.
    Right,
    /// The answer was somebody else.
    Wrong,
    /// The node gave up.
    Failed,
    /// Who asked was gone before the answer; it counts for nothing.
    Abandoned,
}

/// One lookup that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup {
    /// When it was asked.
    pub asked: Time,
    /// How it ended.
    pub outcome: Outcome,
    /// The links that the question came over, if there was an answer.
    pub hops: u8,
    /// From the question to the end.
    pub took: Duration,
    /// The round trip between the two peers without an overlay, if there was an answer from
    /// another peer.
    pub direct: Option<Duration>,
}

/// Asks for random keys from random members, and keeps what became of it.
#[derive(Debug)]
pub struct Lookups {
    pending: BTreeMap<(PeerHandle, MessageId), (Time, PeerId)>,
    done: Vec<Lookup>,
    random: Random,
}

/// What lookups came to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LookupSummary {
    /// Those that have ended and count.
    pub all: usize,
    /// Those that were right.
    pub right: usize,
    /// Those that were wrong.
    pub wrong: usize,
    /// Those that failed.
    pub failed: usize,
    /// Mean hops of the right ones.
    pub hops: f64,
    /// The most hops of a right one.
    pub most_hops: u8,
    /// Mean seconds of the right ones.
    pub seconds: f64,
    /// Mean seconds of the right ones over the mean of their direct round trips.
    pub stretch: f64,
    /// The median of each right one's own stretch.
    pub median_stretch: f64,
}

impl Lookups {
    /// None yet.
    pub fn new(random: Random) -> Self {
        Self {
            pending: BTreeMap::new(),
            done: Vec::new(),
            random,
        }
    }

    /// A random member asks for a random key.
    pub fn ask(&mut self, world: &mut World, members: &Membership) {
        if let Some(peer) = self.random.pick(members.present()).copied() {
            let mut key = [0; PeerId::BYTES];
            key.copy_from_slice(&self.random.bytes()[..PeerId::BYTES]);
            self.ask_for(world, peer, PeerId::from_bytes(key));
        }
    }

    /// A peer asks for a key.
    pub fn ask_for(&mut self, world: &mut World, peer: PeerHandle, key: PeerId) {
        let asked = world.now();
        match world.node(peer, |node, now| node.lookup(now, key)) {
            Ok(id) => {
                self.pending.insert((peer, id), (asked, key));
            }
            Err(_) => self.end(asked, asked, Outcome::Failed),
        }
    }

    /// Takes what a peer was told; anything but the end of a lookup is ignored.
    pub fn take(
        &mut self,
        world: &World,
        members: &Membership,
        (at, peer, event): (Time, PeerHandle, &Event),
    ) {
        if let Event::Undelivered { id, .. } = event {
            if let Some((asked, _)) = self.pending.remove(&(peer, *id)) {
                self.end(asked, at, Outcome::Failed);
            }
        } else if let Event::Found {
            lookup,
            owner,
            hops,
        } = event
            && let Some((asked, key)) = self.pending.remove(&(peer, *lookup))
        {
            let is_right = members.was_owner(*owner, key, asked, at);
            let other = world.find(*owner).filter(|other| *other != peer);
            self.done.push(Lookup {
                asked,
                outcome: match is_right {
                    true => Outcome::Right,
                    false => Outcome::Wrong,
                },
                hops: *hops,
                took: at.since(asked),
                direct: other.map(|other| world.direct_latency(peer, other) * 2),
            });
        }
    }

    /// A peer is gone, and its lookups with it.
    pub fn abandon(&mut self, now: Time, peer: PeerHandle) {
        let (first, last) = ((peer, MessageId(0)), (peer, MessageId(u64::MAX)));
        let gone: Vec<_> = self
            .pending
            .range(first..=last)
            .map(|(it, _)| *it)
            .collect();
        for lookup in gone {
            if let Some((asked, _)) = self.pending.remove(&lookup) {
                self.end(asked, now, Outcome::Abandoned);
            }
        }
    }

    /// Those that have neither an answer nor an end.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Those that have ended, in the order of their ends.
    pub fn done(&self) -> &[Lookup] {
        &self.done
    }

    /// Those that have ended since the last time; they are forgotten.
    pub fn take_done(&mut self) -> Vec<Lookup> {
        core::mem::take(&mut self.done)
    }

    fn end(&mut self, asked: Time, at: Time, outcome: Outcome) {
        self.done.push(Lookup {
            asked,
            outcome,
            hops: 0,
            took: at.since(asked),
            direct: None,
        });
    }
}

impl LookupSummary {
    /// Sums lookups up.
    pub fn of<'a>(lookups: impl IntoIterator<Item = &'a Lookup>) -> Self {
        let mut sum = Self::default();
        let (mut took, mut direct, mut stretches) = (0.0, 0.0, Vec::new());
        for lookup in lookups {
            match lookup.outcome {
                Outcome::Right => sum.right += 1,
                Outcome::Wrong => sum.wrong += 1,
                Outcome::Failed => sum.failed += 1,
                Outcome::Abandoned => {}
            }
            if lookup.outcome == Outcome::Right {
                sum.hops += f64::from(lookup.hops);
                sum.most_hops = sum.most_hops.max(lookup.hops);
                sum.seconds += lookup.took.as_secs_f64();
                if let Some(round_trip) = lookup.direct {
                    took += lookup.took.as_secs_f64();
                    direct += round_trip.as_secs_f64();
                    stretches.push(lookup.took.as_secs_f64() / round_trip.as_secs_f64());
                }
            }
        }
        stretches.sort_unstable_by(f64::total_cmp);
        let right = sum.right.max(1) as f64;
        Self {
            all: sum.right + sum.wrong + sum.failed,
            hops: sum.hops / right,
            seconds: sum.seconds / right,
            stretch: took / direct,
            median_stretch: stretches.get(stretches.len() / 2).copied().unwrap_or(0.0),
            ..sum
        }
    }

    /// The share of the right ones.
    pub fn success(&self) -> f64 {
        self.right as f64 / self.all.max(1) as f64
    }
}
