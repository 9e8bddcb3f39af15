//! The virtual bootstrap server: WebSockets around the real directory.

use boplish_core::Time;
use boplish_directory::{Config, Directory};

use crate::arena::Index;
use crate::peer::PeerHandle;
use crate::pipe::Pipe;

/// Names one WebSocket.
pub(crate) type SocketIndex = Index<Socket>;

/// The server; off while there is no directory.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) directory: Option<Directory>,
    pub(crate) config: Config,
    /// When it was started: its own clock.
    pub(crate) born: Time,
    pub(crate) wake_at: Option<Time>,
}

/// A WebSocket, seen from both ends.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) peer: PeerHandle,
    /// Whether the peer still wants and has it.
    pub(crate) client: ClientSide,
    /// Whether the server knows it.
    pub(crate) is_served: bool,
    pub(crate) up: Pipe<ToServer>,
    pub(crate) down: Pipe<FromServer>,
    pub(crate) is_cut: bool,
    pub(crate) cut_epoch: u32,
    pub(crate) opened: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientSide {
    Connecting,
    Open,
    Closed,
}

#[derive(Debug)]
pub(crate) enum ToServer {
    Text(String),
    Close,
}

#[derive(Debug)]
pub(crate) enum FromServer {
    Opened,
    Text(String),
    Closed(String),
}

impl Socket {
    pub(crate) fn new(peer: PeerHandle, now: Time, is_cut: bool) -> Self {
        let mut socket = Self {
            peer,
            client: ClientSide::Connecting,
            is_served: false,
            up: Pipe::new(),
            down: Pipe::new(),
            is_cut,
            cut_epoch: 0,
            opened: now,
        };
        if is_cut {
            socket.up.stall(now);
            socket.down.stall(now);
        }
        socket
    }

    pub(crate) fn is_client_closed(&self) -> bool {
        match self.client {
            ClientSide::Closed => true,
            ClientSide::Connecting | ClientSide::Open => false,
        }
    }
}
