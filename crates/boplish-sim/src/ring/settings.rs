//! What kind of ring a seed makes.

use core::time::Duration;

use boplish_core::ChordConfig;

use crate::random::Random;

/// What happens to a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Peers come, leave and fail: every invariant holds after every step.
    FailStop,
    /// Peers stop for up to ten seconds besides. Who is silent for longer than the others'
    /// patience is taken for dead, so the invariants, which depend on right guesses, don't hold
    /// at all times. But once nobody is silent any more, everybody must come back, and the ring be
    /// in order again some time after, as long as links lead from everybody to everybody.
    Silences,
}

/// What is not drawn from the seed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What happens.
    pub mode: Mode,
    /// Lengths of the successor list, of at least two, one of which the seed picks.
    pub depths: Vec<usize>,
    /// Churn events of one seed.
    pub events: u64,
    /// How long after a round of churn the ring must be perfect.
    pub bound: Duration,
    /// Print every step.
    pub trace: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::FailStop,
            // The shorter the lists, the more goes wrong in the same time.
            depths: vec![2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 8],
            events: 1_000,
            bound: Duration::from_secs(120),
            trace: false,
        }
    }
}

/// What is drawn from the seed.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) chord: ChordConfig,
    /// Living peers at least and at most.
    pub(super) least: usize,
    pub(super) most: usize,
    /// The usual delay of one way, and how far single ones are off, in parts per thousand.
    pub(super) delay: Duration,
    pub(super) jitter: u64,
    /// From one moment of churn to the next at most, and how much happens in one.
    pub(super) pause: Duration,
    pub(super) burst: u64,
    /// Events between quiet phases.
    pub(super) round: u64,
    /// Of a thousand departures, those that are announced.
    pub(super) graceful: u32,
}

impl Plan {
    pub(super) fn draw(settings: &Settings, random: &mut Random) -> Self {
        // With one successor each, nobody could ever fail.
        let depth = random.pick(&settings.depths).copied().unwrap_or(8).max(2);
        let least = depth + 1;
        let most = 3 * least;
        let room = random.below(2 * least as u64 + 1) as usize;
        // Calm, busy, hostile.
        let (pause, burst) =
            [(6_000, 1), (1_500, 1), (400, 1), (3_000, 5), (8_000, 12)][random.below(5) as usize];
        let delays = [5, 30, 80, 150];
        let delay = random.pick(&delays).copied().unwrap_or(80);
        Self {
            chord: ChordConfig {
                // Without room for everybody, too.
                budget: if random.chance(500) { 34 } else { 12 },
                successors: depth,
                ..ChordConfig::default()
            },
            least,
            most: (least + room.max(1)).min(most),
            delay: Duration::from_millis(delay),
            jitter: random.below(900),
            pause: Duration::from_millis(pause),
            burst,
            round: 50 + random.below(200),
            graceful: random.below(700) as u32,
        }
    }
}
