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
    /// Other servers that act as one with this now.
    pub other_servers: u64,
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
    /// Messages that were sent to another server.
    pub sent_elsewhere: u64,
    /// Those of them that came back, since nobody was there to get them.
    pub returned: u64,
    /// What came from the engine and was not what servers say to each other.
    pub letters_refused: u64,
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

    fn and(mut self, other: Self) -> Self {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
        self
    }

    pub(crate) fn count(&mut self, reason: CloseReason) {
        let counts = CloseReason::ALL.iter().zip(&mut self.0);
        for (_, count) in counts.filter(|(each, _)| **each == reason) {
            *count += 1;
        }
    }
}

impl Stats {
    /// The numbers of two networks of one server together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            connected: self.connected + other.connected,
            unproven: self.unproven + other.unproven,
            entry_peers: self.entry_peers + other.entry_peers,
            // Each network knows of the same ones.
            other_servers: self.other_servers.max(other.other_servers),
            admitted: self.admitted + other.admitted,
            refused: self.refused + other.refused,
            closed: self.closed + other.closed,
            joined: self.joined + other.joined,
            released: self.released + other.released,
            forwarded: self.forwarded + other.forwarded,
            forwarded_bytes: self.forwarded_bytes + other.forwarded_bytes,
            sent_elsewhere: self.sent_elsewhere + other.sent_elsewhere,
            returned: self.returned + other.returned,
            letters_refused: self.letters_refused + other.letters_refused,
            denied: self.denied + other.denied,
            errors: self.errors + other.errors,
            refused_for: self.refused_for.and(other.refused_for),
            closed_for: self.closed_for.and(other.closed_for),
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
