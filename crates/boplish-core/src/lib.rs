//! The peer as a pure state machine: no clock, no socket, no thread, no global randomness.
//!
//! [`Node`] is the whole of it. Facts go in by [`Node::handle_input`], commands of the user by
//! the bare verbs ([`Node::send`], [`Node::ping`], …), work comes out by [`Node::poll_output`],
//! and [`Node::poll_timeout`] says when to come back. Shells for browsers, native peers and the
//! simulator do nothing but carry between that and the world.
//!
//! Invariants: the same inputs at the same times with the same seed give the same outputs; every
//! table and queue has a bound in [`config`]; no input makes it panic.

pub mod config;
pub mod io;
pub mod time;

mod delivery;
mod kbr;
mod link;
mod node;
mod parameters;
mod protocol;
mod router;
mod service;
mod signaling;
mod table;

pub use boplish_wire as wire;
pub use config::{ChordConfig, Config, ContentConfig, RouterConfig, StoreConfig};
pub use io::{ConnectionCommand, ConnectionId, ConnectionInput, Event, Input, Output, State};
pub use link::InviteError;
#[cfg(feature = "simulator")]
pub use node::{AdoptedLink, AdoptedPlace};
pub use node::{Node, SendError, SendToMemberError};
/// Routers without nodes, for harnesses that run very many of them.
#[doc(hidden)]
pub mod harness {
    pub use crate::router::chord::harness::{BareChord, Work};
}
pub use router::{NeighbourKind, NeighbourView, RingView};
pub use service::content::{
    ContentCommand, ContentEvent, ContentPart, FetchError, FetchProgress, FetchToken, ReadId,
};
pub use service::dht::{GetError, PutError, StoreToken};
pub use service::group::{GroupAccess, GroupAccessError, GroupEvent, PublishError};
pub use service::{copies, http, names};
pub use time::Time;
