//! The simulator, as the stage directs it.

use std::time::Duration;

use boplish_native::core::{Config, RouterConfig, Time};
use boplish_native::wire::PeerId;
use boplish_sim::overlay::{Plan, Records};

use super::super::backend::{Backend, Blow, Departure, Ending, Number, Target};
use super::super::scenario::RouterKind;
use super::super::statistics::numbers::Numbers;
use super::super::statistics::samples::{
    Join, Links, Moment, Outcome, PeerSample, Samples, TripKind,
};
use super::super::trips::Begun;
use super::groups::Gathering;
use super::invariants::Invariants;
use super::{Simulation, count, payload, seconds};
use crate::failure::Failure;

/// How long a lookup may take and still be judged, in seconds: longer than any is waited for.
const MEMORY: f64 = 120.0;

impl Backend for Simulation<'_> {
    fn now(&self) -> f64 {
        seconds(self.world.now())
    }

    fn steps(&self) -> Option<u64> {
        Some(self.world.counters().steps)
    }

    fn run_until(&mut self, at: f64, samples: &mut Samples) -> Result<(), Failure> {
        let until = Time::after_start(Duration::from_secs_f64(at));
        match &mut self.invariants {
            Some(invariants) => invariants.run(&mut self.world, until),
            None => self.world.run_until(until),
        }
        self.collect(samples);
        Ok(())
    }

    fn has_server(&self) -> bool {
        self.world.is_server_running()
    }

    fn join(&mut self, number: Number, ring: usize, host: Option<Number>) -> Result<(), Failure> {
        if ring > self.ring {
            self.ring = ring;
            self.world.grow_apart();
        }
        self.add_peer(self.config.clone());
        if let Some(host) = host {
            self.peers[number as usize].is_invited = true;
            self.invite(host, number);
        }
        Ok(())
    }

    fn start_ordered(&mut self, count: u32) -> Result<(), Failure> {
        let RouterConfig::Chord(chord) = self.config.router.clone() else {
            return Err(Failure::Usage(
                "peers.join = ordered: a mesh has no order to start in".to_owned(),
            ));
        };
        let entries = self.scenario.server.entry_peers.get() as u32;
        let handles = (0..count).map(|number| {
            // As if the server had released all others.
            self.add_peer(Config {
                bootstrap: number < entries,
                ..self.config.clone()
            })
        });
        let handles = handles.collect();
        let plan = Plan {
            peers: count,
            budget: (chord.budget - chord.reserve) as u32,
            near: chord.ring_links as u32,
            successors: chord.successors as u32,
        };
        let mut random = self.world.fork_random();
        plan.carry_out(&mut self.world, handles, &mut random);
        for peer in &self.peers {
            self.owners.join(peer.id, 0.0);
        }
        self.ordered = self.peers.len();
        for number in 0..count {
            self.join_group(number);
        }
        Ok(())
    }

    fn depart(&mut self, number: Number, how: Departure) -> Result<(), Failure> {
        let handle = self.peer(number).handle;
        self.peers[number as usize].is_gone = true;
        self.trips.forget(number);
        if let Some(records) = &mut self.records {
            records.abandon(handle);
        }
        if let Some(gathering) = &mut self.gathering {
            gathering.depart(number);
        }
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
        let (id, receiver) = match to {
            Target::Peer(number) => (self.peer(number).id, Some(number)),
            Target::Key(key) => (PeerId::from_bytes(key), None),
            Target::Record => {
                samples.trips.extend(self.ask_store(kind, from));
                return Ok(());
            }
        };
        let direct = |to: Number| {
            let there = self.world.direct_latency(handle, self.peer(to).handle);
            match kind {
                TripKind::Message => there.as_secs_f64(),
                TripKind::Lookup
                | TripKind::Ping
                | TripKind::Publish
                | TripKind::Refresh
                | TripKind::Resolve
                | TripKind::Read => there.as_secs_f64() * 2.0,
            }
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
            // They are about records, which have returned above.
            TripKind::Publish | TripKind::Refresh | TripKind::Resolve | TripKind::Read => {
                return Ok(());
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

    fn post(&mut self, from: Number) -> Result<(), Failure> {
        self.post_to_group(from);
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
        let records = self.records.as_ref().map_or(0, Records::pending);
        let posts = self.gathering.as_ref().map_or(0, Gathering::pending);
        self.trips.len() + records + posts
    }

    fn observe(&mut self, samples: &mut Samples) -> Result<Moment, Failure> {
        self.collect(samples);
        self.owners.forget_before(self.now() - MEMORY);
        let trips = &self.trips;
        self.messages.retain(|_, trip| trips.kind(*trip).is_some());
        let links = Numbers::new(self.living().map(|(_, peer)| self.links(peer) as f64));
        let members = self.living().filter(|(number, _)| self.is_member(*number));
        let on_server = self.living();
        let on_server = on_server.filter(|(_, peer)| self.world.has_socket(peer.handle));
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
            stock: self.stock(),
            heard: self.gathering.as_ref().map(Gathering::heard),
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

    fn ring_problems(&self) -> &[String] {
        let invariants = self.invariants.as_ref();
        invariants.map_or(&[], Invariants::problems)
    }

    fn settled_problems(&mut self) -> Vec<String> {
        self.unsettled()
    }

    fn bound_problems(&mut self, is_settled: bool) -> Vec<String> {
        self.unbounded(is_settled)
    }

    fn end(&mut self, samples: &mut Samples) -> Result<Ending, Failure> {
        if let Some(gathering) = &mut self.gathering {
            samples.posts.extend(gathering.conclude(f64::INFINITY));
        }
        samples.joins = self
            .peers
            .iter()
            .enumerate()
            .skip(self.ordered)
            .map(|(number, peer)| Join {
                peer: number as Number,
                at: peer.joined,
                first_link: peer.first_link,
                ring: peer.ring,
                invited: peer.is_invited,
                gave_up: peer.is_gone && peer.first_link.is_none(),
            })
            .collect();
        Ok(Ending {
            trace_hash: Some(self.world.trace_hash()),
            steps: self.steps(),
        })
    }
}
