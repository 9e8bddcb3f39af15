use core::time::Duration;

use boplish_wire::store::{Client, StoreMessage};
use boplish_wire::{Keypair, PeerId, Record};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::Dht;
use super::shelf::{Held, Shelf, Taken, digest};
use crate::config::StoreConfig;
use crate::service::{Store, StoreOutput};
use crate::time::Time;

const NOW: Time = Time::START;

fn record(publisher: u8, salt: u8, sequence: u64, value: &[u8]) -> Record {
    let keys = Keypair::from_secret(&[publisher; 32]);
    let expires = 1_800_000_000 + u64::from(salt);
    Record::sign(&keys, &[salt], sequence, value, expires, 60).unwrap()
}

fn held(sequence: u64, value: &[u8], ballot: u64) -> Held {
    Held::new(record(1, 1, sequence, value), ballot)
}

fn shelf() -> Shelf {
    Shelf::new(1 << 20)
}

#[test]
fn a_later_version_takes_the_place_of_an_earlier_one() {
    let mut shelf = shelf();
    assert_eq!(shelf.take(NOW, held(2, b"two", 0)), Taken::New);
    assert_eq!(shelf.take(NOW, held(2, b"two", 0)), Taken::Same);
    assert_eq!(shelf.take(NOW, held(1, b"one", 9)), Taken::Older);
    assert_eq!(shelf.take(NOW, held(3, b"three", 0)), Taken::New);
    assert_eq!(shelf.len(), 1);
}

#[test]
fn of_one_sequence_the_later_ballot_stands() {
    let (one, other) = (held(1, b"one", 0), held(1, b"other", 0));
    let (less, more) = match one.cmp_versions(&other).is_lt() {
        true => (one, other),
        false => (other, one),
    };
    let mut shelf = shelf();
    assert_eq!(shelf.take(NOW, more.clone()), Taken::New);
    assert_eq!(shelf.take(NOW, less.clone()), Taken::Older);
    let less = Held::new(less.record, 5);
    assert_eq!(shelf.take(NOW, less), Taken::New);
    assert_eq!(shelf.take(NOW, more), Taken::Older);
}

#[test]
fn a_promise_keeps_earlier_ballots_out() {
    let key = record(1, 1, 1, b"").key();
    let mut shelf = shelf();
    assert_eq!(shelf.promise(NOW, key, 7), None);
    assert_eq!(shelf.promise(NOW, key, 6), Some(7));
    assert_eq!(shelf.take(NOW, held(1, b"early", 6)), Taken::Promised(7));
    assert_eq!(shelf.take(NOW, held(1, b"in time", 7)), Taken::New);
    let later = NOW + core::time::Duration::from_secs(61);
    assert_eq!(
        shelf.promise(later, key, 6),
        None,
        "it does not hold for ever"
    );
}

/// One who publishes without end does not drive others out, nor can he store any more than fits.
#[test]
fn whoever_uses_most_gives_way() {
    let size = Held::new(record(1, 0, 1, &[0; 500]), 0);
    let mut full = Shelf::new(10 * 700);
    for salt in 0..10 {
        full.take(NOW, Held::new(record(1, salt, 1, &[0; 500]), 0));
    }
    let before = full.len();
    let own = full.take(NOW, Held::new(record(1, 99, 1, &[0; 500]), 0));
    assert_eq!((own, full.len()), (Taken::Full, before));
    let theirs = record(2, 7, 1, &[0; 500]);
    assert_eq!(full.take(NOW, Held::new(theirs.clone(), 0)), Taken::New);
    assert!(full.get(&theirs.key()).is_some());
    let soonest = size.record.key();
    assert!(full.get(&soonest).is_none(), "what expires soonest went");
    assert!(full.bytes() <= 7_000);
    let mut count = 1;
    while full.take(NOW, Held::new(record(2, 100 + count, 1, &[0; 500]), 0)) == Taken::New {
        count += 1;
    }
    assert!((4..=6).contains(&count), "each has about half, not {count}");
}

