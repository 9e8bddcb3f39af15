//! What is on its way: lookups, messages and pings that have begun and not ended.

use std::collections::BTreeMap;

use boplish_native::wire::PeerId;

use super::backend::Number;
use super::statistics::samples::{Outcome, Trip, TripKind};

/// Names a trip of a run.
pub(super) type TripNumber = u64;

/// A trip as it began.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Begun {
    pub(super) kind: TripKind,
    pub(super) at: f64,
    pub(super) from: Number,
    /// Absent for a lookup: a key has no peer before it is found.
    pub(super) to: Option<Number>,
    /// What a lookup is for.
    pub(super) key: Option<PeerId>,
    pub(super) direct: Option<f64>,
}

/// All that is on its way.
#[derive(Debug, Default)]
pub(super) struct Trips {
    begun: BTreeMap<TripNumber, Begun>,
    last: TripNumber,
}

impl Begun {
    /// With its end; `latency` is how long it took, if it arrived anywhere.
    pub(super) fn ended(self, outcome: Outcome, latency: Option<f64>, hops: Option<u8>) -> Trip {
        Trip {
            kind: self.kind,
            at: self.at,
            from: self.from,
            outcome,
            latency,
            direct: self.direct,
            hops,
        }
    }
}

impl Trips {
    /// A trip is on its way.
    pub(super) fn begin(&mut self, begun: Begun) -> TripNumber {
        self.last += 1;
        self.begun.insert(self.last, begun);
        self.last
    }

    pub(super) fn len(&self) -> usize {
        self.begun.len()
    }

    pub(super) fn kind(&self, trip: TripNumber) -> Option<TripKind> {
        self.begun.get(&trip).map(|begun| begun.kind)
    }

    /// The trip has ended, whichever way; it is not on its way any more.
    pub(super) fn take(&mut self, trip: TripNumber) -> Option<Begun> {
        self.begun.remove(&trip)
    }

    /// The oldest ping from one peer to another: a pong does not say which it answers.
    pub(super) fn take_ping(&mut self, from: Number, to: Number) -> Option<Begun> {
        let mut pings = self.begun.iter().filter(|(_, begun)| {
            begun.kind == TripKind::Ping && begun.from == from && begun.to == Some(to)
        });
        let trip = pings.next().map(|(trip, _)| *trip)?;
        self.take(trip)
    }

    /// A peer is gone: whatever it has begun, or would receive, ends without an outcome.
    pub(super) fn forget(&mut self, peer: Number) {
        self.begun
            .retain(|_, begun| begun.from != peer && begun.to != Some(peer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(at: f64, from: Number, to: Number) -> Begun {
        Begun {
            kind: TripKind::Ping,
            at,
            from,
            to: Some(to),
            key: None,
            direct: None,
        }
    }

    #[test]
    fn a_pong_answers_the_oldest_ping_to_its_sender() {
        let mut trips = Trips::default();
        for (at, to) in [(1.0, 8), (2.0, 9), (3.0, 9)] {
            trips.begin(ping(at, 7, to));
        }
        assert_eq!(trips.take_ping(7, 9).map(|it| it.at), Some(2.0));
        assert_eq!(trips.take_ping(7, 9).map(|it| it.at), Some(3.0));
        assert_eq!(trips.take_ping(7, 9), None);
        assert_eq!(trips.len(), 1);
    }

    #[test]
    fn who_is_gone_has_no_trips_any_more() {
        let mut trips = Trips::default();
        let begun = trips.begin(ping(1.0, 1, 2));
        trips.begin(ping(1.0, 3, 1));
        let stays = trips.begin(ping(1.0, 3, 2));
        trips.forget(1);
        assert_eq!(trips.take(begun), None);
        assert!(trips.take(stays).is_some());
        assert_eq!(trips.len(), 0);
    }
}
