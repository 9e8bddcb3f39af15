//! What was said before somebody came: it is asked for, of the parent or, where nobody above knows,
//! of the children, and told at once and before all else when it has come.

use core::time::Duration;
use std::sync::Arc;

use boplish_wire::PeerId;
use boplish_wire::group::{Mark, Post, Saying};

use super::Trees;
use super::posts::Age;
use super::tree::{Tree, Up};
use crate::table::Set;
use crate::time::Time;

/// How long the answer may take, and each further post of it, and how often it is asked for.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(1_000);
const MAX_QUESTIONS: u8 = 2;

/// So often at most when those who were asked go before they have answered: some do while the tree
/// follows the routes.
const MAX_ASKED: u8 = 8;

/// Who has been the root for less than this waits that long for somebody to ask: the children of the
/// one before may still be on their way.
const NEW_ROOT: Duration = Duration::from_secs(5);

/// Posts, and bytes, of an answer.
const MAX_POSTS: usize = 64;
const MAX_BYTES: usize = 256 << 10;

/// What was said before this peer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Past {
    /// It is not here; so often somebody was asked for it, and did not answer.
    Unknown { asked: u8 },
    /// It is waited for until then.
    Awaited {
        until: Time,
        /// Who was asked; `None` while nobody is there who could be.
        of: Option<PeerId>,
        /// So often somebody was asked.
        asked: u8,
        /// The posts of the answer that have not come yet, once it is known which these are.
        lacking: Option<Vec<Mark>>,
    },
    /// It is here, as far as it came.
    Known,
}

impl Tree {
    /// Whether what is said waits until the application knows what was said before.
    pub(super) fn waits_for_history(&self) -> bool {
        let wants = |membership: &super::tree::Membership| membership.history > 0;
        self.history_until().is_some() && self.membership.as_ref().is_some_and(wants)
    }

    pub(super) fn history_until(&self) -> Option<Time> {
        match self.past {
            Past::Awaited { until, .. } => Some(until),
            Past::Unknown { .. } | Past::Known => None,
        }
    }

    /// Whether that peer was asked for what was said before, and may still answer.
    pub(super) fn awaits(&self, peer: &PeerId) -> bool {
        matches!(&self.past, Past::Awaited { of: Some(of), .. } if of == peer)
    }

    /// Whether that peer, which was asked, is still there, and has not said that it knows nothing.
    fn waits_for(&self, peer: &PeerId) -> bool {
        self.neighbours().contains(peer) && !self.ignorant.contains_key(peer)
    }

    /// Whether a post was said since this peer came, though it comes with what was said before.
    pub(super) fn has_missed(&self, mark: Mark, post: &Post) -> bool {
        let is_missing = !self.waits_for_history() && self.posts.is_missing(mark);
        is_missing || self.posts.is_behind_new(post)
    }

    /// How many posts from before are wanted here: by the application, or by others.
    fn wanted(&self) -> u32 {
        match self.asking.is_empty() {
            false => MAX_POSTS as u32,
            true => self.membership.as_ref().map_or(0, |it| it.history),
        }
    }

    /// Who may know what was said before, has not been asked in vain and does not ask for it: the
    /// parent, or the child that has most below it.
    fn whom_to_ask(&self) -> Option<PeerId> {
        if matches!(self.up, Up::Searching { .. }) {
            return None;
        }
        let may_know =
            |it: &PeerId| !self.asking.contains_key(it) && !self.ignorant.contains_key(it);
        let children = self.children.iter().filter(|it| may_know(it.0));
        let largest = children.max_by_key(|it| it.1.count).map(|it| *it.0);
        self.parent().filter(may_know).or(largest)
    }

    /// Whether the parent asks: then nobody above knows, and it does not wait for long.
    fn is_asked_by_parent(&self) -> bool {
        self.parent()
            .is_some_and(|it| self.asking.contains_key(&it))
    }
}

