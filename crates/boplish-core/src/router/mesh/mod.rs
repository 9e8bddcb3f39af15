//! The report's full mesh: a link to everyone, and the discovery of everyone.
//!
//! Discovery alone leaves the mesh incomplete when peers join in parallel (the report, figure
//! 4.4). Here each keepalive carries a digest of the sender's view; neighbours whose views differ
//! ask each other until all views are one ([`view`]).

mod view;

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::{Kind, Message, MessageId, PeerId, ProtocolName, Way, signal};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::view::Digest;
use super::chord::space::clockwise;
use super::{NeighbourKind, NeighbourView, RingView, Router, RouterOutput, Via};
use crate::io::DisconnectReason;
use crate::kbr::{KeyBased, Neighbourhood, sort_behind};
use crate::link::retry::random_below;
use crate::protocol;
use crate::protocol::discovery::{self, Discovery};
use crate::table::{Set, Table};
use crate::time::Time;

/// A change of the own view is told to neighbours after this pause, together with others.
const ANNOUNCE_DELAY: Duration = Duration::from_millis(300);

/// Pause between two discovery requests to a neighbour whose view differs; doubled while its
/// answers bring nothing new.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// The longest such pause.
const ASK_AGAIN_MAX: Duration = Duration::from_secs(64);

/// Pause before the first and the second look at the bootstrap server for another part of the
/// network; doubled while nothing is found. Newcomers that arrive together may at first form
/// several meshes, none of which knows of the others.
const LOOK_AROUND: Duration = Duration::from_secs(1);

/// The longest such pause.
const LOOK_AROUND_MAX: Duration = Duration::from_secs(256);

/// A peer that left, or that could not be connected to, is not tried for this long.
const AVOID: Duration = Duration::from_secs(30);

/// Peers that are remembered as avoided.
const MAX_AVOIDED: usize = 1024;

/// Links over which the mesh carries a message for others: to a relay, and on to its receiver.
const MAX_RELAYS: u8 = 4;

/// The full mesh.
#[derive(Debug)]
pub(crate) struct Mesh {
    own: PeerId,
    max_links: usize,
    signaling_open: bool,
    neighbours: Table<PeerId, Neighbour>,
    avoided: Table<PeerId, Time>,
    announce_at: Option<Time>,
    look_around_at: Option<Time>,
    look_around_pause: Duration,
    rng: Xoshiro256PlusPlus,
    outputs: VecDeque<RouterOutput>,
}

#[derive(Debug)]
struct Neighbour {
    disturbed: bool,
    digest: Option<Digest>,
    /// The neighbours that it named last.
    peers: Set<PeerId>,
    /// When it may be asked again.
    ask_at: Time,
    pause: Duration,
}

/// Where a message goes next.
enum NextHop {
    Link(PeerId),
    Signaling,
    Nowhere,
}

impl Mesh {
    pub(crate) fn new(own: PeerId, max_links: usize, rng: Xoshiro256PlusPlus) -> Self {
        Self {
            own,
            max_links,
            signaling_open: false,
            neighbours: Table::new(),
            avoided: Table::new(),
            announce_at: None,
            look_around_at: None,
            look_around_pause: LOOK_AROUND,
            rng,
            outputs: VecDeque::new(),
        }
    }

    /// The first peer at or after a key, clockwise.
    fn owner(&self, key: &PeerId) -> PeerId {
        let peers = self.neighbours.keys().copied().chain([self.own]);
        peers
            .min_by_key(|peer| clockwise(key, peer))
            .unwrap_or(self.own)
    }

    fn digest(&self) -> Digest {
        let ids = self.neighbours.keys().copied();
        ids.chain([self.own]).collect()
    }

    /// The own view has changed: neighbours hear of it soon.
    fn view_changed(&mut self, now: Time) {
        self.announce_at.get_or_insert(now + ANNOUNCE_DELAY);
        let routing = self.digest().to_bytes();
        self.outputs.push_back(RouterOutput::Routing(routing));
    }

    /// Asks a neighbour for its peers if its view differs, and not too often.
    fn compare(&mut self, now: Time, peer: PeerId) {
        let own = self.digest();
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        if neighbour.digest.is_some_and(|theirs| theirs != own) && now >= neighbour.ask_at {
            neighbour.ask_at = now + neighbour.pause;
            self.discover(Some(peer));
        }
    }

