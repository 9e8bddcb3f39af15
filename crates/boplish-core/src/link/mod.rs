//! Links: the report's Connection Manager (section 4.1.3).
//!
//! [`Links`] knows signals and connections, nothing of routes or protocols. For each remote peer
//! it owns at most one open link and at most one handshake. Signals go out as
//! [`LinkOutput::Signal`], to be carried by whatever can carry them.
//!
//! - `signals`: offers, answers, glare, restarts: what the other peers' signals mean.
//! - `connections`: what the shell's connections report.
//! - `drive`: what is due: attempts and retries, keepalives, the fate of silent links.
//! - [`handshake`], [`open`], [`candidates`]: the states, without any input or output.

mod candidates;
mod connections;
mod drive;
mod handshake;
mod open;
pub(crate) mod replay;
pub(crate) mod retry;
mod signals;

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::{
    Candidate, CloseReason, DeniedReason, Description, Frame, Keepalive, Keypair, Message, Payload,
    PeerId, SessionId, Signal, SignedSignal,
};
use rand_xoshiro::Xoshiro256PlusPlus;

use self::candidates::Early;
use self::handshake::{Handshake, Role};
use self::open::Link;
use self::replay::Seen;
use self::retry::Backoff;
use crate::config::LinkConfig;
use crate::io::{ConnectionCommand, ConnectionId, DisconnectReason, Refusal};
use crate::table::Table;
use crate::time::Time;

/// Sessions that are remembered, so that an offer is not taken twice.
const MAX_SEEN_SESSIONS: usize = 4096;

/// Offers that wait until the own first offer is decided.
const MAX_DEFERRED: usize = 64;

/// A timer that is served this much too late shows that the machine slept.
const SLEEP_DETECTED: Duration = Duration::from_secs(6);

/// An offer for a pair that has a link already waits this long for a sign of life on the link.
const PROBE_BEFORE_REPLACING: Duration = Duration::from_millis(1500);

/// What the links have to say to the node.
#[derive(Debug)]
pub(crate) enum LinkOutput {
    /// For the shell.
    Command(ConnectionId, ConnectionCommand),
    /// A signal to be carried to a peer, or, with the first offer, to anyone.
    Signal {
        to: Option<PeerId>,
        payload: Payload,
    },
    /// A link is up; what the peer's router said in its hello.
    Up { peer: PeerId, routing: Vec<u8> },
    /// A link is gone.
    Down {
        peer: PeerId,
        reason: DisconnectReason,
    },
    /// The path of a link is in doubt, or no longer so.
    Disturbed { peer: PeerId, disturbed: bool },
    /// A message has come over a link.
    Message { peer: PeerId, message: Message },
    /// What a peer's router says in its keepalive.
    Routing { peer: PeerId, routing: Vec<u8> },
    /// A peer acknowledges a hop.
    HopAck { peer: PeerId, number: u32 },
    /// A peer could not be connected to, after all attempts.
    GaveUp { peer: PeerId },
    /// The bootstrap server knows nobody else.
    Alone,
    /// Something was refused.
    Refused {
        from: Option<PeerId>,
        reason: Refusal,
    },
}

/// All links of this peer.
#[derive(Debug)]
pub(crate) struct Links {
    config: LinkConfig,
    keypair: Keypair,
    rng: Xoshiro256PlusPlus,
    closed: bool,
    hidden: bool,
    /// What the router wants neighbours to know.
    routing: Vec<u8>,
    next_connection: u64,
    bootstrap: Bootstrap,
    /// The newest offer of each peer that came while the own first offer was undecided.
    deferred: Table<PeerId, Description>,
    peers: Table<PeerId, Peer>,
    owners: Table<ConnectionId, Owner>,
    seen: Seen<(PeerId, SessionId)>,
    early: Early,
    outputs: VecDeque<LinkOutput>,
}

/// The bootstrapping phase of figure 4.3.
#[derive(Debug)]
struct Bootstrap {
    /// Whether first offers can be sent: the signaling channel is open.
    possible: bool,
    /// The own first offer, whose receiver is not known yet.
    handshake: Option<Handshake>,
    /// When to offer again.
    next: Time,
    backoff: Backoff,
}

/// Everything about one remote peer.
#[derive(Debug, Default)]
struct Peer {
    link: Option<Link>,
    handshake: Option<Handshake>,
    /// An offer that waits for the fate of the link or handshake that is there.
    held: Option<Held>,
    /// The router wants a link.
    wanted: Option<Wanted>,
}

