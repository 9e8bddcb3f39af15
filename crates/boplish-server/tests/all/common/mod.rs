//! WebSocket and HTTP clients of a server on the loopback interface.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one event")]

pub(crate) mod bytes;
pub(crate) mod engine;
pub(crate) mod tls;
pub(crate) mod turn;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use boplish_server::{Config, Server};
use boplish_wire::Keypair;
use boplish_wire::bootstrap::{ErrorCode, FromServer, SUBPROTOCOL, challenge_response};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

pub(crate) async fn server(change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::on_loopback();
    change(&mut config);
    Server::bind(config)
        .await
        .expect("a port of the loopback interface is free")
}

pub(crate) fn keypair(number: u8) -> Keypair {
    Keypair::from_secret(&[number; 32])
}

pub(crate) fn id(number: u8) -> String {
    keypair(number).id().to_string()
}

pub(crate) fn text(from: &str, to: &str, payload: &str) -> String {
    format!(r#"{{"type":"chat","from":"{from}","to":"{to}","payload":"{payload}"}}"#)
}

/// A WebSocket client.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Connects, with the subprotocol or without.
    pub(crate) async fn try_connect(
        address: SocketAddr,
        path: &str,
        subprotocol: Option<&'static str>,
        receive_buffer: Option<u32>,
    ) -> Result<WebSocketStream<TcpStream>, Error> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(address).await?;
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        if let Some(subprotocol) = subprotocol {
            let value = HeaderValue::from_static(subprotocol);
            request
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_PROTOCOL, value);
        }
        let connected = tokio_tungstenite::client_async(request, stream);
        Ok(soon("connecting", connected).await?.0)
    }

    /// Connects as one of the report's clients.
    pub(crate) async fn open(server: &Server, id: &str) -> Self {
        let path = format!("/ws/{id}");
        let socket = Self::try_connect(server.local_addr(), &path, None, None).await;
        Self {
            id: id.to_owned(),
            socket: socket.expect("the server takes WebSockets"),
        }
    }

    /// Connects, but does not yet prove the id; gives the challenge.
    pub(crate) async fn challenged(server: &Server, number: u8) -> (Self, [u8; 32]) {
        Self::challenged_at(server, &format!("/ws/{}", id(number)), number).await
    }

    /// The same at a path of one's own choice.
    pub(crate) async fn challenged_at(server: &Server, path: &str, number: u8) -> (Self, [u8; 32]) {
        let address = server.local_addr();
        let socket = Self::try_connect(address, path, Some(SUBPROTOCOL), None).await;
        let mut client = Self {
            id: id(number),
            socket: socket.expect("the server takes WebSockets"),
        };
        match FromServer::parse(&client.hear().await) {
            Ok(FromServer::Challenge { nonce, .. }) => (client, nonce),
            other => panic!("no challenge: {other:?}"),
        }
    }

    /// Connects and proves the id.
    pub(crate) async fn proven(server: &Server, number: u8) -> Self {
        Self::proven_at(server, &format!("/ws/{}", id(number)), number).await
    }

    /// The same at a path of one's own choice.
    pub(crate) async fn proven_at(server: &Server, path: &str, number: u8) -> Self {
        let (mut client, nonce) = Self::challenged_at(server, path, number).await;
        client
            .say(&challenge_response(&keypair(number), &nonce))
            .await;
        match FromServer::parse(&client.hear().await) {
            Ok(FromServer::Welcome { .. }) => client,
            other => panic!("no welcome: {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, message: Message) {
        let sent = soon("sending", self.socket.send(message)).await;
        sent.expect("the connection is open");
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// What comes next, pings and pongs aside.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        loop {
            match soon("hearing", self.socket.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return other,
            }
        }
    }

    /// The text that comes next.
    pub(crate) async fn hear(&mut self) -> String {
        match self.next().await {
            Some(Ok(Message::Text(text))) => text.as_str().to_owned(),
            other => panic!("no text for {}: {other:?}", self.id),
        }
    }

    /// The error that comes next.
    pub(crate) async fn hear_error(&mut self) -> boplish_wire::bootstrap::ServerError {
        match FromServer::parse(&self.hear().await) {
            Ok(FromServer::Error(error)) => error,
            other => panic!("no error for {}: {other:?}", self.id),
        }
    }

    /// The code of the close frame that comes after any number of texts.
    pub(crate) async fn hear_close(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Text(_))) => {}
                other => panic!("no close for {}: {other:?}", self.id),
            }
        }
    }

    /// The first message to a client that has just come to another server: others may know it a
    /// moment later than it knows itself.
    pub(crate) async fn find(&mut self, other: &mut Self) {
        let text = text(&self.id, &other.id, "are you there?");
        loop {
            self.say(&text).await;
            tokio::select! {
                heard = other.hear() => {
                    assert_eq!(heard, text);
                    return;
                }
                error = self.hear_error() => assert_eq!(error.code, ErrorCode::UnknownPeer),
            }
        }
    }

    /// Makes sure that a message to another client arrives, and nothing before it.
    pub(crate) async fn assert_reaches(&mut self, other: &mut Self) {
        let text = text(&self.id, &other.id, "still here");
        self.say(&text).await;
        assert_eq!(other.hear().await, text);
    }
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// Sends a request byte by byte as it is written here, and reads until the server closes.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    stream.write_all(request).await.expect("the server reads");
    let mut response = Vec::new();
    // A server that has not read everything may reset the connection after its answer.
    let _ = soon("a response", stream.read_to_end(&mut response)).await;
    response
}

/// Sends a request with further header lines, each with its line end.
pub(crate) async fn request(server: &Server, method: &str, path: &str, headers: &str) -> Response {
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n");
    parse(&raw(server.local_addr(), request.as_bytes()).await)
}

/// Takes a response apart.
pub(crate) fn parse(response: &[u8]) -> Response {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.expect("a response has a head");
    let head = String::from_utf8_lossy(&response[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Response {
        status: status.expect("a response has a status"),
        head,
        body: response[end + 4..].to_vec(),
    }
}

/// A request for a WebSocket with further header lines, each with its line end; whatever the answer
/// is, the server closes after it.
pub(crate) fn handshake(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}

pub(crate) async fn get(server: &Server, path: &str) -> Response {
    request(server, "GET", path, "").await
}
