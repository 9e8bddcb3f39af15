//! Chord (Stoica et al., 2001), corrected after Zave (2017), for links that are dear, symmetric
//! and not always possible (DESIGN, decision 5).
//!
//! Every peer is linked with its nearest on the ring and with a few far away, and knows whom its
//! neighbours are linked with. While the network is no larger than the link budget, everybody is
//! linked with everybody.
//!
//! - [`ring`]: this peer's place: predecessor, successor list, Zave's operations. Pure.
//! - [`neighbours`]: the peers with a link, and the tables that they are told.
//! - [`next_hop`]: where a message goes. Pure.
//! - [`transit`]: what the next hop has not acknowledged yet.
//! - `join`, `ring_protocol`, `relayed`, `unify`: joins, keeps the ring in order, merges rings.
//! - `tell`, `suspects`: what neighbours are told, and what happens when they are silent.
//! - `key_based`: what services see.
//! - `finds`: questions for the owner of a key, and their answers.
//! - `long_links`: which links there should be besides those of the ring; `small`: while everybody
//!   is linked with everybody.
//! - `hold`: links that services need for a while.
//! - `carry`: takes, delivers and forwards messages.
//! - [`vivaldi`]: predicts latencies.

#[cfg(feature = "simulator")]
mod adopt;
mod carry;
mod finds;
pub(crate) mod harness;
mod hold;
mod join;
mod key_based;
mod long_links;
mod neighbours;
mod next_hop;
mod relayed;
mod ring;
mod ring_protocol;
mod small;
pub(crate) mod space;
mod suspects;
mod tell;
mod timers;
mod transit;
mod unify;
mod vivaldi;

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::ring::{self as wire, Place, RingMessage, Table as Told, gap_code};
use boplish_wire::{Kind, Message, Payload, PeerId, ProtocolName, Way};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::carry::{Detour, Paused};
use self::finds::Finds;
use self::long_links::{Candidates, Want};
use self::neighbours::{Neighbours, Origin};
use self::relayed::Relayed;
use self::ring::Ring;
use self::timers::Timers;
use self::transit::Transit;
use self::unify::LOOK_AROUND;
use self::vivaldi::Vivaldi;
use super::{NeighbourView, RingView, Router, RouterOutput, Via};
use crate::config::ChordConfig;
use crate::io::DisconnectReason;
use crate::link::retry::random_below;
use crate::protocol::{self, discovery};
use crate::table::{Set, Table, pop_or_shrink};
use crate::time::Time;

/// Entries of a neighbour's table that are kept.
const MAX_TABLE: usize = 512;

/// Chord.
#[derive(Debug)]
pub(crate) struct Chord {
    config: ChordConfig,
    own: PeerId,
    ring: Ring,
    neighbours: Neighbours,
    vivaldi: Vivaldi,
    transit: Transit,
    finds: Finds,
    /// How peers are reached that can't be found by their id alone.
    ways: Table<PeerId, (Time, Detour)>,
    avoided: Table<PeerId, Time>,
    /// Links that were asked for and are not there yet.
    wanted: Table<PeerId, Want>,
    candidates: Candidates,
    held: Set<PeerId>,
    /// Neighbours on the ring that can't be linked and are reached over others.
    relayed: Table<PeerId, Relayed>,
    /// Protocols whose messages for keys are shown before they are sent on, and those that wait.
    watched: Set<ProtocolName>,
    paused: Paused,
    /// Round trips that are being measured.
    probes: Table<u32, (PeerId, Time)>,
    signaling_open: bool,
    /// The checksum of the place that ring neighbours were last told.
    told_place: u32,
    /// The checksum of the own place as services know it.
    around: u32,
    /// The gap to the predecessor that neighbours were last told, as its code.
    told_gap: u8,
    /// The checksum of both places when the successor was last told this one out of turn.
    corrected: u32,
    /// From whose place the successor list is, the checksum of that place, and the predecessor
    /// that it named.
    taken: Option<(PeerId, u32, Option<PeerId>)>,
    /// The peer that this one, not being a member yet, tries to join in front of.
    approached: Option<PeerId>,
    /// Whether a neighbour has been a member since the first link was opened.
    has_met_members: bool,
    /// How often in a row no long link could be replaced by a better one.
    contented: u32,
    /// When the first suspect has been one for too long.
    suspects_due: Option<Time>,
    timers: Timers,
    rng: Xoshiro256PlusPlus,
    outputs: VecDeque<RouterOutput>,
}

