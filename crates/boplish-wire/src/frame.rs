//! What two linked peers say to each other on their data channel.

pub(crate) mod cbor;

use cbor::{Reader, Writer, Wrong};

use crate::bootstrap::NetworkParameters;
use crate::id::{PeerId, Proof};
use crate::limits::{MAX_FRAME, MAX_HOPS, MAX_KEEPALIVE_ROUTING, MAX_WAYPOINTS};
use crate::message::{
    Hop, Kind, Message, MessageError, MessageId, Payload, ProtocolName, Way, check_json,
    check_length,
};
use crate::{ring, signal};

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
    /// The message with this [`Hop::number`] has come in, and the sender takes care of it.
    HopAck(u32),
}

/// Who is on the other end of a new link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The highest version of these frames that the sender speaks; now 1.
    pub version: u8,
    /// Whether the sender's page is hidden, so that its timers may be slow.
    pub hidden: bool,
    /// What its router wants neighbours to know, at most
    /// [`MAX_KEEPALIVE_ROUTING`] bytes.
    pub routing: Vec<u8>,
    /// The [code](NetworkParameters::code) of its network.
    pub network: u32,
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
    /// The other side belongs to a network with other parameters.
    OtherNetwork,
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

const HELLO: u8 = 0;
const KEEPALIVE: u8 = 1;
const MESSAGE: u8 = 2;
const CLOSE: u8 = 3;
const HOP_ACK: u8 = 4;

impl Frame {
    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(hello) => {
                let mut map = body(HELLO);
                map.field(0).uint(hello.version.into());
                map.flag_field(1, hello.hidden);
                map.field(3).uint(hello.network.into());
                with_routing(map, &hello.routing)
            }
            Self::Keepalive(keepalive) => {
                let mut map = body(KEEPALIVE);
                map.flag_field(0, keepalive.hidden);
                map.flag_field(1, keepalive.echo);
                with_routing(map, &keepalive.routing)
            }
            Self::Message(message) => Self::encode_message(message),
            Self::Close(reason) => {
                let mut map = body(CLOSE);
                map.field(0).uint(match reason {
                    CloseReason::Leaving => 0,
                    CloseReason::Replaced => 1,
                    CloseReason::Unneeded => 2,
                    CloseReason::ProtocolError => 3,
                    CloseReason::OtherNetwork => 4,
                });
                map.into_bytes()
            }
            Self::HopAck(number) => {
                let mut map = body(HOP_ACK);
                map.field(0).uint((*number).into());
                map.into_bytes()
            }
        }
    }

    /// The bytes of [`Frame::Message`], without taking the message.
    pub fn encode_message(message: &Message) -> Vec<u8> {
        let (kind, of) = match message.kind {
            Kind::Plain => (0, None),
            Kind::Request => (1, None),
            Kind::Reply { of } => (2, Some(of)),
            Kind::Ack { of } => (3, Some(of)),
            Kind::Unreachable { of } => (4, Some(of)),
        };
        let mut map = body(MESSAGE);
        map.field(0).uint(message.id.0);
        map.field(1).bytes(message.from.as_bytes());
        if let Some(to) = &message.to {
            map.field(2).bytes(to.as_bytes());
        }
        let name = message.protocol.as_str();
        match PROTOCOLS.iter().position(|it| *it == name) {
            Some(code) => map.field(18).uint(code as u64),
            None => map.field(3).text(name),
        }
        if kind != 0 {
            map.field(4).uint(kind);
        }
        if let Some(of) = of {
            map.field(5).uint(of.0);
        }
        map.flag_field(6, message.wants_ack);
        if message.hops != 0 {
            map.field(7).uint(message.hops.into());
        }
        match &message.payload {
            // Which is all that acknowledgements say.
            Payload::Json(text) if &**text == "null" => {}
            Payload::Json(text) => map.field(8).text(text),
            Payload::Bytes(bytes) => map.field(9).bytes(bytes),
        }
        if let Some(proof) = &message.proof {
            map.field(10).bytes(&proof.to_bytes());
        }
        with_way(&mut map, &message.way);
        map.into_bytes()
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
        let mut reader = Reader::new(rest);
        let kind = reader.uint()?;
        let frame = match u8::try_from(kind).or(Err(FrameError::UnknownKind(kind)))? {
            HELLO => Self::Hello(hello(&mut reader)?),
            KEEPALIVE => Self::Keepalive(keepalive(&mut reader)?),
            MESSAGE => Self::Message(message(&mut reader)?),
            CLOSE => Self::Close(close(&mut reader)?),
            HOP_ACK => Self::HopAck(hop_ack(&mut reader)?),
            _ => return Err(FrameError::UnknownKind(kind)),
        };
        match reader.left() {
            0 => Ok(frame),
            trailing => Err(FrameError::Trailing(trailing)),
        }
    }
}

