//! Takes messages, delivers them, or sends them on.

use core::time::Duration;

use boplish_wire::limits::MAX_HOPS;
use boplish_wire::{Hop, Kind, Message, PeerId, ring};

use super::next_hop::{Next, Question, next_hop};
use super::transit::InTransit;
use super::{Chord, RouterOutput, Via};
use crate::protocol;
use crate::time::Time;

/// Peers whose ways are remembered, and for how long.
const MAX_WAYS: usize = 256;
const WAY_LASTS: Duration = Duration::from_secs(60);

/// Messages that wait at one time until it is said whether they go on; a further one goes on.
const MAX_PAUSED: usize = 64;

/// A message goes on after this long if nobody has said anything.
const PAUSE: Duration = Duration::from_millis(500);

/// Messages that were shown and wait until it is said whether they go on.
#[derive(Debug, Default)]
pub(super) struct Paused {
    /// The oldest first.
    waiting: Vec<PausedMessage>,
}

#[derive(Debug)]
struct PausedMessage {
    number: u32,
    until: Time,
    message: Message,
    came: Option<Hop>,
    tried: Vec<PeerId>,
}

impl Paused {
    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.waiting.first().map(|it| it.until)
    }
}

/// How a peer is reached that its id alone does not lead to.
#[derive(Debug, Clone)]
pub(super) enum Detour {
    /// Over these peers, in this order.
    Over(Vec<PeerId>),
    /// Through the bootstrap server.
    Signaling,
}

impl Chord {
    /// Whether a message of another for a key is shown before it is sent on: once, as it comes.
    fn is_watched(&self, message: &Message, tried: &[PeerId]) -> bool {
        message.way.by_key
            && tried.len() == 1
            && message.from != self.own
            && self.paused.waiting.len() < MAX_PAUSED
            && self.watched.contains_key(&message.protocol)
    }

    fn pause(
        &mut self,
        now: Time,
        next: PeerId,
        message: Message,
        came: Option<Hop>,
        tried: Vec<PeerId>,
    ) {
        let number = self.transit.number();
        self.outputs.push_back(RouterOutput::Forward {
            number,
            next,
            message: message.clone(),
        });
        self.paused.waiting.push(PausedMessage {
            number,
            until: now + PAUSE,
            message,
            came,
            tried,
        });
    }

    /// It was said whether a message goes on.
    pub(super) fn resume(&mut self, now: Time, number: u32, goes_on: bool) {
        let mut waiting = self.paused.waiting.iter();
        let index = waiting.position(|it| it.number == number);
        let paused = index.map(|index| self.paused.waiting.remove(index));
        if let Some(paused) = paused.filter(|_| goes_on) {
            self.go_on_with(now, paused);
        }
    }

    /// Those of which nobody has said anything go on.
    pub(super) fn resume_late(&mut self, now: Time) {
        while self.paused.poll_timeout().is_some_and(|until| until <= now) {
            let paused = self.paused.waiting.remove(0);
            self.go_on_with(now, paused);
        }
    }

    fn go_on_with(&mut self, now: Time, mut paused: PausedMessage) {
        // With its own id among those who were tried, it is not shown again.
        paused.tried.push(self.own);
        self.send_on(now, paused.message, paused.came, paused.tried);
    }

    /// Sends a message of this peer on its way.
    pub(super) fn route_own(&mut self, now: Time, mut message: Message) {
        let Some(to) = message.to else {
            self.outputs.push_back(match self.signaling_open {
                true => RouterOutput::SendSignaling(message),
                false => RouterOutput::Unroutable(message),
            });
            return;
        };
        let is_linked = self.neighbours.get(&to).is_some();
        if message.way.over.is_empty()
            && !is_linked
            && !message.way.by_key
            && let Some(way) = self.way_to(now, &to)
        {
            match way {
                Detour::Over(peers) => message.way.over = peers,
                Detour::Signaling if self.signaling_open => {
                    self.outputs.push_back(RouterOutput::SendSignaling(message));
                    return;
                }
                Detour::Signaling => {}
            }
        }
        if message.way.back.is_empty() && !is_linked {
            message.way.back = match message.way.over.is_empty() {
                false => message.way.over.iter().rev().copied().collect(),
                true if self.ring.member => Vec::new(),
                // Who is not on the ring yet is found over a neighbour that is.
                true => self.first_member().into_iter().collect(),
            };
        }
        self.send_on(now, message, None, Vec::new());
    }

    /// The neighbour over which this peer is found while it is no member.
    fn first_member(&self) -> Option<PeerId> {
        let usable = self.neighbours.iter().filter(|(_, link)| link.is_usable());
        usable.min_by_key(|(_, link)| link.since).map(|it| *it.0)
    }

    /// Takes a message that has come in.
    pub(super) fn take(&mut self, now: Time, via: Via, mut message: Message) {
        let came = message.way.hop.take();
        if let Via::Link(peer) = via {
            self.heard(now, peer);
        }
        let own = self.own;
        let visited = message.way.over.iter().take_while(|it| **it == own).count();
        message.way.over.drain(..visited);
        let is_here = message.to.is_none_or(|to| to == own) && message.way.over.is_empty();
        match via {
            Via::Link(peer) if !is_here => {
                if self.transit.may_pass(&message) {
                    self.send_on(now, message, came, vec![peer]);
                }
            }
            Via::Link(_) | Via::Signaling => self.deliver(now, via, message),
        }
    }

