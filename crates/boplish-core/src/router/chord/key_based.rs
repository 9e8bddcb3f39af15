//! What services see of the ring (`kbr`).

use boplish_wire::PeerId;
use boplish_wire::ring::Place;

use super::Chord;
use super::next_hop::{Next, Question, next_hop};
use crate::kbr::{KeyBased, Neighbourhood};

impl KeyBased for Chord {
    fn neighbourhood(&self) -> Option<Neighbourhood> {
        let peers = |places: &[Place]| places.iter().map(|it| it.peer).collect();
        self.ring.member.then(|| Neighbourhood {
            own: self.own,
            before: peers(self.ring.predecessors()),
            after: peers(self.ring.successors()),
        })
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
