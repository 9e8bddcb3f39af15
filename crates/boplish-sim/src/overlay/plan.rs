//! Which links a ring in order has: for a start with more peers than can join one by one.

use std::collections::BTreeSet;

use boplish_core::wire::ring::Table;

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
}

impl Plan {
    /// The links of a ring in order, each as the numbers of two peers, which are numbered
    /// clockwise: all near ones, and long ones drawn harmonically as far as the budget goes.
    pub fn links(&self, random: &mut Random) -> Vec<(u32, u32)> {
        let count = self.peers;
        if count <= self.budget {
            let all = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
            return all.collect();
        }
        let near = self.near.min((count - 1) / 2);
        let mut degrees = vec![2 * near; count as usize];
        let ring = (0..count).flat_map(|a| (1..=near).map(move |step| (a, (a + step) % count)));
        let mut links: Vec<_> = ring.collect();
        let mut known = BTreeSet::new();
        // Everybody chooses one after the other, half of what it may have; the rest is incoming.
        let rounds = self.budget.saturating_sub(2 * near).div_ceil(2);
        for _ in 0..rounds {
            for a in 0..count {
                let Some(b) = self.draw(a, near, &degrees, &known, random) else {
                    continue;
                };
                known.insert((a.min(b), a.max(b)));
                degrees[a as usize] += 1;
                degrees[b as usize] += 1;
                links.push((a, b));
            }
        }
        links
    }

    /// Links so many peers as the plan has as it says, at this moment and without a handshake;
    /// they believe each other to be members of the ring.
    pub fn carry_out(&self, world: &mut World, mut peers: Vec<PeerHandle>, random: &mut Random) {
        peers.sort_unstable_by_key(|peer| world.id(*peer));
        let position = |peer: PeerHandle| {
            let [a, b, c, d, ..] = *world.id(peer).as_bytes();
            u32::from_be_bytes([a, b, c, d])
        };
        let before = peers.iter().cycle().skip(peers.len().saturating_sub(1));
        let hello = |(peer, before): (&PeerHandle, &PeerHandle)| {
            let gap = position(*peer).wrapping_sub(position(*before)).max(1);
            Table {
                member: true,
                gap,
                ..Table::default()
            }
            .encode()
        };
        let hellos: Vec<_> = peers.iter().zip(before).map(hello).collect();
        for (one, other) in self.links(random) {
            let [one, other] = [one, other].map(|it| it as usize);
            let [a, b] = [one, other].map(|it| (peers[it], &*hellos[it]));
            world.link(a, b);
        }
    }

    /// The other end of a long link, with room for it; some tries suffice.
    fn draw(
        &self,
        a: u32,
        near: u32,
        degrees: &[u32],
        known: &BTreeSet<(u32, u32)>,
        random: &mut Random,
    ) -> Option<u32> {
        const TRIES: usize = 16;
        let has_room = |peer: u32| degrees[peer as usize] < self.budget;
        let (least, most) = (f64::from(near + 1), f64::from(self.peers - near));
        let mut draw = || {
            let distance = least * (most / least).powf(random.unit());
            (u64::from(a) + distance as u64) % u64::from(self.peers)
        };
        let is_new = |b: &u32| *b != a && has_room(*b) && !known.contains(&(a.min(*b), a.max(*b)));
        let mut draws = (0..TRIES).map(|_| draw() as u32);
        has_room(a).then(|| draws.find(is_new)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_its_near_ones_and_nobody_too_many() {
        let plan = Plan {
            peers: 2_000,
            budget: 20,
            near: 4,
        };
        let links = plan.links(&mut Random::new(1));
        let unordered = links.iter().map(|(a, b)| (*a.min(b), *a.max(b)));
        let distinct: BTreeSet<_> = unordered.collect();
        assert_eq!(distinct.len(), links.len());
        let mut degrees = vec![0; 2_000];
        for (a, b) in &links {
            assert_ne!(a, b);
            degrees[*a as usize] += 1;
            degrees[*b as usize] += 1;
        }
        assert_eq!(degrees.iter().max(), Some(&20));
        assert!(links.len() > 2_000 * 19 / 2, "{} links", links.len());
        let near = |a: u32, b: u32| distinct.contains(&(a.min(b), a.max(b)));
        assert!((0..2_000).all(|a| (1..=4).all(|step| near(a, (a + step) % 2_000))));
    }

    #[test]
    fn few_peers_are_all_linked() {
        let plan = Plan {
            peers: 10,
            budget: 20,
            near: 4,
        };
        assert_eq!(plan.links(&mut Random::new(1)).len(), 45);
    }
}
