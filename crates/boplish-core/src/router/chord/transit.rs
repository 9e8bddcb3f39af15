//! Messages that a neighbour has been sent and has not acknowledged yet. One that doesn't is
//! routed around at once (DESIGN, decision 5: per-hop acks).

use std::collections::VecDeque;

use boplish_wire::{Hop, Message, PeerId};

use super::space::position;
use crate::delivery::MAX_REROUTES;
use crate::table::{Set, Table};
use crate::time::Time;

/// Messages that wait for the next hop; a further one is sent without.
const MAX_IN_TRANSIT: usize = 1024;

/// Ways that are tried for one message.
const MAX_TRIES: usize = 4;

/// Messages of others that are remembered, so that a copy is known for one.
const MAX_PASSED: usize = 256;

/// Copies of a message that are passed on: as often as its writer may send it.
const MAX_COPIES: usize = 1 + MAX_REROUTES as usize;

/// A message that one hop has to acknowledge.
#[derive(Debug)]
pub(super) struct InTransit {
    /// As it came in.
    pub(super) message: Message,
    /// What the hop before has said.
    pub(super) came: Option<Hop>,
    /// Who was sent it last, and before; first whom it has come from.
    pub(super) tried: Vec<PeerId>,
    /// When it was sent last.
    pub(super) sent: Time,
    deadline: Time,
}

