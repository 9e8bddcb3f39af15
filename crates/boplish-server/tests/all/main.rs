//! All tests of the crate from outside, as one program: each more would be linked anew.

mod admission;
mod clients;
mod cluster;
mod common;
mod conformance;
mod corpus;
mod coturn;
mod hostile;
mod hostile_http;
mod lifecycle;
mod networks;
mod observe;
mod pages;
mod request_log;
mod tls;
mod turn;
