//! All tests of the crate from outside, as one program: each more would be linked anew.

mod admission;
mod cluster;
mod common;
mod credentials;
mod entries;
mod invariants;
mod joins;
mod limits;
mod messages;
mod work;
