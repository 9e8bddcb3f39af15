//! The simulator as a backend: real nodes under a virtual clock.

mod backend;
mod groups;
mod invariants;
mod judge;
mod network;
mod payload;
mod storage;

use std::collections::BTreeMap;

use boplish_native::core::io::InvitationId;
use boplish_native::core::{Config, Event, Node, Time};
use boplish_native::wire::{MessageId, PeerId, ProtocolName};
use boplish_sim::overlay::Records;
use boplish_sim::{EventSink, FrameKind, PeerHandle, World};

use super::backend::Number;
use super::owners::Owners;
use super::scenario::Scenario;
use super::statistics::samples::{Count, FROM_SERVER, Outcome, Samples, Traffic, Trip};
use super::trips::{Begun, TripNumber, Trips};
use crate::failure::Failure;

use groups::Gathering;
use invariants::Invariants;

/// The protocol of the messages of the workload.
const PROTOCOL: &str = "emulation";

/// A world, and what is noted of its peers.
#[derive(Debug)]
pub(super) struct Simulation<'a> {
    scenario: &'a Scenario,
    world: World,
    config: Config,
    protocol: ProtocolName,
    /// By their numbers, which are those of the world's handles.
    peers: Vec<Peer>,
    owners: Owners,
    trips: Trips,
    /// The messages in which trips are on their way.
    messages: BTreeMap<(Number, MessageId), TripNumber>,
    /// So many of the peers were there from the start, and never joined.
    ordered: usize,
    invariants: Option<Invariants>,
    /// What is stored, if anything is.
    records: Option<Records>,
    /// The group, if there is one.
    gathering: Option<Gathering>,
    /// For whom a member has made an invitation.
    invited: BTreeMap<(Number, InvitationId), Number>,
    /// The network that newcomers are part of, counted from 0.
    ring: usize,
}

#[derive(Debug)]
struct Peer {
    handle: PeerHandle,
    id: PeerId,
    joined: f64,
    first_link: Option<f64>,
    ring: Option<f64>,
    is_invited: bool,
    is_gone: bool,
}

