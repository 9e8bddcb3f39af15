//! The message that routers carry: the report's `type`, `from`, `to` and `payload` (section
//! 4.1.4), and what a network of strangers needs besides.

use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base64::Base64;
use crate::id::{Keypair, PeerId, Proof};
use crate::json::syntax;
use crate::limits::{MAX_PAYLOAD, MAX_PROTOCOL_NAME};
use crate::signal;

/// A number that its sender never uses twice: it names the message in acknowledgements and
/// replies, and lets receivers drop repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// The name of a protocol: 1 to 64 characters, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolName(Box<str>);

/// What an application sends: a JSON value or raw bytes, at most
/// [`MAX_PAYLOAD`] bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// One JSON value, as its text.
    Json(Box<str>),
    /// Raw bytes.
    Bytes(Box<[u8]>),
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The report's kind of message: delivered to whoever handles its protocol.
    Plain,
    /// Delivered, and answered by a `Reply` of the same protocol.
    Request,
    /// The answer to the request `of` that the receiver sent.
    Reply {
        /// The request.
        of: MessageId,
    },
    /// The receiver's message `of` has arrived at its destination. No payload.
    Ack {
        /// The message that arrived.
        of: MessageId,
    },
    /// The receiver's message `of` could not be carried on: nobody here knows a way. No payload.
    Unreachable {
        /// The message that was dropped.
        of: MessageId,
    },
}

/// One message between two peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message among those of its sender.
    pub id: MessageId,
    /// Who wrote it.
    pub from: PeerId,
    /// Whom it is for; `None`, which only the bootstrap server can carry, is anyone but `from`.
    pub to: Option<PeerId>,
    /// The report's `type`: which protocol the payload belongs to.
    pub protocol: ProtocolName,
    /// What it is for.
    pub kind: Kind,
    /// Whether the receiver acknowledges it with [`Kind::Ack`].
    pub wants_ack: bool,
    /// The links it has travelled over, at most [`MAX_HOPS`](crate::limits::MAX_HOPS).
    pub hops: u8,
    /// What it says.
    pub payload: Payload,
    /// How it finds its way. The bootstrap server's encoding does not carry it.
    pub way: Way,
    /// Shows that `from` wrote it; needed wherever it does not come over a link from `from`
    /// itself. Covers everything but `hops` and the way, of which it covers `by_key`.
    pub proof: Option<Box<Proof>>,
}

/// How a message finds its way through an overlay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// `to` is a key: the message is for the peer that owns it, whatever its id.
    pub by_key: bool,
    /// Some hop has sent it again on another way, so it may come twice.
    pub again: bool,
    /// Peers that it visits first, in this order; at most
    /// [`MAX_WAYPOINTS`](crate::limits::MAX_WAYPOINTS).
    pub over: Vec<PeerId>,
    /// Peers that an answer must visit before it finds the writer, who is not, or not yet, to be
    /// found by its id alone; at most [`MAX_WAYPOINTS`](crate::limits::MAX_WAYPOINTS).
    pub back: Vec<PeerId>,
    /// What one hop tells the next; new at every hop.
    pub hop: Option<Hop>,
    /// If its writer wants them noted, the peers that have sent it on so far, the writer first; at
    /// most [`MAX_HOPS`](crate::limits::MAX_HOPS). Each notes whom it has it from.
    pub passed: Option<Vec<PeerId>>,
}

/// What one hop tells the next. Positions are the first 32 bits of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The receiver acknowledges this number at once ([`Frame::HopAck`](crate::Frame::HopAck)).
    pub number: u32,
    /// The position of the peer that the message shall go to next.
    pub pin: Option<u32>,
    /// The distance to the destination, around the shorter side of the ring, that the message has
    /// come to already: who sends it on must get nearer.
    pub bound: u32,
}

/// Why a protocol name or a payload is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The protocol name is empty or too long; with its characters.
    #[error("a protocol name has 1 to {MAX_PROTOCOL_NAME} characters, this has {0}")]
    ProtocolNameLength(usize),
    /// The protocol name has a control character.
    #[error("a protocol name has no control characters, this has {}", .0.escape_default())]
    ProtocolNameControl(char),
    /// The payload is too long; with its bytes.
    #[error("a payload has at most {MAX_PAYLOAD} bytes, this has {0}")]
    PayloadTooLong(usize),
    /// The payload is no JSON value, or more than one; with the byte that shows it.
    #[error("the payload is not one JSON value: byte {0} does not belong there")]
    NotJson(usize),
    /// The payload's JSON text has white space around it, which no encoding keeps.
    #[error("the payload's JSON text has white space around it")]
    Padded,
    /// The caller's value has no JSON form.
    #[error("the value can't be written as JSON: {0}")]
    NotSerializable(String),
    /// The payload is JSON, but of another shape than the reader expects.
    #[error("the payload has another shape than expected: {0}")]
    Unexpected(String),
    /// The payload is raw bytes where JSON is expected.
    #[error("the payload is raw bytes, JSON was expected")]
    NotJsonButBytes,
}

