//! The routers of one ring, and what lies between them.

use core::time::Duration;

use boplish_core::Time;
use boplish_core::harness::{BareChord, Work};
use boplish_core::io::DisconnectReason;
use boplish_core::wire::{MessageId, PeerId};

use super::links::{End, LinkId, Links, Packet};
use super::settings::Plan;
use crate::check::ring::{Broken, RingJudge, Seat};
use crate::queue::Queue;
use crate::random::Random;

/// The longest silence after which a link counts as dead, and as disturbed
/// ([`LinkConfig`](boplish_core::config::LinkConfig)).
const DEAD_AFTER: Duration = Duration::from_secs(26);
const DISTURBED_AFTER: Duration = Duration::from_secs(9);

/// Attempts to open a link that is refused.
const ATTEMPTS: u8 = 3;

/// The routers of one ring.
#[derive(Debug)]
pub(super) struct Swarm {
    pub(super) now: Time,
    pub(super) plan: Plan,
    pub(super) random: Random,
    pub(super) peers: Vec<Peer>,
    /// Who lives, in no order.
    pub(super) living: Vec<Seat>,
    pub(super) links: Links,
    pub(super) judge: RingJudge,
    /// Whether every step is judged.
    pub(super) watched: bool,
    /// The first invariant that was broken, and when.
    pub(super) broken: Option<(Time, Broken)>,
    /// Answers to lookups: who owns the key.
    pub(super) answers: Vec<(MessageId, Option<PeerId>)>,
    pub(super) steps: u64,
    pub(super) trace: bool,
    pub(super) queue: Queue<Event>,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) id: PeerId,
    /// None once it is gone; it moves at every step.
    pub(super) router: Option<Box<BareChord>>,
    /// Links that are not down at this end.
    pub(super) links: Vec<(Seat, LinkId)>,
    /// To whom the router wants links.
    pub(super) wanted: Vec<Seat>,
    timer: Option<Time>,
    /// The predecessors that were shown last, in a trace.
    shown: Vec<Seat>,
    /// Until when it does nothing.
    pub(super) stopped: Time,
}

#[derive(Debug)]
pub(super) enum Event {
    /// The next packet of a direction of a link arrives.
    Arrive {
        link: LinkId,
        end: usize,
    },
    Timer(Seat),
    /// A link that was asked for is set up, or not.
    Attempt {
        from: Seat,
        to: Seat,
        left: u8,
    },
    GaveUp {
        from: Seat,
        to: Seat,
    },
    /// A link has been silent for long.
    Disturbed {
        link: LinkId,
        end: usize,
    },
    /// It has been for too long.
    Dead {
        link: LinkId,
        end: usize,
    },
    /// A peer without links finds somebody.
    Contact(Seat),
}

impl Swarm {
    pub(super) fn new(plan: Plan, random: Random, trace: bool) -> Self {
        Self {
            now: Time::START,
            judge: RingJudge::new(plan.chord.successors),
            plan,
            random,
            peers: Vec::new(),
            living: Vec::new(),
            links: Links::default(),
            watched: false,
            broken: None,
            answers: Vec::new(),
            steps: 0,
            trace,
            queue: Queue::new(),
        }
    }

    /// A newcomer, which soon has a link to somebody.
    pub(super) fn add_peer(&mut self) -> Seat {
        let seat = self.peers.len() as Seat;
        let mut bytes = [0; PeerId::BYTES];
        bytes[..16].copy_from_slice(&self.random.bytes()[..16]);
        bytes[16..].copy_from_slice(&seat.to_be_bytes());
        let id = PeerId::from_bytes(bytes);
        let place = self.judge.add(&id);
        debug_assert_eq!(place, seat);
        let router = BareChord::new(id, self.plan.chord.clone(), self.random.word());
        self.peers.push(Peer {
            id,
            router: Some(Box::new(router)),
            links: Vec::new(),
            wanted: Vec::new(),
            timer: None,
            shown: Vec::new(),
            stopped: Time::START,
        });
        self.living.push(seat);
        self.act(seat, |_, _| {});
        let delay = self.delay() * 2;
        self.queue.push(self.now + delay, Event::Contact(seat));
        seat
    }

