//! discovery-protocol: finds other peers to connect to (the report, section 4.1.2). It is part
//! of the bootstrap sequence, and spoken by the router.

use boplish_wire::{ObjectWriter, Payload, PeerId};

use super::{object, payload};

/// The protocol's name.
pub(crate) const NAME: &str = "discovery-protocol";

/// Ids that are taken from one answer.
pub(crate) const MAX_IDS: usize = 1024;

/// A message of the protocol.
#[derive(Debug)]
pub(crate) enum Discovery {
    /// Asks for the peers that the receiver is connected to.
    Request,
    /// Names them, at most [`MAX_IDS`].
    Answer { ids: Vec<PeerId> },
}

impl Discovery {
    pub(crate) fn to_payload(&self) -> Payload {
        match self {
            Self::Request => payload(&mut ObjectWriter::of_type("request")),
            Self::Answer { ids } => payload(ObjectWriter::of_type("answer").strings("ids", ids)),
        }
    }

    /// The message that a payload is, if it is one.
    pub(crate) fn from_payload(payload: &Payload) -> Option<Self> {
        let object = object(payload)?;
        match &*object.string("type")? {
            "request" => Some(Self::Request),
            "answer" => {
                let mut ids = object.peers("ids")?;
                ids.truncate(MAX_IDS);
                Some(Self::Answer { ids })
            }
            _ => None,
        }
    }
}
