//! What the server says: written by the directory, read by peers.

use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use super::{DOMAIN, NONCE};
use crate::id::Keypair;
use crate::json::{Envelope, JsonError, decimal, parsed_payload, quoted, required, wrong};
use crate::limits::MAX_REASON;
use crate::message::{Message, MessageId};
use crate::signal;

/// What a peer hears on the bootstrap WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromServer {
    /// First: the peer has to prove its id, with [`challenge_response`].
    Challenge {
        /// Random, and new for every WebSocket.
        nonce: [u8; NONCE],
    },
    /// The proof holds; the peer is connected.
    Welcome {
        /// The STUN and TURN servers that the peer should use.
        ice_servers: Vec<IceServer>,
    },
    /// Nobody else is connected, so the peer's offer went to nobody.
    Denied {
        /// The message with the offer, if it had an id.
        id: Option<MessageId>,
    },
    /// The server refuses what the peer did.
    Error(ServerError),
    /// The server closes the WebSocket, on purpose.
    Shutdown {
        /// Why, for people.
        reason: String,
    },
    /// A message of another peer.
    Message(Message),
}

/// A STUN or TURN server, as `RTCConfiguration.iceServers` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URIs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// What is refused.
    pub code: ErrorCode,
    /// The same for people.
    pub message: String,
    /// The peer that nobody knows, as the culprit named it.
    pub peer: Option<String>,
    /// The refused message, if it had an id.
    pub id: Option<MessageId>,
}

/// What the server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// A text that is no JSON.
    NotJson,
    /// JSON that is no object.
    NotObject,
    /// A property of the wrong type.
    Malformed,
    /// A `from` that is not the sender's id.
    WrongFrom,
    /// A message for anyone, while nobody else is there. Offers are denied instead.
    NoRecipient,
    /// A `to` that is not connected.
    UnknownPeer,
    /// A message beyond [`MAX_JSON`](crate::limits::MAX_JSON).
    TooLarge,
    /// Too many messages or connections.
    RateLimited,
    /// An id without a proof, or with one that does not hold.
    Unproven,
    /// A binary WebSocket message.
    Binary,
    /// The server's own fault.
    Internal,
    /// A code of another time.
    Other(String),
}

impl ErrorCode {
    /// The code in kebab case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::NotJson => "not-json",
            Self::NotObject => "not-object",
            Self::Malformed => "malformed",
            Self::WrongFrom => "wrong-from",
            Self::NoRecipient => "no-recipient",
            Self::UnknownPeer => "unknown-peer",
            Self::TooLarge => "too-large",
            Self::RateLimited => "rate-limited",
            Self::Unproven => "unproven",
            Self::Binary => "binary",
            Self::Internal => "internal",
            Self::Other(code) => code,
        }
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        match code {
            "not-json" => Self::NotJson,
            "not-object" => Self::NotObject,
            "malformed" => Self::Malformed,
            "wrong-from" => Self::WrongFrom,
            "no-recipient" => Self::NoRecipient,
            "unknown-peer" => Self::UnknownPeer,
            "too-large" => Self::TooLarge,
            "rate-limited" => Self::RateLimited,
            "unproven" => Self::Unproven,
            "binary" => Self::Binary,
            "internal" => Self::Internal,
            other => Self::Other(cut(other).to_owned()),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromServer {
    /// Reads a text of the bootstrap WebSocket. What has an empty `from` is the server's own.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let envelope = Envelope::parse(text)?;
        if !required("from", envelope.from)?.is_empty() {
            return Ok(Self::Message(envelope.message()?));
        }
        let payload = envelope.payload;
        match &*required("type", envelope.protocol)? {
            CHALLENGE => {
                let expected = "an object with a `nonce` of 32 bytes in base64url";
                let challenge: ChallengePayload = parsed_payload(payload, expected)?;
                let nonce = Base64UrlUnpadded::decode_vec(&challenge.nonce).ok();
                let nonce = nonce.and_then(|nonce| nonce.try_into().ok());
                Ok(Self::Challenge {
                    nonce: nonce.ok_or(wrong("payload", expected))?,
                })
            }
            WELCOME => {
                let expected = "an object with `iceServers`, each with a list of `urls`";
                let welcome: WelcomePayload = parsed_payload(payload, expected)?;
                Ok(Self::Welcome {
                    ice_servers: welcome.ice_servers,
                })
            }
            signal::PROTOCOL => {
                let expected = "an object with the `type` denied";
                let denied: DeniedPayload = parsed_payload(payload, expected)?;
                if denied.r#type != "denied" {
                    return Err(wrong("payload", expected));
                }
                Ok(Self::Denied {
                    id: message_id(denied.id),
                })
            }
            ERROR => {
                let expected = "an object with `code` and `message`";
                let error: ErrorPayload = parsed_payload(payload, expected)?;
                Ok(Self::Error(ServerError {
                    code: ErrorCode::from(&*error.code),
                    message: cut(&error.message).to_owned(),
                    peer: error.peer.map(|peer| cut(&peer).to_owned()),
                    id: message_id(error.id),
                }))
            }
            SHUTDOWN => {
                let shutdown: ShutdownPayload = parsed_payload(payload, "an object with `reason`")?;
                Ok(Self::Shutdown {
                    reason: cut(&shutdown.reason).to_owned(),
                })
            }
            other => Err(JsonError::UnknownServerMessage(cut(other).to_owned())),
        }
    }
}

