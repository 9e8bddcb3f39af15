//! Who was a member of the ring when, and so who owned which key.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use boplish_core::Time;
use boplish_core::wire::PeerId;

use crate::moment::nanos;
use crate::peer::PeerHandle;

/// The members of the ring in their order, with what has changed of late, as seen from outside.
///
/// A key belongs to the first member at or after it, clockwise. A change is remembered until
/// [`Membership::forget_before`].
#[derive(Debug, Default)]
pub struct Membership {
    peers: BTreeMap<PeerId, Stays>,
    /// The present members, for a random choice.
    present: Vec<PeerHandle>,
    /// Who has left, in the order of leaving, and when.
    left: VecDeque<(u64, PeerId)>,
}

/// When a peer was a member.
#[derive(Debug)]
struct Stays {
    peer: PeerHandle,
    /// From when until when, in nanoseconds; the last one may be without an end.
    times: Vec<Span>,
    /// Its place among the present ones.
    place: Option<usize>,
}

/// Nanoseconds from the first up to, but not with, the second.
type Span = (u64, u64);

const OPEN: u64 = u64::MAX;

impl Membership {
    /// A ring without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Present members.
    pub fn len(&self) -> usize {
        self.present.len()
    }

    /// Whether nobody is a member.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// The present members, in no order but always in the same.
    pub fn present(&self) -> &[PeerHandle] {
        &self.present
    }

    /// Whether a peer is a member now.
    pub fn is_member(&self, id: PeerId) -> bool {
        self.peers.get(&id).is_some_and(|it| it.place.is_some())
    }

    /// The peer is a member from now on.
    pub fn join(&mut self, at: Time, peer: PeerHandle, id: PeerId) {
        let next = self.present.len();
        let stays = self.peers.entry(id).or_insert_with(|| Stays {
            peer,
            times: Vec::with_capacity(1),
            place: None,
        });
        if stays.place.is_none() {
            stays.times.push((nanos(at), OPEN));
            stays.place = Some(next);
            self.present.push(peer);
        }
    }

    /// The peer is no member from now on: it left, vanished, or lost the ring. The ids are those
    /// of all peers.
    pub fn leave(&mut self, at: Time, id: PeerId, id_of: impl Fn(PeerHandle) -> PeerId) {
        let Some(stays) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(place) = stays.place.take() else {
            return;
        };
        if let Some(last) = stays.times.last_mut() {
            last.1 = nanos(at);
        }
        self.left.push_back((nanos(at), id));
        self.present.swap_remove(place);
        if let Some(moved) = self.present.get(place) {
            let moved = self.peers.get_mut(&id_of(*moved));
            moved.expect("it is present").place = Some(place);
        }
    }

    /// The present owner of a key.
    pub fn owner(&self, key: PeerId) -> Option<PeerId> {
        let mut all = self.clockwise(key);
        all.find(|(_, stays)| stays.place.is_some())
            .map(|(id, _)| *id)
    }

    /// The next present member behind an id, which may be that of the only member.
    pub fn successor(&self, id: PeerId) -> Option<PeerId> {
        let behind = self.peers.range((Bound::Excluded(id), Bound::Unbounded));
        let mut all = behind.chain(self.peers.range(..=id));
        all.find(|(_, stays)| stays.place.is_some())
            .map(|(id, _)| *id)
    }

    /// Whether this peer owned the key at some moment from the one time to the other, both
    /// included.
    pub fn was_owner(&self, id: PeerId, key: PeerId, from: Time, to: Time) -> bool {
        let Some(stays) = self.peers.get(&id) else {
            return false;
        };
        let window = (nanos(from), nanos(to) + 1);
        let mut moments: Vec<Span> = Vec::new();
        moments.extend(stays.times.iter().filter_map(|it| common(*it, window)));
        // While one of these was a member, the key was not this peer's.
        for (other, between) in self.clockwise(key) {
            if *other == id || moments.is_empty() {
                break;
            }
            for time in &between.times {
                moments = without(&moments, *time);
            }
        }
        !moments.is_empty()
    }

