//! The group of a scenario: who is in it, what is said there, and whom it reaches.

use std::collections::{BTreeMap, VecDeque};

use boplish_native::core::{GroupAccess, GroupEvent};
use boplish_native::wire::Payload;
use boplish_sim::Random;

use super::super::backend::Number;
use super::super::scenario::GroupLoad;
use super::super::stage::fraction;
use super::super::statistics::samples::{Post, Samples};
use super::{Simulation, seconds};

/// A post is judged after so many seconds: longer than it waits for one that is missing, and than
/// that is asked for.
const JUDGED_AFTER: f64 = 30.0;

/// The group, as one sees it who knows everything.
#[derive(Debug)]
pub(super) struct Gathering {
    access: GroupAccess,
    share: f64,
    bytes: usize,
    random: Random,
    /// Those that have a place in the group, and are there.
    members: BTreeMap<Number, ()>,
    /// Posts that are not judged yet, by their numbers, which go on by one.
    open: VecDeque<OpenPost>,
    first: u64,
    heard: u64,
}

#[derive(Debug)]
struct OpenPost {
    at: f64,
    from: Number,
    /// Those that were members then.
    expected: BTreeMap<Number, Heard>,
}

/// What a member has heard of a post.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    /// How long it has taken, if it has come.
    latency: Option<f32>,
    /// Whether it has come more than once.
    again: bool,
}

impl Gathering {
    pub(super) fn new(load: &GroupLoad, seed: u64) -> Self {
        Self {
            access: load.access().expect("a scenario's group has a name"),
            share: load.share.0,
            bytes: load.bytes,
            random: Random::new(0x0067_726f_7570 ^ seed),
            members: BTreeMap::new(),
            open: VecDeque::new(),
            first: 0,
            heard: 0,
        }
    }

    /// How often members have heard something.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    pub(super) fn pending(&self) -> usize {
        self.open.len()
    }

    pub(super) fn depart(&mut self, number: Number) {
        self.members.remove(&number);
        for post in &mut self.open {
            post.expected.remove(&number);
        }
    }

    /// The posts that can be judged.
    pub(super) fn conclude(&mut self, now: f64) -> Vec<Post> {
        let mut judged = Vec::new();
        while let Some(post) = self.open.front()
            && post.at + JUDGED_AFTER <= now
            && let Some(post) = self.open.pop_front()
        {
            self.first += 1;
            judged.push(Post {
                at: post.at,
                from: post.from,
                expected: post.expected.len() as u32,
                latencies: post.expected.values().filter_map(|it| it.latency).collect(),
                again: post.expected.values().filter(|it| it.again).count() as u32,
            });
        }
        judged
    }

    fn hear(&mut self, peer: Number, at: f64, value: &[u8]) {
        self.heard += 1;
        let Some(number) = value.first_chunk().map(|it| u64::from_be_bytes(*it)) else {
            return;
        };
        let index = number.checked_sub(self.first);
        let Some(post) = index.and_then(|index| self.open.get_mut(index as usize)) else {
            return;
        };
        if let Some(heard) = post.expected.get_mut(&peer) {
            heard.again = heard.latency.is_some();
            heard.latency.get_or_insert((at - post.at) as f32);
        }
    }
}

impl Simulation<'_> {
    /// A peer that is a member of the ring joins the group, if it is one of those that shall.
    pub(super) fn join_group(&mut self, number: Number) {
        let Some(gathering) = &mut self.gathering else {
            return;
        };
        if fraction(&mut gathering.random) >= gathering.share {
            return;
        }
        let access = gathering.access.clone();
        // An open node with groups joins.
        let _ = self.with(number, |node, now| node.join_group(now, &access, 0));
    }

    /// A peer says something to the group.
    pub(super) fn post_to_group(&mut self, from: Number) {
        let at = seconds(self.world.now());
        let Some(gathering) = &mut self.gathering else {
            return;
        };
        if !gathering.members.contains_key(&from) {
            return;
        }
        let number = gathering.first + gathering.open.len() as u64;
        let mut value = number.to_be_bytes().to_vec();
        value.resize(gathering.bytes, 0);
        let others = gathering.members.keys().filter(|it| **it != from);
        let expected = others.map(|it| (*it, Heard::default())).collect();
        gathering.open.push_back(OpenPost { at, from, expected });
        let group = gathering.access.key();
        let Ok(payload) = Payload::bytes(value) else {
            return;
        };
        // A member can; what is not heard is counted in any case.
        let _ = self.with(from, |node, now| {
            node.publish_to_group(now, group, &payload)
        });
    }

    pub(super) fn hear(&mut self, peer: Number, at: f64, event: &GroupEvent) {
        let is_gone = self.peer(peer).is_gone;
        let Some(gathering) = self.gathering.as_mut().filter(|_| !is_gone) else {
            return;
        };
        match event {
            GroupEvent::Joined => {
                gathering.members.insert(peer, ());
            }
            GroupEvent::Post { payload, .. } => gathering.hear(peer, at, payload.as_bytes()),
            GroupEvent::Direct { .. } | GroupEvent::Members { .. } => {}
        }
    }

    pub(super) fn take_heard(&mut self, samples: &mut Samples) {
        let now = seconds(self.world.now());
        if let Some(gathering) = &mut self.gathering {
            samples.posts.extend(gathering.conclude(now));
        }
    }
}
