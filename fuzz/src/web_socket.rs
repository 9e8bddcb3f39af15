//! What must hold for any bytes that a WebSocket is given. A file of its own, since the tests of
//! boplish-server run it too, and know nothing of the other targets.

use boplish_server::ws::{Decoder, Event, Violation};

/// Bytes of the longest message: so few that a fuzzer gets there.
const MAX_MESSAGE: usize = 300;

/// An event that has its bytes for itself.
#[derive(Debug, PartialEq)]
enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// However the bytes come in, the same is read from them, and nothing that is too long.
pub fn web_socket(data: &[u8]) {
    let at_once = read(data, data.len().max(1));
    for size in [1, 2, 7, 100] {
        assert_eq!(read(data, size), at_once, "{size} bytes at a time");
    }
}

fn read(data: &[u8], size: usize) -> (Vec<Heard>, Option<Violation>) {
    let mut decoder = Decoder::new(MAX_MESSAGE);
    let mut heard = Vec::new();
    let mut data = data.to_vec();
    for mut bytes in data.chunks_mut(size) {
        loop {
            match decoder.next(&mut bytes) {
                Ok(Some(Event::Text(text))) => {
                    assert!(text.len() <= MAX_MESSAGE);
                    heard.push(Heard::Text(text.into_owned()));
                }
                Ok(Some(Event::Binary(bytes))) => {
                    assert!(bytes.len() <= MAX_MESSAGE);
                    heard.push(Heard::Binary(bytes.into_owned()));
                }
                Ok(Some(Event::Ping(bytes))) => {
                    assert!(bytes.len() <= 125);
                    heard.push(Heard::Ping(bytes.into_owned()));
                }
                Ok(Some(Event::Pong)) => heard.push(Heard::Pong),
                Ok(Some(Event::Close(code))) => {
                    heard.push(Heard::Close(code));
                    return (heard, None);
                }
                Ok(None) => break,
                Err(violation) => {
                    assert!(matches!(violation.code(), 1002 | 1007 | 1009));
                    assert!(violation.reason().len() <= 123);
                    return (heard, Some(violation));
                }
            }
        }
    }
    (heard, None)
}
