//! The WebRTC connections of one peer: carries out the core's commands, and brings datagrams and
//! the time to the transports.

mod table;

use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput};
use boplish_wire::bootstrap::IceServer;
use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::{Candidate, CandidateAddress, Description, SessionId};
use tokio::sync::mpsc;

use crate::engine::{Engine, EngineError, Port};
use crate::gather::{GatherOutput, Gatherer, Server, servers};
use crate::identity::random_bytes;
use crate::resolver::Resolver;
use crate::transport::{
    Certificate, Datagram, LocalCandidate, Str0m, Transport, TransportError, TransportOutput,
};
use table::Table;

/// Datagrams taken before the core gets to see what they meant.
const BATCH: usize = 64;

/// Names that were looked up and wait to be taken.
const MAX_FOUND: usize = 64;

/// The WebRTC connections of one peer.
pub(crate) struct Connections {
    table: Table,
    port: Port,
    datagrams: mpsc::Receiver<Datagram>,
    certificate: Certificate,
    resolver: Resolver,
    found_sink: mpsc::Sender<Found>,
    found: mpsc::Receiver<Found>,
    gatherer: Gatherer,
    /// Whether only relays may be used.
    relay_only: bool,
    /// Which set of servers is current, counted from the first.
    server_generation: u64,
    /// Those that still hear of new candidates.
    gathering: Vec<ConnectionId>,
    inputs: Vec<(ConnectionId, ConnectionInput)>,
}

/// The outcome of looking names up.
enum Found {
    /// A candidate's name.
    Candidate {
        connection: ConnectionId,
        /// The remote ufrag that the candidate belongs to.
        ufrag: Box<str>,
        candidate: Candidate,
        addresses: Vec<IpAddr>,
    },
    /// Those of all STUN and TURN servers.
    Servers {
        generation: u64,
        servers: Vec<(Server, SocketAddr)>,
    },
}

impl Connections {
    pub(crate) fn new(engine: &Engine) -> Result<Self, EngineError> {
        let (port, datagrams) = engine.port()?;
        let (found_sink, found) = mpsc::channel(MAX_FOUND);
        Ok(Self {
            table: Table::default(),
            gatherer: Gatherer::new(port.addresses(), Instant::now()),
            relay_only: false,
            server_generation: 0,
            gathering: Vec::new(),
            port,
            datagrams,
            certificate: Certificate::generate()?,
            resolver: engine.resolver().clone(),
            found_sink,
            found,
            inputs: Vec::new(),
        })
    }

    /// How many connections there are: open, half-open and closing ones.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Connections made from now on go over TURN servers only, or not.
    pub(crate) fn set_relay_only(&mut self, relay_only: bool) {
        self.relay_only = relay_only;
    }

    /// STUN and TURN servers for connections made from now on.
    pub(crate) fn set_ice_servers(&mut self, ice_servers: &[IceServer]) {
        let servers = servers(ice_servers);
        if servers.is_empty() {
            return;
        }
        self.gatherer.expect_servers();
        self.server_generation += 1;
        let generation = self.server_generation;
        let (resolver, sink) = (self.resolver.clone(), self.found_sink.clone());
        tokio::spawn(async move {
            let mut found = Vec::new();
            for server in servers {
                let (host, port) = server.host();
                for ip in resolver.resolve(host).await {
                    found.push((server.clone(), SocketAddr::new(ip, port)));
                }
            }
            let servers = found;
            // Nobody waits for it when the peer has ended.
            let _ = sink
                .send(Found::Servers {
                    generation,
                    servers,
                })
                .await;
        });
    }

    /// What has happened to connections since the last call.
    pub(crate) fn take_inputs(&mut self) -> Vec<(ConnectionId, ConnectionInput)> {
        std::mem::take(&mut self.inputs)
    }

