//! A peer's way to send and receive datagrams, over sockets of its own or shared ones.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::sockets::{Receive, Sockets};
use crate::stun::{self, Kind};
use crate::transport::Datagram;

/// Who receives what on shared sockets.
#[derive(Debug, Default)]
pub(super) struct Routes(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    peers: HashMap<PeerKey, mpsc::Sender<Datagram>>,
    by_ufrag: HashMap<Box<str>, PeerKey>,
    by_path: HashMap<(SocketAddr, SocketAddr), PeerKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PeerKey(u64);

impl Routes {
    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement that changes it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose datagram it is: STUN requests name the receiver, everything else comes over a path
    /// that was used before.
    fn receiver(&self, datagram: &Datagram) -> Option<mpsc::Sender<Datagram>> {
        let table = self.table();
        let by_path = || table.by_path.get(&(datagram.local, datagram.remote));
        let key = match stun::classify(&datagram.bytes) {
            Kind::Request { ufrag } => table.by_ufrag.get(ufrag)?,
            Kind::OtherStun | Kind::NotStun => by_path()?,
        };
        table.peers.get(key).cloned()
    }
}

/// Brings the datagrams of shared sockets to their peers.
#[derive(Debug, Clone)]
pub(super) struct Router(Arc<Routes>);

pub(super) fn router(routes: Arc<Routes>) -> Router {
    Router(routes)
}

impl Receive for Router {
    async fn receive(&mut self, datagram: Datagram) {
        if let Some(receiver) = self.0.receiver(&datagram) {
            // One slow peer must not hold the others up; for it, the datagram is lost.
            let _ = receiver.try_send(datagram);
        }
    }
}

/// Brings the datagrams of a peer's own sockets to it.
#[derive(Debug, Clone)]
pub(super) struct Direct(mpsc::Sender<Datagram>);

pub(super) fn direct(sender: mpsc::Sender<Datagram>) -> Direct {
    Direct(sender)
}

impl Receive for Direct {
    async fn receive(&mut self, datagram: Datagram) {
        // A slow peer leaves datagrams in the system's buffer, which drops what does not fit.
        let _ = self.0.send(datagram).await;
    }
}

/// A peer's way to send and receive datagrams.
#[derive(Debug)]
pub(crate) struct Port {
    sockets: Arc<Sockets>,
    shared: Option<(Arc<Routes>, PeerKey)>,
}

impl Port {
    pub(super) fn own(sockets: Arc<Sockets>) -> Self {
        Self {
            sockets,
            shared: None,
        }
    }

    pub(super) fn shared(
        sockets: Arc<Sockets>,
        routes: &Arc<Routes>,
        sender: mpsc::Sender<Datagram>,
    ) -> Self {
        let mut table = routes.table();
        let key = PeerKey(table.next);
        table.next += 1;
        table.peers.insert(key, sender);
        drop(table);
        Self {
            sockets,
            shared: Some((Arc::clone(routes), key)),
        }
    }

    /// The addresses of the sockets.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.addresses().collect()
    }

    /// Sends a datagram.
    pub(crate) fn send(&self, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        self.sockets.send(local, remote, bytes);
    }

    /// STUN requests to this ufrag are this peer's.
    pub(crate) fn add_ufrag(&self, ufrag: &str) {
        if let Some((routes, key)) = &self.shared {
            routes.table().by_ufrag.insert(ufrag.into(), *key);
        }
    }

    /// The ufrag is not used any more.
    pub(crate) fn remove_ufrag(&self, ufrag: &str) {
        if let Some((routes, _)) = &self.shared {
            routes.table().by_ufrag.remove(ufrag);
        }
    }

    /// What comes over this path is this peer's.
    pub(crate) fn add_path(&self, local: SocketAddr, remote: SocketAddr) {
        if let Some((routes, key)) = &self.shared {
            routes.table().by_path.insert((local, remote), *key);
        }
    }

    /// The path is not used any more.
    pub(crate) fn remove_path(&self, local: SocketAddr, remote: SocketAddr) {
        if let Some((routes, key)) = &self.shared {
            let mut table = routes.table();
            if table.by_path.get(&(local, remote)) == Some(key) {
                table.by_path.remove(&(local, remote));
            }
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some((routes, key)) = &self.shared {
            let mut table = routes.table();
            table.peers.remove(key);
            table.by_ufrag.retain(|_, owner| owner != key);
            table.by_path.retain(|_, owner| owner != key);
        }
    }
}
