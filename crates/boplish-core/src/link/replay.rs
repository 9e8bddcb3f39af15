//! Remembers what was seen, so that a repetition is told from the first.

use std::collections::VecDeque;

use crate::table::Set;

/// The newest `limit` keys that were inserted.
#[derive(Debug)]
pub(crate) struct Seen<K> {
    keys: Set<K>,
    order: VecDeque<K>,
    limit: usize,
}

impl<K: Ord + Copy> Seen<K> {
    /// Remembers at most `limit` keys; the oldest are forgotten first.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            keys: Set::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    /// Whether the key is new.
    pub(crate) fn insert(&mut self, key: K) -> bool {
        if self.keys.insert(key, ()).is_some() {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }
}
