//! discovery-protocol: finds other peers to connect to (the report, section 4.1.2). It is part
//! of the bootstrap sequence, and spoken by the router.

use boplish_wire::PeerId;
use serde::{Deserialize, Serialize};

use super::hex_list;

/// The protocol's name.
pub(crate) const NAME: &str = "discovery-protocol";

/// Ids that are taken from one answer.
pub(crate) const MAX_IDS: usize = 1024;

/// A message of the protocol.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Discovery {
    /// Asks for the peers that the receiver is connected to.
    Request,
    /// Names them.
    Answer {
        #[serde(with = "hex_list")]
        ids: Vec<PeerId>,
    },
}
