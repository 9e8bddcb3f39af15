//! Routing: the report's Router (section 4.1.4), behind a trait so that the full mesh can be
//! replaced by a structured overlay without touching anything above or below it.
//!
//! A router knows links only as "there is one to this peer"; it opens none itself but asks for
//! them ([`RouterOutput::Connect`]), and it doesn't know what payloads mean.

pub(crate) mod chord;
pub(crate) mod mesh;
pub(crate) mod origin;

use core::time::Duration;

use boplish_wire::{
    Kind, Message, MessageId, Payload, PeerId, ProtocolName, Way, content, group, ring, signal,
    store,
};

use crate::io::DisconnectReason;
use crate::kbr::KeyBased;
use crate::protocol::{bopcast, discovery, ping, topo};
use crate::time::Time;

/// Where a message came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// Over the link to this peer.
    Link(PeerId),
    /// Over the signaling channel, from the bootstrap server.
    Signaling,
}

/// Who takes the messages of a protocol: what the report's delivery callbacks are in a core that
/// calls nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callback {
    /// The links, for signaling-protocol.
    Links,
    /// The router itself, for discovery-protocol and ring-protocol.
    Router,
    /// The topo protocol.
    Topo,
    /// The ping protocol.
    Ping,
    /// The bopcast protocol.
    Bopcast,
    /// The store.
    Store,
    /// Contents.
    Content,
    /// Groups.
    Groups,
    /// The application.
    Application,
}

impl Callback {
    /// Who takes the messages of a protocol unless that was said otherwise.
    pub(crate) fn of(protocol: &str) -> Self {
        match protocol {
            signal::PROTOCOL => Self::Links,
            discovery::NAME | ring::PROTOCOL => Self::Router,
            topo::NAME => Self::Topo,
            ping::NAME => Self::Ping,
            bopcast::NAME => Self::Bopcast,
            store::PROTOCOL => Self::Store,
            content::PROTOCOL => Self::Content,
            group::PROTOCOL => Self::Groups,
            _ => Self::Application,
        }
    }
}

/// What a router has to say.
#[derive(Debug)]
pub(crate) enum RouterOutput {
    /// Send a message over the link to a peer.
    Send { peer: PeerId, message: Message },
    /// Send a message through the fallback signaling channel.
    SendSignaling(Message),
    /// A message has reached its destination, this peer.
    Deliver { via: Via, message: Message },
    /// A message from another to another was sent on, to `next`.
    Forwarded { next: PeerId, message: Message },
    /// A message for a key would go on to `next`, and its protocol is watched: it waits until
    /// [`Router::go_on`] is called with this number, or for a bounded time.
    Forward {
        number: u32,
        next: PeerId,
        message: Message,
    },
    /// The peers around this one on the ring have changed.
    NeighbourhoodChanged,
    /// The router wants to say something itself.
    Originate {
        to: Option<PeerId>,
        protocol: ProtocolName,
        kind: Kind,
        payload: Payload,
        way: Way,
    },
    /// No way is known for a message of this peer.
    Unroutable(Message),
    /// A link to this peer is wanted.
    Connect(PeerId),
    /// A link to this peer would be welcome: one attempt will do.
    ConnectOnce(PeerId),
    /// The link to this peer is not needed any more.
    Disconnect(PeerId),
    /// Tell a neighbour's router this now, in a keepalive.
    SendRouting { peer: PeerId, bytes: Vec<u8> },
    /// Acknowledge a hop to a neighbour.
    HopAck { peer: PeerId, number: u32 },
    /// Ask a neighbour for a sign of life.
    Probe(PeerId),
    /// The link to this peer, which is disturbed, is not worth an ICE restart.
    Spare(PeerId),
    /// The owner of a key that was looked up.
    Found {
        id: MessageId,
        owner: PeerId,
        hops: u8,
    },
    /// The owner of a key could not be found in time.
    NotFound { id: MessageId },
    /// This peer is a member of the ring now.
    RingJoined,
    /// What hellos and announcements shall tell neighbours from now on.
    Routing(Vec<u8>),
    /// Neighbours should hear that soon: send keepalives now.
    Announce,
}

