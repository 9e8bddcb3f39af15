//! Judges a ring by the invariants of Zave ("Reasoning about identifier spaces: how to make Chord
//! correct", 2017), after every step.
//!
//! - A *step* is one fact handed to one peer, and all that this peer does about it. A failure is a
//!   step of its own.
//! - A *member* is a peer that lives and says that it is a member of the ring. A newcomer is
//!   nobody until it says so; a peer that has failed, left, or lost the ring, is nobody either.
//! - A member's *best successor* is the first member in its successor list; that of an only
//!   member is the member itself.
//! - A member is *on the ring* if it comes back to itself by going from best successor to best
//!   successor; the others are appendages.
//! - A member is a *principal* if no member's list skips it: no list, begun with its owner, has
//!   two neighbours between which the principal is.
//!
//! Zave proves the other invariants from two that are inductive: OneLiveSuccessor, and
//! SufficientPrincipals, which are as many as the list is long and one more. Here all that follow
//! are judged themselves, which is more than their premise, and OneLiveSuccessor with them.
//! SufficientPrincipals is counted only ([`RingJudge::scarcities`]), since her proof that no step
//! but a failure takes a principal away rests on what a network does not grant:
//!
//! - There, a question and its answer are one step. Here, a list is under way for a while, and may
//!   skip a peer that nobody's list has skipped since.
//! - There, a newcomer takes the list of the member before it. Here, it takes that of its
//!   successor, the one that it has a link with, and which may not know of a peer between them
//!   until that one's next stabilize.
//! - There, so many principals never fail all at once that too few are left, a stable base. Here,
//!   rings may shrink to as many members as a list is long and one more, any of whom may be
//!   replaced by newcomers, who are skipped until their predecessors have heard of them.
//!
//! So rings go through states that her premise excludes, and must be right there, too. When a ring
//! has come to rest, its lists are judged to be exact, and then every member is a principal.

use core::fmt;

use boplish_core::wire::PeerId;

/// A peer, by the number that [`RingJudge::add`] gave it.
pub type Seat = u32;

/// What is wrong with a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// No member is on a ring.
    AtLeastOneRing,
    /// So many rings that have no member in common.
    AtMostOneRing(usize),
    /// The ring that this member is on goes around more than once.
    OrderedRing(Seat),
    /// This member reaches no ring.
    ConnectedAppendages(Seat),
    /// No peer in the list of this member is a member.
    OneLiveSuccessor(Seat),
    /// The list of this member is not in the order of ids.
    OrderedSuccessorList(Seat),
    /// The list of this member names a peer twice.
    NoDuplicates(Seat),
    /// The list of this member names itself.
    OwnIdInList(Seat),
    /// The list of this member is longer than it may be.
    ListTooLong(Seat),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The ring as seen from outside, kept up to date peer by peer.
#[derive(Debug)]
pub struct RingJudge {
    depth: usize,
    seats: Vec<Known>,
    /// The members, in the order of their keys.
    members: Vec<Seat>,
    /// Scratch: in which walk each member was met.
    met: Vec<u32>,
    /// How many principals there were after the last step.
    principals: Option<u32>,
    /// How often there were too few all at once.
    scarcities: u64,
}

#[derive(Debug)]
struct Known {
    /// The first 64 bits of its id, which no two peers share.
    key: u64,
    /// Its place among the members, if it is one.
    rank: Option<u32>,
    list: Vec<Seat>,
}

impl RingJudge {
    /// A ring of nobody, with successor lists of this length.
    pub fn new(depth: usize) -> Self {
        Self {
            depth,
            seats: Vec::new(),
            members: Vec::new(),
            met: Vec::new(),
            principals: None,
            scarcities: 0,
        }
    }

    /// A peer, which is no member yet.
    pub fn add(&mut self, id: &PeerId) -> Seat {
        let [a, b, c, d, e, f, g, h, ..] = *id.as_bytes();
        self.seats.push(Known {
            key: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            rank: None,
            list: Vec::new(),
        });
        self.seats.len() as Seat - 1
    }

