//! The task of one client's WebSocket.

use std::future::{self, Future};
use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use boplish_directory::{CloseReason, ConnId, Input};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, timeout};
use tokio_tungstenite::tungstenite::{self, error::ProtocolError};
use tracing::debug;

use crate::config::Limits;
use crate::hub::{Hub, Newcomer};
use crate::queue::{Inbox, Outgoing, Queue};

/// The bounds of one socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    ping_every: Duration,
    idle_timeout: Duration,
    close_timeout: Duration,
}

impl From<&Limits> for Timing {
    fn from(limits: &Limits) -> Self {
        Self {
            ping_every: limits.ping_every,
            idle_timeout: limits.idle_timeout,
            close_timeout: limits.close_timeout,
        }
    }
}

/// Carries between a client and the hub until one of them ends it.
pub(crate) async fn run(socket: WebSocket, newcomer: Newcomer, hub: Hub, timing: Timing) {
    let conn = newcomer.conn;
    let Inbox { mut queue, kill } = hub.connect(newcomer).await;
    let (mut sink, mut stream) = socket.split();
    let mut last_word = None;
    {
        let mut reading = pin!(read(&mut stream, conn, &hub, timing.idle_timeout));
        let mut writing = pin!(write(&mut sink, &mut queue, timing.ping_every));
        tokio::select! {
            ending = reading.as_mut() => match ending {
                Ending::Gone => {}
                // The hub answers with an error and a close.
                Ending::Told => linger(timing, writing).await,
                Ending::Wrong(frame) => last_word = Some(frame),
            },
            // The client closes in return; until then it must be read from.
            () = writing.as_mut() => {
                let _ = timeout(timing.close_timeout, reading).await;
            }
            reason = kill.ordered() => last_word = Some(close_frame(reason)),
        }
    }
    // The directory must not think of the client as there while it is being closed.
    hub.tell(Input::Disconnected { conn }).await;
    if let Some(frame) = last_word {
        linger(timing, sink.send(Message::Close(Some(frame)))).await;
    }
}

/// Sends the last words, and gives the client time to read them although it is not read from any
/// more: when a socket with unread bytes is dropped, the system resets the connection, and what
/// the client has not read by then may be lost.
async fn linger(timing: Timing, last_words: impl Future) {
    let lingering = async {
        last_words.await;
        future::pending::<()>().await;
    };
    let _ = timeout(timing.close_timeout, lingering).await;
}

/// Why nothing is read any more.
enum Ending {
    /// The connection is gone.
    Gone,
    /// The hub was told to close it.
    Told,
    /// The client does not speak WebSocket as it should; to be closed with this.
    Wrong(CloseFrame),
}

async fn read(
    stream: &mut SplitStream<WebSocket>,
    conn: ConnId,
    hub: &Hub,
    idle_timeout: Duration,
) -> Ending {
    loop {
        let Ok(next) = timeout(idle_timeout, stream.next()).await else {
            hub.tell(Input::Idle { conn }).await;
            return Ending::Told;
        };
        match next {
            Some(Ok(Message::Text(text))) => {
                let text = text.as_str().to_owned();
                hub.tell(Input::Text { conn, text }).await;
            }
            Some(Ok(Message::Binary(_))) => hub.tell(Input::Binary { conn }).await,
            // Pings are answered, and a close is, by reading on.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => {}
            Some(Err(error)) => {
                debug!(conn = conn.0, %error, "nothing more can be read");
                let ending = ending(&error);
                if matches!(ending, Ending::Told) {
                    hub.tell(Input::TooLarge { conn }).await;
                }
                return ending;
            }
            None => return Ending::Gone,
        }
    }
}

/// What an error of reading is to the client.
fn ending(error: &axum::Error) -> Ending {
    // axum hides the error of tungstenite behind its own.
    match std::error::Error::source(error).and_then(|error| error.downcast_ref()) {
        Some(tungstenite::Error::Capacity(_)) => Ending::Told,
        Some(tungstenite::Error::Utf8(_)) => Ending::Wrong(CloseFrame {
            code: close_code::INVALID,
            reason: "a text message must be UTF-8".into(),
        }),
        // How a client is gone that did not say so first.
        Some(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
            Ending::Gone
        }
        Some(tungstenite::Error::Protocol(_)) => Ending::Wrong(CloseFrame {
            code: close_code::PROTOCOL,
            reason: "this is not as RFC 6455 has it".into(),
        }),
        _ => Ending::Gone,
    }
}

async fn write(sink: &mut SplitSink<WebSocket, Message>, queue: &mut Queue, ping_every: Duration) {
    let mut pings = tokio::time::interval_at(Instant::now() + ping_every, ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (message, bytes) = tokio::select! {
            outgoing = queue.next() => match outgoing {
                Some(Outgoing::Text(text)) => {
                    let bytes = text.len();
                    (Message::Text(text), bytes)
                }
                Some(Outgoing::Close(reason)) => {
                    // An error says that the client is gone, which reading notices too.
                    let _ = sink.send(Message::Close(Some(close_frame(reason)))).await;
                    return;
                }
                None => return,
            },
            _ = pings.tick() => (Message::Ping(Default::default()), 0),
        };
        if sink.send(message).await.is_err() {
            return;
        }
        queue.sent(bytes);
    }
}

fn close_frame(reason: CloseReason) -> CloseFrame {
    CloseFrame {
        code: reason.code(),
        reason: reason.text().into(),
    }
}
