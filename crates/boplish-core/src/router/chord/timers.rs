//! What a peer of the ring does by itself, and when.

use core::time::Duration;

use crate::time::Time;

/// What is to be done when. Never means not now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timers {
    /// Ask the successor for its place (Chord's stabilize), or join.
    pub(super) stabilize: Option<Time>,
    /// Tell ring neighbours of the own place, which has changed.
    pub(super) push: Option<Time>,
    /// No push before that.
    pub(super) push_not_before: Time,
    /// Tell neighbours what is new in the own table.
    pub(super) announce: Option<Time>,
    pub(super) announced: Time,
    /// No announcement of coordinates alone before that.
    pub(super) coordinates_not_before: Time,
    /// See whether another long link is needed.
    pub(super) long: Option<Time>,
    /// No search for a better long link before that.
    pub(super) improve_not_before: Time,
    /// Since when this peer is a member.
    pub(super) member_since: Time,
    /// No discovery before that.
    pub(super) ask_not_before: Time,
    /// See whether the ring is one, over some neighbour.
    pub(super) check: Option<Time>,
    /// See whether another ring is at the bootstrap server.
    pub(super) look_around: Option<Time>,
    pub(super) look_around_pause: Duration,
    /// No gossip of another ring before that.
    pub(super) unify_not_before: Time,
    /// When the first link was opened: how long to wait for somebody who is a member.
    pub(super) joining_since: Option<Time>,
}
