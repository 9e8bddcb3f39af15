//! bopcast-protocol: the report's application-layer multicast (section 4.1.2, figure 4.2).
//! Everyone registers with someone, and everyone sends to everyone.

use base64ct::{Base64, Encoding};
use boplish_wire::{Message, Payload, PeerId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{hex, payload};
use crate::table::Set;

/// The protocol's name.
pub(crate) const NAME: &str = "bopcast-protocol";

/// Members of a group; further ones are not added.
const MAX_MEMBERS: usize = 256;

/// The subtypes of the report.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Subtype {
    /// Asks to share a group.
    RegisterRequest,
    /// Tells a member of the newcomer, `peer`, that has asked the sender.
    RegisterPropagate,
    /// Tells a newcomer that the sender shares the group with it.
    RegisterResponse,
    /// Tells the group something: `payload`, or `bytes` in base64.
    Deliver,
}

/// A message of the protocol.
#[derive(Debug, Serialize, Deserialize)]
struct Bopcast {
    #[serde(rename = "type")]
    subtype: Subtype,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Id(#[serde(with = "hex")] PeerId);

impl Bopcast {
    fn new(subtype: Subtype) -> Self {
        Self {
            subtype,
            peer: None,
            payload: None,
            bytes: None,
        }
    }

    fn propagate(peer: PeerId) -> Self {
        Self {
            peer: Some(Id(peer)),
            ..Self::new(Subtype::RegisterPropagate)
        }
    }

    /// What the group is told.
    fn content(self) -> Option<Payload> {
        match (self.payload, self.bytes) {
            (Some(json), _) => Payload::json(json.get()).ok(),
            (None, Some(bytes)) => Payload::bytes(Base64::decode_vec(&bytes).ok()?).ok(),
            (None, None) => None,
        }
    }
}

/// The group of this peer.
#[derive(Debug, Default)]
pub(crate) struct Group {
    members: Set<PeerId>,
}

/// What a delivered message calls for.
#[derive(Debug, Default)]
pub(crate) struct BopcastOutput {
    /// Whom to tell what.
    pub(crate) say: Vec<(PeerId, Payload)>,
    /// Whether the members have changed.
    pub(crate) changed: bool,
    /// What the group was told.
    pub(crate) delivered: Option<Payload>,
}

impl Group {
    /// The members, without the own id, in order.
    pub(crate) fn members(&self) -> Vec<PeerId> {
        self.members.keys().copied().collect()
    }

    /// The payload of a request to share the group of a peer.
    pub(crate) fn register() -> Payload {
        payload(&Bopcast::new(Subtype::RegisterRequest))
    }

    /// The payload of a message to the group, if `content` is not too long to be wrapped.
    pub(crate) fn deliver(content: &Payload) -> Option<Payload> {
        let mut message = Bopcast::new(Subtype::Deliver);
        match content {
            Payload::Json(text) => {
                message.payload = Some(RawValue::from_string(text.to_string()).ok()?);
            }
            Payload::Bytes(bytes) => message.bytes = Some(Base64::encode_string(bytes)),
        }
        Payload::from_value(&message).ok()
    }

    /// A peer is not there any more.
    pub(crate) fn remove(&mut self, peer: PeerId) -> bool {
        self.members.remove(&peer).is_some()
    }

    /// Takes a message of the protocol.
    pub(crate) fn handle(&mut self, own: PeerId, message: &Message) -> BopcastOutput {
        let from = message.from;
        let mut output = BopcastOutput::default();
        let parsed = match message.payload.parse::<Bopcast>() {
            Ok(parsed) => parsed,
            Err(error) => {
                tracing::debug!(?from, %error, "bad bopcast message");
                return output;
            }
        };
        match parsed.subtype {
            Subtype::RegisterRequest => {
                let others = self.members.keys().filter(|member| **member != from);
                let news = payload(&Bopcast::propagate(from));
                output.say = others.map(|member| (*member, news.clone())).collect();
                output.changed = self.add(from);
                let response = Bopcast::new(Subtype::RegisterResponse);
                output.say.push((from, payload(&response)));
            }
            Subtype::RegisterPropagate => {
                if let Some(Id(peer)) = parsed.peer
                    && self.members.contains_key(&from)
                    && peer != own
                {
                    output.changed = self.add(peer);
                    let response = Bopcast::new(Subtype::RegisterResponse);
                    output.say = vec![(peer, payload(&response))];
                }
            }
            Subtype::RegisterResponse => output.changed = self.add(from),
            Subtype::Deliver => {
                if self.members.contains_key(&from) {
                    output.delivered = parsed.content();
                }
            }
        }
        output
    }

    fn add(&mut self, peer: PeerId) -> bool {
        self.members.len() < MAX_MEMBERS && self.members.insert(peer, ()).is_none()
    }
}
