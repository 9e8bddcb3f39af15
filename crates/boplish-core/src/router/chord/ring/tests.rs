use boplish_wire::ring::Coordinates;

use super::super::space::id_at;
use super::*;

/// A peer in the upper byte of the ring.
fn id(at: u8) -> PeerId {
    id_at(u32::from(at) << 24, 0)
}

fn place(at: u8) -> Place {
    Place {
        peer: id(at),
        coordinates: Coordinates::default(),
    }
}

fn state(predecessors: &[u8], successors: &[u8]) -> RingState {
    let places = |list: &[u8]| list.iter().map(|at| place(*at)).collect();
    RingState {
        member: true,
        leaving: false,
        predecessors: places(predecessors),
        successors: places(successors),
    }
}

/// Peer 100, a member with these lists.
fn ring(predecessors: &[u8], successors: &[u8], depth: usize) -> Ring {
    let mut ring = Ring::new(id(100), depth);
    ring.member = true;
    if let [first, rest @ ..] = successors {
        ring.stabilize(place(*first), &state(&[], rest));
    }
    if let [first, rest @ ..] = predecessors {
        ring.rectify(place(*first));
        ring.stabilize(place(*first), &state(rest, &[]));
    }
    let ids = |list: &[u8]| list.iter().map(|at| id(*at)).collect::<Vec<_>>();
    assert_eq!(peers(ring.predecessors()), ids(predecessors));
    assert_eq!(peers(ring.successors()), ids(successors));
    ring
}

fn peers(places: &[Place]) -> Vec<PeerId> {
    places.iter().map(|it| it.peer).collect()
}

#[test]
fn only_a_nearer_peer_becomes_the_predecessor() {
    let mut ring = ring(&[], &[], 8);
    assert!(ring.rectify(place(50)));
    assert!(!ring.rectify(place(40)));
    assert!(!ring.rectify(place(100)));
    assert!(!ring.rectify(place(50)));
    assert!(!ring.rectify(place(110)), "that is farther back");
    assert!(ring.rectify(place(90)));
    assert_eq!(peers(ring.predecessors()), [id(90), id(50)]);
}

#[test]
fn the_list_of_predecessors_has_a_bound() {
    let mut ring = ring(&[], &[], 3);
    for at in [50, 60, 70, 80] {
        ring.rectify(place(at));
    }
    assert_eq!(peers(ring.predecessors()), [id(80), id(70), id(60)]);
}

#[test]
fn the_successor_list_is_the_successor_and_then_its_list() {
    let mut ring = ring(&[90], &[110, 120], 4);
    let told = state(&[100], &[130, 140, 150, 160]);
    assert!(ring.stabilize(place(110), &told));
    assert_eq!(
        peers(ring.successors()),
        [id(110), id(130), id(140), id(150)]
    );
    assert!(!ring.stabilize(place(110), &told), "nothing is new");
}

#[test]
fn lists_go_around_the_ring_and_end_before_the_peer_itself() {
    let mut ring = ring(&[], &[], 8);
    ring.stabilize(place(200), &state(&[], &[250, 3, 60, 100, 200, 250]));
    assert_eq!(
        peers(ring.successors()),
        [id(200), id(250), id(3), id(60)],
        "without the own id and those behind it"
    );
    ring.rectify(place(60));
    ring.stabilize(place(60), &state(&[3, 250, 200, 100, 60], &[]));
    assert_eq!(
        peers(ring.predecessors()),
        [id(60), id(3), id(250), id(200)]
    );
}

#[test]
fn a_list_out_of_order_is_taken_up_to_where_it_goes_back() {
    let mut ring = ring(&[], &[], 8);
    ring.stabilize(place(110), &state(&[], &[130, 120, 140]));
    assert_eq!(peers(ring.successors()), [id(110), id(130)]);
    ring.stabilize(place(110), &state(&[], &[110, 120]));
    assert_eq!(peers(ring.successors()), [id(110)]);
}

#[test]
fn a_nearer_peer_becomes_the_successor_and_a_farther_one_does_not() {
    let mut ring = ring(&[90], &[120, 130], 8);
    assert!(!ring.stabilize(place(130), &state(&[120], &[140])));
    assert_eq!(peers(ring.successors()), [id(120), id(130)]);
    assert!(ring.stabilize(place(110), &state(&[100], &[120, 130])));
    assert_eq!(peers(ring.successors()), [id(110), id(120), id(130)]);
    assert!(ring.is_nearer_successor(&id(105)));
    assert!(!ring.is_nearer_successor(&id(110)));
    assert!(!ring.is_nearer_successor(&id(100)));
}

