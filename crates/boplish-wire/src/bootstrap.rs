//! What the bootstrap server itself says on its WebSocket, and what it expects first.
//!
//! The server speaks the report's envelope: `{"type", "from", "to", "payload"}` with an empty
//! `from`. A peer that asks for the WebSocket subprotocol [`SUBPROTOCOL`] is challenged before
//! anything else; one that does not is a client of the report, which `--open-ids` admits.

mod client;
mod network;
mod server;
mod work;

pub use client::verify_challenge_response;
pub use client::{ChallengeError, ClientId, ClientIdError, Head, HeadError};
pub use network::{NetworkParameters, RouterKind};
pub use server::{
    ErrorCode, FromServer, IceServer, JOINED, ServerError, challenge, challenge_response,
    challenge_response_with_work, denied, error, ice_servers, joined, release, shutdown, welcome,
};
pub use work::{MAX_WORK, Work};

/// The WebSocket subprotocol (RFC 6455, section 1.9) of peers that prove their id.
pub const SUBPROTOCOL: &str = "boplish.v1";

/// Bytes of a challenge.
pub const NONCE: usize = 32;

const DOMAIN: &str = "bootstrap/1";
