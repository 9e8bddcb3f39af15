//! Real peers as a backend: real WebRTC on this machine, in real time.

mod backend;
mod browsers;
mod crew;
mod host;
mod orders;
mod server;
pub(super) mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use boplish_native::wire::PeerId;
use boplish_server::Server;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::backend::{Backend, Number};
use super::owners::Owners;
use super::scenario::Scenario;
use super::statistics::samples::{Count, Outcome, Samples, Traffic, TripKind};
use super::trips::{Begun, Trips};
use crate::failure::Failure;
use crate::serve;

use browsers::Tab;
use host::Host;
use orders::{News, Order, Seen};

/// How long crews may take to look at their peers.
const SURVEY: Duration = Duration::from_secs(60);

/// A server that starts again must wait until the system lets go of its port.
const REBIND_ATTEMPTS: u32 = 50;
const REBIND_PAUSE: Duration = Duration::from_millis(100);

/// What the real network needs beyond the scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    /// Child processes; fewer than two are none.
    pub(super) processes: u32,
    pub(super) browsers: u32,
    /// The pages that tabs open; absent: the built-in ones.
    pub(super) site: Option<PathBuf>,
}

/// A bootstrap server, crews with peers, and tabs.
#[derive(Debug)]
pub(super) struct RealNetwork<'a> {
    scenario: &'a Scenario,
    machine: Machine,
    runtime: Handle,
    start: Instant,
    server: Option<Server>,
    address: SocketAddr,
    hosts: Vec<Host>,
    news: mpsc::UnboundedReceiver<News>,
    peers: Vec<Peer>,
    by_id: BTreeMap<PeerId, Number>,
    trips: Trips,
    owners: Owners,
    round: u64,
    tabs: Vec<Tab>,
    /// Peers that are nobody's of ours: tabs.
    strangers: BTreeSet<PeerId>,
}

#[derive(Debug, Default)]
struct Peer {
    id: Option<PeerId>,
    joined: f64,
    first_link: Option<f64>,
    ring: Option<f64>,
    is_invited: bool,
    is_gone: bool,
    /// As it was seen last.
    seen: Option<Seen>,
}

