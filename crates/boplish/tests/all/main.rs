//! All tests of the crate from outside, as one program: each more would be linked anew.
//! Those with many real peers have programs of their own, and the machine for themselves.

mod cluster;
mod command_line;
mod common;
mod content;
mod emulate;
mod emulate_storage;
mod network;
mod otlp;
mod serve;
mod tls;
mod token;
mod turn;