/// The server's demand for a proof, for the client `to`.
pub fn challenge(to: &str, nonce: &[u8; NONCE]) -> String {
    let nonce = Base64UrlUnpadded::encode_string(nonce);
    envelope(CHALLENGE, "", to, &ChallengePayload { nonce })
}

/// A peer's answer to the server's challenge.
pub fn challenge_response(keypair: &Keypair, nonce: &[u8; NONCE]) -> String {
    let id = keypair.id();
    let proof = keypair.prove(DOMAIN, &[nonce, id.as_bytes()]);
    let proof = Base64UrlUnpadded::encode_string(&proof.to_bytes());
    envelope(
        CHALLENGE_RESPONSE,
        &id.to_string(),
        "",
        &ProofPayload { proof },
    )
}

/// The server's word that the client `to` is connected.
pub fn welcome(to: &str, ice_servers: &[IceServer]) -> String {
    let ice_servers = ice_servers.to_vec();
    envelope(WELCOME, "", to, &WelcomePayload { ice_servers })
}

/// The server's answer to the offer of a client who is alone; `id` is that of its message.
pub fn denied(to: &str, id: Option<&str>) -> String {
    let denied = DeniedPayload {
        r#type: "denied".to_owned(),
        reason: signal::DeniedReason::Alone.as_str().to_owned(),
        id: id.map(str::to_owned),
    };
    envelope(signal::PROTOCOL, "", to, &denied)
}

/// The server's refusal; `peer` is the receiver that it does not know, `id` that of the culprit.
pub fn error(
    to: &str,
    code: &ErrorCode,
    message: &str,
    peer: Option<&str>,
    id: Option<&str>,
) -> String {
    let error = ErrorPayload {
        code: code.as_str().to_owned(),
        message: cut(message).to_owned(),
        peer: peer.map(|peer| cut(peer).to_owned()),
        id: id.map(|id| cut(id).to_owned()),
    };
    envelope(ERROR, "", to, &error)
}

/// The server's notice that it closes the WebSocket of the client `to`.
pub fn shutdown(to: &str, reason: &str) -> String {
    let reason = cut(reason).to_owned();
    envelope(SHUTDOWN, "", to, &ShutdownPayload { reason })
}

const CHALLENGE: &str = "challenge";
pub(super) const CHALLENGE_RESPONSE: &str = "challenge-response";
const WELCOME: &str = "welcome";
const ERROR: &str = "error";
const SHUTDOWN: &str = "shutdown";

#[derive(Serialize, Deserialize)]
struct ChallengePayload {
    nonce: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ProofPayload {
    pub(super) proof: String,
}

#[derive(Serialize, Deserialize)]
struct WelcomePayload {
    #[serde(rename = "iceServers", default)]
    ice_servers: Vec<IceServer>,
}

#[derive(Serialize, Deserialize)]
struct DeniedPayload {
    r#type: String,
    #[serde(default)]
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ErrorPayload {
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ShutdownPayload {
    #[serde(default)]
    reason: String,
}

fn envelope(kind: &str, from: &str, to: &str, payload: &impl Serialize) -> String {
    format!(
        r#"{{"type":{},"from":{},"to":{},"payload":{}}}"#,
        quoted(kind),
        quoted(from),
        quoted(to),
        serde_json::to_string(payload).expect("structs of strings always have a JSON form"),
    )
}

/// What a client of the report gives as an id may be no number; then it names no message of ours.
fn message_id(id: Option<String>) -> Option<MessageId> {
    decimal(&id?).map(MessageId)
}

/// The first `MAX_REASON` bytes, cut between characters.
fn cut(text: &str) -> &str {
    let fits = |(end, _): &(usize, char)| *end <= MAX_REASON;
    match text.len() > MAX_REASON {
        true => {
            let end = text.char_indices().take_while(fits).last();
            &text[..end.map_or(0, |(end, _)| end)]
        }
        false => text,
    }
}