    fn deliver(&mut self, now: Time, via: Via, message: Message) {
        if self.neighbours.get(&message.from).is_none() {
            let way = &message.way.back;
            match via {
                Via::Signaling => self.learn_way(now, message.from, Detour::Signaling),
                Via::Link(_) if way.is_empty() => {
                    self.ways.remove(&message.from);
                }
                Via::Link(_) => self.learn_way(now, message.from, Detour::Over(way.clone())),
            }
        }
        self.outputs
            .push_back(RouterOutput::Deliver { via, message });
    }

    /// Sends a message to the next hop. `tried` are the peers that it must not go to: who has
    /// sent it, and who has not acknowledged it.
    pub(super) fn send_on(
        &mut self,
        now: Time,
        mut message: Message,
        came: Option<Hop>,
        mut tried: Vec<PeerId>,
    ) {
        let Some(to) = message.to else {
            return;
        };
        // Who has not joined yet has asked the owner of its id, and so told it the way.
        if message.way.over.is_empty()
            && !message.way.by_key
            && self.ring.owns(&to)
            && self.neighbours.get(&to).is_none()
            && let Some(Detour::Over(peers)) = self.way_to(now, &to)
        {
            message.way.over = peers;
        }
        let waypoint = message.way.over.first().copied();
        let question = Question {
            to: waypoint.as_ref().unwrap_or(&to),
            by_key: message.way.by_key && waypoint.is_none(),
            hop: came,
            joins: message.way.by_key && message.from == to,
            hops: message.hops,
            except: &tried,
        };
        let next = next_hop(&self.own, &self.ring, &self.neighbours, question);
        let is_own = message.from == self.own;
        match next {
            Next::Here => {
                let via = tried.first().copied().unwrap_or(self.own);
                self.deliver(now, Via::Link(via), message);
            }
            Next::Link { peer, .. } if self.is_watched(&message, &tried) => {
                self.pause(now, peer, message, came, tried);
            }
            Next::Link { peer, pin, bound } if message.hops < MAX_HOPS => {
                if !is_own && tried.len() <= 1 {
                    self.outputs.push_back(RouterOutput::Forwarded {
                        next: peer,
                        message: message.clone(),
                    });
                }
                // Over a link to its receiver, what matters is acknowledged by the receiver.
                // The ring wants to know at once when that does not happen.
                let is_direct = is_own
                    && peer == to
                    && !message.way.by_key
                    && message.protocol.as_str() != ring::PROTOCOL;
                if !is_direct {
                    let number = self.transit.number();
                    let timeout = self.neighbours.get(&peer).map(|it| it.ack_timeout());
                    let deadline = now + timeout.unwrap_or_default();
                    tried.push(peer);
                    let kept = message.clone();
                    self.transit
                        .insert(number, kept, came, tried, now, deadline);
                    message.way.hop = Some(Hop { number, pin, bound });
                }
                self.outputs.push_back(RouterOutput::Send { peer, message });
            }
            Next::Link { .. } | Next::Nowhere => self.give_up(to, message),
        }
    }

    /// No way is left for a message.
    fn give_up(&mut self, to: PeerId, message: Message) {
        if message.from != self.own {
            return self.return_undelivered(to, message);
        }
        self.outputs.push_back(match self.may_signal(&message) {
            true => RouterOutput::SendSignaling(message),
            false => RouterOutput::Unroutable(message),
        });
    }

    /// Whether a message may go through the bootstrap server instead.
    fn may_signal(&self, message: &Message) -> bool {
        self.signaling_open && !message.way.by_key && message.way.over.is_empty()
    }

    /// Tells the writer of a message that it could not be carried on.
    fn return_undelivered(&mut self, to: PeerId, message: Message) {
        match message.kind {
            Kind::Ack { .. } | Kind::Unreachable { .. } => {}
            Kind::Plain | Kind::Request | Kind::Reply { .. } => {
                let way = boplish_wire::Way {
                    over: message.way.back,
                    ..Default::default()
                };
                self.outputs.push_back(RouterOutput::Originate {
                    to: Some(message.from),
                    protocol: message.protocol,
                    kind: Kind::Unreachable { of: message.id },
                    payload: protocol::unreachable(to),
                    way,
                });
            }
        }
    }

    /// A message was not acknowledged, or the link that it went over is gone: another way.
    pub(super) fn try_again(&mut self, now: Time, mut lost: InTransit) {
        if !lost.may_try_again() {
            tracing::debug!(to = ?lost.message.to, "all ways were tried");
            // Who asks for a key asks again by itself.
            if let Some(to) = lost.message.to.filter(|_| !lost.message.way.by_key) {
                self.give_up(to, lost.message);
            }
            return;
        }
        lost.message.way.again = true;
        // The second hop that was told need not be reachable over others.
        let came = lost.came.map(|hop| Hop { pin: None, ..hop });
        self.send_on(now, lost.message, came, lost.tried);
    }

    /// How a peer is reached that its id alone does not lead to.
    pub(super) fn way_to(&self, now: Time, peer: &PeerId) -> Option<Detour> {
        let (until, way) = self.ways.get(peer)?;
        (now < *until).then(|| way.clone())
    }

    pub(super) fn learn_way(&mut self, now: Time, peer: PeerId, way: Detour) {
        if self.ways.len() >= MAX_WAYS {
            self.ways.retain(|_, (until, _)| now < *until);
        }
        if self.ways.len() < MAX_WAYS && peer != self.own {
            self.ways.insert(peer, (now + WAY_LASTS, way));
        }
    }
}