    /// What a peer says after a step. Returns whether that is news.
    pub fn update(&mut self, seat: Seat, member: bool, list: impl Iterator<Item = Seat>) -> bool {
        let known = &mut self.seats[seat as usize];
        let was_member = known.rank.is_some();
        let mut count = 0;
        let mut changed = was_member != member;
        for entry in list {
            match known.list.get_mut(count) {
                Some(old) if *old == entry => {}
                Some(old) => {
                    *old = entry;
                    changed = true;
                }
                None => {
                    known.list.push(entry);
                    changed = true;
                }
            }
            count += 1;
        }
        changed |= known.list.len() != count;
        known.list.truncate(count);
        if was_member != member {
            self.enrol(seat, member);
        }
        changed
    }

    /// A peer has failed or left.
    pub fn gone(&mut self, seat: Seat) {
        self.update(seat, false, core::iter::empty());
    }

    fn enrol(&mut self, seat: Seat, member: bool) {
        let key = self.seats[seat as usize].key;
        let seats = &mut self.seats;
        let place = self
            .members
            .partition_point(|it| seats[*it as usize].key < key);
        match member {
            true => self.members.insert(place, seat),
            false => {
                self.members.remove(place);
                seats[seat as usize].rank = None;
            }
        }
        for (rank, member) in self.members.iter().enumerate().skip(place) {
            seats[*member as usize].rank = Some(rank as u32);
        }
    }

    /// The members, in the order of their ids.
    pub fn members(&self) -> &[Seat] {
        &self.members
    }

    /// Whether a peer is a member.
    pub fn is_member(&self, seat: Seat) -> bool {
        self.seats[seat as usize].rank.is_some()
    }

    /// A peer's successor list.
    pub fn list(&self, seat: Seat) -> &[Seat] {
        &self.seats[seat as usize].list
    }

    /// The member `ahead` places after another, clockwise.
    pub fn neighbour(&self, seat: Seat, ahead: isize) -> Option<Seat> {
        let rank = self.seats[seat as usize].rank? as isize;
        let place = (rank + ahead).rem_euclid(self.members.len() as isize);
        self.members.get(place as usize).copied()
    }

    /// Whether all members but these have somebody in their lists who is a member and none of
    /// these: the operating assumption that failures must keep.
    pub fn would_live_without(&self, failing: Seat) -> bool {
        let others = self.members.iter().filter(|it| **it != failing);
        let has_other = |member: &Seat| {
            let list = &self.seats[*member as usize].list;
            list.iter()
                .any(|it| *it != failing && self.seats[*it as usize].rank.is_some())
        };
        others.clone().all(has_other) && others.count() > 0
    }

    /// Whether a peer takes the list of another: it is its successor, or a nearer one.
    pub fn would_take_from(&self, seat: Seat, other: Seat) -> bool {
        let key = |it: Seat| self.seats[it as usize].key;
        let ahead = |it: Seat| key(it).wrapping_sub(key(seat));
        let first = self.list(seat).first();
        first.is_none_or(|it| ahead(other) <= ahead(*it))
    }

    /// Checks everything; `failure` says that the step was one. The changed peer's list is
    /// checked by itself, the others' have not changed.
    pub fn check(&mut self, changed: Seat, failure: bool) -> Result<(), Broken> {
        self.check_list(changed)?;
        self.check_rings()?;
        let before = self.principals;
        self.principals = self.count_principals();
        let enough = self.depth as u32 + 1;
        if let (Some(before), Some(now)) = (before, self.principals) {
            self.scarcities += u64::from(!failure && before >= enough && now < enough);
        }
        Ok(())
    }

    /// Checks everything, whoever has changed.
    pub fn check_all(&mut self) -> Result<(), Broken> {
        self.members
            .iter()
            .try_for_each(|member| self.check_list(*member))?;
        self.check_rings()
    }

