//! A client's WebSocket, and what it has to do with the hub.

use std::borrow::Cow;

use boplish_directory::{CloseReason, ConnId, Input};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::debug;

use crate::accept::SocketPermit;
use crate::config::Limits;
use crate::hub::{Hub, Newcomer};
use crate::network::Seat;
use crate::server::Alive;
use crate::ws::{Connection, Handler, Stream, Timing};

impl From<&Limits> for Timing {
    fn from(limits: &Limits) -> Self {
        Self {
            ping_every: limits.ping_every,
            idle_timeout: limits.idle_timeout,
            close_timeout: limits.close_timeout,
        }
    }
}

/// What a WebSocket needs besides the client.
pub(crate) struct Surroundings {
    pub(crate) hub: Hub,
    /// Its place among all of the server, or why there is none.
    pub(crate) seat: Result<Option<Seat>, CloseReason>,
    pub(crate) timing: Timing,
    /// Bytes of the longest message that is read.
    pub(crate) max_message: usize,
    pub(crate) permit: SocketPermit,
    pub(crate) alive: Alive,
}

/// Waits until the answer to the handshake is sent, and starts the client's task, which lives on
/// without anything of HTTP.
pub(crate) async fn start(upgrade: OnUpgrade, newcomer: Newcomer, surroundings: Surroundings) {
    let conn = newcomer.conn;
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            let request = newcomer.request;
            return debug!(%request, conn = conn.0, %error, "the handshake was not completed");
        }
    };
    let (stream, early) = stream_of(upgraded);
    let Surroundings {
        hub,
        seat,
        timing,
        max_message,
        permit,
        alive,
    } = surroundings;
    let connection = Connection::new(stream, early, max_message, timing, |outbox| {
        let (seat, lacking) = match seat {
            Ok(seat) => (seat, None),
            Err(reason) => (None, Some(reason)),
        };
        hub.connect(newcomer, outbox, lacking);
        Client {
            conn,
            hub,
            _seat: seat,
            _permit: permit,
            _alive: alive,
        }
    });
    tokio::spawn(connection);
}

/// The stream below HTTP, and what HTTP has read of it already.
fn stream_of(upgraded: Upgraded) -> (Stream, Vec<u8>) {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        // Copied, so that nothing of HTTP's buffer stays.
        Ok(parts) => (Stream::Tcp(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => (Stream::Other(Box::new(TokioIo::new(upgraded))), Vec::new()),
    }
}

/// Hands what a client sends to the hub.
struct Client {
    conn: ConnId,
    hub: Hub,
    _seat: Option<Seat>,
    _permit: SocketPermit,
    _alive: Alive,
}

impl Handler for Client {
    fn handle_text(&mut self, text: Cow<'_, str>) {
        let (conn, text) = (self.conn, text.into_owned());
        self.hub.hand_in(Input::Text { conn, text });
    }

    fn handle_binary(&mut self, _: Cow<'_, [u8]>) {
        self.hub.hand_in(Input::Binary { conn: self.conn });
    }

    fn handle_too_large(&mut self) {
        self.hub.hand_in(Input::TooLarge { conn: self.conn });
    }

    fn handle_idle(&mut self) {
        self.hub.hand_in(Input::Idle { conn: self.conn });
    }

    fn handle_end_of_batch(&mut self) {
        self.hub.flush();
    }

    fn handle_end(&mut self) {
        self.hub.tell(Input::Disconnected { conn: self.conn });
    }
}
