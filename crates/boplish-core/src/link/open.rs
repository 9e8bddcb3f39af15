//! An open link: its liveness, its send queue and its ICE restarts.
//!
//! A million peers in the simulator have tens of links each, so a link at rest holds what it needs
//! to rest; what is under way is boxed, and dropped when it is over.

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::{Candidate, Fingerprint, SessionId};

use super::LinkSendError;
use super::candidates::Batch;
use super::drive::NEVER;
use super::handshake::{Handshake, Remote, Role};
use crate::config::{BUFFERED_AMOUNT_LOW, LinkConfig};
use crate::io::{ConnectionId, IceState};
use crate::time::Time;

/// Bytes in the data channel above which messages wait in the link's own queue.
const BUFFERED_AMOUNT_HIGH: u32 = 4 * BUFFERED_AMOUNT_LOW as u32;

/// ICE that is disconnected this long is restarted; it often comes back by itself.
const DISCONNECTED_PATIENCE: Duration = Duration::from_secs(3);

/// How long a restart may take before it is tried again.
const RESTART_TIMEOUT: Duration = Duration::from_secs(6);

/// After a change of network a link that stays silent this long is restarted.
const NETWORK_CHANGE_PATIENCE: Duration = Duration::from_secs(2);

/// An open link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) connection: ConnectionId,
    pub(super) session: SessionId,
    /// The certificate that the other side must go on using.
    pub(super) remote_fingerprint: Fingerprint,
    pub(super) remote_generation: Generation,
    pub(super) role: Role,
    /// Frames that made no sense.
    pub(super) malformed: u8,
    pub(super) liveness: Liveness,
    pub(super) queue: SendQueue,
    /// Own candidates on their way to the other side.
    pub(super) trickle: Option<Box<Trickle>>,
    pub(super) restart: Option<Box<Restart>>,
}

/// One ICE generation of one side, by a digest of its ufrag. A side that makes two of its own
/// look alike confuses nobody but itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Generation(u32);

impl Generation {
    /// The generation with that ufrag.
    pub(super) fn of(ufrag: &str) -> Self {
        // FNV-1a.
        let add = |digest: u32, byte| (digest ^ u32::from(byte)).wrapping_mul(16_777_619);
        Self(ufrag.bytes().fold(2_166_136_261, add))
    }
}

/// Own candidates of one generation.
#[derive(Debug)]
pub(super) struct Trickle {
    pub(super) ufrag: Box<str>,
    pub(super) batch: Batch,
}

/// An ICE restart that is under way.
#[derive(Debug)]
pub(super) struct Restart {
    /// The ufrag of its offer: the own one that was sent and is not answered yet, or the other
    /// side's that is to be answered.
    pub(super) offered: Box<str>,
}

impl Link {
    /// The link that a handshake has opened; `None` if it lacks a description, which a finished
    /// handshake never does.
    pub(super) fn from_handshake(
        handshake: Handshake,
        now: Time,
        config: &LinkConfig,
        hidden: bool,
    ) -> Option<Self> {
        let liveness = Liveness::new(now, config, hidden);
        let (session, remote) = (handshake.session?, handshake.remote?);
        let mut link = Self::at_rest(
            handshake.connection,
            handshake.role,
            session,
            remote,
            liveness,
        );
        link.trickle(handshake.local?.ufrag, handshake.batch);
        Some(link)
    }

    /// A link on which nothing is under way.
    pub(super) fn at_rest(
        connection: ConnectionId,
        role: Role,
        session: SessionId,
        remote: Remote,
        liveness: Liveness,
    ) -> Self {
        Self {
            connection,
            session,
            remote_fingerprint: remote.fingerprint,
            remote_generation: Generation::of(&remote.ufrag),
            role,
            malformed: 0,
            liveness,
            queue: SendQueue::default(),
            trickle: None,
            restart: None,
        }
    }

