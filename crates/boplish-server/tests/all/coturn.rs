//! Debian's coturn as the TURN server, which shares a secret with this one.

#![cfg(target_os = "linux")]

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};

use crate::common::turn::{TurnPeer, address, allocate, credentials, ice_servers};
use crate::common::{server, soon};
use boplish_server::TurnSecret;
use stun_types::message::{BINDING, Message, MessageWrite, MessageWriteVec};

const SECRET: &str = "a secret that both know";

/// A running coturn; killed when dropped.
struct Coturn {
    process: Child,
    address: SocketAddr,
}

impl Coturn {
    /// Starts it on a free port of the loopback interface, and waits until it answers.
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        let address = socket.local_addr().expect("it is bound");
        drop(socket);
        let process = Command::new("turnserver")
            .args(["-n", "--no-cli", "--no-tls", "--no-dtls", "--no-stdout-log"])
            .args([
                "--log-file=/dev/null",
                "--pidfile=/dev/null",
                "--realm=coturn.example",
            ])
            .args([
                "--listening-ip=127.0.0.1",
                "--relay-ip=127.0.0.1",
                "--allow-loopback-peers",
            ])
            .arg(format!("--listening-port={}", address.port()))
            .args([
                "--use-auth-secret",
                &format!("--static-auth-secret={SECRET}"),
            ])
            .current_dir(std::env::temp_dir())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "coturn is installed: `apt-get install coturn`, or `cargo xtask test --only rust`",
            );
        let coturn = Self { process, address };
        soon("coturn's first answer", coturn.answers()).await;
        coturn
    }

    async fn answers(&self) {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await;
        let socket = socket.expect("a port is free");
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        let mut buffer = [0; 1_500];
        let pause = std::time::Duration::from_millis(50);
        loop {
            // An error says that it does not listen yet.
            let _ = socket.send_to(&request, self.address).await;
            if let Ok(Ok(_)) = tokio::time::timeout(pause, socket.recv(&mut buffer)).await {
                return;
            }
        }
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn coturn_takes_the_credentials_of_a_welcome_and_no_others() {
    let coturn = Coturn::start().await;
    let url = format!("turn:{}?transport=udp", coturn.address);
    let server = server(|config| {
        config.turn.urls = vec![url];
        config.turn.secret = Some(TurnSecret::new(SECRET));
    })
    .await;
    let (_ada, of_ada) = ice_servers(&server, 1).await;
    let (_bob, of_bob) = ice_servers(&server, 2).await;
    let turn = address(&of_ada, "turn:", "?transport=udp");
    assert_eq!(turn, coturn.address);
    let mut ada = TurnPeer::udp(turn, &credentials(&of_ada)).await;
    let mut bob = TurnPeer::udp(turn, &credentials(&of_bob)).await;
    let at_ada = ada.allocated().await.expect("the credential is good");
    let at_bob = bob.allocated().await.expect("the credential is good");
    assert!(ada.permitted(at_bob.ip()).await);
    assert!(bob.permitted(at_ada.ip()).await);
    ada.send(at_bob, b"there").await;
    assert_eq!(bob.receive().await, (at_ada, b"there".to_vec()));
    bob.send(at_ada, b"back").await;
    assert_eq!(ada.receive().await, (at_bob, b"back".to_vec()));

    let (username, password) = credentials(&of_ada);
    let expired = "1000000000:ada".to_owned();
    let genuine = TurnSecret::new(SECRET).password(&expired);
    assert_eq!(allocate(turn, &username, &password).await, Ok(()));
    assert_eq!(allocate(turn, &expired, &genuine).await, Err(401));
    assert_eq!(allocate(turn, &username, "guess").await, Err(401));
}
