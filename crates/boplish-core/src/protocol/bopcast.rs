//! bopcast-protocol: the report's application-layer multicast (section 4.1.2, figure 4.2).
//! Everyone registers with someone, and everyone sends to everyone.

use boplish_wire::{Base64, Message, Object, ObjectWriter, Payload, PeerId};

use super::{object, payload};
use crate::table::Set;

/// The protocol's name.
pub(crate) const NAME: &str = "bopcast-protocol";

/// Asks to share a group.
const REQUEST: &str = "register-request";

/// Tells a member of the newcomer, `peer`, that has asked the sender.
const PROPAGATE: &str = "register-propagate";

/// Tells a newcomer that the sender shares the group with it.
const RESPONSE: &str = "register-response";

/// Tells the group something: `payload`, or `bytes` in base64.
const DELIVER: &str = "deliver";

/// Members of a group; further ones are not added.
const MAX_MEMBERS: usize = 256;

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
        payload(&mut ObjectWriter::of_type(REQUEST))
    }

    /// The payload of a message to the group, if `content` is not too long to be wrapped.
    pub(crate) fn deliver(content: &Payload) -> Option<Payload> {
        let mut message = ObjectWriter::of_type(DELIVER);
        match content {
            Payload::Json(text) => message.raw("payload", text),
            Payload::Bytes(bytes) => message.string("bytes", &Base64::Padded.encode(bytes)),
        };
        Payload::json(message.finish()).ok()
    }

    /// A peer is not there any more.
    pub(crate) fn remove(&mut self, peer: PeerId) -> bool {
        self.members.remove(&peer).is_some()
    }

    /// Takes a message of the protocol.
    pub(crate) fn handle(&mut self, own: PeerId, message: &Message) -> BopcastOutput {
        let from = message.from;
        let mut output = BopcastOutput::default();
        let Some(object) = object(&message.payload) else {
            return output;
        };
        match object.string("type").as_deref() {
            Some(REQUEST) => {
                let others = self.members.keys().filter(|member| **member != from);
                let news =
                    payload(ObjectWriter::of_type(PROPAGATE).string("peer", &from.to_string()));
                output.say = others.map(|member| (*member, news.clone())).collect();
                output.changed = self.add(from);
                output.say.push((from, response()));
            }
            Some(PROPAGATE) => {
                if let Some(peer) = object.peer("peer")
                    && self.members.contains_key(&from)
                    && peer != own
                {
                    output.changed = self.add(peer);
                    output.say = vec![(peer, response())];
                }
            }
            Some(RESPONSE) => output.changed = self.add(from),
            Some(DELIVER) => {
                if self.members.contains_key(&from) {
                    output.delivered = content(&object);
                }
            }
            Some(_) | None => {}
        }
        output
    }

    fn add(&mut self, peer: PeerId) -> bool {
        self.members.len() < MAX_MEMBERS && self.members.insert(peer, ()).is_none()
    }
}

fn response() -> Payload {
    payload(&mut ObjectWriter::of_type(RESPONSE))
}

/// What a group is told.
fn content(deliver: &Object<'_>) -> Option<Payload> {
    match deliver.string("bytes") {
        Some(bytes) => Payload::bytes(Base64::Padded.decode(&bytes)?).ok(),
        None => Payload::json(deliver.get("payload").unwrap_or("null")).ok(),
    }
}
