//! What this peer provides, which the network's store is told again before it forgets it.

use core::time::Duration;

use boplish_wire::content::ContentHash;

use super::{Content, ContentOutput};
use crate::table::Table;
use crate::time::Time;

/// Seconds that a provider's record lives.
pub(crate) const PROVIDER_LIFE: u64 = 60 * 60;

/// From one announcement to the next: half of that.
const REFRESH: Duration = Duration::from_secs(PROVIDER_LIFE / 2);

/// What was fetched is announced after this long: who leaves before would be asked in vain.
const SETTLED: Duration = Duration::from_secs(60);

/// Contents that are announced; what is fetched beyond is not.
const MAX_ANNOUNCED: usize = 4096;

/// One that has failed is tried again after this long.
const RETRY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Announcements {
    due: Table<ContentHash, Time>,
}

impl Announcements {
    pub(super) fn due(&self) -> Option<Time> {
        self.due.values().min().copied()
    }

    /// A content was fetched, and is provided from now on.
    pub(super) fn fetched(&mut self, now: Time, hash: ContentHash) {
        if self.due.len() < MAX_ANNOUNCED && !self.due.contains_key(&hash) {
            self.due.insert(hash, now + SETTLED);
        }
    }

    /// An announcement was stored, or was not.
    pub(super) fn stored(&mut self, now: Time, hash: ContentHash, stored: bool) {
        if !stored && let Some(due) = self.due.get_mut(&hash) {
            *due = now + RETRY;
        }
    }

    pub(super) fn end(&mut self, hash: &ContentHash) {
        self.due.remove(hash);
    }

    pub(super) fn take_due(&mut self, now: Time) -> Vec<ContentHash> {
        let due = self.due.iter().filter(|(_, at)| **at <= now);
        let due: Vec<ContentHash> = due.map(|(hash, _)| *hash).collect();
        for hash in &due {
            self.due.insert(*hash, now + REFRESH);
        }
        due
    }
}

impl Content {
    /// Tells the network from now on that this peer provides a content.
    pub(super) fn begin_announcing(&mut self, now: Time, hash: ContentHash) {
        self.announcements.due.insert(hash, now + REFRESH);
        self.outputs.push_back(ContentOutput::Announce(hash));
    }
}
