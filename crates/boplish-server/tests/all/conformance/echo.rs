//! An echo behind the codec, and a client of bytes.

use std::borrow::Cow;
use std::time::Duration;

use boplish_server::ws::{Bounds, Connection, Handler, Outbox, Stream, Timing};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{CLOSE, Case, last};

/// Longer than any case takes: one that hangs fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of the longest message that the echo takes.
pub(crate) const MAX_MESSAGE: usize = 256 * 1024;

/// A frame of the server: its first byte and its payload; of a close, the code alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame(pub(crate) u8, pub(crate) Vec<u8>);

pub(crate) fn text(payload: impl AsRef<[u8]>) -> Frame {
    Frame(0x81, payload.as_ref().to_vec())
}

pub(crate) fn binary(payload: impl AsRef<[u8]>) -> Frame {
    Frame(0x82, payload.as_ref().to_vec())
}

pub(crate) fn closed(code: u16) -> Frame {
    Frame(0x88, code.to_be_bytes().to_vec())
}

/// A frame of a client.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0xfe, 0x80, 0x01];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

/// Runs the cases; a failure names its case.
pub(crate) async fn run(cases: Vec<Case>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    for case in &cases {
        let client = TcpStream::connect(address).await.expect("it listens");
        client.set_nodelay(true).expect("it is TCP");
        let (server, _) = listener.accept().await.expect("it listens");
        check(case, "TCP", client, Stream::Tcp(server)).await;
        // A buffer so small that nearly nothing is read or written at once.
        let (client, server) = tokio::io::duplex(100);
        check(
            case,
            "other stream",
            client,
            Stream::Other(Box::new(server)),
        )
        .await;
    }
}

async fn check(case: &Case, over: &str, client: impl AsyncRead + AsyncWrite, server: Stream) {
    let timing = Timing {
        ping_every: 2 * PATIENCE,
        idle_timeout: 2 * PATIENCE,
        close_timeout: PATIENCE,
    };
    let echo = Connection::new(server, Vec::new(), MAX_MESSAGE, timing, Echo);
    let echo = tokio::spawn(echo);
    let talk = async {
        let (mut reader, mut writer) = tokio::io::split(client);
        let say = async {
            for bytes in &case.sent {
                // The server may have closed before it has read all.
                if writer.write_all(bytes).await.is_err() {
                    break;
                }
                writer.flush().await.expect("flushing does nothing");
                tokio::task::yield_now().await;
            }
            if !case.is_closed {
                let bye = last(CLOSE, &1000u16.to_be_bytes());
                writer.write_all(&bye).await.expect("the echo reads");
            }
        };
        let hear = async {
            let mut heard = Vec::new();
            // A server that closes for a reason may leave bytes unread.
            let _ = reader.read_to_end(&mut heard).await;
            heard
        };
        tokio::join!(say, hear).1
    };
    let heard = tokio::time::timeout(PATIENCE, talk).await;
    let heard = heard.unwrap_or_else(|_| panic!("{} over {over} hangs", case.name));
    let mut expected = case.heard.clone();
    if !case.is_closed {
        expected.push(closed(1000));
    }
    let name = &case.name;
    let heard = frames(&heard);
    assert!(
        heard == expected,
        "{name} over {over}: heard {}, not {}",
        describe(&heard),
        describe(&expected)
    );
    let ended = tokio::time::timeout(PATIENCE, echo).await;
    let ended = ended.unwrap_or_else(|_| panic!("{name} over {over}: the echo lives on"));
    ended.expect("the echo does not panic");
}

/// Frames as a failure shows them.
fn describe(frames: &[Frame]) -> String {
    let shown = frames.iter().map(|Frame(first, payload)| {
        let beginning = String::from_utf8_lossy(&payload[..payload.len().min(24)]);
        format!("{first:#x} {} {beginning:?}", payload.len())
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => {
                let (length, rest) = rest.split_first_chunk().expect("a length");
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk().expect("a length");
                (u64::from_be_bytes(*length) as usize, rest)
            }
            length => {
                assert!(length & 0x80 == 0, "a server masks nothing");
                (usize::from(*length), rest)
            }
        };
        let (payload, rest) = rest.split_at(length);
        let shown = if *first == 0x88 {
            length.min(2)
        } else {
            length
        };
        frames.push(Frame(*first, payload[..shown].to_vec()));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame is left: {bytes:?}");
    frames
}

struct Echo(Outbox);

const BOUNDS: Bounds = Bounds {
    messages: 1_000,
    bytes: 4 * MAX_MESSAGE,
};

impl Handler for Echo {
    fn handle_text(&mut self, text: Cow<'_, str>) {
        self.0
            .push(text.into_owned(), BOUNDS)
            .expect("there is room");
    }

    fn handle_binary(&mut self, bytes: Cow<'_, [u8]>) {
        let bytes = bytes.into_owned();
        self.0.push_binary(bytes, BOUNDS).expect("there is room");
    }

    fn handle_too_large(&mut self) {
        self.0.close(Some(1009), "");
    }

    fn handle_idle(&mut self) {
        self.0.close(Some(1000), "");
    }

    fn handle_end_of_batch(&mut self) {
        self.0.flush();
    }

    fn handle_end(&mut self) {}
}
