//! The report's protocols (section 4.1.2), each by its own name. A protocol is given what was
//! delivered to it and returns what to say; it knows neither routes nor links.

pub(crate) mod bopcast;
pub(crate) mod discovery;
pub(crate) mod ping;
pub(crate) mod topo;

use boplish_wire::{Object, ObjectWriter, Payload, PeerId, ProtocolName};

/// A name that is a constant of this crate.
pub(crate) fn name(name: &'static str) -> ProtocolName {
    ProtocolName::new(name).expect("the protocol names of the core are well-formed")
}

/// The payload of a message that the core writes itself.
///
/// Those are bounded well below the limit; should one ever not be, it is sent as `null`, which
/// every receiver ignores.
pub(crate) fn payload(object: &mut ObjectWriter) -> Payload {
    Payload::json(object.finish()).unwrap_or_else(|error| {
        tracing::error!(%error, "a message of the core is too large");
        Payload::empty_json()
    })
}

/// The object that a payload is, if it is one.
pub(crate) fn object(payload: &Payload) -> Option<Object<'_>> {
    match payload {
        Payload::Json(text) => Object::parse(text).ok(),
        Payload::Bytes(_) => None,
    }
}

/// What an `Unreachable` notice says: who could not be reached.
pub(crate) fn unreachable(peer: PeerId) -> Payload {
    payload(ObjectWriter::default().string("peer", &peer.to_string()))
}

/// Who could not be reached, by an `Unreachable` notice.
pub(crate) fn unreachable_peer(notice: &Payload) -> Option<PeerId> {
    object(notice)?.peer("peer")
}
