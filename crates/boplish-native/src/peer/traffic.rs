//! What a peer's data channels have carried, counted by its task and read by its handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Messages and their bytes on data channels since the peer's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages that were sent.
    pub messages_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Messages that have come.
    pub messages_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Counters(Arc<[AtomicU64; 4]>);

impl Counters {
    pub(super) fn sent(&self, bytes: usize) {
        self.add(0, bytes);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.add(2, bytes);
    }

    fn add(&self, first: usize, bytes: usize) {
        self.0[first].fetch_add(1, Ordering::Relaxed);
        self.0[first + 1].fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Traffic {
        let [sent, sent_bytes, received, received_bytes] =
            [0, 1, 2, 3].map(|index| self.0[index].load(Ordering::Relaxed));
        Traffic {
            messages_sent: sent,
            bytes_sent: sent_bytes,
            messages_received: received,
            bytes_received: received_bytes,
        }
    }
}
