//! One group's tree around this peer: its parent, its children, and whom it knows besides.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::group::{Beat, Turn};

use super::history::Past;
use super::posts::Posts;
use super::seal::Seal;
use crate::kbr::{KeyBased, clockwise};
use crate::table::{Set, Table};
use crate::time::Time;

/// Members that are told of, the same for all: those behind the group's key. All, if there are few.
pub(super) const SOME: usize = 32;

/// Ancestors that are told of: further ones can't be on a way that goes in circles.
const MAX_PATH: usize = 32;

/// Others that a child is told of, and that are told which posts are here; at least so many, if
/// there are.
pub(super) const OTHERS: usize = 3;
const FEW_OTHERS: usize = 2;

/// Neighbours on the ring that are tried for that, and how long who is not in the group is let be.
const RING_NEIGHBOURS: usize = 6;
const ABSENCE: Duration = Duration::from_secs(60);
const MAX_ABSENT: usize = 2 * RING_NEIGHBOURS;

/// The way to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Up {
    /// This peer owns the group's key.
    Root,
    /// Nobody has taken this peer for a child yet; it asks again then.
    Searching { resend: Time },
    /// Whose child it is; it counts as gone at that time.
    Parent { peer: PeerId, until: Time },
}

/// A child, and what it has told.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) heard: Time,
    pub(super) count: u32,
    some: Vec<PeerId>,
    /// The members that it was last told of.
    pub(super) told: Vec<PeerId>,
}

/// What the application has joined with.
#[derive(Debug)]
pub(super) struct Membership {
    pub(super) since: Time,
    /// What the members' words are sealed with, if there is a password.
    pub(super) seal: Option<Seal>,
    /// The place of the next post, but for its pause, and when the last one was said.
    pub(super) next: Turn,
    pub(super) last_said: Option<Time>,
    /// How many posts from before it wants; 0 when it has been told.
    pub(super) history: u32,
    /// The members that it was last told of.
    pub(super) told: (u32, Vec<PeerId>),
}

impl Membership {
    /// The place of a post that is said now.
    pub(super) fn take_turn(&mut self, now: Time) -> Turn {
        let pause = self.last_said.map_or(0, |last| now.since(last).as_millis());
        let turn = Turn {
            pause: u32::try_from(pause).unwrap_or(u32::MAX),
            ..self.next
        };
        self.next.sequence += 1;
        self.last_said = Some(now);
        turn
    }
}

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) up: Up,
    /// Since when this peer has been the root, if it is.
    pub(super) root_since: Time,
    /// Whether this peer has never had a parent here, nor, as the root, heard of a child.
    pub(super) is_new: bool,
    /// The next hop to the root that it last tried to get under, when it may try again, and until
    /// when the answer counts.
    pub(super) tried: Option<PeerId>,
    pub(super) try_at: Time,
    pub(super) moves_until: Time,
    /// The parent, its parent and so on.
    pub(super) path: Vec<PeerId>,
    pub(super) children: Table<PeerId, Child>,
    pub(super) membership: Option<Membership>,
    pub(super) posts: Posts,
    /// Peers that are taken in as soon as this one has a place itself.
    pub(super) waiting: Set<PeerId>,
    /// Who wants to know what was said before, while that is not known here yet.
    pub(super) asking: Table<PeerId, u32>,
    pub(super) past: Past,
    /// Who was asked for it, and had nothing.
    pub(super) ignorant: Set<PeerId>,
    /// Others of the group, who are told which posts are here if too few neighbours on the ring are
    /// in it.
    pub(super) others: Vec<PeerId>,
    /// Neighbours on the ring that have said that they are not in it, and until when that counts.
    absent: Set<PeerId>,
    absent_until: Time,
    /// When that is told next, and the first that is told then.
    pub(super) tell_at: Option<Time>,
    pub(super) tell_since: Time,
    /// How many members there are, and some of them.
    pub(super) count: u32,
    pub(super) some: Vec<PeerId>,
    /// The members that the parent was last told of.
    pub(super) told: Vec<PeerId>,
    pub(super) beat_at: Time,
    /// Beats so far.
    pub(super) beats: u32,
    /// Nobody may have need of this peer any more from then on.
    pub(super) keep_until: Time,
}

