use boplish_wire::ring::{self as wire, Coordinates, Place, RingMessage, RingState, Table};
use boplish_wire::{Kind, Message, MessageId, Payload, Way};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::super::neighbours::Origin;
use super::super::space::id_at;
use super::*;
use crate::config::ChordConfig;
use crate::protocol;
use crate::router::{Router, RouterOutput, Via};

/// A peer in the upper byte of the ring.
fn id(at: u8) -> PeerId {
    id_at(u32::from(at) << 24, 0)
}

fn at(millis: u64) -> Time {
    Time::START + core::time::Duration::from_millis(millis)
}

fn place(at: u8) -> Place {
    Place {
        peer: id(at),
        coordinates: Coordinates::default(),
    }
}

fn state(successors: &[u8]) -> RingState {
    RingState {
        member: true,
        leaving: false,
        predecessors: Vec::new(),
        successors: successors.iter().map(|it| place(*it)).collect(),
    }
}

/// Peer 100, a member with these successors and links.
fn chord(successors: &[u8], links: &[u8]) -> Chord {
    let rng = Xoshiro256PlusPlus::from_seed([7; 32]);
    let mut chord = Chord::new(id(100), ChordConfig::default(), rng);
    chord.ring.member = true;
    let (first, rest) = successors.split_first().expect("there is a successor");
    chord.ring.stabilize(place(*first), &state(rest));
    for link in links {
        let told = Table {
            member: true,
            ..Table::default()
        };
        let now = Time::START;
        chord
            .neighbours
            .insert(now, id(*link), &told, Origin::Other);
    }
    chord
}

fn successors(chord: &Chord) -> Vec<PeerId> {
    chord.ring.successors().iter().map(|it| it.peer).collect()
}

/// A peer's place comes, over a link to another peer or its own.
fn tell(chord: &mut Chord, now: Time, over: u8, from: u8, successors: &[u8]) {
    let told = RingMessage::State(state(successors));
    let message = Message {
        id: MessageId(1),
        from: id(from),
        to: Some(id(100)),
        protocol: protocol::name(wire::PROTOCOL),
        kind: Kind::Plain,
        wants_ack: false,
        hops: 1,
        payload: Payload::bytes(told.encode()).expect("it is short"),
        way: Way::default(),
        proof: None,
    };
    chord.handle_delivery(now, Via::Link(id(over)), &message);
}

/// Whom it has asked for their places.
fn asked(chord: &mut Chord) -> Vec<PeerId> {
    let mut asked = Vec::new();
    while let Some(output) = chord.poll_output() {
        if let RouterOutput::Originate {
            to: Some(to),
            payload: Payload::Bytes(bytes),
            ..
        } = output
            && let Some(RingMessage::Stabilize { .. }) = RingMessage::decode(&bytes)
        {
            asked.push(to);
        }
    }
    asked
}

#[test]
fn dead_successors_without_links_are_off_the_list_within_seconds() {
    let mut chord = chord(&[110, 120, 130, 140, 150, 160], &[150]);
    let dead = [110, 120, 130, 140].map(id);
    chord.tend(at(0));
    assert_eq!(asked(&mut chord), dead);
    let mut now = at(0);
    while successors(&chord).first() != Some(&id(150)) {
        now = chord.timers.stabilize.expect("it goes on asking");
        assert!(now < at(8_000), "{:?}", successors(&chord));
        chord.tick(now);
        if asked(&mut chord).contains(&id(150)) {
            tell(&mut chord, now, 150, 150, &[160]);
        }
    }
    assert_eq!(successors(&chord), [150, 160].map(id));
    // Said to be unreachable, they are faster.
    let mut chord = self::chord(&[110, 120, 150], &[150]);
    chord.tend(at(0));
    for dead in [110, 120] {
        chord.handle_unreachable(at(100), id(150), id(dead));
    }
    chord.tick(at(1_500));
    tell(&mut chord, at(1_600), 150, 150, &[160]);
    assert_eq!(successors(&chord), [150, 160].map(id));
    assert!(now > at(1_600));
}

#[test]
fn who_answers_over_others_is_asked_no_oftener_than_with_a_link() {
    let mut chord = chord(&[110, 120, 130], &[120]);
    let mut now = at(0);
    chord.tend(now);
    for _ in 0..5 {
        assert_eq!(asked(&mut chord), [id(110)]);
        tell(&mut chord, now, 120, 110, &[120, 130]);
        let next = chord.timers.stabilize.expect("it goes on asking");
        let is_first = now == at(0);
        assert!(is_first || next.since(now) >= chord.config.stabilize_interval / 2);
        now = next;
        chord.tick(now);
    }
    assert_eq!(successors(&chord), [110, 120, 130].map(id));
}

#[test]
fn a_list_from_before_that_comes_around_a_link_is_not_taken() {
    let mut chord = chord(&[110, 120, 130], &[110, 120]);
    tell(&mut chord, at(0), 120, 110, &[115]);
    assert_eq!(successors(&chord), [110, 120, 130].map(id));
    tell(&mut chord, at(0), 110, 110, &[115]);
    assert_eq!(successors(&chord), [110, 115].map(id));
}

#[test]
fn a_list_that_comes_over_others_counts_only_when_its_owner_has_been_asked() {
    let mut chord = chord(&[120, 130], &[120]);
    tell(&mut chord, at(0), 120, 110, &[115]);
    assert_eq!(successors(&chord), [120, 130].map(id));
    assert_eq!(asked(&mut chord), [id(110)]);
    tell(&mut chord, at(100), 120, 110, &[115, 120]);
    assert_eq!(successors(&chord), [110, 115, 120].map(id));
}

#[test]
fn another_member_is_asked_only_when_all_successors_have_been_in_doubt_for_a_turn() {
    let mut chord = chord(&[110, 120], &[200]);
    chord.tend(at(0));
    for silent in [110, 120] {
        chord.handle_unreachable(at(100), id(200), id(silent));
    }
    asked(&mut chord);
    chord.tick(at(1_500));
    assert_eq!(asked(&mut chord), [110, 120].map(id));
    tell(&mut chord, at(1_600), 200, 200, &[210]);
    assert_eq!(successors(&chord), [110, 120].map(id));
    let next = chord.timers.stabilize.expect("it goes on asking");
    assert!(next.since(at(1_500)) >= chord.config.stabilize_interval / 2);
    chord.tick(next);
    assert!(asked(&mut chord).contains(&id(200)));
    tell(&mut chord, next, 200, 200, &[210]);
    assert_eq!(successors(&chord), [200, 210].map(id));
}
