//! Remembers what was seen, so that a repetition is told from the first.

use crate::table::Set;

/// The newest keys that were inserted, in two generations: when the newer is full, it takes the
/// place of the older.
#[derive(Debug)]
pub(crate) struct Seen<K> {
    newer: Set<K>,
    older: Set<K>,
    limit: usize,
}

impl<K: Ord> Seen<K> {
    /// Remembers the newest `limit` keys, and at most twice as many.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            newer: Set::new(),
            older: Set::new(),
            limit,
        }
    }

    /// Whether the key is new.
    pub(crate) fn insert(&mut self, key: K) -> bool {
        if self.older.contains_key(&key) || self.newer.insert(key, ()).is_some() {
            return false;
        }
        if self.newer.len() >= self.limit {
            self.older = core::mem::take(&mut self.newer);
        }
        true
    }
}