    /// Forgets who left before that time.
    pub fn forget_before(&mut self, time: Time) {
        let before = nanos(time);
        while let Some((_, id)) = self.left.front().filter(|(at, _)| *at < before) {
            if let Some(stays) = self.peers.get_mut(id) {
                stays.times.retain(|(_, until)| *until >= before);
                if stays.times.is_empty() {
                    self.peers.remove(id);
                }
            }
            self.left.pop_front();
        }
    }

    /// The handle of a peer that is or was a member.
    pub fn find(&self, id: PeerId) -> Option<PeerHandle> {
        self.peers.get(&id).map(|stays| stays.peer)
    }

    fn clockwise(&self, key: PeerId) -> impl Iterator<Item = (&PeerId, &Stays)> {
        self.peers.range(key..).chain(self.peers.range(..key))
    }
}

fn common(a: Span, b: Span) -> Option<Span> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 < both.1).then_some(both)
}

fn without(spans: &[Span], hole: Span) -> Vec<Span> {
    let parts = spans.iter().flat_map(|it| {
        let before = common(*it, (0, hole.0));
        let after = common(*it, (hole.1, OPEN));
        [before, after].into_iter().flatten()
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::time;
    use crate::random::Random;

    fn id(number: u8) -> PeerId {
        let mut bytes = [0; PeerId::BYTES];
        bytes[0] = number;
        PeerId::from_bytes(bytes)
    }

    fn id_of(peer: PeerHandle) -> PeerId {
        id(peer.0 as u8)
    }

    #[test]
    fn a_key_belongs_to_the_first_member_at_or_after_it() {
        let mut ring = Membership::new();
        for number in [10, 20, 30] {
            ring.join(Time::START, PeerHandle(number), id(number as u8));
        }
        let owners = [5, 10, 11, 30, 31].map(|key| ring.owner(id(key)));
        assert_eq!(owners, [10, 10, 20, 30, 10].map(|it| Some(id(it))));
        assert_eq!(ring.successor(id(30)), Some(id(10)));
    }

    #[test]
    fn owners_of_all_moments_are_those_that_a_list_of_all_moments_gives() {
        for seed in 0..100 {
            let mut random = Random::new(seed);
            let mut ring = Membership::new();
            // Who was a member in each nanosecond.
            let mut model: Vec<Vec<u8>> = vec![Vec::new()];
            for moment in 1..60 {
                let mut members = model.last().cloned().unwrap_or_default();
                for _ in 0..random.below(3) {
                    let number = random.below(12) as u8 * 20;
                    match members.iter().position(|it| *it == number) {
                        Some(place) => {
                            members.remove(place);
                            ring.leave(time(moment), id(number), id_of);
                        }
                        None => {
                            members.push(number);
                            let peer = PeerHandle(number.into());
                            ring.join(time(moment), peer, id(number));
                        }
                    }
                }
                model.push(members);
            }
            for _ in 0..300 {
                let (from, span) = (20 + random.below(40), random.below(5));
                let to = (from + span).min(59);
                let (key, who) = (random.below(256) as u8, random.below(12) as u8 * 20);
                let owner = |members: &Vec<u8>| {
                    let next = members.iter().filter(|it| **it >= key).min();
                    next.or(members.iter().min()).copied()
                };
                let moments = &model[from as usize..=to as usize];
                let expected = moments.iter().any(|it| owner(it) == Some(who));
                ring.forget_before(time(20));
                let was = ring.was_owner(id(who), id(key), time(from), time(to));
                assert_eq!(
                    was, expected,
                    "seed {seed}: {who} of {key} in {from}..={to}"
                );
            }
            let last = model.last().expect("there are moments");
            assert_eq!(ring.len(), last.len());
        }
    }
}
