//! STUN and TURN over real sockets, with the credentials of a welcome.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::common::turn::{Plain, TurnPeer, address, allocate, credentials, ice_servers};
use crate::common::{server, soon};
use boplish_server::{Config, Server, ServerError, TurnSecret};
use stun_types::attribute::XorMappedAddress;
use stun_types::message::{BINDING, Message, MessageWrite, MessageWriteVec};
use tokio::net::UdpSocket;

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn loopback() -> SocketAddr {
    SocketAddr::new(LOCALHOST, 0)
}

async fn turn_server(allow_private: bool) -> Server {
    server(|config| {
        config.turn.turn = vec![loopback()];
        config.turn.allow_private = allow_private;
    })
    .await
}

#[tokio::test]
async fn a_welcome_names_a_stun_server_that_answers() {
    let server = server(|config| config.turn.stun = vec![loopback()]).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    assert_eq!(servers.len(), 1);
    assert_eq!(
        (&servers[0].username, &servers[0].credential),
        (&None, &None)
    );
    let stun = address(&servers, "stun:", "");
    let socket = UdpSocket::bind(loopback()).await.expect("a port is free");
    let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
    socket
        .send_to(&[7; 40], stun)
        .await
        .expect("it can be sent");
    socket
        .send_to(&request, stun)
        .await
        .expect("it can be sent");
    let mut buffer = [0; 1_500];
    let length = soon("an answer", socket.recv(&mut buffer)).await;
    let length = length.expect("it can be read");
    let response = Message::from_bytes(&buffer[..length]).expect("this is STUN");
    let mapped: XorMappedAddress = response.attribute().expect("it is there");
    let seen = mapped.addr(response.transaction_id());
    assert_eq!(seen, socket.local_addr().expect("it is bound"));
}

#[tokio::test]
async fn two_relays_carry_between_their_clients_over_udp_and_tcp() {
    // Although relays may not reach this machine: what is for a relay stays in the server.
    let server = turn_server(false).await;
    let (_ada, of_ada) = ice_servers(&server, 1).await;
    let (_bob, of_bob) = ice_servers(&server, 2).await;
    let udp = address(&of_ada, "turn:", "?transport=udp");
    let tcp = address(&of_ada, "turn:", "?transport=tcp");
    let mut ada = TurnPeer::udp(udp, &credentials(&of_ada)).await;
    let mut bob = TurnPeer::tcp(tcp, &credentials(&of_bob)).await;
    let at_ada = ada.allocated().await.expect("the credential is good");
    let at_bob = bob.allocated().await.expect("the credential is good");
    assert!(ada.permitted(at_bob.ip()).await);
    assert!(bob.permitted(at_ada.ip()).await);
    for length in [1, 2, 3, 1_200] {
        ada.send(at_bob, &vec![1; length]).await;
        assert_eq!(bob.receive().await, (at_ada, vec![1; length]));
        bob.send(at_ada, &vec![2; length]).await;
        assert_eq!(ada.receive().await, (at_bob, vec![2; length]));
    }
}

