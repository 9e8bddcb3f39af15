//! Bounded retries with exponential back-off.

use core::time::Duration;

use rand_core::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// How often something has failed in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and says how long to pause: `base`, doubled with each further failure up
    /// to `max`, of which the second half is random so that many peers don't retry in step.
    pub(crate) fn fail(
        &mut self,
        base: Duration,
        max: Duration,
        rng: &mut Xoshiro256PlusPlus,
    ) -> Duration {
        let pause = base.saturating_mul(1 << self.failures.min(16)).min(max);
        self.failures = self.failures.saturating_add(1);
        pause / 2 + random_below(pause / 2, rng)
    }

    /// Failures so far.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }
}

/// A duration from zero to `limit`, in whole microseconds.
pub(crate) fn random_below(limit: Duration, rng: &mut Xoshiro256PlusPlus) -> Duration {
    let micros = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(rng.next_u64() % micros.saturating_add(1).max(1))
}
