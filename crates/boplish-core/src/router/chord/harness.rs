//! A router without a node around it, for harnesses that run very many of them: it has no links,
//! no keys and no applications. Whoever drives it does what links do.

use boplish_wire::limits::MAX_HOPS;
use boplish_wire::{Kind, Message, MessageId, PeerId};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Chord;
use crate::config::ChordConfig;
use crate::io::DisconnectReason;
use crate::link::replay::Seen;
use crate::protocol::unreachable_peer;
use crate::router::origin::needs_proof;
use crate::router::{Callback, Router, RouterOutput, Via};
use crate::time::Time;

/// Messages over others that are remembered, so that none is taken twice.
const MAX_SEEN: usize = 1024;

/// A Chord router by itself.
#[derive(Debug)]
pub struct BareChord {
    chord: Chord,
    hello: Vec<u8>,
    seen: Seen<(PeerId, MessageId)>,
    next_message: u64,
}

/// What the router wants to be done.
#[derive(Debug)]
pub enum Work {
    /// Send a message over the link to a peer.
    Send {
        /// Over whose link.
        peer: PeerId,
        /// What.
        message: Message,
    },
    /// Send a peer's router something in a keepalive.
    SendRouting {
        /// Whom.
        peer: PeerId,
        /// What.
        bytes: Vec<u8>,
    },
    /// Acknowledge a hop.
    HopAck {
        /// To whom.
        peer: PeerId,
        /// Which.
        number: u32,
    },
    /// Ask a peer for a sign of life: its hello in a keepalive.
    Probe(PeerId),
    /// Open a link.
    Connect {
        /// To whom.
        peer: PeerId,
        /// Whether one attempt will do.
        once: bool,
    },
    /// Close a link.
    Disconnect(PeerId),
    /// The answer to a lookup.
    Found {
        /// The lookup.
        id: MessageId,
        /// Who owns the key.
        owner: PeerId,
    },
    /// A lookup has come to nothing.
    NotFound {
        /// The lookup.
        id: MessageId,
    },
}

