//! The report's protocols (section 4.1.2), each by its own name. A protocol is given what was
//! delivered to it and returns what to say; it knows neither routes nor links.

pub(crate) mod bopcast;
pub(crate) mod discovery;
pub(crate) mod ping;
pub(crate) mod topo;

use boplish_wire::{Payload, PeerId, ProtocolName};
use serde::{Deserialize, Serialize};

/// A name that is a constant of this crate.
pub(crate) fn name(name: &'static str) -> ProtocolName {
    ProtocolName::new(name).expect("the protocol names of the core are well-formed")
}

/// The payload of a message that the core writes itself.
///
/// Those are bounded well below the limit; should one ever not be, it is sent as `null`, which
/// every receiver ignores.
pub(crate) fn payload<T: Serialize>(value: &T) -> Payload {
    Payload::from_value(value).unwrap_or_else(|error| {
        tracing::error!(%error, "a message of the core is too large");
        Payload::empty_json()
    })
}

/// What an `Unreachable` notice says: who could not be reached.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unreachable {
    #[serde(with = "hex")]
    pub(crate) peer: PeerId,
}

/// An id as its 40 hex digits.
pub(crate) mod hex {
    use boplish_wire::PeerId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(id: &PeerId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PeerId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A list of ids as their hex digits.
pub(crate) mod hex_list {
    use boplish_wire::PeerId;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    struct Id(#[serde(with = "super::hex")] PeerId);

    pub(crate) fn serialize<S: Serializer>(ids: &[PeerId], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(ids.iter().map(PeerId::to_string))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PeerId>, D::Error> {
        let ids = Vec::<Id>::deserialize(from)?;
        Ok(ids.into_iter().map(|Id(id)| id).collect())
    }
}
