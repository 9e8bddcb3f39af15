//! What clients of each server say.

use boplish_wire::Keypair;
use boplish_wire::bootstrap::{FromServer, SUBPROTOCOL, challenge_response};
use clap::ValueEnum;

use crate::relay;

/// Bytes of a message, without its frame.
pub(crate) const MESSAGE: usize = 1_536;

/// Before the time and the sender's number in a payload. It does not begin as it ends, since the
/// relay's frames have a number right before it, whose last byte may be any.
pub(crate) const MARK: &[u8] = b"=@";

/// Hex digits of the time in nanoseconds, and of the sender's number.
pub(crate) const STAMP: usize = 16 + 8;

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// A client of the report.
    Boplish,
    /// A peer that proves its id.
    BoplishProven,
    /// A client of PeerServer.
    PeerServer,
    /// A client of y-webrtc's server, each in a topic of its own.
    YWebrtc,
    /// A client of matchbox_server, each pair in a room of its own.
    Matchbox,
    /// A client of the relay.
    Relay,
}

/// What a connection does after what it heard.
pub(crate) enum Step {
    /// It waits for more.
    Wait,
    /// It says this, and waits.
    Say(Vec<String>),
    /// It can talk to others, under this id.
    Ready(String),
}

impl Protocol {
    /// The request that opens connection `number`; `None` without HTTP.
    pub(crate) fn request(self, number: usize, id: &str) -> Option<String> {
        let path = match self {
            Self::Boplish | Self::BoplishProven => format!("/ws/{id}"),
            Self::PeerServer => format!("/peerjs?key=peerjs&id={id}&token=t{number}&version=1"),
            Self::YWebrtc => "/".to_owned(),
            Self::Matchbox => format!("/room{}", number / 2),
            Self::Relay => return None,
        };
        let subprotocol = if self == Self::BoplishProven {
            format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n")
        } else {
            String::new()
        };
        Some(format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{subprotocol}\r\n"
        ))
    }

    /// The id that connection `number` asks for; peers that prove theirs need a key for it.
    pub(crate) fn id(self, number: usize, keypair: Option<&Keypair>) -> String {
        match keypair {
            Some(keypair) => keypair.id().to_string(),
            None => format!("{number:040x}"),
        }
    }

    /// The key of connection `number`.
    pub(crate) fn keypair(self, number: usize) -> Option<Keypair> {
        (self == Self::BoplishProven).then(|| {
            let mut secret = [1; 32];
            secret[..8].copy_from_slice(&(number as u64).to_be_bytes());
            Keypair::from_secret(&secret)
        })
    }

    /// What follows when the handshake is done.
    pub(crate) fn opened(self, id: &str) -> Step {
        match self {
            Self::Boplish => Step::Ready(id.to_owned()),
            Self::BoplishProven | Self::PeerServer | Self::Matchbox | Self::Relay => Step::Wait,
            // It does not answer a subscription; but it does answer what comes after that.
            Self::YWebrtc => Step::Say(vec![
                format!(r#"{{"type":"subscribe","topics":["{id}"]}}"#),
                r#"{"type":"ping"}"#.to_owned(),
            ]),
        }
    }

    /// What follows from a text before the connection is ready.
    pub(crate) fn heard(self, text: &[u8], id: &str, keypair: Option<&Keypair>) -> Step {
        let text = String::from_utf8_lossy(text);
        match self {
            Self::Boplish | Self::YWebrtc | Self::Relay => Step::Ready(id.to_owned()),
            Self::BoplishProven => match (FromServer::parse(&text), keypair) {
                (Ok(FromServer::Challenge { nonce, .. }), Some(keypair)) => {
                    Step::Say(vec![challenge_response(keypair, &nonce)])
                }
                (Ok(FromServer::Welcome { .. }), _) => Step::Ready(id.to_owned()),
                _ => Step::Wait,
            },
            Self::PeerServer if text.contains("OPEN") => Step::Ready(id.to_owned()),
            Self::Matchbox => match text.split_once(r#""IdAssigned":""#) {
                Some((_, rest)) => Step::Ready(rest.split('"').next().unwrap_or_default().into()),
                None => Step::Wait,
            },
            Self::PeerServer => Step::Wait,
        }
    }

    /// A message of [`MESSAGE`] bytes with [`MARK`] and room for a stamp; `to` is a connection's
    /// id and number, or nobody in particular.
    pub(crate) fn message(self, from: &str, to: Option<(&str, usize)>) -> Vec<u8> {
        let (receiver, number) = to.unwrap_or_default();
        let (before, after) = match self {
            Self::Boplish | Self::BoplishProven => (
                format!(
                    r#"{{"type":"signaling-protocol","from":"{from}","to":"{receiver}","payload":""#
                ),
                r#""}"#,
            ),
            Self::PeerServer => (
                format!(r#"{{"type":"CANDIDATE","dst":"{receiver}","payload":""#),
                r#""}"#,
            ),
            Self::YWebrtc => (
                format!(r#"{{"type":"publish","topic":"{receiver}","data":""#),
                r#""}"#,
            ),
            Self::Matchbox => (
                format!(r#"{{"Signal":{{"receiver":"{receiver}","data":""#),
                r#""}}"#,
            ),
            Self::Relay => {
                let mut frame = ((MESSAGE + relay::HEADER - 4) as u32)
                    .to_be_bytes()
                    .to_vec();
                frame.extend_from_slice(&(number as u32).to_be_bytes());
                frame.extend_from_slice(MARK);
                frame.resize(MESSAGE + relay::HEADER, b'x');
                return frame;
            }
        };
        let mut message = before.into_bytes();
        message.extend_from_slice(MARK);
        message.resize(MESSAGE - after.len(), b'x');
        message.extend_from_slice(after.as_bytes());
        message
    }
}
