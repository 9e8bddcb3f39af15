use boplish_wire::limits::{MAX_HOPS, MAX_KEEPALIVE_ROUTING, MAX_RING_LIST, MAX_WAYPOINTS};
use boplish_wire::ring::{
    Coordinates, Place, RingMessage, RingState, Table, TableEntry, gap_code, gap_of, latency_code,
    latency_of, needs_proof,
};
use boplish_wire::{Frame, FrameError, Hop, Message, PeerId, Way};
use proptest::prelude::*;

use crate::any::{alice, any_ring_message, any_ring_state, any_table, bob, mallory, ping};

proptest! {
    #[test]
    fn every_message_of_the_ring_is_read_as_it_was_written(message in any_ring_message()) {
        prop_assert_eq!(RingMessage::decode(&message.encode()), Some(message));
    }

    #[test]
    fn every_table_is_read_as_it_was_written(table in any_table()) {
        prop_assert_eq!(Table::decode(&table.encode()), Some(table));
    }

    #[test]
    fn a_cut_or_longer_message_of_the_ring_is_refused(
        message in any_ring_message(),
        table in any_table(),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut message, mut table) = (message.encode(), table.encode());
        prop_assert_eq!(RingMessage::decode(&message[..cut.index(message.len())]), None);
        prop_assert_eq!(Table::decode(&table[..cut.index(table.len())]), None);
        message.push(0);
        table.push(0);
        prop_assert_eq!(RingMessage::decode(&message), None);
        prop_assert_eq!(Table::decode(&table), None);
    }

    #[test]
    fn arbitrary_bytes_are_a_message_of_the_ring_or_refused(bytes: Vec<u8>) {
        let _ = (RingMessage::decode(&bytes), Table::decode(&bytes));
        needs_proof(&bytes);
    }

    #[test]
    fn the_checksum_tells_lists_apart(state in any_ring_state(), other in any_ring_state()) {
        let ids = |places: &[Place]| places.iter().map(|it| it.peer).collect::<Vec<_>>();
        let key = |it: &RingState| {
            (it.member, it.leaving, ids(&it.predecessors), ids(&it.successors))
        };
        // By chance two in four billion are the same.
        prop_assert_eq!(state.checksum() == other.checksum(), key(&state) == key(&other));
        prop_assert_ne!(state.checksum(), 0);
    }

    #[test]
    fn a_gap_is_kept_to_an_eighth(gap: u32, other: u32) {
        let read = gap_of(gap_code(gap));
        prop_assert!(read <= gap && gap - read <= gap / 8);
        prop_assert_eq!(gap_code(read), gap_code(gap));
        let (less, more) = (gap.min(other), gap.max(other));
        prop_assert!(gap_code(less) <= gap_code(more));
    }
}

#[test]
fn a_latency_is_kept_to_a_sixteenth() {
    let mut before = 0;
    for latency in 0..=u16::MAX {
        let code = latency_code(latency);
        let read = latency_of(code);
        assert!(
            read <= latency && latency - read <= latency / 16,
            "{latency}"
        );
        assert_eq!(latency_code(read), code);
        assert!(code == before || code == before + 1, "{latency}: {code}");
        before = code;
    }
    assert_eq!(before, 207);
    assert_eq!(latency_of(255), latency_of(207));
}

#[test]
fn every_code_of_a_gap_is_of_use() {
    assert_eq!(
        (gap_code(0), gap_code(7), gap_code(8), gap_code(15)),
        (0, 7, 8, 15)
    );
    assert_eq!((gap_code(16), gap_code(18), gap_code(31)), (16, 17, 23));
    assert_eq!(gap_code(u32::MAX), 239);
    for code in 0..=239 {
        assert_eq!(gap_code(gap_of(code)), code);
    }
    assert_eq!(gap_of(255), gap_of(239));
}

fn place(peer: PeerId, x: i16) -> Place {
    let coordinates = Coordinates {
        x,
        ..Coordinates::default()
    };
    Place { peer, coordinates }
}

/// A member with Bob before it and Mallory behind it.
fn state() -> RingState {
    RingState {
        member: true,
        leaving: false,
        predecessors: vec![place(bob().id(), 1)],
        successors: vec![place(mallory().id(), 2)],
    }
}

#[test]
fn the_checksum_covers_flags_and_ids_but_no_coordinates() {
    let with = |change: fn(&mut RingState)| {
        let mut state = state();
        change(&mut state);
        state.checksum()
    };
    let same = with(|_| {});
    assert_eq!(with(|it| it.successors[0].coordinates.x = 9), same);
    assert_ne!(with(|it| it.member = false), same);
    assert_ne!(with(|it| it.leaving = true), same);
    assert_ne!(with(|it| it.successors[0].peer = alice().id()), same);
    assert_ne!(with(|it| it.successors.clear()), same);
    let swapped = with(|it| core::mem::swap(&mut it.predecessors, &mut it.successors));
    assert_ne!(swapped, same);
    let moved = with(|it| {
        let last = it.predecessors.remove(0);
        it.successors.insert(0, last);
    });
    assert_ne!(moved, same);
}

#[test]
fn lists_beyond_the_limits_are_refused() {
    let long = |count: usize| RingState {
        successors: vec![place(bob().id(), 0); count],
        ..state()
    };
    let fits = RingMessage::State(long(MAX_RING_LIST));
    assert_eq!(RingMessage::decode(&fits.encode()), Some(fits));
    let found = RingMessage::Found {
        token: 1,
        hops: 1,
        coordinates: Coordinates::default(),
        state: long(MAX_RING_LIST + 1),
    };
    for refused in [RingMessage::State(long(MAX_RING_LIST + 1)), found] {
        assert_eq!(RingMessage::decode(&refused.encode()), None);
    }
    let over = vec![bob().id(); MAX_WAYPOINTS + 1];
    assert_eq!(
        RingMessage::decode(&RingMessage::Unify { over }.encode()),
        None
    );
}

