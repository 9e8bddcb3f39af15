//! What can be set, and every bound of the directory.

use core::num::NonZeroUsize;
use core::time::Duration;

use boplish_wire::bootstrap::{IceServer, NetworkParameters};
use boplish_wire::limits::MAX_JSON;

use crate::turn::TurnConfig;

/// How a directory behaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Whether the report's original clients, whose ids are unproven, are admitted.
    pub open_ids: bool,
    /// STUN and TURN servers that newcomers are told of in their welcome.
    pub ice_servers: Vec<IceServer>,
    /// TURN servers that newcomers get credentials of their own for.
    pub turn: Option<TurnConfig>,
    /// The network's parameters, which newcomers are told of in their welcome; without them, each
    /// peer goes by its own.
    pub network: Option<NetworkParameters>,
    /// Whether newcomers have to work.
    pub proof_of_work: ProofOfWork,
    /// The bounds.
    pub limits: Limits,
}

/// Whether newcomers have to bring a proof of work; one that does not is closed with
/// [`WorkNeeded`](crate::CloseReason::WorkNeeded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProofOfWork {
    /// Never.
    #[default]
    Off,
    /// While more come per second than [`Limits::joins_without_work`] says: the more, the harder.
    Auto,
    /// Always, and always with so many bits, up to [`MAX_WORK`](crate::MAX_WORK).
    Always(u8),
}

/// The bounds of a directory, with what happens at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all, those that still have to prove their id included; a further one is
    /// closed with [`ServerFull`](crate::CloseReason::ServerFull).
    pub connections: usize,
    /// Connections of one IPv4 address or one IPv6 /64 network, which one host commonly has for
    /// itself; a further one is closed with [`AddressFull`](crate::CloseReason::AddressFull).
    pub connections_per_address: usize,
    /// Connections that still have to prove their id; for a further one the oldest of them is
    /// closed with [`Crowded`](crate::CloseReason::Crowded), since an honest client proves its id
    /// within a round trip.
    pub unproven: usize,
    /// Peers that have joined the network and are kept so that newcomers can be introduced to
    /// them. When there is one more, an eighth of them, chosen by lot, do no more for newcomers,
    /// and are closed with [`Released`](crate::CloseReason::Released) after `release_after`.
    pub entry_peers: NonZeroUsize,
    /// How long a peer that is to be released is kept, so that it can finish what it has begun
    /// with newcomers, or they with it.
    pub release_after: Duration,
    /// How long a client may take to prove its id; then it is closed with
    /// [`ProofTimeout`](crate::CloseReason::ProofTimeout).
    pub proof_timeout: Duration,
    /// How much longer a client may take that has to work for its place.
    pub work_timeout: Duration,
    /// Newcomers per second that need not work, with [`ProofOfWork::Auto`].
    pub joins_without_work: u32,
    /// WebSockets that are opened, in all; for [`JoinLimiter`](crate::JoinLimiter). `None`: in each
    /// minute ten times as many as there may be `connections`.
    pub joins: Option<Rate>,
    /// WebSockets that one address (an IPv6 /64 network) opens; for
    /// [`JoinLimiter`](crate::JoinLimiter). `None`: in each minute ten times as many as there
    /// may be `connections_per_address`.
    pub joins_per_address: Option<Rate>,
    /// Bytes of the longest message; a longer one is refused with an error, which is a strike.
    pub message_bytes: usize,
    /// Messages of one connection; one beyond that is refused with an error, which is a strike.
    pub messages: Rate,
    /// Bytes of messages of one connection; a message beyond that is refused with an error, which
    /// is a strike.
    pub bytes: Rate,
    /// Strikes of one connection: messages that had to be refused because the client broke the
    /// rules. At one beyond that it is closed with
    /// [`TooManyErrors`](crate::CloseReason::TooManyErrors).
    pub strikes: Rate,
}

/// A token bucket: so many at once, and so many per second in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many at once.
    pub burst: u32,
    /// How many come back in each `period`.
    pub refill: u32,
    /// The time in which `refill` come back.
    pub period: Duration,
}

impl Rate {
    /// So many per second, with so many at once.
    pub const fn per_second(refill: u32, burst: u32) -> Self {
        Self {
            burst,
            refill,
            period: Duration::from_secs(1),
        }
    }

    /// So many per minute, and all of them at once.
    pub const fn per_minute(count: u32) -> Self {
        Self {
            burst: count,
            refill: count,
            period: Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    /// Room for a newcomer that sets up 200 links at once: an offer or answer and a handful of
    /// candidate messages for each, below 2 KiB all.
    fn default() -> Self {
        Self {
            connections: 100_000,
            connections_per_address: 1_000,
            unproven: 10_000,
            entry_peers: NonZeroUsize::MIN.saturating_add(255),
            release_after: Duration::from_secs(10),
            proof_timeout: Duration::from_secs(10),
            work_timeout: Duration::from_secs(60),
            joins_without_work: 50,
            joins: None,
            joins_per_address: None,
            message_bytes: MAX_JSON,
            messages: Rate::per_second(200, 2_000),
            bytes: Rate::per_second(512 * 1024, 4 * 1024 * 1024),
            strikes: Rate {
                burst: 20,
                refill: 1,
                period: Duration::from_secs(10),
            },
        }
    }
}
