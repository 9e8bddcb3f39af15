//! Health numbers.

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
}
