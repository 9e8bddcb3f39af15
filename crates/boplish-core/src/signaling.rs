//! The signaling channel: the WebSocket to the bootstrap server, which is opened again and again
//! with back-off, and on which the own id is proven before anything else.

use core::time::Duration;

use boplish_wire::Keypair;
use boplish_wire::bootstrap::challenge_response;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::link::retry::Backoff;
use crate::time::Time;

/// The server has this long to open the WebSocket, to challenge and to welcome.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);

/// A channel that was open this long has proven itself: the next failure is a first one. One
/// that is closed sooner, as when another node with the same id takes its place, backs off more
/// and more.
const STABLE: Duration = Duration::from_secs(30);

/// The signaling channel.
#[derive(Debug)]
pub(crate) struct Signaling {
    state: State,
    backoff: Backoff,
    retry_base: Duration,
    retry_max: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Not wanted.
    Off,
    /// To be opened at that time.
    Closed { retry: Time },
    /// The WebSocket is being opened, or the id is being proven.
    Opening { deadline: Time },
    /// The server has welcomed this peer.
    Open { since: Time },
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Open the WebSocket.
    Open,
    /// Close it: the server does not go on.
    Close,
}

impl Signaling {
    pub(crate) fn new(retry_base: Duration, retry_max: Duration) -> Self {
        Self {
            state: State::Off,
            backoff: Backoff::default(),
            retry_base,
            retry_max,
        }
    }

    /// The channel is wanted from now on.
    pub(crate) fn open(&mut self, now: Time) {
        self.state = State::Closed { retry: now };
    }

    /// The channel is not wanted any more. Returns whether a WebSocket is to be closed.
    pub(crate) fn close(&mut self) -> bool {
        let had_socket = self.has_socket();
        self.state = State::Off;
        had_socket
    }

    /// Whether messages can be sent: the server has welcomed this peer.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether there is a WebSocket whose facts count.
    pub(crate) fn has_socket(&self) -> bool {
        matches!(self.state, State::Opening { .. } | State::Open { .. })
    }

    /// The answer to the server's challenge.
    pub(crate) fn answer_challenge(&self, keypair: &Keypair, nonce: &[u8; 32]) -> String {
        challenge_response(keypair, nonce)
    }

    /// The server has welcomed this peer. Returns whether that is news.
    pub(crate) fn handle_welcome(&mut self, now: Time) -> bool {
        match self.state {
            State::Opening { .. } => {
                self.state = State::Open { since: now };
                true
            }
            State::Off | State::Closed { .. } | State::Open { .. } => false,
        }
    }

    /// The WebSocket is gone. Returns whether the channel was open.
    pub(crate) fn handle_closed(&mut self, now: Time, rng: &mut Xoshiro256PlusPlus) -> bool {
        let was_open = self.is_open();
        match self.state {
            State::Off | State::Closed { .. } => return false,
            State::Open { since } if now.since(since) >= STABLE => {
                self.backoff = Backoff::default();
            }
            State::Opening { .. } | State::Open { .. } => {}
        }
        let pause = self.backoff.fail(self.retry_base, self.retry_max, rng);
        self.state = State::Closed { retry: now + pause };
        was_open
    }

    /// The machine is back online: there is no reason to wait.
    pub(crate) fn retry_now(&mut self, now: Time) {
        if let State::Closed { retry } = &mut self.state {
            *retry = now;
        }
    }

    /// What is due.
    pub(crate) fn handle_timeout(&mut self, now: Time) -> Option<Due> {
        match self.state {
            State::Closed { retry } if retry <= now => {
                let deadline = now + OPEN_TIMEOUT;
                self.state = State::Opening { deadline };
                Some(Due::Open)
            }
            State::Opening { deadline } if deadline <= now => Some(Due::Close),
            State::Off | State::Closed { .. } | State::Opening { .. } | State::Open { .. } => None,
        }
    }

    /// When something is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Closed { retry } => Some(retry),
            State::Opening { deadline } => Some(deadline),
            State::Off | State::Open { .. } => None,
        }
    }
}
