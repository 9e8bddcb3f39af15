//! The group that the peers join.

use boplish_native::core::{GroupAccess, GroupAccessError};
use serde::{Deserialize, Serialize};

use super::values::Share;

/// Peers join a group as soon as they are members of the ring, and say something to all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct GroupLoad {
    /// The group's name.
    pub(crate) name: String,
    /// Of the peers, so many join; the others only pass on.
    pub(crate) share: Share,
    /// Posts per second, each by a member that is drawn for it.
    pub(crate) posts: f64,
    /// Bytes of a post's value.
    pub(crate) bytes: usize,
}

impl Default for GroupLoad {
    fn default() -> Self {
        Self {
            name: "everybody".to_owned(),
            share: Share(1.0),
            posts: 1.0,
            bytes: 100,
        }
    }
}

impl GroupLoad {
    /// Bytes of the number that each post begins with.
    pub(crate) const LEAST: usize = 8;

    pub(crate) fn access(&self) -> Result<GroupAccess, GroupAccessError> {
        GroupAccess::open(&self.name)
    }

    /// What types can't say.
    pub(super) fn validate(&self) -> Result<(), String> {
        const MOST: usize = 48_000;
        if let Err(error) = self.access() {
            return Err(format!("group.name = {:?}: {error}", self.name));
        }
        if !(0.0..=1e4).contains(&self.posts) {
            return Err(format!(
                "group.posts = {}: per second, from 0 to 10000",
                self.posts
            ));
        }
        if !(Self::LEAST..=MOST).contains(&self.bytes) {
            return Err(format!(
                "group.bytes = {}: from {} to {MOST}",
                self.bytes,
                Self::LEAST
            ));
        }
        Ok(())
    }
}
