//! Who comes and who goes.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use boplish_core::Time;

use crate::peer::PeerHandle;
use crate::random::Random;

/// Sessions are Weibull-distributed with this shape: most are short, few are long (Stutzbach and
/// Rejaie, IMC 2006; the design).
const SHAPE: f64 = 0.5;

/// Peers that vanish without a word when their sessions end, each followed by a newcomer.
#[derive(Debug)]
pub struct Churn {
    /// Scale of the distribution, in seconds.
    scale: f64,
    ends: BinaryHeap<Reverse<(Time, PeerHandle)>>,
    random: Random,
}

impl Churn {
    /// Sessions with this median length.
    pub fn new(median: Duration, random: Random) -> Self {
        Self {
            scale: median.as_secs_f64() / core::f64::consts::LN_2.powf(1.0 / SHAPE),
            ends: BinaryHeap::new(),
            random,
        }
    }

    /// The mean session, which is longer than the median: 2 scales with this shape.
    pub fn mean(&self) -> Duration {
        Duration::from_secs_f64(2.0 * self.scale)
    }

    /// The peer begins its session.
    pub fn begin(&mut self, now: Time, peer: PeerHandle) {
        let exponential = self.exponential_sum(1);
        let length = self.weibull(exponential);
        self.ends.push(Reverse((now + length, peer)));
    }

    /// The peer is in the middle of a session: that of a random peer at a random moment, for
    /// which longer ones are likelier.
    pub fn already(&mut self, now: Time, peer: PeerHandle) {
        // T^(1/2) of a session weighted by its length T is a sum of 1 + 1/shape exponentials.
        let exponentials = self.exponential_sum(1 + (1.0 / SHAPE) as u32);
        let left = self.weibull(exponentials).mul_f64(self.random.unit());
        self.ends.push(Reverse((now + left, peer)));
    }

    /// When the next session ends.
    pub fn next_at(&self) -> Option<Time> {
        self.ends.peek().map(|Reverse((at, _))| *at)
    }

    /// Somebody whose session has ended by now.
    pub fn take_ended(&mut self, now: Time) -> Option<PeerHandle> {
        self.next_at().filter(|at| *at <= now)?;
        self.ends.pop().map(|Reverse((_, peer))| peer)
    }

    fn exponential_sum(&mut self, count: u32) -> f64 {
        (0..count).map(|_| -(1.0 - self.random.unit()).ln()).sum()
    }

    fn weibull(&self, exponential: f64) -> Duration {
        Duration::from_secs_f64(self.scale * exponential.powf(1.0 / SHAPE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(begin: impl Fn(&mut Churn)) -> Vec<f64> {
        let mut churn = Churn::new(Duration::from_secs(84), Random::new(1));
        (0..40_000).for_each(|_| begin(&mut churn));
        let far = Time::START + Duration::from_secs(1 << 40);
        let ends = core::iter::from_fn(|| {
            let at = churn.next_at()?;
            churn.take_ended(far).map(|_| at)
        });
        ends.map(|at| at.since_start().as_secs_f64()).collect()
    }

    #[test]
    fn half_of_the_sessions_are_shorter_than_the_median() {
        let all = lengths(|churn| churn.begin(Time::START, PeerHandle(0)));
        let (median, mean) = (all[20_000], all.iter().sum::<f64>() / 40_000.0);
        assert!((81.0..87.0).contains(&median), "{median}");
        let expected = Churn::new(Duration::from_secs(84), Random::new(1)).mean();
        assert!((mean / expected.as_secs_f64() - 1.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn peers_that_are_already_there_leave_as_often_as_newcomers_come() {
        let all = lengths(|churn| churn.already(Time::START, PeerHandle(0)));
        // In equilibrium, one peer in as many seconds as a mean session has.
        let within = all.iter().take_while(|it| **it < 20.0).count() as f64 / 40_000.0;
        let expected = 20.0 / (2.0 * 84.0 / core::f64::consts::LN_2.powi(2));
        assert!(
            (within / expected - 1.0).abs() < 0.3,
            "{within}, {expected}"
        );
    }
}
