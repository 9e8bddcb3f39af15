//! Links: the report's Connection Manager (section 4.1.3).
//!
//! [`Links`] knows signals and connections, nothing of routes or protocols. For each remote peer
//! it owns at most one open link and at most one handshake. Signals go out as
//! [`LinkOutput::Signal`], to be carried by whatever can carry them.
//!
//! - `signals`: offers, answers, glare, restarts: what the other peers' signals mean.
//! - `connections`: what the shell's connections report.
//! - `drive`: what is due: attempts and retries, the fate of silent links.
//! - `keepalive`: signs of life, and what makes them due.
//! - `invite`: offers and answers that people carry.
//! - [`handshake`], [`open`], [`candidates`]: the states, without any input or output.

#[cfg(feature = "simulator")]
mod adopt;
mod candidates;
mod connections;
mod drive;
mod handshake;
mod invite;
mod keepalive;
mod open;
pub(crate) mod replay;
pub(crate) mod retry;
mod room;
mod signals;
#[cfg(test)]
mod weight;

use core::cell::Cell;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use boplish_wire::{
    Candidate, CloseReason, DeniedReason, Description, Frame, Keypair, Message, Payload, PeerId,
    SessionId, Signal, SignedSignal,
};
use rand_xoshiro::Xoshiro256PlusPlus;

pub use self::invite::InviteError;

use self::candidates::Early;
use self::handshake::{Handshake, Role};
use self::open::Link;
use self::replay::Seen;
use self::retry::Backoff;
use crate::config::LinkConfig;
use crate::io::{ConnectionCommand, ConnectionId, DisconnectReason, Event, Refusal};
use crate::table::{Table, pop_or_shrink, shrink};
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
    /// For the application.
    Event(Event),
    /// Something was refused.
    Refused {
        from: Option<PeerId>,
        reason: Refusal,
    },
}

/// All links of this peer.
#[derive(Debug)]
pub(crate) struct Links {
    config: Arc<LinkConfig>,
    keypair: Arc<Keypair>,
    rng: Xoshiro256PlusPlus,
    closed: bool,
    hidden: bool,
    /// What the router wants neighbours to know.
    routing: Vec<u8>,
    /// The code of the network: peers with another one are refused.
    network: u32,
    next_connection: u64,
    /// When something is due, or earlier; `None` when it has to be found out anew.
    earliest: Cell<Option<Time>>,
    bootstrap: Bootstrap,
    /// The newest offer of each peer that came while the own first offer was undecided.
    deferred: Table<PeerId, Description>,
    open: Table<PeerId, Box<Link>>,
    attempts: Table<PeerId, Box<Attempt>>,
    /// Own offers for newcomers to whom people carry them.
    invitations: Vec<Handshake>,
    /// The sessions of those that were used or have expired.
    lapsed: Vec<SessionId>,
    /// Whose connection it is, by the position of the id, but for that of the own first offer.
    owners: Table<ShortId, PeerId>,
    seen: Seen<u64>,
    early: Early,
    outputs: VecDeque<LinkOutput>,
}

/// The bootstrapping phase of figure 4.3.
#[derive(Debug)]
struct Bootstrap {
    /// Whether first offers can be sent: the signaling channel is open.
    possible: bool,
    /// The own first offer, whose receiver is not known yet.
    handshake: Option<Box<Handshake>>,
    /// When to offer again.
    next: Time,
    backoff: Backoff,
}

/// What is done about a link that is not open yet, or is to take the place of one that is.
#[derive(Debug, Default)]
struct Attempt {
    /// Whether its offer was a newcomer's first: it shall not wait.
    eager: bool,
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

/// The low half of a [`ConnectionId`]: those count up, so that it tells open ones apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ShortId(u32);

impl From<ConnectionId> for ShortId {
    fn from(connection: ConnectionId) -> Self {
        Self(connection.0 as u32)
    }
}

/// A message can't be sent over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkSendError {
    NoLink,
    Congested,
}

