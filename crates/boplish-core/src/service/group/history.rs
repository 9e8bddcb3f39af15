//! What was said before somebody came: it is asked for, of the parent or, by a new root, of its first
//! child, and told at once and before all else when it has come.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::PeerId;
use boplish_wire::group::{Mark, Post, Saying};

use super::tree::{Tree, Up};
use super::{Trees, posts};
use crate::time::Time;

/// How long the answer may take, and each further post of it.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(1_000);

/// Posts, and bytes, of an answer.
const MAX_POSTS: usize = 64;
const MAX_BYTES: usize = 256 << 10;

/// In place of a number of posts: that was all.
const END: u32 = 0;

impl Tree {
    /// Whether what is said waits until the application knows what was said before.
    pub(super) fn waits_for_history(&self) -> bool {
        let wants = |membership: &super::tree::Membership| membership.history > 0;
        self.history_at.is_some() && self.membership.as_ref().is_some_and(wants)
    }

    /// How many posts are wanted here: by the application, or by others than the one who is asked.
    fn wanted(&self, asked: PeerId) -> u32 {
        match self.asking.keys().any(|peer| *peer != asked) {
            true => MAX_POSTS as u32,
            false => self.membership.as_ref().map_or(0, |it| it.history),
        }
    }
}

impl Trees {
    /// Asks for what was said before, if somebody wants it; tells it, if it is here.
    pub(super) fn seek_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get(&group) else {
            return;
        };
        // A new root has nobody to ask before it has a child.
        let is_first = tree.up == Up::Root && tree.is_new;
        match tree.parent().filter(|_| tree.posts.is_empty()) {
            Some(parent) => self.ask_for_history(now, group, parent),
            None if is_first && tree.posts.is_empty() => {}
            None => self.complete_history(now, group),
        }
    }

    fn ask_for_history(&mut self, now: Time, group: PeerId, asked: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let count = tree.wanted(asked);
        if count == 0 {
            return self.complete_history(now, group);
        }
        if tree.history_at.is_none() {
            tree.history_at = Some(now + PATIENCE);
            self.say(asked, group, Saying::Last { count });
        }
    }

    /// The first child of a root that is new there itself has these posts. Returns whether it is asked
    /// for them, so that they are not missing.
    pub(super) fn ask_first_child(
        &mut self,
        now: Time,
        group: PeerId,
        child: PeerId,
        marks: &[Mark],
    ) -> bool {
        let Some(tree) = self.trees.get_mut(&group) else {
            return false;
        };
        let is_first = tree.up == Up::Root && core::mem::take(&mut tree.is_new);
        // Who has no use for what was said before may have joined before some of that was said.
        let is_wanted = tree.membership.as_ref().is_none_or(|it| it.history > 0);
        if !is_first || !is_wanted {
            return false;
        }
        tree.posts.pass_over(marks);
        tree.history_at = Some(now + PATIENCE);
        let count = match &tree.membership {
            Some(membership) => membership.history,
            // For those who come.
            None => MAX_POSTS as u32,
        };
        self.say(child, group, Saying::Last { count });
        true
    }

    /// A child, or a parent that is new, wants to know what was said before it came; or that was all.
    pub(super) fn handle_last(&mut self, now: Time, group: PeerId, from: PeerId, count: u32) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if !tree.children.contains_key(&from) && tree.parent() != Some(from) {
            return;
        }
        if count == END {
            if tree.history_at.is_some() {
                self.complete_history(now, group);
            }
            return;
        }
        tree.asking.insert(from, count);
        if tree.history_at.is_none() {
            self.seek_history(now, group);
        }
    }

    /// Keeps a post from before this peer came.
    pub(super) fn keep_old(&mut self, now: Time, group: PeerId, mark: Mark, bytes: Arc<[u8]>) {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.posts.keep(now, mark, bytes, posts::Age::Old);
            if tree.history_at.is_some() {
                tree.history_at = Some(now + PAUSE);
            }
        }
    }

    /// What was said before is here, as far as it comes: tells it those who wait for it.
    pub(super) fn complete_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        tree.history_at = None;
        let asking = core::mem::take(&mut tree.asking);
        let answers: Vec<(PeerId, Vec<Arc<[u8]>>)> = asking
            .iter()
            .map(|(peer, count)| {
                let count = MAX_POSTS.min(*count as usize);
                (*peer, tree.posts.last(count, MAX_BYTES))
            })
            .collect();
        let mut told = Vec::new();
        if let Some(membership) = &mut tree.membership {
            let count = core::mem::take(&mut membership.history) as usize;
            let before = tree.posts.before(membership.since, count);
            told.extend(
                before
                    .iter()
                    .filter_map(|bytes| Post::decode(&group, bytes)),
            );
        }
        posts::sort_by_turn(&mut told);
        for post in &told {
            tree.posts.note_told(post);
        }
        for (peer, posts) in answers {
            self.send_posts(group, peer, posts, true);
            self.say(peer, group, Saying::Last { count: END });
        }
        for post in told {
            self.tell_post(group, &post, true);
        }
        self.tell_in_order(now, group);
    }

    pub(super) fn drive_history(&mut self, now: Time, group: PeerId) {
        let due = self.trees.get(&group).and_then(|tree| tree.history_at);
        if due.is_some_and(|due| due <= now) {
            self.complete_history(now, group);
        }
    }
}
