//! The signaling channel: the WebSocket to the bootstrap server, which is opened again and again
//! with back-off, and on which the own id is proven before anything else.
//!
//! A peer that has joined the network says so, and the server keeps it as an entry peer or lets
//! it go. Then it comes back when it needs the server, or after a long while, so that a server
//! whose entry peers have left gets others.

use core::time::Duration;

use boplish_wire::Keypair;
use boplish_wire::bootstrap::{NONCE, Work, challenge_response_with_work};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::link::retry::{Backoff, random_below};
use crate::time::Time;

/// The server has this long to open the WebSocket, to challenge and to welcome.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);

/// What the server may ask for in work is done in this time, or the channel is given up.
const WORK_TIMEOUT: Duration = Duration::from_secs(60);

/// Attempts at the work in one go, so that a page on a phone is not blocked for longer than the
/// picture of a film stays.
const ATTEMPTS: u32 = 2_000;

/// The same while nobody looks at the page, whose timers then come once a second.
const HIDDEN_ATTEMPTS: u32 = 64_000;

/// A channel that was open this long has proven itself: the next failure is a first one. One
/// that is closed sooner, as when another node with the same id takes its place, backs off more
/// and more.
const STABLE: Duration = Duration::from_secs(30);

/// A peer that was let go comes back after up to twice so long in a network of as many peers as
/// the server keeps; in a larger one so much later that the server has the same to do, which is to
/// hear from as many peers as it keeps in this time.
const RETURN: Duration = Duration::from_secs(600);

/// The same if the peer knows of less than half as many peers: then there is a part of the network
/// that it does not know.
const RETURN_SOON: Duration = Duration::from_secs(60);

/// The signaling channel.
#[derive(Debug)]
pub(crate) struct Signaling {
    state: State,
    backoff: Backoff,
    /// How many entry peers the server had that has let this peer go; 0 while it has not.
    entry_peers: u32,
    /// When that was, it had to be back this soon.
    within: Option<Duration>,
    retry_base: Duration,
    retry_max: Duration,
}

#[derive(Debug)]
enum State {
    /// Not wanted.
    Off,
    /// To be opened at that time.
    Closed { retry: Time },
    /// The WebSocket is being opened, or the id is being proven.
    Opening { deadline: Time },
    /// The server has asked for work before it welcomes this peer.
    Working {
        nonce: [u8; NONCE],
        /// Apart, since few peers ever have any.
        work: Box<Work>,
        /// When to go on with it.
        next: Time,
        deadline: Time,
    },
    /// The server has welcomed this peer.
    Open {
        since: Time,
        /// Whether it has been told that this peer has joined the network.
        is_told: bool,
    },
    /// The server has let this peer go; it comes back at that time, or when it must.
    Released { since: Time, back: Time },
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Open the WebSocket.
    Open,
    /// Close it: the server does not go on, or the work was too much.
    Close,
    /// Go on with the work.
    Work,
}

