//! Proof of work: what a newcomer pays for a place at a server that has more of them than it likes.

use sha2::{Digest, Sha256};

use super::NONCE;
use crate::id::PeerId;

/// Bits of the hardest work that a peer takes on; a challenge that asks for more is refused.
pub const MAX_WORK: u8 = 24;

/// The search for a counter with which SHA-256 over the nonce, the id and the counter (8 bytes, most
/// significant first) begins with so many zero bits: after 2^bits attempts on average.
#[derive(Debug, Clone)]
pub struct Work {
    /// Has the nonce and the id already.
    prefix: Sha256,
    bits: u8,
    counter: u64,
}

impl Work {
    /// A search that has not begun. The nonce and the id make what is found worthless for others.
    pub fn new(nonce: &[u8; NONCE], id: PeerId, bits: u8) -> Self {
        Self {
            prefix: Sha256::new()
                .chain_update(nonce)
                .chain_update(id.as_bytes()),
            bits,
            counter: 0,
        }
    }

    /// Makes so many attempts at most, and gives the counter if one has succeeded. A page must not
    /// be blocked, so the search is cut into steps.
    pub fn search(&mut self, attempts: u32) -> Option<u64> {
        for _ in 0..attempts {
            if self.holds(self.counter) {
                return Some(self.counter);
            }
            self.counter += 1;
        }
        None
    }

    /// Whether this is such a counter.
    pub fn holds(&self, counter: u64) -> bool {
        let digest = self.prefix.clone().chain_update(counter.to_be_bytes());
        let digest: [u8; 32] = digest.finalize().into();
        let head = digest.first_chunk().map(|head| u64::from_be_bytes(*head));
        head.is_some_and(|head| head.leading_zeros() >= u32::from(self.bits))
    }
}
