//! Many peers under a virtual clock: the real [`Node`](boplish_core::Node), the real bootstrap
//! [`Directory`](boplish_directory::Directory), and a virtual network between them.
//!
//! A [`World`] holds everything and lets one thing happen after the other. One seed decides all:
//! the same seed gives the same [`World::trace_hash`]. The virtual network does what WebRTC and
//! WebSockets do as far as a core can tell: descriptions that must match, candidates that
//! trickle, set-up that costs its round trips, channels that keep their order, paths that are cut
//! and heal. [`check`] judges a world from outside; [`scenario`] makes one suffer first.
//!
//! ```
//! use core::time::Duration;
//! use boplish_sim::{NetworkConfig, World};
//!
//! let mut world = World::new(42, NetworkConfig::default());
//! let peers = world.add_peers(2);
//! world.run_for(Duration::from_secs(5));
//! assert_eq!(world.living(), peers);
//! ```
//!
//! With `BOPLISH_TRACE=1` in the environment every step is printed; with `BOPLISH_SEED` the tests
//! run only that seed.

pub mod check;
pub mod overlay;
pub mod replay;
pub mod ring;
pub mod scenario;

mod access;
mod arena;
mod config;
mod counters;
mod geography;
mod lanes;
mod moment;
mod peer;
mod pipe;
mod queue;
mod random;
mod server;
mod tables;
mod tamper;
mod trace;
mod webrtc;
mod world;

pub use access::{Bandwidth, Nat, NatShares};
pub use config::{Delay, NetworkConfig};
pub use counters::{Count, Counters, FrameKind, Population};
pub use geography::Geography;
pub use peer::{PeerHandle, Traffic};
pub use random::Random;
pub use tamper::{Leg, Verdict};
pub use world::{EventSink, Timeout, World};
