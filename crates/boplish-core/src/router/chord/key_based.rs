//! What services see of the ring (`kbr`).

use boplish_wire::PeerId;
use boplish_wire::ring::Place;

use super::Chord;
use super::next_hop::{Next, Question, next_hop};
use crate::kbr::{KeyBased, Neighbourhood};
use crate::router::RouterOutput;

impl Chord {
    /// Services are told when a ring of one gets links, and while it may lose them again.
    pub(super) fn tell_while_alone(&mut self) {
        if self.ring.member && self.ring.successors().is_empty() {
            self.outputs.push_back(RouterOutput::NeighbourhoodChanged);
        }
    }
}

impl KeyBased for Chord {
    fn neighbourhood(&self) -> Option<Neighbourhood> {
        let peers = |places: &[Place]| places.iter().map(|it| it.peer).collect();
        self.ring.member.then(|| Neighbourhood {
            own: self.own,
            before: peers(self.ring.predecessors()),
            after: peers(self.ring.successors()),
        })
    }

    fn awaits_others(&self) -> bool {
        let ring = &self.ring;
        let is_alone = ring.successors().is_empty() && ring.predecessors().is_empty();
        ring.member && is_alone && self.neighbours.len() > 0
    }

    fn local_lookup(&self, key: &PeerId, count: usize) -> Vec<PeerId> {
        let mut hops = Vec::new();
        while hops.len() < count {
            let question = Question {
                to: key,
                by_key: true,
                hop: None,
                joins: false,
                hops: 0,
                except: &hops,
            };
            match next_hop(&self.own, &self.ring, &self.neighbours, question) {
                Next::Here => return vec![self.own],
                Next::Link { peer, .. } => hops.push(peer),
                Next::Nowhere => break,
            }
        }
        hops
    }
}
