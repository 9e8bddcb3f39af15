//! An open link: its liveness, its send queue and its ICE restarts.

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::{Fingerprint, SessionId};

use super::candidates::Batch;
use super::handshake::{Handshake, Local, Remote, Role};
use crate::config::{BUFFERED_AMOUNT_LOW, LinkConfig};
use crate::io::{ConnectionId, IceState};
use crate::time::Time;

/// Bytes in the data channel above which messages wait in the link's own queue.
const BUFFERED_AMOUNT_HIGH: usize = 4 * BUFFERED_AMOUNT_LOW;

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
    pub(super) role: Role,
    pub(super) local: Local,
    pub(super) remote: Remote,
    pub(super) batch: Batch,
    pub(super) liveness: Liveness,
    pub(super) queue: SendQueue,
    /// The ufrag of the restart offer that was sent and not answered yet.
    pub(super) restart_offered: Option<Box<str>>,
    /// Frames that made no sense.
    pub(super) malformed: u32,
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
        Some(Self {
            connection: handshake.connection,
            session: handshake.session?,
            role: handshake.role,
            local: handshake.local?,
            remote: handshake.remote?,
            batch: handshake.batch,
            liveness: Liveness::new(now, config, hidden),
            queue: SendQueue::default(),
            restart_offered: None,
            malformed: 0,
        })
    }

    /// The certificate that the other side must go on using.
    pub(super) fn remote_fingerprint(&self) -> Fingerprint {
        self.remote.fingerprint
    }

    /// When something is to be done.
    pub(super) fn timeout(&self, config: &LinkConfig) -> Time {
        let liveness = self.liveness.timeout(config);
        self.batch.due().map_or(liveness, |due| due.min(liveness))
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
    /// Whether a probe was sent since the peer was last heard.
    probed: bool,
    /// When ICE is restarted if nothing is heard before.
    restart_at: Time,
    ice: IceState,
    /// What the node above was last told.
    pub(super) reported_disturbed: bool,
    pub(super) remote_hidden: bool,
    hidden: bool,
}

impl Liveness {
    fn new(now: Time, config: &LinkConfig, hidden: bool) -> Self {
        Self {
            last_heard: now,
            next_keepalive: now + config.keepalive_interval,
            probed: false,
            restart_at: now + config.restart_after,
            ice: IceState::Connected,
            reported_disturbed: false,
            remote_hidden: false,
            hidden,
        }
    }

    /// The peer was heard.
    pub(super) fn heard(&mut self, now: Time, config: &LinkConfig) {
        self.last_heard = now;
        self.probed = false;
        self.restart_at = now + config.restart_after;
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
            IceState::Failed => true,
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

    /// Whether the path is in doubt.
    pub(super) fn is_disturbed(&self, now: Time, config: &LinkConfig) -> bool {
        let patience = match self.is_slow() {
            true => config.dead_after_hidden / 2,
            false => config.probe_after,
        };
        self.ice != IceState::Connected || now.since(self.last_heard) >= patience
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

    /// When [`Liveness::check`] or a keepalive is next due.
    fn timeout(&self, config: &LinkConfig) -> Time {
        let mut next = self.next_keepalive.min(self.dead_at(config));
        if !self.is_slow() || self.ice != IceState::Connected {
            next = next.min(self.restart_at);
        }
        if !self.probed {
            next = next.min(self.last_heard + config.probe_after);
        }
        next
    }

    /// A hidden page's timers tick about once a second, on phones not at all: its silence means
    /// less (DESIGN, "What browsers do to us").
    fn is_slow(&self) -> bool {
        self.hidden || self.remote_hidden
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
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    buffered: usize,
}

impl SendQueue {
    /// Takes a message unless more than `limit` bytes wait already.
    pub(super) fn push(&mut self, bytes: Vec<u8>, limit: usize) -> bool {
        if !self.has_room(bytes.len(), limit) {
            return false;
        }
        self.waiting_bytes += bytes.len();
        self.waiting.push_back(bytes);
        true
    }

    /// Whether a message of that many bytes would be taken.
    pub(super) fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.waiting_bytes + bytes <= limit
    }

    /// The data channel holds that many bytes.
    pub(super) fn set_buffered(&mut self, bytes: usize) {
        self.buffered = bytes;
    }

    /// The next message that the data channel has room for.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        if self.buffered >= BUFFERED_AMOUNT_HIGH {
            return None;
        }
        let bytes = self.waiting.pop_front()?;
        self.waiting_bytes -= bytes.len();
        self.buffered += bytes.len();
        Some(bytes)
    }
}
