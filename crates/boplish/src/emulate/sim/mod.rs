//! The simulator as a backend: real nodes under a virtual clock.

mod network;
mod payload;

use std::collections::BTreeMap;
use std::time::Duration;

use boplish_native::core::{Config, Event, RouterConfig, Time};
use boplish_native::wire::{MessageId, PeerId, ProtocolName};
use boplish_sim::{EventSink, FrameKind, PeerHandle, World, check};

use super::backend::{Backend, Blow, Departure, Ending, Number, Target};
use super::owners::Owners;
use super::scenario::{RouterKind, Scenario};
use super::statistics::numbers::Numbers;
use super::statistics::samples::{
    Count, Join, Links, Moment, Outcome, PeerSample, Samples, Traffic, Trip, TripKind,
};
use super::trips::{Begun, TripNumber, Trips};
use crate::failure::Failure;

/// The protocol of the messages of the workload.
const PROTOCOL: &str = "emulation";

/// How long a lookup may take and still be judged, in seconds: longer than any is waited for.
const MEMORY: f64 = 120.0;

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
            ring: 0,
        })
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
            self.handle_event(number(handle), seconds(at), event, samples);
        }
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
            Event::RingJoined => {
                let peer = &mut self.peers[peer as usize];
                peer.ring = peer.ring.or(Some(at - peer.joined));
                self.owners.join(peer.id, at);
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
            Event::StateChanged(_)
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
            | Event::Invitation { .. }
            | Event::InvitationLapsed(_)
            | Event::InvitationAnswer { .. }
            | Event::InvitationFailed { .. } => None,
        };
        samples.trips.extend(ended);
    }

    fn take_message(&mut self, peer: Number, message: MessageId) -> Option<Begun> {
        let trip = self.messages.remove(&(peer, message))?;
        self.trips.take(trip)
    }

    /// A lookup has ended with an owner.
    fn judge(&self, begun: Begun, at: f64, owner: PeerId, hops: u8) -> Trip {
        let is_right = begun
            .key
            .is_some_and(|key| self.owners.was_owner(owner, key, begun.at, at));
        let outcome = if is_right {
            Outcome::Right
        } else {
            Outcome::Wrong
        };
        let asker = self.peer(begun.from).handle;
        let other = self.world.find(owner).filter(|other| *other != asker);
        let direct = other.map(|other| self.world.distance(asker, other).as_secs_f64() * 2.0);
        let latency = at - begun.at;
        Begun { direct, ..begun }.ended(outcome, Some(latency), Some(hops))
    }

    /// Members whose first successor is not the next member, and who it is instead.
    fn misled(&self) -> Vec<String> {
        let order = self.owners.present();
        let next = order.iter().cycle().skip(1);
        let pairs = order.iter().zip(next).filter(|(id, next)| id != next);
        pairs
            .filter_map(|(id, next)| {
                let handle = self.world.find(*id)?;
                let ring = self.world.look(handle)?.ring()?;
                let named = ring.successors.first();
                (named != Some(next)).then(|| {
                    let named = named.map_or_else(|| "nobody".to_owned(), ToString::to_string);
                    let peer = number(handle);
                    format!("peer {peer}: its successor is {next}, not {named}")
                })
            })
            .collect()
    }

    fn traffic(&self) -> Traffic {
        let counters = self.world.counters();
        let servers = [
            ("to the server", counters.to_server),
            ("from the server", counters.from_server),
        ];
        let frames = FrameKind::ALL.map(|kind| (name(kind), counters[kind]));
        let kinds = frames.into_iter().chain(servers);
        kinds
            .map(|(kind, it)| (kind.to_owned(), count(it)))
            .collect()
    }
}

