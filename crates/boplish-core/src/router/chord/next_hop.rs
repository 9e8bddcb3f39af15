//! Where a message goes next: greedy over neighbours of neighbours (Manku, Naor, Wieder: "Know
//! thy neighbor's neighbor", 2004), with the second hop pinned, since deciding anew at each hop
//! need not come to an end.

use boplish_wire::ring::{gap_of, latency_of};
use boplish_wire::{Hop, PeerId};

use super::neighbours::{Neighbour, Neighbours};
use super::ring::Ring;
use super::space::{clockwise, gap, is_within, position};

/// Where a message goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nowhere: it is for this peer.
    Here,
    /// Over a link; what to tell the next hop.
    Link {
        peer: PeerId,
        pin: Option<u32>,
        bound: u32,
    },
    /// No way is known.
    Nowhere,
}

/// How many owners are tried if each but the last seems to be gone.
const CHAIN: usize = 3;

/// Hops after which a message does not go over those who say that they are linked to a peer.
const MAX_RELAYED: u8 = 8;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) to: &'a PeerId,
    /// Whether the key's owner is meant, not only the peer of that id.
    pub(super) by_key: bool,
    /// What the hop before has said.
    pub(super) hop: Option<Hop>,
    /// Whether the writer itself has that id: it is about to join.
    pub(super) joins: bool,
    /// The links that it has come over.
    pub(super) hops: u8,
    /// Peers that it must not go over: it has come from there, or they did not answer.
    pub(super) except: &'a [PeerId],
}

pub(super) fn next_hop(
    own: &PeerId,
    ring: &Ring,
    neighbours: &Neighbours,
    question: Question<'_>,
) -> Next {
    let Question { to, by_key, .. } = question;
    // A peer that joins asks who owns its own id.
    if to == own && (ring.member || !by_key) {
        return Next::Here;
    }
    let usable = |peer: &PeerId| {
        let link = neighbours.get(peer)?;
        (link.suspect.is_none() && !question.except.contains(peer)).then_some(link)
    };
    if usable(to).is_some_and(|link| link.member || !by_key) {
        return Next::Link {
            peer: *to,
            pin: None,
            bound: 0,
        };
    }
    let is_newcomer = neighbours.get(to).is_some_and(|link| !link.member);
    let joins = question.joins && is_newcomer && ring.predecessor() == Some(*to);
    if ring.owns(to) || joins {
        if by_key {
            return Next::Here;
        }
        return relay(neighbours, question, position(to))
            .or_else(|| last_resort(neighbours, question, &[*to]))
            .unwrap_or(Next::Nowhere);
    }
    let owners = owners_nearby(own, ring, to);
    let mut is_late = false;
    for owner in &owners {
        let owner = *owner;
        if owner == *own {
            // Those between the key and this peer were named by others, nobody has a link to them,
            // and who sends it here takes this peer for the owner.
            let is_owner = |hop: Hop| hop.pin.is_none() && hop.bound == 0;
            if by_key && !is_late && ring.member && question.hop.is_some_and(is_owner) {
                return Next::Here;
            }
            break;
        }
        // One that has just been taken in learns it before the message comes.
        if usable(&owner).is_some() {
            return Next::Link {
                peer: owner,
                pin: None,
                bound: 0,
            };
        }
        let link = neighbours.get(&owner);
        is_late |= link.is_some();
        if link.is_none()
            && let Some(next) = relay(neighbours, question, position(&owner))
        {
            return next;
        }
    }
    greedy(own, ring, neighbours, question)
        .or_else(|| clockwise_greedy(own, neighbours, question))
        .or_else(|| last_resort(neighbours, question, &owners))
        .unwrap_or(Next::Nowhere)
}

/// The destination itself, or its owner, even if it has not answered lately: it may be slow.
fn last_resort(neighbours: &Neighbours, question: Question<'_>, owners: &[PeerId]) -> Option<Next> {
    let linked = |peer: &&PeerId| neighbours.get(peer).is_some() && !question.except.contains(peer);
    let peer = core::iter::once(question.to).chain(owners).find(linked)?;
    Some(Next::Link {
        peer: *peer,
        pin: None,
        bound: 0,
    })
}

/// Who owns a key, by the own lists, and who would if that peer were gone, and so on, up to this peer.
fn owners_nearby(own: &PeerId, ring: &Ring, key: &PeerId) -> Vec<PeerId> {
    let successors = ring.successors();
    if let Some(last) = successors.last()
        && is_within(own, key, &last.peer)
    {
        let distance = clockwise(own, key);
        let owners = successors.iter().map(|it| it.peer);
        let owners = owners.skip_while(|it| clockwise(own, it) < distance);
        return owners.take(CHAIN).collect();
    }
    // The nearest is first: the farthest that is still at or after the key owns it.
    let predecessors = ring.predecessors();
    if let Some(farthest) = predecessors.last()
        && is_within(&farthest.peer, key, own)
    {
        let distance = clockwise(key, own);
        let owners = predecessors.iter().rev().map(|it| it.peer);
        let owners = owners.skip_while(|it| clockwise(it, own) > distance);
        return owners.chain([*own]).take(CHAIN).collect();
    }
    Vec::new()
}

