//! What two linked peers say to each other on their data channel.

use minicbor::{Decode, Encode};

use crate::id::{PeerId, Proof};
use crate::limits::{MAX_FRAME, MAX_HOPS, MAX_KEEPALIVE_ROUTING};
use crate::message::{
    Kind, Message, MessageError, MessageId, Payload, ProtocolName, check_json, check_length,
};

/// One message of a data channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First on every channel, from both sides: the link is up when it has been received.
    Hello(Hello),
    /// Says that the sender lives. Answered by another when `echo` asks for it.
    Keepalive(Keepalive),
    /// A message of the network, for the receiver or to be carried on.
    Message(Message),
    /// The sender closes the link, on purpose.
    Close(CloseReason),
}

/// Who is on the other end of a new link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The highest version of these frames that the sender speaks; now 1.
    pub version: u8,
    /// Whether the sender's page is hidden, so that its timers may be slow.
    pub hidden: bool,
    /// What its router wants neighbours to know, at most
    /// [`MAX_KEEPALIVE_ROUTING`](crate::limits::MAX_KEEPALIVE_ROUTING) bytes.
    pub routing: Vec<u8>,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepalive {
    /// Whether the sender's page is hidden, so that its timers may be slow.
    pub hidden: bool,
    /// Asks the receiver for a keepalive in return, at once.
    pub echo: bool,
    /// What its router wants neighbours to know.
    pub routing: Vec<u8>,
}

/// Why a peer closes a link. A reason that this version does not know reads as `Unneeded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer leaves the network.
    Leaving,
    /// Another link between the same two peers takes this one's place.
    Replaced,
    /// The peer has no use for the link, or no room.
    Unneeded,
    /// The other side broke the protocol.
    ProtocolError,
}

/// Why bytes from a link are no frame. A reader drops and counts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// There are too many bytes.
    #[error("a frame has at most {MAX_FRAME} bytes, this has {0}")]
    TooLong(usize),
    /// There are no bytes.
    #[error("the frame is empty")]
    Empty,
    /// A version of another time.
    #[error("frames of version {0} are not known here, only version {VERSION}")]
    UnknownVersion(u8),
    /// A kind of frame of another time.
    #[error("frames of kind {0} are not known here")]
    UnknownKind(u64),
    /// A kind of message of another time.
    #[error("messages of kind {0} are not known here")]
    UnknownMessageKind(u8),
    /// The bytes are no CBOR, or not of the frame's shape.
    #[error("the frame is malformed: {0}")]
    Malformed(String),
    /// There are bytes behind the frame.
    #[error("{0} bytes stand behind the frame")]
    Trailing(usize),
    /// A reply, acknowledgement or unreachable does not say to what.
    #[error("the message does not name the message that it answers")]
    MissingOf,
    /// The message has two payloads.
    #[error("the message has both a JSON and a raw payload")]
    TwoPayloads,
    /// The message has travelled too far.
    #[error("a message travels over at most {MAX_HOPS} links, this has {0} behind it")]
    TooManyHops(u8),
    /// The router's part of a hello or keepalive is too long.
    #[error("the router's part has at most {MAX_KEEPALIVE_ROUTING} bytes, this has {0}")]
    RoutingTooLong(usize),
    /// The protocol name or the payload breaks a rule.
    #[error(transparent)]
    Message(#[from] MessageError),
}

const VERSION: u8 = 1;

const HELLO: u64 = 0;
const KEEPALIVE: u64 = 1;
const MESSAGE: u64 = 2;
const CLOSE: u64 = 3;