#[tokio::test]
async fn a_relay_reaches_this_machine_only_if_that_is_allowed() {
    let peer = UdpSocket::bind(loopback()).await.expect("a port is free");
    let at_peer = peer.local_addr().expect("it is bound");
    let mut buffer = [0; 1_500];

    let server = turn_server(true).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let mut client = TurnPeer::udp(turn, &credentials(&servers)).await;
    let relay = client.allocated().await.expect("the credential is good");
    assert!(client.permitted(LOCALHOST).await);
    client.send(at_peer, b"there").await;
    let received = soon("a datagram", peer.recv_from(&mut buffer)).await;
    assert_eq!(received.expect("it can be read"), (5, relay));
    peer.send_to(b"back", relay).await.expect("it can be sent");
    assert_eq!(client.receive().await, (at_peer, b"back".to_vec()));

    let server = turn_server(false).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let mut client = TurnPeer::udp(turn, &credentials(&servers)).await;
    assert!(client.allocated().await.is_some());
    assert!(
        !client
            .permitted("10.0.0.1".parse().expect("an address"))
            .await
    );
    // The relays' own address is allowed for the sake of other relays, but this is none.
    assert!(client.permitted(LOCALHOST).await);
    let mut other = TurnPeer::udp(turn, &credentials(&servers)).await;
    let at_other = other.allocated().await.expect("the credential is good");
    assert!(other.permitted(LOCALHOST).await);
    client.send(at_peer, b"there").await;
    client.send(at_other, b"there").await;
    other.receive().await;
    let error = peer.try_recv(&mut buffer).expect_err("nothing has come");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_forged_or_prolonged_credential_gets_nothing() {
    let server = turn_server(true).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let (username, password) = credentials(&servers);
    let later = format!("9{username}");
    assert_eq!(allocate(turn, &username, "guess").await, Err(401));
    assert_eq!(allocate(turn, &later, &password).await, Err(401));
    assert_eq!(allocate(turn, &username, &password).await, Ok(()));
}

#[tokio::test]
async fn a_signed_request_alone_keeps_no_place_and_a_relay_does() {
    let server = turn_server(true).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let (username, password) = credentials(&servers);
    let signed = Some((&*username, &*password));
    let mut settled = Plain::at("127.0.0.1:0", turn).await;
    assert_eq!(settled.ask(None).await, Err(401));
    assert_eq!(settled.ask(signed).await, Ok(()));
    // What a forged sender address could send, too.
    let mut forged = Plain::at("127.0.0.1:0", turn).await;
    forged.realm.clone_from(&settled.realm);
    assert_eq!(forged.ask(signed).await, Err(438));
    // As many strangers as there may be at a time.
    for number in 0..1_024_u32 {
        let stranger = format!("127.1.{}.{}:0", number / 256, number % 256);
        let mut stranger = Plain::at(&stranger, turn).await;
        assert_eq!(stranger.ask(None).await, Err(401));
    }
    // The nonce that it got was its session's, which is forgotten.
    assert_eq!(forged.ask(signed).await, Err(438));
    // There is an allocation already.
    assert_eq!(settled.ask(signed).await, Err(437));
}

#[tokio::test]
async fn a_shutdown_ends_allocations() {
    let server = turn_server(true).await;
    let (client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let mut turn_client = TurnPeer::udp(turn, &credentials(&servers)).await;
    let relay = turn_client
        .allocated()
        .await
        .expect("the credential is good");
    UdpSocket::bind(relay)
        .await
        .expect_err("the relay has the port");
    drop(client);
    soon("the shutdown", server.shutdown()).await;
    UdpSocket::bind(relay)
        .await
        .expect("the port is free again");
    UdpSocket::bind(turn).await.expect("the port is free again");
}

#[tokio::test]
async fn garbage_is_not_answered() {
    let server = turn_server(true).await;
    let (_client, servers) = ice_servers(&server, 1).await;
    let turn = address(&servers, "turn:", "?transport=udp");
    let socket = UdpSocket::bind(loopback()).await.expect("a port is free");
    for first in 0..=255_u8 {
        let garbage = vec![first; usize::from(first) * 5];
        socket
            .send_to(&garbage, turn)
            .await
            .expect("it can be sent");
    }
    let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
    socket
        .send_to(&request, turn)
        .await
        .expect("it can be sent");
    let mut buffer = [0; 1_500];
    let length = soon("an answer", socket.recv(&mut buffer)).await;
    let response = Message::from_bytes(&buffer[..length.expect("it can be read")]);
    assert!(response.expect("it is the only answer").has_method(BINDING));
}

#[tokio::test]
async fn what_cannot_be_announced_is_not_served() {
    let unreachable = |change: fn(&mut Config)| async move {
        let mut config = Config::on_loopback();
        change(&mut config);
        Server::bind(config).await.expect_err("it can't work")
    };
    for change in [
        (|config| config.turn.turn = vec!["0.0.0.0:0".parse().expect("an address")])
            as fn(&mut Config),
        |config| config.turn.stun = vec!["0.0.0.0:0".parse().expect("an address")],
    ] {
        let error = unreachable(change).await;
        assert!(
            matches!(error, ServerError::NoPublicAddress { .. }),
            "{error}"
        );
    }
    let error = unreachable(|config| config.turn.urls = vec!["turn:a".to_owned()]).await;
    assert!(matches!(error, ServerError::NoTurnSecret), "{error}");
    let mut config = Config::on_loopback();
    config.turn.turn = vec!["0.0.0.0:0".parse().expect("an address")];
    config.turn.public_addresses = vec!["198.51.100.7".parse().expect("an address")];
    config.turn.secret = Some(TurnSecret::new("north"));
    Server::bind(config).await.expect("it can be announced");
}
