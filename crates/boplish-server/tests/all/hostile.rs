//! Clients that speak no proper WebSocket, or no proper anything: each is nothing but bytes on a
//! socket, and two others go on undisturbed.

use std::time::Duration;

use crate::common::bytes::{
    CLOSE, CONTINUATION, CONTINUATION_TO_BE_CONTINUED, Hostile, PING, PONG, RSV1, Said, TEXT,
    TEXT_TO_BE_CONTINUED, frame, head,
};
use crate::common::{Client, handshake, server, soon, text};
use boplish_server::{CloseReason, Config, Server};
use boplish_wire::bootstrap::ErrorCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PROTOCOL_ERROR: u16 = 1002;
const NOT_UTF8: u16 = 1007;

/// A server with two clients that talk, and one that is hostile.
struct World {
    server: Server,
    bob: Client,
    carol: Client,
    mallory: Hostile,
}

impl World {
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let server = server(|config| {
            config.open_ids = true;
            config.limits.close_timeout = Duration::from_millis(100);
            change(config);
        })
        .await;
        let bob = Client::open(&server, "bob").await;
        let carol = Client::open(&server, "carol").await;
        let mallory = Hostile::connect(&server, "mallory", "").await;
        Self {
            server,
            bob,
            carol,
            mallory,
        }
    }

    /// The others go on.
    async fn assert_undisturbed(&mut self) {
        self.bob.assert_reaches(&mut self.carol).await;
        self.carol.assert_reaches(&mut self.bob).await;
    }

    /// The hostile client is closed with this code, and the others go on.
    async fn assert_closed(mut self, code: u16) {
        let closed = self.mallory.closed().await;
        assert_eq!(closed, Said::Close(code));
        self.assert_undisturbed().await;
        soon("mallory's end", async {
            while self.server.stats().await.connected > 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn garbage_ends_its_sender_only() {
    let mut world = World::new(|_| {}).await;
    // From a simple generator, so that each run sends the same.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..20 {
        let garbage: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .take(4_096)
        .collect();
        let mut mallory = Hostile::connect(&world.server, &format!("mallory{number}"), "").await;
        mallory.send(&garbage).await;
        // A frame can't be told from the beginning of a long one, so its sender ends it.
        let shut = mallory.stream.shutdown().await;
        drop(shut);
        while mallory.closed().await != Said::Gone {}
        world.assert_undisturbed().await;
    }
}

#[tokio::test]
async fn half_a_frame_and_silence_is_no_sign_of_life() {
    let mut world = World::new(|config| config.limits.idle_timeout = Duration::from_secs(1)).await;
    world.mallory.send(&frame(TEXT, b"half a frame")[..9]).await;
    // The others are silent, too, but answer pings.
    assert_silent_closed(world).await;
}

#[tokio::test]
async fn a_byte_now_and_then_is_no_sign_of_life() {
    let world = World::new(|config| config.limits.idle_timeout = Duration::from_secs(1)).await;
    let World {
        server: _server,
        mut bob,
        mut carol,
        mallory,
    } = world;
    let heard = tokio::select! {
        heard = drip(mallory.stream, frame(TEXT, &[b'x'; 10_000])) => heard,
        () = talk(&mut bob, &mut carol) => unreachable!("they talk for ever"),
    };
    let code = CloseReason::Idle.code().to_be_bytes();
    assert!(heard.windows(2).any(|window| window == code), "{heard:?}");
    bob.assert_reaches(&mut carol).await;
}

/// Sends a byte now and then; gives what the server has said until it closed.
async fn drip(stream: TcpStream, bytes: Vec<u8>) -> Vec<u8> {
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        for byte in bytes {
            if writing.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut heard = Vec::new();
    let read = async {
        // A reset is an end as well.
        let _ = reading.read_to_end(&mut heard).await;
    };
    tokio::select! {
        () = soon("mallory's end", read) => {}
        () = dripping => {}
    }
    heard
}

/// The hostile client is closed as idle, while the others answer pings and stay.
async fn assert_silent_closed(world: World) {
    let World {
        server,
        mut bob,
        mut carol,
        mut mallory,
    } = world;
    let closed = tokio::select! {
        closed = mallory.closed() => closed,
        () = talk(&mut bob, &mut carol) => unreachable!("they talk for ever"),
    };
    assert_eq!(closed, Said::Close(CloseReason::Idle.code()));
    bob.assert_reaches(&mut carol).await;
    assert!(server.stats().await.closed >= 1);
}

/// Two clients that have something to say to each other all the time.
async fn talk(bob: &mut Client, carol: &mut Client) {
    loop {
        bob.assert_reaches(carol).await;
        carol.assert_reaches(bob).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_request_that_drips_in_is_cut_off() {
    let mut world =
        World::new(|config| config.limits.header_timeout = Duration::from_secs(1)).await;
    let stream = TcpStream::connect(world.server.local_addr()).await;
    let stream = stream.expect("the server listens");
    let heard = drip(stream, handshake("/ws/mallory", "").into_bytes()).await;
    assert!(!heard.starts_with(b"HTTP/1.1 101"));
    world.assert_undisturbed().await;
}

#[tokio::test]
async fn a_frame_of_more_than_twice_the_limit_is_not_even_read() {
    let mut world = World::new(|_| {}).await;
    // Its head is enough.
    world.mallory.send(&head(TEXT, 1024 * 1024)).await;
    assert_eq!(world.mallory.hear_error().await, ErrorCode::TooLarge);
    world.assert_closed(CloseReason::TooLarge.code()).await;
}

#[tokio::test]
async fn a_frame_of_a_length_beyond_all_measure_is_not_even_read() {
    let mut world = World::new(|_| {}).await;
    let mut head = vec![TEXT, 0x80 | 127];
    head.extend((u64::MAX >> 1).to_be_bytes());
    head.extend([0; 4]);
    world.mallory.send(&head).await;
    world.assert_closed(CloseReason::TooLarge.code()).await;
}

#[tokio::test]
async fn a_message_between_the_limit_and_its_double_is_refused_and_its_sender_goes_on() {
    let mut world = World::new(|config| config.limits.directory.message_bytes = 1_000).await;
    world.mallory.send(&frame(TEXT, &[b'x'; 1_999])).await;
    assert_eq!(world.mallory.hear_error().await, ErrorCode::TooLarge);
    let note = text("mallory", "bob", "sorry");
    world.mallory.send(&frame(TEXT, note.as_bytes())).await;
    assert_eq!(world.bob.hear().await, note);
    world.assert_undisturbed().await;
}

#[tokio::test]
async fn a_message_in_fragments_without_end_is_cut_off() {
    let mut world = World::new(|config| config.limits.directory.message_bytes = 1_000).await;
    let mut more = world
        .mallory
        .send(&frame(TEXT_TO_BE_CONTINUED, &[b'x'; 100]))
        .await;
    for _ in 0..1_000 {
        let fragment = frame(CONTINUATION_TO_BE_CONTINUED, &[b'x'; 100]);
        more = more && world.mallory.send(&fragment).await;
    }
    world.assert_closed(CloseReason::TooLarge.code()).await;
}

#[tokio::test]
async fn compression_is_never_agreed_on_and_so_a_bomb_is_none() {
    let mut world = World::new(|_| {}).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    world.mallory = Hostile::connect(&world.server, "trudy", offer).await;
    let head = world.mallory.head.to_ascii_lowercase();
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    // Many zeros, deflated: what they are is never found out.
    let bomb = [
        0xec, 0xc1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 0x08, 0x0a,
    ];
    world.mallory.send(&frame(TEXT | RSV1, &bomb)).await;
    world.assert_closed(PROTOCOL_ERROR).await;
}

#[tokio::test]
async fn frames_that_are_none_close_their_sender_only() {
    for (name, bytes, code) in [
        ("not masked", b"\x81\x01x".to_vec(), PROTOCOL_ERROR),
        ("RSV2", frame(TEXT | 0x20, b"x"), PROTOCOL_ERROR),
        (
            "an opcode that there is not",
            frame(0x83, b"x"),
            PROTOCOL_ERROR,
        ),
        (
            "a control opcode that there is not",
            frame(0x8b, b"x"),
            PROTOCOL_ERROR,
        ),
        (
            "a ping of 126 bytes",
            frame(PING, &[b'x'; 126]),
            PROTOCOL_ERROR,
        ),
        (
            "a close of 126 bytes",
            frame(CLOSE, &[3; 126]),
            PROTOCOL_ERROR,
        ),
        ("a ping in fragments", frame(0x09, b"x"), PROTOCOL_ERROR),
        (
            "nothing to continue",
            frame(CONTINUATION, b"x"),
            PROTOCOL_ERROR,
        ),
        (
            "a message within a message",
            [frame(TEXT_TO_BE_CONTINUED, b"x"), frame(TEXT, b"x")].concat(),
            PROTOCOL_ERROR,
        ),
        ("no UTF-8", frame(TEXT, b"\xff"), NOT_UTF8),
        ("half a character", frame(TEXT, b"\xe2\x82"), NOT_UTF8),
        ("a surrogate", frame(TEXT, b"\xed\xa0\x80"), NOT_UTF8),
        (
            "no UTF-8 in fragments",
            [
                frame(TEXT_TO_BE_CONTINUED, b"\xe2"),
                frame(CONTINUATION, b"\x28\xa1"),
            ]
            .concat(),
            NOT_UTF8,
        ),
    ] {
        let mut world = World::new(|_| {}).await;
        world.mallory.send(&bytes).await;
        let closed = world.mallory.closed().await;
        assert_eq!(closed, Said::Close(code), "{name}");
        world.assert_undisturbed().await;
    }
}

#[tokio::test]
async fn a_flood_of_pings_drowns_nobody() {
    let mut world = World::new(|_| {}).await;
    let pings = frame(PING, b"are you there?").repeat(1_000);
    let (mut reading, mut writing) = world.mallory.stream.into_split();
    // One that does not read the answers.
    let flooding = tokio::spawn(async move {
        for _ in 0..100 {
            if writing.write_all(&pings).await.is_err() {
                break;
            }
        }
        writing
    });
    for _ in 0..20 {
        world.bob.assert_reaches(&mut world.carol).await;
        world.carol.assert_reaches(&mut world.bob).await;
    }
    // Then it does: what it hears is pongs, or that it is closed.
    let mut first = [0; 1];
    let read = soon("an answer", reading.read_exact(&mut first)).await;
    assert!(
        read.is_err() || matches!(first[0], PONG | PING | CLOSE),
        "{first:?}"
    );
    let mut rest = tokio::io::sink();
    tokio::select! {
        _ = tokio::io::copy(&mut reading, &mut rest) => {}
        _ = flooding => {}
    }
    world.bob.assert_reaches(&mut world.carol).await;
    assert!(world.server.stats().await.connected >= 2);
}

#[tokio::test]
async fn json_that_is_no_message_is_refused_and_its_sender_goes_on() {
    let mut world = World::new(|config| {
        config.limits.directory.strikes.burst = 1_000;
    })
    .await;
    let nested = "[".repeat(10_000);
    for (message, code) in [
        ("null", ErrorCode::NotObject),
        ("[]", ErrorCode::NotObject),
        ("17", ErrorCode::NotObject),
        ("\"text\"", ErrorCode::NotObject),
        ("true", ErrorCode::NotObject),
        ("", ErrorCode::NotJson),
        ("{", ErrorCode::NotJson),
        ("{}{}", ErrorCode::NotJson),
        (nested.as_str(), ErrorCode::NotJson),
        ("{}", ErrorCode::WrongFrom),
        (r#"{"to":null,"from":null}"#, ErrorCode::WrongFrom),
        (r#"{"to":{},"from":"mallory"}"#, ErrorCode::Malformed),
        (r#"{"to":"bob","from":7}"#, ErrorCode::Malformed),
        (
            r#"{"from":"mallory","from":"bob","to":"carol"}"#,
            ErrorCode::NotJson,
        ),
        // Both unknown: what made the report's server fall over.
        (
            r#"{"type":"chat","from":"nobody","to":"nowhere","payload":{}}"#,
            ErrorCode::WrongFrom,
        ),
        (
            r#"{"type":"chat","from":"mallory","to":"nowhere","payload":{}}"#,
            ErrorCode::UnknownPeer,
        ),
        (
            r#"{"type":"chat","from":"mallory","to":"../../etc/passwd","payload":{}}"#,
            ErrorCode::UnknownPeer,
        ),
    ] {
        world.mallory.send(&frame(TEXT, message.as_bytes())).await;
        assert_eq!(world.mallory.hear_error().await, code, "{message}");
    }
    let note = text("mallory", "bob", "sorry");
    world.mallory.send(&frame(TEXT, note.as_bytes())).await;
    assert_eq!(world.bob.hear().await, note);
    world.assert_undisturbed().await;
}

#[tokio::test]
async fn a_client_that_leaves_without_a_word_takes_nobody_along() {
    let mut world = World::new(|_| {}).await;
    world.mallory.send(&frame(TEXT, b"half a frame")[..9]).await;
    drop(world.mallory.stream);
    soon("mallory's end", async {
        while world.server.stats().await.connected > 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    world.bob.assert_reaches(&mut world.carol).await;
}
