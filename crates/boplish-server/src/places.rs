//! Who has how many of the server's sockets, whatever is spoken on them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boplish_directory::network_of;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;

/// A place for each socket that the limits allow.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    most: usize,
    of_one: usize,
    /// Sockets by address (IPv6: by /64 network), where there are any.
    taken: Mutex<BTreeMap<IpAddr, usize>>,
    refused: AtomicU64,
}

impl Places {
    /// Goes by [`Limits::sockets`] and [`Limits::sockets_per_address`].
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let most = limits.sockets.min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            all: Arc::new(Semaphore::new(most)),
            most,
            of_one: limits.sockets_per_address,
            taken: Mutex::new(BTreeMap::new()),
            refused: AtomicU64::new(0),
        })
    }

    /// A place for whoever comes next, once there is one.
    pub(crate) async fn for_next(&self) -> OwnedSemaphorePermit {
        let place = self.all.clone().acquire_owned().await;
        place.expect("the semaphore is never closed")
    }

    /// One of the places of this address, until what is returned is dropped; none if it has as many
    /// as it may.
    pub(crate) fn of(self: &Arc<Self>, address: IpAddr) -> Option<PlaceOfOne> {
        let address = network_of(address);
        let mut taken = self.taken();
        let count = taken.get(&address).copied().unwrap_or(0);
        if count >= self.of_one {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        taken.insert(address, count + 1);
        Some(PlaceOfOne {
            places: self.clone(),
            address,
        })
    }

    /// Sockets that there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Sockets that were dropped, since their address had as many as it may.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the places that an address may have.
#[derive(Debug)]
pub(crate) struct PlaceOfOne {
    places: Arc<Places>,
    address: IpAddr,
}

impl Drop for PlaceOfOne {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(of_one: usize) -> Arc<Places> {
        Places::new(&Limits {
            sockets_per_address: of_one,
            ..Limits::default()
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let places = places(2);
        let first = places.of(address("192.0.2.1")).unwrap();
        let _second = places.of(address("192.0.2.1")).unwrap();
        assert!(places.of(address("192.0.2.1")).is_none());
        assert!(places.of(address("192.0.2.2")).is_some());
        assert_eq!(places.refused(), 1);
        drop(first);
        assert!(places.of(address("192.0.2.1")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let places = places(1);
        let _place = places.of(address("2001:db8::1")).unwrap();
        assert!(places.of(address("2001:db8::2")).is_none());
        assert!(places.of(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn who_has_none_is_forgotten() {
        let places = places(1);
        drop(places.of(address("192.0.2.1")));
        assert!(places.taken().is_empty());
    }
}
