//! Peers come, leave, fail and stop.

use core::time::Duration;

use boplish_core::wire::Payload;
use boplish_core::wire::ring::RingMessage;

use super::links::Packet;
use super::settings::Mode;
use super::swarm::{Swarm, seat_of};
use crate::check::ring::Seat;

/// The longest time that a peer does nothing.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// What has happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Churn {
    /// Newcomers.
    pub joins: u64,
    /// Peers that said farewell.
    pub leaves: u64,
    /// Peers that were gone without a word.
    pub failures: u64,
    /// Peers that did nothing for a while.
    pub silences: u64,
    /// Failures and leaves that did not happen, since a member's successor list needs the peer.
    pub spared: u64,
}

impl Churn {
    /// All that has happened.
    pub fn events(&self) -> u64 {
        self.joins + self.leaves + self.failures + self.silences
    }
}

impl Swarm {
    /// One moment of churn.
    pub(super) fn churn(&mut self, mode: Mode, done: &mut Churn) {
        let count = 1 + self.random.below(self.plan.burst);
        for _ in 0..count {
            if mode == Mode::Silences && self.random.chance(200) {
                self.stop_somebody(done);
            } else if self.living.len() < self.plan.most && self.random.chance(550) {
                let seat = self.add_peer();
                if self.trace {
                    eprintln!("{:?} peer {seat} comes", self.now);
                }
                done.joins += 1;
            } else {
                self.remove_somebody(mode, done);
            }
        }
    }

    fn stop_somebody(&mut self, done: &mut Churn) {
        if let Some(seat) = self.random.pick(&self.living).copied() {
            let until = self.now + self.random.between(Duration::ZERO, LONGEST_SILENCE);
            let peer = &mut self.peers[seat as usize];
            peer.stopped = peer.stopped.max(until);
            done.silences += 1;
        }
    }

    fn remove_somebody(&mut self, mode: Mode, done: &mut Churn) {
        let Some(seat) = self.random.pick(&self.living).copied() else {
            return;
        };
        let is_member = |it: Seat| self.judge.is_member(it);
        let may_fail = match mode {
            // Nothing goes over those that are no members.
            Mode::FailStop => {
                !is_member(seat)
                    || self.may_fail(seat) && self.stays_connected_without(seat, is_member)
            }
            Mode::Silences => self.may_fail(seat) && self.stays_connected_without(seat, |_| true),
        };
        if !may_fail {
            done.spared += 1;
            return;
        }
        let farewell = self.random.chance(self.plan.graceful);
        if self.trace {
            eprintln!("{:?} peer {seat} goes, farewell: {farewell}", self.now);
        }
        match farewell {
            true => done.leaves += 1,
            false => done.failures += 1,
        }
        self.remove_peer(seat, farewell);
    }

    /// The operating assumptions: enough members are left; every member's list names another
    /// member, and so does every list that a peer is about to take over; everybody has a link to
    /// another member.
    fn may_fail(&self, seat: Seat) -> bool {
        if !self.judge.is_member(seat) {
            return true;
        }
        let mut others = self.living.iter().filter(|it| **it != seat);
        self.judge.members().len() > self.plan.least
            && self.judge.would_live_without(seat)
            && others.all(|it| self.has_link_without(*it, seat))
            && self.lists_under_way_would_do(seat)
    }

    /// Whether links lead from everybody to everybody of those who count when a peer is gone. Rings
    /// that peers form which take each other for dead find one another again over links, and
    /// without any, only over the bootstrap server, which is not here.
    fn stays_connected_without(&self, failing: Seat, counts: impl Fn(Seat) -> bool) -> bool {
        let counts = |it: &Seat| *it != failing && counts(*it);
        let mut reached: Vec<Seat> = Vec::new();
        let mut others = self.living.iter().copied().filter(counts);
        reached.extend(others.next());
        let mut at = 0;
        while let Some(seat) = reached.get(at) {
            let links = &self.peers[*seat as usize].links;
            let up = links.iter().filter(|(_, link)| self.links.is_up(*link));
            for (other, _) in up {
                if counts(other) && !reached.contains(other) {
                    reached.push(*other);
                }
            }
            at += 1;
        }
        others.all(|it| reached.contains(&it) || self.peers[it as usize].links.is_empty())
    }

    /// Whether a peer has a link to a member other than the failing one.
    fn has_link_without(&self, seat: Seat, failing: Seat) -> bool {
        let mut links = self.peers[seat as usize].links.iter();
        links.any(|(it, link)| {
            *it != failing && self.judge.is_member(*it) && self.links.is_up(*link)
        })
    }

    /// Zave's question and answer are one step: a list that is on its way to a peer counts as if
    /// that peer had it already, if it is one that the peer takes over.
    fn lists_under_way_would_do(&self, failing: Seat) -> bool {
        self.living.iter().all(|carrier| {
            let links = self.peers[*carrier as usize].links.iter();
            let packets = links.flat_map(|(_, link)| self.links.under_way(*link, *carrier));
            packets.filter_map(told_list).all(|told| {
                let mut taken = told.taken(self.plan.chord.successors);
                told.to == failing
                    || self.peers[told.to as usize].router.is_none()
                    || !self.judge.would_take_from(told.to, told.from)
                    || taken.any(|it| it != failing && self.judge.is_member(it))
            })
        })
    }
}

/// A list of successors that is under way.
struct ToldList {
    from: Seat,
    to: Seat,
    successors: Vec<Seat>,
}

impl ToldList {
    /// The list that its receiver makes of it.
    fn taken(&self, depth: usize) -> impl Iterator<Item = Seat> {
        let all = core::iter::once(self.from).chain(self.successors.iter().copied());
        all.take_while(|it| *it != self.to).take(depth)
    }
}

/// The list that a message offers.
fn told_list(packet: &Packet) -> Option<ToldList> {
    let Packet::Message(message) = packet else {
        return None;
    };
    let Payload::Bytes(bytes) = &message.payload else {
        return None;
    };
    let Some(RingMessage::State(state)) = RingMessage::decode(bytes) else {
        return None;
    };
    (state.member && !state.leaving).then_some(ToldList {
        from: seat_of(&message.from),
        to: seat_of(&message.to?),
        successors: state
            .successors
            .iter()
            .map(|it| seat_of(&it.peer))
            .collect(),
    })
}
