//! What systemd is told of a service of the type `notify` (sd_notify(3)). Without systemd, nothing
//! happens.

use std::convert::Infallible;
use std::time::Duration;

use boplish_server::Server;

/// Says that connections are taken.
pub(crate) fn ready() {
    tell("READY=1");
}

/// Says that a shutdown has begun.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// Tells the watchdog, if the unit has one, that the server is alive, as long as this thread gets
/// the lock on each directory, which whatever a client says needs, too.
pub(crate) async fn watch(server: &Server) -> Infallible {
    let Some(limit) = watchdog().filter(|limit| !limit.is_zero()) else {
        return std::future::pending().await;
    };
    // Half of it, as sd_watchdog_enabled(3) recommends.
    let mut ticks = tokio::time::interval(limit / 2);
    loop {
        ticks.tick().await;
        server.stats().await;
        tell("WATCHDOG=1");
    }
}

#[cfg(unix)]
fn tell(state: &str) {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Custom(state)]) {
        tracing::warn!(%error, "systemd can't be told the state of the server");
    }
}

#[cfg(unix)]
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

#[cfg(not(unix))]
fn tell(_: &str) {}

#[cfg(not(unix))]
fn watchdog() -> Option<Duration> {
    None
}
