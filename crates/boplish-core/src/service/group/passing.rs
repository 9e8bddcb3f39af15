//! How posts go on along the tree, and how those that are missing are found.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::group::{Mark, Post, Saying, Turn, payload_in};
use boplish_wire::limits::MAX_MARKS;
use boplish_wire::{Keypair, PeerId};

use super::seal::{self, Purpose};
use super::tree::{Tree, Up};
use super::{Around, GroupEvent, Trees};
use crate::kbr::KeyBased;
use crate::time::Time;

/// Those besides the tree are told of posts in bundles.
const TELL: Duration = Duration::from_millis(200);

/// A post that others have is asked for if it has not come after this long.
const PATIENCE: Duration = Duration::from_millis(600);

/// A child that wants to know what was said before waits so long for what this peer has to ask for
/// itself, and so long after each that has come.
const LAST_PATIENCE: Duration = Duration::from_secs(3);
const LAST_PAUSE: Duration = Duration::from_millis(300);

/// Posts, and bytes, that are sent for one question.
pub(super) const MAX_SENT: usize = 64;
const MAX_SENT_BYTES: usize = 256 << 10;

impl Trees {
    pub(super) fn publish_signed(
        &mut self,
        now: Time,
        keypair: &Keypair,
        group: PeerId,
        turn: Turn,
        value: &[u8],
        around: Around<'_>,
    ) {
        let post = Post::sign(keypair, &group, turn, value);
        let bytes: Arc<[u8]> = post.encode().into();
        let mark = Post::mark_of(&bytes);
        self.pass_on(now, group, None, mark, &bytes, around);
    }

    pub(super) fn handle_post(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        (bytes, is_old): (Vec<u8>, bool),
        around: Around<'_>,
    ) {
        let mark = Post::mark_of(&bytes);
        let tree = self.trees.get(&group);
        let Some(tree) = tree.filter(|tree| !tree.posts.is_known(mark)) else {
            return;
        };
        let is_old = is_old || tree.posts.is_old(mark);
        let Some(post) = Post::decode(&group, &bytes) else {
            tracing::debug!(?from, "a forged post");
            return;
        };
        let bytes: Arc<[u8]> = bytes.into();
        let was_asked_for = match is_old {
            // Who wants it asks for it.
            true => self.keep_old(now, group, mark, bytes),
            false => self.pass_on(now, group, Some(from), mark, &bytes, around),
        };
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let is_late = was_asked_for && tree.parent() != Some(from);
        if let Some(membership) = &tree.membership {
            // What this peer itself has said comes back only from before it joined.
            let is_wanted = match is_old {
                true => membership.history > 0,
                false => post.writer() != self.own,
            };
            if is_wanted {
                let since = membership.since;
                tree.posts.put_in_order(now, since, post, is_old);
            }
            self.tell_in_order(now, group);
        }
        if is_late {
            self.suspect_parent(now, group);
        }
    }