    /// How often a step that was no failure has left fewer principals than the list's length and
    /// one more. Zave's proof needs as many at all times (SufficientPrincipals); a ring can be
    /// right with fewer, so this is told, and is no violation.
    pub fn scarcities(&self) -> u64 {
        self.scarcities
    }

    /// The principals after the last step that was checked.
    pub fn principals(&self) -> Option<u32> {
        self.principals
    }

    fn check_list(&self, seat: Seat) -> Result<(), Broken> {
        let known = &self.seats[seat as usize];
        if known.rank.is_none() {
            return Ok(());
        }
        if known.list.len() > self.depth {
            return Err(Broken::ListTooLong(seat));
        }
        let mut last = 0;
        for (index, entry) in known.list.iter().enumerate() {
            if *entry == seat {
                return Err(Broken::OwnIdInList(seat));
            }
            if known.list[..index].contains(entry) {
                return Err(Broken::NoDuplicates(seat));
            }
            let ahead = self.seats[*entry as usize].key.wrapping_sub(known.key);
            if ahead <= last {
                return Err(Broken::OrderedSuccessorList(seat));
            }
            last = ahead;
        }
        Ok(())
    }

    /// The rank of a member's best successor.
    fn best(&self, seat: Seat) -> Option<u32> {
        let known = &self.seats[seat as usize];
        let mut ranks = known.list.iter().map(|it| self.seats[*it as usize].rank);
        match ranks.find_map(|it| it) {
            None if self.members.len() == 1 => known.rank,
            best => best,
        }
    }

    fn check_rings(&mut self) -> Result<(), Broken> {
        let count = self.members.len();
        if count == 0 {
            return Ok(());
        }
        let mut met = core::mem::take(&mut self.met);
        met.clear();
        met.resize(count, 0);
        let result = self.walk(&mut met);
        self.met = met;
        match result? {
            0 => Err(Broken::AtLeastOneRing),
            1 => Ok(()),
            rings => Err(Broken::AtMostOneRing(rings)),
        }
    }

    /// Goes from every member along best successors, and counts the rings that it comes to.
    fn walk(&self, met: &mut [u32]) -> Result<usize, Broken> {
        let mut rings = 0;
        for start in 0..met.len() {
            let walk = start as u32 + 1;
            let mut at = start;
            while met[at] == 0 {
                met[at] = walk;
                let seat = self.members[at];
                let best = self.best(seat).ok_or(Broken::OneLiveSuccessor(seat))?;
                at = best as usize;
            }
            if met[at] != walk {
                continue;
            }
            rings += 1;
            let (first, mut turns) = (at, 0);
            loop {
                let seat = self.members[at];
                let next = self.best(seat).ok_or(Broken::ConnectedAppendages(seat))? as usize;
                turns += usize::from(next <= at);
                at = next;
                if at == first {
                    break;
                }
            }
            if turns != 1 {
                return Err(Broken::OrderedRing(self.members[first]));
            }
        }
        Ok(rings)
    }

    /// How many members no list skips; only for rings that fit into a word.
    fn count_principals(&self) -> Option<u32> {
        let count = self.members.len();
        if count > 64 {
            return None;
        }
        let mut skipped = 0_u64;
        let below = |rank: usize| match rank {
            64.. => u64::MAX,
            rank => (1 << rank) - 1,
        };
        for member in &self.members {
            let mut last = *member;
            for entry in &self.seats[*member as usize].list {
                let from = self.rank_behind(last);
                let until = self.rank_of(*entry);
                let wraps = self.seats[*entry as usize].key <= self.seats[last as usize].key;
                skipped |= match wraps {
                    false => below(until) & !below(from),
                    true => below(until) | (below(count) & !below(from)),
                };
                last = *entry;
            }
        }
        Some(count as u32 - (skipped & below(count)).count_ones())
    }

