use boplish_wire::ring::{Coordinates, Table as Told, TableEntry, latency_code};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::space::id_at;
use super::*;
use crate::config::ChordConfig;

/// Where the peer of these tests is: far from where positions wrap around.
const OWN: u32 = 0x9000_0000;

/// A member of a ring whose peers are so far apart.
fn chord(apart: u32, seed: u8) -> Chord {
    let rng = Xoshiro256PlusPlus::from_seed([seed; 32]);
    let mut chord = Chord::new(id_at(OWN, 0), ChordConfig::default(), rng);
    let place = |position: u32| Place {
        peer: id_at(position, 0),
        coordinates: Coordinates::default(),
    };
    chord.ring.member = true;
    let state = RingState {
        member: true,
        leaving: false,
        successors: (2..=8).map(|it| place(OWN + it * apart)).collect(),
        predecessors: (2..=8).map(|it| place(OWN - it * apart)).collect(),
    };
    chord.ring.stabilize(place(OWN + apart), &state);
    chord.ring.rectify(place(OWN - apart));
    chord.ring.stabilize(place(OWN - apart), &state);
    chord
}

fn link(chord: &mut Chord, now: Time, position: u32, member: bool) {
    let told = Told {
        member,
        ..Told::default()
    };
    let peer = id_at(position, 0);
    chord.neighbours.insert(now, peer, &told, Origin::Drawn);
}

#[test]
fn long_links_fall_evenly_into_the_octaves_of_distance_on_both_sides() {
    for apart_log in [16, 20, 24] {
        let mut chord = chord(1 << apart_log, 5);
        let size = 32 - apart_log;
        let (draws, mut after) = (20_000, 0);
        let mut octaves = [0_u32; 32];
        for _ in 0..draws {
            let octave = chord.octave(1);
            let target = position(&chord.draw(octave));
            let distance = gap(target, OWN);
            // At exactly half the ring, both sides are the same.
            octaves[distance.min((1 << 31) - 1).ilog2() as usize] += 1;
            after += u32::from(target.wrapping_sub(OWN) == distance);
        }
        let used: Vec<u32> = octaves.into_iter().filter(|it| *it > 0).collect();
        let even = draws / used.len() as u32;
        assert!(
            used.iter().all(|it| it.abs_diff(even) < even / 5),
            "2^{size} peers: {octaves:?}"
        );
        assert!(after.abs_diff(draws / 2) < draws / 20, "{after}");
        // From the fourth neighbour or the eighth to the other side of the ring.
        assert!((size - 4..=size - 2).contains(&used.len()), "{octaves:?}");
        assert!(octaves[30] > 0, "{octaves:?}");
    }
}

#[test]
fn the_least_needed_link_is_never_one_of_the_ring_or_of_a_newcomer() {
    let apart = 1 << 20;
    let mut chord = chord(apart, 6);
    let now = Time::START + Duration::from_secs(100);
    for step in 1..=4 {
        link(&mut chord, Time::START, OWN + step * apart, true);
        link(&mut chord, Time::START, OWN - step * apart, true);
    }
    link(&mut chord, now, OWN + 77 * apart, false);
    let mut word = 1_u32;
    for _ in 0..60 {
        word = word.wrapping_mul(747_796_405).wrapping_add(1);
        link(&mut chord, Time::START, word, true);
    }
    let far = id_at(OWN.wrapping_add(1 << 31), 0);
    link(&mut chord, Time::START, position(&far), true);
    let mut named = 0;
    while let Some(victim) = chord.most_redundant(now) {
        let distance = gap(position(&victim), OWN);
        assert!(distance > 4 * apart, "{victim:?} is near");
        assert_ne!(position(&victim), OWN + 77 * apart, "it is a newcomer");
        chord.neighbours.remove(&victim);
        named += 1;
    }
    assert_eq!(named, 61);
    assert_eq!(chord.neighbours.len(), 9);
}

#[test]
fn of_two_links_to_one_region_one_is_redundant() {
    let apart = 1 << 20;
    let mut chord = chord(apart, 7);
    let now = Time::START + Duration::from_secs(100);
    for distance in [1 << 24, 1 << 26, 1 << 28, (1 << 28) + (1 << 20), 1 << 30] {
        link(&mut chord, Time::START, OWN + distance, true);
    }
    let victim = chord.most_redundant(now).expect("none is of the ring");
    let distance = position(&victim) - OWN;
    assert!(distance >> 20 == 1 << 8 || distance >> 20 == (1 << 8) + 1);
}

#[test]
fn links_beyond_the_budget_are_closed() {
    let mut chord = chord(1 << 20, 8);
    let budget = chord.config.budget;
    for index in 0..budget as u32 + 3 {
        link(&mut chord, Time::START, index << 26, true);
    }
    chord.prune(Time::START);
    assert_eq!(chord.neighbours.len(), budget);
    let closed = core::iter::from_fn(|| chord.outputs.pop_front());
    let closed = closed.filter(|it| matches!(it, RouterOutput::Disconnect(_)));
    assert_eq!(closed.count(), 3);
}

#[test]
fn of_links_beyond_the_budget_those_without_an_answer_are_closed_first() {
    let mut chord = chord(1 << 20, 8);
    let budget = chord.config.budget as u32;
    // All are as near to one another; the last one leads where no other does.
    for number in 0..budget {
        link(&mut chord, Time::START, 0x1000_0000 + number, true);
    }
    link(&mut chord, Time::START, 0xf000_0000, true);
    let silent = id_at(0xf000_0000, 0);
    let dead = chord.neighbours.get_mut(&silent);
    dead.expect("it is linked").suspect = Some(Time::START);
    chord.prune(Time::START + Duration::from_secs(100));
    assert!(chord.neighbours.get(&silent).is_none());
    assert_eq!(chord.neighbours.len(), budget as usize);
}

#[test]
fn a_new_member_looks_for_few_links_at_first_and_for_all_with_time() {
    let chord = chord(1 << 20, 9);
    let after = |seconds| chord.enough(Time::START + Duration::from_secs(seconds));
    let all = chord.config.budget - chord.config.reserve;
    assert_eq!(after(0), 2 * chord.config.ring_links + NEWCOMER_LONG);
    assert!((after(0)..all).contains(&after(20)));
    assert_eq!(after(100), all);
}

#[test]
fn a_near_peer_is_looked_for_where_the_way_over_a_near_neighbour_leads() {
    let mut chord = chord(1 << 20, 10);
    let now = Time::START;
    let entry = |place: u32, latency: u16| TableEntry {
        position: place,
        latency: latency_code(latency),
        gap: 0,
    };
    let octave = 28;
    let (near, nearer, other) = (OWN + (1 << 28) + 5, OWN + (1 << 28) + 7, OWN + (1 << 25));
    for (over, round_trip, table) in [
        (OWN + (1 << 26), 40, [entry(near, 400), entry(other, 16)]),
        (OWN + (1 << 27), 20, [entry(nearer, 400), entry(OWN, 16)]),
    ] {
        link(&mut chord, now, over, true);
        let link = chord
            .neighbours
            .get_mut(&id_at(over, 0))
            .expect("it is linked");
        link.measured(Duration::from_millis(round_trip));
        let told = Told {
            full: true,
            added: table.into(),
            ..Told::default()
        };
        link.learn(&told, 16);
    }
    assert_eq!(chord.told_nearby(now, octave), Some(id_at(nearer, 0)));
    // One that there is a link to already is not looked for.
    link(&mut chord, now, nearer, true);
    assert_eq!(chord.told_nearby(now, octave), Some(id_at(near, 0)));
    assert_eq!(chord.told_nearby(now, 29), None);
}
