//! What parents and children tell each other regularly: that they are there, who else is, and which
//! posts have come.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::group::{Beat, Mark, Saying};

use super::tree::Up;
use super::{GroupEvent, NEWS, PARENT_PATIENCE, Trees};
use crate::time::Time;

/// Parents and children say so often that they are there, more or less by a quarter.
const BEAT: Duration = Duration::from_secs(3);

/// Every so many beats tell the members, whether they are news or not.
const TELL_ALL: u32 = 4;

impl Trees {
    /// From one beat to the next.
    pub(super) fn pause(&mut self) -> Duration {
        BEAT * 3 / 4 + crate::link::retry::random_below(BEAT / 2, &mut self.rng)
    }

    /// Tells parent and children that this peer is there, and what it knows.
    pub(super) fn beat(&mut self, now: Time, group: PeerId) {
        let (own, pause) = (self.own, self.pause());
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        tree.beat_at = now + pause;
        // What one beat has told may be lost: who has missed it hears it with a later one.
        tree.beats = tree.beats.wrapping_add(1);
        let tells_all = tree.beats.is_multiple_of(TELL_ALL);
        let marks = tree.posts.recent(now);
        let (count, below) = tree.below(own, &group);
        if tree.up == Up::Root {
            (tree.count, tree.some) = (count, below.clone());
        }
        let mut beats = Vec::new();
        if let Some(parent) = tree.parent() {
            let is_news = tells_all || tree.told != below;
            tree.told.clone_from(&below);
            let some = is_news.then_some(below);
            beats.push((parent, None, count, some));
        }
        let (all, some) = (tree.count, tree.some.clone());
        for (peer, child) in tree.children.iter_mut() {
            let is_news = tells_all || child.told != some;
            child.told.clone_from(&some);
            let some = is_news.then(|| some.clone());
            beats.push((*peer, Some(tree.path.clone()), all, some));
        }
        for (peer, path, count, some) in beats {
            let marks = marks.clone();
            let asks = false;
            let beat = Beat {
                path,
                count,
                some,
                marks,
                asks,
            };
            self.say(peer, group, Saying::Beat(beat));
        }
        self.tell_members(group);
    }

    /// Tells the application who is there, if that is news.
    fn tell_members(&mut self, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let now = (tree.count, tree.some.clone());
        if let Some(membership) = &mut tree.membership
            && membership.told != now
            && now.0 > 0
        {
            membership.told.clone_from(&now);
            let (count, some) = now;
            self.event(group, GroupEvent::Members { count, some });
        }
    }

    pub(super) fn handle_beat(&mut self, now: Time, group: PeerId, from: PeerId, beat: Beat) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return self.say(from, group, Saying::Leave);
        };
        let (marks, asks): (Vec<Mark>, bool) = (beat.marks.clone(), beat.asks);
        match beat.path.clone() {
            Some(path) if tree.parent() == Some(from) => {
                tree.up = Up::Parent {
                    peer: from,
                    until: now + PARENT_PATIENCE,
                };
                let is_circle = tree.take_path(&self.own, from, path);
                tree.count = beat.count;
                if let Some(some) = beat.some {
                    if tree.some != some {
                        tree.beat_at = tree.beat_at.min(now + NEWS);
                    }
                    tree.some = some;
                }
                if is_circle {
                    self.say(from, group, Saying::Leave);
                    return self.search(now, group);
                }
                self.tell_members(group);
            }
            None if tree.children.contains_key(&from) => {
                if tree.take_report(now, &from, beat) {
                    tree.beat_at = tree.beat_at.min(now + NEWS);
                }
                if self.meet_child(now, group, &marks) {
                    return;
                }
            }
            Some(_) | None => return self.say(from, group, Saying::Leave),
        }
        self.learn_of(now, group, from, &marks);
        if asks {
            self.beat_back(now, group, from);
        }
    }
}
