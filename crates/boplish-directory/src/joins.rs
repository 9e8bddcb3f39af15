//! How often WebSockets may be opened: decided before the directory hears of a newcomer, so that one
//! too many costs an HTTP response and nothing else.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::bucket::Bucket;
use crate::config::{Limits, Rate};
use crate::table::network_of;

/// Addresses that are remembered. Beyond that, the one is forgotten that would be soonest anyway;
/// it then counts as one that has never come.
const MAX_ADDRESSES: usize = 100_000;

/// Joins in a minute for each connection that there may be, if no rate is given: room for all to come
/// back some times, as when a server is restarted.
const JOINS_PER_CONNECTION: u32 = 10;

/// Counts the WebSockets that are opened, in all and by address (IPv6: by /64 network).
#[derive(Debug)]
pub struct JoinLimiter {
    rate: Rate,
    rate_of_one: Rate,
    all: Bucket,
    buckets: BTreeMap<IpAddr, Bucket>,
    /// When the bucket of each address is full again, and it may be forgotten.
    forget: BTreeSet<(Duration, IpAddr)>,
}

impl JoinLimiter {
    /// Goes by [`Limits::joins`] and [`Limits::joins_per_address`].
    pub fn new(limits: &Limits) -> Self {
        let by = |connections| {
            let count = u32::try_from(connections).unwrap_or(u32::MAX);
            Rate::per_minute(count.saturating_mul(JOINS_PER_CONNECTION))
        };
        let of_one = limits.joins_per_address;
        Self {
            rate: limits.joins.unwrap_or(by(limits.connections)),
            rate_of_one: of_one.unwrap_or(by(limits.connections_per_address)),
            all: Bucket::full(Duration::ZERO),
            buckets: BTreeMap::new(),
            forget: BTreeSet::new(),
        }
    }

    /// Counts one from this address, whose time never goes back.
    ///
    /// # Errors
    ///
    /// It is one too many, and is not counted; after this time it would not be.
    pub fn join(&mut self, now: Duration, address: IpAddr) -> Result<(), Duration> {
        while let Some((full_at, address)) = self.forget.first().copied()
            && full_at <= now
        {
            self.forget(full_at, address);
        }
        let address = network_of(address);
        let known = self.buckets.get(&address).copied();
        let mut bucket = known.unwrap_or(Bucket::full(now));
        if !bucket.take(now, &self.rate_of_one, 1) {
            return Err(bucket.time_to_one(now, &self.rate_of_one));
        }
        if !self.all.take(now, &self.rate, 1) {
            return Err(self.all.time_to_one(now, &self.rate));
        }
        match known {
            Some(known) => {
                self.forget.remove(&(known.full_at(), address));
            }
            None => {
                if self.buckets.len() >= MAX_ADDRESSES
                    && let Some((full_at, soonest)) = self.forget.first().copied()
                {
                    self.forget(full_at, soonest);
                }
            }
        }
        self.forget.insert((bucket.full_at(), address));
        self.buckets.insert(address, bucket);
        Ok(())
    }

    /// Addresses that are remembered, since they came not long ago.
    pub fn addresses(&self) -> usize {
        self.buckets.len()
    }

    fn forget(&mut self, full_at: Duration, address: IpAddr) {
        self.forget.remove(&(full_at, address));
        self.buckets.remove(&address);
    }
}
