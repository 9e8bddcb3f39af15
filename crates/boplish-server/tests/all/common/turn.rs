//! TURN clients.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test picks the one event that it waits for"
)]

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use boplish_server::{IceServer, Server};
use boplish_wire::bootstrap::{FromServer, challenge_response};
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageWrite, MessageWriteExt,
    MessageWriteVec,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use turn_client_proto::api::{
    Transmit, TurnClientApi, TurnConfig, TurnEvent, TurnPollRet, TurnRecvRet,
};
use turn_client_proto::stun::Instant as TurnInstant;
use turn_client_proto::stun::auth::Feature;
use turn_client_proto::stun::types::TransportType;
use turn_client_proto::tcp::TurnClientTcp;
use turn_client_proto::types::TurnCredentials;
use turn_client_proto::types::attribute::RequestedTransport;
use turn_client_proto::types::message::ALLOCATE;
use turn_client_proto::udp::TurnClientUdp;

use super::{Client, keypair, soon};

/// What a peer's welcome says of STUN and TURN servers; the peer stays connected.
pub(crate) async fn ice_servers(server: &Server, number: u8) -> (Client, Vec<IceServer>) {
    let (mut client, nonce) = Client::challenged(server, number).await;
    let response = challenge_response(&keypair(number), &nonce);
    client.say(&response).await;
    match FromServer::parse(&client.hear().await) {
        Ok(FromServer::Welcome { ice_servers, .. }) => (client, ice_servers),
        other => panic!("no welcome: {other:?}"),
    }
}

/// The address in the first URI that begins and ends so.
pub(crate) fn address(servers: &[IceServer], scheme: &str, transport: &str) -> SocketAddr {
    let mut urls = servers.iter().flat_map(|server| &server.urls);
    let host = urls.find_map(|url| url.strip_prefix(scheme)?.strip_suffix(transport));
    host.expect("there is one")
        .parse()
        .expect("it has an address")
}

/// The user name and password of the TURN server.
pub(crate) fn credentials(servers: &[IceServer]) -> (String, String) {
    let turn = servers.iter().find(|server| server.username.is_some());
    let turn = turn.expect("there is a TURN server").clone();
    (
        turn.username.unwrap_or_default(),
        turn.credential.unwrap_or_default(),
    )
}

enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// A TURN client, which asks for an allocation at once.
pub(crate) struct TurnPeer<C> {
    client: C,
    link: Link,
    server: SocketAddr,
    start: Instant,
    pub(crate) events: VecDeque<TurnEvent>,
    pub(crate) received: VecDeque<(SocketAddr, Vec<u8>)>,
}

fn config((username, password): &(String, String)) -> TurnConfig {
    let mut config = TurnConfig::new(TurnCredentials::new(username, password));
    config.set_anonymous_username(Feature::Disabled);
    config
}

impl TurnPeer<TurnClientUdp> {
    pub(crate) async fn udp(server: SocketAddr, credentials: &(String, String)) -> Self {
        let socket = UdpSocket::bind((server.ip(), 0))
            .await
            .expect("a port is free");
        let local = socket.local_addr().expect("it is bound");
        let client = TurnClientUdp::allocate(local, server, config(credentials));
        Self::new(client, Link::Udp(socket), server)
    }
}

impl TurnPeer<TurnClientTcp> {
    pub(crate) async fn tcp(server: SocketAddr, credentials: &(String, String)) -> Self {
        let stream = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let local = stream.local_addr().expect("it is connected");
        let client = TurnClientTcp::allocate(local, server, config(credentials));
        Self::new(client, Link::Tcp(stream), server)
    }
}

impl<C: TurnClientApi> TurnPeer<C> {
    fn new(client: C, link: Link, server: SocketAddr) -> Self {
        Self {
            client,
            link,
            server,
            start: Instant::now(),
            events: VecDeque::new(),
            received: VecDeque::new(),
        }
    }

    fn now(&self) -> TurnInstant {
        let since = self.start.elapsed().as_nanos();
        TurnInstant::from_nanos(i64::try_from(since).expect("a test is short"))
    }

    async fn transmit(&mut self, bytes: &[u8]) {
        match &mut self.link {
            Link::Udp(socket) => drop(socket.send_to(bytes, self.server).await),
            Link::Tcp(stream) => drop(stream.write_all(bytes).await),
        }
    }

    /// Sends what is to be sent, and takes what comes until something is due.
    pub(crate) async fn proceed(&mut self) {
        while let Some(transmit) = self.client.poll_transmit(self.now()) {
            let bytes = transmit.data.to_vec();
            self.transmit(&bytes).await;
        }
        while let Some(event) = self.client.poll_event() {
            self.events.push_back(event);
        }
        let wait = match self.client.poll(self.now()) {
            TurnPollRet::WaitUntil(until) => until.saturating_duration_since(self.now()),
            TurnPollRet::Closed => Duration::from_millis(20),
            TurnPollRet::AllocateTcpSocket { .. } | TurnPollRet::TcpClose { .. } => Duration::ZERO,
        };
        if let Some(event) = self.client.poll_event() {
            return self.events.push_back(event);
        }
        let mut buffer = vec![0; 65_536];
        let receiving = async {
            match &mut self.link {
                Link::Udp(socket) => socket.recv(&mut buffer).await,
                Link::Tcp(stream) => stream.read(&mut buffer).await,
            }
        };
        let wait = wait.clamp(Duration::from_millis(1), Duration::from_millis(20));
        if let Ok(Ok(length)) = tokio::time::timeout(wait, receiving).await {
            let transport = self.client.transport();
            let local = self.client.local_addr();
            let transmit = Transmit::new(&buffer[..length], transport, self.server, local);
            let now = self.now();
            if let TurnRecvRet::PeerData(data) = self.client.recv(transmit, now) {
                self.received.push_back((data.peer, data.data().to_vec()));
            }
            while let Some(data) = self.client.poll_recv(now) {
                self.received.push_back((data.peer, data.data().to_vec()));
            }
        }
    }