    /// The place of the first member at or after a peer.
    fn rank_of(&self, seat: Seat) -> usize {
        let known = &self.seats[seat as usize];
        match known.rank {
            Some(rank) => rank as usize,
            None => self
                .members
                .partition_point(|it| self.seats[*it as usize].key < known.key),
        }
    }

    /// The place of the first member behind a peer.
    fn rank_behind(&self, seat: Seat) -> usize {
        self.rank_of(seat) + usize::from(self.seats[seat as usize].rank.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A judge of rings whose members 0, 1, 2, … have these lists, in the order of their keys.
    fn judge(depth: usize, lists: &[&[Seat]]) -> RingJudge {
        let mut judge = RingJudge::new(depth);
        for index in 0..lists.len() {
            let mut id = [0; PeerId::BYTES];
            id[0] = index as u8;
            judge.add(&PeerId::from_bytes(id));
        }
        for (seat, list) in lists.iter().enumerate() {
            judge.update(seat as Seat, true, list.iter().copied());
        }
        judge
    }

    fn verdict(depth: usize, lists: &[&[Seat]]) -> Result<(), Broken> {
        let mut judge = judge(depth, lists);
        for seat in 0..lists.len() {
            judge.check(seat as Seat, true)?;
        }
        Ok(())
    }

    #[test]
    fn a_ring_with_an_appendage_is_right() {
        assert_eq!(verdict(2, &[&[1, 2], &[2, 3], &[3, 0], &[0, 1]]), Ok(()));
        // Nobody has the third as successor yet.
        assert_eq!(verdict(2, &[&[1, 3], &[3, 0], &[3, 0], &[0, 1]]), Ok(()));
        assert_eq!(verdict(2, &[&[]]), Ok(()));
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(
            verdict(1, &[&[1], &[0], &[3], &[2]]),
            Err(Broken::AtMostOneRing(2))
        );
        assert_eq!(
            verdict(1, &[&[2], &[3], &[1], &[0]]),
            Err(Broken::OrderedRing(0))
        );
        assert_eq!(
            verdict(1, &[&[1], &[0], &[]]),
            Err(Broken::OneLiveSuccessor(2))
        );
        assert_eq!(verdict(2, &[&[1, 1], &[0]]), Err(Broken::NoDuplicates(0)));
        assert_eq!(verdict(2, &[&[1, 0], &[0]]), Err(Broken::OwnIdInList(0)));
        assert_eq!(
            verdict(1, &[&[1, 2], &[2], &[0]]),
            Err(Broken::ListTooLong(0))
        );
        assert_eq!(
            verdict(2, &[&[2, 1], &[2], &[0]]),
            Err(Broken::OrderedSuccessorList(0))
        );
    }

    #[test]
    fn who_is_skipped_by_a_list_is_no_principal() {
        let mut ring = judge(2, &[&[1, 2], &[2, 3], &[3, 0], &[0, 1]]);
        ring.check(0, false).unwrap();
        assert_eq!(ring.principals(), Some(4));
        ring.update(3, true, [1, 2].into_iter());
        ring.check(3, false).unwrap();
        assert_eq!(ring.principals(), Some(3));
        ring.update(0, true, [1, 3].into_iter());
        ring.check(0, false).unwrap();
        assert_eq!((ring.principals(), ring.scarcities()), (Some(2), 1));
    }

    #[test]
    fn a_list_is_taken_over_from_the_successor_or_a_nearer_peer() {
        let ring = judge(2, &[&[2, 3], &[2], &[3, 0], &[]]);
        let taken_by_the_first = [1, 2, 3].map(|it| ring.would_take_from(0, it));
        assert_eq!(taken_by_the_first, [true, true, false]);
        assert!(ring.would_take_from(3, 0), "a newcomer has no other");
    }

    #[test]
    fn nobody_may_fail_whom_another_needs() {
        let ring = judge(2, &[&[1, 2], &[2], &[0, 1]]);
        assert!(ring.would_live_without(0) && ring.would_live_without(1));
        assert!(!ring.would_live_without(2));
    }
}
