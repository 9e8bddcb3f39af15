//! Where clients come in: datagrams sorted by client, and TCP connections.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tracing::{debug, warn};

use super::client::{Client, Link, MAX_DATAGRAM, QUEUE, Shared, ToSession};
use super::{frame, stun};
use crate::server::Life;

/// Clients of one socket that have no relay yet; for a further one the oldest of them is forgotten,
/// since an honest client has its relay within two round trips.
const MAX_STRANGERS: usize = 1_024;

/// TCP connections to one address; further ones wait to be accepted.
const MAX_STREAMS: usize = 4_096;

/// How long a TCP client may say nothing.
const IDLE: Duration = Duration::from_secs(660);

/// How long to wait when the system can't accept, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Clients that have ended or got a relay, and whose listener has not yet heard of it.
const NEWS: usize = 1_024;

/// Answers binding requests until the server closes.
pub(super) async fn stun(socket: UdpSocket) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        // An error is about an earlier datagram, whose receiver refuses it.
        if let Ok((length, from)) = socket.recv_from(&mut buffer).await
            && let Some(answer) = stun::answer(&buffer[..length], from)
        {
            // What is not sent is lost, as on any network.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// The clients of one UDP socket.
pub(super) struct Datagrams {
    socket: Arc<UdpSocket>,
    listen: SocketAddr,
    shared: Shared,
    life: Life,
    clients: BTreeMap<SocketAddr, mpsc::Sender<ToSession>>,
    /// Those that had no relay when they last were looked at, the oldest first.
    strangers: VecDeque<SocketAddr>,
    ended: (mpsc::Sender<SocketAddr>, mpsc::Receiver<SocketAddr>),
    settled: (mpsc::Sender<SocketAddr>, mpsc::Receiver<SocketAddr>),
}

impl Datagrams {
    pub(super) fn new(socket: UdpSocket, listen: SocketAddr, shared: Shared, life: Life) -> Self {
        Self {
            socket: Arc::new(socket),
            listen,
            shared,
            life,
            clients: BTreeMap::new(),
            strangers: VecDeque::new(),
            ended: mpsc::channel(NEWS),
            settled: mpsc::channel(NEWS),
        }
    }

    /// Serves until it is dropped, and its clients with it.
    pub(super) async fn run(mut self) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            tokio::select! {
                Some(client) = self.ended.1.recv() => {
                    // A new one may have come from the same address.
                    if self.clients.get(&client).is_some_and(mpsc::Sender::is_closed) {
                        self.clients.remove(&client);
                        self.strangers.retain(|stranger| *stranger != client);
                    }
                }
                Some(client) = self.settled.1.recv() => {
                    self.strangers.retain(|stranger| *stranger != client);
                }
                received = self.socket.recv_from(&mut buffer) => {
                    // An error is about an earlier datagram, whose receiver refuses it.
                    if let Ok((length, from)) = received {
                        self.take(from, &buffer[..length]).await;
                    }
                }
            }
        }
    }

    async fn take(&mut self, from: SocketAddr, bytes: &[u8]) {
        if let Some(answer) = stun::answer(bytes, from) {
            let _ = self.socket.send_to(&answer, from).await;
            return;
        }
        let known = self.clients.get(&from).filter(|queue| !queue.is_closed());
        let queue = match known {
            Some(queue) => queue.clone(),
            // Only a request makes a client: nothing else could be answered.
            None if is_request(bytes) => self.admit(from),
            None => return,
        };
        // Whose queue is full loses it.
        let _ = queue.try_send(ToSession::Client(bytes.to_vec()));
    }

    fn admit(&mut self, client: SocketAddr) -> mpsc::Sender<ToSession> {
        if self.strangers.len() >= MAX_STRANGERS
            && let Some(oldest) = self.strangers.pop_front()
        {
            // Its task ends with its queue.
            self.clients.remove(&oldest);
        }
        let (sender, queue) = mpsc::channel(QUEUE);
        let task = Client::<OwnedWriteHalf> {
            session: self.shared.session(client, self.listen),
            shared: self.shared.clone(),
            queue,
            sender: sender.downgrade(),
            link: Link::Datagrams(self.socket.clone(), client),
            settled: Some(self.settled.0.clone()),
            address: client,
        };
        let ended = self.ended.0.clone();
        self.life.spawn(async move {
            task.run().await;
            // Without a listener there is nobody to be told.
            let _ = ended.send(client).await;
        });
        self.strangers.retain(|stranger| *stranger != client);
        self.strangers.push_back(client);
        self.clients.insert(client, sender.clone());
        sender
    }
}

/// Whether this begins as a STUN request does (RFC 8489, section 5).
fn is_request(bytes: &[u8]) -> bool {
    const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    bytes.len() >= 20 && bytes[0] & 0xc1 == 0 && bytes[1] & 0x10 == 0 && bytes[4..8] == COOKIE
}

/// Accepts TCP connections until it is dropped.
pub(super) async fn streams(listener: TcpListener, listen: SocketAddr, shared: Shared, life: Life) {
    let permits = Arc::new(Semaphore::new(MAX_STREAMS));
    loop {
        let permit = permits.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, client)) => {
                let shared = shared.clone();
                life.spawn_until_closing(async move {
                    serve(stream, client, listen, shared).await;
                    drop(permit);
                });
            }
            Err(error) => {
                warn!(%error, "cannot accept TURN clients for the moment");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, client: SocketAddr, listen: SocketAddr, shared: Shared) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%client, %error, "cannot set TCP_NODELAY");
    }
    let (mut reader, writer) = stream.into_split();
    let (sender, queue) = mpsc::channel(QUEUE);
    let task = Client {
        session: shared.session(client, listen),
        shared,
        queue,
        sender: sender.downgrade(),
        link: Link::Stream(writer),
        settled: None,
        address: client,
    };
    let reading = async move {
        // What is no message, or is too late, ends the client: its queue closes.
        while let Ok(Ok(Some(frame))) = timeout(IDLE, frame::read(&mut reader)).await {
            if sender.send(ToSession::Client(frame)).await.is_err() {
                return;
            }
        }
    };
    let read_and_wait = async {
        reading.await;
        pending::<()>().await;
    };
    tokio::select! {
        () = task.run() => {}
        () = read_and_wait => {}
    }
}
