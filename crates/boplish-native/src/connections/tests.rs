//! Connections with each other, over real sockets.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test picks the one event that it waits for"
)]

mod servers;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use boplish_core::config::BUFFERED_AMOUNT_LOW;
use boplish_core::io::IceState;
use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput};
use boplish_wire::{
    Candidate, CandidateAddress, CandidateKind, Description, Fingerprint, Transport,
};
use tokio::time::{sleep_until, timeout};

use super::Connections;
use crate::engine::{Engine, EngineConfig};

/// More than anything here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

const ID: ConnectionId = ConnectionId(1);

/// One side of a test: a peer's connections without a peer.
struct Side {
    connections: Connections,
    inputs: VecDeque<(ConnectionId, ConnectionInput)>,
    buffered: usize,
}

fn engine(address: IpAddr) -> Engine {
    let config = EngineConfig {
        addresses: Some(vec![address]),
        mdns: false,
        ..EngineConfig::default()
    };
    Engine::new(&config).expect("loopback addresses can be used")
}

fn localhost() -> Engine {
    engine(Ipv4Addr::LOCALHOST.into())
}

impl Side {
    fn new(engine: &Engine) -> Self {
        Self {
            connections: Connections::new(engine).expect("sockets can be opened"),
            inputs: VecDeque::new(),
            buffered: 0,
        }
    }

    fn command(&mut self, id: ConnectionId, command: ConnectionCommand) {
        self.connections.handle_command(Instant::now(), id, command);
        self.collect();
    }

    fn collect(&mut self) {
        for (id, input) in self.connections.take_inputs() {
            if let ConnectionInput::BufferedAmount(amount) = input {
                self.buffered = amount;
            }
            self.inputs.push_back((id, input));
        }
    }

    /// Lets time and datagrams do their work once.
    async fn proceed(&mut self) {
        let wake = self.connections.poll_timeout();
        let wake = wake.unwrap_or_else(|| Instant::now() + PATIENCE);
        tokio::select! {
            () = self.connections.receive() => {}
            () = sleep_until(wake.into()) => {}
        }
        self.connections.handle_timeout(Instant::now());
        self.collect();
    }

    fn take<T>(
        &mut self,
        mut pick: impl FnMut(ConnectionId, &ConnectionInput) -> Option<T>,
    ) -> Option<T> {
        let found = self
            .inputs
            .iter()
            .enumerate()
            .find_map(|(place, (id, input))| pick(*id, input).map(|value| (place, value)));
        let (place, value) = found?;
        self.inputs.remove(place);
        Some(value)
    }

    fn description(&mut self) -> Description {
        let description = self.take(|_, input| match input {
            ConnectionInput::LocalDescription(description) => Some(description.clone()),
            _other => None,
        });
        description.expect("the command gives a description at once")
    }

    fn messages(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| {
            self.take(|_, input| match input {
                ConnectionInput::Message(message) => Some(message.clone()),
                _other => None,
            })
        })
        .collect()
    }

    fn has_opened(&mut self, id: ConnectionId) -> bool {
        let opened = self.take(|of, input| match input {
            ConnectionInput::Opened if of == id => Some(()),
            _other => None,
        });
        opened.is_some()
    }

    fn closed(&mut self) -> Option<String> {
        self.take(|_, input| match input {
            ConnectionInput::Closed { reason } => Some(reason.clone()),
            _other => None,
        })
    }
}

/// Runs both sides until the condition holds.
async fn until<T>(
    a: &mut Side,
    b: &mut Side,
    mut condition: impl FnMut(&mut Side, &mut Side) -> Option<T>,
) -> T {
    let run = async {
        loop {
            if let Some(value) = condition(a, b) {
                return value;
            }
            tokio::select! {
                () = a.proceed() => {}
                () = b.proceed() => {}
            }
        }
    };
    timeout(PATIENCE, run)
        .await
        .expect("the condition comes to hold in time")
}

fn negotiate(a: &mut Side, b: &mut Side, id: ConnectionId) {
    a.command(id, ConnectionCommand::CreateOffer);
    let offer = a.description();
    b.command(id, ConnectionCommand::CreateAnswer { offer });
    let answer = b.description();
    a.command(id, ConnectionCommand::AcceptAnswer(answer));
}

