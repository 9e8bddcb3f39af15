//! All tests of the crate from outside, as one program: each more would be linked anew.
//! But for the one that counts what its allocator gives.

mod common;
mod determinism;
mod entries;
mod groups;
mod hostile;
mod internet;
mod invitation;
mod kbr;
mod liveness;
mod mesh;
mod ordered;
mod overlay;
mod pair;
mod parameters;
mod protocols;
mod store;
mod store_idle;
mod store_small;
mod swarm;
mod work;