impl BareChord {
    /// The router of a peer; the seed decides its random choices.
    pub fn new(own: PeerId, config: ChordConfig, seed: u64) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let next_message = rng.next_u64();
        Self {
            chord: Chord::new(own, config, rng),
            hello: Vec::new(),
            seen: Seen::new(MAX_SEEN),
            next_message,
        }
    }

    /// What it says in hellos and keepalives, once [`BareChord::poll`] has nothing left.
    pub fn hello(&self) -> &[u8] {
        &self.hello
    }

    /// A link is up, and this was the other's hello.
    pub fn link_up(&mut self, now: Time, peer: PeerId, hello: &[u8]) {
        self.chord.add_peer(now, peer, hello);
    }

    /// A link is gone.
    pub fn link_down(&mut self, now: Time, peer: PeerId, reason: DisconnectReason) {
        self.chord.remove_peer(now, peer, reason);
    }

    /// A link that was asked for could not be opened.
    pub fn gave_up(&mut self, now: Time, peer: PeerId) {
        self.chord.handle_gave_up(now, peer);
    }

    /// The path to a peer is in doubt, or no longer so.
    pub fn disturbed(&mut self, now: Time, peer: PeerId, disturbed: bool) {
        self.chord.handle_disturbed(now, peer, disturbed);
    }

    /// A keepalive has come.
    pub fn routing(&mut self, now: Time, peer: PeerId, bytes: &[u8]) {
        self.chord.handle_routing(now, peer, bytes);
    }

    /// A hop is acknowledged.
    pub fn hop_ack(&mut self, now: Time, peer: PeerId, number: u32) {
        self.chord.handle_hop_ack(now, peer, number);
    }

    /// A message has come over a link; refuses what a node does, but believes all proofs.
    pub fn message(&mut self, now: Time, peer: PeerId, mut message: Message) {
        message.hops = message.hops.saturating_add(1);
        if let Some(hop) = message.way.hop {
            let number = hop.number;
            self.chord
                .outputs
                .push_back(RouterOutput::HopAck { peer, number });
        }
        let own = self.chord.own;
        if message.hops > MAX_HOPS || message.from == own || message.to.is_none() {
            return;
        }
        let is_proven_here = message.from != peer && message.to == Some(own);
        if is_proven_here && needs_proof(&message) && !self.seen.insert((message.from, message.id))
        {
            return;
        }
        self.chord.handle_message(now, Via::Link(peer), message);
    }

    /// Finds the owner of a key.
    pub fn lookup(&mut self, now: Time, id: MessageId, key: PeerId) {
        self.chord.lookup(now, id, key);
    }

    /// The peer leaves: what it says is the last that is to be carried.
    pub fn leave(&mut self) {
        self.chord.leave();
    }

    /// Whether a peer that offers a link may have one.
    pub fn admits(&self, peer: PeerId) -> bool {
        self.chord.admits(peer)
    }

    /// Does what is due.
    pub fn timeout(&mut self, now: Time) {
        self.chord.handle_timeout(now);
    }

    /// When something is due.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.chord.poll_timeout()
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self, now: Time) -> Option<Work> {
        while let Some(output) = self.chord.poll_output() {
            if let Some(work) = self.translate(now, output) {
                return Some(work);
            }
        }
        None
    }

    fn translate(&mut self, now: Time, output: RouterOutput) -> Option<Work> {
        match output {
            RouterOutput::Send { peer, message } => Some(Work::Send { peer, message }),
            RouterOutput::SendRouting { peer, bytes } => Some(Work::SendRouting { peer, bytes }),
            RouterOutput::HopAck { peer, number } => Some(Work::HopAck { peer, number }),
            RouterOutput::Probe(peer) => Some(Work::Probe(peer)),
            RouterOutput::Connect(peer) => Some(Work::Connect { peer, once: false }),
            RouterOutput::ConnectOnce(peer) => Some(Work::Connect { peer, once: true }),
            RouterOutput::Disconnect(peer) => Some(Work::Disconnect(peer)),
            RouterOutput::Found { id, owner, hops: _ } => Some(Work::Found { id, owner }),
            RouterOutput::NotFound { id } => Some(Work::NotFound { id }),
            RouterOutput::Routing(hello) => {
                self.hello = hello;
                None
            }
            RouterOutput::Originate {
                to,
                protocol,
                kind,
                payload,
                way,
            } => {
                self.next_message = self.next_message.wrapping_add(1);
                let message = Message {
                    id: MessageId(self.next_message),
                    from: self.chord.own,
                    to,
                    protocol,
                    kind,
                    wants_ack: false,
                    hops: 0,
                    payload,
                    way,
                    proof: None,
                };
                self.chord.route(now, message);
                None
            }
            RouterOutput::Deliver { via, message } => {
                self.deliver(now, via, &message);
                None
            }
            RouterOutput::SendSignaling(_)
            | RouterOutput::Forwarded { .. }
            | RouterOutput::Forward { .. }
            | RouterOutput::NeighbourhoodChanged
            | RouterOutput::Spare(_)
            | RouterOutput::Unroutable(_)
            | RouterOutput::RingJoined
            | RouterOutput::Announce => None,
        }
    }

    fn deliver(&mut self, now: Time, via: Via, message: &Message) {
        match message.kind {
            Kind::Unreachable { .. } => {
                if let Some(peer) = unreachable_peer(&message.payload) {
                    self.chord.handle_unreachable(now, message.from, peer);
                }
            }
            Kind::Plain if Callback::of(message.protocol.as_str()) == Callback::Router => {
                self.chord.handle_delivery(now, via, message);
            }
            Kind::Plain | Kind::Request | Kind::Reply { .. } | Kind::Ack { .. } => {}
        }
    }

    /// Whether it is a member of the ring.
    pub fn is_member(&self) -> bool {
        self.chord.ring.member
    }

    /// Its successor list, the nearest first.
    pub fn successors(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.chord.ring.successors().iter().map(|it| it.peer)
    }

    /// Its predecessors, the nearest first.
    pub fn predecessors(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.chord.ring.predecessors().iter().map(|it| it.peer)
    }

    /// The peers with a link.
    pub fn peer_ids(&self) -> Vec<PeerId> {
        self.chord.peer_ids()
    }
}
