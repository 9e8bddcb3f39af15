//! TURN credentials of those who are connected: made for the welcome, and anew before they end.
//!
//! They go by the time of day, since the TURN servers do. When a clock is set, what is due follows
//! it.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use boplish_wire::bootstrap::{self, IceServer};

use super::Directory;
use crate::io::ConnId;
use crate::turn::TurnConfig;

/// Clients that get new credentials at once; the others' turn comes with the next input.
const AT_ONCE: usize = 256;

/// When whose credentials are to be made anew. Invariant: both have the same entries.
#[derive(Debug, Default)]
pub(super) struct Renewals {
    /// The time of day at the directory's time zero; unknown until the shell has told it.
    zero: Option<i128>,
    due: BTreeSet<(Duration, ConnId)>,
    by_client: BTreeMap<ConnId, Duration>,
}

impl Renewals {
    /// It is `unix` since 1970.
    pub(super) fn set_unix(&mut self, now: Duration, unix: Duration) {
        self.zero = Some(nanos(unix) - nanos(now));
    }

    pub(super) fn forget(&mut self, conn: ConnId) {
        if let Some(due) = self.by_client.remove(&conn) {
            self.due.remove(&(due, conn));
        }
    }

    /// When the next ones are due, in the directory's time.
    pub(super) fn next(&self) -> Option<Duration> {
        let (due, _) = self.due.first()?;
        let at = nanos(*due).saturating_sub(self.zero?).max(0);
        Some(Duration::from_nanos(u64::try_from(at).unwrap_or(u64::MAX)))
    }

    fn unix(&self, now: Duration) -> Option<Duration> {
        let unix = nanos(now).saturating_add(self.zero?);
        u64::try_from(unix).ok().map(Duration::from_nanos)
    }

    fn set(&mut self, conn: ConnId, due: Duration) {
        self.forget(conn);
        self.by_client.insert(conn, due);
        self.due.insert((due, conn));
    }

    fn take_due(&mut self, unix: Duration) -> Option<ConnId> {
        let (_, conn) = *self.due.first().filter(|(due, _)| *due <= unix)?;
        self.forget(conn);
        Some(conn)
    }
}

impl Directory {
    /// What a client is told of STUN and TURN servers, which is remembered, so that it is told
    /// anew in time.
    pub(super) fn ice_servers_for(
        &mut self,
        now: Duration,
        conn: ConnId,
        client: &str,
    ) -> Vec<IceServer> {
        let mut servers = self.config.ice_servers.clone();
        if let (Some(turn), Some(unix)) = (&self.config.turn, self.renewals.unix(now)) {
            servers.push(turn.ice_server(client, unix));
            let half = (turn.lifetime / 2).max(Duration::from_secs(1));
            self.renewals.set(conn, unix.saturating_add(half));
        }
        servers
    }

    /// Tells those whose credentials are half over.
    pub(super) fn renew(&mut self, now: Duration) {
        let Some(unix) = self.renewals.unix(now) else {
            return;
        };
        for _ in 0..AT_ONCE {
            let Some(conn) = self.renewals.take_due(unix) else {
                return;
            };
            let Some((client, _)) = self.table.get_mut(conn) else {
                continue;
            };
            let id = client.id.clone();
            let servers = self.ice_servers_for(now, conn, id.as_str());
            self.send(conn, bootstrap::ice_servers(id.as_str(), &servers));
        }
    }

    /// In how many seconds a client's credentials end, if it has any.
    pub(super) fn credentials_end(&self, now: Duration, conn: ConnId) -> Option<u32> {
        let TurnConfig { lifetime, .. } = self.config.turn.as_ref()?;
        let due = self.renewals.by_client.get(&conn)?;
        let end = due.saturating_add(*lifetime / 2);
        let left = end.saturating_sub(self.renewals.unix(now)?);
        u32::try_from(left.as_secs()).ok()
    }
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}
