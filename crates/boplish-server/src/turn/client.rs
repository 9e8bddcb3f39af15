//! The task of one client: brings its session what comes by its queue and its relays, and carries
//! out what that wants.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tracing::{debug, error};

use super::frame;
use super::relays::{Relay, Relays};
use super::session::{Output, Rules, Session};
use crate::hub::unix_time;

/// Messages that wait for a session; further datagrams are lost, as on any network, and a TCP
/// client waits.
pub(super) const QUEUE: usize = 256;

/// Bytes of the longest datagram.
pub(super) const MAX_DATAGRAM: usize = 65_535;

/// How long a TCP client may take to read what it is sent; then it is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// What comes for a session.
#[derive(Debug)]
pub(super) enum ToSession {
    /// A message of the client.
    Client(Vec<u8>),
    /// What one relay of this server has sent to another.
    Relay {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
}

/// The way back to the client.
pub(super) enum Link<W> {
    Datagrams(Arc<UdpSocket>, SocketAddr),
    Stream(W),
}

/// What all clients share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) rules: Arc<Rules>,
    pub(super) relays: Relays,
    /// Time zero of all sessions.
    pub(super) start: Instant,
}

impl Shared {
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn session(&self, client: SocketAddr, listen: SocketAddr) -> Session {
        Session::new(self.now(), client, listen, self.rules.clone())
    }
}

/// One client.
pub(super) struct Client<W> {
    pub(super) shared: Shared,
    pub(super) session: Session,
    pub(super) queue: mpsc::Receiver<ToSession>,
    /// The other end of the queue, which closes when whoever reads from the client is gone.
    pub(super) sender: mpsc::WeakSender<ToSession>,
    pub(super) link: Link<W>,
    /// Told once, when the client has a relay.
    pub(super) settled: Option<mpsc::Sender<SocketAddr>>,
    pub(super) address: SocketAddr,
}

enum Next {
    Message(Option<ToSession>),
    Datagram(SocketAddr, SocketAddr, usize),
    Time,
}

impl<W: AsyncWrite + Unpin> Client<W> {
    /// Serves the client until nothing is left of its session.
    pub(super) async fn run(mut self) {
        let mut open: Vec<Relay> = Vec::new();
        let mut buffer = vec![0; MAX_DATAGRAM];
        while !self.session.is_over(self.shared.now()) {
            let due = self.shared.start + self.session.poll_timeout();
            let next = tokio::select! {
                message = self.queue.recv() => Next::Message(message),
                (relay, peer, length) = receive(&open, &mut buffer) => {
                    Next::Datagram(relay, peer, length)
                }
                () = tokio::time::sleep_until(due) => Next::Time,
            };
            let (now, session) = (self.shared.now(), &mut self.session);
            let handled = catch_unwind(AssertUnwindSafe(|| match next {
                Next::Message(Some(ToSession::Client(bytes))) => {
                    session.handle_client(now, unix_time(), &bytes);
                    true
                }
                Next::Message(Some(ToSession::Relay { from, to, bytes })) => {
                    session.handle_peer(now, to, from, &bytes);
                    true
                }
                Next::Message(None) => false,
                Next::Datagram(relay, peer, length) => {
                    session.handle_peer(now, relay, peer, &buffer[..length]);
                    true
                }
                Next::Time => {
                    session.handle_timeout(now);
                    true
                }
            }));
            match handled {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => return error!(client = %self.address, "the TURN stack has panicked"),
            }
            if let Err(error) = self.carry_out(&mut open).await {
                return debug!(client = %self.address, %error, "the client is gone");
            }
            if self.session.has_relay()
                && let Some(settled) = self.settled.take()
            {
                // Without a listener there is nobody to be told.
                let _ = settled.try_send(self.address);
            }
        }
    }

    async fn carry_out(&mut self, open: &mut Vec<Relay>) -> io::Result<()> {
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::ToClient(bytes) => self.tell(bytes).await?,
                Output::ToPeer { relay, peer, bytes } => {
                    let relay = open.iter().find(|open| open.address == relay);
                    if let Some(relay) = relay {
                        self.send(relay, peer, bytes).await;
                    }
                }
                Output::Open(family) => {
                    let public = self.shared.rules.public_of(family);
                    let opened = public.map(|ip| self.shared.relays.open(ip, &self.sender));
                    let opened = opened.transpose().unwrap_or_else(|error| {
                        error!(%error, "no relay can be opened; see --turn-ports");
                        None
                    });
                    let address = opened.as_ref().map(|relay| relay.address);
                    open.extend(opened);
                    self.session.opened(self.shared.now(), family, address);
                }
                Output::Close(relay) => open.retain(|open| open.address != relay),
            }
        }
        Ok(())
    }

    async fn tell(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        match &mut self.link {
            // What is not sent is lost, as on any network.
            Link::Datagrams(socket, client) => {
                let _ = socket.send_to(&bytes, *client).await;
                Ok(())
            }
            Link::Stream(stream) => {
                frame::pad(&mut bytes);
                timeout(WRITE_TIMEOUT, stream.write_all(&bytes)).await?
            }
        }
    }

    async fn send(&self, relay: &Relay, peer: SocketAddr, bytes: Vec<u8>) {
        if let Some(owner) = self.shared.relays.owner(peer) {
            let (from, to) = (relay.address, peer);
            // Whose queue is full loses it.
            let _ = owner.try_send(ToSession::Relay { from, to, bytes });
        } else if self.shared.rules.policy.allows(peer.ip()) {
            // As above: what is not sent is lost.
            let _ = relay.socket.send_to(&bytes, peer).await;
        }
    }
}

/// The next datagram at any relay: where, from whom, and how long it is.
async fn receive(relays: &[Relay], buffer: &mut [u8]) -> (SocketAddr, SocketAddr, usize) {
    poll_fn(|context| {
        for relay in relays {
            let mut bytes = ReadBuf::new(buffer);
            // Until there is nothing, since only then the socket wakes this task. An error is about
            // an earlier datagram, whose receiver refuses it; there are at most as many.
            while let Poll::Ready(received) = relay.socket.poll_recv_from(context, &mut bytes) {
                if let Ok(peer) = received {
                    return Poll::Ready((relay.address, peer, bytes.filled().len()));
                }
            }
        }
        Poll::Pending
    })
    .await
}
