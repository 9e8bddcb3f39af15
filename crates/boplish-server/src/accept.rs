//! Sockets: listening, accepting, and the HTTP connection on each.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;
use tracing::{debug, warn};

use crate::config::Limits;
use crate::error::ServerError;
use crate::server::Life;

/// Connections that the system keeps until they are accepted.
const BACKLOG: i32 = 1_024;

/// Bytes of a request's head; a longer one is answered with 431.
const MAX_HEAD: usize = 16 * 1024;

/// How long to wait when the system can't accept, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The address that a request came from, as an extension of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remote(pub(crate) SocketAddr);

/// The sockets that the server listens on; at least one.
pub(crate) struct Listeners(Vec<(TcpListener, SocketAddr)>);

impl Listeners {
    pub(crate) fn bind(addresses: &[SocketAddr]) -> Result<Self, ServerError> {
        let mut listeners = Vec::new();
        let mut lacking = None;
        for &address in addresses {
            match listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.is_ipv6() && is_without_ipv6(&error) => {
                    warn!(%address, %error, "no IPv6 on this machine");
                    lacking = Some(ServerError::listen(address, error));
                }
                Err(error) => return Err(ServerError::listen(address, error)),
            }
        }
        if listeners.is_empty() {
            return Err(lacking.unwrap_or(ServerError::NoAddress));
        }
        Ok(Self(listeners))
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(_, address)| *address).collect()
    }
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
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

/// Accepts on every listener until the server closes.
pub(crate) fn start(listeners: Listeners, router: &Router, life: &Life, limits: &Limits) {
    let acceptor = Acceptor {
        router: router.clone(),
        life: life.clone(),
        sockets: Arc::new(Semaphore::new(limits.sockets.min(Semaphore::MAX_PERMITS))),
        header_timeout: limits.header_timeout,
    };
    for (listener, _) in listeners.0 {
        let acceptor = acceptor.clone();
        life.spawn(async move {
            tokio::select! {
                () = acceptor.accept_on(listener) => {}
                () = acceptor.life.closing() => {}
            }
        });
    }
}

#[derive(Clone)]
struct Acceptor {
    router: Router,
    life: Life,
    sockets: Arc<Semaphore>,
    header_timeout: Duration,
}

impl Acceptor {
    async fn accept_on(&self, listener: TcpListener) {
        loop {
            let permit = self.sockets.clone().acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed");
            match listener.accept().await {
                Ok((stream, address)) => {
                    let remote =
                        Remote(SocketAddr::new(address.ip().to_canonical(), address.port()));
                    let acceptor = self.clone();
                    self.life
                        .spawn(async move { acceptor.serve(stream, remote, permit).await });
                }
                Err(error) => {
                    warn!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve(&self, stream: TcpStream, remote: Remote, permit: OwnedSemaphorePermit) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(address = %remote.0, %error, "cannot set TCP_NODELAY");
        }
        let permit = Arc::new(permit);
        let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(remote);
            request
                .extensions_mut()
                .insert(SocketPermit(permit.clone()));
            self.router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.life.closing() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(address = %remote.0, %error, "the connection broke");
        }
    }
}

/// Counts a socket for as long as it is open; a WebSocket takes it over from its request.
#[derive(Clone)]
pub(crate) struct SocketPermit(
    #[expect(dead_code, reason = "held, never read")] Arc<OwnedSemaphorePermit>,
);
