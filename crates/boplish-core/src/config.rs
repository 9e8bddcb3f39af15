//! What can be set, and every bound and timer of the core.

use core::time::Duration;
use std::sync::Arc;

/// Bytes of `bufferedAmount` at or below which a shell reports it; above it, messages wait in
/// the link's own queue. FACTS: browsers are fastest with 64 KiB in flight.
pub const BUFFERED_AMOUNT_LOW: usize = 64 * 1024;

/// Settings of a [`Node`](crate::Node). The default suits browsers and native peers.
#[derive(Debug, Clone)]
pub struct Config {
    /// Use a bootstrap server. Without one, nothing opens a signaling channel.
    pub bootstrap: bool,
    /// Timers and bounds of links; many peers in one process can share them.
    pub link: Arc<LinkConfig>,
    /// Timers and bounds of messages between applications.
    pub delivery: DeliveryConfig,
    /// How messages find their way.
    pub router: RouterConfig,
}

/// Bounds of what a peer stores, for itself and for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConfig {
    /// Peers that store each record; 1 to 8, the length of the successor list.
    pub replicas: usize,
    /// Bytes of all records, with 120 more for each. When there is one more, whoever has published
    /// most gives way.
    pub capacity: usize,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            replicas: 8,
            capacity: 16 * 1024 * 1024,
        }
    }
}

/// What a peer does with contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentConfig {
    /// Whether others get what this peer has.
    pub serves: bool,
    /// Whether others may ask it to hold copies:
    /// [`ContentEvent::KeepAsked`](crate::ContentEvent), which the shell answers.
    pub keeps: bool,
}

impl Default for ContentConfig {
    fn default() -> Self {
        Self {
            serves: true,
            keeps: false,
        }
    }
}

/// How messages find their way. All peers of a network have the same; one that is set to another
/// is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouterConfig {
    /// As the bootstrap server says; where it says nothing, after
    /// [`NetworkParameters::default`](boplish_wire::bootstrap::NetworkParameters).
    FromNetwork {
        /// Links that this peer has in a ring, if it does not want as many as the server says; at
        /// least 12.
        budget: Option<usize>,
    },
    /// Everybody is linked with everybody: the report's router (section 4.1.4).
    Mesh,
    /// A ring, for networks of any size; as good as a mesh while there are no more peers than
    /// links.
    Chord(ChordConfig),
}

/// Bounds and timers of the ring. What is beyond the limits here is brought to the nearest of
/// them, and no timer is shorter than 10 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChordConfig {
    /// Links that a peer has, own and incoming; at least 12. A newcomer's first may come on top.
    pub budget: usize,
    /// Length of the successor list, and of the list of predecessors; 1 to 16.
    pub successors: usize,
    /// The nearest on the ring with whom there is a link, on either side; 1 to half of the budget.
    pub ring_links: usize,
    /// Links of the budget that are left to others; half of it at most.
    pub reserve: usize,
    /// How often the successor is asked for its place, at most; half of it at least.
    pub stabilize_interval: Duration,
    /// How often neighbours are told what is new in the own table.
    pub announce_interval: Duration,
    /// How long news wait for more.
    pub announce_delay: Duration,
    /// How often it is seen whether links are missing, besides when one is lost.
    pub long_interval: Duration,
    /// How often it is seen whether the ring is one.
    pub check_interval: Duration,
    /// Silence of a peer that should have answered after which the ring does without it.
    pub ring_patience: Duration,
}

/// Timers and bounds of links and of the signaling channel.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// From an answer to an open link, and for the making of a description; then the attempt is
    /// given up.
    pub handshake_timeout: Duration,
    /// An offer waits this long for its answer, then its receiver counts as gone.
    pub answer_timeout: Duration,
    /// Local candidates are collected for this long before they are sent (RFC 8838).
    pub candidate_batch: Duration,
    /// An offer or answer that goes over the network waits this long for its candidates.
    pub gather_patience: Duration,
    /// A link on which nothing was sent for this long gets a keepalive.
    pub keepalive_interval: Duration,
    /// Silence after which a link counts as disturbed: the peer is asked for a sign of life.
    pub probe_after: Duration,
    /// Silence after which ICE is restarted.
    pub restart_after: Duration,
    /// Silence after which the link is closed.
    pub dead_after: Duration,
    /// The same for a peer that said it is hidden, and while this one is.
    pub dead_after_hidden: Duration,
    /// Attempts to connect to a peer before it is left alone until somebody names it again.
    pub max_attempts: u32,
    /// Pause before the second attempt; doubled for each further one, and half of it random.
    pub retry_base: Duration,
    /// The longest pause between attempts, and between attempts to reach the bootstrap server.
    pub retry_max: Duration,
    /// How often a peer that is alone asks the bootstrap server again.
    pub alone_interval: Duration,
    /// How long an invitation can be accepted, and its answer be brought back.
    pub invitation_lifetime: Duration,
    /// Links, open and half-open; further offers are denied.
    pub max_links: usize,
    /// Bytes that wait for one link's data channel; then messages for it are refused.
    pub max_queued: usize,
}

/// Timers and bounds of messages between applications.
#[derive(Debug, Clone)]
pub struct DeliveryConfig {
    /// An acknowledgement is waited for this long.
    pub ack_timeout: Duration,
    /// Messages that wait for their acknowledgement; then sending is refused.
    pub max_unacknowledged: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bootstrap: true,
            link: Arc::default(),
            delivery: DeliveryConfig::default(),
            router: RouterConfig::FromNetwork { budget: None },
        }
    }
}

impl Default for ChordConfig {
    fn default() -> Self {
        Self {
            budget: 34,
            successors: 8,
            ring_links: 4,
            reserve: 2,
            stabilize_interval: Duration::from_secs(8),
            announce_interval: Duration::from_secs(8),
            announce_delay: Duration::from_secs(1),
            long_interval: Duration::from_secs(30),
            check_interval: Duration::from_secs(60),
            ring_patience: Duration::from_secs(4),
        }
    }
}

impl ChordConfig {
    /// The same within all limits.
    pub(crate) fn within_limits(mut self) -> Self {
        self.budget = self.budget.max(12);
        self.successors = self.successors.clamp(1, 16);
        self.ring_links = self.ring_links.clamp(1, self.budget / 2);
        self.reserve = self.reserve.min(self.budget / 2);
        for timer in [
            &mut self.stabilize_interval,
            &mut self.announce_interval,
            &mut self.announce_delay,
            &mut self.long_interval,
            &mut self.check_interval,
            &mut self.ring_patience,
        ] {
            *timer = (*timer).max(Duration::from_millis(10));
        }
        self
    }
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_secs(6),
            candidate_batch: Duration::from_millis(40),
            gather_patience: Duration::from_millis(200),
            keepalive_interval: Duration::from_secs(4),
            probe_after: Duration::from_secs(9),
            restart_after: Duration::from_secs(12),
            dead_after: Duration::from_secs(26),
            dead_after_hidden: Duration::from_secs(100),
            max_attempts: 5,
            retry_base: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
            alone_interval: Duration::from_secs(30),
            invitation_lifetime: Duration::from_secs(600),
            max_links: 256,
            max_queued: 1024 * 1024,
        }
    }
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(15),
            max_unacknowledged: 4096,
        }
    }
}