    fn discover(&mut self, to: Option<PeerId>) {
        self.outputs.push_back(RouterOutput::Originate {
            to,
            protocol: protocol::name(discovery::NAME),
            kind: Kind::Plain,
            payload: Discovery::Request.to_payload(),
            way: Way::default(),
        });
    }

    /// Plans the next look at the bootstrap server, while that is of use.
    fn plan_look_around(&mut self, now: Time) {
        let useful = self.signaling_open && !self.neighbours.is_empty();
        let pause = self.look_around_pause;
        self.look_around_at = useful.then(|| now + pause / 2 + random_below(pause, &mut self.rng));
    }

    /// Something new was found, or has become possible: looks around sooner.
    fn look_around_soon(&mut self, now: Time) {
        self.look_around_pause = LOOK_AROUND;
        self.plan_look_around(now);
    }

    /// Wants a link to a peer that somebody has named.
    fn want(&mut self, now: Time, peer: PeerId) -> bool {
        let avoided = self.avoided.get(&peer).is_some_and(|until| now < *until);
        let wanted = peer != self.own
            && !avoided
            && !self.neighbours.contains_key(&peer)
            && self.neighbours.len() < self.max_links;
        if wanted {
            self.outputs.push_back(RouterOutput::Connect(peer));
        }
        wanted
    }

    fn avoid(&mut self, now: Time, peer: PeerId) {
        self.avoided.retain(|_, until| now < *until);
        if self.avoided.len() < MAX_AVOIDED {
            self.avoided.insert(peer, now + AVOID);
        }
    }

    /// Where a message of this peer goes: straight if there is a link; signals rather around a
    /// link that is in doubt, since they are there to mend it. Everything else that has no link
    /// goes over a neighbour that has one, or through the fallback signaling channel.
    fn next_hop(&self, to: PeerId, protocol: &ProtocolName) -> NextHop {
        let direct = self.neighbours.get(&to);
        let is_signal = protocol.as_str() == signal::PROTOCOL;
        if direct.is_some_and(|neighbour| !(neighbour.disturbed && is_signal)) {
            return NextHop::Link(to);
        }
        if let Some(relay) = self.relay(to, None) {
            return NextHop::Link(relay);
        }
        if self.signaling_open {
            return NextHop::Signaling;
        }
        match direct {
            Some(_) => NextHop::Link(to),
            None => NextHop::Nowhere,
        }
    }

    /// A neighbour that has a link to a peer, as far as is known; among several the peer's id
    /// decides, so that relaying is shared.
    fn relay(&self, to: PeerId, except: Option<PeerId>) -> Option<PeerId> {
        let knows = |(id, neighbour): &(&PeerId, &Neighbour)| {
            !neighbour.disturbed && Some(**id) != except && neighbour.peers.contains_key(&to)
        };
        let relays: Vec<PeerId> = self
            .neighbours
            .iter()
            .filter(knows)
            .map(|it| *it.0)
            .collect();
        let index = usize::from(to.as_bytes()[PeerId::BYTES - 1]).checked_rem(relays.len())?;
        relays.get(index).copied()
    }

    /// A message of `writer` came over the link to a neighbour, so answers can go that way.
    fn learn_way_back(&mut self, neighbour: PeerId, writer: PeerId) {
        if let Some(neighbour) = self.neighbours.get_mut(&neighbour)
            && neighbour.peers.len() < discovery::MAX_IDS
        {
            neighbour.peers.insert(writer, ());
        }
    }

    fn deliver(&mut self, via: Via, message: Message) {
        self.outputs
            .push_back(RouterOutput::Deliver { via, message });
    }

