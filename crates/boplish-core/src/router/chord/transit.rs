//! Messages that a neighbour has been sent and has not acknowledged yet. One that doesn't is
//! routed around at once (DESIGN, decision 5: per-hop acks).

use boplish_wire::{Hop, Message, PeerId};

use crate::table::{Set, Table};
use crate::time::Time;

/// Messages that wait for the next hop; a further one is sent without.
const MAX_IN_TRANSIT: usize = 1024;

/// Ways that are tried for one message.
const MAX_TRIES: usize = 4;

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
}

impl Transit {
    pub(super) fn new() -> Self {
        Self {
            waiting: Table::new(),
            deadlines: Set::new(),
            next: 0,
        }
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
