//! The paths between peers: whether packets get through, and when.

use core::time::Duration;

use boplish_core::wire::PeerId;

use crate::access::Nat;
use crate::moment::{nanos, span};
use crate::peer::{Peer, PeerHandle};
use crate::random::{Random, mix};

use super::World;

/// Bytes of a packet of SCTP over DTLS over UDP.
const PACKET: usize = 1_200;
/// The shortest retransmission time-out: what SCTP in browsers uses.
const RTO_LEAST: Duration = Duration::from_millis(400);
/// The longest one counted here: after that a cut path is what it is.
const RTO_MOST: Duration = Duration::from_secs(10);

impl World {
    /// Whether packets get from one peer to the other and back.
    pub(super) fn is_reachable(&self, a: PeerHandle, b: PeerHandle) -> bool {
        let (one, other) = (self.peer(a), self.peer(b));
        let are_there = |it: &Peer| it.node.is_some() && it.blinks == 0;
        are_there(one)
            && are_there(other)
            && one.side == other.side
            && self.can_connect(a, b)
            && !self.unreachable.contains(&(a.min(b), a.max(b)))
    }

    /// Whether two peers can ever have a direct path: their address translators let them, and
    /// they are none of the pairs that fail for other reasons.
    pub fn can_connect(&self, a: PeerHandle, b: PeerHandle) -> bool {
        let (one, other) = (&self.peer(a).line, &self.peer(b).line);
        let share = u64::from(self.network.unreachable);
        one.nat.connects(other.nat)
            && (share == 0 || mix(self.word_of(a, b) ^ 0x7061_6972) % 1000 >= share)
    }

    pub(super) fn reaches_server(&self, peer: PeerHandle) -> bool {
        let it = self.peer(peer);
        it.node.is_some() && it.blinks == 0 && self.server_side.is_none_or(|side| side == it.side)
    }

    /// What is in front of a peer.
    pub fn nat(&self, peer: PeerHandle) -> Nat {
        self.peer(peer).line.nat
    }

    /// What a packet takes one way between two peers, without jitter. It never changes.
    pub fn distance(&self, a: PeerHandle, b: PeerHandle) -> Duration {
        let pair = self.word_of(a, b);
        let places = (&self.peer(a).line.place, &self.peer(b).line.place);
        match (&self.network.geography, places) {
            (Some(geography), (Some(a), Some(b))) => geography.one_way(a, b, pair),
            (_, _) => self.network.distance.draw(&mut Random::new(pair)),
        }
    }

    /// What a message takes on average over a link between two peers: what stretch is the ratio to.
    pub fn direct_latency(&self, a: PeerHandle, b: PeerHandle) -> Duration {
        self.distance(a, b) + self.network.jitter.mean()
    }

    /// What one message takes from one peer to the other: the distance of the pair, and what this
    /// message takes in addition.
    pub(super) fn latency(&mut self, a: PeerHandle, b: PeerHandle) -> Duration {
        self.distance(a, b) + self.network.jitter.draw(&mut self.random)
    }

    /// When so many bytes arrive that are sent now, in nanoseconds.
    pub(super) fn arrival(&mut self, from: PeerHandle, to: PeerHandle, bytes: usize) -> u64 {
        let latency = self.latency(from, to);
        let lost = self.retransmissions(latency, bytes);
        self.departure(from, bytes) + span(latency) + span(lost)
    }

    /// When so many bytes have left a peer, which sends one frame after the other.
    fn departure(&mut self, peer: PeerHandle, bytes: usize) -> u64 {
        let now = nanos(self.now);
        let line = &mut self.peer_mut(peer).line;
        let Some([up, _]) = line.rates else {
            return now;
        };
        line.departed = line.departed.max(now) + transmission(bytes, up);
        line.departed
    }

    /// When so many bytes that reach a peer's line now have come through it.
    pub(super) fn reception(&mut self, peer: PeerHandle, bytes: usize) -> u64 {
        let now = nanos(self.now);
        let line = &mut self.peer_mut(peer).line;
        let Some([_, down]) = line.rates else {
            return now;
        };
        line.received = line.received.max(now) + transmission(bytes, down);
        line.received
    }

    /// How much later a message comes since packets of it were lost.
    fn retransmissions(&mut self, latency: Duration, bytes: usize) -> Duration {
        let loss = u64::from(self.network.loss);
        let mut most = Duration::ZERO;
        if loss == 0 {
            return most;
        }
        for _ in 0..1 + bytes / PACKET {
            let (mut late, mut timeout) = (Duration::ZERO, RTO_LEAST.max(latency * 3));
            while timeout <= RTO_MOST && self.random.below(1_000_000) < loss {
                late += timeout;
                timeout *= 2;
            }
            most = most.max(late);
        }
        most
    }

    /// The word of a pair, whichever of the two comes first.
    fn word_of(&self, a: PeerHandle, b: PeerHandle) -> u64 {
        let pair = u64::from(a.min(b).0) << 32 | u64::from(a.max(b).0);
        mix(self.seed ^ mix(pair))
    }

    pub(super) fn id_of(&self, peer: PeerHandle) -> PeerId {
        self.peer(peer).id
    }
}

/// Nanoseconds that bytes take at a rate per second.
fn transmission(bytes: usize, rate: u32) -> u64 {
    bytes as u64 * 1_000_000_000 / u64::from(rate.max(1))
}