impl From<Wrong> for FrameError {
    fn from(wrong: Wrong) -> Self {
        Self::Malformed(wrong.to_string())
    }
}

// The bodies of frames are maps, whose keys docs/protocol.md lists. Readers skip keys that they do
// not know; a key is never used again for something else.

/// The protocols whose names are written as their place in this list: those that the network
/// itself speaks all the time.
const PROTOCOLS: [&str; 2] = [signal::PROTOCOL, ring::PROTOCOL];

fn body(kind: u8) -> Writer {
    // One byte is what CBOR takes for a number below 24.
    Writer::map_behind(vec![VERSION, kind])
}

fn with_routing(mut map: Writer, routing: &[u8]) -> Vec<u8> {
    if !routing.is_empty() {
        map.field(2).bytes(routing);
    }
    map.into_bytes()
}

fn with_way(map: &mut Writer, way: &Way) {
    map.flag_field(11, way.by_key);
    map.flag_field(12, way.again);
    for (key, peers) in [(13, &way.over), (14, &way.back)] {
        if !peers.is_empty() {
            map.field(key).bytes(&PeerId::concat(peers));
        }
    }
    if let Some(hop) = way.hop {
        map.field(15).uint(hop.number.into());
        map.field(16).uint(hop.bound.into());
        if let Some(pin) = hop.pin {
            map.field(17).uint(pin.into());
        }
    }
    if let Some(passed) = &way.passed {
        map.field(19).bytes(&PeerId::concat(passed));
    }
}

fn routing(bytes: Option<&[u8]>) -> Result<Vec<u8>, FrameError> {
    let bytes = bytes.unwrap_or_default();
    if bytes.len() > MAX_KEEPALIVE_ROUTING {
        return Err(FrameError::RoutingTooLong(bytes.len()));
    }
    Ok(bytes.to_vec())
}