impl Signaling {
    pub(crate) fn new(retry_base: Duration, retry_max: Duration) -> Self {
        Self {
            state: State::Off,
            backoff: Backoff::default(),
            entry_peers: 0,
            within: None,
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
        matches!(
            self.state,
            State::Opening { .. } | State::Working { .. } | State::Open { .. }
        )
    }

    /// The server's challenge, and the answer to it if that takes no work.
    pub(crate) fn handle_challenge(
        &mut self,
        now: Time,
        keypair: &Keypair,
        nonce: [u8; NONCE],
        bits: u8,
    ) -> Option<String> {
        if bits == 0 {
            return Some(challenge_response_with_work(keypair, &nonce, None));
        }
        if let State::Opening { .. } = self.state {
            self.state = State::Working {
                nonce,
                work: Box::new(Work::new(&nonce, keypair.id(), bits)),
                next: now,
                deadline: now + WORK_TIMEOUT,
            };
        }
        None
    }

    /// Goes on with the work; gives the answer to the challenge when it is done.
    pub(crate) fn work(&mut self, now: Time, keypair: &Keypair, hidden: bool) -> Option<String> {
        let State::Working {
            nonce, work, next, ..
        } = &mut self.state
        else {
            return None;
        };
        *next = now;
        let attempts = if hidden { HIDDEN_ATTEMPTS } else { ATTEMPTS };
        let counter = work.search(attempts)?;
        let answer = challenge_response_with_work(keypair, nonce, Some(counter));
        let deadline = now + OPEN_TIMEOUT;
        self.state = State::Opening { deadline };
        Some(answer)
    }

    /// The server has welcomed this peer. Returns whether that is news.
    pub(crate) fn handle_welcome(&mut self, now: Time) -> bool {
        match self.state {
            State::Opening { .. } => {
                self.entry_peers = 0;
                self.state = State::Open {
                    since: now,
                    is_told: false,
                };
                true
            }
            State::Off
            | State::Closed { .. }
            | State::Working { .. }
            | State::Open { .. }
            | State::Released { .. } => false,
        }
    }

    /// Whether the server is to be told as soon as this peer has joined the network.
    pub(crate) fn awaits_joined(&self) -> bool {
        matches!(self.state, State::Open { is_told: false, .. })
    }

    /// The server is told that this peer has joined the network.
    pub(crate) fn tell_joined(&mut self) {
        if let State::Open { is_told, .. } = &mut self.state {
            *is_told = true;
        }
    }

    /// The server lets this peer go, who knows of a network of so many, and must be back `within`
    /// some time, if at all. Returns whether the channel was open.
    pub(crate) fn handle_release(
        &mut self,
        now: Time,
        entry_peers: u32,
        within: Option<Duration>,
        network_size: u32,
        rng: &mut Xoshiro256PlusPlus,
    ) -> bool {
        let was_open = self.is_open();
        if was_open {
            self.prove_stable(now);
            self.entry_peers = entry_peers;
            self.within = within;
            self.rest(now, network_size, rng);
        }
        was_open
    }

    /// The WebSocket is gone; `network_size` is there while this peer has links. Returns whether
    /// the channel was open.
    pub(crate) fn handle_closed(
        &mut self,
        now: Time,
        network_size: Option<u32>,
        rng: &mut Xoshiro256PlusPlus,
    ) -> bool {
        if !self.has_socket() {
            return false;
        }
        let was_open = self.is_open();
        self.prove_stable(now);
        match network_size {
            // A server that is down must not find all whom it has let go at its door.
            Some(size) if self.entry_peers > 0 => self.rest(now, size, rng),
            Some(_) | None => self.fail(now, rng),
        }
        was_open
    }

    /// The server is of no use, and won't be for a while. Returns whether the channel was open.
    pub(crate) fn leave_alone(&mut self, now: Time, rng: &mut Xoshiro256PlusPlus) -> bool {
        let was_open = self.is_open();
        let retry = now + RETURN / 2 + random_below(RETURN, rng);
        self.state = State::Closed { retry };
        was_open
    }

    /// The channel is needed: a peer that was let go comes back.
    pub(crate) fn want(&mut self, now: Time, rng: &mut Xoshiro256PlusPlus) {
        match self.state {
            State::Released { since, .. } if now.since(since) >= STABLE => {
                self.state = State::Closed { retry: now };
            }
            // Let go again and again, it would come back again and again.
            State::Released { .. } => self.fail(now, rng),
            State::Off
            | State::Closed { .. }
            | State::Opening { .. }
            | State::Working { .. }
            | State::Open { .. } => {}
        }
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
            State::Closed { retry: due } | State::Released { back: due, .. } if due <= now => {
                let deadline = now + OPEN_TIMEOUT;
                self.state = State::Opening { deadline };
                Some(Due::Open)
            }
            State::Opening { deadline } | State::Working { deadline, .. } if deadline <= now => {
                Some(Due::Close)
            }
            State::Working { next, .. } if next <= now => Some(Due::Work),
            State::Off
            | State::Closed { .. }
            | State::Opening { .. }
            | State::Working { .. }
            | State::Open { .. }
            | State::Released { .. } => None,
        }
    }

    /// When something is due.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        match self.state {
            State::Closed { retry: due }
            | State::Opening { deadline: due }
            | State::Working { next: due, .. }
            | State::Released { back: due, .. } => Some(due),
            State::Off | State::Open { .. } => None,
        }
    }

    fn prove_stable(&mut self, now: Time) {
        if let State::Open { since, .. } = self.state
            && now.since(since) >= STABLE
        {
            self.backoff = Backoff::default();
        }
    }

    fn fail(&mut self, now: Time, rng: &mut Xoshiro256PlusPlus) {
        let pause = self.backoff.fail(self.retry_base, self.retry_max, rng);
        self.state = State::Closed { retry: now + pause };
    }

    fn rest(&mut self, now: Time, network_size: u32, rng: &mut Xoshiro256PlusPlus) {
        let pause = match network_size < self.entry_peers / 2 {
            true => RETURN_SOON,
            false => RETURN.saturating_mul((network_size / self.entry_peers).max(1)),
        };
        let most = pause.saturating_mul(2);
        let most = self.within.map_or(most, |within| most.min(within));
        self.state = State::Released {
            since: now,
            back: now + random_below(most, rng),
        };
    }
}
