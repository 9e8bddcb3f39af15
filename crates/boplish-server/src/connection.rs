//! HTTP on a connection, with TLS below it or without.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;
use tracing::debug;

use crate::accept::{Remote, SocketPermit};
use crate::server::Life;

/// Bytes of a request's head; a longer one is answered with 431.
const MAX_HEAD: u16 = 16 * 1024;

/// Requests that one HTTP/2 connection may have under way; a further one is refused.
const MAX_STREAMS: u32 = 100;

/// Bytes of a response that wait in one HTTP/2 stream.
const MAX_STREAM_BUFFER: usize = 64 * 1024;

/// How long an HTTP/2 connection that has become idle may take to finish, and how long a client may
/// leave unread what it is sent, as a multiple of the time for a request's head; then the connection
/// is dropped, whatever is still under way.
pub(crate) const FAREWELL: u32 = 20;

/// One connection, and what its requests find.
pub(crate) struct Connection<'a> {
    router: &'a Router,
    remote: Remote,
    permit: SocketPermit,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(router: &'a Router, remote: Remote, permit: SocketPermit) -> Self {
        Self {
            router,
            remote,
            permit,
        }
    }

    /// The same within the bounds of the server.
    pub(crate) fn with(self, life: &'a Life, header_timeout: Duration) -> Bounded<'a> {
        Bounded {
            connection: self,
            life,
            header_timeout,
        }
    }

    /// Answers a request.
    fn answer(
        &self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<axum::body::Body>, std::convert::Infallible>> + use<>
    {
        request.extensions_mut().insert(self.remote);
        request.extensions_mut().insert(self.permit.clone());
        self.router.clone().call(request)
    }
}

/// A connection that ends with its server, and does not wait for requests for ever.
pub(crate) struct Bounded<'a> {
    connection: Connection<'a>,
    life: &'a Life,
    header_timeout: Duration,
}

impl Bounded<'_> {
    /// Serves HTTP/1.1 until the connection ends or is handed over to a WebSocket.
    pub(crate) async fn http1<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_buf_size(MAX_HEAD.into())
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request| self.connection.answer(request)),
            )
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.life.closing() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        self.log(ended);
    }

    /// Serves HTTP/2 until the connection ends. WebSockets are not offered on it (RFC 8441): each
    /// would share its fate with all others of the page.
    pub(crate) async fn http2<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let requests = Arc::new(AtomicU64::new(0));
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(self.header_timeout)
            .keep_alive_timeout(self.header_timeout)
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(MAX_HEAD.into())
            .max_send_buf_size(MAX_STREAM_BUFFER)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request| {
                    requests.fetch_add(1, Ordering::Relaxed);
                    self.connection.answer(request)
                }),
            );
        let mut connection = std::pin::pin!(connection);
        let mut answered = 0;
        loop {
            tokio::select! {
                ended = connection.as_mut() => return self.log(ended),
                () = self.life.closing() => break,
                () = tokio::time::sleep(self.header_timeout) => {}
            }
            let before = std::mem::replace(&mut answered, requests.load(Ordering::Relaxed));
            if answered == 0 {
                // It may not even have begun to speak HTTP/2, and would not be heard to end.
                debug!(address = %self.connection.remote.0, "no request came");
                return;
            }
            if answered == before {
                break;
            }
        }
        // What is under way is finished.
        connection.as_mut().graceful_shutdown();
        match tokio::time::timeout(self.header_timeout * FAREWELL, connection).await {
            Ok(ended) => self.log(ended),
            Err(_) => debug!(address = %self.connection.remote.0, "it never ended"),
        }
    }

    fn log(&self, ended: hyper::Result<()>) {
        if let Err(error) = ended {
            debug!(address = %self.connection.remote.0, %error, "the connection broke");
        }
    }
}
