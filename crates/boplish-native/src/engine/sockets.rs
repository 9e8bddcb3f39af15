//! UDP sockets, one for each address.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use super::EngineError;
use crate::transport::Datagram;

/// Bytes that the system buffers for a socket, if it allows that many.
const SOCKET_BUFFER: usize = 2 * 1024 * 1024;

/// Bytes of the longest datagram taken; longer ones are cut, and then don't verify.
const MAX_DATAGRAM: usize = 2048;

/// Takes a datagram that has come; waiting in it slows the socket's reader down.
pub(super) trait Receive: Clone + Send + 'static {
    fn receive(&mut self, datagram: Datagram) -> impl Future<Output = ()> + Send;
}

/// Sockets that are read by tasks of their own, which end when this is dropped.
#[derive(Debug)]
pub(crate) struct Sockets {
    sockets: Vec<(SocketAddr, Arc<UdpSocket>)>,
    readers: Vec<AbortHandle>,
}

impl Sockets {
    pub(super) fn bind(addresses: &[IpAddr], receive: impl Receive) -> Result<Self, EngineError> {
        let mut sockets = Self {
            sockets: Vec::new(),
            readers: Vec::new(),
        };
        for ip in addresses {
            let address = SocketAddr::new(*ip, 0);
            let (local, socket) =
                open(address).map_err(|source| EngineError::Bind { address, source })?;
            let reader = tokio::spawn(read(local, Arc::clone(&socket), receive.clone()));
            sockets.readers.push(reader.abort_handle());
            sockets.sockets.push((local, socket));
        }
        Ok(sockets)
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().map(|(local, _)| *local)
    }

    /// Sends from the socket with this address. What does not fit into the system's buffer is
    /// lost, as on any network.
    pub(super) fn send(&self, local: SocketAddr, remote: SocketAddr, bytes: &[u8]) {
        let Some((_, socket)) = self.sockets.iter().find(|(address, _)| *address == local) else {
            tracing::debug!(%local, "there is no such socket to send from");
            return;
        };
        // Not through tokio, which knows only from the second attempt on that one can write.
        if let Err(error) = SockRef::from(socket.as_ref()).send_to(bytes, &remote.into()) {
            tracing::trace!(%error, %local, %remote, "a datagram was not sent");
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        for reader in &self.readers {
            reader.abort();
        }
    }
}

fn open(address: SocketAddr) -> io::Result<(SocketAddr, Arc<UdpSocket>)> {
    let socket = std::net::UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    let options = SockRef::from(&socket);
    // The system may allow less; then there is more loss when much comes at once.
    for result in [
        options.set_recv_buffer_size(SOCKET_BUFFER),
        options.set_send_buffer_size(SOCKET_BUFFER),
    ] {
        if let Err(error) = result {
            tracing::debug!(%error, "the socket's buffers stay as they are");
        }
    }
    let local = socket.local_addr()?;
    Ok((local, Arc::new(UdpSocket::from_std(socket)?)))
}

async fn read(local: SocketAddr, socket: Arc<UdpSocket>, mut receive: impl Receive) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, remote)) => {
                let datagram = Datagram {
                    local,
                    remote,
                    bytes: buffer[..length].to_vec(),
                };
                receive.receive(datagram).await;
            }
            // An ICMP error of something sent earlier (Windows reports those).
            Err(error) => {
                tracing::trace!(%error, %local, "a socket has reported an error");
                tokio::task::yield_now().await;
            }
        }
    }
}
