//! What a message costs that goes to another server, more than one that stays at its own.
//!
//! ```text
//! cargo run --release --package boplish-server --example across -- redis://127.0.0.1:6379
//! ```
//!
//! Two servers, each in a thread with a runtime of its own, and three clients: one message at a
//! time goes from the first to the second, which is at the same server, and back, then from the
//! first to the third, which is at the other server, and back, by turns. Printed are the median
//! and the 99th percentile of half a round trip.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use boplish_server::{Config, EngineUrl, Server};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// Round trips of each kind, after a tenth as many that are not counted.
const ROUNDS: usize = 5_000;

/// Bytes of a message, as in the other benchmarks of the server.
const BYTES: usize = 1_536;

/// So long a client may be heard of late by the others.
const SETTLE: Duration = Duration::from_millis(500);

type Socket = WebSocketStream<TcpStream>;

fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("give the engine's address")?;
    let engine: EngineUrl = url.parse()?;
    let addresses = [serve(engine.clone())?, serve(engine)?];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let [within, across] = runtime.block_on(measure(addresses))?;
    let [within, across] = [summary(within), summary(across)];
    let more = across.0.saturating_sub(within.0);
    #[allow(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!(
            "within one server: median {:?}, p99 {:?}",
            within.0, within.1
        );
        println!(
            "across two:        median {:?}, p99 {:?}",
            across.0, across.1
        );
        println!("more:              median {more:?}");
    }
    Ok(())
}

/// Starts a server in a thread of its own.
fn serve(engine: EngineUrl) -> Result<SocketAddr, Box<dyn Error>> {
    let (sender, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return;
        };
        runtime.block_on(async {
            let mut config = Config::on_loopback();
            config.open_ids = true;
            config.cluster.engine = Some(engine);
            config.limits.directory.messages = boplish_server::Rate::per_second(100_000, 100_000);
            config.limits.directory.bytes = boplish_server::Rate::per_second(u32::MAX, u32::MAX);
            if let Ok(server) = Server::bind(config).await
                && sender.send(server.local_addr()).is_ok()
            {
                server.run_until(std::future::pending()).await;
            }
        });
    });
    Ok(address.recv()?)
}

async fn measure([one, other]: [SocketAddr; 2]) -> Result<[Vec<Duration>; 2], Box<dyn Error>> {
    tokio::time::sleep(SETTLE).await;
    let mut asker = connect(one, "asker").await?;
    let mut near = connect(one, "near").await?;
    let mut far = connect(other, "far").await?;
    tokio::time::sleep(SETTLE).await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS + ROUNDS / 10 {
        let answerers = [("near", &mut near), ("far", &mut far)];
        for ((id, answerer), times) in answerers.into_iter().zip(&mut times) {
            let start = Instant::now();
            send(&mut asker, "asker", id).await?;
            hear(answerer).await?;
            send(answerer, id, "asker").await?;
            hear(&mut asker).await?;
            if round >= ROUNDS / 10 {
                times.push(start.elapsed() / 2);
            }
        }
    }
    Ok(times)
}

async fn connect(address: SocketAddr, id: &str) -> Result<Socket, Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (socket, _) = client_async(format!("ws://{address}/ws/{id}"), stream).await?;
    Ok(socket)
}

async fn send(socket: &mut Socket, from: &str, to: &str) -> Result<(), Box<dyn Error>> {
    let payload = "x".repeat(BYTES);
    let text = format!(r#"{{"type":"chat","from":"{from}","to":"{to}","payload":"{payload}"}}"#);
    Ok(socket.send(Message::text(text)).await?)
}

async fn hear(socket: &mut Socket) -> Result<(), Box<dyn Error>> {
    loop {
        match socket.next().await.ok_or("the server has closed")?? {
            Message::Text(text) if text.contains("\"error\"") => return Err(text.as_str().into()),
            Message::Text(_) => return Ok(()),
            Message::Binary(_)
            | Message::Ping(_)
            | Message::Pong(_)
            | Message::Close(_)
            | Message::Frame(_) => {}
        }
    }
}

fn summary(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
