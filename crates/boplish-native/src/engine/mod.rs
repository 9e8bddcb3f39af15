//! What the peers of a process share: the machine's addresses, and the resolver of `.local`
//! names.

mod addresses;
mod port;
mod sockets;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::resolver::Resolver;
use crate::transport::Datagram;

pub(crate) use port::Port;
use port::Routes;
use sockets::Sockets;

/// Datagrams that wait for a peer's task; further ones are lost, as on any network.
pub(crate) const MAX_DATAGRAMS: usize = 1024;

/// Settings of an [`Engine`].
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The addresses to use, in the order of preference. Absent: those of every network interface,
    /// and the loopback ones only if there is no other.
    pub addresses: Option<Vec<IpAddr>>,
    /// Whether all peers share one socket for each address, instead of one each. Two peers that
    /// both share sockets, in the same process or not, can have only one connection between the
    /// two processes' sockets at a time: use it for peers that are far from each other.
    pub shared_sockets: bool,
    /// Whether `.local` names of browsers are looked up by multicast DNS. Without it, browsers
    /// are still reached as long as they reach this machine.
    pub mdns: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            addresses: None,
            shared_sockets: false,
            mdns: true,
        }
    }
}

/// Why there is no engine, or no sockets of a peer's own.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The system does not list its network interfaces.
    #[error("can't list the network interfaces: {0}; name the addresses to use instead")]
    Interfaces(io::Error),
    /// No address can be used.
    #[error("no network address to use: connect to a network, or name addresses that exist here")]
    NoAddress,
    /// A socket can't be opened.
    #[error("can't open a UDP socket on {address}: {source}; is it an address of this machine?")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// There is no certificate to be had.
    #[error(transparent)]
    Certificate(#[from] crate::transport::CertificateError),
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(#[from] getrandom::Error),
}

/// What the peers of a process share. Clones are handles to the same engine.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    addresses: Vec<IpAddr>,
    sockets: Option<(Arc<Sockets>, Arc<Routes>)>,
    resolver: Resolver,
}

impl Engine {
    /// An engine on the current tokio runtime.
    pub fn new(config: &EngineConfig) -> Result<Self, EngineError> {
        let addresses = match &config.addresses {
            Some(addresses) => addresses.clone(),
            None => addresses::usable().map_err(EngineError::Interfaces)?,
        };
        if addresses.is_empty() {
            return Err(EngineError::NoAddress);
        }
        let sockets = if config.shared_sockets {
            let routes = Arc::new(Routes::default());
            let sockets = Sockets::bind(&addresses, port::router(Arc::clone(&routes)))?;
            Some((Arc::new(sockets), routes))
        } else {
            None
        };
        Ok(Self(Arc::new(Shared {
            addresses,
            sockets,
            resolver: Resolver::new(config.mdns),
        })))
    }

    /// The addresses in use.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.0.addresses
    }

    pub(crate) fn resolver(&self) -> &Resolver {
        &self.0.resolver
    }

    /// A peer's way to send and receive datagrams.
    pub(crate) fn port(&self) -> Result<(Port, mpsc::Receiver<Datagram>), EngineError> {
        let (sender, receiver) = mpsc::channel(MAX_DATAGRAMS);
        let port = match &self.0.sockets {
            Some((sockets, routes)) => Port::shared(Arc::clone(sockets), routes, sender),
            None => {
                let sockets = Sockets::bind(&self.0.addresses, port::direct(sender))?;
                Port::own(Arc::new(sockets))
            }
        };
        Ok((port, receiver))
    }
}
