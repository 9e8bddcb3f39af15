//! Groups of any size: what one member says, all hear, once and in the order in which it was said.
//!
//! A group is a tree (Castro, Druschel, Kermarrec, Rowstron: "Scribe: a large-scale and decentralized
//! application-level multicast infrastructure", 2002). Its root is the owner of the group's key;
//! whoever joins asks for a parent on the way there, and the first who hears of it takes it. What
//! is said goes along the tree in all directions. A few others are told which posts are here, so
//! that those who lack one ask for it (Leitão, Pereira, Rodrigues: "Epidemic broadcast trees",
//! 2007): no loss, and no death of a parent, takes more than a post's delay.
//!
//! - `tree`: parent, children, members; pure.
//! - `posts`: what was said, what is missing, and the order; pure.
//! - `beats`: what parents and children tell each other of themselves, and of who is there.
//! - `history`: what was said before somebody came.
//! - `joining`: how a peer gets a parent, and another one.
//! - `passing`: how posts go on, and how those that are missing are found.
//! - `seal`: what only those who know the password can read; pure.

mod beats;
mod history;
mod joining;
mod passing;
mod posts;
mod seal;
#[cfg(test)]
mod tests;
mod tree;

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::group::{Direct, GroupMessage, Saying, Turn, payload_in, value_of};
use boplish_wire::{Keypair, Payload, PeerId};
use rand_core::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use self::seal::Purpose;
pub use self::seal::{GroupAccess, GroupAccessError};
use self::tree::{Membership, Tree, Up};
use super::content::Links;
use crate::kbr::KeyBased;
use crate::table::{Table, pop_or_shrink};
use crate::time::Time;

/// News of members go out sooner.
const NEWS: Duration = Duration::from_millis(500);

/// Whoever is silent for this long is no parent, or no child, any more.
const PARENT_PATIENCE: Duration = Duration::from_secs(8);
const CHILD_PATIENCE: Duration = Duration::from_secs(12);

/// A peer that is of no use to a group any more leaves its tree after this long.
const KEEP: Duration = Duration::from_secs(30);

/// The root keeps what was said for those who come when all others have gone.
const KEEP_ROOT: Duration = Duration::from_secs(300);

/// Groups that a peer passes on for, at most, besides those that it has joined.
const MAX_TREES: usize = 1024;

/// Bytes of the longest payload that is said to a group: its head, seal and proof must fit, too.
const MAX_VALUE: usize = boplish_wire::limits::MAX_POST - 256;

/// Why something can't be said to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// This peer has not joined the group.
    #[error("this peer is not in the group: join it first")]
    NotJoined,
    /// It is too long.
    #[error(
        "{0} bytes are more than a group takes at once ({MAX_VALUE}): publish it as content, and say its name"
    )]
    TooLong(usize),
    /// The node is closed, or was not opened yet, or has no groups.
    #[error("the node is not open")]
    Closed,
}

/// What happens in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEvent {
    /// This peer has a place in the group's tree: what is said from now on will come.
    Joined,
    /// Somebody has said something.
    Post {
        /// Who.
        from: PeerId,
        /// What.
        payload: Payload,
        /// Whether it was said before this peer joined.
        is_old: bool,
    },
    /// Somebody has said something to this peer alone.
    Direct {
        /// Who.
        from: PeerId,
        /// What.
        payload: Payload,
    },
    /// Others have come or gone.
    Members {
        /// How many there are; in a large group, as of some seconds ago.
        count: u32,
        /// Some of them, all if there are few.
        some: Vec<PeerId>,
    },
}

/// What groups want done.
#[derive(Debug)]
pub(crate) enum GroupOutput {
    /// Say this to a peer.
    Say { to: PeerId, payload: Vec<u8> },
    /// Say this to the owner of a key.
    SayToOwner { key: PeerId, payload: Vec<u8> },
    /// Something has happened in a group that this peer is in.
    Event { group: PeerId, event: GroupEvent },
}

/// What groups see of the network.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) near: &'a dyn KeyBased,
    pub(crate) links: &'a dyn Links,
}

/// The groups of a peer.
#[derive(Debug)]
pub(crate) struct Trees {
    own: PeerId,
    rng: Xoshiro256PlusPlus,
    trees: Table<PeerId, Tree>,
    outputs: VecDeque<GroupOutput>,
}

impl Trees {
    pub(crate) fn new(own: PeerId, rng: Xoshiro256PlusPlus) -> Self {
        Self {
            own,
            rng,
            trees: Table::new(),
            outputs: VecDeque::new(),
        }
    }