    /// Keeps a post from before this peer came.
    fn keep_old(&mut self, now: Time, group: PeerId, mark: Mark, bytes: Arc<[u8]>) -> bool {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.posts.keep(now, mark, bytes);
            if !tree.asking.is_empty() {
                tree.answer_at = Some(now + LAST_PAUSE);
            }
        }
        false
    }

    /// Keeps a post, and sends it on to parent and children. Returns whether it was asked for.
    fn pass_on(
        &mut self,
        now: Time,
        group: PeerId,
        from: Option<PeerId>,
        mark: Mark,
        bytes: &Arc<[u8]>,
        around: Around<'_>,
    ) -> bool {
        let Some(tree) = self.trees.get_mut(&group) else {
            return false;
        };
        let was_asked_for = tree.posts.keep(now, mark, Arc::clone(bytes));
        if tree.tell_at.is_none() {
            tree.tell_at = Some(now + TELL);
            tree.tell_since = now;
        }
        for peer in tree.neighbours() {
            // Who takes no more for now asks for it later: the others need not wait.
            let takes_more = around.links.takes_more(&peer) || !around.links.is_linked(&peer);
            if Some(peer) != from && takes_more {
                let (post, old) = (bytes.to_vec(), false);
                self.say(peer, group, Saying::Post { post, old });
            }
        }
        was_asked_for
    }

    /// Tells the application what has come, as far as it is in order.
    fn tell_in_order(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let seal = tree.membership.as_ref().and_then(|it| it.seal.clone());
        for (post, is_old) in tree.posts.in_order(now) {
            let from = post.writer();
            let purpose = Purpose::Post(post.turn);
            let value = seal::open(seal.as_ref(), &group, &from, purpose, &post.value);
            let Some(payload) = value.as_deref().and_then(payload_in) else {
                tracing::debug!(?from, "a post by somebody who does not know the password");
                continue;
            };
            let event = GroupEvent::Post {
                from,
                payload,
                is_old,
            };
            self.event(group, event);
        }
    }

    /// Another of the group, or a neighbour on the ring that takes this peer for one, has posts.
    pub(super) fn handle_have(&mut self, now: Time, group: PeerId, from: PeerId, marks: &[Mark]) {
        match self.trees.contains_key(&group) {
            true => self.learn_of(now, group, from, marks),
            false => self.say(from, group, Saying::Leave),
        }
    }

    /// A peer has posts: those that do not come by themselves are asked for.
    pub(super) fn learn_of(&mut self, now: Time, group: PeerId, from: PeerId, marks: &[Mark]) {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.posts.has(now + PATIENCE, from, marks);
        }
    }

    pub(super) fn handle_want(&mut self, group: PeerId, from: PeerId, marks: &[Mark]) {
        let Some(tree) = self.trees.get(&group) else {
            return;
        };
        let found = marks.iter().filter_map(|mark| tree.posts.get(*mark));
        let posts: Vec<Arc<[u8]>> = found.take(MAX_SENT).collect();
        self.send_posts(group, from, posts, false);
    }

    /// A child, or a parent that is new, wants to know what was said before it came.
    pub(super) fn handle_last(&mut self, now: Time, group: PeerId, from: PeerId, count: u32) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if !tree.children.contains_key(&from) && tree.parent() != Some(from) {
            return;
        }
        tree.asking.insert(from, count);
        if tree.up == Up::Root || !tree.posts.is_empty() {
            return self.answer_last(group);
        }
        // This peer is new here itself, for the child's sake perhaps.
        tree.answer_at = Some(now + LAST_PATIENCE);
        self.ask_for_last(group, MAX_SENT as u32);
    }

    pub(super) fn ask_for_last(&mut self, group: PeerId, count: u32) {
        let parent = self.trees.get(&group).and_then(Tree::parent);
        if let Some(parent) = parent {
            self.say(parent, group, Saying::Last { count });
        }
    }

    /// Tells children what was said before.
    fn answer_last(&mut self, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        tree.answer_at = None;
        let asking = core::mem::take(&mut tree.asking);
        for (child, count) in asking.iter() {
            let Some(tree) = self.trees.get(&group) else {
                return;
            };
            let count = MAX_SENT.min(*count as usize);
            let posts = tree.posts.last(count).cloned().collect();
            self.send_posts(group, *child, posts, true);
        }
    }

    fn send_posts(&mut self, group: PeerId, to: PeerId, posts: Vec<Arc<[u8]>>, old: bool) {
        let mut bytes = 0;
        for post in posts {
            bytes += post.len();
            if bytes > MAX_SENT_BYTES {
                return;
            }
            let post = post.to_vec();
            self.say(to, group, Saying::Post { post, old });
        }
    }

    /// Asks for what was said before, or tells it, if it is here.
    pub(super) fn take_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if !tree.asking.is_empty() {
            return self.ask_for_last(group, MAX_SENT as u32);
        }
        let membership = tree.membership.as_ref();
        let count = membership.map_or(0, |it| it.history);
        if count == 0 {
            return;
        }
        if tree.posts.is_empty() {
            return self.ask_for_last(group, count);
        }
        let posts: Vec<Arc<[u8]>> = tree.posts.last(count as usize).cloned().collect();
        for bytes in posts {
            if let Some(post) = Post::decode(&group, &bytes) {
                tree.posts.put_in_order(now, now, post, true);
            }
        }
        self.tell_in_order(now, group);
    }

    /// Tells others which posts are here, and asks for those that are not.
    pub(super) fn drive_posts(&mut self, now: Time, group: PeerId, near: &dyn KeyBased) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if tree.answer_at.is_some_and(|at| at <= now) {
            self.answer_last(group);
        }
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if tree.tell_at.take_if(|at| *at <= now).is_some() {
            let marks = tree.posts.marks_since(tree.tell_since, MAX_MARKS);
            for peer in tree.whom_to_tell(now, near) {
                let marks = marks.clone();
                self.say(peer, group, Saying::Have { marks });
            }
        }
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let questions = tree.posts.questions(now);
        for (peer, marks) in questions.iter() {
            let marks = marks.clone();
            self.say(*peer, group, Saying::Want { marks });
        }
        self.tell_in_order(now, group);
    }
}
