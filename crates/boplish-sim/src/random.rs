//! The only source of chance: a small generator whose seed decides everything.

use core::time::Duration;

use crate::geography::box_muller;

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): one word of state, so that every part of the
/// world can have a stream of its own.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for some part, which draws in one do not shift in another.
    pub fn fork(&mut self, part: u64) -> Self {
        Self(mix(self.word() ^ mix(part)))
    }

    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number below `bound`; zero when the bound is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiplication instead of a remainder (Lemire 2019); its bias is below 2^-32 here.
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    /// Whether something with this probability, in parts per thousand, happens.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// A duration from `least` to `most`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_nanos() as u64;
        least + Duration::from_nanos(self.below(span.saturating_add(1)))
    }

    /// 32 random bytes.
    pub fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.word().to_le_bytes());
        }
        bytes
    }

    /// A number from 0 to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal variate.
    pub fn normal(&mut self) -> f64 {
        let (one, other) = (self.unit(), self.unit());
        box_muller(one, other)
    }

    /// A text of so many `ice-char`s (RFC 8839, section 5.1).
    pub fn ice_text(&mut self, length: usize) -> Box<str> {
        const CHARS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let char = |_| char::from(CHARS[self.below(64) as usize]);
        (0..length).map(char).collect::<String>().into()
    }

    /// One of the items, if there are any.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// The same number for the same words, unlike all others: for facts that must not depend on the
/// order in which they are asked, such as the distance of two peers.
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