impl Chord {
    pub(crate) fn new(own: PeerId, config: ChordConfig, rng: Xoshiro256PlusPlus) -> Self {
        let config = config.within_limits();
        let mut chord = Self {
            ring: Ring::new(own, config.successors),
            own,
            neighbours: Neighbours::new(config.budget),
            config,
            vivaldi: Vivaldi::new(),
            transit: Transit::new(),
            finds: Finds::new(),
            ways: Table::new(),
            avoided: Table::new(),
            wanted: Table::new(),
            candidates: Candidates::default(),
            held: Set::new(),
            relayed: Table::new(),
            watched: Set::new(),
            paused: Paused::default(),
            probes: Table::new(),
            signaling_open: false,
            told_place: 0,
            around: 0,
            told_gap: 0,
            corrected: 0,
            taken: None,
            approached: None,
            has_met_members: false,
            contented: 0,
            suspects_due: None,
            timers: Timers::default(),
            rng,
            outputs: VecDeque::new(),
        };
        chord.set_hello();
        chord
    }

    /// Says something to a peer of the ring.
    fn say(&mut self, to: PeerId, message: &RingMessage) {
        self.say_over(Some(to), message, Way::default());
    }

    fn say_over(&mut self, to: Option<PeerId>, message: &RingMessage, way: Way) {
        let Ok(payload) = Payload::bytes(message.encode()) else {
            return;
        };
        self.outputs.push_back(RouterOutput::Originate {
            to,
            protocol: protocol::name(wire::PROTOCOL),
            kind: Kind::Plain,
            payload,
            way,
        });
    }

    fn place_of(&self, peer: PeerId) -> Place {
        let link = self.neighbours.get(&peer);
        Place {
            peer,
            coordinates: link.map(|link| link.coordinates).unwrap_or_default(),
        }
    }

    /// From half of a duration to the whole.
    fn jittered(&mut self, duration: Duration) -> Duration {
        duration / 2 + random_below(duration / 2, &mut self.rng)
    }
}

impl Router for Chord {
    fn add_peer(&mut self, now: Time, peer: PeerId, routing: &[u8]) {
        let hello = Told::decode(routing).unwrap_or_default();
        self.avoided.remove(&peer);
        self.ways.remove(&peer);
        self.relayed.remove(&peer);
        let want = self.wanted.remove(&peer);
        let is_first = self.neighbours.len() == 0;
        let origin = match want {
            Some(Want::Long { nearby: true, .. }) => Origin::Nearby,
            Some(Want::Long { nearby: false, .. }) => Origin::Drawn,
            None if !self.ring.is_near(&peer, self.config.ring_links) => Origin::Theirs,
            Some(Want::Ring { .. } | Want::Mesh | Want::Held) | None => Origin::Other,
        };
        self.neighbours.insert(now, peer, &hello, origin);
        if let Some(Want::Long {
            instead: Some(worse),
            ..
        }) = want
        {
            self.close(now, worse);
        }
        self.tell_table(now, peer, true);
        if is_first {
            self.timers.joining_since = Some(now);
            self.timers.look_around_pause = LOOK_AROUND;
            self.plan_look_around(now);
        }
        self.plan_announcement(now);
        self.link_is_up(now, peer, hello.member);
        if let Some(Want::Ring { foreign: true }) = want {
            self.spread(now, vec![self.own, peer], Some(peer));
        }
        self.prune(now);
        self.plan_long(now, Duration::ZERO);
    }