#[derive(Debug)]
struct Held {
    offer: Description,
    /// When it came.
    since: Time,
    /// When it is taken unless the open link has shown to be alive.
    take_at: Option<Time>,
}

#[derive(Debug, Default)]
struct Wanted {
    backoff: Backoff,
    /// Whether one attempt will do.
    once: bool,
    next: Time,
}

#[derive(Debug, Clone, Copy)]
enum Owner {
    Bootstrap,
    Peer(PeerId),
}

/// A message can't be sent over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkSendError {
    NoLink,
    Congested,
}

impl Links {
    pub(crate) fn new(
        config: LinkConfig,
        keypair: Keypair,
        rng: Xoshiro256PlusPlus,
        now: Time,
    ) -> Self {
        Self {
            config,
            keypair,
            rng,
            closed: false,
            hidden: false,
            routing: Vec::new(),
            next_connection: 0,
            bootstrap: Bootstrap {
                possible: false,
                handshake: None,
                next: now,
                backoff: Backoff::default(),
            },
            deferred: Table::new(),
            peers: Table::new(),
            owners: Table::new(),
            seen: Seen::new(MAX_SEEN_SESSIONS),
            early: Early::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to do, until there is none.
    pub(crate) fn poll_output(&mut self) -> Option<LinkOutput> {
        self.outputs.pop_front()
    }

    /// When [`Links::handle_timeout`] is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        if self.closed {
            return None;
        }
        let bootstrap = match &self.bootstrap.handshake {
            // Its candidates wait for the answer, which says whom they are for.
            Some(handshake) => Some(handshake.deadline),
            None => self.needs_bootstrap().then_some(self.bootstrap.next),
        };
        let peers = self.peers.values().flat_map(|peer| {
            let link = peer.link.as_ref().map(|link| link.timeout(&self.config));
            let handshake = peer.handshake.as_ref().map(Handshake::timeout);
            let wanted = peer.wanted.as_ref().map(|wanted| wanted.next);
            let wanted = wanted.filter(|_| peer.handshake.is_none() && peer.link.is_none());
            let held = peer.held.as_ref().and_then(|held| held.take_at);
            let held = held.filter(|_| peer.handshake.is_none());
            [link, handshake, wanted, held]
        });
        peers.flatten().chain(bootstrap).min()
    }

    /// The signaling channel has opened or closed.
    pub(crate) fn set_bootstrap_possible(&mut self, now: Time, possible: bool) {
        self.bootstrap.possible = possible;
        if possible {
            self.bootstrap.next = now;
            self.bootstrap.backoff = Backoff::default();
        } else if let Some(handshake) = self.bootstrap.handshake.take() {
            // The answer could only have come over the channel that is gone.
            self.close_connection(handshake.connection);
            self.take_deferred(now);
        }
        self.drive_bootstrap(now);
    }

    /// The page was hidden or shown.
    pub(crate) fn set_hidden(&mut self, now: Time, hidden: bool) {
        self.hidden = hidden;
        let peers: Vec<PeerId> = self.linked_peers().collect();
        for peer in peers {
            if let Some(link) = link_of(&mut self.peers, peer) {
                link.liveness.set_hidden(hidden);
            }
            self.send_keepalive(now, peer, !hidden);
        }
    }

    /// The machine's addresses have changed.
    pub(crate) fn handle_network_change(&mut self, now: Time) {
        let peers: Vec<PeerId> = self.linked_peers().collect();
        for peer in peers {
            if let Some(link) = link_of(&mut self.peers, peer) {
                link.liveness.network_changed(now);
            }
            self.send_keepalive(now, peer, true);
        }
    }

    /// Sets what hellos and keepalives say for the router.
    pub(crate) fn set_routing(&mut self, routing: Vec<u8>) {
        self.routing = routing;
    }

    /// Sends a keepalive to every linked peer now, since what the router says has changed.
    pub(crate) fn announce(&mut self, now: Time) {
        let peers: Vec<PeerId> = self.linked_peers().collect();
        for peer in peers {
            self.send_keepalive(now, peer, false);
        }
    }

    /// Opens a link to a peer, with bounded retries, unless there is one.
    pub(crate) fn connect(&mut self, now: Time, id: PeerId) {
        self.want(now, id, false);
    }

    /// The same, without retries.
    pub(crate) fn connect_once(&mut self, now: Time, id: PeerId) {
        self.want(now, id, true);
    }

