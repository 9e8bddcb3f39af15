//! Wrong tokens, counted by address, so that nobody can try many.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use boplish_directory::network_of;
use tokio::time::Instant;

/// Wrong tokens of one address within [`WINDOW`]; after that, it is not listened to.
const LIMIT: u32 = 10;

/// How long wrong tokens count.
pub(super) const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered; when there are more, the one whose first wrong token is longest
/// ago is forgotten.
const ADDRESSES: usize = 1_024;

/// Who has lately brought wrong tokens.
#[derive(Debug, Default)]
pub(super) struct Attempts(BTreeMap<IpAddr, Wrong>);

#[derive(Debug)]
struct Wrong {
    since: Instant,
    times: u32,
}

impl Attempts {
    /// Whether this address has brought so many that no further one is looked at.
    pub(super) fn is_blocked(&self, address: IpAddr, now: Instant) -> bool {
        let wrong = self.0.get(&network_of(address));
        wrong.is_some_and(|wrong| wrong.times >= LIMIT && now < wrong.since + WINDOW)
    }

    /// Counts a wrong token.
    pub(super) fn count(&mut self, address: IpAddr, now: Instant) {
        self.0.retain(|_, wrong| now < wrong.since + WINDOW);
        let address = network_of(address);
        if self.0.len() >= ADDRESSES && !self.0.contains_key(&address) {
            let oldest = self.0.iter().min_by_key(|(_, wrong)| wrong.since);
            if let Some((&oldest, _)) = oldest {
                self.0.remove(&oldest);
            }
        }
        let first = Wrong {
            since: now,
            times: 0,
        };
        self.0.entry(address).or_insert(first).times += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_brings_too_many_wrong_tokens_has_to_wait() {
        let mut attempts = Attempts::default();
        let start = Instant::now();
        for _ in 0..LIMIT {
            assert!(!attempts.is_blocked(address("2001:db8::1"), start));
            attempts.count(address("2001:db8::1"), start);
        }
        assert!(attempts.is_blocked(address("2001:db8::2"), start));
        assert!(!attempts.is_blocked(address("2001:db8:0:1::1"), start));
        assert!(!attempts.is_blocked(address("2001:db8::1"), start + WINDOW));
    }

    #[test]
    fn the_oldest_of_too_many_addresses_is_forgotten() {
        let mut attempts = Attempts::default();
        let start = Instant::now();
        for _ in 0..LIMIT {
            attempts.count(address("192.0.2.1"), start);
        }
        for number in 0..ADDRESSES {
            let other = Ipv6Addr::from_bits((number as u128) << 64);
            attempts.count(other.into(), start + Duration::from_millis(1));
        }
        assert_eq!(attempts.0.len(), ADDRESSES);
        assert!(!attempts.is_blocked(address("192.0.2.1"), start));
    }
}