#[test]
fn in_a_ring_of_two_the_other_is_successor_and_predecessor() {
    let mut ring = ring(&[], &[], 8);
    assert!(ring.owns(&id(7)), "who is alone owns everything");
    ring.rectify(place(10));
    ring.stabilize(place(10), &state(&[100], &[100]));
    assert_eq!(peers(ring.successors()), [id(10)]);
    assert_eq!(peers(ring.predecessors()), [id(10)]);
    assert_eq!(ring.estimated_size(), 2);
    assert!(ring.owns(&id(50)) && ring.owns(&id(100)));
    assert!(!ring.owns(&id(10)) && !ring.owns(&id(200)));
}

#[test]
fn a_peer_that_is_gone_leaves_both_lists() {
    let mut ring = ring(&[90, 80], &[110, 80, 90], 8);
    assert!(ring.remove(&id(90)));
    assert!(!ring.remove(&id(90)));
    assert_eq!(ring.predecessor(), Some(id(80)));
    assert_eq!(peers(ring.successors()), [id(110), id(80)]);
}

#[test]
fn a_peer_owns_what_is_after_its_predecessor_up_to_itself() {
    let owner = ring(&[90], &[110], 8);
    assert!(owner.owns(&id(91)) && owner.owns(&id(100)));
    assert!(!owner.owns(&id(90)) && !owner.owns(&id(101)) && !owner.owns(&id(3)));
    let around = ring(&[200], &[110], 8);
    assert!(around.owns(&id(250)) && around.owns(&id(3)) && !around.owns(&id(150)));
}

#[test]
fn who_is_no_member_or_has_lost_its_predecessor_owns_nothing_for_sure() {
    let mut ring = ring(&[90], &[110], 8);
    ring.remove(&id(90));
    assert!(ring.owns(&id(100)) && !ring.owns(&id(95)));
    ring.member = false;
    assert!(!ring.owns(&id(100)));
    ring.clear();
    assert!(!ring.owns(&id(100)) && ring.successors().is_empty());
}

#[test]
fn near_is_who_is_or_would_be_among_the_first_on_either_side() {
    let ring = ring(&[90, 80, 70], &[110, 120, 130], 8);
    for near in [110, 120, 115, 90, 80, 85] {
        assert!(ring.is_near(&id(near), 2), "{near}");
    }
    for far in [130, 125, 70, 75, 200] {
        assert!(!ring.is_near(&id(far), 2), "{far}");
    }
    assert!(ring.is_near(&id(200), 4), "there is room in the list");
}

/// The place of the peer with this index among `count` that are spread evenly.
fn even(index: i64, count: i64, depth: i64) -> Ring {
    let at = |index: i64| {
        let position = (index.rem_euclid(count) << 32) / count;
        Place {
            peer: id_at(position as u32, 0),
            coordinates: Coordinates::default(),
        }
    };
    let around = |step: i64| {
        let list = (1..=depth.min(count - 1)).map(|it| at(index + step * it));
        list.collect::<Vec<_>>()
    };
    let mut ring = Ring::new(at(index).peer, 8);
    ring.member = true;
    ring.successors = around(1);
    ring.predecessors = around(-1);
    ring
}

#[test]
fn the_size_of_a_ring_that_is_seen_as_a_whole_is_exact() {
    for count in 1..=16 {
        for index in 0..count {
            assert_eq!(
                i64::from(even(index, count, 8).estimated_size()),
                count,
                "peer {index}"
            );
        }
    }
}

#[test]
fn the_size_of_a_larger_ring_is_estimated_from_how_close_peers_are() {
    for count in [17, 18, 100, 1_000, 100_000, 10_000_000] {
        for index in [0, 1, count / 2, count - 1] {
            let estimated = f64::from(even(index, count, 8).estimated_size());
            let ratio = estimated / count as f64;
            assert!(
                (0.95..1.05).contains(&ratio),
                "{estimated} instead of {count}"
            );
        }
    }
}

#[test]
fn the_gap_reaches_back_to_the_predecessor() {
    assert_eq!(ring(&[], &[], 8).gap(), 0);
    assert_eq!(ring(&[90], &[110], 8).gap(), 10 << 24);
    assert_eq!(ring(&[200], &[110], 8).gap(), 156 << 24);
}

#[test]
fn those_between_this_peer_and_one_behind_it_are_named_up_to_the_nearest() {
    let ring = ring(&[], &[200], 8);
    let between = |predecessors: &[u8]| {
        let state = state(predecessors, &[]);
        peers(ring.between(&id(200), &state))
    };
    assert_eq!(between(&[180, 150, 120, 90, 60]), [180, 150, 120].map(id));
    assert_eq!(
        between(&[180, 120, 100]),
        [180, 120].map(id),
        "and this peer"
    );
    assert_eq!(between(&[100, 90]), []);
    assert_eq!(between(&[90, 150]), [], "that is behind both");
    assert_eq!(
        between(&[150, 180, 120]),
        [id(150)],
        "those are out of order"
    );
}
