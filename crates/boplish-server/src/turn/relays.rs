//! The sockets that relays send from, and who has which.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::client::ToSession;

/// Ports that are tried for a relay; if none of them is free, there is none.
const TRIES: usize = 32;

/// All open relays, by their public address. Clones are handles to the same.
#[derive(Debug, Clone)]
pub(super) struct Relays {
    ports: RangeInclusive<u16>,
    open: Arc<Mutex<Open>>,
}

type Open = BTreeMap<SocketAddr, mpsc::WeakSender<ToSession>>;

impl Relays {
    pub(super) fn new(ports: RangeInclusive<u16>) -> Self {
        Self {
            ports,
            open: Arc::default(),
        }
    }

    /// Opens a relay for a session that takes what comes by its queue.
    pub(super) fn open(
        &self,
        public: IpAddr,
        queue: &mpsc::WeakSender<ToSession>,
    ) -> io::Result<Relay> {
        let (first, last) = (*self.ports.start(), *self.ports.end());
        let count = u64::from(last.saturating_sub(first)) + 1;
        for _ in 0..TRIES {
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            // Of at most 65,536 ports, the bias is below 2^-47.
            let draw = (u128::from(u64::from_be_bytes(random)) * u128::from(count)) >> 64;
            let port = first.saturating_add(u16::try_from(draw).unwrap_or(0));
            match bind(public, port) {
                Ok(socket) => {
                    let address = SocketAddr::new(public, port);
                    lock(&self.open).insert(address, queue.clone());
                    let relays = self.clone();
                    return Ok(Relay {
                        address,
                        socket,
                        relays,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// The session that has a relay. What is for another relay of this server does not go over
    /// the network, which may not lead back here.
    pub(super) fn owner(&self, relay: SocketAddr) -> Option<mpsc::Sender<ToSession>> {
        lock(&self.open).get(&relay)?.upgrade()
    }
}

/// An open relay; closed when dropped.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    pub(super) socket: UdpSocket,
    relays: Relays,
}

impl Drop for Relay {
    fn drop(&mut self) {
        lock(&self.relays.open).remove(&self.address);
    }
}

/// Whether an address is one of this machine's.
pub(super) fn is_here(address: IpAddr) -> bool {
    StdSocket::bind((address, 0)).is_ok()
}

fn bind(public: IpAddr, port: u16) -> io::Result<UdpSocket> {
    // Behind a network address translator, no interface has the public address.
    let address = match public {
        _ if is_here(public) => public,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    udp(SocketAddr::new(address, port))
}

/// A UDP socket. One of IPv6 never takes IPv4 datagrams too.
pub(super) fn udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket.into())
}

/// The table is right between any two statements, so a panic elsewhere does it no harm.
fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
