//! Events on their way from a peer's task to its subscribers.
//!
//! A queue for each subscriber, which takes memory only while events wait: a process may hold
//! thousands of peers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use boplish_core::Event;
use tokio::sync::Notify;

/// Events kept for a slow subscriber; then it loses the oldest.
const MAX_EVENTS: usize = 1024;

/// Room for events that a subscriber keeps when it has read all.
const SPARE_EVENTS: usize = 8;

/// A subscription to the events of a peer.
#[derive(Debug)]
pub struct Events(Arc<Queue>);

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
        loop {
            if let Some(result) = self.0.waiting().take() {
                return result;
            }
            // What came since then has left its mark: nothing is missed.
            self.0.news.notified().await;
        }
    }
}

/// Where handles subscribe. It does not keep the peer's task or the subscriptions alive.
#[derive(Debug, Clone)]
pub(super) struct Source(Weak<Hub>);

/// Where the peer's task puts events.
#[derive(Debug)]
pub(super) struct Sink(Arc<Hub>);

pub(super) fn channel() -> (Source, Sink, Events) {
    let hub = Arc::new(Hub::default());
    let events = hub.subscribe();
    (Source(Arc::downgrade(&hub)), Sink(hub), events)
}

impl Source {
    pub(super) fn subscribe(&self) -> Events {
        match self.0.upgrade() {
            Some(hub) => hub.subscribe(),
            // A hub ends its subscriptions when it is dropped, as this one is at once.
            None => Hub::default().subscribe(),
        }
    }
}

impl Sink {
    pub(super) fn put(&self, event: Event) {
        self.0.subscribers().retain(|subscriber| {
            let queue = subscriber.upgrade();
            if let Some(queue) = &queue {
                queue.waiting().put(event.clone());
                queue.news.notify_one();
            }
            queue.is_some()
        });
    }
}

#[derive(Debug, Default)]
struct Hub(Mutex<Vec<Weak<Queue>>>);

impl Hub {
    fn subscribe(&self) -> Events {
        let queue = Arc::new(Queue::default());
        self.subscribers().push(Arc::downgrade(&queue));
        Events(queue)
    }

    fn subscribers(&self) -> MutexGuard<'_, Vec<Weak<Queue>>> {
        // The list is whole after every statement that changes it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        for queue in self.subscribers().iter().filter_map(Weak::upgrade) {
            queue.waiting().is_closed = true;
            queue.news.notify_one();
        }
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// There is one reader.
    news: Notify,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // It is whole after every statement that changes it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    lost: u64,
    is_closed: bool,
}

impl Waiting {
    fn put(&mut self, event: Event) {
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
            self.lost += 1;
        }
        self.events.push_back(event);
    }

    fn take(&mut self) -> Option<Result<Event, EventsError>> {
        if self.lost > 0 {
            return Some(Err(EventsError::Lagged(std::mem::take(&mut self.lost))));
        }
        let event = self.events.pop_front();
        if self.events.is_empty() {
            self.events.shrink_to(SPARE_EVENTS);
        }
        match event {
            Some(event) => Some(Ok(event)),
            None => self.is_closed.then_some(Err(EventsError::Closed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use boplish_core::State;

    use super::*;

    fn state(number: usize) -> Event {
        match number % 2 {
            0 => Event::StateChanged(State::Alone),
            _ => Event::StateChanged(State::Online),
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_loses_the_oldest_and_learns_how_many() {
        let (source, sink, mut slow) = channel();
        sink.put(state(0));
        let mut late = source.subscribe();
        for number in 1..=MAX_EVENTS + 2 {
            sink.put(state(number));
        }
        drop(sink);
        assert_eq!(slow.recv().await, Err(EventsError::Lagged(3)));
        assert_eq!(late.recv().await, Err(EventsError::Lagged(2)));
        for number in 3..=MAX_EVENTS + 2 {
            assert_eq!(slow.recv().await, Ok(state(number)));
            assert_eq!(late.recv().await, Ok(state(number)));
        }
        assert_eq!(slow.recv().await, Err(EventsError::Closed));
        assert_eq!(late.recv().await, Err(EventsError::Closed));
        assert_eq!(source.subscribe().recv().await, Err(EventsError::Closed));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_an_event_and_by_the_end() {
        let (_source, sink, mut events) = channel();
        let waiting = tokio::spawn(async move {
            let first = events.recv().await;
            (first, events.recv().await)
        });
        tokio::task::yield_now().await;
        sink.put(state(1));
        tokio::task::yield_now().await;
        drop(sink);
        let (first, second) = waiting.await.expect("the task ends");
        assert_eq!(first, Ok(state(1)));
        assert_eq!(second, Err(EventsError::Closed));
    }
}
