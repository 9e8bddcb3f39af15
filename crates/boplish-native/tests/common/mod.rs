//! A bootstrap server as small as it can be: it checks proofs, and carries messages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use boplish_native::wire::PeerId;
use boplish_native::wire::bootstrap::{
    Head, IceServer, JOINED, NONCE, SUBPROTOCOL, challenge, denied, verify_challenge_response,
    welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

type Clients = Arc<Mutex<Table>>;

#[derive(Default)]
struct Table {
    clients: BTreeMap<String, mpsc::UnboundedSender<String>>,
    /// Counts the messages for anyone, who is another one each time.
    turns: usize,
}

impl Table {
    fn anyone_but(&mut self, id: &str) -> Option<&mpsc::UnboundedSender<String>> {
        self.turns += 1;
        let others: Vec<_> = self
            .clients
            .iter()
            .filter(|(other, _)| *other != id)
            .collect();
        others
            .get(self.turns % others.len().max(1))
            .map(|(_, sender)| *sender)
    }
}

/// A server that dies, with all its WebSockets, when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    pub(crate) async fn start_with(ice_servers: Vec<IceServer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("the listener is bound");
        let task = tokio::spawn(async move {
            let clients = Clients::default();
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&clients), ice_servers.clone()));
            }
        });
        Self {
            address,
            task: task.abort_handle(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(clippy::result_large_err, reason = "tungstenite's callback is so")]
async fn serve(stream: TcpStream, clients: Clients, ice_servers: Vec<IceServer>) -> Option<()> {
    let mut path = String::new();
    let mut socket = accept_hdr_async(stream, |request: &Request, mut response: Response| {
        request.uri().path().clone_into(&mut path);
        response.headers_mut().insert(
            "sec-websocket-protocol",
            HeaderValue::from_static(SUBPROTOCOL),
        );
        Ok(response)
    })
    .await
    .ok()?;
    let id = path.strip_prefix("/ws/")?.to_owned();
    let peer: PeerId = id.parse().ok()?;
    let nonce = [7; NONCE];
    socket
        .send(Message::text(challenge(&id, &nonce, 0)))
        .await
        .ok()?;
    let response = socket.next().await?.ok()?;
    verify_challenge_response(response.to_text().ok()?, peer, &nonce, 0).ok()?;
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    lock(&clients).clients.insert(id.clone(), sender);
    socket
        .send(Message::text(welcome(&id, &ice_servers, None)))
        .await
        .ok()?;
    loop {
        let text = tokio::select! {
            text = outgoing.recv() => {
                socket.send(Message::text(text?)).await.ok()?;
                continue;
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break,
            }
        };
        let head = Head::parse(&text).ok()?;
        let mut table = lock(&clients);
        let receiver = match &head.to {
            Some(to) => table.clients.get(to.as_ref()),
            None if head.kind.as_deref() == Some(JOINED) => None,
            None => table.anyone_but(&id),
        };
        match receiver {
            Some(receiver) => drop(receiver.send(text.clone())),
            None if head.is_offer => {
                let own = table.clients.get(&id)?;
                let _ = own.send(denied(&id, head.id.as_deref()));
            }
            None => {}
        }
    }
    lock(&clients).clients.remove(&id);
    Some(())
}

fn lock(clients: &Clients) -> MutexGuard<'_, Table> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}