    fn say(&mut self, to: PeerId, group: PeerId, saying: Saying) {
        let payload = GroupMessage { group, saying }.encode();
        self.outputs.push_back(GroupOutput::Say { to, payload });
    }

    fn event(&mut self, group: PeerId, event: GroupEvent) {
        self.outputs.push_back(GroupOutput::Event { group, event });
    }

    fn is_owner(&self, near: &dyn KeyBased, group: &PeerId) -> bool {
        near.local_lookup(group, 1).first() == Some(&self.own)
    }

    /// Somebody has said something to this peer alone.
    fn handle_direct(&mut self, group: PeerId, from: PeerId, direct: &Direct) {
        let tree = self.trees.get(&group);
        let Some(membership) = tree.and_then(|tree| tree.membership.as_ref()) else {
            return;
        };
        let purpose = Purpose::Direct(self.own);
        let value = match direct.is_by(&from, &group, &self.own) {
            true => seal::open(
                membership.seal.as_ref(),
                &group,
                &from,
                purpose,
                &direct.value,
            ),
            false => None,
        };
        match value.as_deref().and_then(payload_in) {
            Some(payload) => self.event(group, GroupEvent::Direct { from, payload }),
            None => tracing::debug!(?from, "a forged word of a member"),
        }
    }

    /// Leaves the trees of groups that have no need of this peer any more.
    fn drop_unneeded(&mut self, now: Time) {
        let mut unneeded = Vec::new();
        for (group, tree) in self.trees.iter_mut() {
            let is_needed = tree.membership.is_some() || !tree.children.is_empty();
            if is_needed {
                let keep = match tree.up == Up::Root && !tree.posts.is_empty() {
                    true => KEEP_ROOT,
                    false => KEEP,
                };
                tree.keep_until = tree.keep_until.max(now + keep);
            } else if tree.keep_until <= now {
                unneeded.push(*group);
            }
        }
        for group in unneeded {
            if let Some(parent) = self.trees.remove(&group).and_then(|it| it.parent()) {
                self.say(parent, group, Saying::Leave);
            }
        }
    }
}

fn value_within(payload: &Payload) -> Result<Vec<u8>, PublishError> {
    match payload.len() {
        0..=MAX_VALUE => Ok(value_of(payload)),
        longer => Err(PublishError::TooLong(longer)),
    }
}

