//! While the network has no more peers than the budget has links, everybody is linked with
//! everybody.

use core::time::Duration;

use boplish_wire::{Kind, Message, PeerId, Way};

use super::long_links::Want;
use super::space::position;
use super::{Chord, RouterOutput};
use crate::protocol;
use crate::protocol::discovery::{self, Discovery};
use crate::time::Time;

/// In a small network, neighbours are asked for theirs this often.
const ASK_INTERVAL: Duration = Duration::from_millis(700);

impl Chord {
    /// Whether everybody should be linked with everybody. A newcomer can't know yet.
    pub(super) fn is_small(&self) -> bool {
        self.ring.member
            && self.neighbours.len() <= self.config.budget
            && self.ring.estimated_size() as usize <= self.config.budget + 1
            && self.known_positions() <= self.config.budget
    }

    /// How many peers are linked to this one or to a neighbour.
    fn known_positions(&self) -> usize {
        let mut known = vec![position(&self.own)];
        for (id, link) in self.neighbours.iter() {
            let table = link.table.iter().map(|entry| entry.position);
            for place in core::iter::once(position(id)).chain(table) {
                if !known.contains(&place) {
                    known.push(place);
                }
                if known.len() > self.config.budget + 1 {
                    return known.len();
                }
            }
        }
        known.len() - 1
    }

    /// A neighbour's table has changed: while the network is small, asks for those in it that
    /// there is no link to.
    pub(super) fn complete_mesh(&mut self, now: Time, peer: PeerId) {
        if !self.is_small() {
            return;
        }
        let Some(link) = self.neighbours.get(&peer) else {
            return;
        };
        if now < self.timers.ask_not_before {
            return self.plan_long(now, ASK_INTERVAL);
        }
        if link.table.iter().any(|it| self.is_new(now, it.position)) {
            self.timers.ask_not_before = now + ASK_INTERVAL;
            self.outputs.push_back(RouterOutput::Originate {
                to: Some(peer),
                protocol: protocol::name(discovery::NAME),
                kind: Kind::Plain,
                payload: Discovery::Request.to_payload(),
                way: Way::default(),
            });
        }
    }

    /// Takes a message of discovery-protocol, which full meshes grow by.
    pub(super) fn handle_discovery(&mut self, now: Time, message: &Message) {
        match Discovery::from_payload(&message.payload) {
            Some(Discovery::Request) => {
                let ids = self.neighbours.ids();
                let ids = ids.into_iter().filter(|id| *id != message.from).collect();
                self.outputs.push_back(RouterOutput::Originate {
                    to: Some(message.from),
                    protocol: protocol::name(discovery::NAME),
                    kind: Kind::Plain,
                    payload: Discovery::Answer { ids }.to_payload(),
                    way: Way::default(),
                });
            }
            Some(Discovery::Answer { ids }) => {
                for id in ids {
                    if self.is_small() {
                        self.want(now, id, Want::Mesh);
                    }
                }
            }
            None => tracing::debug!(from = ?message.from, "bad discovery message"),
        }
    }
}
