//! What links do for routers: they are set up, carry, and are lost.

use core::time::Duration;

use boplish_core::harness::BareChord;
use boplish_core::io::DisconnectReason;
use boplish_core::wire::PeerId;

use super::links::{End, LinkId, Packet};
use super::swarm::{Event, Peer, Swarm, seat_of};
use crate::check::ring::Seat;

impl Swarm {
    pub(super) fn arrive(&mut self, link: LinkId, end: usize) {
        let lane = self.links.lane(link, end);
        let seat = lane.to;
        let Some(packet) = lane.packets.pop_front() else {
            return;
        };
        if lane.end == End::Down {
            return;
        }
        let (other, ..) = self.links.other(link, seat);
        let from = self.peers[other as usize].id;
        match packet {
            Packet::Hello(hello) => {
                self.links.lane(link, end).end = End::Up;
                let wanted = &mut self.peers[seat as usize].wanted;
                wanted.retain(|it| *it != other);
                self.act(seat, |router, now| router.link_up(now, from, &hello));
            }
            Packet::Message(message) => {
                self.act(seat, |router, now| router.message(now, from, *message));
            }
            Packet::Routing(bytes) => {
                self.act(seat, |router, now| router.routing(now, from, &bytes));
            }
            Packet::Probe => {
                if let Some(router) = &self.peers[seat as usize].router {
                    let hello = router.hello().to_vec();
                    self.send(link, seat, Packet::Routing(hello));
                }
            }
            Packet::HopAck(number) => {
                self.act(seat, |router, now| router.hop_ack(now, from, number));
            }
            Packet::Close => self.lose(link, seat, DisconnectReason::ClosedByPeer),
        }
    }

    /// A link is down at the end of a peer.
    pub(super) fn lose(&mut self, link: LinkId, seat: Seat, reason: DisconnectReason) {
        let end = self.links.end_of(link, seat);
        let before = core::mem::replace(&mut self.links.lane(link, end).end, End::Down);
        let (other, ..) = self.links.other(link, seat);
        let peer = &mut self.peers[seat as usize];
        peer.links.retain(|(_, it)| *it != link);
        match before {
            End::Down => return,
            End::Opening => self.give_up(seat, other),
            End::Up => {
                let other = self.peers[other as usize].id;
                self.act(seat, |router, now| router.link_down(now, other, reason));
            }
        }
        if self.peers[seat as usize].links.is_empty() {
            let most = Duration::from_secs(2);
            let pause = self.random.between(most / 4, most);
            self.queue.push(self.now + pause, Event::Contact(seat));
        }
    }

    pub(super) fn give_up(&mut self, from: Seat, to: Seat) {
        let other = self.peers[to as usize].id;
        let wanted = &mut self.peers[from as usize].wanted;
        if let Some(place) = wanted.iter().position(|it| *it == to) {
            wanted.swap_remove(place);
            self.act(from, |router, now| router.gave_up(now, other));
        }
    }

    pub(super) fn attempt(&mut self, from: Seat, to: Seat, left: u8) {
        let (one, other) = (&self.peers[from as usize], &self.peers[to as usize]);
        if one.router.is_none() || !one.wanted.contains(&to) || linked(one, to) {
            return;
        }
        let Some(router) = &other.router else {
            let pause = Duration::from_secs(1 + self.random.below(15));
            return self
                .queue
                .push(self.now + pause, Event::GaveUp { from, to });
        };
        if router.admits(one.id) && !linked(other, from) {
            self.open(from, to);
        } else if left > 1 {
            let pause = Duration::from_millis(500 + self.random.below(1_500));
            let left = left - 1;
            self.queue
                .push(self.now + pause, Event::Attempt { from, to, left });
        } else {
            self.give_up(from, to);
        }
    }

    fn open(&mut self, from: Seat, to: Seat) {
        let link = self.links.open(self.now, [from, to]);
        for (seat, other) in [(from, to), (to, from)] {
            let peer = &mut self.peers[seat as usize];
            peer.links.push((other, link));
            if let Some(router) = &peer.router {
                let hello = router.hello().to_vec();
                self.send(link, seat, Packet::Hello(hello));
            }
        }
    }

    /// Who has no link gets one to a member, as the bootstrap server would arrange.
    pub(super) fn contact(&mut self, seat: Seat) {
        let peer = &self.peers[seat as usize];
        if peer.router.is_none() || !peer.links.is_empty() {
            return;
        }
        let members = self.judge.members();
        // Before there is a ring, whoever came first, so that there are never two.
        let candidates = match members.is_empty() {
            true => self.living.get(..1).unwrap_or_default(),
            false => members,
        };
        let mut chosen = None;
        for _ in 0..4 {
            let Some(other) = self.random.pick(candidates).copied() else {
                break;
            };
            let it = &self.peers[other as usize];
            if other != seat && !linked(it, seat) && it.stopped <= self.now {
                let admits = |router: &BareChord| router.admits(peer.id);
                chosen = Some(other);
                if it.router.as_deref().is_some_and(admits) {
                    break;
                }
            }
        }
        match chosen {
            Some(other) => self.open(seat, other),
            None => {
                let again = self.now + Duration::from_secs(1);
                self.queue.push(again, Event::Contact(seat));
            }
        }
    }

    pub(super) fn send_to(&mut self, seat: Seat, peer: &PeerId, packet: Packet) {
        let to = seat_of(peer);
        let links = &self.peers[seat as usize].links;
        if let Some((_, link)) = links.iter().find(|(it, _)| *it == to) {
            self.send(*link, seat, packet);
        }
    }

    pub(super) fn send(&mut self, link: LinkId, from: Seat, packet: Packet) {
        let at = self.now + self.delay();
        let end = 1 - self.links.end_of(link, from);
        let lane = self.links.lane(link, end);
        if lane.end == End::Down {
            return;
        }
        lane.last = lane.last.max(at);
        lane.packets.push_back(packet);
        let at = lane.last;
        self.queue.push(at, Event::Arrive { link, end });
    }
}

fn linked(peer: &Peer, to: Seat) -> bool {
    peer.links.iter().any(|(it, _)| *it == to)
}
