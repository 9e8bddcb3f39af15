//! topo-protocol: who is connected to whom (the report, section 4.1.2).

use boplish_wire::{Message, Payload, PeerId};
use serde::{Deserialize, Serialize};

use super::{hex_list, payload};

/// The protocol's name.
pub(crate) const NAME: &str = "topo-protocol";

/// Peers that are taken from one response.
const MAX_PEERS: usize = 1024;

/// A message of the protocol.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Topo {
    /// Asks for the peers that the receiver is connected to.
    Request,
    /// Names them.
    Response {
        #[serde(with = "hex_list")]
        peers: Vec<PeerId>,
    },
}

/// What a delivered message calls for.
#[derive(Debug)]
pub(crate) enum TopoOutput {
    /// Say this to the sender.
    Answer(Payload),
    /// The sender is connected to these.
    Learned(Vec<PeerId>),
    /// Nothing.
    Nothing,
}

/// The payload of a request.
pub(crate) fn request() -> Payload {
    payload(&Topo::Request)
}

/// Takes a message of the protocol.
pub(crate) fn handle(message: &Message, own_peers: impl FnOnce() -> Vec<PeerId>) -> TopoOutput {
    match message.payload.parse::<Topo>() {
        Ok(Topo::Request) => {
            let peers = own_peers();
            TopoOutput::Answer(payload(&Topo::Response { peers }))
        }
        Ok(Topo::Response { mut peers }) => {
            peers.truncate(MAX_PEERS);
            TopoOutput::Learned(peers)
        }
        Err(error) => {
            tracing::debug!(from = ?message.from, %error, "bad topo message");
            TopoOutput::Nothing
        }
    }
}
