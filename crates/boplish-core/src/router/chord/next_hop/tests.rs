use std::collections::BTreeSet;

use boplish_wire::limits::MAX_HOPS;
use boplish_wire::ring::{
    Coordinates, Place, RingState, Table, TableEntry, gap_code, latency_code,
};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::neighbours::Origin;
use super::super::space::id_at;
use super::*;
use crate::time::Time;

/// A peer in the upper byte of the ring.
fn id(at: u8) -> PeerId {
    id_at(u32::from(at) << 24, 0)
}

fn place(peer: PeerId) -> Place {
    Place {
        peer,
        coordinates: Coordinates::default(),
    }
}

/// A peer, as far as routing goes.
struct Peer {
    id: PeerId,
    ring: Ring,
    neighbours: Neighbours,
}

impl Peer {
    /// A member with these lists.
    fn new(id: PeerId, predecessors: &[PeerId], successors: &[PeerId]) -> Self {
        let mut ring = Ring::new(id, 8);
        ring.member = true;
        let places = |list: &[PeerId]| list.iter().skip(1).map(|it| place(*it)).collect();
        let state = RingState {
            member: true,
            leaving: false,
            predecessors: places(predecessors),
            successors: places(successors),
        };
        if let Some(successor) = successors.first() {
            ring.stabilize(place(*successor), &state);
        }
        if let Some(predecessor) = predecessors.first() {
            ring.rectify(place(*predecessor));
            ring.stabilize(place(*predecessor), &state);
        }
        Self {
            id,
            ring,
            neighbours: Neighbours::new(34),
        }
    }

    /// Links it to a member that lists others.
    fn link(&mut self, peer: PeerId, listed: &[PeerId]) {
        let entry = |id: &PeerId| TableEntry {
            position: position(id),
            latency: latency_code(500),
            gap: 0,
        };
        let table = Table {
            member: true,
            full: true,
            added: listed.iter().map(entry).collect(),
            ..Table::default()
        };
        self.neighbours
            .insert(Time::START, peer, &table, Origin::Other);
        let link = self.neighbours.get_mut(&peer).expect("it is linked");
        link.learn(&table, 512);
    }

    fn suspect(&mut self, peer: PeerId) {
        let link = self.neighbours.get_mut(&peer).expect("it is linked");
        link.suspect = Some(Time::START);
    }

    fn ask(&self, question: Question<'_>) -> Next {
        next_hop(&self.id, &self.ring, &self.neighbours, question)
    }
}

/// Who owns a key.
fn of_key(to: &PeerId) -> Question<'_> {
    Question {
        to,
        by_key: true,
        hop: None,
        joins: false,
        hops: 0,
        except: &[],
    }
}

/// A message to a peer.
fn to_peer(to: &PeerId) -> Question<'_> {
    Question {
        by_key: false,
        ..of_key(to)
    }
}

fn straight(at: u8) -> Next {
    Next::Link {
        peer: id(at),
        pin: None,
        bound: 0,
    }
}

/// Peer 100 between 80, 90 and 110, 120, with links to its nearest and to 180.
fn hundred() -> Peer {
    let mut peer = Peer::new(id(100), &[id(90), id(80)], &[id(110), id(120)]);
    for at in [90, 110, 180] {
        peer.link(id(at), &[]);
    }
    peer
}

#[test]
fn a_message_for_a_neighbour_goes_straight_to_it() {
    assert_eq!(hundred().ask(to_peer(&id(180))), straight(180));
    assert_eq!(hundred().ask(of_key(&id(180))), straight(180));
    assert_eq!(hundred().ask(to_peer(&id(100))), Next::Here);
}

#[test]
fn the_lists_tell_who_owns_a_key_nearby() {
    assert_eq!(hundred().ask(of_key(&id(95))), Next::Here);
    assert_eq!(hundred().ask(of_key(&id(105))), straight(110));
    assert_eq!(hundred().ask(of_key(&id(85))), straight(90));
}

#[test]
fn an_owner_that_is_not_linked_is_reached_over_one_that_lists_it() {
    let mut peer = hundred();
    peer.link(id(110), &[id(120), id(100)]);
    let over = Next::Link {
        peer: id(110),
        pin: Some(position(&id(120))),
        bound: 0,
    };
    assert_eq!(peer.ask(of_key(&id(115))), over);
    let key = id(115);
    let wandered = Question {
        hops: MAX_RELAYED,
        ..of_key(&key)
    };
    assert_ne!(peer.ask(wandered), over, "it may be listed by mistake");
}