/// A neighbour that is linked to a position; the nearest in latency.
fn relay(neighbours: &Neighbours, question: Question<'_>, target: u32) -> Option<Next> {
    // A peer that is gone is listed for a while; nobody is asked for it for ever.
    if question.hops >= MAX_RELAYED {
        return None;
    }
    let linked = neighbours.iter().filter(|(id, link)| {
        link.is_usable() && link.lists(target) && !question.except.contains(id)
    });
    let (peer, _) = linked.min_by_key(|(_, link)| link.latency())?;
    Some(Next::Link {
        peer: *peer,
        pin: Some(target),
        bound: 0,
    })
}

/// The neighbour's neighbour from which the rest is cheapest, over the neighbour that leads there.
///
/// Whoever sends a message on pins somebody who is nearer to the destination than the pin that it
/// came with, or leaves that pin as it is: so distances fall, and it comes to an end.
fn greedy(
    own: &PeerId,
    ring: &Ring,
    neighbours: &Neighbours,
    question: Question<'_>,
) -> Option<Next> {
    let here = position(own);
    let rest = Rest {
        key: position(question.to),
        by_key: question.by_key,
        size: ring.estimated_size(),
        per_octave: per_octave(neighbours.budget()),
    };
    let came = question
        .hop
        .and_then(|hop| hop.pin.map(|pin| (pin, hop.bound)));
    let came = came.filter(|(pin, _)| *pin != here);
    let limit = came.map_or(gap(here, rest.key).max(1), |(_, bound)| bound);
    let allowed =
        |(id, link): &(&PeerId, &Neighbour)| link.is_usable() && !question.except.contains(id);
    // The least cost so far, and whom to pin for it, how far that is from the key, over whom.
    let mut least = u64::MAX;
    let mut best = None;
    for (peer, link) in neighbours.iter().filter(allowed) {
        let first = u64::from(link.latency()) + HOP;
        let at = position(peer);
        let distance = rest.distance(at, link.gap);
        if distance < limit {
            let cost = first + rest.cost(distance);
            if cost < least {
                (least, best) = (cost, Some((at, distance, peer)));
            }
        }
        for entry in link.table.iter() {
            let second = first + u64::from(latency_of(entry.latency)) + HOP;
            // Most can't win whatever their distance, which takes longer to weigh.
            if second >= least {
                continue;
            }
            let distance = rest.distance(entry.position, gap_of(entry.gap));
            let is_hopeless = distance > 0 && second + LAST >= least;
            if is_hopeless || distance >= limit || entry.position == here {
                continue;
            }
            let cost = second + rest.cost(distance);
            if cost < least {
                (least, best) = (cost, Some((entry.position, distance, peer)));
            }
        }
    }
    if let Some((pin, bound, peer)) = best {
        return Some(Next::Link {
            peer: *peer,
            pin: Some(pin),
            bound,
        });
    }
    let (pin, bound) = came?;
    let at_pin = |(id, _): &(&PeerId, &Neighbour)| position(id) == pin;
    let (peer, _) = neighbours.iter().filter(allowed).find(at_pin)?;
    Some(Next::Link {
        peer: *peer,
        pin: Some(pin),
        bound,
    })
}

// Fitted to lookups over a ring of 10,000 peers with 50 links each that the protocol had built
// (docs/overlay.md, "Stretch"). All in units of 1/16 ms.

/// What a hop costs besides its latency: it loads a peer, and may fail.
const HOP: u64 = 35 * 16;

/// What is left when the message is with one of the peers next to the owner: a hop, sometimes two.
const LAST: u64 = 185 * 16;

/// What a halving of the distance costs, times the square root of the links.
const HALVING: f32 = 141.0 * 16.0;

/// What is left of the way from a peer that a message might go to.
struct Rest {
    key: u32,
    by_key: bool,
    /// About how many peers there are.
    size: u32,
    /// What each halving of the distance is expected to cost, times 256.
    per_octave: u64,
}

impl Rest {
    /// How far a peer is from the key; 0 if it owns it, by the distance to its predecessor.
    fn distance(&self, at: u32, gap_before: u32) -> u32 {
        match at.wrapping_sub(self.key) < gap_before.max(u32::from(!self.by_key)) {
            true => 0,
            false => gap(at, self.key).max(1),
        }
    }

    /// What it costs from there: nothing from the owner, else the last hop, and a share of another
    /// for each halving of the distance in peers.
    fn cost(&self, distance: u32) -> u64 {
        if distance == 0 {
            return 0;
        }
        let peers = (u64::from(distance) * u64::from(self.size)) >> 31;
        LAST + (log2(peers.max(4)) - 2 * 256) * self.per_octave / (256 * 256)
    }
}

/// What a halving costs, times 256: with more links fewer hops are left.
fn per_octave(links: usize) -> u64 {
    (256.0 * HALVING / (links.max(4) as f32).sqrt()) as u64
}

/// The logarithm to base 2, times 256, straight within an octave.
fn log2(value: u64) -> u64 {
    let whole = u64::from(value.ilog2());
    let rest = (value << 8 >> whole) & 255;
    whole << 8 | rest
}

/// Chord's own rule, for a peer whose neighbourhood is not in order: the neighbour that precedes
/// the key most closely, or else the successor.
fn clockwise_greedy(own: &PeerId, neighbours: &Neighbours, question: Question<'_>) -> Option<Next> {
    let before = |(id, link): &(&PeerId, &Neighbour)| {
        link.is_usable() && !question.except.contains(id) && is_within(own, id, question.to)
    };
    let (peer, _) = neighbours
        .iter()
        .filter(before)
        .max_by_key(|(id, _)| clockwise(own, id))?;
    Some(Next::Link {
        peer: *peer,
        pin: None,
        bound: u32::MAX,
    })
}

#[cfg(test)]
mod tests;