    /// Carries a message from one neighbour to another.
    fn forward(&mut self, from: PeerId, to: PeerId, message: Message) {
        let next = match self.neighbours.get(&to) {
            Some(_) if to != from => Some(to),
            Some(_) | None => self.relay(to, Some(from)),
        };
        match next.filter(|_| message.hops < MAX_RELAYS) {
            Some(peer) => {
                self.outputs.push_back(RouterOutput::Forwarded {
                    next: peer,
                    message: message.clone(),
                });
                self.outputs.push_back(RouterOutput::Send { peer, message });
            }
            None if message.from == from => {
                self.outputs.push_back(RouterOutput::Originate {
                    to: Some(from),
                    protocol: message.protocol,
                    kind: Kind::Unreachable { of: message.id },
                    payload: protocol::unreachable(to),
                    way: Way::default(),
                });
            }
            None => tracing::debug!(?from, ?to, "no way to forward a message"),
        }
    }
}

impl KeyBased for Mesh {
    fn neighbourhood(&self) -> Option<Neighbourhood> {
        let mut after: Vec<PeerId> = self.neighbours.keys().copied().collect();
        sort_behind(&self.own, &mut after);
        Some(Neighbourhood {
            own: self.own,
            before: after.iter().rev().copied().collect(),
            after,
        })
    }

    fn local_lookup(&self, key: &PeerId, count: usize) -> Vec<PeerId> {
        let owner = (count > 0).then(|| self.owner(key));
        owner.into_iter().collect()
    }
}

impl Router for Mesh {
    fn add_peer(&mut self, now: Time, peer: PeerId, routing: &[u8]) {
        self.avoided.remove(&peer);
        let neighbour = Neighbour {
            disturbed: false,
            digest: Digest::from_bytes(routing),
            peers: Set::new(),
            ask_at: now + ASK_AGAIN,
            pause: ASK_AGAIN,
        };
        self.neighbours.insert(peer, neighbour);
        if self.neighbours.len() == 1 {
            self.look_around_soon(now);
        }
        self.view_changed(now);
        self.outputs.push_back(RouterOutput::NeighbourhoodChanged);
        self.discover(Some(peer));
    }

    fn remove_peer(&mut self, now: Time, peer: PeerId, reason: DisconnectReason) {
        if self.neighbours.remove(&peer).is_none() {
            return;
        }
        for (_, neighbour) in &mut self.neighbours {
            neighbour.peers.remove(&peer);
        }
        self.view_changed(now);
        self.outputs.push_back(RouterOutput::NeighbourhoodChanged);
        match reason {
            DisconnectReason::Closed | DisconnectReason::ClosedByPeer => self.avoid(now, peer),
            // It may have lost this link only.
            DisconnectReason::Silent | DisconnectReason::Failed => {
                self.want(now, peer);
            }
        }
    }

    fn peer_ids(&self) -> Vec<PeerId> {
        self.neighbours.keys().copied().collect()
    }

    fn route(&mut self, _now: Time, message: Message) {
        let to = match message.to {
            Some(key) if message.way.by_key => Some(self.owner(&key)),
            to => to,
        };
        if to == Some(self.own) {
            return self.deliver(Via::Link(self.own), message);
        }
        let next = match to {
            Some(to) => self.next_hop(to, &message.protocol),
            None if self.signaling_open => NextHop::Signaling,
            None => NextHop::Nowhere,
        };
        self.outputs.push_back(match next {
            NextHop::Link(peer) => RouterOutput::Send { peer, message },
            NextHop::Signaling => RouterOutput::SendSignaling(message),
            NextHop::Nowhere => RouterOutput::Unroutable(message),
        });
    }

    fn handle_message(&mut self, _now: Time, via: Via, message: Message) {
        if let Via::Link(neighbour) = via
            && neighbour != message.from
        {
            self.learn_way_back(neighbour, message.from);
        }
        let to = match message.to {
            Some(key) if message.way.by_key => Some(self.owner(&key)),
            to => to,
        };
        match (to, via) {
            (Some(to), Via::Link(from)) if to != self.own => self.forward(from, to, message),
            (Some(_) | None, Via::Link(_) | Via::Signaling) => self.deliver(via, message),
        }
    }

