//! What peers may use of the relay, in all and each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::config::TurnLimits;

/// What is in use. Clones are handles to the same.
#[derive(Debug, Clone)]
pub(super) struct Quotas {
    limits: TurnLimits,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    allocations: usize,
    /// Those that have allocations.
    peers: BTreeMap<String, PeerUse>,
}

#[derive(Debug)]
struct PeerUse {
    allocations: usize,
    /// When the bytes sent so far are paid for, at the rate that is allowed.
    paid: Duration,
}

/// How far a peer may be ahead of its rate.
const BURST: Duration = Duration::from_secs(1);

/// Why there is no allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The peer has as many as it may have.
    Peer,
    /// There are as many as there may be.
    Server,
}

impl Quotas {
    pub(super) fn new(limits: TurnLimits) -> Self {
        Self {
            limits,
            used: Arc::default(),
        }
    }

    /// Counts an allocation of a peer for as long as the share is kept.
    pub(super) fn take(&self, now: Duration, peer: &str) -> Result<Share, Full> {
        let mut used = lock(&self.used);
        if used.allocations >= self.limits.allocations.get() {
            return Err(Full::Server);
        }
        // It begins with nothing saved, so that nothing is gained by beginning anew.
        let peer_use = used.peers.entry(peer.to_owned()).or_insert(PeerUse {
            allocations: 0,
            paid: now + BURST,
        });
        if peer_use.allocations >= self.limits.allocations_per_peer.get() {
            return Err(Full::Peer);
        }
        peer_use.allocations += 1;
        used.allocations += 1;
        Ok(Share {
            quotas: self.clone(),
            peer: peer.to_owned(),
        })
    }
}

/// One allocation's share of what there is.
#[derive(Debug)]
pub(super) struct Share {
    quotas: Quotas,
    peer: String,
}

impl Share {
    /// Whether the peer may have so many bytes relayed now; then they count.
    pub(super) fn pay(&self, now: Duration, bytes: usize) -> bool {
        let mut used = lock(&self.quotas.used);
        let Some(peer) = used.peers.get_mut(&self.peer) else {
            return false;
        };
        let rate = u64::from(self.quotas.limits.bytes_per_second.get());
        let cost = Duration::from_nanos((bytes as u64).saturating_mul(1_000_000_000) / rate);
        let paid = peer.paid.max(now) + cost;
        let is_within = paid <= now + BURST;
        if is_within {
            peer.paid = paid;
        }
        is_within
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = lock(&self.quotas.used);
        used.allocations -= 1;
        if let Some(peer) = used.peers.get_mut(&self.peer) {
            peer.allocations -= 1;
            if peer.allocations == 0 {
                used.peers.remove(&self.peer);
            }
        }
    }
}

/// The numbers are right between any two statements, so a panic elsewhere does them no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn quotas(allocations: usize, per_peer: usize) -> Quotas {
        Quotas::new(TurnLimits {
            allocations: NonZeroUsize::new(allocations).expect("at least one"),
            allocations_per_peer: NonZeroUsize::new(per_peer).expect("at least one"),
            bytes_per_second: NonZeroU32::new(1_000).expect("at least one"),
        })
    }

    #[test]
    fn a_peer_and_all_peers_have_so_many_allocations_until_they_end() {
        let quotas = quotas(3, 2);
        let mut shares: Vec<_> = (0..2)
            .map(|_| quotas.take(SECOND, "ada").expect("there is room"))
            .collect();
        assert_eq!(quotas.take(SECOND, "ada").err(), Some(Full::Peer));
        shares.push(quotas.take(SECOND, "bob").expect("there is room"));
        assert_eq!(quotas.take(SECOND, "eve").err(), Some(Full::Server));
        shares.remove(0);
        shares.push(quotas.take(SECOND, "ada").expect("one has ended"));
        drop(shares);
        assert_eq!(lock(&quotas.used).allocations, 0);
        assert!(lock(&quotas.used).peers.is_empty());
    }

    #[test]
    fn bytes_are_within_a_rate_that_all_allocations_of_a_peer_share() {
        let quotas = quotas(4, 2);
        let [first, second] = [(); 2].map(|()| quotas.take(SECOND, "ada").expect("room"));
        let other = quotas.take(SECOND, "bob").expect("room");
        assert!(!first.pay(SECOND, 1), "nothing is saved at first");
        let now = SECOND * 2;
        assert!(first.pay(now, 600));
        assert!(!second.pay(now, 600));
        assert!(second.pay(now, 400));
        assert!(!first.pay(now, 1));
        assert!(other.pay(now, 1_000));
        // Half a second later, half of it is back; after an hour, no more than a second's.
        let now = now + SECOND / 2;
        assert!(!first.pay(now, 501));
        assert!(first.pay(now, 500));
        let now = SECOND * 3_600;
        assert!(!first.pay(now, 1_001));
        assert!(first.pay(now, 1_000));
    }
}
