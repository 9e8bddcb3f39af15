//! A client that is nothing but bytes on a socket, so that it can say what no library would.

use boplish_server::Server;
use boplish_wire::bootstrap::{ErrorCode, FromServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{handshake, soon};

/// First bytes of frames (RFC 6455, section 5.2).
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const TEXT_TO_BE_CONTINUED: u8 = 0x01;
pub(crate) const CONTINUATION: u8 = 0x80;
pub(crate) const CONTINUATION_TO_BE_CONTINUED: u8 = 0x00;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;
pub(crate) const RSV1: u8 = 0x40;

/// A client that is nothing but bytes.
pub(crate) struct Hostile {
    pub(crate) stream: TcpStream,
    /// The head of the server's response.
    pub(crate) head: String,
}

/// What a server says.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    Close(u16),
    Gone,
}

impl Hostile {
    pub(crate) async fn connect(server: &Server, id: &str, headers: &str) -> Self {
        let stream = TcpStream::connect(server.local_addr()).await;
        let mut stream = stream.expect("the server listens");
        let request = handshake(&format!("/ws/{id}"), headers);
        let sent = stream.write_all(request.as_bytes()).await;
        sent.expect("the server reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = soon("a response", stream.read_u8()).await;
            head.push(byte.expect("the server answers"));
        }
        let head = String::from_utf8(head).expect("a head is text");
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream, head }
    }

    /// Sends bytes; a server that has had enough need not take them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = soon("sending", self.stream.write_all(bytes)).await;
        sent.is_ok()
    }

    pub(crate) async fn read(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        let read = soon("a frame", self.stream.read_exact(&mut bytes)).await;
        read.is_ok().then_some(bytes)
    }

    /// What the server says next.
    pub(crate) async fn hear(&mut self) -> Said {
        let Some(head) = self.read(2).await else {
            return Said::Gone;
        };
        let length = match head[1] {
            126 => {
                let length = self.read(2).await.expect("a length");
                usize::from(u16::from_be_bytes([length[0], length[1]]))
            }
            length @ 0..126 => usize::from(length),
            length => panic!("the server says nothing so long, and masks nothing: {length}"),
        };
        let payload = self.read(length).await.expect("a payload");
        match head[0] {
            TEXT => Said::Text(String::from_utf8(payload).expect("a text is UTF-8")),
            PING => Said::Ping,
            PONG => Said::Pong(payload),
            CLOSE => Said::Close(u16::from_be_bytes([payload[0], payload[1]])),
            other => panic!("the server says nothing of the kind {other:#x}"),
        }
    }

    /// The end, after any number of other frames.
    pub(crate) async fn closed(&mut self) -> Said {
        loop {
            match self.hear().await {
                Said::Text(_) | Said::Ping | Said::Pong(_) => {}
                end @ (Said::Close(_) | Said::Gone) => return end,
            }
        }
    }

    /// The code of the error that comes next.
    pub(crate) async fn hear_error(&mut self) -> ErrorCode {
        match self.hear().await {
            Said::Text(text) => match FromServer::parse(&text) {
                Ok(FromServer::Error(error)) => error.code,
                other => panic!("no error: {other:?}"),
            },
            other => panic!("no error: {other:?}"),
        }
    }
}

/// The beginning of a frame whose payload has so many bytes, masked with zeros.
pub(crate) fn head(first: u8, length: usize) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..126 => head.push(0x80 | length as u8),
        126..65_536 => {
            head.push(0x80 | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [head(first, payload.len()).as_slice(), payload].concat()
}
