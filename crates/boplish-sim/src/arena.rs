//! Things by number, in one place, whose numbers are used again without ever meaning two things.

use core::fmt;
use core::marker::PhantomData;
use core::num::NonZeroU32;

/// Names a thing of an [`Arena`]; once that is removed, it names nothing, for ever.
pub(crate) struct Index<T> {
    slot: u32,
    /// How often the slot was filled.
    stamp: NonZeroU32,
    of: PhantomData<fn() -> T>,
}

#[derive(Debug)]
pub(crate) struct Arena<T> {
    slots: Vec<Option<T>>,
    stamps: Vec<NonZeroU32>,
    free: Vec<u32>,
}

impl<T> Index<T> {
    pub(crate) fn slot(self) -> u32 {
        self.slot
    }

    /// Both numbers in one, which is as unique.
    pub(crate) fn word(self) -> u64 {
        u64::from(self.stamp.get()) << 32 | u64::from(self.slot)
    }
}

impl<T> Arena<T> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            stamps: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.slots.reserve_exact(more);
        self.stamps.reserve_exact(more);
    }

    pub(crate) fn insert(&mut self, it: T) -> Index<T> {
        let slot = match self.free.pop() {
            Some(slot) => {
                let stamp = &mut self.stamps[slot as usize];
                *stamp = stamp.checked_add(1).unwrap_or(NonZeroU32::MIN);
                self.slots[slot as usize] = Some(it);
                slot
            }
            None => {
                self.slots.push(Some(it));
                self.stamps.push(NonZeroU32::MIN);
                self.slots.len() as u32 - 1
            }
        };
        self.index(slot)
    }

    pub(crate) fn remove(&mut self, index: Index<T>) -> Option<T> {
        self.get(index)?;
        self.free.push(index.slot);
        self.slots[index.slot as usize].take()
    }

    pub(crate) fn get(&self, index: Index<T>) -> Option<&T> {
        match self.stamps[index.slot as usize] == index.stamp {
            true => self.slots[index.slot as usize].as_ref(),
            false => None,
        }
    }

    pub(crate) fn get_mut(&mut self, index: Index<T>) -> Option<&mut T> {
        match self.stamps[index.slot as usize] == index.stamp {
            true => self.slots[index.slot as usize].as_mut(),
            false => None,
        }
    }

    /// What is in a slot now, if anything is.
    pub(crate) fn at(&self, slot: u32) -> Option<Index<T>> {
        self.slots.get(slot as usize)?.as_ref()?;
        Some(self.index(slot))
    }

    /// What is in the slot that a [`Index::word`] names, if it is still the same.
    pub(crate) fn find(&self, word: u64) -> Option<Index<T>> {
        self.at(word as u32).filter(|index| index.word() == word)
    }

    /// Everything, in the order of the slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Index<T>, &T)> {
        let filled =
            |(slot, it): (usize, &'_ Option<T>)| it.is_some().then(|| self.index(slot as u32));
        let all = self.slots.iter().enumerate().filter_map(filled);
        all.filter_map(|index| Some((index, self.get(index)?)))
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn index(&self, slot: u32) -> Index<T> {
        Index {
            slot,
            stamp: self.stamps[slot as usize],
            of: PhantomData,
        }
    }
}

impl<T> Clone for Index<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Index<T> {}

impl<T> PartialEq for Index<T> {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

impl<T> Eq for Index<T> {}

impl<T> fmt::Debug for Index<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_never_names_what_took_its_place() {
        let mut arena = Arena::new();
        let (a, b) = (arena.insert('a'), arena.insert('b'));
        assert_eq!(arena.remove(a), Some('a'));
        let c = arena.insert('c');
        assert_eq!(c.slot(), a.slot());
        assert_eq!(
            [a, b, c].map(|it| arena.get(it)),
            [None, Some(&'b'), Some(&'c')]
        );
        assert_eq!((arena.remove(a), arena.find(a.word())), (None, None));
        assert_eq!(arena.find(c.word()), Some(c));
        assert_eq!(arena.len(), 2);
    }
}
