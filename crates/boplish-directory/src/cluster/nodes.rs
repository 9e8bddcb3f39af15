//! What is known of the other servers.

use core::time::Duration;
use std::collections::BTreeMap;

use super::NodeId;
use super::frame::{Counts, Whom};

/// Servers besides this one; what further ones announce is not heard, so that they get no messages
/// for anyone.
const MAX_NODES: usize = 256;

/// A server announces itself this often if nothing changes; the engine says by itself when one is
/// gone, but only to whoever has a message for it.
pub(crate) const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);

/// A server whose counts have changed announces them this long after the last time at the
/// earliest.
pub(crate) const ANNOUNCE_PAUSE: Duration = Duration::from_millis(100);

/// A server that has not announced itself for so long is gone.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// The other servers that have announced themselves.
#[derive(Debug, Default)]
pub(crate) struct Nodes(BTreeMap<NodeId, Node>);

#[derive(Debug)]
struct Node {
    counts: Counts,
    heard: Duration,
}

impl Nodes {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A server has announced itself. Returns whether that is a new one.
    pub(crate) fn announce(&mut self, now: Duration, node: NodeId, counts: Counts) -> bool {
        let is_new = !self.0.contains_key(&node);
        if is_new && self.0.len() >= MAX_NODES {
            return false;
        }
        self.0.insert(node, Node { counts, heard: now });
        is_new
    }

    /// Forgets a server.
    pub(crate) fn remove(&mut self, node: NodeId) {
        self.0.remove(&node);
    }

    /// Forgets all that were silent for too long.
    pub(crate) fn expire(&mut self, now: Duration) {
        self.0
            .retain(|_, node| now.saturating_sub(node.heard) < GONE_AFTER);
    }

    /// A server has nobody of these any more.
    pub(crate) fn empty(&mut self, node: NodeId, whom: Whom) {
        if let Some(node) = self.0.get_mut(&node) {
            match whom {
                Whom::Member => node.counts.members = 0,
                Whom::Entry => node.counts.entries = 0,
            }
        }
    }

    /// How many of these there are at all other servers.
    pub(crate) fn total(&self, whom: Whom) -> usize {
        self.0.values().map(|node| node.count(whom)).sum()
    }

    /// Which server has the one at `draw`, counted over all other servers; `None` beyond the last.
    pub(crate) fn holder(&self, whom: Whom, mut draw: usize) -> Option<NodeId> {
        for (id, node) in &self.0 {
            let count = node.count(whom);
            if draw < count {
                return Some(*id);
            }
            draw -= count;
        }
        None
    }
}

impl Node {
    fn count(&self, whom: Whom) -> usize {
        match whom {
            Whom::Member => self.counts.members as usize,
            Whom::Entry => self.counts.entries as usize,
        }
    }
}