impl Trees {
    /// Asks for what was said before, if somebody wants it; tells it, if it is here.
    pub(super) fn seek_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let count = tree.wanted();
        if count == 0 {
            return;
        }
        let asked = match &tree.past {
            Past::Known => return self.complete_history(now, group),
            Past::Awaited { of: Some(peer), .. } if tree.waits_for(peer) => return,
            Past::Awaited { asked, .. } | Past::Unknown { asked } => *asked,
        };
        if asked >= MAX_ASKED {
            // Those who come and go in turn could keep it waiting for ever.
            return self.complete_history(now, group);
        }
        let (until, of) = match (tree.whom_to_ask(), &tree.up) {
            (Some(asked), _) => (now + PATIENCE, Some(asked)),
            // It is sought again as soon as there is a parent.
            (None, Up::Searching { .. }) => return,
            (None, Up::Root) if now < tree.root_since + NEW_ROOT => {
                (tree.root_since + NEW_ROOT, None)
            }
            (None, Up::Parent { .. }) if tree.is_asked_by_parent() => {
                return self.answer_parent(now, group);
            }
            (None, Up::Root | Up::Parent { .. }) if !tree.ignorant.is_empty() => {
                return self.complete_history(now, group);
            }
            // For the application it is sought again with the next child.
            (None, Up::Root | Up::Parent { .. }) => return self.answer_asking(group),
        };
        if of.is_some() || !tree.asking.is_empty() {
            tree.past = Past::Awaited {
                until,
                of,
                asked: asked + u8::from(of.is_some()),
                lacking: None,
            };
        }
        if let Some(peer) = of {
            self.say(peer, group, Saying::Last { count });
        }
    }

    /// A child has told which posts it has. Returns whether these were said before this peer came,
    /// so that they are not missing: it is the root, and this is the first child that it hears of.
    pub(super) fn meet_child(&mut self, now: Time, group: PeerId, marks: &[Mark]) -> bool {
        let Some(tree) = self.trees.get_mut(&group) else {
            return false;
        };
        if tree.up != Up::Root {
            return false;
        }
        // Who has no use for what was said before may have joined before some of that was said.
        let is_wanted = tree.membership.as_ref().is_none_or(|it| it.history > 0);
        let is_first = core::mem::take(&mut tree.is_new) && is_wanted;
        if is_first {
            tree.posts.pass_over(now, marks);
        }
        self.seek_history(now, group);
        is_first
    }

    /// Somebody wants to know what was said before it came.
    pub(super) fn handle_last(&mut self, now: Time, group: PeerId, from: PeerId, count: u32) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        // Where both wait for each other, the parent goes on; nor is this peer there for all.
        let is_awaited_parent = tree.awaits(&from) && tree.parent() == Some(from);
        if is_awaited_parent || !tree.neighbours().contains(&from) {
            return self.answer(group, from, count);
        }
        tree.asking.insert(from, count);
        self.seek_history(now, group);
    }

    /// Somebody who was asked tells which posts its answer has; they come behind.
    pub(super) fn handle_told(&mut self, now: Time, group: PeerId, from: PeerId, marks: Vec<Mark>) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if let Past::Awaited {
            until, of, lacking, ..
        } = &mut tree.past
            && *of == Some(from)
            && lacking.is_none()
        {
            if marks.is_empty() {
                // Another branch may know: this one may have come since.
                tree.ignorant.insert(from, ());
                return self.seek_history(now, group);
            }
            let is_lacking = |mark: &Mark| !tree.posts.is_known(*mark);
            let marks = marks.into_iter().filter(is_lacking);
            let marks: Vec<Mark> = marks.take(MAX_POSTS).collect();
            if marks.is_empty() {
                return self.complete_history(now, group);
            }
            *until = now + PAUSE;
            *lacking = Some(marks);
        }
    }

    /// Keeps a post from before this peer came.
    pub(super) fn keep_old(
        &mut self,
        now: Time,
        group: PeerId,
        mark: Mark,
        post: &Post,
        bytes: Arc<[u8]>,
    ) {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.posts.keep(now, mark, post, bytes, Age::Old);
            self.note_kept(now, group, mark);
        }
    }

    /// A post is here, which may be the last that an answer lacked.
    pub(super) fn note_kept(&mut self, now: Time, group: PeerId, mark: Mark) {
        if let Some(tree) = self.trees.get_mut(&group)
            && let Past::Awaited { until, lacking, .. } = &mut tree.past
            && let Some(lacking) = lacking
        {
            let before = lacking.len();
            lacking.retain(|it| *it != mark);
            if lacking.is_empty() {
                self.complete_history(now, group);
            } else if lacking.len() < before {
                *until = now + PAUSE;
            }
        }
    }

    /// What was said before is here, as far as it comes: tells it those who wait for it.
    fn complete_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if tree.is_asked_by_parent() && tree.past != Past::Known {
            return self.answer_parent(now, group);
        }
        tree.past = Past::Known;
        tree.ignorant = Set::new();
        let mut told = Vec::new();
        if let Some(membership) = &mut tree.membership {
            let count = core::mem::take(&mut membership.history) as usize;
            let before = tree.posts.before(membership.since, count);
            told.extend(before.iter().filter_map(|it| Post::decode(&group, it)));
        }
        for post in &told {
            tree.posts.note_told(post);
        }
        self.answer_asking(group);
        for post in told {
            self.tell_post(group, &post, true);
        }
        self.tell_in_order(now, group);
    }

    /// Tells the parent, which looks for it in all its branches, what is known in this one; whoever
    /// else wants to know it waits until the parent does.
    fn answer_parent(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let Some(parent) = tree.parent() else {
            return;
        };
        tree.ignorant = Set::new();
        if let Past::Awaited { asked, .. } = tree.past {
            tree.past = Past::Unknown { asked };
        }
        if let Some(count) = tree.asking.remove(&parent) {
            self.answer(group, parent, count);
            self.seek_history(now, group);
        }
    }

    /// Tells those who have asked what is here.
    fn answer_asking(&mut self, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        for (peer, count) in core::mem::take(&mut tree.asking).iter() {
            self.answer(group, *peer, *count);
        }
    }

    fn answer(&mut self, group: PeerId, to: PeerId, count: u32) {
        let Some(tree) = self.trees.get(&group) else {
            return;
        };
        let posts = tree.posts.last(MAX_POSTS.min(count as usize), MAX_BYTES);
        let marks = posts.iter().map(|it| it.0).collect();
        self.say(to, group, Saying::Told { marks });
        let posts = posts.into_iter().map(|it| it.1).collect();
        self.send_posts(group, to, posts, true);
    }

    /// Goes on without what has not come in time.
    pub(super) fn drive_history(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let Past::Awaited {
            until,
            of,
            asked,
            ref lacking,
        } = tree.past
        else {
            return;
        };
        if now < until {
            return;
        }
        let is_heard = lacking.is_some() || tree.is_asked_by_parent();
        tree.past = Past::Unknown { asked };
        match of {
            None => self.answer_asking(group),
            Some(_) if is_heard || asked >= MAX_QUESTIONS => self.complete_history(now, group),
            Some(_) => self.seek_history(now, group),
        }
    }
}
