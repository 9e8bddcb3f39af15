//! Links between routers: what goes over one arrives in the order in which it was sent.

use std::collections::VecDeque;

use boplish_core::Time;
use boplish_core::wire::Message;

use crate::check::ring::Seat;

/// What goes over a link.
#[derive(Debug)]
pub(super) enum Packet {
    Hello(Vec<u8>),
    Message(Box<Message>),
    Routing(Vec<u8>),
    /// Asks for a sign of life.
    Probe,
    HopAck(u32),
    Close,
}

/// One end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The other's hello has not come yet.
    Opening,
    Up,
    Down,
}

/// A direction of a link.
#[derive(Debug)]
pub(super) struct Lane {
    /// Whom it leads to.
    pub(super) to: Seat,
    /// That peer's end.
    pub(super) end: End,
    pub(super) packets: VecDeque<Packet>,
    /// When the last of them arrives.
    pub(super) last: Time,
}

/// A link, by its number.
pub(super) type LinkId = u32;

/// All links that there ever were; those that are down have no packets.
#[derive(Debug, Default)]
pub(super) struct Links {
    all: Vec<[Lane; 2]>,
}

impl Links {
    pub(super) fn open(&mut self, now: Time, ends: [Seat; 2]) -> LinkId {
        self.all.push(ends.map(|to| Lane {
            to,
            end: End::Opening,
            packets: VecDeque::new(),
            last: now,
        }));
        self.all.len() as LinkId - 1
    }

    /// The direction to an end.
    pub(super) fn lane(&mut self, link: LinkId, end: usize) -> &mut Lane {
        &mut self.all[link as usize][end]
    }

    /// Which end a peer has.
    pub(super) fn end_of(&self, link: LinkId, seat: Seat) -> usize {
        usize::from(self.all[link as usize][1].to == seat)
    }

    /// The peer at the other end, and the states of one's own end and of that one.
    pub(super) fn other(&self, link: LinkId, seat: Seat) -> (Seat, End, End) {
        let own = self.end_of(link, seat);
        let lanes = &self.all[link as usize];
        (lanes[1 - own].to, lanes[own].end, lanes[1 - own].end)
    }

    /// Whether a link is up at both ends.
    pub(super) fn is_up(&self, link: LinkId) -> bool {
        self.all[link as usize].iter().all(|it| it.end == End::Up)
    }

    /// What is on its way to a peer over a link.
    pub(super) fn under_way(&self, link: LinkId, to: Seat) -> &VecDeque<Packet> {
        &self.all[link as usize][self.end_of(link, to)].packets
    }
}
