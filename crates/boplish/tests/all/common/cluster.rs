//! Servers in processes of their own that act as one, and light clients that come back to any of
//! them as peers do.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boplish_native::wire::Keypair;
use boplish_native::wire::bootstrap::{ErrorCode, FromServer, SUBPROTOCOL, challenge_response};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::{PATIENCE, Server};

/// The first pause before a peer comes back, and the longest, as the core's configuration has
/// them; the second half of each is random.
const RETRY_BASE: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// A Redis of the test's own; it is killed when this is dropped.
pub(crate) struct Redis {
    child: Child,
    pub(crate) url: String,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let port = address.port().to_string();
        let child = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--dir",
                "/tmp",
            ])
            .stdout(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("redis-server: {error}; install the package, as `cargo xtask test` does")
        });
        let until = std::time::Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(
                std::time::Instant::now() < until,
                "redis-server does not listen"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let url = format!("redis://{address}");
        Self { child, url }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// A server of a cluster.
    pub(crate) fn of_cluster(redis: &Redis, change: impl FnOnce(&mut Command)) -> Self {
        Self::start_with(|command| {
            command.args(["--log", "warn", "--engine", &redis.url]);
            command.args(["--max-connections-per-address", "100000"]);
            change(command);
        })
    }

    /// What `/health` says.
    pub(crate) fn health(&self) -> Value {
        use std::io::{Read, Write};
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = "GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Waits until it knows of so many others.
    pub(crate) async fn knows(&self, others: u64) {
        until("the servers are one", || {
            self.health()["otherServers"] == others
        })
        .await;
    }
}

pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// The key pair that belongs to a number.
pub(crate) fn keypair(number: u32) -> Keypair {
    let mut secret = [0; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Keypair::from_secret(&secret)
}

/// Connects and proves the id.
pub(crate) async fn join(address: &str, keypair: &Keypair) -> Result<Socket, Error> {
    let mut request = format!("ws://{address}/ws/{}", keypair.id()).into_client_request()?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    request
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let (mut socket, _) = connect_async(request).await?;
    match FromServer::parse(&hear(&mut socket).await?) {
        Ok(FromServer::Challenge { nonce, .. }) => {
            socket
                .send(Message::text(challenge_response(keypair, &nonce)))
                .await?;
        }
        other => panic!("no challenge: {other:?}"),
    }
    match FromServer::parse(&hear(&mut socket).await?) {
        Ok(FromServer::Welcome { .. }) => Ok(socket),
        other => panic!("no welcome: {other:?}"),
    }
}

/// The text that comes next.
pub(crate) async fn hear(socket: &mut Socket) -> Result<String, Error> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(_)) | None => return Err(Error::ConnectionClosed),
            Some(Err(error)) => return Err(error),
        }
    }
}

/// The first message to a client that has just come: other servers may know of it a moment later
/// than it knows itself.
pub(crate) async fn find(sender: &mut Socket, receiver: &mut Socket, words: &str) {
    let found = async {
        loop {
            sender.send(Message::text(words.to_owned())).await.unwrap();
            tokio::select! {
                heard = hear(receiver) => return heard.unwrap(),
                answer = hear(sender) => match FromServer::parse(&answer.unwrap()) {
                    Ok(FromServer::Error(error)) if error.code == ErrorCode::UnknownPeer => {}
                    other => panic!("{words} is answered by {other:?}"),
                },
            }
        }
    };
    let heard = timeout(PATIENCE, found).await.expect("it is found");
    assert_eq!(heard, words);
}

/// Comes back by the rules of the core, each time to the next server; says after how long.
pub(crate) async fn come_back(addresses: &[String], number: u32) -> (Socket, Duration) {
    let start = Instant::now();
    let keypair = keypair(number);
    let mut pause = RETRY_BASE;
    for attempt in 0.. {
        let lot = getrandom::u32().unwrap();
        sleep(pause / 2 + (pause / 2).mul_f64(f64::from(lot) / f64::from(u32::MAX))).await;
        let address = &addresses[(number as usize + attempt) % addresses.len()];
        if let Ok(Ok(socket)) = timeout(PATIENCE, join(address, &keypair)).await {
            return (socket, start.elapsed());
        }
        pause = (pause * 2).min(RETRY_MAX);
    }
    unreachable!("it tries for ever");
}

pub(crate) fn text(from: u32, to: u32, payload: u64) -> String {
    let (from, to) = (keypair(from).id(), keypair(to).id());
    format!(r#"{{"type":"chat","from":"{from}","to":"{to}","payload":{payload}}}"#)
}
