//! Which links a ring in order has: for a start with more peers than can join one by one.

use crate::peer::PeerHandle;
use crate::random::Random;
use crate::world::World;

/// What a ring in order should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Peers, at least one.
    pub peers: u32,
    /// Links of a peer, at most.
    pub budget: u32,
    /// The nearest on either side that a peer is linked with.
    pub near: u32,
    /// Length of the successor list, and of that of predecessors.
    pub successors: u32,
}

/// The links of a ring in order, whose peers are numbered clockwise.
#[derive(Debug)]
pub(crate) struct PlannedLinks {
    /// Room for the links of each peer, one peer behind the other.
    ends: Vec<PlannedEnd>,
    degrees: Vec<u32>,
    budget: usize,
}

/// A peer's end of a link: the number of the other peer, and whether this one has chosen it, in
/// one word, for there are tens of millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlannedEnd(u32);

impl PlannedEnd {
    /// The number of the other peer.
    pub(crate) fn peer(self) -> u32 {
        self.0 >> 1
    }

    /// Whether this side has offered.
    pub(crate) fn offered(self) -> bool {
        self.0 & 1 == 1
    }
}

impl PlannedLinks {
    fn new(peers: u32, budget: u32) -> Self {
        Self {
            ends: vec![PlannedEnd(0); peers as usize * budget as usize],
            degrees: vec![0; peers as usize],
            budget: budget as usize,
        }
    }

    /// The links of a peer, once all are drawn in the order of the other ends.
    pub(crate) fn of(&self, peer: u32) -> &[PlannedEnd] {
        let first = peer as usize * self.budget;
        &self.ends[first..first + self.degrees[peer as usize] as usize]
    }

    /// The ends of all links.
    pub(crate) fn ends(&self) -> usize {
        self.degrees.iter().map(|it| *it as usize).sum()
    }

    fn has(&self, a: u32, b: u32) -> bool {
        self.of(a).iter().any(|end| end.peer() == b)
    }

    fn has_room(&self, peer: u32) -> bool {
        (self.degrees[peer as usize] as usize) < self.budget
    }

    fn insert(&mut self, offering: u32, other: u32) {
        for (peer, end) in [(offering, other << 1 | 1), (other, offering << 1)] {
            let degree = &mut self.degrees[peer as usize];
            self.ends[peer as usize * self.budget + *degree as usize] = PlannedEnd(end);
            *degree += 1;
        }
    }

    fn sort(&mut self) {
        for (ends, degree) in self.ends.chunks_mut(self.budget.max(1)).zip(&self.degrees) {
            ends[..*degree as usize].sort_unstable();
        }
    }
}

impl Plan {
    /// The links of a ring in order: all near ones, and long ones drawn harmonically as far as
    /// the budget goes.
    pub(crate) fn links(&self, random: &mut Random) -> PlannedLinks {
        let count = self.peers;
        let mut links = PlannedLinks::new(count, self.budget);
        if count <= self.budget {
            for a in 0..count {
                (a + 1..count).for_each(|b| links.insert(a, b));
            }
            links.sort();
            return links;
        }
        let near = self.near.min((count - 1) / 2);
        for a in 0..count {
            (1..=near).for_each(|step| links.insert(a, (a + step) % count));
        }
        // Everybody chooses one after the other, half of what it may have; the rest is incoming.
        let rounds = self.budget.saturating_sub(2 * near).div_ceil(2);
        for _ in 0..rounds {
            for a in 0..count {
                if let Some(b) = self.draw(a, near, &links, random) {
                    links.insert(a, b);
                }
            }
        }
        links.sort();
        links
    }

    /// Gives so many peers as the plan has their places, at this moment and without a message.
    pub fn carry_out(&self, world: &mut World, mut peers: Vec<PeerHandle>, random: &mut Random) {
        peers.sort_unstable_by_key(|peer| world.id(*peer));
        let links = self.links(random);
        world.adopt(&peers, &links, self.successors as usize);
    }

    /// The other end of a long link, with room for it; some tries suffice.
    fn draw(&self, a: u32, near: u32, links: &PlannedLinks, random: &mut Random) -> Option<u32> {
        const TRIES: usize = 16;
        let (least, most) = (f64::from(near + 1), f64::from(self.peers - near));
        let mut draw = || {
            let distance = least * (most / least).powf(random.unit());
            (u64::from(a) + distance as u64) % u64::from(self.peers)
        };
        let is_new = |b: &u32| *b != a && links.has_room(*b) && !links.has(a, *b);
        let mut draws = (0..TRIES).map(|_| draw() as u32);
        links.has_room(a).then(|| draws.find(is_new)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(peers: u32) -> PlannedLinks {
        let plan = Plan {
            peers,
            budget: 20,
            near: 4,
            successors: 8,
        };
        plan.links(&mut Random::new(1))
    }

    #[test]
    fn everybody_has_its_near_ones_and_nobody_too_many() {
        let links = plan(2_000);
        for a in 0..2_000 {
            let ends = links.of(a);
            assert!(ends.is_sorted_by(|one, other| one.peer() < other.peer()));
            assert!(ends.len() <= 20 && !links.has(a, a));
            for end in ends {
                let back = links.of(end.peer()).iter().find(|it| it.peer() == a);
                assert_eq!(back.map(|it| it.offered()), Some(!end.offered()));
            }
            assert!((1..=4).all(|step| links.has(a, (a + step) % 2_000)));
        }
        let all = links.ends();
        assert!(all > 2_000 * 19, "{all} ends");
    }

    #[test]
    fn few_peers_are_all_linked() {
        let links = plan(10);
        assert!((0..10).all(|peer| links.of(peer).len() == 9));
    }
}
