//! Events on their way from a peer's task to its subscribers.

use std::sync::{Arc, Weak};

use boplish_core::Event;
use tokio::sync::broadcast;

/// Events kept for the slowest subscriber; then it loses the oldest.
const MAX_EVENTS: usize = 1024;

/// A subscription to the events of a peer.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

/// Why there is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventsError {
    /// The subscriber was too slow: this many events are lost, the next one is not.
    #[error("{0} events are lost, since they were not read in time")]
    Lagged(u64),
    /// The peer is closed; no event will come.
    #[error("the peer is closed")]
    Closed,
}

impl Events {
    /// The next event.
    pub async fn recv(&mut self) -> Result<Event, EventsError> {
        self.0.recv().await.map_err(|error| match error {
            broadcast::error::RecvError::Lagged(lost) => EventsError::Lagged(lost),
            broadcast::error::RecvError::Closed => EventsError::Closed,
        })
    }
}

/// Where handles subscribe. It does not keep the peer's task or the subscriptions alive.
#[derive(Debug, Clone)]
pub(super) struct Source(Weak<broadcast::Sender<Event>>);

/// Where the peer's task puts events.
#[derive(Debug)]
pub(super) struct Sink(Arc<broadcast::Sender<Event>>);

pub(super) fn channel() -> (Source, Sink, Events) {
    let (sender, receiver) = broadcast::channel(MAX_EVENTS);
    let sender = Arc::new(sender);
    (
        Source(Arc::downgrade(&sender)),
        Sink(sender),
        Events(receiver),
    )
}

impl Source {
    pub(super) fn subscribe(&self) -> Events {
        match self.0.upgrade() {
            Some(sender) => Events(sender.subscribe()),
            None => {
                let (_, receiver) = broadcast::channel(1);
                Events(receiver)
            }
        }
    }
}

impl Sink {
    pub(super) fn put(&self, event: Event) {
        // Nobody listens: that is fine.
        let _ = self.0.send(event);
    }
}
