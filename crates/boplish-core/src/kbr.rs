//! Key-based routing: the common interface of structured overlays (Dabek, Zhao, Druschel,
//! Kubiatowicz, Stoica: "Towards a common API for structured peer-to-peer overlays", 2003,
//! section 4). What stores and distributes content stands on this and on nothing else.
//!
//! The paper's upcalls are outputs here, since a core calls nobody: `deliver` is
//! [`Event::KeyMessage`](crate::Event::KeyMessage), `forward` is
//! [`Event::Forward`](crate::Event::Forward), answered by
//! [`Node::go_on`](crate::Node::go_on), and `update` is
//! [`Event::NeighbourhoodChanged`](crate::Event::NeighbourhoodChanged).

use boplish_wire::PeerId;

pub(crate) use crate::router::chord::space::{clockwise, is_within};

/// What a router knows of the ring around this peer, without a gap. On a mesh that is everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Neighbourhood {
    pub(crate) own: PeerId,
    /// The peers before it, the nearest first.
    pub(crate) before: Vec<PeerId>,
    /// The peers after it, the nearest first.
    pub(crate) after: Vec<PeerId>,
}

/// What a router must offer so that services can stand on it.
pub(crate) trait KeyBased {
    /// What is known of the ring around this peer; `None` while it is no member.
    fn neighbourhood(&self) -> Option<Neighbourhood>;

    /// Whether this peer is a ring by itself, though it has links: others are about to join it, and
    /// it owns all keys for that long only.
    fn awaits_others(&self) -> bool {
        false
    }

    /// Up to `count` next hops to the owner of a key, the best first; the own id, if this peer
    /// is the owner.
    fn local_lookup(&self, key: &PeerId, count: usize) -> Vec<PeerId>;

    /// Up to `count` peers around this one, the nearest first, from both sides in turn.
    fn neighbour_set(&self, count: usize) -> Vec<PeerId> {
        let Some(near) = self.neighbourhood() else {
            return Vec::new();
        };
        let sides = near.after.len().max(near.before.len());
        let mut set: Vec<PeerId> = Vec::new();
        for index in 0..sides {
            for peer in [near.after.get(index), near.before.get(index)] {
                if let Some(peer) = peer.filter(|it| !set.contains(it)) {
                    set.push(*peer);
                }
            }
        }
        set.truncate(count);
        set
    }

    /// The peers that hold replicas of what has a key, up to rank `max_rank`: its owner and
    /// those after it. Empty if the owner is not in the neighbourhood; shorter if the
    /// neighbourhood ends before.
    fn replica_set(&self, key: &PeerId, max_rank: usize) -> Vec<PeerId> {
        let Some(near) = self.neighbourhood() else {
            return Vec::new();
        };
        let line = near.line();
        match line.owner(key) {
            None => Vec::new(),
            Some(first) => {
                let wrapped = line.peers.iter().cycle().skip(first);
                let rest = match line.is_whole {
                    true => line.peers.len(),
                    false => line.peers.len() - first,
                };
                wrapped.take(rest.min(max_rank + 1)).copied().collect()
            }
        }
    }

    /// The keys for which a peer holds the replica of this rank (0: the keys that it owns), as
    /// an interval without its first and with its second end. `None` if the neighbourhood does
    /// not tell. If both ends are the same, it is all keys.
    fn range(&self, peer: &PeerId, rank: usize) -> Option<(PeerId, PeerId)> {
        let line = self.neighbourhood()?.line();
        let index = line.peers.iter().position(|it| it == peer)?;
        let count = line.peers.len();
        let back = |steps: usize| match line.is_whole {
            true => (steps <= count).then(|| line.peers[(index + count - steps) % count]),
            false => Some(line.peers[index.checked_sub(steps)?]),
        };
        Some((back(rank + 1)?, back(rank)?))
    }
}

/// Sorts peers by how far they are behind an id, clockwise.
pub(crate) fn sort_behind(id: &PeerId, peers: &mut [PeerId]) {
    peers.sort_unstable_by_key(|peer| clockwise(id, peer));
}

/// The neighbourhood in one row, clockwise.
struct Line {
    peers: Vec<PeerId>,
    /// Whether it is the whole ring.
    is_whole: bool,
}