    /// The first event that is as wanted.
    pub(crate) async fn event<T>(
        &mut self,
        what: &str,
        pick: impl Fn(&TurnEvent) -> Option<T>,
    ) -> T {
        let found = async {
            loop {
                if let Some(found) = self.events.iter().find_map(&pick) {
                    self.events.clear();
                    return found;
                }
                self.proceed().await;
            }
        };
        soon(what, found).await
    }

    /// The relay's address; `None` if there is none to be had.
    pub(crate) async fn allocated(&mut self) -> Option<SocketAddr> {
        self.event("an answer to the allocation", |event| match event {
            TurnEvent::AllocationCreated(_, address) => Some(Some(*address)),
            TurnEvent::AllocationCreateFailed(_) => Some(None),
            _other => None,
        })
        .await
    }

    /// Whether the server lets this client talk with a peer.
    pub(crate) async fn permitted(&mut self, peer: IpAddr) -> bool {
        let now = self.now();
        let asked = self.client.create_permission(TransportType::Udp, peer, now);
        asked.expect("there is an allocation");
        self.event("an answer to the permission", |event| match event {
            TurnEvent::PermissionCreated(..) => Some(true),
            TurnEvent::PermissionCreateFailed(..) => Some(false),
            _other => None,
        })
        .await
    }

    pub(crate) async fn send(&mut self, peer: SocketAddr, bytes: &[u8]) {
        let now = self.now();
        let sent = self.client.send_to(TransportType::Udp, peer, bytes, now);
        let sent = sent.expect("there is a permission");
        if let Some(sent) = sent.map(|transmit| transmit.build().data) {
            self.transmit(&sent).await;
        }
    }

    /// What a peer has sent next.
    pub(crate) async fn receive(&mut self) -> (SocketAddr, Vec<u8>) {
        let received = async {
            loop {
                match self.received.pop_front() {
                    Some(received) => return received,
                    None => self.proceed().await,
                }
            }
        };
        soon("something of a peer", received).await
    }
}

/// Asks for an allocation as a client does that has just heard the nonce; gives the error's code.
pub(crate) async fn allocate(turn: SocketAddr, username: &str, password: &str) -> Result<(), u16> {
    let mut plain = Plain::at("127.0.0.1:0", turn).await;
    plain.ask(None).await.expect_err("a password is asked for");
    plain.ask(Some((username, password))).await
}

/// A socket that asks for an allocation as often as it is told to.
pub(crate) struct Plain {
    socket: UdpSocket,
    turn: SocketAddr,
    /// What the server has said last.
    pub(crate) realm: String,
    nonce: String,
}

impl Plain {
    pub(crate) async fn at(local: &str, turn: SocketAddr) -> Self {
        let socket = UdpSocket::bind(local).await.expect("a port is free");
        Self {
            socket,
            turn,
            realm: "none".to_owned(),
            nonce: "none".to_owned(),
        }
    }

    /// Asks, with a user name and a password or without; gives the error's code.
    pub(crate) async fn ask(&mut self, credentials: Option<(&str, &str)>) -> Result<(), u16> {
        let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
        let transport = RequestedTransport::new(RequestedTransport::UDP);
        request.add_attribute(&transport).expect("there is room");
        if let Some((username, password)) = credentials {
            let name = Username::new(username).expect("it is short");
            request.add_attribute(&name).expect("there is room");
            let realm = Realm::new(&self.realm).expect("it is short");
            request.add_attribute(&realm).expect("there is room");
            let nonce = Nonce::new(&self.nonce).expect("it is short");
            request.add_attribute(&nonce).expect("there is room");
            let credentials = LongTermKeyCredentials::new(
                username.to_owned(),
                password.to_owned(),
                self.realm.clone(),
            );
            request
                .add_message_integrity(&credentials.into(), IntegrityAlgorithm::Sha1)
                .expect("there is room");
        }
        let sent = self.socket.send_to(&request.finish(), self.turn).await;
        sent.expect("it can be sent");
        let mut buffer = vec![0; 1_500];
        let length = soon("an answer", self.socket.recv(&mut buffer)).await;
        let response = Message::from_bytes(&buffer[..length.expect("it can be read")]);
        let response = response.expect("this is STUN");
        if let Ok(nonce) = response.attribute::<Nonce>() {
            self.nonce = nonce.nonce().to_owned();
        }
        if let Ok(realm) = response.attribute::<Realm>() {
            self.realm = realm.realm().to_owned();
        }
        match response.attribute::<ErrorCode>() {
            Ok(error) => Err(error.code()),
            Err(_) => Ok(()),
        }
    }
}