impl Links {
    pub(crate) fn new(
        config: Arc<LinkConfig>,
        keypair: Arc<Keypair>,
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
            network: 0,
            next_connection: 0,
            earliest: Cell::new(None),
            bootstrap: Bootstrap {
                possible: false,
                handshake: None,
                next: now,
                backoff: Backoff::default(),
            },
            deferred: Table::new(),
            open: Table::new(),
            attempts: Table::new(),
            invitations: Vec::new(),
            lapsed: Vec::new(),
            owners: Table::new(),
            seen: Seen::new(MAX_SEEN_SESSIONS),
            early: Early::default(),
            outputs: VecDeque::new(),
        }
    }

    /// The next thing to do, until there is none.
    pub(crate) fn poll_output(&mut self) -> Option<LinkOutput> {
        pop_or_shrink(&mut self.outputs)
    }

    /// The signaling channel has opened or closed.
    pub(crate) fn set_bootstrap_possible(&mut self, now: Time, possible: bool) {
        self.earliest.set(None);
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

    /// Opens a link to a peer, with bounded retries, unless there is one.
    pub(crate) fn connect(&mut self, now: Time, id: PeerId) {
        self.want(now, id, false);
    }

    /// The same, without retries.
    pub(crate) fn connect_once(&mut self, now: Time, id: PeerId) {
        self.want(now, id, true);
    }

    /// The link to a peer is silent, and not worth a restart: it comes back by itself, or is
    /// closed in its time.
    pub(crate) fn spare(&mut self, id: PeerId) {
        if let Some(link) = link_of(&mut self.open, id) {
            link.liveness.spare();
        }
    }

    /// Closes the link to a peer, which is not needed any more.
    pub(crate) fn disconnect(&mut self, id: PeerId) {
        let farewell = Some(CloseReason::Unneeded);
        self.close_link(id, farewell, DisconnectReason::Closed);
    }

    fn want(&mut self, now: Time, id: PeerId, once: bool) {
        if self.closed || id == self.keypair.id() {
            return;
        }
        let is_open = self.open.contains_key(&id);
        let attempt = self.attempts.get(&id);
        if is_open || attempt.is_some_and(|attempt| attempt.wanted.is_some()) {
            return;
        }
        self.earliest.set(None);
        self.attempt(id).wanted = Some(Wanted {
            backoff: Backoff::default(),
            once,
            next: now,
        });
        self.drive_attempt(now, id);
    }

    /// Others say that they know no way to a peer: neither a handshake nor the restart of a silent
    /// link can go on. `is_final`: it is not tried again by itself.
    pub(crate) fn handle_unknown(&mut self, now: Time, id: PeerId, is_final: bool) {
        if is_final {
            let link = self.open.get(&id);
            if link.is_some_and(|link| link.liveness.is_silent(now, &self.config)) {
                self.close_link(id, None, DisconnectReason::Silent);
            }
            if let Some(attempt) = self.attempts.get_mut(&id)
                && let Some(wanted) = &mut attempt.wanted
            {
                // The first time, others may not know it yet.
                wanted.once |= wanted.backoff.failures() > 0;
            }
        }
        self.handle_unreachable(now, id);
    }

    /// No way to a peer is known: its handshake can't go on.
    pub(crate) fn handle_unreachable(&mut self, now: Time, id: PeerId) {
        let waits = |handshake: &Handshake| {
            handshake.role == Role::Offerer && handshake.stage == handshake::Stage::Offered
        };
        if self.handshake(id).is_some_and(waits) {
            self.earliest.set(None);
            self.fail_handshake(now, id);
        }
    }

    /// Sends a message over the link to a peer.
    pub(crate) fn send(&mut self, peer: PeerId, message: &Message) -> Result<(), LinkSendError> {
        let link = link_of(&mut self.open, peer).ok_or(LinkSendError::NoLink)?;
        let frame = Frame::encode_message(message);
        let connection = link.connection;
        if let Some(frame) = link.queue.push(frame, self.config.max_queued)? {
            self.command(connection, ConnectionCommand::Send(frame));
        }
        Ok(())
    }

    /// Whether some link is open and not disturbed.
    pub(crate) fn has_working_link(&self) -> bool {
        self.open
            .values()
            .any(|link| !link.liveness.reported_disturbed)
    }

    /// Most links, open and half-open.
    pub(crate) fn max_links(&self) -> usize {
        self.config.max_links
    }

    /// Whether the newest own first offers came to nothing.
    pub(crate) fn bootstrap_has_failed(&self) -> bool {
        self.bootstrap.backoff.failures() > 0
    }

    /// Closes every link: the peer leaves the network.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.deferred = Table::new();
        let peers: Vec<PeerId> = self.linked_peers().collect();
        for peer in peers {
            self.close_link(peer, Some(CloseReason::Leaving), DisconnectReason::Closed);
        }
        let attempts = core::mem::take(&mut self.attempts);
        let first = self.bootstrap.handshake.take();
        let handshakes = attempts
            .into_iter()
            .filter_map(|(_, attempt)| attempt.handshake);
        let invitations = core::mem::take(&mut self.invitations);
        let handshakes = handshakes.chain(first.map(|first| *first));
        for handshake in handshakes.chain(invitations) {
            self.command(handshake.connection, ConnectionCommand::Close);
        }
        self.owners = Table::new();
    }

    /// Ids of the peers that a link is open to, in order.
    pub(crate) fn linked_peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.open.keys().copied()
    }

    /// Closes the link to a peer and says so: to the other side if `farewell` is given.
    fn close_link(&mut self, id: PeerId, farewell: Option<CloseReason>, reason: DisconnectReason) {
        let Some(link) = self.open.remove(&id) else {
            return;
        };
        shrink(&mut self.open);
        self.earliest.set(None);
        if let Some(farewell) = farewell {
            let bytes = Frame::Close(farewell).encode();
            self.command(link.connection, ConnectionCommand::Send(bytes));
        }
        self.close_connection(link.connection);
        self.outputs
            .push_back(LinkOutput::Down { peer: id, reason });
    }

    /// Hands the data channel what it has room for.
    fn flush(&mut self, peer: PeerId) {
        let Some(link) = link_of(&mut self.open, peer) else {
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

    fn next_connection(&mut self) -> ConnectionId {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        connection
    }

    fn new_connection(&mut self, owner: PeerId) -> ConnectionId {
        let connection = self.next_connection();
        self.own_connection(connection, owner);
        connection
    }

    fn own_connection(&mut self, connection: ConnectionId, owner: PeerId) {
        self.owners.insert(connection.into(), owner);
        shrink(&mut self.owners);
    }

    fn close_connection(&mut self, connection: ConnectionId) {
        self.owners.remove(&connection.into());
        shrink(&mut self.owners);
        self.command(connection, ConnectionCommand::Close);
    }

    fn is_full(&self) -> bool {
        let first = usize::from(self.bootstrap.handshake.is_some());
        self.owners.len() + first + self.invitations.len() >= self.config.max_links
    }

    /// The attempt to open a link to a peer, begun if there is none.
    fn attempt(&mut self, id: PeerId) -> &mut Attempt {
        self.attempts.get_or_default(id)
    }

    /// The handshake with a peer.
    fn handshake(&self, id: PeerId) -> Option<&Handshake> {
        self.attempts.get(&id)?.handshake.as_ref()
    }

    fn forget_if_idle(&mut self, id: PeerId) {
        let idle = |attempt: &Attempt| {
            attempt.handshake.is_none() && attempt.held.is_none() && attempt.wanted.is_none()
        };
        if self.attempts.get(&id).is_some_and(|attempt| idle(attempt)) {
            self.attempts.remove(&id);
            shrink(&mut self.attempts);
        }
    }
}

/// The open link to a peer. A function of the table alone, so that other fields stay free.
fn link_of(open: &mut Table<PeerId, Box<Link>>, id: PeerId) -> Option<&mut Link> {
    open.get_mut(&id).map(|link| &mut **link)
}

/// The handshake with a peer, likewise.
fn handshake_of(attempts: &mut Table<PeerId, Box<Attempt>>, id: PeerId) -> Option<&mut Handshake> {
    attempts.get_mut(&id)?.handshake.as_mut()
}
