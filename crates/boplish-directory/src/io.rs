//! What goes into a directory and what comes out.

use core::net::IpAddr;
use core::time::Duration;

use boplish_wire::bootstrap::{ClientId, ErrorCode};

use crate::close::CloseReason;
use crate::cluster::{News, Order};

/// Names a connection. The shell never uses a number twice, so that whatever comes late from an
/// old connection can't be taken for news of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// What happened outside. Anything about a connection that was closed before is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A client connected.
    Connected {
        /// The new connection.
        conn: ConnId,
        /// The id in the path that the client connected to.
        id: ClientId,
        /// Where it connected from.
        address: IpAddr,
        /// Whether it asked for the subprotocol
        /// [`SUBPROTOCOL`](boplish_wire::bootstrap::SUBPROTOCOL), and so for a challenge.
        wants_proof: bool,
    },
    /// A client connected, but the shell has no room for it beyond what this directory counts, as
    /// when several share their bounds.
    NoSeat {
        /// The new connection.
        conn: ConnId,
        /// The id in the path that the client connected to.
        id: ClientId,
        /// Where it connected from.
        address: IpAddr,
        /// What it is closed with.
        reason: CloseReason,
    },
    /// A client sent a text.
    Text {
        /// Its connection.
        conn: ConnId,
        /// What it said; forwarded as it is.
        text: String,
    },
    /// A client sent a binary frame.
    Binary {
        /// Its connection.
        conn: ConnId,
    },
    /// A client sent a frame so long that the shell stopped to read from it.
    TooLarge {
        /// Its connection.
        conn: ConnId,
    },
    /// The bounded queue of what is to be sent to a client is full.
    SlowReader {
        /// Its connection.
        conn: ConnId,
    },
    /// A client gave no sign of life for as long as the shell permits.
    Idle {
        /// Its connection.
        conn: ConnId,
    },
    /// The operator has banned a client.
    Banned {
        /// Its connection.
        conn: ConnId,
    },
    /// A connection is gone.
    Disconnected {
        /// The connection.
        conn: ConnId,
    },
    /// What time of day it is: for credentials that end.
    UnixTime(
        /// Since 1970.
        Duration,
    ),
    /// Something is new of the engine by which several servers act as one. Without any news of
    /// one, the directory is alone.
    Engine(News),
    /// The time that [`poll_timeout`](crate::Directory::poll_timeout) gave has come.
    Timeout,
    /// The server shuts down: everybody is told and closed, and nobody is admitted any more.
    Shutdown,
}

/// What is to be done outside, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a text to a client.
    Send {
        /// Its connection.
        conn: ConnId,
        /// The text: a client's own words, or the server's.
        text: String,
    },
    /// Close a connection after what was to be sent before. The directory has forgotten it.
    Close {
        /// The connection.
        conn: ConnId,
        /// What the close frame says.
        reason: CloseReason,
    },
    /// Order something from the engine; only while that is up.
    Engine(Order),
    /// Something worth a line in the log.
    Event(Event),
}

/// Something worth a line in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The connection that it is about.
    pub conn: ConnId,
    /// The id that the client has or claims.
    pub id: ClientId,
    /// Where it connected from.
    pub address: IpAddr,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The client is in the directory.
    Admitted {
        /// Whether it proved its id.
        proven: bool,
    },
    /// The client has joined the network.
    Joined,
    /// The client was closed before it was in the directory.
    Refused(CloseReason),
    /// The client was in the directory and was closed.
    Closed(CloseReason),
    /// The client left by itself.
    Left,
    /// A message of the client was refused.
    Message(ErrorCode),
}
