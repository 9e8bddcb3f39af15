//! Equal tables in one place: all neighbours of a peer know the same of its links, so that a
//! network without this has each table some thirty times.

use core::hash::BuildHasherDefault;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use boplish_core::wire::ring::TableEntry;

use crate::trace::Mixer;

type Table = Vec<TableEntry>;

/// The tables that somebody has, by their hashes.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Only asked, and swept; its order is nobody's business.
    all: HashMap<u64, Weak<Table>, BuildHasherDefault<Mixer>>,
    /// Whether each peer keeps its own.
    pub(crate) are_apart: bool,
    /// As many entries as lead to a sweep.
    full: usize,
}

/// A frame of so many bytes at most tells nothing new of its sender's links.
pub(crate) const PLAIN_KEEPALIVE: usize = 7;

/// Entries that are never worth a sweep.
const FEW: usize = 1_024;

impl Tables {
    /// Takes the equal table that somebody else has, or keeps this one for others in mind.
    pub(crate) fn share(&mut self, table: &mut Arc<Table>) {
        if self.are_apart || table.is_empty() || Arc::strong_count(table) > 1 {
            return;
        }
        let hash = hash(table);
        match self.all.get(&hash).and_then(Weak::upgrade) {
            Some(known) if known == *table => *table = known,
            // Two with one hash: the first stays known.
            Some(_) => {}
            None => {
                self.all.insert(hash, Arc::downgrade(table));
                self.sweep();
            }
        }
    }

    /// Forgets those that nobody has any more, now and then.
    fn sweep(&mut self) {
        if self.all.len() >= self.full.max(FEW) {
            self.all.retain(|_, table| table.strong_count() > 0);
            // What nobody has still takes its memory.
            self.full = self.all.len() + self.all.len() / 8;
        }
    }
}

fn hash(table: &[TableEntry]) -> u64 {
    let mut mixer = Mixer::default();
    for entry in table {
        let rest = u64::from(entry.latency) << 8 | u64::from(entry.gap);
        mixer.word(u64::from(entry.position) << 16 | rest);
    }
    core::hash::Hasher::finish(&mixer)
}

#[cfg(test)]
mod tests {
    use boplish_core::wire;

    use super::*;

    #[test]
    fn a_frame_with_news_is_longer_than_a_plain_keepalive() {
        let bytes = |routing| {
            let keepalive = wire::Keepalive {
                hidden: true,
                echo: true,
                routing,
            };
            wire::Frame::Keepalive(keepalive).encode().len()
        };
        assert!(bytes(Vec::new()) <= PLAIN_KEEPALIVE);
        let shortest = wire::ring::Table {
            removed: vec![0],
            ..Default::default()
        };
        assert!(bytes(shortest.encode()) > PLAIN_KEEPALIVE);
    }

    fn table(position: u32) -> Arc<Table> {
        Arc::new(vec![TableEntry {
            position,
            latency: 1,
            gap: 2,
        }])
    }

    #[test]
    fn equal_tables_become_one_while_somebody_has_them() {
        let mut tables = Tables::default();
        let (mut one, mut same, mut other) = (table(7), table(7), table(8));
        for it in [&mut one, &mut same, &mut other] {
            tables.share(it);
        }
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn those_that_nobody_has_are_forgotten() {
        let mut tables = Tables::default();
        (0..100_000).for_each(|position| tables.share(&mut table(position)));
        assert!(tables.all.len() <= FEW);
    }
}