    /// When to call [`Connections::handle_timeout`].
    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        let gatherer = self.gatherer.poll_timeout();
        self.table.next_timeout().into_iter().chain(gatherer).min()
    }

    /// Takes the time.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        // Each once: a transport that wants to be called again at once must not hold up the rest.
        let due: Vec<_> = std::iter::from_fn(|| self.table.pop_due(now)).collect();
        for id in due {
            self.with(id, |transport| transport.handle_timeout(now));
        }
        if self.gatherer.poll_timeout().is_some_and(|at| at <= now) {
            self.gatherer.handle_timeout(now);
            self.drain_gatherer(now);
        }
    }

    /// Waits until something has come, and takes it. May be cancelled and called again.
    pub(crate) async fn receive(&mut self) {
        tokio::select! {
            Some(datagram) = self.datagrams.recv() => {
                let now = Instant::now();
                self.handle_datagram(now, &datagram);
                for _ in 1..BATCH {
                    let Ok(datagram) = self.datagrams.try_recv() else {
                        break;
                    };
                    self.handle_datagram(now, &datagram);
                }
            }
            Some(found) = self.found.recv() => self.handle_found(found),
            else => std::future::pending().await,
        }
    }

    /// Does what the core says.
    pub(crate) fn handle_command(
        &mut self,
        now: Instant,
        id: ConnectionId,
        command: ConnectionCommand,
    ) {
        let outcome = match command {
            ConnectionCommand::CreateOffer => self.create(now, id).and_then(|()| {
                self.describe(id, |transport| transport.create_offer())?;
                self.gather(id);
                Ok(())
            }),
            ConnectionCommand::CreateAnswer { offer } => self.create(now, id).and_then(|()| {
                self.describe(id, |transport| transport.create_answer(&offer))?;
                self.take_remote(id, &offer);
                self.gather(id);
                Ok(())
            }),
            ConnectionCommand::AcceptAnswer(answer) => self
                .with(id, |transport| transport.accept_answer(&answer))
                .unwrap_or(Err(TransportError::Closed))
                .map(|()| self.take_remote(id, &answer)),
            ConnectionCommand::AddCandidates(candidates) => {
                self.add_candidates(id, &candidates);
                Ok(())
            }
            ConnectionCommand::RestartIce => self
                .describe(id, |transport| transport.restart_ice())
                .map(|()| self.gather(id)),
            ConnectionCommand::AnswerRestart { offer } => self
                .describe(id, |transport| transport.answer_restart(&offer))
                .map(|()| {
                    self.take_remote(id, &offer);
                    self.gather(id);
                }),
            ConnectionCommand::Send(message) => self
                .with(id, |transport| transport.send(message))
                .unwrap_or(Err(TransportError::Closed)),
            ConnectionCommand::Close => {
                self.with(id, |transport| transport.close(now));
                Ok(())
            }
        };
        if let Err(error) = outcome {
            self.abandon(id, error.to_string());
        }
    }

    fn create(&mut self, now: Instant, id: ConnectionId) -> Result<(), TransportError> {
        let random = random_bytes().map_err(|_| TransportError::NoRandomness)?;
        let session = SessionId(u64::from_be_bytes(random) >> 1);
        let transport = Str0m::new(&self.certificate, session, now);
        self.table.insert(id, Box::new(transport));
        self.gatherer.refresh(now);
        self.drain_gatherer(now);
        let hosts = self.port.addresses().into_iter().map(LocalCandidate::Host);
        for candidate in hosts.chain(self.gatherer.candidates()) {
            if !self.may_use(&candidate) {
                continue;
            }
            self.with(id, |transport| transport.add_local_candidate(candidate));
        }
        Ok(())
    }

    fn may_use(&self, candidate: &LocalCandidate) -> bool {
        match candidate {
            LocalCandidate::Relayed { .. } => true,
            LocalCandidate::Host(_) | LocalCandidate::ServerReflexive { .. } => !self.relay_only,
        }
    }

    /// Has a local description made, and tells the core.
    fn describe(
        &mut self,
        id: ConnectionId,
        make: impl FnOnce(&mut dyn Transport) -> Result<Description, TransportError>,
    ) -> Result<(), TransportError> {
        let description = self.with(id, make).unwrap_or(Err(TransportError::Closed))?;
        self.table.add_ufrag(id, &description.ufrag, &self.port);
        self.inputs
            .push((id, ConnectionInput::LocalDescription(description)));
        Ok(())
    }

    /// The description holds the candidates that are known; the rest follows.
    fn gather(&mut self, id: ConnectionId) {
        if self.gatherer.is_done() {
            self.inputs.push((id, ConnectionInput::LocalCandidatesDone));
        } else {
            self.gathering.push(id);
        }
    }

    fn drain_gatherer(&mut self, now: Instant) {
        while let Some(output) = self.gatherer.poll_output() {
            match output {
                GatherOutput::Transmit {
                    local,
                    remote,
                    bytes,
                } => {
                    self.port.add_path(local, remote);
                    self.port.send(local, remote, &bytes);
                }
                GatherOutput::Candidate(candidate) if !self.may_use(&candidate) => {}
                GatherOutput::Candidate(candidate) => {
                    for id in self.gathering.clone() {
                        let added =
                            self.with(id, |transport| transport.add_local_candidate(candidate));
                        if let Some(Some(added)) = added {
                            self.inputs
                                .push((id, ConnectionInput::LocalCandidate(added)));
                        }
                    }
                }
                GatherOutput::Received(datagram) => self.dispatch(now, &datagram),
                GatherOutput::Done => {
                    for id in std::mem::take(&mut self.gathering) {
                        self.inputs.push((id, ConnectionInput::LocalCandidatesDone));
                    }
                }
            }
        }
    }

    /// Begins a generation of the other side: the transport has taken the candidates in its
    /// description that have addresses; those with names are looked up.
    fn take_remote(&mut self, id: ConnectionId, remote: &Description) {
        if let Some(connection) = self.table.get_mut(id) {
            connection.remote_ufrag = remote.ufrag.clone();
            connection.remote_candidates = remote.candidates.len();
        }
        for candidate in &remote.candidates {
            self.look_up(id, candidate);
        }
    }

    fn add_candidates(&mut self, id: ConnectionId, candidates: &[Candidate]) {
        for candidate in candidates {
            let Some(connection) = self.table.get_mut(id) else {
                return;
            };
            if connection.remote_candidates >= MAX_CANDIDATES {
                tracing::debug!(?id, "further candidates are ignored");
                return;
            }
            connection.remote_candidates += 1;
            self.with(id, |transport| transport.add_remote_candidate(candidate));
            self.look_up(id, candidate);
        }
    }

    fn look_up(&mut self, id: ConnectionId, candidate: &Candidate) {
        let CandidateAddress::Name(name) = &candidate.address else {
            return;
        };
        let Some(connection) = self.table.get_mut(id) else {
            return;
        };
        let (name, candidate) = (name.clone(), candidate.clone());
        let (ufrag, resolver) = (connection.remote_ufrag.clone(), self.resolver.clone());
        let sink = self.found_sink.clone();
        tokio::spawn(async move {
            let addresses = resolver.resolve(&name).await;
            tracing::debug!(%name, ?addresses, "a candidate's name was looked up");
            let found = Found::Candidate {
                connection: id,
                ufrag,
                candidate,
                addresses,
            };
            // Nobody waits for it when the peer has ended.
            let _ = sink.send(found).await;
        });
    }

    fn handle_found(&mut self, found: Found) {
        match found {
            Found::Candidate {
                connection,
                ufrag,
                candidate,
                addresses,
            } => {
                let current = self.table.get_mut(connection);
                if current.is_none_or(|current| current.remote_ufrag != ufrag) {
                    return;
                }
                for ip in addresses {
                    let candidate = Candidate {
                        address: CandidateAddress::Ip(ip),
                        ..candidate.clone()
                    };
                    self.with(connection, |transport| {
                        transport.add_remote_candidate(&candidate);
                    });
                }
            }
            Found::Servers {
                generation,
                servers,
            } => {
                if generation == self.server_generation {
                    let now = Instant::now();
                    self.gatherer.set_servers(now, &servers);
                    self.drain_gatherer(now);
                }
            }
        }
    }

    fn handle_datagram(&mut self, now: Instant, datagram: &Datagram) {
        if self.gatherer.handle_datagram(now, datagram) {
            self.drain_gatherer(now);
        } else {
            self.dispatch(now, datagram);
        }
    }

    fn dispatch(&mut self, now: Instant, datagram: &Datagram) {
        if let Some(id) = self.table.receiver(datagram) {
            self.with(id, |transport| transport.handle_datagram(now, datagram));
        }
    }

    /// Calls a transport, then carries out what it wants. A transport that panics is closed; its
    /// neighbours live on.
    fn with<T>(
        &mut self,
        id: ConnectionId,
        call: impl FnOnce(&mut dyn Transport) -> T,
    ) -> Option<T> {
        let connection = self.table.get_mut(id)?;
        let transport = connection.transport.as_mut();
        let mut outputs = Vec::new();
        let called = catch_unwind(AssertUnwindSafe(|| {
            let result = call(transport);
            while let Some(output) = transport.poll_output() {
                outputs.push(output);
            }
            (result, transport.poll_timeout(), transport.is_finished())
        }));
        let Ok((result, timeout, is_finished)) = called else {
            tracing::error!(?id, "the WebRTC stack has panicked");
            self.abandon(id, "the WebRTC stack has failed".to_owned());
            return None;
        };
        for output in outputs {
            match output {
                TransportOutput::Transmit {
                    local,
                    remote,
                    bytes,
                } => self.transmit(id, local, remote, &bytes),
                TransportOutput::Input(input) => self.inputs.push((id, input)),
            }
        }
        if is_finished {
            self.table.remove(id, &self.port);
        } else {
            self.table.set_timeout(id, timeout);
        }
        Some(result)
    }

    fn transmit(&mut self, id: ConnectionId, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        self.table.add_path(id, local, remote, &self.port);
        if self.gatherer.has_relay(local) {
            let now = Instant::now();
            self.gatherer.send(now, local, remote, bytes);
            self.drain_gatherer(now);
        } else {
            self.port.send(local, remote, bytes);
        }
    }

    fn abandon(&mut self, id: ConnectionId, reason: String) {
        self.table.remove(id, &self.port);
        self.inputs.push((id, ConnectionInput::Closed { reason }));
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod turn_server;