#[test]
fn the_pinned_second_hop_is_followed() {
    let hop = Hop {
        number: 1,
        pin: Some(position(&id(180))),
        bound: 5 << 24,
    };
    let key = id(185);
    let question = Question {
        hop: Some(hop),
        hops: 1,
        ..of_key(&key)
    };
    let followed = Next::Link {
        peer: id(180),
        pin: hop.pin,
        bound: hop.bound,
    };
    assert_eq!(hundred().ask(question), followed);

    let mut peer = hundred();
    peer.link(id(90), &[id(150), id(184)]);
    let nearer = Next::Link {
        peer: id(90),
        pin: Some(position(&id(184))),
        bound: 1 << 24,
    };
    assert_eq!(peer.ask(question), nearer, "a nearer one may be pinned");
}

#[test]
fn without_its_pin_a_message_goes_on_by_chords_own_rule() {
    let mut peer = hundred();
    peer.neighbours.remove(&id(180));
    let hop = Hop {
        number: 1,
        pin: Some(position(&id(180))),
        bound: 1,
    };
    let key = id(185);
    let question = Question {
        hop: Some(hop),
        ..of_key(&key)
    };
    let on = Next::Link {
        peer: id(110),
        pin: None,
        bound: u32::MAX,
    };
    assert_eq!(peer.ask(question), on);
}

#[test]
fn a_neighbour_that_does_not_answer_is_the_last_resort() {
    let mut peer = hundred();
    peer.suspect(id(180));
    assert_ne!(peer.ask(of_key(&id(170))), straight(180));
    peer.link(id(90), &[id(180)]);
    let around = Next::Link {
        peer: id(90),
        pin: Some(position(&id(180))),
        bound: 0,
    };
    assert_eq!(peer.ask(to_peer(&id(180))), around);

    let mut alone = Peer::new(id(100), &[id(90)], &[id(90)]);
    alone.link(id(90), &[]);
    alone.suspect(id(90));
    assert_eq!(alone.ask(to_peer(&id(90))), straight(90));
    assert_eq!(alone.ask(of_key(&id(50))), straight(90));
    let except = [id(90)];
    let key = id(50);
    let tried = Question {
        except: &except,
        ..of_key(&key)
    };
    assert_eq!(alone.ask(tried), Next::Nowhere);
}

#[test]
fn if_the_owner_seems_to_be_gone_its_successor_is_asked() {
    let mut peer = Peer::new(id(100), &[id(90)], &[id(110), id(120), id(130)]);
    for at in [90, 110, 120] {
        peer.link(id(at), &[]);
    }
    peer.suspect(id(110));
    assert_eq!(peer.ask(of_key(&id(105))), straight(120));
}

#[test]
fn who_is_no_member_is_sent_nothing_for_others() {
    let mut peer = hundred();
    let newcomer = Table::default();
    peer.neighbours
        .insert(Time::START, id(200), &newcomer, Origin::Other);
    let next = peer.ask(of_key(&id(200)));
    assert!(
        matches!(next, Next::Link { peer, .. } if peer != id(200)),
        "{next:?}"
    );
    assert_eq!(peer.ask(to_peer(&id(200))), straight(200));
}

#[test]
fn a_newcomer_is_answered_by_its_successor_and_nobody_else_is() {
    let mut peer = Peer::new(id(100), &[id(95), id(90)], &[id(110)]);
    let newcomer = Table::default();
    peer.neighbours
        .insert(Time::START, id(95), &newcomer, Origin::Other);
    let its_id = id(95);
    let joining = Question {
        joins: true,
        ..of_key(&its_id)
    };
    assert_eq!(peer.ask(joining), Next::Here);
    assert_eq!(peer.ask(of_key(&its_id)), straight(95));
}

/// A ring in order: each peer has links with the nearest four on either side, and at random.
fn network(count: usize, seed: u8) -> Vec<Peer> {
    let mut rng = Xoshiro256PlusPlus::from_seed([seed; 32]);
    let mut ids: Vec<PeerId> = (0..count)
        .map(|_| id_at(rng.next_u32(), rng.next_u64()))
        .collect();
    ids.sort_unstable();
    let mut linked = BTreeSet::new();
    for index in 0..count {
        let far = (0..6).map(|_| rng.next_u32() as usize % count);
        let others: Vec<usize> = (1..=4).map(|step| index + step).chain(far).collect();
        for other in others.into_iter().map(|it| it % count) {
            if index != other {
                linked.extend([(index, other), (other, index)]);
            }
        }
    }
    let gap_before = |index: usize| {
        let before = &ids[(index + count - 1) % count];
        position(&ids[index]).wrapping_sub(position(before))
    };
    let table = |index: usize| {
        let others = (0..count).filter(|other| linked.contains(&(index, *other)));
        let added = others.map(|other| TableEntry {
            position: position(&ids[other]),
            latency: latency_code(((index * other) % 2_000) as u16),
            gap: gap_code(gap_before(other)),
        });
        Table {
            member: true,
            gap: Some(gap_before(index)),
            full: true,
            added: added.collect(),
            ..Table::default()
        }
    };
    let peer = |index: usize| {
        let around = |steps: [usize; 8]| steps.map(|step| ids[(index + step) % count]);
        let successors = around(core::array::from_fn(|it| it + 1));
        let predecessors = around(core::array::from_fn(|it| count - it - 1));
        let mut peer = Peer::new(ids[index], &predecessors, &successors);
        for other in (0..count).filter(|other| linked.contains(&(index, *other))) {
            let (id, table) = (ids[other], table(other));
            peer.neighbours
                .insert(Time::START, id, &table, Origin::Other);
            let link = peer.neighbours.get_mut(&id).expect("it is linked");
            link.learn(&table, 512);
        }
        peer
    };
    (0..count).map(peer).collect()
}

