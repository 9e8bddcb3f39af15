//! What peers keep over a restart.

use boplish_core::StoreConfig;
use boplish_core::wire::PeerId;

use super::World;
use crate::peer::PeerHandle;

/// The time at the start of every run, in seconds since 1970.
const EPOCH: u64 = 1_800_000_000;

impl World {
    /// What a peer has kept, alive or not: to be given to the one that is restarted in its place.
    pub fn kept(&self, peer: PeerHandle) -> Vec<Vec<u8>> {
        let first = (peer, PeerId::from_bytes([0; PeerId::BYTES]));
        let from = self.disks.range(first..);
        let own = from.take_while(|((owner, _), _)| *owner == peer);
        own.map(|(_, bytes)| bytes.clone()).collect()
    }

    /// Nobody will be restarted, so nothing is kept for that: the disks of all peers that ever
    /// were would fill the memory of a long run.
    pub fn keep_nothing(&mut self) {
        self.has_disks = false;
        self.disks.clear();
    }

    pub(super) fn keep(&mut self, peer: PeerHandle, key: PeerId, bytes: Option<Vec<u8>>) {
        match bytes.filter(|_| self.has_disks) {
            Some(bytes) => drop(self.disks.insert((peer, key), bytes)),
            None => drop(self.disks.remove(&(peer, key))),
        }
    }

    /// Makes a peer one of those who store records.
    pub fn enable_store(&mut self, peer: PeerHandle, config: StoreConfig) {
        let unix = self.unix();
        self.node(peer, |node, now| node.enable_store(now, config, unix));
    }

    /// The time, in seconds since 1970.
    pub fn unix(&self) -> u64 {
        EPOCH + self.now().since(boplish_core::Time::START).as_secs()
    }
}
