//! What the server says: written by the directory, read by peers.

use core::fmt;
use std::borrow::Cow;

use super::{DOMAIN, MAX_WORK, NONCE, NetworkParameters};
use crate::base64::Base64;
use crate::id::{Keypair, PeerId};
use crate::json::{Envelope, JsonError, decimal, wrong};
use crate::limits::MAX_REASON;
use crate::message::{Message, MessageId};
use crate::object::{Object, ObjectWriter, elements};
use crate::signal;

/// What a peer hears on the bootstrap WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromServer {
    /// First: the peer has to prove its id, with [`challenge_response`].
    Challenge {
        /// Random, and new for every WebSocket.
        nonce: [u8; NONCE],
        /// Bits of the [`Work`](super::Work) that the answer must bring along, with
        /// [`challenge_response_with_work`]; 0 is none.
        work: u8,
    },
    /// The proof holds; the peer is connected.
    Welcome {
        /// The STUN and TURN servers that the peer should use.
        ice_servers: Vec<IceServer>,
        /// The network's parameters, if the server knows them.
        network: Option<NetworkParameters>,
    },
    /// The peer is no longer needed at the server, which closes the WebSocket: it is to come back
    /// when it has lost its links, and now and then.
    Release {
        /// Peers that the server keeps to introduce newcomers to; at least one.
        entry_peers: u32,
        /// Seconds until the credentials for its STUN and TURN servers end, if they do: it is to
        /// be back by then.
        within: Option<u32>,
    },
    /// The STUN and TURN servers that the peer should use from now on.
    IceServers(Vec<IceServer>),
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:`, `turn:` or `turns:` URIs (RFC 7064, RFC 7065).
    pub urls: Vec<String>,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN.
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
    /// The network's parameters are others than the peer's. Never said by a server: peers find out
    /// by themselves.
    OtherNetwork,
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
            Self::OtherNetwork => "other-network",
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
            "other-network" => Self::OtherNetwork,
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
        if !envelope.required("from")?.is_empty() {
            return Ok(Self::Message(envelope.message()?));
        }
        match &*envelope.required("type")? {
            CHALLENGE => {
                let expected = "an object with a `nonce` of 32 bytes in base64url";
                let challenge = envelope.object(expected)?;
                let nonce = challenge.string("nonce");
                let nonce = nonce.and_then(|nonce| Base64::Url.decode(&nonce));
                let nonce = nonce.and_then(|nonce| nonce.try_into().ok());
                let work = match challenge.get("work") {
                    Some(bits) => decimal(bits).and_then(|bits| u8::try_from(bits).ok()),
                    None => Some(0),
                };
                let work = work.filter(|bits| *bits <= MAX_WORK);
                Ok(Self::Challenge {
                    nonce: nonce.ok_or(wrong("payload", expected))?,
                    work: work.ok_or(wrong("payload", "an object whose `work` is at most 24"))?,
                })
            }
            WELCOME => {
                let welcome = envelope.object(ICE_SERVERS_EXPECTED)?;
                let network = match welcome.get("network") {
                    Some(text) => {
                        let expected = "an object whose `network` has a `router`";
                        let network = NetworkParameters::from_json(text);
                        Some(network.ok_or(wrong("payload", expected))?)
                    }
                    None => None,
                };
                Ok(Self::Welcome {
                    ice_servers: IceServer::of(&welcome)?,
                    network,
                })
            }
            ICE_SERVERS => {
                let payload = envelope.object(ICE_SERVERS_EXPECTED)?;
                Ok(Self::IceServers(IceServer::of(&payload)?))
            }
            RELEASE => {
                let expected = "an object with `entryPeers`";
                let release = envelope.object(expected)?;
                let number = |name| release.get(name).and_then(decimal).map(u32::try_from);
                match number("entryPeers") {
                    Some(Ok(entry_peers @ 1..)) => Ok(Self::Release {
                        entry_peers,
                        within: number("within").and_then(Result::ok),
                    }),
                    Some(Ok(0) | Err(_)) | None => Err(wrong("payload", expected)),
                }
            }
            signal::PROTOCOL => {
                let expected = "an object with the `type` denied";
                let denied = envelope.object(expected)?;
                if denied.string("type").as_deref() != Some("denied") {
                    return Err(wrong("payload", expected));
                }
                Ok(Self::Denied {
                    id: message_id(&denied),
                })
            }
            ERROR => {
                let expected = "an object with `code` and `message`";
                let error = envelope.object(expected)?;
                let code = error.string("code").ok_or(wrong("payload", expected))?;
                let peer = error.string("peer").map(|peer| cut(&peer).to_owned());
                Ok(Self::Error(ServerError {
                    code: ErrorCode::from(&*code),
                    message: cut(&error.string("message").unwrap_or_default()).to_owned(),
                    peer,
                    id: message_id(&error),
                }))
            }
            SHUTDOWN => {
                let shutdown = envelope.object("an object with `reason`")?;
                let reason = shutdown.string("reason").unwrap_or_default();
                Ok(Self::Shutdown {
                    reason: cut(&reason).to_owned(),
                })
            }
            other => Err(JsonError::UnknownServerMessage(cut(other).to_owned())),
        }
    }
}

impl IceServer {
    /// The servers that a payload names; none if it doesn't.
    fn of(payload: &Object<'_>) -> Result<Vec<Self>, JsonError> {
        match payload.get("iceServers") {
            Some(list) => Self::list(list).ok_or(wrong("payload", ICE_SERVERS_EXPECTED)),
            None => Ok(Vec::new()),
        }
    }

    /// The servers of a JSON list, if it is one.
    fn list(text: &str) -> Option<Vec<Self>> {
        let server = |text| {
            let server = Object::parse(text).ok()?;
            let urls = server.strings("urls")?;
            Some(Self {
                urls: urls.into_iter().map(Cow::into_owned).collect(),
                username: server.string("username").map(Cow::into_owned),
                credential: server.string("credential").map(Cow::into_owned),
            })
        };
        elements(text)?.into_iter().map(server).collect()
    }

    fn to_json(&self) -> String {
        ObjectWriter::default()
            .strings("urls", &self.urls)
            .optional("username", self.username.as_deref())
            .optional("credential", self.credential.as_deref())
            .finish()
    }
}

/// The server's demand for a proof, and for so many bits of work, for the client `to`.
pub fn challenge(to: &str, nonce: &[u8; NONCE], work: u8) -> String {
    let nonce = Base64::Url.encode(nonce);
    let mut payload = ObjectWriter::default();
    let payload = payload.string("nonce", &nonce);
    if work > 0 {
        payload.raw("work", &work.to_string());
    }
    envelope(CHALLENGE, "", to, payload)
}

/// A peer's answer to a server's challenge that asks for no work.
pub fn challenge_response(keypair: &Keypair, nonce: &[u8; NONCE]) -> String {
    challenge_response_with_work(keypair, nonce, None)
}

/// A peer's answer to the server's challenge, with the counter that its work has found.
pub fn challenge_response_with_work(
    keypair: &Keypair,
    nonce: &[u8; NONCE],
    counter: Option<u64>,
) -> String {
    let id = keypair.id();
    let proof = keypair.prove(DOMAIN, &[nonce, id.as_bytes()]);
    let proof = Base64::Url.encode(&proof.to_bytes());
    let mut payload = ObjectWriter::default();
    let payload = payload.string("proof", &proof);
    if let Some(counter) = counter {
        payload.raw("counter", &counter.to_string());
    }
    envelope(CHALLENGE_RESPONSE, &id.to_string(), "", payload)
}

/// The server's word that the client `to` is connected.
pub fn welcome(to: &str, ice_servers: &[IceServer], network: Option<&NetworkParameters>) -> String {
    let mut payload = with_ice_servers(ice_servers);
    if let Some(network) = network {
        payload.raw("network", &network.to_json());
    }
    envelope(WELCOME, "", to, &mut payload)
}

/// The server's word that the client `to` should use these STUN and TURN servers from now on.
pub fn ice_servers(to: &str, ice_servers: &[IceServer]) -> String {
    envelope(ICE_SERVERS, "", to, &mut with_ice_servers(ice_servers))
}

fn with_ice_servers(ice_servers: &[IceServer]) -> ObjectWriter {
    let servers: Vec<String> = ice_servers.iter().map(IceServer::to_json).collect();
    let mut payload = ObjectWriter::default();
    payload.raw("iceServers", &format!("[{}]", servers.join(",")));
    payload
}

/// A peer's word that it has joined the network, so that newcomers can be introduced to it.
pub fn joined(from: PeerId) -> String {
    envelope(JOINED, &from.to_string(), "", &mut ObjectWriter::default())
}

/// The server's word that the client `to` is no longer needed; `within` is in how many seconds its
/// credentials end, if they do.
pub fn release(to: &str, entry_peers: usize, within: Option<u32>) -> String {
    let mut payload = ObjectWriter::default();
    payload.raw("entryPeers", &entry_peers.to_string());
    if let Some(within) = within {
        payload.raw("within", &within.to_string());
    }
    envelope(RELEASE, "", to, &mut payload)
}

/// The server's answer to the offer of a client who is alone; `id` is that of its message.
pub fn denied(to: &str, id: Option<&str>) -> String {
    let mut payload = ObjectWriter::of_type("denied");
    let payload = payload
        .string("reason", signal::DeniedReason::Alone.as_str())
        .optional("id", id);
    envelope(signal::PROTOCOL, "", to, payload)
}

/// The server's refusal; `peer` is the receiver that it does not know, `id` that of the culprit.
pub fn error(
    to: &str,
    code: &ErrorCode,
    message: &str,
    peer: Option<&str>,
    id: Option<&str>,
) -> String {
    let mut payload = ObjectWriter::default();
    let payload = payload
        .string("code", code.as_str())
        .string("message", cut(message))
        .optional("peer", peer.map(cut))
        .optional("id", id.map(cut));
    envelope(ERROR, "", to, payload)
}

/// The server's notice that it closes the WebSocket of the client `to`.
pub fn shutdown(to: &str, reason: &str) -> String {
    let mut payload = ObjectWriter::default();
    envelope(SHUTDOWN, "", to, payload.string("reason", cut(reason)))
}

/// The `type` of a message without `to` by which a peer says that it has joined the network.
pub const JOINED: &str = "joined";

const CHALLENGE: &str = "challenge";
pub(super) const CHALLENGE_RESPONSE: &str = "challenge-response";
const WELCOME: &str = "welcome";
const ICE_SERVERS: &str = "ice-servers";
const ICE_SERVERS_EXPECTED: &str = "an object with `iceServers`, each with a list of `urls`";
const RELEASE: &str = "release";
const ERROR: &str = "error";
const SHUTDOWN: &str = "shutdown";

fn envelope(kind: &str, from: &str, to: &str, payload: &mut ObjectWriter) -> String {
    ObjectWriter::of_type(kind)
        .string("from", from)
        .string("to", to)
        .raw("payload", &payload.finish())
        .finish()
}

/// What a client of the report gives as an id may be no number; then it names no message of ours.
fn message_id(payload: &Object<'_>) -> Option<MessageId> {
    decimal(&payload.string("id")?).map(MessageId)
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
