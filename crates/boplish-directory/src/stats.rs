//! Health numbers.

use crate::close::CloseReason;

/// How many are connected, and what was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Clients in the directory now.
    pub connected: u64,
    /// Clients that still have to prove their id now.
    pub unproven: u64,
    /// Peers that newcomers are introduced to now.
    pub entry_peers: u64,
    /// Clients that were admitted.
    pub admitted: u64,
    /// Clients that were closed before they were admitted.
    pub refused: u64,
    /// Clients that were closed after they were admitted.
    pub closed: u64,
    /// Clients that said that they have joined the network.
    pub joined: u64,
    /// Clients that were let go since others are there to introduce newcomers to; they are among
    /// the closed ones, too.
    pub released: u64,
    /// Messages that were forwarded.
    pub forwarded: u64,
    /// Bytes of the messages that were forwarded.
    pub forwarded_bytes: u64,
    /// Offers that were denied since nobody else was there.
    pub denied: u64,
    /// Messages that were answered with an error.
    pub errors: u64,
    /// The refused clients by the reason that they were told.
    pub refused_for: ReasonCounts,
    /// The closed clients by the reason that they were told. Those who left by themselves are not
    /// among them.
    pub closed_for: ReasonCounts,
}

/// A count for each [`CloseReason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReasonCounts([u64; CloseReason::ALL.len()]);

impl ReasonCounts {
    /// How often it was for this reason.
    pub fn get(&self, reason: CloseReason) -> u64 {
        let mut counts = self.iter();
        counts
            .find(|(each, _)| *each == reason)
            .map_or(0, |(_, count)| count)
    }

    /// Every reason with its count, in the order of [`CloseReason::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (CloseReason, u64)> {
        CloseReason::ALL.into_iter().zip(self.0)
    }

    pub(crate) fn count(&mut self, reason: CloseReason) {
        let counts = CloseReason::ALL.iter().zip(&mut self.0);
        for (_, count) in counts.filter(|(each, _)| **each == reason) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_count_of_its_own() {
        let mut counts = ReasonCounts::default();
        for (times, reason) in CloseReason::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counts.count(reason));
        }
        for (times, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(counts.get(reason), times as u64, "{reason:?}");
        }
        let sum: u64 = counts.iter().map(|(_, count)| count).sum();
        assert_eq!(sum, (0..CloseReason::ALL.len() as u64).sum::<u64>());
    }
}
