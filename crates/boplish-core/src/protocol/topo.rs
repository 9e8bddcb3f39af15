//! topo-protocol: who is connected to whom (the report, section 4.1.2).

use boplish_wire::{Message, ObjectWriter, Payload, PeerId};

use super::{object, payload};

/// The protocol's name.
pub(crate) const NAME: &str = "topo-protocol";

/// Peers that are taken from one response.
const MAX_PEERS: usize = 1024;

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

/// The payload of a request, for the peers that the receiver is connected to.
pub(crate) fn request() -> Payload {
    payload(&mut ObjectWriter::of_type("request"))
}

/// Takes a message of the protocol.
pub(crate) fn handle(message: &Message, own_peers: impl FnOnce() -> Vec<PeerId>) -> TopoOutput {
    let Some(object) = object(&message.payload) else {
        return TopoOutput::Nothing;
    };
    match (object.string("type").as_deref(), object.peers("peers")) {
        (Some("request"), _) => {
            let peers = own_peers();
            let mut response = ObjectWriter::of_type("response");
            TopoOutput::Answer(payload(response.strings("peers", &peers)))
        }
        (Some("response"), Some(mut peers)) => {
            peers.truncate(MAX_PEERS);
            TopoOutput::Learned(peers)
        }
        (Some(_) | None, _) => TopoOutput::Nothing,
    }
}