    /// Goes on with the candidates of a generation of the own side.
    pub(super) fn trickle(&mut self, ufrag: Box<str>, batch: Batch) {
        let trickle = Trickle { ufrag, batch };
        self.trickle = (!trickle.batch.is_finished()).then(|| Box::new(trickle));
    }

    /// The own candidates that are due, with their ufrag, and whether they are the last.
    pub(super) fn take_candidates(
        &mut self,
        now: Time,
    ) -> Option<(Box<str>, Vec<Candidate>, bool)> {
        let trickle = self.trickle.as_mut()?;
        let (candidates, done) = trickle.batch.take_due(now)?;
        let ufrag = trickle.ufrag.clone();
        if done {
            self.trickle = None;
        }
        Some((ufrag, candidates, done))
    }

    /// When something is to be done.
    pub(super) fn timeout(&self, config: &LinkConfig) -> Time {
        let liveness = self.liveness.timeout(config);
        let candidates = self.trickle.as_ref().and_then(|it| it.batch.due());
        candidates.map_or(liveness, |due| due.min(liveness))
    }
}

/// What the silence of a peer calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// Nothing.
    Fine,
    /// Ask for a sign of life.
    Probe,
    /// Renegotiate ICE.
    Restart,
    /// Give the link up.
    Dead,
}

/// Whether the peer at the other end still lives.
#[derive(Debug)]
pub(super) struct Liveness {
    last_heard: Time,
    /// When the next keepalive goes out.
    pub(super) next_keepalive: Time,
    /// When ICE is restarted if nothing is heard before.
    restart_at: Time,
    /// Whether a probe was sent since the peer was last heard.
    probed: bool,
    ice: IceState,
    /// What the node above was last told.
    pub(super) reported_disturbed: bool,
    pub(super) remote_hidden: bool,
    hidden: bool,
}

impl Liveness {
    pub(super) fn new(now: Time, config: &LinkConfig, hidden: bool) -> Self {
        Self {
            last_heard: now,
            next_keepalive: now + config.keepalive_interval,
            restart_at: now + config.restart_after,
            probed: false,
            ice: IceState::Connected,
            reported_disturbed: false,
            remote_hidden: false,
            hidden,
        }
    }

    /// The peer was heard. Returns whether it had been silent for long, so that something may be
    /// due earlier than it was.
    pub(super) fn heard(&mut self, now: Time, config: &LinkConfig) -> bool {
        self.last_heard = now;
        self.restart_at = now + config.restart_after;
        core::mem::take(&mut self.probed)
    }

    /// ICE has changed. Returns whether it must be restarted at once.
    pub(super) fn ice_changed(&mut self, now: Time, ice: IceState) -> bool {
        self.ice = ice;
        match ice {
            IceState::Connected => false,
            IceState::Disconnected => {
                self.restart_at = self.restart_at.min(now + DISCONNECTED_PATIENCE);
                false
            }
            IceState::Failed => self.restart_at != NEVER,
        }
    }

    /// The addresses of this machine have changed: the old path may be gone.
    pub(super) fn network_changed(&mut self, now: Time) {
        self.restart_at = self.restart_at.min(now + NETWORK_CHANGE_PATIENCE);
    }

    /// A restart was begun; the next one comes only after a while.
    pub(super) fn restarting(&mut self, now: Time) {
        self.restart_at = now + RESTART_TIMEOUT;
    }

    /// No restart until the peer is heard again.
    pub(super) fn spare(&mut self) {
        self.restart_at = NEVER;
    }

    /// The page was hidden or shown.
    pub(super) fn set_hidden(&mut self, hidden: bool) {
        self.hidden = hidden;
    }

    /// This machine slept: the silence was its own, so the peer gets another chance.
    pub(super) fn slept(&mut self, now: Time, config: &LinkConfig) {
        let earliest = Time::after_start(now.since_start().saturating_sub(config.probe_after));
        self.last_heard = self.last_heard.max(earliest);
        self.probed = false;
        self.next_keepalive = now;
    }

