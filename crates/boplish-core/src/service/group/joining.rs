//! How a peer gets a parent, and another one when that is gone.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::group::{Beat, GroupMessage, Mark, Saying};
use rand_core::Rng;

use super::tree::{OTHERS, Tree, Up};
use super::{Around, GroupEvent, GroupOutput, KEEP, MAX_TREES, PARENT_PATIENCE, Trees};
use crate::kbr::KeyBased;
use crate::time::Time;

/// A question for a parent without an answer is asked again after this long.
const RESEND: Duration = Duration::from_millis(1_500);

/// A parent that a post should have come from is given so long to say that it is there.
const SUSPICION: Duration = Duration::from_millis(1_500);

/// How long a peer that could have a better parent waits for it, and about how long it lets be
/// before it asks again.
const MOVE_PATIENCE: Duration = Duration::from_secs(3);
const MOVE_PAUSE: Duration = Duration::from_secs(20);

/// Children of one peer.
const MAX_CHILDREN: usize = 48;

/// Peers that come after the root on the ring and are ready to take its place.
const SUCCESSORS: usize = 2;

impl Trees {
    /// Has a part in a group's tree from now on.
    pub(super) fn begin(&mut self, now: Time, group: PeerId, near: &dyn KeyBased) {
        let is_owner = self.is_owner(near, &group);
        let mut tree = Tree::new(now, Up::Root);
        tree.keep_until = now + KEEP;
        tree.beat_at = now + self.pause();
        self.trees.insert(group, tree);
        if !is_owner {
            self.search(now, group);
        }
    }