    fn remove_peer(&mut self, now: Time, peer: PeerId, reason: DisconnectReason) {
        if self.neighbours.remove(&peer).is_none() {
            return;
        }
        match reason {
            DisconnectReason::Closed | DisconnectReason::ClosedByPeer => self.avoid(now, peer),
            // It may have lost this link only.
            DisconnectReason::Silent | DisconnectReason::Failed => {
                // Where links are lost, there are others to be found before better ones.
                let later = now + self.config.long_interval;
                self.timers.improve_not_before = self.timers.improve_not_before.max(later);
                if self.is_small() {
                    self.want(now, peer, Want::Mesh);
                }
            }
        }
        self.probes.retain(|_, (to, _)| *to != peer);
        self.plan_announcement(now);
        let is_closed = match reason {
            DisconnectReason::Closed | DisconnectReason::ClosedByPeer => true,
            DisconnectReason::Silent | DisconnectReason::Failed => false,
        };
        if is_closed && self.ring.lists(&peer) {
            // Who leaves says so before; this one lives, and only does not need the link.
            if self.ring.is_near(&peer, self.config.ring_links) {
                self.relay_instead(now, peer);
            }
        } else {
            self.forget_on_ring(now, peer);
        }
        for lost in self.transit.take_sent_to(&peer) {
            self.try_again(now, lost);
        }
        if self.neighbours.len() == 0 {
            self.leave_ring(now);
        }
        self.plan_long(now, Duration::ZERO);
    }

    fn peer_ids(&self) -> Vec<PeerId> {
        self.neighbours.ids()
    }

    fn route(&mut self, now: Time, message: Message) {
        self.route_own(now, message);
    }

    fn handle_message(&mut self, now: Time, via: Via, message: Message) {
        self.take(now, via, message);
    }

    fn handle_delivery(&mut self, now: Time, via: Via, message: &Message) {
        if message.protocol.as_str() == discovery::NAME {
            return self.handle_discovery(now, message);
        }
        let decoded = match &message.payload {
            Payload::Bytes(bytes) => RingMessage::decode(bytes),
            Payload::Json(_) => None,
        };
        match decoded {
            Some(decoded) => self.handle_ring_message(now, via, message, decoded),
            None => tracing::debug!(from = ?message.from, "bad ring message"),
        }
    }

    fn handle_routing(&mut self, now: Time, peer: PeerId, routing: &[u8]) {
        self.heard(now, peer);
        if routing.is_empty() {
            return;
        }
        let Some(told) = Told::decode(routing) else {
            tracing::debug!(?peer, "bad table");
            return;
        };
        let Some(link) = self.neighbours.get_mut(&peer) else {
            return;
        };
        link.coordinates = told.coordinates.unwrap_or(link.coordinates);
        link.learn(&told, MAX_TABLE);
        if let Some(number) = told.number {
            self.outputs
                .push_back(RouterOutput::HopAck { peer, number });
        }
        let gap = told.gap.unwrap_or(link.gap);
        let gap_changed = gap_code(link.gap) != gap_code(gap);
        link.gap = gap;
        let is_listed = link.member && !link.given_up;
        let was_member = core::mem::replace(&mut link.member, told.member);
        if was_member != told.member {
            self.neighbours.set_listed(&peer, told.member);
            self.plan_announcement(now);
            match told.member {
                true => self.link_is_up(now, peer, true),
                false => self.forget_on_ring(now, peer),
            }
        } else if gap_changed && is_listed {
            self.neighbours.set_listed(&peer, true);
            self.plan_announcement(now);
        }
        self.complete_mesh(now, peer);
    }

    fn handle_hop_ack(&mut self, now: Time, peer: PeerId, number: u32) {
        self.heard(now, peer);
        let sent = match self.transit.acknowledged(peer, number) {
            Some(carried) => Some(carried.sent),
            None => self.probes.remove(&number).map(|(_, sent)| sent),
        };
        if let Some(sent) = sent {
            self.measured(now, peer, now.since(sent));
        }
        if !self.ring.member {
            self.join(now);
        }
    }

    fn handle_disturbed(&mut self, now: Time, peer: PeerId, disturbed: bool) {
        match disturbed {
            true => {
                self.suspect(now, peer);
                if !self.is_small() && !self.ring.is_near(&peer, 1) {
                    // A new one, to this peer or another, is as good.
                    self.outputs.push_back(RouterOutput::Spare(peer));
                }
            }
            false => self.heard(now, peer),
        }
    }

    fn handle_signaling(&mut self, now: Time, open: bool) {
        self.signaling_open = open;
        self.timers.look_around_pause = LOOK_AROUND;
        self.plan_look_around(now);
    }