impl Neighbourhood {
    fn line(&self) -> Line {
        let is_whole = self.before.iter().any(|it| self.after.contains(it))
            || (self.before.is_empty() && self.after.is_empty());
        let mut peers: Vec<PeerId> = Vec::new();
        if is_whole {
            peers.push(self.own);
            peers.extend(self.after.iter().chain(&self.before));
            peers.sort_unstable();
            peers.dedup();
        } else {
            peers.extend(self.before.iter().rev());
            peers.push(self.own);
            peers.extend(&self.after);
        }
        Line { peers, is_whole }
    }
}

impl Line {
    /// Where the owner of a key is, if that is known.
    fn owner(&self, key: &PeerId) -> Option<usize> {
        let nearest = (0..self.peers.len()).min_by_key(|it| clockwise(key, &self.peers[*it]))?;
        // Before the first of an incomplete row there may be others.
        (self.is_whole || nearest > 0 || self.peers[0] == *key).then_some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Neighbourhood);

    impl KeyBased for Fixed {
        fn neighbourhood(&self) -> Option<Neighbourhood> {
            Some(self.0.clone())
        }

        fn local_lookup(&self, _key: &PeerId, _count: usize) -> Vec<PeerId> {
            Vec::new()
        }
    }

    fn id(first: u8) -> PeerId {
        let mut bytes = [0; PeerId::BYTES];
        bytes[0] = first;
        PeerId::from_bytes(bytes)
    }

    fn ids(first: &[u8]) -> Vec<PeerId> {
        first.iter().copied().map(id).collect()
    }

    /// Peer 100 of a large ring.
    fn part() -> Fixed {
        Fixed(Neighbourhood {
            own: id(100),
            before: ids(&[90, 80, 70]),
            after: ids(&[110, 120, 130]),
        })
    }

    /// Peer 100 of a ring of four.
    fn whole() -> Fixed {
        Fixed(Neighbourhood {
            own: id(100),
            before: ids(&[50, 10, 200]),
            after: ids(&[200, 10, 50]),
        })
    }

    #[test]
    fn the_neighbour_set_takes_both_sides_in_turn() {
        assert_eq!(part().neighbour_set(3), ids(&[110, 90, 120]));
        assert_eq!(whole().neighbour_set(9), ids(&[200, 50, 10]));
    }

    #[test]
    fn replicas_are_with_the_owner_and_those_after_it() {
        assert_eq!(part().replica_set(&id(95), 2), ids(&[100, 110, 120]));
        assert_eq!(part().replica_set(&id(120), 5), ids(&[120, 130]));
        assert_eq!(whole().replica_set(&id(150), 2), ids(&[200, 10, 50]));
        assert_eq!(whole().replica_set(&id(201), 9), ids(&[10, 50, 100, 200]));
    }

    #[test]
    fn what_lies_beyond_the_neighbourhood_is_not_guessed() {
        assert_eq!(part().replica_set(&id(65), 2), Vec::new());
        assert_eq!(part().replica_set(&id(140), 2), Vec::new());
        assert_eq!(part().replica_set(&id(70), 0), ids(&[70]));
        assert_eq!(part().range(&id(70), 0), None);
        assert_eq!(part().range(&id(42), 0), None);
    }

    #[test]
    fn ranges_go_back_with_the_rank() {
        assert_eq!(part().range(&id(100), 0), Some((id(90), id(100))));
        assert_eq!(part().range(&id(100), 2), Some((id(70), id(80))));
        assert_eq!(part().range(&id(100), 3), None);
        assert_eq!(whole().range(&id(10), 0), Some((id(200), id(10))));
        assert_eq!(whole().range(&id(10), 3), Some((id(10), id(50))));
        assert_eq!(whole().range(&id(10), 4), None);
    }

    #[test]
    fn who_is_alone_owns_every_key() {
        let alone = Fixed(Neighbourhood {
            own: id(7),
            before: Vec::new(),
            after: Vec::new(),
        });
        assert_eq!(alone.replica_set(&id(99), 3), ids(&[7]));
        assert_eq!(alone.range(&id(7), 0), Some((id(7), id(7))));
    }
}
