//! What carries out a scenario: the simulator or real peers. The same stage directs both.

use super::scenario::Span;
use super::statistics::samples::{Moment, PeerSample, Samples, TripKind};
use crate::failure::Failure;

/// The number of a peer of a run: 0 for the first that joins.
pub(crate) type Number = u32;

/// What a trip is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Peer(Number),
    /// A key, for lookups.
    Key([u8; 20]),
    /// A record of the backend's choice: a new one, the next to be refreshed, or any.
    Record,
}

/// How a peer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It says goodbye.
    Leaves,
    /// It is gone without a word.
    Vanishes,
}

/// What is done to the network on purpose, with the peers that it meets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Blow {
    KillServer,
    RestartServer,
    /// These reach each other only, and not the server.
    Partition(Vec<Number>),
    /// The networks of these are away for so long.
    Blink(Vec<Number>, Span),
    Heal,
}

/// What a run has left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Two runs in which the same happened have the same; absent where nothing can repeat.
    pub(crate) trace_hash: Option<u64>,
    /// As [`Backend::steps`] has them.
    pub(crate) steps: Option<u64>,
}

/// A network of peers and the time in which it lives.
pub(crate) trait Backend {
    /// Seconds since the start.
    fn now(&self) -> f64;

    /// Steps of the simulation so far; absent where nothing is simulated.
    fn steps(&self) -> Option<u64>;

    /// Lets time pass until then, and notes what meanwhile happened.
    fn run_until(&mut self, at: f64, samples: &mut Samples) -> Result<(), Failure>;

    /// Whether the bootstrap server runs.
    fn has_server(&self) -> bool;

    /// A peer starts to join, in one of the networks; by an invitation of a member if one is
    /// named.
    fn join(&mut self, number: Number, ring: usize, host: Option<Number>) -> Result<(), Failure>;

    /// So many peers are there, as members of a finished ring.
    fn start_ordered(&mut self, count: u32) -> Result<(), Failure>;

    fn depart(&mut self, number: Number, how: Departure) -> Result<(), Failure>;

    /// Something goes on its way; it is noted when it has ended. If one of its ends goes
    /// meanwhile, it never is.
    fn begin(
        &mut self,
        kind: TripKind,
        from: Number,
        to: Target,
        samples: &mut Samples,
    ) -> Result<(), Failure>;

    /// A peer says something to the group, if the scenario has one and the peer is in it.
    fn post(&mut self, from: Number) -> Result<(), Failure>;

    fn strike(&mut self, blow: &Blow) -> Result<(), Failure>;

    /// Whether a peer takes part.
    fn is_member(&self, number: Number) -> bool;

    /// Trips that have not ended.
    fn on_their_way(&self) -> usize;

    /// Looks at the whole network.
    fn observe(&mut self, samples: &mut Samples) -> Result<Moment, Failure>;

    /// Looks at each peer.
    fn survey(&mut self, samples: &mut Samples) -> Result<Vec<PeerSample>, Failure>;

    /// What was wrong with the ring at any time, if it was to be judged.
    fn ring_problems(&self) -> &[String];

    /// What is wrong with the whole network now, when nothing is on its way any more.
    fn settled_problems(&mut self) -> Vec<String>;

    /// Which peers are beyond their bounds. After a quiet phase these are narrower.
    fn bound_problems(&mut self, is_settled: bool) -> Vec<String>;

    /// Notes the joins, and ends.
    fn end(&mut self, samples: &mut Samples) -> Result<Ending, Failure>;
}