    fn handle_unreachable(&mut self, _now: Time, relay: PeerId, peer: PeerId) -> bool {
        // Of those over whom it was to be reached, one may be gone; and who hears nobody any more
        // knows nothing of others.
        let is_known = self.ways.remove(&peer).is_none()
            && (relay != self.own || self.neighbours.iter().any(|(_, link)| link.is_usable()));
        if is_known {
            self.not_found(peer);
        }
        // Who joins has to come in there, and in a small network there are few who could know.
        is_known && self.ring.member && !self.is_small()
    }

    fn handle_gave_up(&mut self, now: Time, peer: PeerId) {
        self.avoid(now, peer);
        match self.wanted.remove(&peer) {
            Some(Want::Ring { .. }) => {
                let is_new = self.ring.member && !self.relayed.contains_key(&peer);
                self.relay_instead(now, peer);
                if is_new {
                    // Others have named it: it counts when it has spoken itself.
                    self.ring.remove_predecessor(&peer);
                    self.notice_predecessor();
                    self.tend(now);
                }
            }
            Some(Want::Long { .. }) => self.try_candidate(now),
            Some(Want::Mesh | Want::Held) | None => {
                self.plan_long(now, Duration::from_millis(500));
            }
        }
    }

    fn admits(&self, peer: PeerId) -> bool {
        self.has_room_for(&peer)
    }

    fn leave(&mut self) {
        self.say_farewell();
        self.give_up_finds();
    }

    fn hold(&mut self, now: Time, peer: PeerId, holds: bool) {
        self.hold_link(now, peer, holds);
    }

    fn watch(&mut self, protocol: &ProtocolName) {
        self.watched.insert(protocol.clone(), ());
    }

    fn go_on(&mut self, now: Time, number: u32, goes_on: bool) {
        self.resume(now, number, goes_on);
    }

    fn lookup(&mut self, now: Time, id: boplish_wire::MessageId, key: PeerId) {
        self.find_for_application(now, id, key);
    }

    fn ring(&self) -> Option<RingView> {
        let peers = |places: &[Place]| places.iter().map(|it| it.peer).collect();
        Some(RingView {
            member: self.ring.member,
            predecessor: self.ring.predecessor(),
            predecessors: peers(self.ring.predecessors()),
            successors: peers(self.ring.successors()),
            estimated_size: self.ring.estimated_size(),
        })
    }

    fn neighbours(&self) -> Vec<NeighbourView> {
        let view = |(peer, link): (&PeerId, &neighbours::Neighbour)| NeighbourView {
            peer: *peer,
            kind: self.kind_of(peer),
            round_trip: link.round_trip(),
        };
        self.neighbours.iter().map(view).collect()
    }

    #[cfg(feature = "simulator")]
    fn as_chord(&mut self) -> Option<&mut Self> {
        Some(self)
    }

    fn handle_timeout(&mut self, now: Time) {
        while let Some((number, late)) = self.transit.take_expired(now) {
            if let Some(peer) = late.tried.last() {
                // A late acknowledgement still tells the round trip.
                self.measure(number, *peer, late.sent);
                self.suspect(now, *peer);
            }
            self.try_again(now, late);
        }
        if self.suspects_due.is_some_and(|due| due <= now) {
            self.give_up_suspects(now);
        }
        self.drive_finds(now);
        self.resume_late(now);
        if self.timers.push.take_if(|at| *at <= now).is_some() {
            self.push_place(now);
        }
        if self.timers.announce.take_if(|at| *at <= now).is_some() {
            self.announce(now);
        }
        if self.timers.stabilize.take_if(|at| *at <= now).is_some() {
            self.tick(now);
        }
        if self.timers.long.take_if(|at| *at <= now).is_some() {
            self.drive_long_links(now);
        }
        if self.timers.check.take_if(|at| *at <= now).is_some() {
            self.check_ring(now);
        }
        if self.timers.look_around.take_if(|at| *at <= now).is_some() {
            self.look_around(now);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let timers = &self.timers;
        let all = [
            self.transit.poll_timeout(),
            self.finds.poll_timeout(),
            self.paused.poll_timeout(),
            self.suspects_due,
            timers.stabilize,
            timers.push,
            timers.announce,
            timers.long,
            timers.check,
            timers.look_around,
        ];
        all.into_iter().flatten().min()
    }

    fn poll_output(&mut self) -> Option<RouterOutput> {
        pop_or_shrink(&mut self.outputs)
    }
}
