//! WebSockets for very many connections that are mostly silent (RFC 6455, the server's side).
//!
//! - [`handshake`]: what a request must have, and the answer.
//! - [`Decoder`]: bytes in, [`Event`]s out; pure.
//! - [`Outbox`]: what is to be sent; whoever adds to it also writes it, straight to the socket.
//! - [`Connection`]: the task of one WebSocket, around a [`Handler`].
//!
//! Invariants: a silent connection has no buffer, neither for reading nor for writing; what was
//! received is kept only as far as it is an incomplete frame or message, and only as much as has
//! come, not as much as was announced; what waits to be sent is bounded by [`Bounds`].

mod connection;
mod decoder;
mod error;
mod frame;
pub mod handshake;
mod outbox;
mod stream;

pub use connection::{Connection, Handler, Timing};
pub use decoder::{Decoder, Event};
pub use error::Violation;
pub use outbox::{Bounds, Full, Outbox};
pub use stream::{Io, Stream};
