//! How hard newcomers have to work: the more of them come, the harder.

use core::time::Duration;

use crate::config::{Config, ProofOfWork};

/// Bits of the easiest work: 4,096 attempts on average, some hundredths of a second on a phone.
const EASIEST: u8 = 12;

/// Bits of the hardest: 262,144 attempts on average, some seconds on a phone.
const HARDEST: u8 = 18;

/// For so long fewer must have come before the work gets easier by one step. Otherwise it would go
/// up and down with every wave of newcomers, who then meet now this, now that.
const CALM: Duration = Duration::from_secs(10);

/// What each newcomer has to do, by how many came in the last two seconds of the clock.
///
/// It gets harder at once, and easier only step by step when twice as many as come could come
/// without making it as hard as it is.
#[derive(Debug, Default)]
pub(crate) struct Difficulty {
    /// The second in which somebody came last.
    second: u64,
    /// How many came in that second, and in the one before.
    in_this: u32,
    in_last: u32,
    bits: u8,
    /// Since when fewer come than the work is for.
    calm_since: Duration,
}

impl Difficulty {
    /// Counts a newcomer, and says how many bits of work it has to do; 0 is none.
    pub(crate) fn of_newcomer(&mut self, now: Duration, config: &Config) -> u8 {
        match config.proof_of_work {
            ProofOfWork::Off => 0,
            ProofOfWork::Always(bits) => bits,
            ProofOfWork::Auto => {
                let rate = self.count(now);
                self.adapt(now, rate, config.limits.joins_without_work);
                self.bits
            }
        }
    }

    /// Counts one, and gives how many come per second.
    fn count(&mut self, now: Duration) -> u32 {
        let second = now.as_secs();
        if second != self.second {
            let is_next = second == self.second + 1;
            self.in_last = if is_next { self.in_this } else { 0 };
            self.in_this = 0;
            self.second = second;
        }
        self.in_this = self.in_this.saturating_add(1);
        self.in_this.max(self.in_last)
    }

    fn adapt(&mut self, now: Duration, rate: u32, free: u32) {
        let wanted = bits_for(rate, free);
        let kept = bits_for(rate.saturating_mul(2), free);
        if wanted > self.bits {
            self.bits = wanted;
        }
        while kept < self.bits && now.saturating_sub(self.calm_since) >= CALM {
            self.bits = if self.bits > EASIEST {
                self.bits - 1
            } else {
                0
            };
            self.calm_since += CALM;
        }
        if kept >= self.bits {
            self.calm_since = now;
        }
    }
}

/// One bit more for each doubling of the rate above what is free.
fn bits_for(rate: u32, free: u32) -> u8 {
    if rate <= free {
        return 0;
    }
    let doublings = (rate / free.max(1)).checked_ilog2().unwrap_or(0);
    let bits = u32::from(EASIEST) + doublings;
    u8::try_from(bits).unwrap_or(HARDEST).min(HARDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: u32 = 50;

    fn config(proof_of_work: ProofOfWork) -> Config {
        let mut config = Config {
            proof_of_work,
            ..Config::default()
        };
        config.limits.joins_without_work = FREE;
        config
    }

    /// Lets so many come per second for so long, from `start` on; what the last had to do.
    fn come(difficulty: &mut Difficulty, start: u64, seconds: u64, rate: u32) -> u8 {
        let config = config(ProofOfWork::Auto);
        let mut bits = 0;
        for second in start..start + seconds {
            for number in 0..rate {
                let now = Duration::from_secs(second) + Duration::from_secs(1) * number / rate;
                bits = difficulty.of_newcomer(now, &config);
            }
        }
        bits
    }

    #[test]
    fn work_is_off_or_always_the_same_unless_it_adapts() {
        let mut difficulty = Difficulty::default();
        let now = Duration::ZERO;
        for _ in 0..10_000 {
            assert_eq!(difficulty.of_newcomer(now, &config(ProofOfWork::Off)), 0);
            assert_eq!(
                difficulty.of_newcomer(now, &config(ProofOfWork::Always(9))),
                9
            );
        }
    }

    #[test]
    fn nobody_works_while_few_come() {
        let mut difficulty = Difficulty::default();
        assert_eq!(come(&mut difficulty, 0, 100, FREE), 0);
    }

    #[test]
    fn work_gets_harder_with_each_doubling_up_to_a_bound() {
        for (rate, bits) in [
            (51, 12),
            (99, 12),
            (100, 13),
            (200, 14),
            (3_200, 18),
            (100_000, 18),
        ] {
            let mut difficulty = Difficulty::default();
            assert_eq!(come(&mut difficulty, 7, 2, rate), bits, "{rate}");
        }
    }

    #[test]
    fn a_crowd_is_noticed_within_its_first_second() {
        let mut difficulty = Difficulty::default();
        let now = Duration::from_secs(5);
        let bits = (0..201).map(|_| difficulty.of_newcomer(now, &config(ProofOfWork::Auto)));
        assert_eq!(bits.last(), Some(14));
    }

    #[test]
    fn work_gets_easier_step_by_step_and_ends() {
        let mut difficulty = Difficulty::default();
        assert_eq!(come(&mut difficulty, 0, 5, 200), 14);
        // The second before still counts in the first.
        assert_eq!(come(&mut difficulty, 5, 10, 5), 14);
        assert_eq!(come(&mut difficulty, 15, 3, 5), 13);
        assert_eq!(come(&mut difficulty, 18, 10, 5), 12);
        assert_eq!(come(&mut difficulty, 28, 10, 5), 0);
    }

    #[test]
    fn a_pause_makes_work_easier_as_if_few_had_come() {
        let mut difficulty = Difficulty::default();
        assert_eq!(come(&mut difficulty, 0, 5, 200), 14);
        assert_eq!(come(&mut difficulty, 1_000, 1, 1), 0);
        assert_eq!(come(&mut difficulty, 1_001, 2, 60), 12);
    }

    #[test]
    fn a_rate_about_a_threshold_does_not_make_it_go_up_and_down() {
        let mut difficulty = Difficulty::default();
        come(&mut difficulty, 0, 2, 60);
        for start in (2..200).step_by(4) {
            assert_eq!(come(&mut difficulty, start, 2, 45), 12);
            assert_eq!(come(&mut difficulty, start + 2, 2, 55), 12);
        }
    }
}