impl ProtocolName {
    /// The name, if it keeps to the rules.
    pub fn new(name: &str) -> Result<Self, MessageError> {
        // Counting stops beyond the limit, so that a hostile name costs no more than a good one.
        let length = name.chars().take(MAX_PROTOCOL_NAME + 1).count();
        if !(1..=MAX_PROTOCOL_NAME).contains(&length) {
            return Err(MessageError::ProtocolNameLength(name.chars().count()));
        }
        match name.chars().find(|c| c.is_control()) {
            Some(control) => Err(MessageError::ProtocolNameControl(control)),
            None => Ok(Self(name.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for ProtocolName {
    type Error = MessageError;

    fn try_from(name: &str) -> Result<Self, MessageError> {
        Self::new(name)
    }
}

impl fmt::Display for ProtocolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProtocolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Payload {
    /// A payload of JSON text: exactly one value. White space around it is cut, since a proof
    /// covers the exact text and JSON envelopes don't keep what stands around a value.
    pub fn json(text: impl Into<Box<str>>) -> Result<Self, MessageError> {
        let mut text = text.into();
        let trimmed = syntax::trim(&text);
        if trimmed.len() < text.len() {
            text = trimmed.into();
        }
        check_json(&text)?;
        Ok(Self::Json(text))
    }

    /// A payload of raw bytes.
    pub fn bytes(bytes: impl Into<Box<[u8]>>) -> Result<Self, MessageError> {
        let bytes = bytes.into();
        check_length(bytes.len())?;
        Ok(Self::Bytes(bytes))
    }

    /// A value as JSON.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, MessageError> {
        let text = serde_json::to_string(value)
            .map_err(|error| MessageError::NotSerializable(error.to_string()))?;
        check_length(text.len())?;
        Ok(Self::Json(text.into()))
    }

    /// JSON `null`: what messages without a payload carry.
    pub fn empty_json() -> Self {
        Self::Json("null".into())
    }

    /// Reads a JSON payload as a value.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, MessageError> {
        match self {
            Self::Json(text) => serde_json::from_str(text)
                .map_err(|error| MessageError::Unexpected(error.to_string())),
            Self::Bytes(_) => Err(MessageError::NotJsonButBytes),
        }
    }

    /// Bytes of the JSON text, or of the raw bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// The raw bytes, or those of the JSON text.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Json(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Whether there are no bytes at all; a JSON payload has always some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// JSON text as a sender must have written it.
pub(crate) fn check_json(text: &str) -> Result<(), MessageError> {
    check_length(text.len())?;
    if syntax::trim(text).len() < text.len() {
        return Err(MessageError::Padded);
    }
    syntax::parts(text, &mut |_| {}).map_err(MessageError::NotJson)
}

pub(crate) fn check_length(length: usize) -> Result<(), MessageError> {
    if length > MAX_PAYLOAD {
        return Err(MessageError::PayloadTooLong(length));
    }
    Ok(())
}

const DOMAIN: &str = "message/1";

impl Message {
    /// Adds the proof of its writer.
    ///
    /// `keypair` must be that of `from`, or nobody accepts the message.
    pub fn sign(&mut self, keypair: &Keypair) {
        let proof = self.with_signed_parts(|parts| keypair.prove(DOMAIN, parts));
        self.proof = Some(Box::new(proof));
    }

    /// Whether the proof is there, holds, and is that of `from`.
    pub fn is_proven(&self) -> bool {
        let signer = |proof: &Proof| self.with_signed_parts(|parts| proof.signer(DOMAIN, parts));
        self.proof.as_deref().and_then(signer) == Some(self.from)
    }

    /// The payload as JSON text, for people: a signal's facts without its secrets, raw bytes as
    /// `{"bytes": base64, "length": n}`, and JSON as it is.
    pub fn monitor_payload(&self) -> String {
        if self.protocol.as_str() == signal::PROTOCOL {
            let signal = signal::SignedSignal::from_payload(&self.payload)
                .and_then(|signed| signed.signal_unverified());
            if let Ok(signal) = signal {
                return signal.describe();
            }
        }
        match &self.payload {
            Payload::Json(text) => text.to_string(),
            Payload::Bytes(bytes) => format!(
                r#"{{"bytes":"{}","length":{}}}"#,
                Base64::Padded.encode(bytes),
                bytes.len()
            ),
        }
    }

    fn with_signed_parts<T>(&self, use_parts: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (kind, of) = match self.kind {
            Kind::Plain => (0, 0),
            Kind::Request => (1, 0),
            Kind::Reply { of } => (2, of.0),
            Kind::Ack { of } => (3, of.0),
            Kind::Unreachable { of } => (4, of.0),
        };
        let (encoding, payload) = match &self.payload {
            Payload::Json(text) => (0, text.as_bytes()),
            Payload::Bytes(bytes) => (1, &bytes[..]),
        };
        let to = self.to.as_ref().map_or(&[][..], |to| &to.as_bytes()[..]);
        use_parts(&[
            self.from.as_bytes(),
            to,
            &self.id.0.to_be_bytes(),
            self.protocol.as_str().as_bytes(),
            &[
                kind,
                u8::from(self.wants_ack) | u8::from(self.way.by_key) << 1,
                encoding,
            ],
            &of.to_be_bytes(),
            payload,
        ])
    }
}