/// A peer's place in the ring, as it knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingView {
    /// Whether it is a member: others may have it as their successor.
    pub member: bool,
    /// The peer before it.
    pub predecessor: Option<PeerId>,
    /// The peers before it, the nearest first.
    pub predecessors: Vec<PeerId>,
    /// Its successor list, the nearest first.
    pub successors: Vec<PeerId>,
    /// About how many peers the ring has.
    pub estimated_size: u32,
}

/// A link, as the router sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeighbourView {
    /// Whom it leads to.
    pub peer: PeerId,
    /// What it is for.
    pub kind: NeighbourKind,
    /// The smoothed round trip, once it is measured.
    pub round_trip: Option<Duration>,
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NeighbourKind {
    /// To a peer near on the ring.
    Ring,
    /// To a peer far away that this one has chosen.
    Long,
    /// From a peer that has chosen this one; on a mesh, every link.
    Incoming,
}

/// Decides where messages go, and which links there should be.
///
/// `add_peer`, `peer_ids` and `route` are methods of the report's router; its fourth, which
/// registers delivery callbacks, is [`Callback::of`] and [`Node::take_protocol`](crate::Node)
/// here, since a core calls nobody.
pub(crate) trait Router: KeyBased + core::fmt::Debug {
    /// A link to a peer is up; `routing` is what its router said in its hello.
    fn add_peer(&mut self, now: Time, peer: PeerId, routing: &[u8]);

    /// The link to a peer is gone.
    fn remove_peer(&mut self, now: Time, peer: PeerId, reason: DisconnectReason);

    /// The peers with a link, in order.
    fn peer_ids(&self) -> Vec<PeerId>;

    /// Sends a message of this peer on its way.
    fn route(&mut self, now: Time, message: Message);

    /// Takes a message from a neighbour or the bootstrap server: delivers it or sends it on.
    fn handle_message(&mut self, now: Time, via: Via, message: Message);

    /// Takes a message of the router's own protocol that was delivered.
    fn handle_delivery(&mut self, now: Time, via: Via, message: &Message);

    /// Takes what a neighbour's router says in its keepalive.
    fn handle_routing(&mut self, now: Time, peer: PeerId, routing: &[u8]);

    /// The path to a neighbour is in doubt, or no longer so.
    fn handle_disturbed(&mut self, now: Time, peer: PeerId, disturbed: bool);

    /// A neighbour has acknowledged a hop.
    fn handle_hop_ack(&mut self, now: Time, peer: PeerId, number: u32);

    /// The signaling channel has opened or closed.
    fn handle_signaling(&mut self, now: Time, open: bool);

    /// `relay` knows no way to `peer`. Returns whether nobody does.
    fn handle_unreachable(&mut self, now: Time, relay: PeerId, peer: PeerId) -> bool;

    /// A link that was asked for could not be opened.
    fn handle_gave_up(&mut self, now: Time, peer: PeerId);

    /// Whether a peer that offers a link may have one.
    fn admits(&self, peer: PeerId) -> bool;

    /// This peer leaves the network, or goes on with another router; lookups are given up.
    fn leave(&mut self);

    /// A direct link to a peer is needed from now on, on top of those that the router wants, or no
    /// longer. The other side must need it, too.
    fn hold(&mut self, now: Time, peer: PeerId, holds: bool);

    /// Messages for keys that have this protocol and come by are shown before they are sent on.
    fn watch(&mut self, protocol: &ProtocolName);

    /// A message that was shown as [`RouterOutput::Forward`] goes on, or stops here.
    fn go_on(&mut self, now: Time, number: u32, goes_on: bool);

    /// Finds the owner of a key: [`RouterOutput::Found`] or `NotFound` follows.
    fn lookup(&mut self, now: Time, id: MessageId, key: PeerId);

    /// This peer's place in the ring, if there is one.
    fn ring(&self) -> Option<RingView>;

    /// The links.
    fn neighbours(&self) -> Vec<NeighbourView>;

    /// The ring, if it is one: the simulator gives places in it.
    #[cfg(feature = "simulator")]
    fn as_chord(&mut self) -> Option<&mut chord::Chord> {
        None
    }

    /// Does what is due.
    fn handle_timeout(&mut self, now: Time);

    /// When something is due.
    fn poll_timeout(&self) -> Option<Time>;

    /// The next thing to do, until there is none.
    fn poll_output(&mut self) -> Option<RouterOutput>;
}