    /// Closes the link to a peer, which is not needed any more.
    pub(crate) fn disconnect(&mut self, id: PeerId) {
        let farewell = Some(CloseReason::Unneeded);
        self.close_link(id, farewell, DisconnectReason::Closed);
    }

    /// Sends a peer's router something now, in a keepalive.
    pub(crate) fn send_routing(&mut self, now: Time, peer: PeerId, routing: Vec<u8>) {
        let frame = Frame::Keepalive(Keepalive {
            hidden: self.hidden,
            echo: false,
            routing,
        });
        self.send_keepalive_frame(now, peer, &frame);
    }

    /// Acknowledges a hop.
    pub(crate) fn send_hop_ack(&mut self, peer: PeerId, number: u32) {
        if let Some(link) = link_of(&mut self.peers, peer) {
            let command = ConnectionCommand::Send(Frame::HopAck(number).encode());
            self.outputs
                .push_back(LinkOutput::Command(link.connection, command));
        }
    }

    /// Asks a peer for a sign of life.
    pub(crate) fn probe(&mut self, now: Time, peer: PeerId) {
        self.send_keepalive(now, peer, true);
    }

    fn want(&mut self, now: Time, id: PeerId, once: bool) {
        if self.closed || id == self.keypair.id() {
            return;
        }
        let peer = self.peers.entry(id).or_default();
        if peer.link.is_some() || peer.wanted.is_some() {
            self.forget_if_idle(id);
            return;
        }
        peer.wanted = Some(Wanted {
            backoff: Backoff::default(),
            once,
            next: now,
        });
        self.drive_peer(now, id);
    }

    /// Nobody knows a way to a peer: its handshake can't go on.
    pub(crate) fn handle_unreachable(&mut self, now: Time, id: PeerId) {
        let waits = |handshake: &Handshake| {
            handshake.role == Role::Offerer && handshake.stage == handshake::Stage::Offered
        };
        let handshake = self.peers.get(&id).and_then(|peer| peer.handshake.as_ref());
        if handshake.is_some_and(waits) {
            self.fail_handshake(now, id);
        }
    }

    /// Sends a message over the link to a peer.
    pub(crate) fn send(&mut self, peer: PeerId, message: &Message) -> Result<(), LinkSendError> {
        let limit = self.config.max_queued;
        let link = link_of(&mut self.peers, peer).ok_or(LinkSendError::NoLink)?;
        if !link.queue.push(Frame::encode_message(message), limit) {
            return Err(LinkSendError::Congested);
        }
        self.flush(peer);
        Ok(())
    }

    /// Whether another message of that many bytes may be sent to a peer; always, if it has no
    /// link.
    pub(crate) fn has_room(&self, peer: PeerId, bytes: usize) -> bool {
        let link = self.peers.get(&peer).and_then(|peer| peer.link.as_ref());
        link.is_none_or(|link| link.queue.has_room(bytes, self.config.max_queued))
    }

    /// Whether some link is open and not disturbed.
    pub(crate) fn has_working_link(&self) -> bool {
        let works = |link: &Link| !link.liveness.reported_disturbed;
        self.peers
            .values()
            .any(|peer| peer.link.as_ref().is_some_and(works))
    }

    /// Whether the newest own first offers came to nothing.
    pub(crate) fn bootstrap_has_failed(&self) -> bool {
        self.bootstrap.backoff.failures() > 0
    }

