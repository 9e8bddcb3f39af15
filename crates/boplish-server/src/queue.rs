//! The bounded queue of what one client is to be told.

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Utf8Bytes;
use boplish_directory::CloseReason;
use tokio::sync::{mpsc, oneshot};

/// What a client is to be told.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Text(Utf8Bytes),
    /// The last: the connection is closed.
    Close(CloseReason),
}

/// There is no room for another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The hub's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    bytes: Arc<AtomicUsize>,
    max_bytes: usize,
    kill: oneshot::Sender<CloseReason>,
}

/// The socket's end.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) queue: Queue,
    pub(crate) kill: Kill,
}

/// What is to be sent, in order.
#[derive(Debug)]
pub(crate) struct Queue {
    queue: mpsc::Receiver<Outgoing>,
    bytes: Arc<AtomicUsize>,
}

/// The order to close at once, without sending what is in the queue.
#[derive(Debug)]
pub(crate) struct Kill(oneshot::Receiver<CloseReason>);

/// A queue for so many messages of so many bytes together.
pub(crate) fn new(messages: usize, max_bytes: usize) -> (Outbox, Inbox) {
    let (sender, receiver) = mpsc::channel(messages.max(1));
    let (kill, killed) = oneshot::channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let outbox = Outbox {
        queue: sender,
        bytes: bytes.clone(),
        max_bytes,
        kill,
    };
    let queue = Queue {
        queue: receiver,
        bytes,
    };
    let kill = Kill(killed);
    (outbox, Inbox { queue, kill })
}

impl Outbox {
    /// Adds a text, if there is room.
    pub(crate) fn push(&self, text: String) -> Result<(), Full> {
        let length = text.len();
        // Only the hub adds, so between this load and the addition the count can only shrink.
        if self.bytes.load(Ordering::Relaxed).saturating_add(length) > self.max_bytes {
            return Err(Full);
        }
        self.bytes.fetch_add(length, Ordering::Relaxed);
        match self.queue.try_send(Outgoing::Text(text.into())) {
            // Without a receiver the socket is gone, and the hub will hear so.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Full),
        }
    }

    /// Closes the connection: after what is in the queue, or at once if that is too much for the
    /// client.
    pub(crate) fn close(self, reason: CloseReason) {
        let is_told = reason != CloseReason::SlowReader
            && self.queue.try_send(Outgoing::Close(reason)).is_ok();
        if !is_told {
            // Without a receiver the socket is gone already.
            let _ = self.kill.send(reason);
        }
    }
}

impl Queue {
    /// What is to be sent next; waits for it. `None` when the hub is gone.
    pub(crate) async fn next(&mut self) -> Option<Outgoing> {
        self.queue.recv().await
    }

    /// Counts a text as sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Kill {
    /// Waits for the order, for ever if it does not come.
    pub(crate) async fn ordered(self) -> CloseReason {
        match self.0.await {
            Ok(reason) => reason,
            Err(_) => future::pending().await,
        }
    }
}
