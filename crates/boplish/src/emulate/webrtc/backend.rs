//! Real peers, as the stage directs them.

use boplish_native::wire::PeerId;

use super::super::backend::{Backend, Blow, Departure, Ending, Number, Target};
use super::super::scenario::RouterKind;
use super::super::statistics::numbers::Numbers;
use super::super::statistics::samples::{Join, Links, Moment, PeerSample, Samples, TripKind};
use super::super::trips::Begun;
use super::orders::Order;
use super::{Peer, REBIND_ATTEMPTS, REBIND_PAUSE, RealNetwork, server};
use crate::failure::Failure;
use crate::serve;

impl Backend for RealNetwork<'_> {
    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn steps(&self) -> Option<u64> {
        None
    }

    fn run_until(&mut self, at: f64, samples: &mut Samples) -> Result<(), Failure> {
        let until = self.until(at);
        while let Some(news) = self.hear(until) {
            self.take(news, samples)?;
        }
        Ok(())
    }

    fn has_server(&self) -> bool {
        self.server.is_some()
    }

    fn join(&mut self, number: Number, _ring: usize, host: Option<Number>) -> Result<(), Failure> {
        self.peers.push(Peer {
            joined: self.now(),
            is_invited: host.is_some(),
            ..Peer::default()
        });
        self.host(number).tell(Order::Join { number });
        if let Some(host) = host {
            self.host(host).tell(Order::Invite {
                host,
                newcomer: number,
            });
        }
        Ok(())
    }

    fn start_ordered(&mut self, _count: u32) -> Result<(), Failure> {
        server::refuse_what_needs_a_simulator(self.scenario)
    }

    fn depart(&mut self, number: Number, how: Departure) -> Result<(), Failure> {
        self.peers[number as usize].is_gone = true;
        self.trips.forget(number);
        if let Some(id) = self.peers[number as usize].id {
            self.owners.leave(id, self.now());
        }
        self.host(number).tell(Order::Depart {
            number,
            says_goodbye: how == Departure::Leaves,
        });
        Ok(())
    }

    fn begin(
        &mut self,
        kind: TripKind,
        from: Number,
        to: Target,
        _samples: &mut Samples,
    ) -> Result<(), Failure> {
        let (id, receiver) = match to {
            Target::Key(key) => (Some(PeerId::from_bytes(key)), None),
            Target::Peer(number) => (self.peers[number as usize].id, Some(number)),
            Target::Record => return server::refuse_what_needs_a_simulator(self.scenario),
        };
        // Who has not said its id yet can't be named.
        let Some(id) = id else {
            return Ok(());
        };
        let begun = Begun {
            kind,
            at: self.now(),
            from,
            to: receiver,
            key: receiver.is_none().then_some(id),
            direct: None,
        };
        let trip = self.trips.begin(begun);
        self.host(from).tell(Order::Trip {
            trip,
            kind,
            from,
            to: id.to_string(),
            bytes: self.scenario.workload.message_bytes,
        });
        Ok(())
    }

    fn post(&mut self, _from: Number) -> Result<(), Failure> {
        server::refuse_what_needs_a_simulator(self.scenario)
    }

    fn strike(&mut self, blow: &Blow) -> Result<(), Failure> {
        match blow {
            // Dropped, it ends without a word.
            Blow::KillServer => self.server = None,
            Blow::RestartServer => {
                let mut attempts = 0;
                while self.server.is_none() {
                    let config = server::config(self.scenario, &self.machine, Some(self.address));
                    match self.runtime.block_on(serve::bind(config)) {
                        Ok(server) => self.server = Some(server),
                        Err(error) if attempts == REBIND_ATTEMPTS => return Err(error),
                        Err(_) => std::thread::sleep(REBIND_PAUSE),
                    }
                    attempts += 1;
                }
            }
            Blow::Partition(_) | Blow::Blink(..) | Blow::Heal => {
                return server::refuse_what_needs_a_simulator(self.scenario);
            }
        }
        Ok(())
    }

    fn is_member(&self, number: Number) -> bool {
        let peer = &self.peers[number as usize];
        let has_joined = match self.scenario.router.kind {
            RouterKind::Mesh => peer.first_link.is_some(),
            RouterKind::Chord => peer.ring.is_some(),
        };
        has_joined && !peer.is_gone
    }

    fn on_their_way(&self) -> usize {
        self.trips.len()
    }

    fn observe(&mut self, samples: &mut Samples) -> Result<Moment, Failure> {
        self.look(samples)?;
        let seen = self.living().filter_map(|(_, peer)| peer.seen.as_ref());
        let links = Numbers::new(seen.map(|seen| seen.links.len() as f64));
        let members = self.living().filter(|(number, _)| self.is_member(*number));
        Ok(Moment {
            at: self.now(),
            living: (self.living().count() + self.strangers.len()) as u32,
            members: (members.count() + self.strangers.len()) as u32,
            sockets: self.sockets(),
            links: Links::of(&links),
            traffic: self.traffic(),
            misled: match self.scenario.router.kind {
                RouterKind::Mesh => None,
                RouterKind::Chord => Some(self.ring_faults().len() as u32),
            },
            stock: None,
            heard: None,
        })
    }

    fn survey(&mut self, samples: &mut Samples) -> Result<Vec<PeerSample>, Failure> {
        self.look(samples)?;
        let seen = self.living().filter_map(|(_, peer)| peer.seen.as_ref());
        Ok(seen
            .map(|seen| PeerSample {
                peer: seen.number,
                member: seen.is_member,
                links: seen.links.len() as u32,
                sent: seen.sent,
                received: seen.received,
                state_bytes: None,
            })
            .collect())
    }

    fn ring_problems(&self) -> &[String] {
        &[]
    }

    fn settled_problems(&mut self) -> Vec<String> {
        let mut problems = match self.scenario.router.kind {
            RouterKind::Mesh => Vec::new(),
            RouterKind::Chord => self.ring_faults(),
        };
        let all = self.living().count() + self.strangers.len();
        for (number, peer) in self.living() {
            let links = peer.seen.as_ref().map_or(0, |seen| seen.links.len());
            if self.scenario.router.kind == RouterKind::Mesh && links + 1 != all {
                problems.push(format!("peer {number} has {links} links of {}", all - 1));
            }
        }
        if self.strangers.len() < self.tabs.len() {
            problems.push(format!(
                "{} of {} tabs were seen in the network; are the pages built?",
                self.strangers.len(),
                self.tabs.len()
            ));
        }
        problems
    }

    fn bound_problems(&mut self, is_settled: bool) -> Vec<String> {
        if self.scenario.router.kind == RouterKind::Mesh || !is_settled {
            return Vec::new();
        }
        // A newcomer's first link may come on top of the budget.
        let most = self.scenario.router.budget + 1;
        self.living()
            .filter_map(|(number, peer)| {
                let links = peer.seen.as_ref()?.links.len();
                (links > most).then(|| format!("peer {number} has {links} links, {most} at most"))
            })
            .collect()
    }

    fn end(&mut self, samples: &mut Samples) -> Result<Ending, Failure> {
        self.tabs.clear();
        for host in &mut self.hosts {
            host.end();
        }
        samples.joins = self
            .peers
            .iter()
            .enumerate()
            .map(|(number, peer)| Join {
                peer: number as Number,
                at: peer.joined,
                first_link: peer.first_link,
                ring: peer.ring,
                invited: peer.is_invited,
                gave_up: peer.is_gone && peer.first_link.is_none(),
            })
            .collect();
        Ok(Ending::default())
    }
}