/// Where a message ends and over how many links, if it does.
fn walk(peers: &[Peer], from: usize, to: &PeerId, by_key: bool) -> Option<(PeerId, u8)> {
    let (mut at, mut hop, mut except) = (&peers[from], None::<Hop>, Vec::new());
    for hops in 0..=MAX_HOPS {
        let question = Question {
            to,
            by_key,
            hop,
            joins: false,
            hops,
            except: &except,
        };
        let (peer, pin, bound) = match at.ask(question) {
            Next::Here => return Some((at.id, hops)),
            Next::Link { peer, pin, bound } => (peer, pin, bound),
            Next::Nowhere => return None,
        };
        assert!(!except.contains(&peer), "it goes back to {peer:?}");
        if let Some(before) = hop {
            let is_followed = before.pin == Some(position(&peer));
            assert!(
                bound < before.bound || (bound == before.bound && is_followed) || peer == *to,
                "no progress: {before:?}, then {bound} over {peer:?}"
            );
        }
        except = vec![at.id];
        hop = Some(Hop {
            number: 0,
            pin,
            bound,
        });
        let index = peers.iter().position(|it| it.id == peer);
        at = &peers[index.expect("all neighbours are there")];
    }
    panic!("{to:?} is not found within {MAX_HOPS} hops");
}

#[test]
fn in_a_ring_in_order_every_message_makes_progress_and_arrives() {
    for seed in 0..4 {
        let peers = network(200, seed);
        let mut rng = Xoshiro256PlusPlus::from_seed([seed + 100; 32]);
        for _ in 0..500 {
            let from = rng.next_u32() as usize % peers.len();
            let key = id_at(rng.next_u32(), rng.next_u64());
            let owner = peers.iter().min_by_key(|it| clockwise(&key, &it.id));
            let owner = owner.expect("there are peers").id;
            let (end, hops) = walk(&peers, from, &key, true).expect("every key has an owner");
            assert_eq!(end, owner, "seed {seed}");
            assert!(hops <= 6, "seed {seed}: {hops} hops");
            let (end, _) = walk(&peers, from, &owner, false).expect("the peer is there");
            assert_eq!(end, owner, "seed {seed}");
        }
    }
}

#[test]
fn a_message_to_nobody_comes_to_an_end() {
    let peers = network(100, 9);
    let mut rng = Xoshiro256PlusPlus::from_seed([99; 32]);
    for from in 0..peers.len() {
        let nobody = id_at(rng.next_u32(), rng.next_u64());
        assert_eq!(walk(&peers, from, &nobody, false), None);
    }
}

/// A newcomer has its predecessors from its successor, who may not know yet that one has died.
#[test]
fn the_keys_of_a_predecessor_that_nobody_is_linked_to_are_taken_by_the_next() {
    let mut peer = Peer::new(id(100), &[id(90), id(80)], &[id(110)]);
    for at in [80, 110] {
        peer.link(id(at), &[]);
    }
    let key = id(85);
    let from_before = Question {
        hop: Some(Hop {
            number: 1,
            pin: None,
            bound: 0,
        }),
        ..of_key(&key)
    };
    assert_eq!(peer.ask(from_before), Next::Here);
    assert_ne!(peer.ask(of_key(&key)), Next::Here);
    // One that is only late may still answer, and one with a link to another is reached over it.
    peer.link(id(90), &[]);
    peer.suspect(id(90));
    assert_ne!(peer.ask(from_before), Next::Here);
    let mut peer = Peer::new(id(100), &[id(90), id(80)], &[id(110)]);
    peer.link(id(110), &[id(90)]);
    assert_eq!(
        peer.ask(from_before),
        Next::Link {
            peer: id(110),
            pin: Some(position(&id(90))),
            bound: 0
        }
    );
}
