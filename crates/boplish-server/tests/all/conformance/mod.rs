//! The codec of the WebSockets against RFC 6455: the cases of the Autobahn test suite, groups 1 to
//! 7, by a client that is nothing but bytes, against an echo. The names begin with the numbers
//! that the suite has for them. Every case runs over TCP, where whoever has something to say
//! writes to the socket, and over another stream, which the connection's task writes.

mod close;
mod echo;
mod fragments;
mod framing;
mod opcodes;
mod utf8;

use echo::{Frame, binary, closed, frame, run, text};

/// What a client sends, and what it must hear. Afterwards, unless the server has closed, the
/// client closes with 1000 and must hear 1000.
struct Case {
    name: String,
    sent: Vec<Vec<u8>>,
    heard: Vec<Frame>,
    /// Whether the last frame that is heard is the server's own close.
    is_closed: bool,
}

impl Case {
    /// The server answers with these, and goes on.
    fn passes(name: impl Into<String>, sent: Vec<Vec<u8>>, heard: Vec<Frame>) -> Self {
        Self {
            name: name.into(),
            sent,
            heard,
            is_closed: false,
        }
    }

    /// The server answers with these, and closes with the code.
    fn fails(
        name: impl Into<String>,
        sent: Vec<Vec<u8>>,
        mut heard: Vec<Frame>,
        code: u16,
    ) -> Self {
        heard.push(closed(code));
        Self {
            name: name.into(),
            sent,
            heard,
            is_closed: true,
        }
    }
}

/// A frame of a client that is not the last of its message.
fn part(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(opcode, payload)
}

/// A frame of a client that is the last of its message.
fn last(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(0x80 | opcode, payload)
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
