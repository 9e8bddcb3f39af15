//! How posts go on along the tree, and how those that are missing are found.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::group::{Mark, Post, Saying, Turn, payload_in};
use boplish_wire::limits::MAX_MARKS;
use boplish_wire::{Keypair, PeerId};

use super::posts::Age;
use super::seal::{self, Purpose};
use super::{Around, GroupEvent, Trees};
use crate::kbr::KeyBased;
use crate::time::Time;

/// Those besides the tree are told of posts in bundles.
const TELL: Duration = Duration::from_millis(200);

/// A post that others have is asked for if it has not come after this long.
const PATIENCE: Duration = Duration::from_millis(600);

/// Posts, and bytes, that are sent for one question.
const MAX_SENT: usize = 64;
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
        self.pass_on(now, group, None, mark, (&post, &bytes), around);
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
        if is_old && !tree.awaits(&from) {
            // Whoever has a post sooner than others could keep them from hearing it.
            return;
        }
        let Some(post) = Post::decode(&group, &bytes) else {
            tracing::debug!(?from, "a forged post");
            return;
        };
        let is_old = tree.posts.is_old(mark) || is_old && !tree.has_missed(mark, &post);
        let bytes: Arc<[u8]> = bytes.into();
        if is_old {
            // Who wants it asks for it.
            return self.keep_old(now, group, mark, &post, bytes);
        }
        let was_asked_for = self.pass_on(now, group, Some(from), mark, (&post, &bytes), around);
        self.note_kept(now, group, mark);
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let is_late = was_asked_for && tree.parent() != Some(from);
        if let Some(membership) = &tree.membership
            && post.writer() != self.own
        {
            let since = membership.since;
            tree.posts.put_in_order(now, since, post);
            self.tell_in_order(now, group);
        }
        if is_late {
            self.suspect_parent(now, group);
        }
    }

    /// Keeps a post, and sends it on to parent and children. Returns whether it was asked for.
    fn pass_on(
        &mut self,
        now: Time,
        group: PeerId,
        from: Option<PeerId>,
        mark: Mark,
        (post, bytes): (&Post, &Arc<[u8]>),
        around: Around<'_>,
    ) -> bool {
        let Some(tree) = self.trees.get_mut(&group) else {
            return false;
        };
        let was_asked_for = tree
            .posts
            .keep(now, mark, post, Arc::clone(bytes), Age::New);
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
    pub(super) fn tell_in_order(&mut self, now: Time, group: PeerId) {
        let tree = self.trees.get_mut(&group);
        let Some(tree) = tree.filter(|tree| !tree.waits_for_history()) else {
            return;
        };
        for post in tree.posts.in_order(now) {
            self.tell_post(group, &post, false);
        }
    }

    /// Tells the application what somebody has said, if whoever did knows the password.
    pub(super) fn tell_post(&mut self, group: PeerId, post: &Post, is_old: bool) {
        let membership = self.trees.get(&group).and_then(|it| it.membership.as_ref());
        let Some(membership) = membership else {
            return;
        };
        let (from, purpose) = (post.writer(), Purpose::Post(post.turn));
        let value = seal::open(
            membership.seal.as_ref(),
            &group,
            &from,
            purpose,
            &post.value,
        );
        match value.as_deref().and_then(payload_in) {
            Some(payload) => {
                let event = GroupEvent::Post {
                    from,
                    payload,
                    is_old,
                };
                self.event(group, event);
            }
            None => tracing::debug!(?from, "a post by somebody who does not know the password"),
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

    pub(super) fn send_posts(
        &mut self,
        group: PeerId,
        to: PeerId,
        posts: Vec<Arc<[u8]>>,
        old: bool,
    ) {
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

    /// Tells others which posts are here, and asks for those that are not.
    pub(super) fn drive_posts(&mut self, now: Time, group: PeerId, near: &dyn KeyBased) {
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
