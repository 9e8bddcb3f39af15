//! What the server counts of its sockets and requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use super::request::RequestId;

/// Status classes: 1xx (WebSockets) to 5xx.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Upper ends of the classes of the time until a response begins, in seconds.
const BUCKETS: [f64; 7] = [0.0005, 0.002, 0.01, 0.05, 0.25, 1.0, 5.0];

/// Counts since the start.
#[derive(Debug)]
pub(crate) struct Meter {
    start: Instant,
    /// Told apart from those of other servers by this in the ids of requests.
    server: u32,
    requests: AtomicU64,
    responses: [AtomicU64; CLASSES.len()],
    durations: Histogram,
    sockets: AtomicU64,
}

impl Meter {
    /// Begins with zeros; `server` should differ between servers.
    pub(crate) fn new(server: u32) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            server,
            requests: AtomicU64::new(0),
            responses: Default::default(),
            durations: Histogram::new(BUCKETS),
            sockets: AtomicU64::new(0),
        })
    }

    /// Counts a socket until what is returned is dropped.
    pub(crate) fn open_socket(self: &Arc<Self>) -> OpenSocket {
        self.sockets.fetch_add(1, Ordering::Relaxed);
        OpenSocket(self.clone())
    }

    pub(super) fn next_request(&self) -> RequestId {
        RequestId::Made {
            server: self.server,
            number: self.requests.fetch_add(1, Ordering::Relaxed),
        }
    }

    pub(super) fn count_response(&self, status: StatusCode, duration: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.responses.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.durations.observe(duration.as_secs_f64());
    }

    pub(super) fn uptime(&self) -> Duration {
        self.start.elapsed()
    }

    /// Sockets that are open now.
    pub(super) fn sockets(&self) -> u64 {
        self.sockets.load(Ordering::Relaxed)
    }

    /// Responses by the classes of their status.
    pub(super) fn responses(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.responses.iter();
        let counts = counts.map(|count| count.load(Ordering::Relaxed));
        CLASSES.into_iter().zip(counts)
    }

    /// Seconds until responses began; the clone counts on.
    pub(super) fn durations(&self) -> Histogram {
        self.durations.clone()
    }
}

/// A socket that is open for as long as this is kept.
#[derive(Debug)]
pub(crate) struct OpenSocket(Arc<Meter>);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.sockets.fetch_sub(1, Ordering::Relaxed);
    }
}
