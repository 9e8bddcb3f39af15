//! STUN and TURN.
//!
//! ```text
//!  UDP --> listen.rs --> stun.rs                 a binding request is answered at once
//!             |
//!             +--one task for each client--> client.rs --> session.rs   decides, by policy.rs
//!             |                                  |                      and quota.rs
//!  TCP --> frame.rs                           relays.rs                 sockets, one for each relay
//! ```
//!
//! The protocol is turn-server-proto's. Who may use it, and for what, is decided here: credentials
//! that were made with the secret and have not ended, within quotas, to addresses of the Internet.

mod client;
mod config;
mod frame;
mod listen;
mod policy;
mod quota;
mod relays;
mod session;
mod stun;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use boplish_directory::{IceServer, TurnConfig, TurnSecret};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;
use tracing::info;

pub use config::{TurnLimits, TurnOptions};

use crate::accept;
use crate::error::ServerError;
use crate::server::Life;
use client::Shared;
use listen::Datagrams;
use policy::Policy;
use quota::Quotas;
use relays::Relays;
use session::Rules;

/// Bytes of a secret that is drawn.
const SECRET: usize = 32;

/// Ports that are tried when the system chooses, until one is free for UDP and TCP.
const PORT_TRIES: usize = 16;

/// The sockets, and what clients are to be told of them.
pub(crate) struct Turn {
    stun: Vec<(UdpSocket, SocketAddr)>,
    turn: Vec<(UdpSocket, TcpListener, SocketAddr)>,
    stun_urls: Vec<String>,
    credentials: Option<TurnConfig>,
    rules: Arc<Rules>,
    relays: Relays,
}

impl Turn {
    /// Binds what is configured, which may be nothing.
    pub(crate) fn bind(options: &TurnOptions) -> Result<Self, ServerError> {
        if !options.urls.is_empty() && options.secret.is_none() {
            return Err(ServerError::NoTurnSecret);
        }
        let secret = match &options.secret {
            Some(secret) => secret.clone(),
            None => drawn()?,
        };
        let bound = |address, source| ServerError::Turn { address, source };
        let (mut stun, mut turn) = (Vec::new(), Vec::new());
        let (mut stun_urls, mut turn_urls) = (Vec::new(), options.urls.clone());
        let mut public = options.public_addresses.clone();
        for &address in &options.turn {
            let (udp, tcp, address) =
                bind_both(address).map_err(|source| bound(address, source))?;
            let host = public_host(options, address)?;
            public.extend((!public.contains(&host.ip())).then_some(host.ip()));
            stun_urls.push(format!("stun:{host}"));
            turn_urls.push(format!("turn:{host}?transport=udp"));
            turn_urls.push(format!("turn:{host}?transport=tcp"));
            turn.push((udp, tcp, address));
        }
        for &address in options
            .stun
            .iter()
            .filter(|stun| !options.turn.contains(stun))
        {
            let bind = || {
                let socket = relays::udp(address)?;
                let address = socket.local_addr()?;
                Ok((socket, address))
            };
            let (socket, address) = bind().map_err(|source| bound(address, source))?;
            stun_urls.push(format!("stun:{}", public_host(options, address)?));
            stun.push((socket, address));
        }
        let mut own = public.clone();
        if !turn.is_empty() {
            let interfaces = if_addrs::get_if_addrs().map_err(ServerError::Interfaces)?;
            own.extend(interfaces.iter().map(if_addrs::Interface::ip));
        }
        Ok(Self {
            stun,
            turn,
            stun_urls,
            credentials: (!turn_urls.is_empty()).then(|| TurnConfig {
                urls: turn_urls,
                secret: secret.clone(),
                lifetime: options.lifetime,
            }),
            rules: Arc::new(Rules {
                secret,
                quotas: Quotas::new(options.limits.clone()),
                policy: Policy::new(options.allow_private, own),
                public,
            }),
            relays: Relays::new(options.ports.clone()),
        })
    }

    /// Binds what can be bound, and says all that would keep [`Turn::bind`] from it.
    pub(crate) fn try_all(options: &TurnOptions) -> (Vec<Self>, Vec<ServerError>) {
        let mut bound = Vec::new();
        let mut errors = Vec::new();
        if !options.urls.is_empty() && options.secret.is_none() {
            errors.push(ServerError::NoTurnSecret);
        }
        let only = |stun: &[SocketAddr], turn: &[SocketAddr]| TurnOptions {
            stun: stun.to_vec(),
            turn: turn.to_vec(),
            urls: Vec::new(),
            ..options.clone()
        };
        let turn = options.turn.iter().map(|address| only(&[], &[*address]));
        let stun = options.stun.iter();
        let stun = stun.filter(|stun| !options.turn.contains(stun));
        for options in turn.chain(stun.map(|address| only(&[*address], &[]))) {
            match Self::bind(&options) {
                Ok(turn) => bound.push(turn),
                Err(error) => errors.push(error),
            }
        }
        (bound, errors)
    }

    /// The STUN servers that clients are to be told of.
    pub(crate) fn stun_server(&self) -> Option<IceServer> {
        (!self.stun_urls.is_empty()).then(|| IceServer {
            urls: self.stun_urls.clone(),
            username: None,
            credential: None,
        })
    }

    /// The TURN servers that they get credentials for.
    pub(crate) fn credentials(&self) -> Option<TurnConfig> {
        self.credentials.clone()
    }

    /// Serves until the server closes; then all allocations end.
    pub(crate) fn start(self, life: &Life) {
        let shared = Shared {
            rules: self.rules,
            relays: self.relays,
            start: Instant::now(),
        };
        for (socket, address) in self.stun {
            info!(%address, "answering STUN");
            life.spawn_until_closing(listen::stun(socket));
        }
        for (udp, tcp, address) in self.turn {
            info!(%address, "serving TURN over UDP and TCP");
            let datagrams = Datagrams::new(udp, address, shared.clone(), life.clone());
            life.spawn_until_closing(datagrams.run());
            let streams = listen::streams(tcp, address, shared.clone(), life.clone());
            life.spawn_until_closing(streams);
        }
    }
}

fn drawn() -> Result<TurnSecret, ServerError> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret).map_err(ServerError::Random)?;
    Ok(TurnSecret::new(secret))
}

/// Where others reach what listens on an address.
fn public_host(options: &TurnOptions, listen: SocketAddr) -> Result<SocketAddr, ServerError> {
    let mut public = options.public_addresses.iter().copied();
    let public = public.find(|ip| ip.is_ipv4() == listen.is_ipv4());
    let listened = Some(listen.ip()).filter(|ip| !ip.is_unspecified());
    match public.or(listened) {
        Some(ip) => Ok(SocketAddr::new(ip, listen.port())),
        None => Err(ServerError::NoPublicAddress { address: listen }),
    }
}

fn bind_both(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener, SocketAddr)> {
    let mut tries = 0;
    loop {
        let udp = relays::udp(address)?;
        let bound = udp.local_addr()?;
        match accept::listen(bound) {
            Ok((tcp, bound)) => return Ok((udp, tcp, bound)),
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && address.port() == 0
                    && tries < PORT_TRIES =>
            {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