#[test]
fn equal_digests_mean_equal_versions() {
    let (mut one, mut other) = (shelf(), shelf());
    let everything = PeerId::from_bytes([0; 20]);
    let all = |shelf: &Shelf| digest(&shelf.versions(&everything, &everything));
    for salt in 0..5 {
        one.take(NOW, Held::new(record(1, salt, 1, b"x"), 0));
        other.take(NOW, Held::new(record(1, 4 - salt, 1, b"x"), 0));
    }
    assert_eq!(all(&one), all(&other));
    other.take(NOW, Held::new(record(1, 0, 2, b"y"), 0));
    assert_ne!(all(&one), all(&other));
}

/// A peer that stores, and what it has said since.
struct Passed {
    dht: Dht,
}

impl Passed {
    fn new() -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let own = PeerId::from_bytes([7; 20]);
        Self {
            dht: Dht::new(own, StoreConfig::default(), 1_799_999_000, rng),
        }
    }

    /// A question for a key comes by; whether it goes on.
    fn question(&mut self, now: Time, key: PeerId, quick: bool) -> bool {
        let get = StoreMessage::Get {
            token: 99,
            client: Client::WRITER,
            key,
            quick,
        };
        let reader = PeerId::from_bytes([9; 20]);
        self.dht.handle_passing(now, reader, &get.encode())
    }

    /// What it has said, and to whom, or to the owner of which key.
    fn said(&mut self) -> Vec<(PeerId, StoreMessage)> {
        let outputs = core::iter::from_fn(|| self.dht.poll_output());
        let said = outputs.map(|output| match output {
            StoreOutput::Say { to, payload } => (to, payload),
            StoreOutput::SayToOwner { key, payload } => (key, payload),
            StoreOutput::Put { .. }
            | StoreOutput::Got { .. }
            | StoreOutput::Listed { .. }
            | StoreOutput::Keep { .. }
            | StoreOutput::Refused { .. } => panic!("{output:?} was not expected"),
        });
        said.map(|(to, payload)| (to, StoreMessage::decode(&payload).expect("it is one")))
            .collect()
    }
}

#[test]
fn popular_records_are_answered_on_the_way_for_as_long_as_they_are_good() {
    let record = record(1, 1, 1, b"popular");
    let key = record.key();
    let mut peer = Passed::new();
    for _ in 0..10 {
        assert!(peer.question(NOW, key, false), "not what only most know");
    }
    assert!(peer.question(NOW, key, true));
    assert!(peer.question(NOW, key, true));
    assert!(peer.said().is_empty());

    // The third makes it ask the owner.
    assert!(peer.question(NOW, key, true));
    let asked = peer.said();
    let [
        (
            to,
            StoreMessage::Get {
                token, quick: true, ..
            },
        ),
    ] = &*asked
    else {
        panic!("{asked:?} is no question");
    };
    assert_eq!(*to, key);
    let copy = |token| StoreMessage::Copy {
        token,
        promised: true,
        ballot: 0,
        record: Some(record.encode()),
    };
    peer.dht
        .handle_message(NOW, PeerId::from_bytes([8; 20]), &copy(*token).encode());
    assert!(peer.said().is_empty(), "nobody else has asked for it");

    let later = NOW + Duration::from_secs(59);
    assert!(!peer.question(later, key, true));
    assert_eq!(
        peer.said(),
        [(PeerId::from_bytes([9; 20]), copy(99))],
        "the reader gets it from here"
    );
    // The record says 60 s.
    assert!(peer.question(NOW + Duration::from_secs(60), key, true));
    assert!(peer.said().is_empty());
}

#[test]
fn keys_that_few_ask_for_are_not_fetched_and_take_no_room() {
    let mut peer = Passed::new();
    for round in 0..3_u8 {
        for byte in 0..=255 {
            let key = PeerId::from_bytes([byte; 20]);
            let now = NOW + Duration::from_secs(61 * u64::from(round));
            assert!(peer.question(now, key, true));
        }
    }
    assert!(peer.said().is_empty());
}