impl Frame {
    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(hello) => bytes(HELLO, &HelloFields::from(hello)),
            Self::Keepalive(keepalive) => bytes(KEEPALIVE, &KeepaliveFields::from(keepalive)),
            Self::Message(message) => Self::encode_message(message),
            Self::Close(reason) => bytes(CLOSE, &CloseFields::from(*reason)),
        }
    }

    /// The bytes of [`Frame::Message`], without taking the message.
    pub fn encode_message(message: &Message) -> Vec<u8> {
        bytes(MESSAGE, &MessageFields::from(message))
    }

    /// The frame with these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        if bytes.len() > MAX_FRAME {
            return Err(FrameError::TooLong(bytes.len()));
        }
        let (&version, rest) = bytes.split_first().ok_or(FrameError::Empty)?;
        if version != VERSION {
            return Err(FrameError::UnknownVersion(version));
        }
        let mut decoder = minicbor::Decoder::new(rest);
        let frame = match decoder.u64().map_err(malformed)? {
            HELLO => Self::Hello(fields::<HelloFields<'_>>(&mut decoder)?.try_into()?),
            KEEPALIVE => Self::Keepalive(fields::<KeepaliveFields<'_>>(&mut decoder)?.try_into()?),
            MESSAGE => Self::Message(fields::<MessageFields<'_>>(&mut decoder)?.try_into()?),
            CLOSE => Self::Close(fields::<CloseFields>(&mut decoder)?.into()),
            kind => return Err(FrameError::UnknownKind(kind)),
        };
        match rest.len() - decoder.position() {
            0 => Ok(frame),
            trailing => Err(FrameError::Trailing(trailing)),
        }
    }
}

fn bytes(kind: u64, fields: &impl Encode<()>) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    minicbor::encode(kind, &mut bytes).expect("a Vec takes every byte");
    minicbor::encode(fields, &mut bytes).expect("a Vec takes every byte");
    bytes
}

fn fields<'b, T: Decode<'b, ()>>(decoder: &mut minicbor::Decoder<'b>) -> Result<T, FrameError> {
    decoder.decode().map_err(malformed)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn malformed(error: minicbor::decode::Error) -> FrameError {
    FrameError::Malformed(error.to_string())
}

// The bodies of frames, as maps whose keys are the numbers below. Readers skip keys that they do
// not know; a key is never used again for something else.

#[derive(Encode, Decode)]
#[cbor(map)]
struct HelloFields<'a> {
    #[n(0)]
    version: u8,
    #[cbor(n(1), skip_if = "is_default")]
    hidden: bool,
    #[cbor(b(2), with = "minicbor::bytes")]
    routing: Option<&'a [u8]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct KeepaliveFields<'a> {
    #[cbor(n(0), skip_if = "is_default")]
    hidden: bool,
    #[cbor(n(1), skip_if = "is_default")]
    echo: bool,
    #[cbor(b(2), with = "minicbor::bytes")]
    routing: Option<&'a [u8]>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct CloseFields {
    #[n(0)]
    reason: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct MessageFields<'a> {
    #[n(0)]
    id: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    from: [u8; PeerId::BYTES],
    #[cbor(n(2), with = "minicbor::bytes")]
    to: Option<[u8; PeerId::BYTES]>,
    #[b(3)]
    protocol: &'a str,
    #[cbor(n(4), skip_if = "is_default")]
    kind: u8,
    #[n(5)]
    of: Option<u64>,
    #[cbor(n(6), skip_if = "is_default")]
    wants_ack: bool,
    #[cbor(n(7), skip_if = "is_default")]
    hops: u8,
    // Neither of the next two is JSON null, which is all that acknowledgements say.
    #[b(8)]
    json: Option<&'a str>,
    #[cbor(b(9), with = "minicbor::bytes")]
    bytes: Option<&'a [u8]>,
    #[cbor(n(10), with = "minicbor::bytes")]
    proof: Option<[u8; Proof::BYTES]>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn some_unless_empty(bytes: &[u8]) -> Option<&[u8]> {
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn routing(bytes: Option<&[u8]>) -> Result<Vec<u8>, FrameError> {
    let bytes = bytes.unwrap_or_default();
    if bytes.len() > MAX_KEEPALIVE_ROUTING {
        return Err(FrameError::RoutingTooLong(bytes.len()));
    }
    Ok(bytes.to_vec())
}

impl<'a> From<&'a Hello> for HelloFields<'a> {
    fn from(hello: &'a Hello) -> Self {
        Self {
            version: hello.version,
            hidden: hello.hidden,
            routing: some_unless_empty(&hello.routing),
        }
    }
}

impl TryFrom<HelloFields<'_>> for Hello {
    type Error = FrameError;

    fn try_from(fields: HelloFields<'_>) -> Result<Self, FrameError> {
        Ok(Self {
            version: fields.version,
            hidden: fields.hidden,
            routing: routing(fields.routing)?,
        })
    }
}

impl<'a> From<&'a Keepalive> for KeepaliveFields<'a> {
    fn from(keepalive: &'a Keepalive) -> Self {
        Self {
            hidden: keepalive.hidden,
            echo: keepalive.echo,
            routing: some_unless_empty(&keepalive.routing),
        }
    }
}

