//! Why the application can't send.

use boplish_wire::{MessageId, PeerId, ProtocolName, content, group, signal, store};

use crate::protocol::discovery;

/// Why the application can't send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The node is closed.
    #[error("the node is closed")]
    Closed,
    /// The peer's own id was given.
    #[error("a peer can't send to itself")]
    ToSelf,
    /// The protocol belongs to the core.
    #[error("the protocol {0} belongs to the core")]
    ReservedProtocol(ProtocolName),
    /// Too much waits for this peer already; wait for `Delivered` or `Undelivered`.
    #[error("too much waits for peer {0} already")]
    Congested(PeerId),
    /// The message to reply to is not, or no longer, known.
    #[error("there is no request {} to reply to", .0.0)]
    UnknownRequest(MessageId),
    /// The payload does not fit into a message of this kind.
    #[error("a payload of {0} bytes is too long for this kind of message")]
    TooLong(usize),
}

/// signaling-, discovery-, store-, content- and group-protocol are the core's alone.
pub(super) fn refuse_reserved(protocol: &ProtocolName) -> Result<(), SendError> {
    match protocol.as_str() {
        signal::PROTOCOL
        | discovery::NAME
        | store::PROTOCOL
        | content::PROTOCOL
        | group::PROTOCOL => Err(SendError::ReservedProtocol(protocol.clone())),
        _ => Ok(()),
    }
}