    /// Asks for a parent.
    pub(super) fn search(&mut self, now: Time, group: PeerId) {
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.path.clear();
            tree.told.clear();
            let resend = now + RESEND;
            tree.up = Up::Searching { resend };
            self.ask_on_the_way(group);
        }
    }

    /// Asks the first peer on the way to the root that can to take this one for a child.
    fn ask_on_the_way(&mut self, group: PeerId) {
        let saying = Saying::Join;
        let payload = GroupMessage { group, saying }.encode();
        let key = group;
        self.outputs
            .push_back(GroupOutput::SayToOwner { key, payload });
    }

    /// Asks for another parent if the one that it has is not on the way to the root any more, so
    /// that the tree goes on following the ring's routes; until another one takes this peer, it
    /// keeps the one that it has.
    pub(super) fn follow_the_route(&mut self, now: Time, group: PeerId, around: Around<'_>) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        let Some(parent) = tree.parent().filter(|_| tree.try_at <= now) else {
            return;
        };
        let next = around.near.local_lookup(&group, 1).first().copied();
        // The next hop may have reasons not to take this peer: it is asked once.
        let is_tried = next == Some(parent) || next == tree.tried;
        if is_tried && around.links.is_linked(&parent) {
            return;
        }
        tree.tried = next;
        tree.moves_until = now + MOVE_PATIENCE;
        self.ask_on_the_way(group);
        let pause = match around.links.is_linked(&parent) {
            true => MOVE_PAUSE / 2 + crate::link::retry::random_below(MOVE_PAUSE, &mut self.rng),
            // Whatever comes from there comes over others.
            false => MOVE_PATIENCE,
        };
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.try_at = now + pause;
        }
    }

    /// Gives up a parent that is silent, and asks again for one.
    pub(super) fn drive_search(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get(&group) else {
            return;
        };
        match tree.up {
            Up::Searching { resend } if resend <= now => self.search(now, group),
            Up::Parent { peer, until } if until <= now => {
                // It may only have been silent to this peer.
                self.say(peer, group, Saying::Leave);
                self.search(now, group);
            }
            Up::Root | Up::Searching { .. } | Up::Parent { .. } => {}
        }
    }

    /// Somebody's question for a parent comes by. Returns whether it is answered here.
    pub(super) fn take_passing(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        near: &dyn KeyBased,
    ) -> bool {
        if from == self.own {
            return false;
        }
        if !self.trees.contains_key(&group) {
            if self.trees.len() >= MAX_TREES {
                return false;
            }
            self.begin(now, group, near);
        }
        self.take_in(now, group, from)
    }

    /// Takes a peer for a child, or says who else may. Returns whether it could.
    fn take_in(&mut self, now: Time, group: PeerId, from: PeerId) -> bool {
        let Some(tree) = self.trees.get_mut(&group) else {
            return false;
        };
        if tree.is_above(&from) {
            return false;
        }
        if tree.is_new && matches!(tree.up, Up::Searching { .. }) {
            // What the child is told is only known with a parent.
            let has_room = tree.waiting.len() < MAX_CHILDREN;
            if has_room {
                tree.waiting.insert(from, ());
            }
            return has_room;
        }
        let is_full = tree.children.len() >= MAX_CHILDREN && !tree.children.contains_key(&from);
        if is_full {
            let children: Vec<PeerId> = tree.children.keys().copied().collect();
            let others = self.some_of(children, &[from]);
            self.say(from, group, Saying::Full { others });
            return true;
        }
        tree.take_child(now, from);
        let (path, marks) = (tree.path.clone(), tree.posts.recent(now));
        let mut known = tree.neighbours();
        known.extend(tree.some.iter().copied());
        let others = self.some_of(known, &[from]);
        let taken = Saying::Taken {
            path,
            others,
            marks,
        };
        self.say(from, group, taken);
        true
    }

    /// A few of these, by chance, without the own id and those.
    fn some_of(&mut self, mut peers: Vec<PeerId>, without: &[PeerId]) -> Vec<PeerId> {
        let own = self.own;
        peers.retain(|peer| *peer != own && !without.contains(peer));
        peers.sort_unstable();
        peers.dedup();
        let mut some = Vec::new();
        while some.len() < OTHERS && !peers.is_empty() {
            let index = self.rng.next_u32() as usize % peers.len();
            some.push(peers.swap_remove(index));
        }
        some
    }

    pub(super) fn handle_join(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        near: &dyn KeyBased,
    ) {
        if !self.take_passing(now, group, from, near) && from != self.own {
            // It asks again, on another way perhaps.
            let others = Vec::new();
            self.say(from, group, Saying::Full { others });
        }
    }

    pub(super) fn handle_taken(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        (path, others, marks): (Vec<PeerId>, Vec<PeerId>, &[Mark]),
    ) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return self.say(from, group, Saying::Leave);
        };
        let before = tree.up.clone();
        let is_wanted = match before {
            Up::Root => false,
            Up::Searching { .. } => true,
            Up::Parent { peer, .. } => peer == from || now <= tree.moves_until,
        };
        if !is_wanted || tree.take_path(&self.own, from, path) {
            return self.say(from, group, Saying::Leave);
        }
        tree.children.remove(&from);
        tree.moves_until = now;
        let left = tree.parent().filter(|it| *it != from);
        if tree.parent() != Some(from) {
            // It knows nothing of those below yet.
            tree.told.clear();
        }
        tree.up = Up::Parent {
            peer: from,
            until: now + PARENT_PATIENCE,
        };
        match tree.is_new {
            true => tree.posts.pass_over(now, marks),
            false => tree.posts.has(now, from, marks),
        }
        tree.is_new = false;
        let neighbours = tree.neighbours();
        let known = [tree.others.clone(), others].concat();
        let others = self.some_of(known, &neighbours);
        if let Some(tree) = self.trees.get_mut(&group) {
            tree.others = others;
            // It is told what is here, and tells what it has.
            tree.beat_at = now;
        }
        if let Some(left) = left {
            self.say(left, group, Saying::Leave);
        }
        if !matches!(before, Up::Parent { .. }) {
            self.has_joined(now, group);
        }
    }

    /// This peer has a place in the tree.
    pub(super) fn has_joined(&mut self, now: Time, group: PeerId) {
        let waiting = self
            .trees
            .get_mut(&group)
            .map(|it| core::mem::take(&mut it.waiting));
        for peer in waiting.unwrap_or_default().keys() {
            self.take_in(now, group, *peer);
        }
        self.seek_history(now, group);
        let tree = self.trees.get(&group);
        let membership = tree.and_then(|it| it.membership.as_ref());
        if membership.is_some_and(|it| it.told.0 == 0) {
            self.event(group, GroupEvent::Joined);
        }
    }

    pub(super) fn handle_full(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        others: &[PeerId],
    ) {
        let is_searching = |tree: &&Tree| matches!(tree.up, Up::Searching { .. });
        let Some(tree) = self.trees.get(&group).filter(is_searching) else {
            return;
        };
        let without: Vec<PeerId> = tree.children.keys().copied().chain([from]).collect();
        if let Some(other) = self.some_of(others.to_vec(), &without).first() {
            let resend = now + RESEND;
            self.say(*other, group, Saying::Join);
            if let Some(tree) = self.trees.get_mut(&group) {
                tree.up = Up::Searching { resend };
            }
        }
    }

    pub(super) fn handle_leave(&mut self, now: Time, group: PeerId, from: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if tree.parent() == Some(from) {
            self.search(now, group);
        } else if tree.children.remove(&from).is_some() {
            tree.beat_at = tree.beat_at.min(now + super::NEWS);
        } else {
            tree.note_absent(now, from);
        }
    }

    /// The root wants those who come after it to know what it knows.
    pub(super) fn invite_successors(&mut self, group: PeerId, near: &dyn KeyBased) {
        for peer in near.replica_set(&group, SUCCESSORS) {
            if peer != self.own {
                self.say(peer, group, Saying::Invite);
            }
        }
    }

    pub(super) fn handle_invite(
        &mut self,
        now: Time,
        group: PeerId,
        from: PeerId,
        near: &dyn KeyBased,
    ) {
        if !self.trees.contains_key(&group) {
            if self.trees.len() >= MAX_TREES {
                return;
            }
            self.begin(now, group, near);
        }
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        tree.keep_until = tree.keep_until.max(now + KEEP);
        if tree.up == Up::Root || tree.parent() == Some(from) {
            return;
        }
        tree.moves_until = now + MOVE_PATIENCE;
        self.say(from, group, Saying::Join);
    }

    /// A post has come late that the parent should have sent: is it there?
    pub(super) fn suspect_parent(&mut self, now: Time, group: PeerId) {
        let Some(tree) = self.trees.get_mut(&group) else {
            return;
        };
        if let Up::Parent { peer, until } = tree.up
            && until > now + SUSPICION
        {
            tree.up = Up::Parent {
                peer,
                until: now + SUSPICION,
            };
            let (count, _) = tree.below(self.own, &group);
            let beat = Beat {
                count,
                asks: true,
                ..Beat::default()
            };
            self.say(peer, group, Saying::Beat(beat));
        }
    }

    /// Somebody asks whether this peer is there.
    pub(super) fn beat_back(&mut self, now: Time, group: PeerId, to: PeerId) {
        let Some(tree) = self.trees.get(&group) else {
            return;
        };
        let is_child = tree.children.contains_key(&to);
        let (below, _) = tree.below(self.own, &group);
        let beat = Beat {
            path: is_child.then(|| tree.path.clone()),
            count: if is_child { tree.count } else { below },
            some: None,
            marks: tree.posts.recent(now),
            asks: false,
        };
        self.say(to, group, Saying::Beat(beat));
    }
}