    /// Whether the peer was not heard for so long that it may be gone.
    pub(super) fn is_silent(&self, now: Time, config: &LinkConfig) -> bool {
        !self.is_slow() && now >= self.last_heard + config.restart_after
    }

    /// Whether the path is in doubt.
    pub(super) fn is_disturbed(&self, now: Time, config: &LinkConfig) -> bool {
        self.ice != IceState::Connected || now >= self.disturbed_at(config)
    }

    /// What is to be done now.
    pub(super) fn check(&mut self, now: Time, config: &LinkConfig) -> Check {
        if now >= self.dead_at(config) {
            return Check::Dead;
        }
        if now >= self.restart_at && (!self.is_slow() || self.ice != IceState::Connected) {
            return Check::Restart;
        }
        if !self.probed && now >= self.last_heard + config.probe_after {
            self.probed = true;
            return Check::Probe;
        }
        Check::Fine
    }

    /// When [`Liveness::check`], a keepalive or the news of a disturbance is next due.
    fn timeout(&self, config: &LinkConfig) -> Time {
        let mut next = self.next_keepalive.min(self.dead_at(config));
        if !self.is_slow() || self.ice != IceState::Connected {
            next = next.min(self.restart_at);
        }
        if !self.probed {
            next = next.min(self.last_heard + config.probe_after);
        }
        if !self.reported_disturbed {
            next = next.min(self.disturbed_at(config));
        }
        next
    }

    /// A hidden page's timers tick about once a second, on phones not at all: its silence means
    /// less (DESIGN, "What browsers do to us").
    fn is_slow(&self) -> bool {
        self.hidden || self.remote_hidden
    }

    fn disturbed_at(&self, config: &LinkConfig) -> Time {
        self.last_heard
            + match self.is_slow() {
                true => config.dead_after_hidden / 2,
                false => config.probe_after,
            }
    }

    fn dead_at(&self, config: &LinkConfig) -> Time {
        self.last_heard
            + match self.is_slow() {
                true => config.dead_after_hidden,
                false => config.dead_after,
            }
    }
}

/// Messages on their way into the data channel, so that it never holds too much: a slow reader
/// slows its writer down.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    /// Bytes that the data channel holds.
    buffered: u32,
    waiting: Option<Box<Waiting>>,
}

/// What the data channel has no room for.
#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl SendQueue {
    /// Takes a frame unless more than `limit` bytes would wait then. Hands it back if the data
    /// channel has room for it at once.
    pub(super) fn push(
        &mut self,
        frame: Vec<u8>,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, LinkSendError> {
        if !self.has_room(frame.len(), limit) {
            return Err(LinkSendError::Congested);
        }
        if self.waiting.is_none() && self.buffered < BUFFERED_AMOUNT_HIGH {
            self.add_buffered(&frame);
            return Ok(Some(frame));
        }
        let waiting = self.waiting.get_or_insert_default();
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame);
        Ok(None)
    }

    /// Whether a frame of that many bytes would be taken.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        let waiting = self.waiting.as_ref().map_or(0, |waiting| waiting.bytes);
        waiting + bytes <= limit
    }

    /// Whether a frame would go to the data channel at once.
    pub(super) fn takes_more(&self) -> bool {
        self.waiting.is_none() && self.buffered < BUFFERED_AMOUNT_HIGH
    }

    /// The data channel holds that many bytes.
    pub(super) fn set_buffered(&mut self, bytes: usize) {
        self.buffered = u32::try_from(bytes).unwrap_or(u32::MAX);
    }

    /// The next waiting frame that the data channel has room for.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let waiting = self.waiting.as_mut()?;
        if self.buffered >= BUFFERED_AMOUNT_HIGH {
            return None;
        }
        let frame = waiting.frames.pop_front()?;
        waiting.bytes -= frame.len();
        if waiting.frames.is_empty() {
            self.waiting = None;
        }
        self.add_buffered(&frame);
        Some(frame)
    }

    fn add_buffered(&mut self, frame: &[u8]) {
        let bytes = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        self.buffered = self.buffered.saturating_add(bytes);
    }
}