impl<'a> Simulation<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64) -> Result<Self, Failure> {
        let protocol = ProtocolName::new(PROTOCOL)
            .map_err(|error| Failure::runtime("the workload's protocol", error))?;
        let mut world = World::new(seed, network::network(&scenario.network));
        world.set_event_sink(EventSink::Queue);
        let server = world.server_config_mut();
        server.network = Some(scenario.router.parameters());
        server.limits.entry_peers = scenario.server.entry_peers;
        world.restart_server();
        let records = scenario.storage.as_ref();
        let records = records.map(|it| storage::records(it, &mut world));
        Ok(Self {
            scenario,
            world,
            config: Config {
                router: scenario.router.config(),
                ..Config::default()
            },
            owners: Owners::default(),
            protocol,
            peers: Vec::new(),
            trips: Trips::default(),
            messages: BTreeMap::new(),
            ordered: 0,
            invariants: scenario.checks.ring.map(|every| {
                let successors = scenario.router.successors;
                Invariants::new(successors, every.0, scenario.measured_from())
            }),
            records,
            gathering: scenario.group.as_ref().map(|it| Gathering::new(it, seed)),
            invited: BTreeMap::new(),
            ring: 0,
        })
    }

    /// A new peer with the next number, that opens at once.
    fn add_peer(&mut self, config: Config) -> PeerHandle {
        let handle = self.world.add_peer(config);
        if let Some(storage) = &self.scenario.storage {
            self.world.enable_store(handle, storage.config());
        }
        if self.scenario.group.is_some() {
            self.world.node(handle, |node, _| node.enable_groups());
        }
        debug_assert_eq!(handle.index(), self.peers.len());
        self.peers.push(Peer {
            handle,
            id: self.world.id(handle),
            joined: seconds(self.world.now()),
            first_link: None,
            ring: None,
            is_invited: false,
            is_gone: false,
        });
        handle
    }

    fn peer(&self, number: Number) -> &Peer {
        &self.peers[number as usize]
    }

    fn living(&self) -> impl Iterator<Item = (Number, &Peer)> {
        let numbered = self.peers.iter().enumerate();
        numbered
            .filter(|(_, peer)| !peer.is_gone)
            .map(|(number, peer)| (number as Number, peer))
    }

    fn handles(&self, numbers: &[Number]) -> Vec<PeerHandle> {
        let handles = numbers.iter().map(|number| self.peer(*number).handle);
        handles.collect()
    }

    fn links(&self, peer: &Peer) -> usize {
        let node = self.world.look(peer.handle);
        node.map_or(0, |node| node.connected_peers().len())
    }

    /// Takes what the peers were told.
    fn collect(&mut self, samples: &mut Samples) {
        for (at, handle, event) in self.world.drain_events() {
            let records = self.records.as_mut();
            let stored = records.and_then(|it| it.take((at, handle, &event)));
            samples.trips.extend(stored.map(storage::trip));
            self.handle_event(number(handle), seconds(at), event, samples);
        }
        self.take_heard(samples);
    }

    fn handle_event(&mut self, peer: Number, at: f64, event: Event, samples: &mut Samples) {
        let ended = match event {
            Event::PeerConnected(_) => {
                let peer = &mut self.peers[peer as usize];
                if peer.first_link.is_none() {
                    peer.first_link = Some(at - peer.joined);
                }
                None
            }
            // What a peer was told before it went concerns nobody any more.
            Event::RingJoined if self.peer(peer).is_gone => None,
            Event::RingJoined => {
                let number = peer;
                let peer = &mut self.peers[peer as usize];
                peer.ring = peer.ring.or(Some(at - peer.joined));
                self.owners.join(peer.id, at);
                self.join_group(number);
                None
            }
            Event::Found {
                lookup,
                owner,
                hops,
            } => self
                .take_message(peer, lookup)
                .map(|begun| self.judge(begun, at, owner, hops)),
            Event::Message { payload, hops, .. } => payload::trip_in(&payload)
                .and_then(|trip| self.trips.take(trip))
                .map(|begun| arrived(begun, at, Some(hops))),
            Event::Pong { from, .. } => self
                .world
                .find(from)
                .and_then(|to| self.trips.take_ping(peer, number(to)))
                .map(|begun| arrived(begun, at, None)),
            Event::Undelivered { id, error } => self
                .take_message(peer, id)
                .map(|begun| begun.ended(Outcome::Failed(error.to_string()), None, None)),
            Event::Delivered(id) => {
                self.messages.remove(&(peer, id));
                None
            }
            Event::Group { event, .. } => {
                self.hear(peer, at, &event);
                None
            }
            Event::Invitation { invitation, text } => {
                if let Some(newcomer) = self.invited.remove(&(peer, invitation)) {
                    self.accept(newcomer, &text);
                }
                None
            }
            Event::InvitationAnswer { peer, text } => {
                if let Some(host) = self.world.find(peer) {
                    self.complete(number(host), &text);
                }
                None
            }
            Event::StateChanged(_)
            | Event::Put { .. }
            | Event::Got { .. }
            | Event::Listed { .. }
            | Event::Content(_)
            | Event::SignalingChanged { .. }
            | Event::PeerDisconnected { .. }
            | Event::Reply { .. }
            | Event::Topology { .. }
            | Event::KeyMessage { .. }
            | Event::Forward { .. }
            | Event::NeighbourhoodChanged
            | Event::GroupChanged { .. }
            | Event::GroupMessage { .. }
            | Event::Monitor { .. }
            | Event::Refused { .. }
            | Event::ServerError(_)
            | Event::InvitationLapsed(_)
            | Event::InvitationFailed { .. } => None,
        };
        samples.trips.extend(ended);
    }

    /// A member invites a newcomer; if it can't, or either is gone meanwhile, nothing comes of it.
    fn invite(&mut self, host: Number, newcomer: Number) {
        if let Some(Ok(invitation)) = self.with(host, Node::invite) {
            self.invited.insert((host, invitation), newcomer);
        }
    }

    fn accept(&mut self, newcomer: Number, text: &str) {
        // A server that runs again may have been quicker; then there is a link already.
        let _ = self.with(newcomer, |node, now| node.accept_invitation(now, text));
    }

    fn complete(&mut self, host: Number, text: &str) {
        // The invitation may have expired; then the newcomer stays outside.
        let _ = self.with(host, |node, now| node.complete_invitation(now, text));
    }

    /// Lets something happen to a peer, if it is still there.
    fn with<T>(&mut self, number: Number, act: impl FnOnce(&mut Node, Time) -> T) -> Option<T> {
        let peer = self.peer(number);
        let handle = (!peer.is_gone).then_some(peer.handle)?;
        Some(self.world.node(handle, act))
    }

    fn take_message(&mut self, peer: Number, message: MessageId) -> Option<Begun> {
        let trip = self.messages.remove(&(peer, message))?;
        self.trips.take(trip)
    }

    fn traffic(&self) -> Traffic {
        let counters = self.world.counters();
        let servers = [
            ("to the server", counters.to_server),
            (FROM_SERVER, counters.from_server),
        ];
        let frames = FrameKind::ALL.map(|kind| (name(kind), counters[kind]));
        let kinds = frames.into_iter().chain(servers);
        kinds
            .map(|(kind, it)| (kind.to_owned(), count(it)))
            .collect()
    }
}

fn seconds(time: Time) -> f64 {
    time.since_start().as_secs_f64()
}

fn arrived(begun: Begun, at: f64, hops: Option<u8>) -> Trip {
    let latency = at - begun.at;
    begun.ended(Outcome::Right, Some(latency), hops)
}

fn number(handle: PeerHandle) -> Number {
    handle.index() as Number
}

fn count(it: boplish_sim::Count) -> Count {
    Count {
        messages: it.messages,
        bytes: it.bytes,
    }
}

/// For people.
fn name(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Hello => "hello",
        FrameKind::Keepalive => "keepalive",
        FrameKind::Close => "close",
        FrameKind::Signaling => "signaling",
        FrameKind::Discovery => "discovery",
        FrameKind::Report => "ping, topo, bopcast",
        FrameKind::Ack => "acknowledgement",
        FrameKind::StoreWrite => "store writes",
        FrameKind::StoreRead => "store reads",
        FrameKind::StoreRepair => "store repair",
        FrameKind::GroupPost => "group posts",
        FrameKind::GroupUpkeep => "group upkeep",
        FrameKind::Application => "application",
        FrameKind::Ring => "ring",
        FrameKind::Unknown => "unknown",
    }
}
