//! What the bootstrap server itself says on its WebSocket, and what it expects first.
//!
//! The server speaks the report's envelope: `{"type", "from", "to", "payload"}` with an empty
//! `from`. A peer that asks for the WebSocket subprotocol [`SUBPROTOCOL`] is challenged before
//! anything else; one that does not is a client of the report, which `--open-ids` admits.