    /// A peer is gone. If it has said farewell, its links are closed; else others notice it by
    /// and by.
    pub(super) fn remove_peer(&mut self, seat: Seat, farewell: bool) {
        if farewell {
            self.act(seat, |router, _| router.leave());
        }
        let peer = &mut self.peers[seat as usize];
        peer.router = None;
        self.living.retain(|it| *it != seat);
        for (_, link) in core::mem::take(&mut peer.links) {
            let own = self.links.end_of(link, seat);
            let (_, own_end, other_end) = self.links.other(link, seat);
            if farewell && own_end == End::Up {
                self.send(link, seat, Packet::Close);
            }
            let lane = self.links.lane(link, own);
            lane.end = End::Down;
            lane.packets.clear();
            if !(farewell && own_end == End::Up) && other_end != End::Down {
                self.plan_notice(link, 1 - own);
            }
        }
        self.judge.gone(seat);
        self.check(seat, true);
    }

    fn plan_notice(&mut self, link: LinkId, end: usize) {
        let silence = self.random.between(Duration::from_millis(100), DEAD_AFTER);
        self.queue
            .push(self.now + silence, Event::Dead { link, end });
        if silence > DISTURBED_AFTER {
            let at = self.now + DISTURBED_AFTER;
            self.queue.push(at, Event::Disturbed { link, end });
        }
    }

    /// Lets everything happen up to a time, or until an invariant is broken.
    pub(super) fn run_until(&mut self, end: Time) {
        while self.broken.is_none() && self.queue.next_at().is_some_and(|at| at <= end) {
            if let Some((at, event)) = self.queue.pop() {
                self.now = at;
                self.happen(event);
            }
        }
        if self.broken.is_none() {
            self.now = end;
        }
    }

    fn happen(&mut self, event: Event) {
        if let Some(seat) = self.concerned(&event) {
            let until = self.peers[seat as usize].stopped;
            if until > self.now {
                return self.queue.push(until, event);
            }
        }
        match event {
            Event::Arrive { link, end } => self.arrive(link, end),
            Event::Timer(seat) => {
                let peer = &mut self.peers[seat as usize];
                if peer.timer.is_some_and(|it| it <= self.now) {
                    peer.timer = None;
                    self.act(seat, |router, now| {
                        if router.poll_timeout().is_some_and(|at| at <= now) {
                            router.timeout(now);
                        }
                    });
                }
            }
            Event::Attempt { from, to, left } => self.attempt(from, to, left),
            Event::GaveUp { from, to } => self.give_up(from, to),
            Event::Disturbed { link, end } => {
                let lane = self.links.lane(link, end);
                let (seat, end) = (lane.to, lane.end);
                if end == End::Up {
                    let (other, ..) = self.links.other(link, seat);
                    let other = self.peers[other as usize].id;
                    self.act(seat, |router, now| router.disturbed(now, other, true));
                }
            }
            Event::Dead { link, end } => {
                let seat = self.links.lane(link, end).to;
                self.lose(link, seat, DisconnectReason::Silent);
            }
            Event::Contact(seat) => self.contact(seat),
        }
    }

    /// The peer that an event waits for, if that is stopped.
    fn concerned(&mut self, event: &Event) -> Option<Seat> {
        match event {
            Event::Arrive { link, end }
            | Event::Disturbed { link, end }
            | Event::Dead { link, end } => Some(self.links.lane(*link, *end).to),
            Event::Timer(seat) | Event::Contact(seat) => Some(*seat),
            Event::Attempt { to, .. } => Some(*to),
            Event::GaveUp { from, .. } => Some(*from),
        }
    }