async fn connect(a: &mut Side, b: &mut Side, id: ConnectionId) {
    negotiate(a, b, id);
    let (mut a_open, mut b_open) = (false, false);
    until(a, b, |a, b| {
        a_open |= a.has_opened(id);
        b_open |= b.has_opened(id);
        (a_open && b_open).then_some(())
    })
    .await;
}

async fn exchange(a: &mut Side, b: &mut Side, id: ConnectionId) {
    a.command(id, ConnectionCommand::Send(b"there".to_vec()));
    b.command(id, ConnectionCommand::Send(b"back".to_vec()));
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    until(a, b, |a, b| {
        at_a.extend(a.messages());
        at_b.extend(b.messages());
        (!at_a.is_empty() && !at_b.is_empty()).then_some(())
    })
    .await;
    assert_eq!(at_a, [b"back".to_vec()]);
    assert_eq!(at_b, [b"there".to_vec()]);
}

#[tokio::test]
async fn messages_cross_both_ways_over_ipv4() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    exchange(&mut a, &mut b, ID).await;
}

#[tokio::test]
async fn messages_cross_both_ways_over_ipv6() {
    let engine = engine(Ipv6Addr::LOCALHOST.into());
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    exchange(&mut a, &mut b, ID).await;
}

#[tokio::test]
async fn shared_sockets_serve_peers_that_are_elsewhere() {
    let shared = EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        shared_sockets: true,
        mdns: false,
    };
    let shared = Engine::new(&shared).expect("loopback addresses can be used");
    let elsewhere = localhost();
    let (mut a, mut b) = (Side::new(&shared), Side::new(&elsewhere));
    let (mut c, mut d) = (Side::new(&shared), Side::new(&elsewhere));
    connect(&mut a, &mut b, ID).await;
    connect(&mut d, &mut c, ID).await;
    exchange(&mut a, &mut b, ID).await;
    exchange(&mut c, &mut d, ID).await;
}

#[tokio::test]
async fn much_arrives_in_order_while_the_sender_waits_for_the_buffer() {
    const TOTAL: u32 = 512;
    const LENGTH: usize = 16 * 1024;
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    let (mut sent, mut received, mut highest) = (0, 0_u32, 0);
    let began = Instant::now();
    until(&mut a, &mut b, |a, b| {
        while sent < TOTAL && a.buffered <= BUFFERED_AMOUNT_LOW {
            let mut message = vec![0; LENGTH];
            message[..4].copy_from_slice(&sent.to_be_bytes());
            a.command(ID, ConnectionCommand::Send(message));
            sent += 1;
            highest = highest.max(a.buffered);
        }
        for message in b.messages() {
            assert_eq!(message.len(), LENGTH);
            assert_eq!(message[..4], received.to_be_bytes());
            received += 1;
        }
        (received == TOTAL).then_some(())
    })
    .await;
    let rate = f64::from(TOTAL) * LENGTH as f64 / began.elapsed().as_secs_f64();
    eprintln!("{:.1} MiB/s", rate / 1024.0 / 1024.0);
    assert!(highest <= BUFFERED_AMOUNT_LOW + LENGTH);
    until(&mut a, &mut b, |a, _| (a.buffered == 0).then_some(())).await;
}

