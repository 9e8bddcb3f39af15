//! topo-protocol: who is connected to whom (the report, section 4.1.2), and in a ring, who comes
//! after whom.

use boplish_wire::limits::MAX_RING_LIST;
use boplish_wire::{Message, ObjectWriter, Payload, PeerId};

use super::{object, payload};

/// The protocol's name.
pub(crate) const NAME: &str = "topo-protocol";

const SUCCESSORS: &str = "successors";
const PREDECESSORS: &str = "predecessors";

/// Peers that are taken from one response.
const MAX_PEERS: usize = 1024;

/// What a delivered message calls for.
#[derive(Debug)]
pub(crate) enum TopoOutput {
    /// Say this to the sender.
    Answer(Payload),
    /// The sender is connected so.
    Learned(Topology),
    /// Nothing.
    Nothing,
}

/// What a peer tells of its place in the network.
#[derive(Debug)]
pub(crate) struct Topology {
    /// Whom it is linked to.
    pub(crate) peers: Vec<PeerId>,
    /// The peers after it on the ring, the nearest first; none on a mesh.
    pub(crate) successors: Vec<PeerId>,
    /// The peers before it on the ring, the nearest first; none on a mesh.
    pub(crate) predecessors: Vec<PeerId>,
}

/// The payload of a request, for the peers that the receiver is connected to.
pub(crate) fn request() -> Payload {
    payload(&mut ObjectWriter::of_type("request"))
}

/// Takes a message of the protocol.
pub(crate) fn handle(message: &Message, own: impl FnOnce() -> Topology) -> TopoOutput {
    let Some(object) = object(&message.payload) else {
        return TopoOutput::Nothing;
    };
    match (object.string("type").as_deref(), object.peers("peers")) {
        (Some("request"), _) => {
            let own = own();
            let mut response = ObjectWriter::of_type("response");
            response.strings("peers", &own.peers);
            for (name, list) in [
                (SUCCESSORS, own.successors),
                (PREDECESSORS, own.predecessors),
            ] {
                if !list.is_empty() {
                    response.strings(name, &list);
                }
            }
            TopoOutput::Answer(payload(&mut response))
        }
        (Some("response"), Some(mut peers)) => {
            peers.truncate(MAX_PEERS);
            let on_ring = |name| {
                let mut list = object.peers(name).unwrap_or_default();
                list.truncate(MAX_RING_LIST);
                list
            };
            TopoOutput::Learned(Topology {
                peers,
                successors: on_ring(SUCCESSORS),
                predecessors: on_ring(PREDECESSORS),
            })
        }
        (Some(_) | None, _) => TopoOutput::Nothing,
    }
}