    /// One step: hands a fact to a router and carries out what it wants.
    pub(super) fn act(&mut self, seat: Seat, fact: impl FnOnce(&mut BareChord, Time)) {
        let now = self.now;
        let Some(mut router) = self.peers[seat as usize].router.take() else {
            return;
        };
        self.steps += 1;
        fact(&mut router, now);
        while let Some(work) = router.poll(now) {
            self.carry_out(seat, work);
        }
        let successors = router.successors().map(|id| seat_of(&id));
        if self.trace {
            let list: Vec<Seat> = router.predecessors().map(|it| seat_of(&it)).collect();
            if self.peers[seat as usize].shown != list {
                eprintln!("{now:?} peer {seat}: predecessors {list:?}");
                self.peers[seat as usize].shown = list;
            }
        }
        let is_news = self.judge.update(seat, router.is_member(), successors);
        let due = router.poll_timeout();
        let peer = &mut self.peers[seat as usize];
        peer.router = Some(router);
        if let Some(due) = due
            && peer.timer.is_none_or(|at| due < at)
        {
            let at = due.max(now);
            peer.timer = Some(at);
            self.queue.push(at, Event::Timer(seat));
        }
        if is_news {
            self.check(seat, false);
        }
    }

    fn check(&mut self, seat: Seat, failure: bool) {
        if self.trace {
            let list = self.judge.list(seat);
            let (now, member) = (self.now, self.judge.is_member(seat));
            eprintln!("{now:?} peer {seat}: member {member}, successors {list:?}");
        }
        if self.watched
            && self.broken.is_none()
            && let Err(broken) = self.judge.check(seat, failure)
        {
            self.broken = Some((self.now, broken));
            if self.trace {
                for member in self.judge.members() {
                    eprintln!("peer {member}: successors {:?}", self.judge.list(*member));
                }
            }
        }
    }

    fn carry_out(&mut self, seat: Seat, work: Work) {
        match work {
            Work::Send { peer, message } => {
                self.send_to(seat, &peer, Packet::Message(Box::new(message)));
            }
            Work::SendRouting { peer, bytes } => {
                self.send_to(seat, &peer, Packet::Routing(bytes));
            }
            Work::HopAck { peer, number } => self.send_to(seat, &peer, Packet::HopAck(number)),
            Work::Probe(peer) => self.send_to(seat, &peer, Packet::Probe),
            Work::Connect { peer, once } => {
                let to = seat_of(&peer);
                let wanted = &mut self.peers[seat as usize].wanted;
                if !wanted.contains(&to) {
                    wanted.push(to);
                    let delays = 2 + self.random.below(5) as u32;
                    let at = self.now + self.delay() * delays;
                    let left = if once { 1 } else { ATTEMPTS };
                    let from = seat;
                    self.queue.push(at, Event::Attempt { from, to, left });
                }
            }
            Work::Disconnect(peer) => {
                let to = seat_of(&peer);
                let links = &mut self.peers[seat as usize].links;
                if let Some(place) = links.iter().position(|(it, _)| *it == to) {
                    let (_, link) = links.swap_remove(place);
                    self.send(link, seat, Packet::Close);
                    let end = self.links.end_of(link, seat);
                    self.links.lane(link, end).end = End::Down;
                }
            }
            Work::Found { id, owner } => self.answers.push((id, Some(owner))),
            Work::NotFound { id } => self.answers.push((id, None)),
        }
    }

    /// A delay of one way.
    pub(super) fn delay(&mut self) -> Duration {
        let usual = self.plan.delay.as_micros() as u64;
        let off = usual * self.plan.jitter / 1_000;
        let micros = usual - off / 2 + self.random.below(off + 1);
        // Now and then something is in the way.
        let times = if self.random.chance(5) { 4 } else { 1 };
        Duration::from_micros(micros * times)
    }
}

/// Ids end with the number of the peer.
pub(super) fn seat_of(id: &PeerId) -> Seat {
    let [.., a, b, c, d] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
