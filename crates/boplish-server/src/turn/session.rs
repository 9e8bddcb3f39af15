//! One client of the TURN server, without sockets and clocks: what the crate's state machine leaves
//! open is decided here, which is who may have an address, to send what to whom.
//!
//! Each client has a state machine of its own, so that a datagram costs the same however many
//! clients there are, and so that it knows one user: the one whose password it has been shown.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use boplish_directory::{TurnSecret, TurnUser};
use stun_types::TransportType;
use stun_types::attribute::{ErrorCode, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageWrite, MessageWriteExt, MessageWriteVec,
};
use stun_types::prelude::{Attribute, AttributeFromRaw, AttributeStaticType};
use turn_server_proto::api::{SocketAllocateError, Transmit, TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer;
use turn_server_proto::stun::Instant;
use turn_server_proto::types::AddressFamily;
use turn_server_proto::types::attribute::{ChannelNumber, XorPeerAddress};
use turn_server_proto::types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use super::policy::Policy;
use super::quota::{Full, Quotas, Share};
use super::stun;

/// The realm (RFC 8489, section 9.2) that passwords belong to. It is in each refusal of a stranger,
/// so it is short.
const REALM: &str = "boplish";

/// How long a client may take to show its password.
const PROOF_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest lifetime of an allocation: one that is refreshed no more has ended by then.
const MAX_LIFETIME: Duration = Duration::from_secs(3_600);

/// How long a permission holds (RFC 8656, section 9).
const PERMISSION: Duration = Duration::from_secs(300);

/// Addresses that a client may have permissions for at a time; one beyond that is refused with 508.
const MAX_PERMISSIONS: usize = 256;

/// Channels that a client may bind in a session, by number; one beyond that is refused with 508.
const MAX_CHANNELS: usize = 1_024;

/// Rounds with the state machine for one input.
const MAX_ROUNDS: usize = 16;

/// What all sessions have in common.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) secret: TurnSecret,
    pub(super) quotas: Quotas,
    pub(super) policy: Policy,
    /// Where relays are reached, whatever the policy says of these addresses.
    pub(super) public: Vec<IpAddr>,
}

impl Rules {
    /// Where relays of this kind are reached, if there can be any.
    pub(super) fn public_of(&self, family: Family) -> Option<IpAddr> {
        let is_v4 = family == Family::V4;
        self.public.iter().copied().find(|ip| ip.is_ipv4() == is_v4)
    }
}

/// What a session wants carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Tell the client.
    ToClient(Vec<u8>),
    /// Send from a relay.
    ToPeer {
        relay: SocketAddr,
        peer: SocketAddr,
        bytes: Vec<u8>,
    },
    /// Open a relay, and say so by [`Session::opened`].
    Open(Family),
    /// A relay has ended.
    Close(SocketAddr),
}

/// Of which kind a relay's address is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// A client, from its first request to the end of its last allocation.
pub(super) struct Session {
    server: TurnServer,
    client: SocketAddr,
    listen: SocketAddr,
    rules: Arc<Rules>,
    /// Whose password the client has shown.
    user: Option<String>,
    /// There while the client has an allocation, or is about to.
    share: Option<Share>,
    relays: Vec<SocketAddr>,
    /// Relays that are being opened.
    opening: usize,
    /// What has become of those so far.
    opened: Vec<(Family, Option<SocketAddr>)>,
    permissions: BTreeMap<IpAddr, Duration>,
    channels: BTreeSet<u16>,
    /// When the session is over if the client does nothing about it.
    deadline: Duration,
    wake: Duration,
    outputs: VecDeque<Output>,
}

impl Session {
    /// A client at an address that has sent something to another one.
    pub(super) fn new(
        now: Duration,
        client: SocketAddr,
        listen: SocketAddr,
        rules: Arc<Rules>,
    ) -> Self {
        // Over TCP, a session looks the same: then its messages were taken out of the stream.
        let server = TurnServer::new(TransportType::Udp, listen, REALM.to_owned());
        Self {
            server,
            client,
            listen,
            rules,
            user: None,
            share: None,
            relays: Vec::new(),
            opening: 0,
            opened: Vec::new(),
            permissions: BTreeMap::new(),
            channels: BTreeSet::new(),
            deadline: now + PROOF_TIMEOUT,
            wake: now + PROOF_TIMEOUT,
            outputs: VecDeque::new(),
        }
    }

    /// Whether the client has a relay: then it is who it says, and counts among the allocations.
    /// A signed request alone may come from anywhere.
    pub(super) fn has_relay(&self) -> bool {
        !self.relays.is_empty()
    }

