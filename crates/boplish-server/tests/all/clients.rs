//! Clients on real WebSockets: what the directory decides arrives, and nobody disturbs another.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::common::{Client, id, keypair, raw, server, soon, text};
use boplish_server::{CloseReason, IceServer, NetworkParameters};
use boplish_wire::bootstrap::{ErrorCode, FromServer, challenge_response, joined};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

/// How a client connects that is nothing but bytes.
const HANDSHAKE: &[u8] = b"GET /ws/bytes HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test]
async fn proven_clients_exchange_messages() {
    let server = server(|_| {}).await;
    let mut alice = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    alice.assert_reaches(&mut bob).await;
    bob.assert_reaches(&mut alice).await;
    let open = text(&alice.id, "", "anyone");
    alice.say(&open).await;
    assert_eq!(bob.hear().await, open);
    assert_eq!(server.stats().await.connected, 2);
}

#[tokio::test]
async fn the_welcome_names_the_ice_servers_and_the_network() {
    let turn = IceServer {
        urls: vec!["turn:turn.example.org".to_owned()],
        username: Some("user".to_owned()),
        credential: Some("secret".to_owned()),
    };
    let server = server(|config| config.ice_servers = vec![turn.clone()]).await;
    let (mut alice, nonce) = Client::challenged(&server, 1).await;
    alice.say(&challenge_response(&keypair(1), &nonce)).await;
    let welcome = FromServer::Welcome {
        ice_servers: vec![turn],
        network: Some(NetworkParameters::default()),
    };
    assert_eq!(FromServer::parse(&alice.hear().await), Ok(welcome));
}

#[tokio::test]
async fn a_stolen_id_is_refused_and_its_owner_undisturbed() {
    let server = server(|_| {}).await;
    let mut owner = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    let (mut thief, nonce) = Client::challenged(&server, 1).await;
    thief.say(&challenge_response(&keypair(3), &nonce)).await;
    assert_eq!(thief.hear_error().await.code, ErrorCode::Unproven);
    assert_eq!(thief.hear_close().await, CloseReason::BadProof.code());
    bob.assert_reaches(&mut owner).await;
}

#[tokio::test]
async fn a_replayed_proof_is_refused() {
    let server = server(|_| {}).await;
    let (mut first, nonce) = Client::challenged(&server, 1).await;
    let proof = challenge_response(&keypair(1), &nonce);
    first.say(&proof).await;
    first.hear().await;
    let (mut second, _) = Client::challenged(&server, 1).await;
    second.say(&proof).await;
    assert_eq!(second.hear_close().await, CloseReason::BadProof.code());
}

#[tokio::test]
async fn a_second_connection_replaces_the_first() {
    let server = server(|_| {}).await;
    let mut bob = Client::proven(&server, 2).await;
    let mut former = Client::proven(&server, 1).await;
    let mut newer = Client::proven(&server, 1).await;
    assert_eq!(former.hear_close().await, CloseReason::Replaced.code());
    // The former socket is gone altogether, and the newer one is still there.
    assert!(former.next().await.is_none());
    drop(former);
    bob.assert_reaches(&mut newer).await;
    assert_eq!(server.stats().await.connected, 2);
}

