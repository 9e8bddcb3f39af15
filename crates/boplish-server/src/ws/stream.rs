//! What a WebSocket runs on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// A stream of bytes in both directions, such as TLS over TCP.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// What a WebSocket runs on.
pub enum Stream {
    /// Plain TCP: whoever has something to send writes it straight to the socket.
    Tcp(TcpStream),
    /// Anything else: the connection's own task writes.
    Other(Box<dyn Io>),
}

/// The end of a stream that the connection's task has for itself.
pub(super) enum Own {
    Tcp(OwnedReadHalf),
    Other(Box<dyn Io>),
}

impl Stream {
    /// What the connection's task has for itself, and what others may write to.
    pub(super) fn split(self) -> (Own, Option<OwnedWriteHalf>) {
        match self {
            Self::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                (Own::Tcp(reader), Some(writer))
            }
            Self::Other(stream) => (Own::Other(stream), None),
        }
    }
}

impl Own {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(reader) => Pin::new(reader).poll_read(cx, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}