#[tokio::test]
async fn what_exceeds_the_send_budget_is_counted_and_sent() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    for _ in 0..64 {
        a.command(ID, ConnectionCommand::Send(vec![7; 32 * 1024]));
    }
    assert_eq!(a.buffered, 64 * 32 * 1024);
    let mut received = 0;
    until(&mut a, &mut b, |a, b| {
        received += b.messages().len();
        (received == 64 && a.buffered == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_ice_restart_keeps_the_channel() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    exchange(&mut a, &mut b, ID).await;
    a.inputs.clear();
    a.command(ID, ConnectionCommand::RestartIce);
    let offer = a.description();
    b.command(ID, ConnectionCommand::AnswerRestart { offer });
    let answer = b.description();
    a.command(ID, ConnectionCommand::AcceptAnswer(answer));
    until(&mut a, &mut b, |a, _| {
        a.take(|_, input| match input {
            ConnectionInput::Ice(IceState::Connected) => Some(()),
            _other => None,
        })
    })
    .await;
    exchange(&mut a, &mut b, ID).await;
}

#[tokio::test]
async fn the_other_side_sees_a_close_after_the_last_message() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    a.command(ID, ConnectionCommand::Send(vec![1; 48 * 1024]));
    a.command(ID, ConnectionCommand::Close);
    let mut messages = Vec::new();
    until(&mut a, &mut b, |_, b| {
        messages.extend(b.messages());
        b.closed()
    })
    .await;
    assert_eq!(messages.len(), 1);
    until(&mut a, &mut b, |a, b| {
        (a.connections.len() + b.connections.len() == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn garbage_disturbs_nothing() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    let (a_address, b_address) = (
        a.connections.port.addresses()[0],
        b.connections.port.addresses()[0],
    );
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket can be opened");
    let mut garbage: Vec<Vec<u8>> = (0..=255_u8)
        .map(|first| vec![first; 1 + usize::from(first) * 5])
        .collect();
    garbage.push(Vec::new());
    // A STUN binding request whose only attribute claims to be longer than the message.
    garbage.push(b"\x00\x01\x00\x08\x21\x12\xa4\x42twelve bytes\x00\x06\xff\xffabcd".to_vec());
    for bytes in &garbage {
        stranger.send_to(bytes, b_address).expect("it can be sent");
        // From the very socket of the other side, past its transport.
        a.connections.port.send(a_address, b_address, bytes);
    }
    exchange(&mut a, &mut b, ID).await;
    assert_eq!(b.closed(), None);
}

#[tokio::test]
async fn a_wrong_fingerprint_never_opens() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    a.command(ID, ConnectionCommand::CreateOffer);
    let mut offer = a.description();
    offer.fingerprint = Fingerprint([7; 32]);
    b.command(ID, ConnectionCommand::CreateAnswer { offer });
    let answer = b.description();
    a.command(ID, ConnectionCommand::AcceptAnswer(answer));
    until(&mut a, &mut b, |_, b| {
        assert!(!b.has_opened(ID));
        b.closed()
    })
    .await;
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_ignored() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    a.command(ID, ConnectionCommand::CreateOffer);
    let mut offer = a.description();
    let unknown = Candidate {
        foundation: "1".into(),
        transport: Transport::Udp,
        priority: 2_113_937_151,
        address: CandidateAddress::Name("0e3b9e4a-2c5e-4f1b-9d5e-2f5a3c1d7e90.local".into()),
        port: 50_000,
        kind: CandidateKind::Host,
    };
    offer.candidates = vec![unknown];
    b.command(ID, ConnectionCommand::CreateAnswer { offer });
    let answer = b.description();
    a.command(ID, ConnectionCommand::AcceptAnswer(answer));
    // The offerer's checks arrive, and become peer-reflexive candidates.
    until(&mut a, &mut b, |_, b| b.has_opened(ID).then_some(())).await;
}

#[tokio::test]
async fn two_connections_at_once_between_two_peers_end_in_the_newer_one() {
    let engine = localhost();
    let (mut a, mut b) = (Side::new(&engine), Side::new(&engine));
    connect(&mut a, &mut b, ID).await;
    let newer = ConnectionId(2);
    negotiate(&mut b, &mut a, newer);
    a.command(ID, ConnectionCommand::Close);
    b.command(ID, ConnectionCommand::Close);
    let (mut a_open, mut b_open) = (false, false);
    until(&mut a, &mut b, |a, b| {
        a_open |= a.has_opened(newer);
        b_open |= b.has_opened(newer);
        (a_open && b_open).then_some(())
    })
    .await;
    exchange(&mut a, &mut b, newer).await;
}

#[tokio::test]
async fn a_command_for_an_unknown_connection_is_answered_with_closed() {
    let engine = localhost();
    let mut a = Side::new(&engine);
    a.command(ID, ConnectionCommand::Send(b"x".to_vec()));
    assert!(a.closed().is_some());
    a.command(ID, ConnectionCommand::Close);
    assert_eq!(a.closed(), None);
}
