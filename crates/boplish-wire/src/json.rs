//! The report's envelope as JSON text, on the bootstrap WebSocket.
//!
//! `{"type", "from", "to", "payload"}` (the report, section 4.1.4), and optional properties for
//! what the report does not have. The payload's text is kept as it stands, since proofs cover
//! it byte by byte.

pub(crate) mod syntax;

use std::borrow::Cow;

use crate::base64::Base64;
use crate::id::{PeerId, Proof};
use crate::limits::{MAX_HOPS, MAX_JSON};
use crate::message::{Kind, Message, MessageError, MessageId, Payload, ProtocolName, Way};
use crate::object::Object;
use crate::signal::{self, SignedSignal};
use syntax::quoted;

/// Why a text is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text is too long.
    #[error("a text has at most {MAX_JSON} bytes, this has {0}")]
    TooLong(usize),
    /// The text is no JSON; with the byte that shows it.
    #[error("the text is not JSON: byte {0} does not belong there")]
    NotJson(usize),
    /// The text is JSON, but no object.
    #[error("the text is JSON, but not an object")]
    NotObject,
    /// A property is there twice.
    #[error("the property `{0}` is there twice")]
    Repeated(String),
    /// A property is missing or has another type than it must have.
    #[error("the property `{name}` must be {expected}")]
    Property {
        /// The property.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The message has travelled too far.
    #[error("a message travels over at most {MAX_HOPS} links, this has {0} behind it")]
    TooManyHops(u64),
    /// The server says something that is not known here.
    #[error("the server says `{0}`, which is not known here")]
    UnknownServerMessage(String),
    /// The protocol name or the payload breaks a rule.
    #[error(transparent)]
    Message(#[from] MessageError),
}

/// The message as JSON text.
///
/// Signals become the report's `{"type": "offer", …}`; see
/// [`SignedSignal::to_json_payload`].
pub fn encode(message: &Message) -> String {
    let mut text = String::with_capacity(256 + message.payload.len());
    text.push_str(r#"{"type":"#);
    text.push_str(&quoted(message.protocol.as_str()));
    text.push_str(r#","from":""#);
    text.push_str(&message.from.to_string());
    text.push_str(r#"","to":""#);
    if let Some(to) = message.to {
        text.push_str(&to.to_string());
    }
    text.push_str(r#"","payload":"#);
    match (&message.payload, signal_payload(message)) {
        (_, Some(signal)) => text.push_str(&signal),
        (Payload::Json(payload), None) => text.push_str(payload),
        (Payload::Bytes(bytes), None) => {
            text.push('"');
            text.push_str(&Base64::Padded.encode(bytes));
            text.push_str(r#"","encoding":"base64"#);
            text.push('"');
        }
    }
    text.push_str(&format!(r#","id":"{}""#, message.id.0));
    let (kind, of) = match message.kind {
        Kind::Plain => (None, None),
        Kind::Request => (Some("request"), None),
        Kind::Reply { of } => (Some("reply"), Some(of)),
        Kind::Ack { of } => (Some("ack"), Some(of)),
        Kind::Unreachable { of } => (Some("unreachable"), Some(of)),
    };
    if let Some(kind) = kind {
        text.push_str(&format!(r#","kind":"{kind}""#));
    }
    if let Some(of) = of {
        text.push_str(&format!(r#","of":"{}""#, of.0));
    }
    if message.wants_ack {
        text.push_str(r#","ack":true"#);
    }
    if message.hops > 0 {
        text.push_str(&format!(r#","hops":{}"#, message.hops));
    }
    if let Some(proof) = &message.proof {
        let proof = Base64::Url.encode(&proof.to_bytes());
        text.push_str(&format!(r#","proof":"{proof}""#));
    }
    text.push('}');
    text
}

/// The message that a text says. Properties that are not known here are ignored.
pub fn decode(text: &str) -> Result<Message, JsonError> {
    Envelope::parse(text)?.message()
}

/// The JSON form of a signal, where the payload is one.
fn signal_payload(message: &Message) -> Option<String> {
    if message.protocol.as_str() != signal::PROTOCOL {
        return None;
    }
    match &message.payload {
        Payload::Json(_) => None,
        bytes @ Payload::Bytes(_) => {
            match SignedSignal::from_payload(bytes).ok()?.to_json_payload() {
                Payload::Json(text) => Some(text.into()),
                Payload::Bytes(_) => None,
            }
        }
    }
}

/// A message whose properties are not looked at yet.
pub(crate) struct Envelope<'a>(Object<'a>);

impl<'a> Envelope<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        if text.len() > MAX_JSON {
            return Err(JsonError::TooLong(text.len()));
        }
        Object::parse(text).map(Self)
    }

    /// A property that is a string and must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<Cow<'a, str>, JsonError> {
        self.0.string(name).ok_or(wrong(name, "a string"))
    }

    /// A property that is a string if it is there.
    fn optional(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, JsonError> {
        self.0.get(name).map(|_| self.required(name)).transpose()
    }

    /// The text of the payload; `null` if it is absent.
    fn payload_text(&self) -> &'a str {
        self.0.get("payload").unwrap_or("null")
    }

    /// The payload of a server's or peer's own message, which is an object.
    pub(crate) fn object(&self, expected: &'static str) -> Result<Object<'a>, JsonError> {
        Object::parse(self.payload_text()).or(Err(wrong("payload", expected)))
    }

    pub(crate) fn message(&self) -> Result<Message, JsonError> {
        let protocol = self.required("type")?;
        let from = peer_id("from", &self.required("from")?)?;
        let to = match self.optional("to")?.as_deref() {
            None | Some("" | "*") => None,
            Some(to) => Some(peer_id("to", to)?),
        };
        let hops = self
            .0
            .get("hops")
            .map(|hops| decimal(hops).ok_or(wrong("hops", "a number, 0 or more")));
        let hops = hops.transpose()?;
        Ok(Message {
            id: self.number("id")?.unwrap_or(MessageId(0)),
            from,
            to,
            protocol: ProtocolName::new(&protocol)?,
            kind: self.kind()?,
            wants_ack: match self.0.get("ack") {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return Err(wrong("ack", "true or false")),
            },
            hops: match hops {
                None => 0,
                Some(hops) => u8::try_from(hops)
                    .ok()
                    .filter(|hops| *hops <= MAX_HOPS)
                    .ok_or(JsonError::TooManyHops(hops))?,
            },
            payload: self.payload(&protocol)?,
            way: Way::default(),
            proof: self.proof()?.map(Box::new),
        })
    }

    /// A number below 2^64 in decimal, as JavaScript can't keep it as a number.
    fn number(&self, name: &'static str) -> Result<Option<MessageId>, JsonError> {
        let Some(text) = self.optional(name)? else {
            return Ok(None);
        };
        decimal(&text)
            .map(|number| Some(MessageId(number)))
            .ok_or(wrong(name, "a decimal number below 2^64 in a string"))
    }

    fn kind(&self) -> Result<Kind, JsonError> {
        let of = || {
            self.number("of")?
                .ok_or(wrong("of", "the id of the message that is answered"))
        };
        let kind = self.optional("kind")?;
        Ok(match kind.as_deref() {
            None => Kind::Plain,
            Some("request") => Kind::Request,
            Some("reply") => Kind::Reply { of: of()? },
            Some("ack") => Kind::Ack { of: of()? },
            Some("unreachable") => Kind::Unreachable { of: of()? },
            Some(_) => {
                let expected = "`request`, `reply`, `ack` or `unreachable`, or absent";
                return Err(wrong("kind", expected));
            }
        })
    }

    fn payload(&self, protocol: &str) -> Result<Payload, JsonError> {
        let encoding = self.optional("encoding")?;
        match encoding.as_deref() {
            Some("base64") => {
                let text = self.required("payload")?;
                let bytes = Base64::Padded.decode(&text);
                Ok(Payload::bytes(
                    bytes.ok_or(wrong("payload", "base64, with padding"))?,
                )?)
            }
            Some(_) => Err(wrong("encoding", "`base64`, or absent")),
            None if protocol == signal::PROTOCOL => {
                match signal::bytes_in_json(self.payload_text()) {
                    Some(bytes) => Ok(Payload::bytes(bytes)?),
                    None => Ok(Payload::json(self.payload_text())?),
                }
            }
            None => Ok(Payload::json(self.payload_text())?),
        }
    }

    fn proof(&self) -> Result<Option<Proof>, JsonError> {
        let Some(proof) = self.optional("proof")? else {
            return Ok(None);
        };
        let bytes = Base64::Url.decode(&proof);
        match bytes.as_deref().map(<&[u8; Proof::BYTES]>::try_from) {
            Some(Ok(bytes)) => Ok(Some(Proof::from_bytes(bytes))),
            Some(Err(_)) | None => Err(wrong("proof", "96 bytes in base64url without padding")),
        }
    }
}

pub(crate) fn wrong(name: &'static str, expected: &'static str) -> JsonError {
    JsonError::Property { name, expected }
}

pub(crate) fn peer_id(name: &'static str, text: &str) -> Result<PeerId, JsonError> {
    text.parse()
        .or(Err(wrong(name, "a peer id of 40 hex digits")))
}

/// Digits only: Rust's parser would take a plus sign.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let are_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}