    fn handle_delivery(&mut self, now: Time, _via: Via, message: &Message) {
        match Discovery::from_payload(&message.payload) {
            Some(Discovery::Request) => {
                let ids = self.neighbours.keys().copied();
                let ids = ids.filter(|id| *id != message.from).collect();
                self.outputs.push_back(RouterOutput::Originate {
                    to: Some(message.from),
                    protocol: protocol::name(discovery::NAME),
                    kind: Kind::Plain,
                    payload: Discovery::Answer { ids }.to_payload(),
                    way: Way::default(),
                });
                // A request by way of the bootstrap server comes from another part of the
                // network, or from one that has lost its links.
                if self.want(now, message.from) {
                    self.look_around_soon(now);
                }
            }
            Some(Discovery::Answer { ids }) => {
                let mut brings_new = self.want(now, message.from);
                for id in &ids {
                    brings_new |= self.want(now, *id);
                }
                if brings_new {
                    self.look_around_soon(now);
                }
                if let Some(neighbour) = self.neighbours.get_mut(&message.from) {
                    neighbour.peers = ids.into_iter().map(|id| (id, ())).collect();
                    neighbour.pause = match brings_new {
                        true => ASK_AGAIN,
                        false => (neighbour.pause * 2).min(ASK_AGAIN_MAX),
                    };
                    neighbour.ask_at = now + neighbour.pause;
                }
            }
            None => tracing::debug!(from = ?message.from, "bad discovery message"),
        }
    }

    fn handle_routing(&mut self, now: Time, peer: PeerId, routing: &[u8]) {
        let Some(neighbour) = self.neighbours.get_mut(&peer) else {
            return;
        };
        let digest = Digest::from_bytes(routing);
        if !routing.is_empty() && digest != neighbour.digest {
            neighbour.digest = digest;
            neighbour.pause = ASK_AGAIN;
            neighbour.ask_at = neighbour.ask_at.min(now + ASK_AGAIN);
        }
        self.compare(now, peer);
    }

    fn handle_disturbed(&mut self, _now: Time, peer: PeerId, disturbed: bool) {
        if let Some(neighbour) = self.neighbours.get_mut(&peer) {
            neighbour.disturbed = disturbed;
        }
    }

    fn handle_signaling(&mut self, now: Time, open: bool) {
        self.signaling_open = open;
        self.look_around_soon(now);
    }

    fn handle_unreachable(&mut self, _now: Time, relay: PeerId, peer: PeerId) -> bool {
        if let Some(neighbour) = self.neighbours.get_mut(&relay) {
            neighbour.peers.remove(&peer);
        }
        false
    }

    fn handle_gave_up(&mut self, now: Time, peer: PeerId) {
        self.avoid(now, peer);
    }

    fn handle_hop_ack(&mut self, _now: Time, _peer: PeerId, _number: u32) {}

    fn admits(&self, _peer: PeerId) -> bool {
        true
    }

    fn leave(&mut self) {}

    /// Everybody is linked anyway.
    fn hold(&mut self, _now: Time, _peer: PeerId, _holds: bool) {}

    /// On a mesh, messages for keys go straight to the owner.
    fn watch(&mut self, _protocol: &ProtocolName) {}

    fn go_on(&mut self, _now: Time, _number: u32, _goes_on: bool) {}

    fn lookup(&mut self, _now: Time, id: MessageId, key: PeerId) {
        // Everybody is known.
        let owner = self.owner(&key);
        let hops = u8::from(owner != self.own);
        self.outputs
            .push_back(RouterOutput::Found { id, owner, hops });
    }

    fn ring(&self) -> Option<RingView> {
        None
    }

    fn neighbours(&self) -> Vec<NeighbourView> {
        let view = |peer: &PeerId| NeighbourView {
            peer: *peer,
            kind: NeighbourKind::Incoming,
            round_trip: None,
        };
        self.neighbours.keys().map(view).collect()
    }

    fn handle_timeout(&mut self, now: Time) {
        if self.announce_at.take_if(|at| *at <= now).is_some() {
            self.outputs.push_back(RouterOutput::Announce);
        }
        if self.look_around_at.is_some_and(|at| at <= now) {
            self.discover(None);
            self.look_around_pause = (self.look_around_pause * 2).min(LOOK_AROUND_MAX);
            self.plan_look_around(now);
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.announce_at
            .into_iter()
            .chain(self.look_around_at)
            .min()
    }

    fn poll_output(&mut self) -> Option<RouterOutput> {
        self.outputs.pop_front()
    }
}
