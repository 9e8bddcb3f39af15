//! Records as a scenario wants them, and what became of them.

use std::collections::BTreeMap;

use boplish_sim::World;
use boplish_sim::overlay::{Ask, Ended, RecordShape, Records, Stored};

use super::super::backend::Number;
use super::super::scenario::Storage;
use super::super::statistics::samples::{Outcome, Stock, Trip, TripKind};
use super::{Simulation, number, seconds};

/// Those of a scenario, in a world whose peers will store.
pub(super) fn records(storage: &Storage, world: &mut World) -> Records {
    // Who goes never comes back.
    world.keep_nothing();
    let shape = RecordShape {
        bytes: storage.bytes,
        life: storage.lifetime.duration(),
    };
    Records::new(shape, world.fork_random())
}

impl Simulation<'_> {
    /// A peer writes or reads a record. What was refused at once is told.
    pub(super) fn ask_store(&mut self, kind: TripKind, from: Number) -> Option<Trip> {
        let handle = self.peer(from).handle;
        let records = self.records.as_mut()?;
        let world = &mut self.world;
        let refused = match kind {
            TripKind::Publish => records.put(world, handle),
            TripKind::Refresh => records.refresh(world, handle),
            TripKind::Resolve => records.get(world, handle, true),
            TripKind::Read => records.get(world, handle, false),
            TripKind::Lookup | TripKind::Message | TripKind::Ping => None,
        };
        refused.map(trip)
    }

    /// How many copies there are of what is stored.
    pub(super) fn stock(&self) -> Option<Stock> {
        let records = self.records.as_ref()?;
        let mut stock: BTreeMap<u32, u64> = BTreeMap::new();
        for copies in records.copies(&self.world).into_iter().flatten() {
            *stock.entry(copies).or_default() += 1;
        }
        Some(Stock(stock))
    }
}

pub(super) fn trip(stored: Stored) -> Trip {
    let outcome = match stored.ended {
        Ended::Right => Outcome::Right,
        Ended::Missing | Ended::Old => Outcome::Wrong,
        Ended::Failed => Outcome::Failed("too few peers have answered".to_owned()),
    };
    Trip {
        kind: match stored.what {
            Ask::Put => TripKind::Publish,
            Ask::Refresh => TripKind::Refresh,
            Ask::QuickGet => TripKind::Resolve,
            Ask::Get => TripKind::Read,
        },
        at: seconds(stored.asked),
        from: number(stored.peer),
        outcome,
        latency: Some(stored.took.as_secs_f64()),
        direct: None,
        hops: None,
    }
}
