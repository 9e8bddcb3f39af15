//! The connections of a peer, and how they are found: by datagram and by time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::Instant;

use boplish_core::ConnectionId;

use crate::engine::Port;
use crate::stun::{self, Kind};
use crate::transport::{Datagram, Transport};

/// Paths remembered for one connection: more than ICE pairs are ever tried.
const MAX_PATHS: usize = 128;

/// A local address and a remote one.
type Path = (SocketAddr, SocketAddr);

/// One connection.
pub(super) struct Connection {
    pub(super) transport: Box<dyn Transport>,
    /// The other side's current ufrag, and the candidates that came with it.
    pub(super) remote_ufrag: Box<str>,
    pub(super) remote_candidates: usize,
    ufrags: Vec<Box<str>>,
    paths: Vec<Path>,
    timeout: Option<Instant>,
    /// When it comes up in the heap; never after `timeout`.
    armed: Option<Instant>,
}

/// The connections of a peer.
#[derive(Default)]
pub(super) struct Table {
    connections: BTreeMap<ConnectionId, Connection>,
    by_ufrag: HashMap<Box<str>, ConnectionId>,
    /// More than one only for a while, after glare or a reconnect; the oldest first.
    by_path: HashMap<Path, Vec<ConnectionId>>,
    /// Entries whose connection is not armed for that time are stale.
    timers: BinaryHeap<Reverse<(Instant, ConnectionId)>>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn insert(&mut self, id: ConnectionId, transport: Box<dyn Transport>) {
        let connection = Connection {
            transport,
            remote_ufrag: Box::default(),
            remote_candidates: 0,
            ufrags: Vec::new(),
            paths: Vec::new(),
            timeout: None,
            armed: None,
        };
        self.connections.insert(id, connection);
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: ConnectionId, port: &Port) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        for ufrag in connection.ufrags {
            port.remove_ufrag(&ufrag);
            self.by_ufrag.remove(&ufrag);
        }
        for path in connection.paths {
            let Some(ids) = self.by_path.get_mut(&path) else {
                continue;
            };
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                port.remove_path(path.0, path.1);
                self.by_path.remove(&path);
            }
        }
    }

    /// STUN requests to this ufrag are for the connection. The one before it stays, until a
    /// restart is through; earlier ones are forgotten.
    pub(super) fn add_ufrag(&mut self, id: ConnectionId, ufrag: &str, port: &Port) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        while connection.ufrags.len() >= 2 {
            let oldest = connection.ufrags.remove(0);
            port.remove_ufrag(&oldest);
            self.by_ufrag.remove(&oldest);
        }
        connection.ufrags.push(ufrag.into());
        port.add_ufrag(ufrag);
        self.by_ufrag.insert(ufrag.into(), id);
    }

    /// What comes over this path may be for the connection.
    pub(super) fn add_path(
        &mut self,
        id: ConnectionId,
        local: SocketAddr,
        remote: SocketAddr,
        port: &Port,
    ) {
        let path = (local, remote);
        let ids = self.by_path.entry(path).or_default();
        if ids.contains(&id) {
            return;
        }
        match self.connections.get_mut(&id) {
            Some(connection) if connection.paths.len() < MAX_PATHS => {
                connection.paths.push(path);
                let place = ids.partition_point(|other| *other < id);
                ids.insert(place, id);
                port.add_path(local, remote);
            }
            Some(_) | None => {
                if ids.is_empty() {
                    self.by_path.remove(&path);
                }
            }
        }
    }

    /// Which connection a datagram is for: by the path, then by the ufrag of STUN requests. Of
    /// several on one path, responses go to the one that asked, the rest to the newest.
    pub(super) fn receiver(&self, datagram: &Datagram) -> Option<ConnectionId> {
        let path = (datagram.local, datagram.remote);
        let on_path = || self.by_path.get(&path).map_or(&[][..], Vec::as_slice);
        match stun::classify(&datagram.bytes) {
            Kind::Request { ufrag } => self.by_ufrag.get(ufrag).copied(),
            Kind::OtherStun => match on_path() {
                [only] => Some(*only),
                several => several.iter().copied().find(|id| {
                    let connection = self.connections.get(id);
                    connection.is_some_and(|connection| connection.transport.accepts(datagram))
                }),
            },
            Kind::NotStun => on_path().last().copied(),
        }
    }

    pub(super) fn set_timeout(&mut self, id: ConnectionId, timeout: Option<Instant>) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.timeout = timeout;
        if let Some(timeout) = timeout
            && connection.armed.is_none_or(|armed| timeout < armed)
        {
            connection.armed = Some(timeout);
            self.timers.push(Reverse((timeout, id)));
        }
    }

    pub(super) fn next_timeout(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if self.is_armed(id, at) {
                return Some(at);
            }
            self.timers.pop();
        }
        None
    }

    /// A connection whose time has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<ConnectionId> {
        while let Some(Reverse((at, id))) = self.timers.peek().copied() {
            if at > now {
                return None;
            }
            self.timers.pop();
            if !self.is_armed(id, at) {
                continue;
            }
            let connection = self.connections.get_mut(&id)?;
            connection.armed = None;
            match connection.timeout {
                Some(timeout) if timeout <= now => {
                    connection.timeout = None;
                    return Some(id);
                }
                // The time was put off since.
                later => self.set_timeout(id, later),
            }
        }
        None
    }

    fn is_armed(&self, id: ConnectionId, at: Instant) -> bool {
        let connection = self.connections.get(&id);
        connection.is_some_and(|connection| connection.armed == Some(at))
    }
}
