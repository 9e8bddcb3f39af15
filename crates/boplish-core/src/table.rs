//! Ordered tables, as flat sorted vectors.
//!
//! Tables here are small, and a B-tree's code, made anew for each type of entry, costs every
//! visitor of a page more than it could ever save. Keys and values lie apart, so that looking for
//! a key is the same code whatever the values are, and touches nothing but keys.

use std::collections::VecDeque;

/// A map that is iterated in the order of its keys.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, V> {
    keys: Vec<K>,
    values: Vec<V>,
}

/// A set that is iterated in order.
pub(crate) type Set<K> = Table<K, ()>;

impl<K: Ord, V> Table<K, V> {
    /// An empty one, which takes no memory.
    pub(crate) const fn new() -> Self {
        Self {
            keys: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Entries in the order of their keys, with room for no more.
    #[cfg(feature = "simulator")]
    pub(crate) fn from_sorted(entries: impl ExactSizeIterator<Item = (K, V)>) -> Self {
        let mut keys = Vec::with_capacity(entries.len());
        let mut values = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            keys.push(key);
            values.push(value);
        }
        debug_assert!(keys.is_sorted(), "the keys are in order");
        Self { keys, values }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        find(&self.keys, key).is_ok()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let index = find(&self.keys, key).ok()?;
        self.values.get(index)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let index = find(&self.keys, key).ok()?;
        self.values.get_mut(index)
    }

    /// The value of a key, which gets one if it has none.
    pub(crate) fn get_or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let index = match find(&self.keys, &key) {
            Ok(index) => index,
            Err(index) => {
                self.keys.insert(index, key);
                self.values.insert(index, V::default());
                index
            }
        };
        &mut self.values[index]
    }

    /// Gives a key a value, and returns the one that it had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match find(&self.keys, &key) {
            Ok(index) => Some(core::mem::replace(&mut self.values[index], value)),
            Err(index) => {
                self.keys.insert(index, key);
                self.values.insert(index, value);
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let index = find(&self.keys, key).ok()?;
        self.keys.remove(index);
        Some(self.values.remove(index))
    }

    /// Keeps the entries for which that holds.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let mut index = 0;
        while let (Some(key), Some(value)) = (self.keys.get(index), self.values.get(index)) {
            if keep(key, value) {
                index += 1;
            } else {
                self.keys.remove(index);
                self.values.remove(index);
            }
        }
    }

    /// The entry with the smallest key.
    pub(crate) fn first(&self) -> Option<(&K, &V)> {
        self.keys.first().zip(self.values.first())
    }

    /// The entries behind a key; all, without one.
    pub(crate) fn iter_behind(&self, key: Option<&K>) -> impl Iterator<Item = (&K, &V)> {
        let start = key.map_or(0, |key| match find(&self.keys, key) {
            Ok(index) => index + 1,
            Err(index) => index,
        });
        self.keys[start..].iter().zip(&self.values[start..])
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn keys(&self) -> core::slice::Iter<'_, K> {
        self.keys.iter()
    }

    pub(crate) fn values(&self) -> core::slice::Iter<'_, V> {
        self.values.iter()
    }

    pub(crate) fn values_mut(&mut self) -> core::slice::IterMut<'_, V> {
        self.values.iter_mut()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.keys.iter().zip(&mut self.values)
    }

    pub(crate) fn iter(
        &self,
    ) -> core::iter::Zip<core::slice::Iter<'_, K>, core::slice::Iter<'_, V>> {
        self.keys.iter().zip(&self.values)
    }
}

/// Where a key is, or where it belongs.
#[inline(never)]
fn find<K: Ord>(keys: &[K], key: &K) -> Result<usize, usize> {
    keys.binary_search(key)
}

impl<K: Ord, V> Default for Table<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Table<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut table = Self::new();
        for (key, value) in entries {
            table.insert(key, value);
        }
        table
    }
}

impl<'a, K, V> IntoIterator for &'a mut Table<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = core::iter::Zip<core::slice::Iter<'a, K>, core::slice::IterMut<'a, V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.iter().zip(&mut self.values)
    }
}

impl<K, V> IntoIterator for Table<K, V> {
    type Item = (K, V);
    type IntoIter = core::iter::Zip<std::vec::IntoIter<K>, std::vec::IntoIter<V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.keys.into_iter().zip(self.values)
    }
}

/// Removes the entry with the smallest key.
pub(crate) fn pop_first<K: Ord + Copy, V>(table: &mut Table<K, V>) -> Option<(K, V)> {
    let key = *table.first()?.0;
    table.remove(&key).map(|value| (key, value))
}

/// Gives back the memory that a table has kept for entries to come, but for a few. A million peers
/// in the simulator have half a dozen tables each.
pub(crate) fn shrink<K: Ord, V>(table: &mut Table<K, V>) {
    shrink_vec(&mut table.keys);
    shrink_vec(&mut table.values);
}

fn shrink_vec<T>(vec: &mut Vec<T>) {
    const SPARE: usize = 4;
    if vec.is_empty() {
        *vec = Vec::new();
    } else if vec.capacity() > vec.len() + 2 * SPARE {
        vec.shrink_to(vec.len() + SPARE);
    }
}

/// Takes the first item of a queue. One that is empty keeps nothing for items to come: most of a
/// million peers rest.
pub(crate) fn pop_or_shrink<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let item = queue.pop_front();
    if item.is_none() {
        *queue = VecDeque::new();
    }
    item
}