#[tokio::test]
async fn a_client_that_leaves_is_gone() {
    let server = server(|_| {}).await;
    let mut alice = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    bob.socket
        .close(None)
        .await
        .expect("the connection is open");
    while bob.next().await.is_some() {}
    // The server heard of it before it answered, so no message gets lost silently.
    soon("an answer that bob is unknown", async {
        loop {
            alice
                .say(&text(&alice.id.clone(), &bob.id, "are you there?"))
                .await;
            if let Ok(FromServer::Error(error)) = FromServer::parse(&alice.hear().await) {
                assert_eq!(error.code, ErrorCode::UnknownPeer);
                assert_eq!(error.peer.as_ref(), Some(&bob.id));
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_offer_of_somebody_who_is_alone_is_denied() {
    let server = server(|_| {}).await;
    let mut alice = Client::proven(&server, 1).await;
    let from = id(1);
    let offer = format!(
        r#"{{"type":"signaling-protocol","from":"{from}","to":"","payload":{{"type":"offer"}}}}"#
    );
    alice.say(&offer).await;
    let denied = FromServer::Denied { id: None };
    assert_eq!(FromServer::parse(&alice.hear().await), Ok(denied));
}

#[tokio::test]
async fn bad_input_is_answered_and_disturbs_nobody() {
    let server = server(|_| {}).await;
    let mut alice = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    let (from, to) = (id(1), id(2));
    let long = text(&from, &to, &"x".repeat(80 * 1024));
    for (message, code) in [
        (Message::text("hello"), ErrorCode::NotJson),
        (Message::text("null"), ErrorCode::NotObject),
        (
            Message::text(text(&to, &to, "forged")),
            ErrorCode::WrongFrom,
        ),
        (Message::text(text("", &to, "forged")), ErrorCode::WrongFrom),
        (
            Message::text(text(&from, "nobody", "hello")),
            ErrorCode::UnknownPeer,
        ),
        (Message::binary(vec![1, 2, 3]), ErrorCode::Binary),
        (Message::text(long), ErrorCode::TooLarge),
    ] {
        alice.send(message).await;
        assert_eq!(alice.hear_error().await.code, code);
    }
    alice.assert_reaches(&mut bob).await;
}

#[tokio::test]
async fn a_message_of_enormous_length_closes_its_sender_only() {
    let server = server(|_| {}).await;
    let alice = Client::proven(&server, 1).await;
    let mut bob = Client::proven(&server, 2).await;
    let mut carol = Client::proven(&server, 3).await;
    // The server does not read it to its end, so it is still being sent when the answer comes.
    let (mut sink, mut stream) = alice.socket.split();
    let enormous = Message::text(text(&id(1), &id(2), &"x".repeat(16 * 1024 * 1024)));
    let heard = async {
        let mut heard = Vec::new();
        while let Some(Ok(message)) = stream.next().await {
            heard.push(message);
        }
        heard
    };
    let (_, heard) = soon("the close", async {
        tokio::join!(sink.send(enormous), heard)
    })
    .await;
    let [Message::Text(error), Message::Close(Some(close))] = heard.as_slice() else {
        panic!("{heard:?}");
    };
    assert!(error.contains(ErrorCode::TooLarge.as_str()), "{error}");
    assert_eq!(u16::from(close.code), CloseReason::TooLarge.code());
    carol.assert_reaches(&mut bob).await;
}

#[tokio::test]
async fn whoever_goes_on_breaking_the_rules_is_closed() {
    let server = server(|config| config.limits.directory.strikes.burst = 2).await;
    let mut alice = Client::proven(&server, 1).await;
    for _ in 0..3 {
        alice.say("no JSON").await;
    }
    assert_eq!(alice.hear_close().await, CloseReason::TooManyErrors.code());
}

#[tokio::test]
async fn what_is_no_web_socket_traffic_closes_its_sender_only() {
    // A text of a byte that begins no character; an opcode that there is not; a frame that is not
    // masked (RFC 6455, sections 5.6, 5.2 and 5.1).
    let frames: [(&[u8], u16); 3] = [
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007),
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),
        (&[0x81, 0x01, b'x'], 1002),
    ];
    let server = server(|config| {
        config.open_ids = true;
        config.limits.close_timeout = Duration::from_millis(100);
    })
    .await;
    let mut bob = Client::open(&server, "bob").await;
    let mut carol = Client::open(&server, "carol").await;
    for (frame, code) in frames {
        let heard = raw(server.local_addr(), &[HANDSHAKE, frame].concat()).await;
        let code = code.to_be_bytes();
        assert!(
            heard.windows(2).any(|window| window == code),
            "{frame:?}: {heard:?}"
        );
    }
    bob.assert_reaches(&mut carol).await;
}

#[tokio::test]
async fn a_slow_reader_is_dropped_and_the_others_go_on() {
    let server = server(|config| {
        config.limits.queued_bytes = 256 * 1024;
        config.limits.close_timeout = Duration::from_secs(20);
        config.limits.directory.messages.burst = u32::MAX;
        config.limits.directory.bytes.burst = u32::MAX;
        config.open_ids = true;
    })
    .await;
    let mut alice = Client::open(&server, "alice").await;
    let mut bob = Client::open(&server, "bob").await;
    let small_buffer = Some(8 * 1024);
    let socket = Client::try_connect(server.local_addr(), "/ws/slow", None, small_buffer).await;
    let mut slow = Client {
        id: "slow".to_owned(),
        socket: socket.expect("the server takes WebSockets"),
    };
    let flood = text("alice", "slow", &"x".repeat(48 * 1024));
    soon("the slow reader's end", async {
        loop {
            alice.say(&flood).await;
            // Everybody else goes on.
            let note = text("alice", "bob", "and you?");
            alice.say(&note).await;
            assert_eq!(bob.hear().await, note);
            if server.stats().await.closed == 1 {
                break;
            }
        }
    })
    .await;
    assert_eq!(slow.hear_close().await, CloseReason::SlowReader.code());
    alice.say(&text("alice", "slow", "gone?")).await;
    assert_eq!(alice.hear_error().await.code, ErrorCode::UnknownPeer);
    alice.assert_reaches(&mut bob).await;
}

#[tokio::test]
async fn a_peer_that_has_joined_is_released_when_there_are_others() {
    let server = server(|config| {
        config.limits.directory.entry_peers = NonZeroUsize::MIN;
        config.limits.directory.release_after = Duration::from_millis(50);
    })
    .await;
    let mut peers = [
        Client::proven(&server, 1).await,
        Client::proven(&server, 2).await,
    ];
    for (number, peer) in [1, 2].into_iter().zip(&mut peers) {
        peer.say(&joined(keypair(number).id())).await;
    }
    let [mut released, mut kept] = peers;
    let text = tokio::select! {
        text = released.hear() => text,
        text = kept.hear() => {
            std::mem::swap(&mut released, &mut kept);
            text
        }
    };
    let expected = FromServer::Release {
        entry_peers: 1,
        within: None,
    };
    assert_eq!(FromServer::parse(&text), Ok(expected));
    assert_eq!(released.hear_close().await, CloseReason::Released.code());
    let stats = server.stats().await;
    assert_eq!((stats.connected, stats.released), (1, 1));
    let mut newcomer = Client::proven(&server, 3).await;
    let offer = crate::common::text(&newcomer.id, "", "an offer");
    newcomer.say(&offer).await;
    assert_eq!(kept.hear().await, offer);
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_one_that_answers_pings_is_not() {
    let server = server(|config| {
        config.open_ids = true;
        config.limits.ping_every = Duration::from_millis(50);
        config.limits.idle_timeout = Duration::from_secs(1);
    })
    .await;
    let mut alive = Client::open(&server, "alive").await;
    let mut other = Client::open(&server, "other").await;
    let silent = raw(server.local_addr(), HANDSHAKE);
    // Reading is what answers pings.
    let heard = tokio::select! {
        heard = silent => heard,
        message = alive.next() => panic!("{message:?}"),
        message = other.next() => panic!("{message:?}"),
    };
    let code = CloseReason::Idle.code().to_be_bytes();
    assert!(heard.windows(2).any(|window| window == code), "{heard:?}");
    alive.assert_reaches(&mut other).await;
}

#[tokio::test]
async fn a_client_that_proves_nothing_is_closed() {
    let server = server(|config| {
        config.limits.directory.proof_timeout = Duration::from_millis(100);
    })
    .await;
    let (mut client, _) = Client::challenged(&server, 1).await;
    assert_eq!(client.hear_close().await, CloseReason::ProofTimeout.code());
}

#[tokio::test]
async fn clients_of_the_report_are_admitted_by_open_ids_only() {
    let closed = server(|_| {}).await;
    let mut alice = Client::open(&closed, "alice").await;
    assert_eq!(alice.hear_close().await, CloseReason::ProofNeeded.code());

    let open = server(|config| config.open_ids = true).await;
    let mut alice = Client::open(&open, "alice").await;
    let mut bob = Client::open(&open, "bob").await;
    let offer = r#"{"to":"","from":"alice","type":"signaling-protocol","payload":{"type":"offer","offer":{"type":"offer","sdp":"v=0"}}}"#;
    alice.say(offer).await;
    assert_eq!(bob.hear().await, offer);
    bob.assert_reaches(&mut alice).await;
    let mut second = Client::open(&open, "alice").await;
    assert_eq!(second.hear_close().await, CloseReason::IdInUse.code());
    let mut proven = Client::proven(&open, 1).await;
    proven.assert_reaches(&mut alice).await;
}

#[tokio::test]
async fn connections_of_one_address_are_limited() {
    let server = server(|config| {
        config.open_ids = true;
        config.limits.directory.connections_per_address = 2;
    })
    .await;
    let mut alice = Client::open(&server, "alice").await;
    let mut bob = Client::open(&server, "bob").await;
    let mut carol = Client::open(&server, "carol").await;
    assert_eq!(carol.hear_close().await, CloseReason::AddressFull.code());
    alice.assert_reaches(&mut bob).await;
}
