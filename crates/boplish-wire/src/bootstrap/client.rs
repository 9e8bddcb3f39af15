//! What clients say, as far as the server looks at it.

use core::fmt;
use std::borrow::Cow;

use super::server::CHALLENGE_RESPONSE;
use super::{DOMAIN, ErrorCode, NONCE, Work};
use crate::base64::Base64;
use crate::id::{PeerId, Proof};
use crate::json::{Envelope, JsonError, decimal, wrong};
use crate::object::Object;
use crate::signal;

/// The properties of a message by which the server carries it; the rest is not looked at, and
/// the message goes on byte by byte as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    /// The `type`, if there is one.
    pub kind: Option<Cow<'a, str>>,
    /// The `from`, if there is one.
    pub from: Option<Cow<'a, str>>,
    /// The `to`; `None`, which is anyone but the sender, where it is missing, `null`, `""` or
    /// `"*"`.
    pub to: Option<Cow<'a, str>>,
    /// The `id`, if there is one; any string.
    pub id: Option<Cow<'a, str>>,
    /// Whether it is an offer of the signaling-protocol.
    pub is_offer: bool,
}

/// Why a text has no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The text is no JSON.
    #[error("{0}")]
    NotJson(String),
    /// The text is JSON, but no object.
    #[error("the text is JSON, but not an object")]
    NotObject,
    /// A property has another type than a string.
    #[error("the property `{0}` must be a string")]
    NotString(&'static str),
}

impl HeadError {
    /// The code with which the server refuses such a text.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotJson(_) => ErrorCode::NotJson,
            Self::NotObject => ErrorCode::NotObject,
            Self::NotString(_) => ErrorCode::Malformed,
        }
    }
}

impl<'a> Head<'a> {
    /// Reads the head of a text, without a limit to its length: that is the server's to choose.
    pub fn parse(text: &'a str) -> Result<Self, HeadError> {
        let fields = Object::parse(text).map_err(|error| match error {
            JsonError::NotObject => HeadError::NotObject,
            other @ (JsonError::TooLong(_)
            | JsonError::NotJson(_)
            | JsonError::Repeated(_)
            | JsonError::Property { .. }
            | JsonError::TooManyHops(_)
            | JsonError::UnknownServerMessage(_)
            | JsonError::Message(_)) => HeadError::NotJson(other.to_string()),
        })?;
        let optional = |name| match (fields.get(name), fields.string(name)) {
            (None, _) => Ok(None),
            (Some(_), Some(text)) => Ok(Some(text)),
            (Some(_), None) => Err(HeadError::NotString(name)),
        };
        let kind = optional("type")?;
        let is_offer = kind.as_deref() == Some(signal::PROTOCOL)
            && fields.get("payload").is_some_and(is_offer_payload);
        Ok(Self {
            kind,
            from: optional("from")?,
            to: optional("to")?.filter(|to| !matches!(&**to, "" | "*")),
            id: optional("id")?,
            is_offer,
        })
    }
}

fn is_offer_payload(payload: &str) -> bool {
    // What is none is not read again to find that out.
    let payload = payload.starts_with('{').then(|| Object::parse(payload));
    matches!(payload, Some(Ok(payload)) if payload.string("type").as_deref() == Some("offer"))
}

/// Why a proof of an id is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// The text is no message, or not of the shape of a challenge-response.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// The text is another message.
    #[error("a challenge-response must come first, this is `{0}`")]
    NotAResponse(String),
    /// The `from` is another peer.
    #[error("the challenge-response is from {0}, the WebSocket is that of {1}")]
    WrongFrom(PeerId, PeerId),
    /// The proof does not hold, or is not that of the peer.
    #[error("the proof is not one of {0} for this challenge")]
    Unproven(PeerId),
    /// The proof holds or not, but the work that goes with it is not done.
    #[error("a counter with {0} bits of work must come with the proof")]
    WorkNeeded(u8),
}

/// Whether a text proves that its sender is `id`, as an answer to the challenge with `nonce` that
/// asks for so many bits of work. The work is looked at first, since that costs next to nothing.
pub fn verify_challenge_response(
    text: &str,
    id: PeerId,
    nonce: &[u8; NONCE],
    work: u8,
) -> Result<(), ChallengeError> {
    let envelope = Envelope::parse(text)?;
    let kind = envelope.required("type")?;
    if kind != CHALLENGE_RESPONSE {
        let shown = kind
            .chars()
            .take(crate::limits::MAX_PROTOCOL_NAME)
            .collect();
        return Err(ChallengeError::NotAResponse(shown));
    }
    let from = crate::json::peer_id("from", &envelope.required("from")?)?;
    if from != id {
        return Err(ChallengeError::WrongFrom(from, id));
    }
    let expected = "an object with a `proof`";
    let response = envelope.object(expected)?;
    let counter = response.get("counter").and_then(decimal);
    if work > 0 && !counter.is_some_and(|it| Work::new(nonce, id, work).holds(it)) {
        return Err(ChallengeError::WorkNeeded(work));
    }
    let proof = response.string("proof");
    let bytes = Base64::Url.decode(&proof.ok_or(wrong("payload", expected))?);
    let proof = bytes
        .as_deref()
        .and_then(|bytes| bytes.try_into().ok())
        .map(Proof::from_bytes);
    match proof.and_then(|proof| proof.signer(DOMAIN, &[nonce, id.as_bytes()])) {
        Some(signer) if signer == id => Ok(()),
        Some(_) | None => Err(ChallengeError::Unproven(id)),
    }
}

/// The id of a WebSocket, as its path has it: a peer id, or what a client of the report calls
/// itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Box<str>);

/// Why a text is no client id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientIdError {
    /// The text is empty or too long; with its bytes.
    #[error("an id has 1 to {MAX_CLIENT_ID} characters, this has {0}")]
    Length(usize),
    /// The text has a character that URLs reserve or don't know.
    #[error("an id has letters, digits, `-`, `.`, `_` and `~` only, this has {}", .0.escape_default())]
    Character(char),
}

const MAX_CLIENT_ID: usize = 64;

impl ClientId {
    /// The id, if it has 1 to 64 unreserved characters (RFC 3986, section 2.3).
    pub fn new(text: &str) -> Result<Self, ClientIdError> {
        if !(1..=MAX_CLIENT_ID).contains(&text.len()) {
            return Err(ClientIdError::Length(text.len()));
        }
        let is_unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        match text.chars().find(|c| !is_unreserved(*c)) {
            Some(c) => Err(ClientIdError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The peer id that this is: 40 hex digits in lower case.
    pub fn as_peer_id(&self) -> Option<PeerId> {
        let id: PeerId = self.0.parse().ok()?;
        (*self.0 == *id.to_string()).then_some(id)
    }
}

impl From<PeerId> for ClientId {
    fn from(id: PeerId) -> Self {
        Self(id.to_string().into())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
