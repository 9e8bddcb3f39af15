//! An address on a TURN server.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use stun_types::TransportType;
use turn_client_proto::api::{
    Transmit, TurnClientApi, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet,
};
use turn_client_proto::stun::Instant as TurnInstant;
use turn_client_proto::stun::auth::Feature;
use turn_client_proto::types::TurnCredentials;
use turn_client_proto::udp::TurnClientUdp;

use super::{GatherOutput, Server};
use crate::transport::{Datagram, LocalCandidate};

/// Rounds with the client before its timer is left for later.
const MAX_ROUNDS: usize = 16;

/// An allocation, from its request on.
#[derive(Debug)]
pub(super) struct Relay {
    base: SocketAddr,
    server: SocketAddr,
    credentials: (String, String),
    client: TurnClientUdp,
    /// The client's time zero.
    start: Instant,
    address: Option<SocketAddr>,
    has_failed: bool,
    timeout: Option<Instant>,
}

impl Relay {
    pub(super) fn new(
        base: SocketAddr,
        server: SocketAddr,
        username: &str,
        password: &str,
        now: Instant,
    ) -> Self {
        // The relay's address is an IPv4 one, which most peers reach, whatever the server's is.
        let mut config = TurnConfig::new(TurnCredentials::new(username, password));
        // The end of a time-limited credential is in its name, so servers must see that.
        config.set_anonymous_username(Feature::Disabled);
        Self {
            base,
            server,
            credentials: (username.to_owned(), password.to_owned()),
            client: TurnClientUdp::allocate(base, server, config),
            start: now,
            address: None,
            has_failed: false,
            timeout: Some(now),
        }
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Whether it is being asked for, at this server and with these credentials.
    pub(super) fn is_of(&self, server: &Server, address: SocketAddr) -> bool {
        let credentials = match server {
            Server::Stun { .. } => return false,
            Server::Turn {
                username, password, ..
            } => (username, password),
        };
        let (own_username, own_password) = &self.credentials;
        !self.has_failed && self.server == address && credentials == (own_username, own_password)
    }

    pub(super) fn is_decided(&self) -> bool {
        self.address.is_some() || self.has_failed
    }

    pub(super) fn candidate(&self) -> Option<LocalCandidate> {
        let address = self.address?;
        Some(LocalCandidate::Relayed {
            address,
            base: self.base,
        })
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.timeout
    }

    pub(super) fn is_from_server(&self, datagram: &Datagram) -> bool {
        datagram.remote == self.server && datagram.local == self.base
    }

    /// Sends to a peer. The server lets that through once it has been asked to, so the first
    /// datagrams are lost; ICE repeats them.
    pub(super) fn send(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        bytes: &[u8],
        outputs: &mut VecDeque<GatherOutput>,
    ) {
        let now = self.time(now);
        if !self.client.have_permission(TransportType::Udp, remote.ip()) {
            if let Err(error) = self
                .client
                .create_permission(TransportType::Udp, remote.ip(), now)
            {
                tracing::trace!(%error, %remote, "no new permission at the relay");
            }
            return;
        }
        let sent = match self.client.send_to(TransportType::Udp, remote, bytes, now) {
            Ok(sent) => sent.map(|transmit| transmit.build().data),
            Err(error) => return tracing::trace!(%error, %remote, "the relay does not send"),
        };
        if let Some(bytes) = sent {
            self.transmit(bytes, outputs);
        }
    }

    pub(super) fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &Datagram,
        outputs: &mut VecDeque<GatherOutput>,
    ) {
        let now = self.time(now);
        let transmit = Transmit::new(
            &datagram.bytes[..],
            TransportType::Udp,
            datagram.remote,
            datagram.local,
        );
        let TurnRecvRet::PeerData(data) = self.client.recv(transmit, now) else {
            return;
        };
        if let Some(local) = self.address {
            outputs.push_back(GatherOutput::Received(Datagram {
                local,
                remote: data.peer,
                bytes: data.data().to_vec(),
            }));
        }
    }

    /// Lets the client do what it has to do by now.
    pub(super) fn drive(&mut self, now: Instant, outputs: &mut VecDeque<GatherOutput>) {
        let at = self.time(now);
        for _ in 0..MAX_ROUNDS {
            while let Some(transmit) = self.client.poll_transmit(at) {
                self.transmit(transmit.data.to_vec(), outputs);
            }
            while let Some(event) = self.client.poll_event() {
                self.handle_event(&event, outputs);
            }
            match self.client.poll(at) {
                TurnPollRet::WaitUntil(until) => {
                    let until = now + until.saturating_duration_since(at);
                    self.timeout = Some(until);
                    if until > now {
                        break;
                    }
                }
                TurnPollRet::Closed => {
                    self.has_failed = true;
                    self.address = None;
                    self.timeout = None;
                    break;
                }
                // Only TCP allocations have connections, and there are none.
                TurnPollRet::AllocateTcpSocket { .. } | TurnPollRet::TcpClose { .. } => {}
            }
        }
    }

    fn handle_event(&mut self, event: &TurnEvent, outputs: &mut VecDeque<GatherOutput>) {
        if let TurnEvent::AllocationCreated(_, address) = event {
            self.address = Some(*address);
            outputs.extend(self.candidate().map(GatherOutput::Candidate));
        } else if let TurnEvent::AllocationCreateFailed(_) = event {
            tracing::warn!(server = %self.server, "the TURN server gives no relay; check the credentials");
            self.has_failed = true;
        }
    }

    fn transmit(&self, bytes: Vec<u8>, outputs: &mut VecDeque<GatherOutput>) {
        outputs.push_back(GatherOutput::Transmit {
            local: self.base,
            remote: self.server,
            bytes,
        });
    }

    fn time(&self, now: Instant) -> TurnInstant {
        let since = now.saturating_duration_since(self.start);
        // A process does not run for 292 years.
        TurnInstant::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }
}
