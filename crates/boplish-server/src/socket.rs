//! The task of one client's WebSocket.

use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use boplish_directory::{CloseReason, ConnId, Input};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior};
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
    let mut killed = None;
    {
        let mut reading = pin!(read(&mut stream, conn, &hub, timing.idle_timeout));
        let mut writing = pin!(write(&mut sink, &mut queue, timing.ping_every));
        tokio::select! {
            ending = reading.as_mut() => match ending {
                Ending::Gone => {}
                // The hub answers with the last words and a close.
                Ending::Told => {
                    let _ = tokio::time::timeout(timing.close_timeout, writing).await;
                }
            },
            // The client closes in return; until then it must be read from, or the system resets
            // the connection and what was sent last is lost.
            () = writing.as_mut() => {
                let _ = tokio::time::timeout(timing.close_timeout, reading).await;
            }
            reason = kill.ordered() => killed = Some(reason),
        }
    }
    if let Some(reason) = killed {
        let _ = tokio::time::timeout(timing.close_timeout, sink.send(close(reason))).await;
    }
    hub.tell(Input::Disconnected { conn }).await;
}

/// Why nothing is read any more.
enum Ending {
    /// The connection is gone.
    Gone,
    /// The hub was told to close it.
    Told,
}

async fn read(
    stream: &mut SplitStream<WebSocket>,
    conn: ConnId,
    hub: &Hub,
    idle_timeout: Duration,
) -> Ending {
    loop {
        let Ok(next) = tokio::time::timeout(idle_timeout, stream.next()).await else {
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
            Some(Err(error)) if is_too_large(&error) => {
                hub.tell(Input::TooLarge { conn }).await;
                return Ending::Told;
            }
            Some(Err(error)) => {
                debug!(conn = conn.0, %error, "the connection broke");
                return Ending::Gone;
            }
            None => return Ending::Gone,
        }
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
                    let _ = sink.send(close(reason)).await;
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

fn close(reason: CloseReason) -> Message {
    Message::Close(Some(CloseFrame {
        code: reason.code(),
        reason: reason.text().into(),
    }))
}

fn is_too_large(error: &axum::Error) -> bool {
    // axum hides the error of tungstenite behind a box.
    let source = std::error::Error::source(error);
    matches!(
        source.and_then(|error| error.downcast_ref()),
        Some(tokio_tungstenite::tungstenite::Error::Capacity(_))
    )
}
