//! What two linked peers say to each other on their data channel.

use crate::message::Message;

/// One message of a data channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First on every channel, from both sides: the link is up when it has been received.
    Hello(Hello),
    /// Says that the sender lives. Answered by another when `echo` asks for it.
    Keepalive(Keepalive),
    /// A message of the network, for the receiver or to be carried on.
    Message(Message),
    /// The sender closes the link, on purpose.
    Close(CloseReason),
}

/// Who is on the other end of a new link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The highest version of these frames that the sender speaks; now 1.
    pub version: u8,
    /// Whether the sender's page is hidden, so that its timers may be slow.
    pub hidden: bool,
    /// What its router wants neighbours to know, at most
    /// [`MAX_KEEPALIVE_ROUTING`](crate::limits::MAX_KEEPALIVE_ROUTING) bytes.
    pub routing: Vec<u8>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalive {
    /// Whether the sender's page is hidden, so that its timers may be slow.
    pub hidden: bool,
    /// Asks the receiver for a keepalive in return, at once.
    pub echo: bool,
    /// What its router wants neighbours to know.
    pub routing: Vec<u8>,
}

/// Why a peer closes a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer leaves the network.
    Leaving,
    /// Another link between the same two peers takes this one's place.
    Replaced,
    /// The peer has no use for the link, or no room.
    Unneeded,
    /// The other side broke the protocol.
    ProtocolError,
}
