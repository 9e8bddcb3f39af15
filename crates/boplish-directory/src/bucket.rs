//! Token buckets.

use core::time::Duration;

use crate::config::Rate;

/// How much of a rate one connection has left. Tokens are counted in nanoseconds of the time that
/// refills them, so that nothing is lost to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// When the bucket would be full again.
    full_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(now: Duration) -> Self {
        Self { full_at: now }
    }

    /// Takes so many tokens, or none and says false.
    pub(crate) fn take(&mut self, now: Duration, rate: &Rate, tokens: usize) -> bool {
        let (Some(cost), Some(room)) = (time_of(rate, tokens), time_of(rate, rate.burst as usize))
        else {
            return false;
        };
        let full_at = self.full_at.max(now).saturating_add(cost);
        let fits = full_at.saturating_sub(now) <= room;
        if fits {
            self.full_at = full_at;
        }
        fits
    }

    /// When the bucket is full again; by then it is as good as a new one.
    pub(crate) fn full_at(&self) -> Duration {
        self.full_at
    }

    /// How long it takes until there is a token.
    pub(crate) fn time_to_one(&self, now: Duration, rate: &Rate) -> Duration {
        let (Some(cost), Some(room)) = (time_of(rate, 1), time_of(rate, rate.burst as usize))
        else {
            return Duration::MAX;
        };
        let missing = self.full_at.saturating_sub(now).saturating_add(cost);
        missing.saturating_sub(room)
    }
}

/// How long it takes until so many tokens come back; `None` where that is beyond any run.
fn time_of(rate: &Rate, tokens: usize) -> Option<Duration> {
    let nanos =
        rate.period.as_nanos().checked_mul(tokens as u128)? / u128::from(rate.refill.max(1));
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}