impl super::Groups for Trees {
    fn join(&mut self, now: Time, access: &GroupAccess, history: u32, near: &dyn KeyBased) {
        let group = access.key();
        let stream = self.rng.next_u32();
        let membership = Membership {
            since: now,
            seal: access.seal(),
            next: Turn {
                stream,
                sequence: 0,
                pause: 0,
            },
            last_said: None,
            history,
            told: (0, Vec::new()),
        };
        if let Some(tree) = self.trees.get_mut(&group) {
            if tree.membership.is_none() {
                tree.membership = Some(membership);
                tree.beat_at = now;
                // Who has no place yet is told when it has.
                if !matches!(tree.up, Up::Searching { .. }) {
                    self.seek_history(now, group);
                    self.event(group, GroupEvent::Joined);
                }
            }
            return;
        }
        self.begin(now, group, near);
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.membership = Some(membership);
            if tree.up == Up::Root {
                tree.beat_at = now;
                self.event(group, GroupEvent::Joined);
            }
        }
    }

    fn publish(
        &mut self,
        now: Time,
        keypair: &Keypair,
        group: PeerId,
        payload: &Payload,
        around: Around<'_>,
    ) -> Result<(), PublishError> {
        let value = value_within(payload)?;
        let tree = self.trees.get_mut(&group);
        let membership = tree.and_then(|tree| tree.membership.as_mut());
        let membership = membership.ok_or(PublishError::NotJoined)?;
        let turn = membership.take_turn(now);
        let value = match &membership.seal {
            Some(seal) => seal.close(
                &group,
                &self.own,
                Purpose::Post(turn),
                &value,
                &mut self.rng,
            ),
            None => value,
        };
        self.publish_signed(now, keypair, group, turn, &value, around);
        Ok(())
    }

    fn direct(
        &mut self,
        keypair: &Keypair,
        group: PeerId,
        to: PeerId,
        payload: &Payload,
    ) -> Result<Vec<u8>, PublishError> {
        let value = value_within(payload)?;
        let tree = self.trees.get(&group);
        let membership = tree.and_then(|tree| tree.membership.as_ref());
        let membership = membership.ok_or(PublishError::NotJoined)?;
        let value = match &membership.seal {
            Some(seal) => seal.close(
                &group,
                &self.own,
                Purpose::Direct(to),
                &value,
                &mut self.rng,
            ),
            None => value,
        };
        let saying = Saying::Direct(Direct::sign(keypair, &group, &to, &value));
        Ok(GroupMessage { group, saying }.encode())
    }

    fn leave(&mut self, now: Time, group: PeerId) {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.membership = None;
            tree.keep_until = now;
            tree.beat_at = now;
        }
    }

    fn close(&mut self) {
        let groups: Vec<PeerId> = self.trees.keys().copied().collect();
        for group in groups {
            if let Some(tree) = self.trees.remove(&group) {
                for peer in tree.neighbours() {
                    self.say(peer, group, Saying::Leave);
                }
            }
        }
    }

    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8], around: Around<'_>) {
        let Some(GroupMessage { group, saying }) = GroupMessage::decode(payload) else {
            tracing::debug!(?from, "bad message of a group");
            return;
        };
        match saying {
            Saying::Join => self.handle_join(now, group, from, around.near),
            Saying::Taken {
                path,
                others,
                marks,
            } => self.handle_taken(now, group, from, (path, others, &marks)),
            Saying::Full { others } => self.handle_full(now, group, from, &others),
            Saying::Beat(beat) => self.handle_beat(now, group, from, beat),
            Saying::Post { post, old } => self.handle_post(now, group, from, (post, old), around),
            Saying::Have { marks } => self.handle_have(now, group, from, &marks),
            Saying::Want { marks } => self.handle_want(group, from, &marks),
            Saying::Last { count } => self.handle_last(now, group, from, count),
            Saying::Told { marks } => self.handle_told(now, group, from, marks),
            Saying::Leave => self.handle_leave(now, group, from),
            Saying::Invite => self.handle_invite(now, group, from, around.near),
            Saying::Direct(direct) => self.handle_direct(group, from, &direct),
        }
    }

    fn handle_passing(
        &mut self,
        now: Time,
        from: PeerId,
        payload: &[u8],
        near: &dyn KeyBased,
    ) -> bool {
        match GroupMessage::decode(payload) {
            Some(GroupMessage {
                group,
                saying: Saying::Join,
            }) => !self.take_passing(now, group, from, near),
            Some(_) | None => true,
        }
    }

    fn handle_update(&mut self, now: Time, near: &dyn KeyBased) {
        let groups: Vec<PeerId> = self.trees.keys().copied().collect();
        for group in groups {
            let is_owner = self.is_owner(near, &group);
            let Some(tree) = self.trees.get_mut(&group) else {
                continue;
            };
            match (is_owner, tree.up == Up::Root) {
                (true, false) => {
                    let parent = tree.parent();
                    tree.up = Up::Root;
                    tree.root_since = now;
                    tree.path.clear();
                    tree.beat_at = now;
                    if let Some(parent) = parent {
                        self.say(parent, group, Saying::Leave);
                    }
                    self.has_joined(now, group);
                }
                (false, true) => self.search(now, group),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn handle_timeout(&mut self, now: Time, around: Around<'_>) {
        self.drop_unneeded(now);
        let groups: Vec<PeerId> = self.trees.keys().copied().collect();
        for group in groups {
            self.drive_search(now, group);
            let Some(tree) = self.trees.get_mut(&group) else {
                continue;
            };
            if tree.beat_at <= now {
                let is_root = tree.up == Up::Root;
                tree.drop_silent(now, CHILD_PATIENCE);
                self.beat(now, group);
                match is_root {
                    true => self.invite_successors(group, around.near),
                    false => self.follow_the_route(now, group, around),
                }
            }
            self.drive_history(now, group);
            self.drive_posts(now, group, around.near);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let due = |tree: &Tree| {
            let up = match tree.up {
                Up::Root => None,
                Up::Searching { resend } => Some(resend),
                Up::Parent { until, .. } => Some(until),
            };
            let is_needed = tree.membership.is_some() || !tree.children.is_empty();
            let keep = (!is_needed).then_some(tree.keep_until);
            let all = [
                up,
                keep,
                tree.tell_at,
                tree.history_until(),
                tree.posts.poll_timeout(!tree.waits_for_history()),
            ];
            let soonest = all.into_iter().flatten().min();
            soonest.map_or(tree.beat_at, |it| it.min(tree.beat_at))
        };
        self.trees.values().map(due).min()
    }

    fn poll_output(&mut self) -> Option<GroupOutput> {
        pop_or_shrink(&mut self.outputs)
    }
}