#[test]
fn strings_that_end_within_an_item_are_refused() {
    for (key, length) in [(4, 27), (5, 25), (7, 21)] {
        let bytes = [vec![0xa2, 0, 1, key, 0x58, length], vec![0; length.into()]].concat();
        assert_eq!(RingMessage::decode(&bytes), None, "key {key}");
    }
    for (key, length) in [(1, 5), (1, 7), (4, 5), (5, 3)] {
        let bytes = [vec![0xa1, key, 0x40 | length], vec![0; length.into()]].concat();
        assert_eq!(Table::decode(&bytes), None, "key {key}");
    }
}

#[test]
fn what_claims_to_be_long_is_refused_before_it_takes_memory() {
    let length = [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    for key in [4, 5, 7] {
        let bytes = [&[0xa2, 0, 1, key][..], &length].concat();
        assert_eq!(RingMessage::decode(&bytes), None);
        let bytes = [&[0xa1, key][..], &length].concat();
        assert_eq!(Table::decode(&bytes), None);
    }
}

#[test]
fn keys_of_later_versions_are_skipped() {
    let later = b"\x18\x63\xa1\x61x\x82\x01\x9f\x02\x03\xff";
    let message = RingMessage::Found {
        token: 7,
        hops: 3,
        coordinates: Coordinates::default(),
        state: state(),
    };
    let table = Table {
        member: true,
        number: Some(5),
        ..Table::default()
    };
    let mut bytes = message.encode();
    bytes[0] += 1;
    bytes.extend_from_slice(later);
    assert_eq!(RingMessage::decode(&bytes), Some(message));
    let mut bytes = table.encode();
    bytes[0] += 1;
    bytes.extend_from_slice(later);
    assert_eq!(Table::decode(&bytes), Some(table));
}

#[test]
fn a_message_of_a_later_kind_or_of_none_is_refused() {
    assert_eq!(
        RingMessage::decode(&[0xa1, 0, 2]),
        Some(RingMessage::Unchanged)
    );
    assert_eq!(RingMessage::decode(&[0xa1, 0, 6]), None);
    assert_eq!(RingMessage::decode(&[0xa0]), None);
    assert_eq!(Table::decode(&[0xa0]), Some(Table::default()));
}

#[test]
fn all_but_questions_for_owners_and_their_answers_must_be_proven() {
    let free = [
        RingMessage::Find {
            token: 1,
            places: 0,
        },
        RingMessage::Found {
            token: 1,
            hops: 0,
            coordinates: Coordinates::default(),
            state: state(),
        },
    ];
    let proven = [
        RingMessage::Stabilize {
            known: 0,
            member: true,
        },
        RingMessage::State(state()),
        RingMessage::Unchanged,
        RingMessage::Unify { over: Vec::new() },
    ];
    assert!(free.iter().all(|it| !needs_proof(&it.encode())));
    assert!(proven.iter().all(|it| needs_proof(&it.encode())));
    assert!(needs_proof(b"") && needs_proof(&[0xa1, 0, 99]));
}

#[test]
fn a_table_of_the_largest_budget_fits_into_a_keepalive() {
    let table = Table {
        member: true,
        coordinates: Some(Coordinates::default()),
        gap: Some(u32::MAX),
        number: Some(u32::MAX),
        full: true,
        added: vec![
            TableEntry {
                position: u32::MAX,
                latency: 207,
                gap: 239,
            };
            256
        ],
        removed: vec![u32::MAX; 64],
    };
    assert!(table.encode().len() <= MAX_KEEPALIVE_ROUTING);
}

/// A message with everything that finds it its way.
fn wandering() -> Message {
    Message {
        way: Way {
            by_key: true,
            again: true,
            over: vec![mallory().id(); MAX_WAYPOINTS],
            back: vec![alice().id()],
            hop: Some(Hop {
                number: 1,
                pin: Some(2),
                bound: 3,
            }),
            passed: Some(vec![alice().id(); MAX_HOPS.into()]),
        },
        ..ping()
    }
}

#[test]
fn more_waypoints_or_passed_peers_than_allowed_are_refused() {
    let frame = Frame::Message(wandering());
    assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    let too_long: [fn(&mut Way, Vec<PeerId>); 3] = [
        |way, peers| way.over = peers,
        |way, peers| way.back = peers,
        |way, peers| way.passed = Some(peers),
    ];
    let limits = [MAX_WAYPOINTS, MAX_WAYPOINTS, MAX_HOPS.into()];
    for (set, limit) in too_long.into_iter().zip(limits) {
        let mut message = wandering();
        set(&mut message.way, vec![bob().id(); limit + 1]);
        assert!(matches!(
            Frame::decode(&Frame::Message(message).encode()),
            Err(FrameError::Malformed(_))
        ));
    }
}

#[test]
fn a_proof_covers_whether_a_message_is_for_a_keys_owner_and_nothing_else_of_its_way() {
    let mut message = wandering();
    message.sign(&alice());
    let with = |change: fn(&mut Way)| {
        let mut message = message.clone();
        change(&mut message.way);
        message.is_proven()
    };
    assert!(!with(|way| way.by_key = false));
    assert!(with(|way| way.again = false));
    assert!(with(|way| way.over.clear()));
    assert!(with(|way| way.back.clear()));
    assert!(with(|way| way.hop = None));
    assert!(with(|way| way.passed = None));
}