    /// Whether nothing is left of the session.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        now >= self.deadline
    }

    /// When to call [`Session::handle_timeout`].
    pub(super) fn poll_timeout(&self) -> Duration {
        self.wake.min(self.deadline)
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes a message of the client; `unix` is the time since 1970.
    pub(super) fn handle_client(&mut self, now: Duration, unix: Duration, bytes: &[u8]) {
        if let Some(answer) = stun::answer(bytes, self.client) {
            return self.outputs.push_back(Output::ToClient(answer));
        }
        if let Ok(message) = Message::from_bytes(bytes)
            && message.has_class(MessageClass::Request)
            && let Some(refusal) = self.refuse(now, unix, &message)
        {
            return self.outputs.push_back(Output::ToClient(refusal));
        }
        let transmit = Transmit::new(bytes, TransportType::Udp, self.client, self.listen);
        if let Some(built) = self.server.recv(transmit, instant(now)) {
            let built = built.build();
            self.transmit(now, built.from, built.to, built.data);
        }
        self.drive(now);
    }

    /// Takes what a peer has sent to a relay.
    pub(super) fn handle_peer(
        &mut self,
        now: Duration,
        relay: SocketAddr,
        peer: SocketAddr,
        bytes: &[u8],
    ) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let is_permitted = self
            .permissions
            .get(&peer.ip())
            .is_some_and(|until| now < *until);
        if !is_permitted || !self.pay(now, bytes.len()) {
            return;
        }
        let transmit = Transmit::new(bytes, TransportType::Udp, peer, relay);
        if let Some(built) = self.server.recv(transmit, instant(now)) {
            let built = built.build();
            self.outputs.push_back(Output::ToClient(built.data));
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        self.permissions.retain(|_, until| now < *until);
        self.drive(now);
    }

    /// A relay has been opened at a public address, or could not be.
    pub(super) fn opened(&mut self, now: Duration, family: Family, relay: Option<SocketAddr>) {
        self.relays.extend(relay);
        self.opened.push((family, relay));
        self.opening = self.opening.saturating_sub(1);
        if self.opening > 0 {
            return;
        }
        let mut opened = std::mem::take(&mut self.opened);
        // The state machine keeps an allocation only if the last that it hears of is a relay.
        opened.sort_by_key(|(_, relay)| relay.is_some());
        for (family, relay) in opened {
            let kind = match family {
                Family::V4 => AddressFamily::IPV4,
                Family::V6 => AddressFamily::IPV6,
            };
            let address = match relay {
                Some(relay) => Ok(relay),
                None if self.rules.public_of(family).is_some() => {
                    Err(SocketAllocateError::InsufficientCapacity)
                }
                None => Err(SocketAllocateError::AddressFamilyNotSupported),
            };
            self.server.allocated_socket(
                TransportType::Udp,
                self.listen,
                self.client,
                TransportType::Udp,
                kind,
                address,
                instant(now),
            );
        }
        if self.relays.is_empty() {
            self.share = None;
            self.deadline = now + PROOF_TIMEOUT;
        }
        self.drive(now);
    }

    /// The answer to a request that is not to be granted, if the client has a say at all: what is
    /// not signed with a good password is left to the state machine, which knows nobody.
    fn refuse(&mut self, now: Duration, unix: Duration, request: &Message<'_>) -> Option<Vec<u8>> {
        let username = request.attribute::<Username>().ok()?;
        let username = username.username();
        let user = TurnUser::parse(username)?;
        let password = self.rules.secret.password(username);
        let credentials =
            LongTermKeyCredentials::new(username.to_owned(), password.clone(), REALM.to_owned());
        let credentials = MessageIntegrityCredentials::from(credentials);
        let algorithm = request.validate_integrity(&credentials).ok()?;
        let refused = |code| Some(error(request, code, &credentials, algorithm));

        // An allocation outlives its credentials: clients can't give it others.
        if self.relays.is_empty() && user.expiry <= unix {
            return self
                .user
                .is_some()
                .then(|| refused(ErrorCode::UNAUTHORIZED))
                .flatten();
        }
        if self.user.as_deref() != Some(username) {
            if !self.relays.is_empty() {
                return refused(ErrorCode::WRONG_CREDENTIALS);
            }
            self.server.add_user(username.to_owned(), password);
            self.user = Some(username.to_owned());
            self.share = None;
        }
        let method = request.method();
        if method == ALLOCATE && self.relays.is_empty() {
            if self.share.is_none() {
                match self.rules.quotas.take(now, user.client) {
                    Ok(share) => self.share = Some(share),
                    Err(Full::Peer) => return refused(ErrorCode::ALLOCATION_QUOTA_REACHED),
                    Err(Full::Server) => return refused(ErrorCode::INSUFFICIENT_CAPACITY),
                }
            }
        } else if method == REFRESH && !self.relays.is_empty() {
            self.deadline = now + MAX_LIFETIME;
        } else if method == CREATE_PERMISSION || method == CHANNEL_BIND {
            return self.permit(now, request).err().and_then(refused);
        }
        None
    }

    /// Whether the peers that a request names may be sent to; else the code to refuse it with.
    fn permit(&mut self, now: Duration, request: &Message<'_>) -> Result<(), u16> {
        let peers = || {
            let attributes = request.iter_attributes();
            let named = attributes.filter(|(_, raw)| raw.get_type() == XorPeerAddress::TYPE);
            named.filter_map(|(_, raw)| XorPeerAddress::from_raw(raw).ok())
        };
        let id = request.transaction_id();
        for peer in peers() {
            if !self.may_reach(peer.addr(id).ip()) {
                return Err(ErrorCode::FORBIDDEN);
            }
        }
        if let Ok(channel) = request.attribute::<ChannelNumber>() {
            let channel = channel.channel();
            if self.channels.len() >= MAX_CHANNELS && !self.channels.contains(&channel) {
                return Err(ErrorCode::INSUFFICIENT_CAPACITY);
            }
            self.channels.insert(channel);
        }
        for peer in peers() {
            let ip = peer.addr(id).ip();
            if !self.permissions.contains_key(&ip) && self.permissions.len() >= MAX_PERMISSIONS {
                return Err(ErrorCode::INSUFFICIENT_CAPACITY);
            }
            self.permissions.insert(ip, now + PERMISSION);
        }
        Ok(())
    }

    fn may_reach(&self, peer: IpAddr) -> bool {
        self.rules.public.contains(&peer) || self.rules.policy.allows(peer)
    }

    fn pay(&self, now: Duration, bytes: usize) -> bool {
        self.share
            .as_ref()
            .is_some_and(|share| share.pay(now, bytes))
    }

    fn transmit(&mut self, now: Duration, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        if from == self.listen {
            self.outputs.push_back(Output::ToClient(bytes));
        } else if self.pay(now, bytes.len()) {
            self.outputs.push_back(Output::ToPeer {
                relay: from,
                peer: to,
                bytes,
            });
        }
    }

    /// Lets the state machine do what it has to do by now.
    fn drive(&mut self, now: Duration) {
        let at = instant(now);
        for _ in 0..MAX_ROUNDS {
            while let Some(transmit) = self.server.poll_transmit(at) {
                self.transmit(now, transmit.from, transmit.to, transmit.data);
            }
            match self.server.poll(at) {
                TurnServerPollRet::WaitUntil(until) => {
                    self.wake = now + until.saturating_duration_since(at).max(TICK);
                    return;
                }
                TurnServerPollRet::AllocateSocket { family, .. } => {
                    self.deadline = now + MAX_LIFETIME;
                    self.opening += 1;
                    self.outputs.push_back(Output::Open(match family {
                        AddressFamily::IPV4 => Family::V4,
                        AddressFamily::IPV6 => Family::V6,
                    }));
                }
                TurnServerPollRet::SocketClose { listen_addr, .. } => {
                    self.relays.retain(|relay| *relay != listen_addr);
                    self.outputs.push_back(Output::Close(listen_addr));
                    if self.relays.is_empty() {
                        self.share = None;
                        self.deadline = now;
                    }
                }
                // Only TCP allocations have connections, and there are none.
                TurnServerPollRet::TcpConnect { .. } | TurnServerPollRet::TcpClose { .. } => {}
            }
        }
        self.wake = now + TICK;
    }
}

/// A timer of the state machine that is due again at once has to wait so long.
const TICK: Duration = Duration::from_millis(1);

fn error(
    request: &Message<'_>,
    code: u16,
    credentials: &MessageIntegrityCredentials,
    algorithm: IntegrityAlgorithm,
) -> Vec<u8> {
    let mut response = Message::builder_error(request, MessageWriteVec::new());
    let code = ErrorCode::builder(code).build();
    code.and_then(|code| response.add_attribute(&code))
        .and_then(|()| response.add_message_integrity(credentials, algorithm))
        .expect("an error code from 300 to 699, and a signature, fit into an empty message");
    response.finish()
}

fn instant(now: Duration) -> Instant {
    // A process does not run for 292 years.
    Instant::from_nanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