impl InTransit {
    /// Whether another way may be tried.
    pub(super) fn may_try_again(&self) -> bool {
        self.tried.len() <= MAX_TRIES
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Transit {
    waiting: Table<u32, InTransit>,
    deadlines: Set<(Time, u32)>,
    next: u32,
    /// Hashes of the messages that came by last, the oldest first.
    passed: VecDeque<u32>,
}

impl Transit {
    pub(super) fn new() -> Self {
        Self {
            waiting: Table::new(),
            deadlines: Set::new(),
            next: 0,
            passed: VecDeque::new(),
        }
    }

    /// A message of another comes by. Returns whether it may go on: an acknowledgement that is
    /// only late makes two of one message, and if each hop did that without end, a message that
    /// finds no way would become thousands.
    pub(super) fn may_pass(&mut self, message: &Message) -> bool {
        let hash =
            (message.id.0 ^ u64::from(position(&message.from))).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (hash >> 32) as u32;
        if self.passed.iter().filter(|it| **it == hash).count() >= MAX_COPIES {
            return false;
        }
        if self.passed.len() >= MAX_PASSED {
            self.passed.pop_front();
        }
        self.passed.push_back(hash);
        true
    }

    /// A number that is not in use.
    pub(super) fn number(&mut self) -> u32 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// A message was sent with this number. Returns whether there is room to wait for it.
    pub(super) fn insert(
        &mut self,
        number: u32,
        message: Message,
        came: Option<Hop>,
        tried: Vec<PeerId>,
        sent: Time,
        deadline: Time,
    ) {
        if self.waiting.len() >= MAX_IN_TRANSIT {
            return;
        }
        let in_transit = InTransit {
            message,
            came,
            tried,
            sent,
            deadline,
        };
        self.waiting.insert(number, in_transit);
        self.deadlines.insert((deadline, number), ());
    }

    /// A neighbour has acknowledged: what, if it was waited for.
    pub(super) fn acknowledged(&mut self, peer: PeerId, number: u32) -> Option<InTransit> {
        let waiting = self.waiting.get(&number)?;
        if waiting.tried.last() != Some(&peer) {
            return None;
        }
        self.remove(number)
    }

    /// The next message whose time is up, and its number.
    pub(super) fn take_expired(&mut self, now: Time) -> Option<(u32, InTransit)> {
        let (deadline, number) = *self.deadlines.first()?.0;
        if deadline > now {
            return None;
        }
        self.remove(number).map(|late| (number, late))
    }

    /// Those that were sent to a peer which is gone.
    pub(super) fn take_sent_to(&mut self, peer: &PeerId) -> Vec<InTransit> {
        let sent_to = |(_, it): &(&u32, &InTransit)| it.tried.last() == Some(peer);
        let numbers: Vec<u32> = self
            .waiting
            .iter()
            .filter(sent_to)
            .map(|it| *it.0)
            .collect();
        numbers
            .into_iter()
            .filter_map(|it| self.remove(it))
            .collect()
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.deadlines.first().map(|((deadline, _), ())| *deadline)
    }

    fn remove(&mut self, number: u32) -> Option<InTransit> {
        let waiting = self.waiting.remove(&number)?;
        self.deadlines.remove(&(waiting.deadline, number));
        if self.waiting.is_empty() {
            // A burst has passed.
            self.waiting = Table::new();
            self.deadlines = Set::new();
        }
        Some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use boplish_wire::{Kind, MessageId, Payload, Way};

    use super::*;
    use crate::protocol;

    fn peer(byte: u8) -> PeerId {
        PeerId::from_bytes([byte; PeerId::BYTES])
    }

    fn at(millis: u64) -> Time {
        Time::START + Duration::from_millis(millis)
    }

    /// Sends a message over this peer; whoever it came from was peer 0.
    fn send(transit: &mut Transit, over: u8, deadline: u64) -> u32 {
        let number = transit.number();
        let message = Message {
            id: MessageId(number.into()),
            from: peer(200),
            to: Some(peer(201)),
            protocol: protocol::name("talk"),
            kind: Kind::Plain,
            wants_ack: false,
            hops: 0,
            payload: Payload::empty_json(),
            way: Way::default(),
            proof: None,
        };
        let tried = vec![peer(0), peer(over)];
        transit.insert(number, message, None, tried, at(0), at(deadline));
        number
    }

    #[test]
    fn only_whom_a_message_was_sent_to_acknowledges_it() {
        let mut transit = Transit::new();
        let number = send(&mut transit, 1, 500);
        assert!(transit.acknowledged(peer(2), number).is_none());
        assert!(transit.acknowledged(peer(0), number).is_none());
        assert!(transit.acknowledged(peer(1), number + 1).is_none());
        assert!(transit.acknowledged(peer(1), number).is_some());
        assert!(transit.acknowledged(peer(1), number).is_none());
        assert_eq!(transit.poll_timeout(), None);
    }

    #[test]
    fn messages_expire_in_the_order_of_their_deadlines() {
        let mut transit = Transit::new();
        let numbers = [900, 300, 600].map(|deadline| send(&mut transit, 1, deadline));
        assert_eq!(transit.poll_timeout(), Some(at(300)));
        assert!(transit.take_expired(at(299)).is_none());
        let mut expired = || transit.take_expired(at(700)).map(|it| it.0);
        assert_eq!(
            [expired(), expired(), expired()],
            [Some(numbers[1]), Some(numbers[2]), None]
        );
        assert_eq!(transit.poll_timeout(), Some(at(900)));
    }

    #[test]
    fn what_was_sent_to_a_lost_peer_is_given_back() {
        let mut transit = Transit::new();
        let first = send(&mut transit, 1, 500);
        send(&mut transit, 2, 500);
        send(&mut transit, 1, 600);
        assert_eq!(transit.take_sent_to(&peer(1)).len(), 2);
        assert!(transit.acknowledged(peer(1), first).is_none());
        assert_eq!(
            transit.take_expired(at(999)).map(|it| it.0),
            Some(first + 1)
        );
        assert_eq!(transit.poll_timeout(), None);
    }

    #[test]
    fn no_more_than_the_limit_wait() {
        let mut transit = Transit::new();
        for _ in 0..=MAX_IN_TRANSIT {
            send(&mut transit, 1, 500);
        }
        assert_eq!(transit.take_sent_to(&peer(1)).len(), MAX_IN_TRANSIT);
    }

    #[test]
    fn so_many_ways_are_tried_and_no_more() {
        let mut transit = Transit::new();
        let number = send(&mut transit, 1, 500);
        let mut lost = transit.acknowledged(peer(1), number).expect("it waits");
        let mut tries = 1;
        while lost.may_try_again() {
            lost.tried.push(peer(9));
            tries += 1;
        }
        assert_eq!(tries, MAX_TRIES);
    }
}