fn hello(reader: &mut Reader<'_>) -> Result<Hello, FrameError> {
    let (mut version, mut hidden, mut bytes, mut network) = (None, false, None, None);
    reader.map(&mut |key, reader| {
        match key {
            0 => version = Some(reader.small()?),
            1 => hidden = reader.flag()?,
            2 => bytes = reader.optional(Reader::bytes)?,
            3 => network = reader.optional(Reader::uint)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(Hello {
        version: version.ok_or(Wrong::Missing(0))?,
        hidden,
        routing: routing(bytes)?,
        // A number beyond is that of no network that this code knows.
        network: network.map_or(NetworkParameters::MESH_CODE, |code| {
            u32::try_from(code).unwrap_or(u32::MAX)
        }),
    })
}

fn keepalive(reader: &mut Reader<'_>) -> Result<Keepalive, FrameError> {
    let (mut hidden, mut echo, mut bytes) = (false, false, None);
    reader.map(&mut |key, reader| {
        match key {
            0 => hidden = reader.flag()?,
            1 => echo = reader.flag()?,
            2 => bytes = reader.optional(Reader::bytes)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(Keepalive {
        hidden,
        echo,
        routing: routing(bytes)?,
    })
}

fn close(reader: &mut Reader<'_>) -> Result<CloseReason, FrameError> {
    let mut reason = None;
    reader.map(&mut |key, reader| {
        match key {
            0 => reason = Some(reader.uint()?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(match reason.ok_or(Wrong::Missing(0))? {
        0 => CloseReason::Leaving,
        1 => CloseReason::Replaced,
        3 => CloseReason::ProtocolError,
        4 => CloseReason::OtherNetwork,
        _ => CloseReason::Unneeded,
    })
}

fn hop_ack(reader: &mut Reader<'_>) -> Result<u32, FrameError> {
    let mut number = None;
    reader.map(&mut |key, reader| {
        match key {
            0 => number = Some(reader.small()?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(number.ok_or(Wrong::Missing(0))?)
}

/// Up to so many ids.
fn peers(reader: &mut Reader<'_>, count: usize) -> Result<Vec<PeerId>, Wrong> {
    let peers = PeerId::split(reader.bytes()?).filter(|peers| peers.len() <= count);
    peers.ok_or(reader.wrong())
}

#[derive(Default)]
struct MessageFields<'a> {
    id: Option<u64>,
    from: Option<[u8; PeerId::BYTES]>,
    to: Option<[u8; PeerId::BYTES]>,
    protocol: Option<&'a str>,
    kind: u8,
    of: Option<u64>,
    wants_ack: bool,
    hops: u8,
    json: Option<&'a str>,
    bytes: Option<&'a [u8]>,
    proof: Option<[u8; Proof::BYTES]>,
    way: Way,
    hop_number: Option<u32>,
    bound: u32,
    pin: Option<u32>,
}

fn message(reader: &mut Reader<'_>) -> Result<Message, FrameError> {
    let mut fields = MessageFields::default();
    reader.map(&mut |key, reader| {
        match key {
            0 => fields.id = Some(reader.uint()?),
            1 => fields.from = Some(reader.exactly()?),
            2 => fields.to = reader.optional(Reader::exactly)?,
            3 => fields.protocol = Some(reader.text()?),
            4 => fields.kind = reader.small()?,
            5 => fields.of = reader.optional(Reader::uint)?,
            6 => fields.wants_ack = reader.flag()?,
            7 => fields.hops = reader.small()?,
            8 => fields.json = reader.optional(Reader::text)?,
            9 => fields.bytes = reader.optional(Reader::bytes)?,
            10 => fields.proof = reader.optional(Reader::exactly)?,
            11 => fields.way.by_key = reader.flag()?,
            12 => fields.way.again = reader.flag()?,
            13 => fields.way.over = peers(reader, MAX_WAYPOINTS)?,
            14 => fields.way.back = peers(reader, MAX_WAYPOINTS)?,
            15 => fields.hop_number = Some(reader.small()?),
            16 => fields.bound = reader.small()?,
            17 => fields.pin = Some(reader.small()?),
            18 => fields.protocol = PROTOCOLS.get(reader.small::<usize>()?).copied(),
            19 => fields.way.passed = Some(peers(reader, MAX_HOPS.into())?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let id = fields.id.ok_or(Wrong::Missing(0))?;
    let from = fields.from.ok_or(Wrong::Missing(1))?;
    let protocol = fields.protocol.ok_or(Wrong::Missing(3))?;
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
    let mut way = fields.way;
    way.hop = fields.hop_number.map(|number| Hop {
        number,
        pin: fields.pin,
        bound: fields.bound,
    });
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
    Ok(Message {
        id: MessageId(id),
        from: PeerId::from_bytes(from),
        to: fields.to.map(PeerId::from_bytes),
        protocol: ProtocolName::new(protocol)?,
        kind,
        wants_ack: fields.wants_ack,
        hops: fields.hops,
        payload,
        way,
        proof: fields
            .proof
            .as_ref()
            .map(|it| Box::new(Proof::from_bytes(it))),
    })
}
