//! Addresses that others see or lend: server-reflexive candidates by STUN (RFC 8489) and relayed
//! ones by TURN over UDP (RFC 8656), for all connections of a peer together.

mod probe;
mod relay;
mod server;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::transport::{Datagram, LocalCandidate};
use probe::Probe;
use relay::Relay;
pub(crate) use server::{Server, servers};

/// After this long, gathering counts as done, whether or not every server has answered.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What STUN said is asked again for connections made later: a NAT forgets.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// What the gatherer wants carried out.
#[derive(Debug)]
pub(crate) enum GatherOutput {
    /// Send a datagram from a socket.
    Transmit {
        local: SocketAddr,
        remote: SocketAddr,
        bytes: Vec<u8>,
    },
    /// A new candidate for every connection that still gathers.
    Candidate(LocalCandidate),
    /// A datagram has come over a relay; its `local` is the relay's address.
    Received(Datagram),
    /// All candidates are known.
    Done,
}

/// How far gathering has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The servers' names are being looked up.
    Resolving,
    /// The servers are asked, until then.
    Asking(Instant),
    /// It is done, since then.
    Done(Instant),
}

/// Asks STUN and TURN servers, and carries what goes over relays.
#[derive(Debug)]
pub(crate) struct Gatherer {
    bases: Vec<SocketAddr>,
    probes: Vec<Probe>,
    relays: Vec<Relay>,
    progress: Progress,
    outputs: VecDeque<GatherOutput>,
}

impl Gatherer {
    /// A gatherer for these sockets that has no servers to ask.
    pub(crate) fn new(bases: Vec<SocketAddr>, now: Instant) -> Self {
        Self {
            bases,
            probes: Vec::new(),
            relays: Vec::new(),
            progress: Progress::Done(now),
            outputs: VecDeque::new(),
        }
    }

    /// New servers are on their way.
    pub(crate) fn expect_servers(&mut self) {
        self.progress = Progress::Resolving;
    }

    /// Asks these servers. Relays in use stay, also if they would now have other credentials: those
    /// can't be given to them. One that there is no address of yet is asked for with those.
    pub(crate) fn set_servers(&mut self, now: Instant, servers: &[(Server, SocketAddr)]) {
        self.probes.clear();
        let is_named = |relay: &Relay| servers.iter().any(|(server, at)| relay.is_of(server, *at));
        self.relays
            .retain(|relay| relay.address().is_some() || is_named(relay));
        for (server, address) in servers {
            let mut bases = self
                .bases
                .iter()
                .copied()
                .filter(|base| base.is_ipv4() == address.is_ipv4());
            match server {
                Server::Stun { .. } => {
                    self.probes
                        .extend(bases.map(|base| Probe::new(base, *address, now)));
                }
                Server::Turn {
                    username, password, ..
                } => {
                    let known = self.relays.iter().any(|relay| relay.server() == *address);
                    if let (false, Some(base)) = (known, bases.next()) {
                        self.relays
                            .push(Relay::new(base, *address, username, password, now));
                    }
                }
            }
        }
        self.progress = Progress::Asking(now + TIMEOUT);
        self.handle_timeout(now);
    }

    /// Asks STUN servers again if it is long ago, for a connection about to be made.
    pub(crate) fn refresh(&mut self, now: Instant) {
        if let Progress::Done(since) = self.progress
            && !self.probes.is_empty()
            && now >= since + FRESH_FOR
        {
            for probe in &mut self.probes {
                *probe = Probe::new(probe.base(), probe.server(), now);
            }
            self.progress = Progress::Asking(now + TIMEOUT);
            self.handle_timeout(now);
        }
    }

    /// Whether all candidates are known.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.progress, Progress::Done(_))
    }

    /// The candidates known so far.
    pub(crate) fn candidates(&self) -> Vec<LocalCandidate> {
        let reflexive = self.probes.iter().filter_map(Probe::candidate);
        let relayed = self.relays.iter().filter_map(Relay::candidate);
        reflexive.chain(relayed).collect()
    }

    /// Whether this is the address of a relay.
    pub(crate) fn has_relay(&self, local: SocketAddr) -> bool {
        self.relays
            .iter()
            .any(|relay| relay.address() == Some(local))
    }

    /// Sends over a relay.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        local: SocketAddr,
        remote: SocketAddr,
        bytes: &[u8],
    ) {
        let relay = self
            .relays
            .iter_mut()
            .find(|relay| relay.address() == Some(local));
        if let Some(relay) = relay {
            relay.send(now, remote, bytes, &mut self.outputs);
            relay.drive(now, &mut self.outputs);
        }
    }

    /// Takes a datagram if it is from a server; says whether it was.
    pub(crate) fn handle_datagram(&mut self, now: Instant, datagram: &Datagram) -> bool {
        for probe in &mut self.probes {
            if probe.handle_datagram(datagram, &mut self.outputs) {
                self.check_done(now);
                return true;
            }
        }
        for relay in &mut self.relays {
            if relay.is_from_server(datagram) {
                relay.handle_datagram(now, datagram, &mut self.outputs);
                relay.drive(now, &mut self.outputs);
                self.check_done(now);
                return true;
            }
        }
        false
    }

    /// Takes the time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        for probe in &mut self.probes {
            probe.handle_timeout(now, &mut self.outputs);
        }
        for relay in &mut self.relays {
            relay.drive(now, &mut self.outputs);
        }
        self.check_done(now);
    }

    /// When to call [`Gatherer::handle_timeout`].
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let asking = match self.progress {
            Progress::Asking(until) => Some(until),
            Progress::Resolving | Progress::Done(_) => None,
        };
        let probes = self.probes.iter().filter_map(Probe::poll_timeout);
        let relays = self.relays.iter().filter_map(Relay::poll_timeout);
        asking.into_iter().chain(probes).chain(relays).min()
    }

    /// The next thing to carry out.
    pub(crate) fn poll_output(&mut self) -> Option<GatherOutput> {
        self.outputs.pop_front()
    }

    fn check_done(&mut self, now: Instant) {
        let Progress::Asking(until) = self.progress else {
            return;
        };
        let is_decided =
            self.probes.iter().all(Probe::is_decided) && self.relays.iter().all(Relay::is_decided);
        if is_decided || now >= until {
            self.progress = Progress::Done(now);
            self.outputs.push_back(GatherOutput::Done);
        }
    }
}
