//! Ordered tables, as flat sorted vectors.
//!
//! Tables here are small, and a B-tree's code, made anew for each type of entry, costs every
//! visitor of a page more than it could ever save.

use std::collections::VecDeque;

/// A map that is iterated in the order of its keys.
pub(crate) type Table<K, V> = litemap::LiteMap<K, V>;

/// A set that is iterated in order.
pub(crate) type Set<K> = litemap::LiteMap<K, ()>;

/// Removes the entry with the smallest key.
pub(crate) fn pop_first<K: Ord + Copy, V>(table: &mut Table<K, V>) -> Option<(K, V)> {
    let key = *table.first()?.0;
    table.remove(&key).map(|value| (key, value))
}

/// Gives back the memory that a table has kept for entries to come, but for a few. A million peers
/// in the simulator have half a dozen tables each.
pub(crate) fn shrink<K: Ord, V>(table: &mut Table<K, V>) {
    const SPARE: usize = 4;
    let mut entries = core::mem::take(table).into_tuple_vec();
    if entries.is_empty() {
        return;
    }
    if entries.capacity() > entries.len() + 2 * SPARE {
        entries.shrink_to(entries.len() + SPARE);
    }
    *table = Table::from_sorted_store_unchecked(entries);
}

/// Takes the first item of a queue; one that is empty gives back what a burst has taken.
pub(crate) fn pop_or_shrink<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let item = queue.pop_front();
    if item.is_none() && queue.capacity() > KEPT {
        *queue = VecDeque::new();
    }
    item
}

/// Room that an empty queue keeps.
const KEPT: usize = 8;