impl TryFrom<KeepaliveFields<'_>> for Keepalive {
    type Error = FrameError;

    fn try_from(fields: KeepaliveFields<'_>) -> Result<Self, FrameError> {
        Ok(Self {
            hidden: fields.hidden,
            echo: fields.echo,
            routing: routing(fields.routing)?,
        })
    }
}

impl From<CloseReason> for CloseFields {
    fn from(reason: CloseReason) -> Self {
        let reason = match reason {
            CloseReason::Leaving => 0,
            CloseReason::Replaced => 1,
            CloseReason::Unneeded => 2,
            CloseReason::ProtocolError => 3,
        };
        Self { reason }
    }
}

impl From<CloseFields> for CloseReason {
    fn from(fields: CloseFields) -> Self {
        match fields.reason {
            0 => Self::Leaving,
            1 => Self::Replaced,
            3 => Self::ProtocolError,
            _ => Self::Unneeded,
        }
    }
}

impl<'a> From<&'a Message> for MessageFields<'a> {
    fn from(message: &'a Message) -> Self {
        let (kind, of) = match message.kind {
            Kind::Plain => (0, None),
            Kind::Request => (1, None),
            Kind::Reply { of } => (2, Some(of.0)),
            Kind::Ack { of } => (3, Some(of.0)),
            Kind::Unreachable { of } => (4, Some(of.0)),
        };
        let (json, bytes) = match &message.payload {
            Payload::Json(text) => (Some(&**text).filter(|text| *text != "null"), None),
            Payload::Bytes(bytes) => (None, Some(&**bytes)),
        };
        Self {
            id: message.id.0,
            from: *message.from.as_bytes(),
            to: message.to.map(|to| *to.as_bytes()),
            protocol: message.protocol.as_str(),
            kind,
            of,
            wants_ack: message.wants_ack,
            hops: message.hops,
            json,
            bytes,
            proof: message.proof.as_ref().map(Proof::to_bytes),
        }
    }
}

impl TryFrom<MessageFields<'_>> for Message {
    type Error = FrameError;

    fn try_from(fields: MessageFields<'_>) -> Result<Self, FrameError> {
        let of = || fields.of.map(MessageId).ok_or(FrameError::MissingOf);
        let kind = match fields.kind {
            0 => Kind::Plain,
            1 => Kind::Request,
            2 => Kind::Reply { of: of()? },
            3 => Kind::Ack { of: of()? },
            4 => Kind::Unreachable { of: of()? },
            kind => return Err(FrameError::UnknownMessageKind(kind)),
        };
        if fields.hops > MAX_HOPS {
            return Err(FrameError::TooManyHops(fields.hops));
        }
        let payload = match (fields.json, fields.bytes) {
            (None, None) => Payload::empty_json(),
            (Some(text), None) => {
                check_json(text)?;
                Payload::Json(text.into())
            }
            (None, Some(bytes)) => {
                check_length(bytes.len())?;
                Payload::Bytes(bytes.into())
            }
            (Some(_), Some(_)) => return Err(FrameError::TwoPayloads),
        };
        Ok(Self {
            id: MessageId(fields.id),
            from: PeerId::from_bytes(fields.from),
            to: fields.to.map(PeerId::from_bytes),
            protocol: ProtocolName::new(fields.protocol)?,
            kind,
            wants_ack: fields.wants_ack,
            hops: fields.hops,
            payload,
            proof: fields.proof.as_ref().map(Proof::from_bytes),
        })
    }
}