impl Tree {
    pub(super) fn new(now: Time, up: Up) -> Self {
        Self {
            up,
            root_since: now,
            is_new: true,
            tried: None,
            try_at: now,
            moves_until: now,
            path: Vec::new(),
            children: Table::new(),
            membership: None,
            posts: Posts::default(),
            waiting: Set::new(),
            asking: Table::new(),
            past: Past::Unknown { asked: 0 },
            ignorant: Set::new(),
            others: Vec::new(),
            absent: Set::new(),
            absent_until: now,
            tell_at: None,
            tell_since: now,
            count: 0,
            some: Vec::new(),
            told: Vec::new(),
            beat_at: now,
            beats: 0,
            keep_until: now,
        }
    }

    pub(super) fn parent(&self) -> Option<PeerId> {
        match self.up {
            Up::Parent { peer, .. } => Some(peer),
            Up::Root | Up::Searching { .. } => None,
        }
    }

    /// Parent and children.
    pub(super) fn neighbours(&self) -> Vec<PeerId> {
        let children = self.children.keys().copied();
        self.parent().into_iter().chain(children).collect()
    }

    /// A peer has said that it is not in the group.
    pub(super) fn note_absent(&mut self, now: Time, peer: PeerId) {
        if self.absent.is_empty() {
            self.absent_until = now + ABSENCE;
        }
        if self.absent.len() < MAX_ABSENT {
            self.absent.insert(peer, ());
        }
    }

    /// Who is told which posts are here: neighbours on the ring, to whom there are links and whose
    /// way to the root is another one, and if these are too few, others of the group.
    pub(super) fn whom_to_tell(&mut self, now: Time, near: &dyn KeyBased) -> Vec<PeerId> {
        if self.absent_until <= now {
            self.absent.clear();
        }
        let known = self.neighbours();
        let mut told = near.neighbour_set(RING_NEIGHBOURS);
        told.retain(|peer| !known.contains(peer) && !self.absent.contains_key(peer));
        told.truncate(OTHERS);
        for other in &self.others {
            if told.len() < FEW_OTHERS && !told.contains(other) {
                told.push(*other);
            }
        }
        told
    }

    /// Whether a peer is above this one, so that it can't be below.
    pub(super) fn is_above(&self, peer: &PeerId) -> bool {
        self.path.contains(peer)
    }

    /// A parent has told its own way to the root. Returns whether it goes in circles.
    pub(super) fn take_path(&mut self, own: &PeerId, parent: PeerId, rest: Vec<PeerId>) -> bool {
        self.path = vec![parent];
        self.path.extend(rest);
        self.path.truncate(MAX_PATH);
        self.path.contains(own)
    }

    pub(super) fn take_child(&mut self, now: Time, peer: PeerId) {
        let child = Child {
            heard: now,
            count: 0,
            some: Vec::new(),
            told: Vec::new(),
        };
        self.children.insert(peer, child);
    }

    /// A child has told what is below it. Returns whether that is news.
    pub(super) fn take_report(&mut self, now: Time, peer: &PeerId, beat: Beat) -> bool {
        let Some(child) = self.children.get_mut(peer) else {
            return false;
        };
        child.heard = now;
        let some = beat.some.unwrap_or_else(|| child.some.clone());
        let changed = child.count != beat.count || child.some != some;
        child.count = beat.count;
        child.some = some;
        changed
    }

    /// How many members there are from here on down, and some of them.
    pub(super) fn below(&self, own: PeerId, group: &PeerId) -> (u32, Vec<PeerId>) {
        let is_member = self.membership.is_some();
        let mut some: Vec<PeerId> = self
            .children
            .values()
            .flat_map(|child| child.some.iter().copied())
            .collect();
        some.extend(is_member.then_some(own));
        some.sort_unstable_by_key(|peer| clockwise(group, peer));
        some.dedup();
        some.truncate(SOME);
        let counts = self.children.values().map(|child| child.count);
        let count = counts.fold(u32::from(is_member), u32::saturating_add);
        (count, some)
    }

    /// Children that were silent for too long are none any more.
    pub(super) fn drop_silent(&mut self, now: Time, patience: Duration) -> bool {
        let before = self.children.len();
        self.children
            .retain(|_, child| now.since(child.heard) < patience);
        self.children.len() < before
    }
}
