//! What STUN and TURN servers add.

use std::net::Ipv6Addr;

use boplish_core::{ConnectionCommand, ConnectionId, ConnectionInput};
use boplish_wire::bootstrap::IceServer;
use boplish_wire::{Candidate, CandidateAddress, CandidateKind};
use stun_types::attribute::XorMappedAddress;
use stun_types::message::{Message, MessageWrite, MessageWriteExt, MessageWriteVec};
use tokio::time::timeout;

use super::super::turn_server;
use super::{ID, PATIENCE, Side, engine, exchange, localhost, until};

fn ice_server(url: String) -> IceServer {
    IceServer {
        urls: vec![url],
        username: Some(turn_server::USERNAME.to_owned()),
        credential: Some(turn_server::PASSWORD.to_owned()),
    }
}

/// What a side tells of its candidates after its description.
async fn candidates_of(side: &mut Side) -> Vec<Candidate> {
    let gather = async {
        let mut candidates = Vec::new();
        loop {
            while let Some(candidate) = side.take(|_, input| match input {
                ConnectionInput::LocalCandidate(candidate) => Some(candidate.clone()),
                _other => None,
            }) {
                candidates.push(candidate);
            }
            let done = side.take(|_, input| match input {
                ConnectionInput::LocalCandidatesDone => Some(()),
                _other => None,
            });
            if done.is_some() {
                return candidates;
            }
            side.proceed().await;
        }
    };
    timeout(PATIENCE, gather)
        .await
        .expect("gathering ends in time")
}

#[tokio::test]
async fn a_stun_server_that_is_silent_ends_gathering_all_the_same() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket can be opened");
    let address = silent.local_addr().expect("it is bound");
    let mut a = Side::new(&localhost());
    a.connections
        .set_ice_servers(&[ice_server(format!("stun:{address}"))]);
    a.command(ID, ConnectionCommand::CreateOffer);
    assert_eq!(candidates_of(&mut a).await, []);
}

#[tokio::test]
async fn a_relay_carries_between_those_who_share_no_address_family() {
    let server = turn_server::start().await;
    let mut a = Side::new(&localhost());
    let mut b = Side::new(&engine(Ipv6Addr::LOCALHOST.into()));
    b.connections
        .set_ice_servers(&[ice_server(format!("turn:{server}"))]);
    a.command(ID, ConnectionCommand::CreateOffer);
    let offer = a.description();
    b.command(ID, ConnectionCommand::CreateAnswer { offer });
    let answer = b.description();
    a.command(ID, ConnectionCommand::AcceptAnswer(answer));
    let candidates = candidates_of(&mut b).await;
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].kind, CandidateKind::Relay);
    a.command(ID, ConnectionCommand::AddCandidates(candidates));
    let (mut a_open, mut b_open) = (false, false);
    until(&mut a, &mut b, |a, b| {
        a_open |= a.has_opened(ID);
        b_open |= b.has_opened(ID);
        (a_open && b_open).then_some(())
    })
    .await;
    exchange(&mut a, &mut b, ID).await;
}

#[tokio::test]
async fn who_is_told_to_use_relays_only_offers_nothing_else() {
    let server = turn_server::start().await;
    let mut a = Side::new(&engine(Ipv6Addr::LOCALHOST.into()));
    a.connections.set_relay_only(true);
    a.connections
        .set_ice_servers(&[ice_server(format!("turn:{server}"))]);
    a.command(ID, ConnectionCommand::CreateOffer);
    let described = a.description().candidates;
    let candidates = [described, candidates_of(&mut a).await].concat();
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].kind, CandidateKind::Relay);
}

#[tokio::test]
async fn a_relay_that_was_refused_is_asked_for_again_with_new_credentials() {
    let server = turn_server::start().await;
    let mut a = Side::new(&engine(Ipv6Addr::LOCALHOST.into()));
    let good = ice_server(format!("turn:{server}"));
    let ended = IceServer {
        credential: Some("ended".to_owned()),
        ..good.clone()
    };
    a.connections.set_ice_servers(&[ended]);
    a.command(ID, ConnectionCommand::CreateOffer);
    assert_eq!(candidates_of(&mut a).await, []);
    a.connections.set_ice_servers(&[good]);
    a.command(ConnectionId(2), ConnectionCommand::CreateOffer);
    let candidates = candidates_of(&mut a).await;
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].kind, CandidateKind::Relay);
}

#[tokio::test]
async fn a_stun_server_says_how_it_sees_a_socket() {
    let seen: std::net::SocketAddr = "203.0.113.7:4000".parse().expect("this is an address");
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await;
    let server = server.expect("a socket can be opened");
    let address = server.local_addr().expect("it is bound");
    let answer = async {
        let mut buffer = [0; 2048];
        let (length, from) = server.recv_from(&mut buffer).await.expect("it can be read");
        let request = Message::from_bytes(&buffer[..length]).expect("this is STUN");
        let mut response = Message::builder_success(&request, MessageWriteVec::new());
        let mapped = XorMappedAddress::new(seen, request.transaction_id());
        response.add_attribute(&mapped).expect("there is room");
        let sent = server.send_to(&response.finish(), from).await;
        sent.expect("it can be sent");
    };
    let mut a = Side::new(&localhost());
    a.connections
        .set_ice_servers(&[ice_server(format!("stun:{address}"))]);
    a.command(ID, ConnectionCommand::CreateOffer);
    let ((), candidates) = tokio::join!(answer, candidates_of(&mut a));
    assert_eq!(candidates.len(), 1);
    assert_eq!(candidates[0].kind, CandidateKind::ServerReflexive);
    assert_eq!(candidates[0].address, CandidateAddress::Ip(seen.ip()));
    assert_eq!(candidates[0].port, seen.port());
}
