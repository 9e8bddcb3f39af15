//! Names to addresses: `.local` ones, with which browsers hide theirs, by multicast DNS, others by
//! the system.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mdns_sd::{HostnameResolutionEvent, ServiceDaemon};
use tokio::sync::Semaphore;

/// Names that are remembered; then all are forgotten.
const MAX_CACHED: usize = 256;

/// How long a name is remembered, found or not.
const CACHED_FOR: Duration = Duration::from_secs(60);

/// Names that are looked up at a time; further ones wait.
const MAX_LOOKUPS: usize = 16;

/// A name that is not found by then is not found.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Looks names up. Clones share a cache.
#[derive(Debug, Clone)]
pub(crate) struct Resolver(Arc<Inner>);

/// What was found, and when.
type Known = (Instant, Vec<IpAddr>);

struct Inner {
    mdns: bool,
    daemon: Mutex<Option<ServiceDaemon>>,
    cache: Mutex<HashMap<Box<str>, Known>>,
    lookups: Semaphore,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver")
            .field("mdns", &self.mdns)
            .finish_non_exhaustive()
    }
}

impl Resolver {
    pub(crate) fn new(mdns: bool) -> Self {
        Self(Arc::new(Inner {
            mdns,
            daemon: Mutex::new(None),
            cache: Mutex::new(HashMap::new()),
            lookups: Semaphore::new(MAX_LOOKUPS),
        }))
    }

    /// The addresses of a name; none if there are none, or nobody answers in time.
    pub(crate) async fn resolve(&self, name: &str) -> Vec<IpAddr> {
        if let Ok(ip) = name.parse() {
            return vec![ip];
        }
        if let Some(known) = self.0.cached(name) {
            return known;
        }
        // The semaphore is never closed.
        let _permit = self.0.lookups.acquire().await;
        let found = if name.ends_with(".local") {
            self.0.resolve_local(name).await
        } else {
            resolve_by_system(name).await
        };
        self.0.remember(name, &found);
        found
    }
}

impl Inner {
    fn cached(&self, name: &str) -> Option<Vec<IpAddr>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, addresses) = cache.get(name)?;
        (at.elapsed() < CACHED_FOR).then(|| addresses.clone())
    }

    fn remember(&self, name: &str, addresses: &[IpAddr]) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(name.into(), (Instant::now(), addresses.to_vec()));
    }

    async fn resolve_local(&self, name: &str) -> Vec<IpAddr> {
        let Some(daemon) = self.daemon() else {
            return Vec::new();
        };
        let milliseconds = u64::try_from(TIMEOUT.as_millis()).ok();
        let events = match daemon.resolve_hostname(&format!("{name}."), milliseconds) {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, name, "a name can't be looked up");
                return Vec::new();
            }
        };
        let first_found = async {
            while let Ok(event) = events.recv_async().await {
                if let HostnameResolutionEvent::AddressesFound(_, addresses) = event {
                    return addresses.iter().map(|ip| ip.to_ip_addr()).collect();
                }
            }
            Vec::new()
        };
        tokio::time::timeout(TIMEOUT, first_found)
            .await
            .unwrap_or_default()
    }

    /// The daemon has a thread of its own, so it starts with the first name.
    fn daemon(&self) -> Option<ServiceDaemon> {
        if !self.mdns {
            return None;
        }
        let mut daemon = self.daemon.lock().unwrap_or_else(PoisonError::into_inner);
        if daemon.is_none() {
            match ServiceDaemon::new() {
                Ok(started) => *daemon = Some(started),
                Err(error) => tracing::warn!(%error, "no multicast DNS"),
            }
        }
        daemon.clone()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let daemon = self
            .daemon
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(daemon) = daemon.take() {
            // Nobody waits for it to end.
            let _ = daemon.shutdown();
        }
    }
}

async fn resolve_by_system(name: &str) -> Vec<IpAddr> {
    match tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((name, 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}
