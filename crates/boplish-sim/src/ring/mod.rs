//! Many small rings, one after the other, of real Chord routers without nodes around them: no
//! cryptography, no WebRTC, and so some ten thousand steps in the time of one of a
//! [`World`](crate::World).
//!
//! [`run`] lets a ring suffer as its seed says and has it judged after every step
//! ([`check::ring`](crate::check::ring)). What nodes and links do for a router is done by `network`,
//! shortened: a link costs some one-way delays; what goes over it keeps its order; a peer that is
//! gone is noticed after some silence.

mod churn;
mod links;
mod network;
mod run;
mod settings;
mod swarm;

pub use churn::Churn;
pub use run::{Outcome, Violation, run};
pub use settings::{Mode, Settings};
