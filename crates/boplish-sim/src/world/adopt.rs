//! An ordered start: very many peers with their places in a ring, without handshakes or messages.

use std::sync::Arc;

use boplish_core::wire::PeerId;
use boplish_core::wire::ring::{TableEntry, gap_code, latency_code};
use boplish_core::{AdoptedLink, AdoptedPlace, ConnectionId};

use super::World;
use crate::moment::span;
use crate::overlay::PlannedLinks;
use crate::peer::PeerHandle;
use crate::webrtc::{Endpoint, EndpointIndex};

/// An ICE user name fragment that no description has: it leads to nobody.
const NO_UFRAG: &str = "--------";

/// A ring in order, as it is to be.
struct Order<'a> {
    /// Clockwise.
    peers: &'a [PeerHandle],
    links: &'a PlannedLinks,
    /// What the neighbours of each know of its links.
    tables: Vec<Arc<Vec<TableEntry>>>,
    /// Where the endpoints of each begin.
    first: Vec<usize>,
    endpoints: Vec<EndpointIndex>,
}

impl World {
    /// Gives peers that have just opened, in the order of their ids, the places and links of a
    /// ring, with round trips as if they had been measured. Their lists are so long.
    pub(crate) fn adopt(&mut self, peers: &[PeerHandle], links: &PlannedLinks, lists: usize) {
        let mut order = Order {
            peers,
            links,
            tables: Vec::with_capacity(peers.len()),
            first: Vec::with_capacity(peers.len()),
            endpoints: Vec::with_capacity(links.ends()),
        };
        self.endpoints.reserve(links.ends());
        for (number, owner) in peers.iter().enumerate() {
            order.tables.push(self.table_of(&order, number));
            order.first.push(order.endpoints.len());
            for connection in 0..links.of(number as u32).len() as u64 {
                let endpoint = Endpoint::at_rest(*owner, ConnectionId(connection));
                order.endpoints.push(self.endpoints.insert(endpoint));
            }
        }
        for number in 0..peers.len() {
            self.give_place(&order, number, lists);
        }
        self.counters.connections += order.endpoints.len() as u64;
        self.counters.opened += order.endpoints.len() as u64 / 2;
        self.last_change = self.now;
    }

    /// How far a peer is from the one before it.
    fn gap_before(&self, order: &Order<'_>, number: usize) -> u32 {
        let before = (number + order.peers.len() - 1) % order.peers.len();
        let [here, before] = [number, before].map(|it| position(self.id_of(order.peers[it])));
        here.wrapping_sub(before).max(1)
    }

    fn table_of(&self, order: &Order<'_>, number: usize) -> Arc<Vec<TableEntry>> {
        let ends = order.links.of(number as u32).iter();
        let entry = |other: usize| {
            let peer = order.peers[other];
            let latency = span(self.distance(order.peers[number], peer)) / 62_500;
            TableEntry {
                position: position(self.id_of(peer)),
                latency: latency_code(u16::try_from(latency).unwrap_or(u16::MAX)),
                gap: gap_code(self.gap_before(order, other)),
            }
        };
        Arc::new(ends.map(|end| entry(end.peer() as usize)).collect())
    }

    fn give_place(&mut self, order: &Order<'_>, number: usize, lists: usize) {
        let (peer, count) = (order.peers[number], order.peers.len());
        let ends = order.links.of(number as u32);
        let link = |connection: usize| {
            let end = ends[connection];
            let (other, index) = (order.peers[end.peer() as usize], end.peer() as usize);
            AdoptedLink {
                peer: self.id_of(other),
                offered: end.offered(),
                session: match end.offered() {
                    true => self.session(peer, ConnectionId(connection as u64)),
                    false => self.session(other, order.connection(index, number)),
                },
                fingerprint: self.fingerprint(other),
                ufrag: NO_UFRAG,
                gap: self.gap_before(order, index),
                round_trip: self.distance(peer, other) * 2,
                table: &order.tables[index],
            }
        };
        let links: Vec<_> = (0..ends.len()).map(link).collect();
        let lists = lists.min(count - 1);
        let id = |index: usize| self.id_of(order.peers[index % count]);
        let before: Vec<PeerId> = (1..=lists).map(|step| id(number + count - step)).collect();
        let after: Vec<PeerId> = (1..=lists).map(|step| id(number + step)).collect();
        let place = AdoptedPlace {
            predecessors: &before,
            successors: &after,
            links: &links,
        };
        let now = self.local_now(peer);
        let node = self.peer_mut(peer).node.as_mut();
        let is_new = node.is_some_and(|node| node.adopt_place(now, place));
        debug_assert!(is_new, "the peer has just opened");
        let own = order.endpoints_of(number);
        for (endpoint, end) in own.iter().zip(ends) {
            let there = end.peer() as usize;
            let back = order.connection(there, number).0 as usize;
            let partner = order.endpoints_of(there).get(back).copied();
            if let Some(it) = self.endpoint_mut(*endpoint) {
                it.partner = partner;
            }
        }
        let slots = own.iter().map(|endpoint| endpoint.slot());
        self.peer_mut(peer).connections.adopt(slots);
        for endpoint in own {
            self.refresh_endpoint(*endpoint);
        }
        self.drain(peer);
    }
}

impl Order<'_> {
    fn endpoints_of(&self, number: usize) -> &[EndpointIndex] {
        let first = self.first[number];
        &self.endpoints[first..first + self.links.of(number as u32).len()]
    }

    /// The connection of one peer that leads to another.
    fn connection(&self, from: usize, to: usize) -> ConnectionId {
        let ends = self.links.of(from as u32);
        let place = ends.partition_point(|end| (end.peer() as usize) < to);
        ConnectionId(place as u64)
    }
}

/// The first 32 bits of an id.
fn position(id: PeerId) -> u32 {
    let [a, b, c, d, ..] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
