//! Sockets: listening, accepting, and TLS on each if that is spoken.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::admission::{AdmissionConfig, proxy_protocol};
use crate::config::Config;
use crate::connection::{Connection, FAREWELL};
use crate::error::ServerError;
use crate::observe::{Meter, OpenSocket};
use crate::places::{PlaceOfOne, Places};
use crate::server::Life;
use crate::tls::Spoken;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 1_024;

/// Whether a socket that is accepted has the options of the one that listens.
const ARE_INHERITED: bool = cfg!(target_os = "linux");

/// How long to wait when the system can't accept, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The address that a request came from, as an extension of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remote(pub(crate) SocketAddr);

/// The sockets that the server listens on; at least one.
pub(crate) struct Listeners(Vec<(TcpListener, SocketAddr)>);

impl Listeners {
    pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<Self, ServerError> {
        let (listeners, errors) = Self::try_all(addresses);
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(listeners),
        }
    }

    /// Listens where that is possible, and says where it is not.
    pub(crate) fn try_all(addresses: &[SocketAddr]) -> (Self, Vec<ServerError>) {
        let mut listeners = Vec::new();
        let mut lacking = Vec::new();
        let mut errors = Vec::new();
        for &address in addresses {
            match listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.is_ipv6() && is_without_ipv6(&error) => {
                    warn!(%address, %error, "no IPv6 on this machine");
                    lacking.push(ServerError::listen(address, error));
                }
                Err(error) => errors.push(ServerError::listen(address, error)),
            }
        }
        if listeners.is_empty() {
            errors.extend(lacking);
            if errors.is_empty() {
                errors.push(ServerError::NoAddress);
            }
        }
        (Self(listeners), errors)
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(_, address)| *address).collect()
    }
}

/// A socket that listens for TCP. One of IPv6 never takes IPv4 connections too.
pub(crate) fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // So that the same port can be had for IPv4 besides, whatever the system's default is.
        socket.set_only_v6(true)?;
    }
    if cfg!(unix) {
        // A restarted server must not wait for the last one's sockets in TIME_WAIT.
        socket.set_reuse_address(true)?;
    }
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    let listener = TcpListener::from_std(StdListener::from(socket))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Whether this is how a system without IPv6 refuses an IPv6 address. (EAFNOSUPPORT has no
/// `ErrorKind` of its own.)
fn is_without_ipv6(error: &io::Error) -> bool {
    const LINUX_EAFNOSUPPORT: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.kind() == io::ErrorKind::Unsupported
        || (cfg!(target_os = "linux") && error.raw_os_error() == Some(LINUX_EAFNOSUPPORT))
}

/// What those find who connect.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) router: Router,
    pub(crate) tls: Option<TlsAcceptor>,
    /// How many may be connected; several doors may share them.
    pub(crate) places: Arc<Places>,
    pub(crate) meter: Arc<Meter>,
}

/// Accepts on every listener until the server closes.
pub(crate) fn start(listeners: Listeners, door: &Door, life: &Life, config: &Config) {
    let limits = &config.limits;
    let acceptor = Acceptor {
        door: door.clone(),
        life: life.clone(),
        header_timeout: limits.header_timeout,
        admission: Arc::new(config.admission.clone()),
    };
    for (listener, address) in listeners.0 {
        #[cfg(target_os = "linux")]
        if let Err(error) =
            SockRef::from(&listener).set_tcp_user_timeout(Some(limits.header_timeout * FAREWELL))
        {
            warn!(%address, %error, "who does not read is not dropped");
        }
        let acceptor = acceptor.clone();
        life.spawn_until_closing(async move { acceptor.accept_on(listener).await });
    }
}

#[derive(Clone)]
struct Acceptor {
    door: Door,
    life: Life,
    header_timeout: Duration,
    admission: Arc<AdmissionConfig>,
}

impl Acceptor {
    async fn accept_on(&self, listener: TcpListener) {
        loop {
            let place = self.door.places.for_next().await;
            match listener.accept().await {
                Ok((stream, address)) => {
                    let remote =
                        Remote(SocketAddr::new(address.ip().to_canonical(), address.port()));
                    let acceptor = self.clone();
                    self.life
                        .spawn(async move { acceptor.serve(stream, remote, place).await });
                }
                // It was gone before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    warn!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// What is large of this is boxed, since a task is moved several times before it starts.
    async fn serve(&self, mut stream: TcpStream, remote: Remote, place: OwnedSemaphorePermit) {
        if !ARE_INHERITED && let Err(error) = stream.set_nodelay(true) {
            debug!(address = %remote.0, %error, "cannot set TCP_NODELAY");
        }
        let seen = tokio::select! {
            seen = self.see_client(&mut stream, remote) => seen,
            () = self.life.closing() => return,
        };
        let remote = match seen {
            Ok(remote) => remote,
            Err(error) => return debug!(address = %remote.0, %error, "not from a proxy"),
        };
        // Who speaks for others has no bound of its own.
        let of_one = if self.admission.trusted_proxies.has(remote.0.ip()) {
            None
        } else {
            let of_one = self.door.places.of(remote.0.ip());
            if of_one.is_none() {
                return debug!(address = %remote.0, "its address has too many sockets");
            }
            of_one
        };
        let permit = SocketPermit(Arc::new((place, of_one, self.door.meter.open_socket())));
        let connection = Connection::new(&self.door.router, remote, permit);
        let connection = connection.with(&self.life, self.header_timeout);
        let Some(tls) = &self.door.tls else {
            return Box::pin(connection.http1(stream)).await;
        };
        let shaken = tokio::select! {
            shaken = timeout(self.header_timeout, Box::pin(tls.accept(stream))) => shaken,
            () = self.life.closing() => return,
        };
        match shaken {
            Ok(Ok(stream)) => match Spoken::from_alpn(stream.get_ref().1.alpn_protocol()) {
                Spoken::Http1 => Box::pin(connection.http1(stream)).await,
                Spoken::Http2 => Box::pin(connection.http2(stream)).await,
                Spoken::Nothing => {}
            },
            Ok(Err(error)) => debug!(address = %remote.0, %error, "no TLS handshake"),
            Err(_) => debug!(address = %remote.0, "the TLS handshake took too long"),
        }
    }
}

impl Acceptor {
    /// Sees the client behind a trusted proxy that says so before anything else.
    async fn see_client(&self, stream: &mut TcpStream, remote: Remote) -> io::Result<Remote> {
        let AdmissionConfig {
            trusted_proxies,
            proxy_protocol: is_spoken,
            ..
        } = &*self.admission;
        if !is_spoken || !trusted_proxies.has(remote.0.ip()) {
            return Ok(remote);
        }
        let header = tokio::time::timeout(self.header_timeout, proxy_protocol::read(stream));
        Ok(header.await??.map_or(remote, Remote))
    }
}

/// Counts a socket for as long as it is open; a WebSocket takes it over from its request.
#[derive(Clone)]
pub(crate) struct SocketPermit(
    #[expect(dead_code, reason = "held, never read")]
    Arc<(OwnedSemaphorePermit, Option<PlaceOfOne>, OpenSocket)>,
);