impl Backend for Simulation<'_> {
    fn now(&self) -> f64 {
        seconds(self.world.now())
    }

    fn run_until(&mut self, at: f64, samples: &mut Samples) -> Result<(), Failure> {
        let until = Time::after_start(Duration::from_secs_f64(at));
        self.world.run_until(until);
        self.collect(samples);
        Ok(())
    }

    fn join(&mut self, number: Number, ring: usize) -> Result<(), Failure> {
        if ring > self.ring {
            self.ring = ring;
            self.world.grow_apart();
        }
        let handle = self.world.add_peer(self.config.clone());
        debug_assert_eq!(self::number(handle), number);
        self.peers.push(Peer {
            handle,
            id: self.world.id(handle),
            joined: seconds(self.world.now()),
            first_link: None,
            ring: None,
            is_gone: false,
        });
        Ok(())
    }

    fn start_ordered(&mut self, _count: u32, _samples: &mut Samples) -> Result<(), Failure> {
        Err(Failure::Usage(
            "peers.join = ordered: a mesh has no order to start in".to_owned(),
        ))
    }

    fn depart(&mut self, number: Number, how: Departure) -> Result<(), Failure> {
        let handle = self.peer(number).handle;
        self.peers[number as usize].is_gone = true;
        self.trips.forget(number);
        self.owners.leave(self.peer(number).id, self.now());
        match how {
            Departure::Leaves => self.world.close(handle),
            Departure::Vanishes => self.world.vanish(handle),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        kind: TripKind,
        from: Number,
        to: Target,
        samples: &mut Samples,
    ) -> Result<(), Failure> {
        let handle = self.peer(from).handle;
        let direct = |to: Number| {
            let there = self.world.distance(handle, self.peer(to).handle);
            match kind {
                TripKind::Message => there.as_secs_f64(),
                TripKind::Lookup | TripKind::Ping => there.as_secs_f64() * 2.0,
            }
        };
        let (id, receiver) = match to {
            Target::Peer(number) => (self.peer(number).id, Some(number)),
            Target::Key(key) => (PeerId::from_bytes(key), None),
        };
        let trip = self.trips.begin(Begun {
            kind,
            at: self.now(),
            from,
            to: receiver,
            key: receiver.is_none().then_some(id),
            direct: receiver.map(direct),
        });
        let sent = match kind {
            TripKind::Lookup => self.world.node(handle, |node, now| node.lookup(now, id)),
            TripKind::Ping => self.world.node(handle, |node, now| node.ping(now, id)),
            TripKind::Message => {
                let payload = payload::of(trip, self.scenario.workload.message_bytes);
                let protocol = self.protocol.clone();
                self.world
                    .node(handle, |node, now| node.send(now, id, protocol, payload))
            }
        };
        match sent {
            Ok(message) => {
                self.messages.insert((from, message), trip);
            }
            Err(error) => {
                let begun = self.trips.take(trip);
                let refused = Outcome::Failed(error.to_string());
                samples
                    .trips
                    .extend(begun.map(|begun| begun.ended(refused, None, None)));
            }
        }
        Ok(())
    }

    fn strike(&mut self, blow: &Blow) -> Result<(), Failure> {
        match blow {
            Blow::KillServer => self.world.kill_server(),
            Blow::RestartServer => self.world.start_server(),
            Blow::Partition(away) => {
                let away = self.handles(away);
                self.world.partition(&[&away], None);
            }
            Blow::Blink(away, lasts) => {
                for handle in self.handles(away) {
                    self.world.blink(handle, lasts.duration());
                }
            }
            Blow::Heal => self.world.heal(),
        }
        Ok(())
    }

    fn is_member(&self, number: Number) -> bool {
        let peer = self.peer(number);
        let node = self.world.look(peer.handle);
        node.is_some_and(|node| match node.ring() {
            Some(ring) => ring.member,
            None => !node.connected_peers().is_empty(),
        }) && !peer.is_gone
    }

    fn on_their_way(&self) -> usize {
        self.trips.len()
    }

    fn observe(&mut self, samples: &mut Samples) -> Result<Moment, Failure> {
        self.collect(samples);
        self.owners.forget_before(self.now() - MEMORY);
        let trips = &self.trips;
        self.messages.retain(|_, trip| trips.kind(*trip).is_some());
        let links = Numbers::new(self.living().map(|(_, peer)| self.links(peer) as f64));
        let members = self.living().filter(|(number, _)| self.is_member(*number));
        let on_server = self.living().filter(|(_, peer)| {
            let node = self.world.look(peer.handle);
            node.is_some_and(|node| node.is_signaling_open())
        });
        Ok(Moment {
            at: self.now(),
            living: self.living().count() as u32,
            members: members.count() as u32,
            sockets: on_server.count() as u32,
            links: Links::of(&links),
            traffic: self.traffic(),
            misled: match self.scenario.router.kind {
                RouterKind::Mesh => None,
                RouterKind::Chord => Some(self.misled().len() as u32),
            },
        })
    }

    fn survey(&mut self, _samples: &mut Samples) -> Result<Vec<PeerSample>, Failure> {
        Ok(self
            .living()
            .map(|(number, peer)| {
                let traffic = self.world.traffic(peer.handle);
                PeerSample {
                    peer: number,
                    member: self.is_member(number),
                    links: self.links(peer) as u32,
                    sent: Some(count(traffic.sent)),
                    received: Some(count(traffic.received)),
                    state_bytes: None,
                }
            })
            .collect())
    }

    fn settled_problems(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut judged = check::no_leaks(&self.world);
        match self.scenario.router.kind {
            RouterKind::Mesh => judged = check::mesh_complete(&self.world).and(judged),
            RouterKind::Chord => {
                let outside = self.living().filter(|(number, _)| !self.is_member(*number));
                problems.extend(outside.map(|(number, _)| format!("peer {number} is no member")));
                problems.extend(self.misled());
            }
        }
        if let Err(judged) = judged {
            problems.extend(judged.all.iter().map(ToString::to_string));
        }
        problems
    }

    fn bound_problems(&mut self, is_settled: bool) -> Vec<String> {
        let hard = self.config.link.max_links;
        let most = match &self.config.router {
            // A newcomer's first link may come on top of the budget.
            RouterConfig::Chord(chord) if is_settled => hard.min(chord.budget + 1),
            RouterConfig::Chord(_) | RouterConfig::Mesh | RouterConfig::FromNetwork { .. } => hard,
        };
        let mut problems: Vec<String> = self
            .living()
            .filter_map(|(number, peer)| {
                let links = self.links(peer);
                (links > most).then(|| format!("peer {number} has {links} links, {most} at most"))
            })
            .collect();
        problems.extend(self.world.misuses().iter().cloned());
        problems
    }

    fn end(&mut self, samples: &mut Samples) -> Result<Ending, Failure> {
        samples.joins = self
            .peers
            .iter()
            .enumerate()
            .map(|(number, peer)| Join {
                peer: number as Number,
                at: peer.joined,
                first_link: peer.first_link,
                ring: peer.ring,
                gave_up: peer.is_gone && peer.first_link.is_none(),
            })
            .collect();
        Ok(Ending {
            trace_hash: Some(self.world.trace_hash()),
            steps: Some(self.world.counters().steps),
        })
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
        FrameKind::Application => "application",
        FrameKind::Ring => "ring",
        FrameKind::Unknown => "unknown",
    }
}
