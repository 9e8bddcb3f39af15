//! What can be set about STUN and TURN, and every bound.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::ops::RangeInclusive;
use std::time::Duration;

use boplish_directory::TurnSecret;

/// STUN and TURN: in this server, and in others that share a secret with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnOptions {
    /// Where STUN (RFC 8489) is answered over UDP.
    pub stun: Vec<SocketAddr>,
    /// Where TURN (RFC 8656) is served, and STUN answered, over UDP and TCP.
    pub turn: Vec<SocketAddr>,
    /// The addresses at which others reach this server, at most one of IPv4 and one of IPv6: those
    /// of relays and in URIs. Without any, those that are listened on.
    pub public_addresses: Vec<IpAddr>,
    /// The UDP ports of relays.
    pub ports: RangeInclusive<u16>,
    /// Other TURN servers that take credentials made with the secret: their URIs.
    pub urls: Vec<String>,
    /// What credentials are made with; one is drawn if there is none.
    pub secret: Option<TurnSecret>,
    /// How long a credential holds, in whole seconds.
    pub lifetime: Duration,
    /// Whether relays may send to loopback, private and link-local addresses, and to this machine.
    pub allow_private: bool,
    /// The bounds.
    pub limits: TurnLimits,
}

/// The bounds of the TURN server, with what happens at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnLimits {
    /// Allocations in all; a further one is refused with 508.
    pub allocations: NonZeroUsize,
    /// Allocations of one peer, whatever its credentials; a further one is refused with 486. A page
    /// makes one or two for each link.
    pub allocations_per_peer: NonZeroUsize,
    /// Bytes that are relayed from and to one peer per second, over all of its allocations; what
    /// is beyond that is dropped.
    pub bytes_per_second: NonZeroU32,
}

impl Default for TurnOptions {
    fn default() -> Self {
        Self {
            stun: Vec::new(),
            turn: Vec::new(),
            public_addresses: Vec::new(),
            ports: 49_152..=65_535,
            urls: Vec::new(),
            secret: None,
            lifetime: Duration::from_secs(12 * 3_600),
            allow_private: false,
            limits: TurnLimits::default(),
        }
    }
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            allocations: NonZeroUsize::MIN.saturating_add(4_095),
            allocations_per_peer: NonZeroUsize::MIN.saturating_add(127),
            bytes_per_second: NonZeroU32::MIN.saturating_add(1024 * 1024 - 1),
        }
    }
}