    /// Closes every link: the peer leaves the network.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.bootstrap.handshake = None;
        self.deferred.clear();
        let peers: Vec<PeerId> = self.linked_peers().collect();
        for peer in peers {
            self.close_link(peer, Some(CloseReason::Leaving), DisconnectReason::Closed);
        }
        self.peers.clear();
        for (connection, _) in core::mem::take(&mut self.owners) {
            self.command(connection, ConnectionCommand::Close);
        }
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        let slept = self
            .poll_timeout()
            .is_some_and(|due| now.since(due) >= SLEEP_DETECTED);
        let peers: Vec<PeerId> = self.peers.keys().copied().collect();
        for id in peers {
            if slept && let Some(link) = link_of(&mut self.peers, id) {
                link.liveness.slept(now, &self.config);
            }
            self.drive_peer(now, id);
        }
        self.drive_bootstrap(now);
    }

    /// Ids of the peers that a link is open to, in order.
    pub(crate) fn linked_peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        let linked = |(id, peer): (&PeerId, &Peer)| peer.link.as_ref().map(|_| *id);
        self.peers.iter().filter_map(linked)
    }

    /// Whether some handshake is on its way.
    fn is_connecting(&self) -> bool {
        self.peers.values().any(|peer| peer.handshake.is_some())
    }

    fn needs_bootstrap(&self) -> bool {
        self.bootstrap.possible
            && !self.closed
            && self.linked_peers().next().is_none()
            && !self.is_connecting()
    }

    /// Closes the link to a peer and says so: to the other side if `farewell` is given.
    fn close_link(&mut self, id: PeerId, farewell: Option<CloseReason>, reason: DisconnectReason) {
        let Some(link) = self.peers.get_mut(&id).and_then(|peer| peer.link.take()) else {
            return;
        };
        if let Some(farewell) = farewell {
            let bytes = Frame::Close(farewell).encode();
            self.command(link.connection, ConnectionCommand::Send(bytes));
        }
        self.close_connection(link.connection);
        self.outputs
            .push_back(LinkOutput::Down { peer: id, reason });
        self.forget_if_idle(id);
    }

    fn send_keepalive(&mut self, now: Time, peer: PeerId, echo: bool) {
        let frame = Frame::Keepalive(Keepalive {
            hidden: self.hidden,
            echo,
            routing: self.routing.clone(),
        });
        self.send_keepalive_frame(now, peer, &frame);
    }

    fn send_keepalive_frame(&mut self, now: Time, peer: PeerId, frame: &Frame) {
        if let Some(link) = link_of(&mut self.peers, peer) {
            link.liveness.next_keepalive = now + self.config.keepalive_interval;
            let command = ConnectionCommand::Send(frame.encode());
            self.outputs
                .push_back(LinkOutput::Command(link.connection, command));
        }
    }

    /// Hands the data channel what it has room for.
    fn flush(&mut self, peer: PeerId) {
        let Some(link) = link_of(&mut self.peers, peer) else {
            return;
        };
        while let Some(bytes) = link.queue.pop() {
            let command = ConnectionCommand::Send(bytes);
            self.outputs
                .push_back(LinkOutput::Command(link.connection, command));
        }
    }

    fn send_candidates(
        &mut self,
        to: PeerId,
        of: SessionId,
        ufrag: Box<str>,
        candidates: Vec<Candidate>,
        done: bool,
    ) {
        let signal = Signal::Candidates {
            of,
            ufrag,
            candidates,
            done,
        };
        self.signal(Some(to), &signal);
    }

    fn deny(&mut self, to: PeerId, of: SessionId, reason: DeniedReason) {
        self.signal(Some(to), &Signal::Denied { of, reason });
    }

    fn signal(&mut self, to: Option<PeerId>, signal: &Signal) {
        let payload = SignedSignal::sign(signal, &self.keypair, to).to_payload();
        self.outputs.push_back(LinkOutput::Signal { to, payload });
    }

    fn refuse(&mut self, from: PeerId, reason: Refusal) {
        let from = Some(from);
        self.outputs.push_back(LinkOutput::Refused { from, reason });
    }

    fn command(&mut self, connection: ConnectionId, command: ConnectionCommand) {
        self.outputs
            .push_back(LinkOutput::Command(connection, command));
    }

    fn new_connection(&mut self, owner: Owner) -> ConnectionId {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.owners.insert(connection, owner);
        connection
    }

    fn close_connection(&mut self, connection: ConnectionId) {
        if self.owners.remove(&connection).is_some() {
            self.command(connection, ConnectionCommand::Close);
        }
    }

    fn is_full(&self) -> bool {
        self.owners.len() >= self.config.max_links
    }

    fn forget_if_idle(&mut self, id: PeerId) {
        let idle = |peer: &Peer| {
            peer.link.is_none()
                && peer.handshake.is_none()
                && peer.held.is_none()
                && peer.wanted.is_none()
        };
        if self.peers.get(&id).is_some_and(idle) {
            self.peers.remove(&id);
        }
    }
}

/// The open link to a peer. A function of the table alone, so that other fields stay free.
fn link_of(peers: &mut Table<PeerId, Peer>, id: PeerId) -> Option<&mut Link> {
    peers.get_mut(&id)?.link.as_mut()
}

/// The handshake with a peer, likewise.
fn handshake_of(peers: &mut Table<PeerId, Peer>, id: PeerId) -> Option<&mut Handshake> {
    peers.get_mut(&id)?.handshake.as_mut()
}
