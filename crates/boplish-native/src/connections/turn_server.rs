//! A TURN server for tests: it listens on IPv6 and lends IPv4 addresses.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun_types::TransportType;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use turn_client_proto::api::Transmit;
use turn_client_proto::stun::Instant as TurnInstant;
use turn_server_proto::api::{TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer;

pub(super) const USERNAME: &str = "user";
pub(super) const PASSWORD: &str = "secret";

type Received = (SocketAddr, SocketAddr, Vec<u8>);

struct Sockets {
    sockets: HashMap<SocketAddr, Arc<UdpSocket>>,
    sink: mpsc::Sender<Received>,
}

impl Sockets {
    async fn open(&mut self, address: &str) -> SocketAddr {
        let socket = UdpSocket::bind(address).await;
        let socket = Arc::new(socket.expect("a socket can be opened"));
        let local = socket.local_addr().expect("it is bound");
        self.sockets.insert(local, Arc::clone(&socket));
        let sink = self.sink.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if sink
                    .send((from, local, buffer[..length].to_vec()))
                    .await
                    .is_err()
                {
                    break;
                }
            }
        });
        local
    }

    async fn send(&self, transmit: Transmit<Vec<u8>>) {
        if let Some(socket) = self.sockets.get(&transmit.from) {
            // What is not sent is lost, as on any network.
            let _ = socket.send_to(&transmit.data, transmit.to).await;
        }
    }
}

/// Starts a server that runs as long as the test's runtime.
pub(super) async fn start() -> SocketAddr {
    let (sink, received) = mpsc::channel(256);
    let mut sockets = Sockets {
        sockets: HashMap::new(),
        sink,
    };
    let address = sockets.open("[::1]:0").await;
    tokio::spawn(run(address, sockets, received));
    address
}

async fn run(address: SocketAddr, mut sockets: Sockets, mut received: mpsc::Receiver<Received>) {
    let start = Instant::now();
    let time = || TurnInstant::from_nanos(start.elapsed().as_nanos() as i64);
    let mut server = TurnServer::new(TransportType::Udp, address, "test".to_owned());
    server.add_user(USERNAME.to_owned(), PASSWORD.to_owned());
    loop {
        let wait = loop {
            while let Some(transmit) = server.poll_transmit(time()) {
                sockets.send(transmit).await;
            }
            match server.poll(time()) {
                TurnServerPollRet::WaitUntil(until) => {
                    break until.saturating_duration_since(time());
                }
                TurnServerPollRet::AllocateSocket {
                    transport,
                    listen_addr,
                    client_addr,
                    allocation_transport,
                    family,
                } => {
                    let relay = sockets.open("127.0.0.1:0").await;
                    server.allocated_socket(
                        transport,
                        listen_addr,
                        client_addr,
                        allocation_transport,
                        family,
                        Ok(relay),
                        time(),
                    );
                }
                TurnServerPollRet::TcpConnect { .. }
                | TurnServerPollRet::TcpClose { .. }
                | TurnServerPollRet::SocketClose { .. } => {}
            }
        };
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_secs(1));
        if let Ok(Some((from, to, bytes))) = tokio::time::timeout(wait, received.recv()).await {
            let transmit = Transmit::new(bytes, TransportType::Udp, from, to);
            if let Some(reply) = server.recv(transmit, time()) {
                sockets.send(reply.build()).await;
            }
        }
    }
}