impl<'a> RealNetwork<'a> {
    pub(super) fn new(scenario: &'a Scenario, machine: Machine) -> Result<Self, Failure> {
        server::refuse_what_needs_a_simulator(scenario)?;
        let runtime = Handle::current();
        let server = runtime.block_on(serve::bind(server::config(scenario, &machine, None)))?;
        let address = server.local_addr();
        let (sender, news) = mpsc::unbounded_channel();
        let hosts = match machine.processes {
            0 | 1 => vec![Host::here(&runtime, sender)],
            several => (0..several)
                .map(|_| Host::child(sender.clone()))
                .collect::<Result<_, _>>()?,
        };
        for host in &hosts {
            host.tell(Order::Begin {
                bootstrap: address.to_string(),
                router: scenario.router.clone(),
                // Browsers reach only addresses of network interfaces.
                loopback: machine.browsers == 0,
            });
        }
        let page = format!("http://localhost:{}/", address.port());
        let tabs = (0..machine.browsers)
            .map(|number| Tab::open(&page, number))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            scenario,
            machine,
            runtime,
            start: Instant::now(),
            server: Some(server),
            address,
            hosts,
            news,
            peers: Vec::new(),
            by_id: BTreeMap::new(),
            trips: Trips::default(),
            owners: Owners::default(),
            round: 0,
            tabs,
            strangers: BTreeSet::new(),
        })
    }

    fn host(&self, number: Number) -> &Host {
        &self.hosts[number as usize % self.hosts.len()]
    }

    fn living(&self) -> impl Iterator<Item = (Number, &Peer)> {
        let numbered = self.peers.iter().enumerate();
        numbered
            .filter(|(_, peer)| !peer.is_gone)
            .map(|(number, peer)| (number as Number, peer))
    }

    fn until(&self, at: f64) -> Instant {
        self.start + Duration::from_secs_f64(at)
    }

    /// The next news, if any come by then.
    fn hear(&mut self, until: Instant) -> Option<News> {
        let next = self.news.recv();
        let timed = async { tokio::time::timeout_at(until.into(), next).await };
        self.runtime.block_on(timed).ok().flatten()
    }

    fn take(&mut self, news: News, samples: &mut Samples) -> Result<(), Failure> {
        match news {
            News::Started { number, id } => {
                let id = id
                    .parse()
                    .map_err(|error| Failure::runtime("a peer's id", error))?;
                self.peers[number as usize].id = Some(id);
                self.by_id.insert(id, number);
            }
            News::Invited {
                host,
                newcomer,
                invitation,
            } => self.host(newcomer).tell(Order::Accept {
                newcomer,
                host,
                invitation,
            }),
            News::Accepted { host, answer } => {
                self.host(host).tell(Order::Complete { host, answer });
            }
            News::Linked { number, after } => {
                self.peers[number as usize].first_link = Some(after);
            }
            News::Member { number, after } => {
                let now = self.now();
                let peer = &mut self.peers[number as usize];
                if peer.ring.is_none() && !peer.is_gone {
                    peer.ring = Some(after);
                    let id = peer.id;
                    id.into_iter().for_each(|id| self.owners.join(id, now));
                }
            }
            News::Arrived {
                trip,
                latency,
                hops,
            } => {
                let begun = self.trips.take(trip);
                let ended = begun.map(|it| it.ended(Outcome::Right, Some(latency), Some(hops)));
                samples.trips.extend(ended);
            }
            News::Ended {
                trip,
                latency,
                hops,
                error,
                owner,
            } => {
                // A message has ended when its receiver says so, unless it never does.
                let is_sent = self.trips.kind(trip) == Some(TripKind::Message) && error.is_none();
                if let Some(begun) = (!is_sent).then(|| self.trips.take(trip)).flatten() {
                    let outcome = match (error, owner) {
                        (Some(error), _) => Outcome::Failed(error),
                        (None, Some(owner)) => self.judge(&begun, &owner),
                        (None, None) => Outcome::Right,
                    };
                    let latency = Some(latency).filter(|_| !matches!(outcome, Outcome::Failed(_)));
                    samples.trips.push(begun.ended(outcome, latency, hops));
                }
            }
            News::Surveyed { peers, .. } => self.take_survey(peers)?,
            News::Failed { why } => return Err(Failure::Runtime(why)),
        }
        Ok(())
    }

    /// Tabs are members, too, but nobody says since when: what they own counts as right.
    fn judge(&self, begun: &Begun, owner: &str) -> Outcome {
        let (Ok(owner), Some(key)) = (owner.parse(), begun.key) else {
            return Outcome::Wrong;
        };
        let is_ours = self.by_id.contains_key(&owner);
        let was_owner = || self.owners.was_owner(owner, key, begun.at, self.now());
        if !is_ours || was_owner() {
            Outcome::Right
        } else {
            Outcome::Wrong
        }
    }

    /// Whose neighbours on the ring are others than those that they should be.
    fn ring_faults(&self) -> Vec<String> {
        let own = self.by_id.iter();
        let own = own.filter(|(_, number)| self.is_member(**number));
        let ids: Vec<PeerId> = own.map(|(id, _)| *id).collect();
        let mut order: Vec<PeerId> = ids.iter().chain(&self.strangers).copied().collect();
        order.sort_unstable();
        let mut faults = Vec::new();
        for (place, id) in order.iter().enumerate() {
            let Some(number) = self.by_id.get(id) else {
                continue;
            };
            let Some(seen) = &self.peers[*number as usize].seen else {
                continue;
            };
            let count = order.len();
            let sides = [
                (
                    "predecessor",
                    order[(place + count - 1) % count],
                    &seen.predecessor,
                ),
                ("successor", order[(place + 1) % count], &seen.successor),
            ];
            for (side, right, named) in sides {
                // The only member is alone, whatever it says.
                if count > 1 && named.as_deref() != Some(&right.to_string()) {
                    let named = named.as_deref().unwrap_or("nobody");
                    faults.push(format!("peer {number}: the {side} is {right}, not {named}"));
                }
            }
        }
        faults
    }

    fn take_survey(&mut self, peers: Vec<Seen>) -> Result<(), Failure> {
        for seen in peers {
            for link in &seen.links {
                let id = link
                    .parse()
                    .map_err(|error| Failure::runtime("a peer's id", error))?;
                if !self.by_id.contains_key(&id) {
                    self.strangers.insert(id);
                }
            }
            let number = seen.number as usize;
            self.peers[number].seen = Some(seen);
        }
        Ok(())
    }

    /// Asks all crews how their peers are, and waits for their answers.
    fn look(&mut self, samples: &mut Samples) -> Result<(), Failure> {
        self.round += 1;
        let asked = self.round;
        self.strangers.clear();
        for host in &self.hosts {
            host.tell(Order::Survey { round: asked });
        }
        let until = Instant::now() + SURVEY;
        let mut missing = self.hosts.len();
        while missing > 0 {
            let Some(news) = self.hear(until) else {
                return Err(Failure::Runtime(format!(
                    "peers don't answer within {} s; this machine may have too many",
                    SURVEY.as_secs()
                )));
            };
            if matches!(&news, News::Surveyed { round, .. } if *round == asked) {
                missing -= 1;
            }
            self.take(news, samples)?;
        }
        // A peer that had not said its id when somebody was linked with it is no stranger.
        let by_id = &self.by_id;
        self.strangers.retain(|id| !by_id.contains_key(id));
        Ok(())
    }

    fn traffic(&self) -> Traffic {
        let sent = self
            .peers
            .iter()
            .filter_map(|peer| peer.seen.as_ref()?.sent);
        let sent = sent.fold(Count::default(), Count::plus);
        Traffic::from([("frames".to_owned(), sent)])
    }

    fn sockets(&self) -> u32 {
        let Some(server) = &self.server else {
            return 0;
        };
        self.runtime.block_on(server.stats()).connected as u32
    }
}
