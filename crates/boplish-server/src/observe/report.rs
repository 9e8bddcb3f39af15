//! What is told of a server at one moment.

use boplish_directory::Stats;

/// One network's numbers.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) name: String,
    pub(crate) stats: Stats,
}

impl Network {
    /// WebSockets that are in it or want to be.
    pub(crate) fn clients(&self) -> u64 {
        self.stats.connected + self.stats.unproven
    }
}
