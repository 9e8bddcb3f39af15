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
        let may_fail = match mode {
            Mode::FailStop => self.may_fail(seat),
            Mode::Silences => self.may_fail(seat) && self.stays_connected_without(seat),
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
        self.judge.members().len() > self.plan.least
            && self.judge.would_live_without(seat)
            && self
                .living
                .iter()
                .all(|it| *it == seat || self.would_do(*it, seat))
    }

    /// Whether links lead from everybody to everybody when a peer is gone. Rings that peers form
    /// which take each other for dead find one another again over links, and without any, only
    /// over the bootstrap server, which is not here.
    fn stays_connected_without(&self, failing: Seat) -> bool {
        let mut reached: Vec<Seat> = Vec::new();
        let mut others = self.living.iter().filter(|it| **it != failing);
        reached.extend(others.next());
        let mut at = 0;
        while let Some(seat) = reached.get(at) {
            let links = &self.peers[*seat as usize].links;
            let up = links.iter().filter(|(_, link)| self.links.is_up(*link));
            for (other, _) in up {
                if *other != failing && !reached.contains(other) {
                    reached.push(*other);
                }
            }
            at += 1;
        }
        others.all(|it| reached.contains(it) || self.peers[*it as usize].links.is_empty())
    }

    fn would_do(&self, seat: Seat, failing: Seat) -> bool {
        let peer = &self.peers[seat as usize];
        let is_other_member = |it: Seat| it != failing && self.judge.is_member(it);
        if !peer
            .links
            .iter()
            .any(|(it, link)| is_other_member(*it) && self.links.is_up(*link))
        {
            return false;
        }
        let packets = peer.links.iter().flat_map(|(other, link)| {
            let under_way = self.links.under_way(*link, seat);
            under_way.iter().map(move |packet| (*other, packet))
        });
        packets
            .into_iter()
            .all(|(_, packet)| match told_list(packet) {
                Some((from, list)) => {
                    let all = core::iter::once(from).chain(list);
                    let mut taken = all.take(self.plan.chord.successors);
                    taken.any(is_other_member)
                }
                None => true,
            })
    }
}

/// The list that a message offers: its writer and the successors of that one.
fn told_list(packet: &Packet) -> Option<(Seat, Vec<Seat>)> {
    let Packet::Message(message) = packet else {
        return None;
    };
    let Payload::Bytes(bytes) = &message.payload else {
        return None;
    };
    let Some(RingMessage::State(state)) = RingMessage::decode(bytes) else {
        return None;
    };
    let list = state.successors.iter().map(|it| seat_of(&it.peer));
    (state.member && !state.leaving).then(|| (seat_of(&message.from), list.collect()))
}
