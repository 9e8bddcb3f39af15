use core::time::Duration;

use boplish_wire::store::{Client, StoreMessage};
use boplish_wire::{Keypair, PeerId, Record};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::shelf::{Held, Shelf, Taken, digest};
use super::{Ballot, Dht};
use crate::config::StoreConfig;
use crate::kbr::{KeyBased, Neighbourhood};
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

    /// It finds a record on its disk.
    fn restore(&mut self, record: &Record) {
        let bytes = [&0_u64.to_be_bytes()[..], &record.encode()].concat();
        self.dht.restore(NOW, &bytes);
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

/// What is known of the ring around the peer with this id.
struct Near(Neighbourhood);

impl KeyBased for Near {
    fn neighbourhood(&self) -> Option<Neighbourhood> {
        Some(self.0.clone())
    }

    fn local_lookup(&self, _key: &PeerId, _count: usize) -> Vec<PeerId> {
        Vec::new()
    }
}

fn id(first: u8) -> PeerId {
    let mut bytes = [0; 20];
    bytes[0] = first;
    PeerId::from_bytes(bytes)
}

/// Peer 100 of a large ring, which knows ten on either side, and what it has said since.
fn member(capacity: usize) -> Passed {
    let before = (90..100).rev().map(id).collect();
    member_between(before, (101..111).map(id).collect(), capacity)
}

fn member_between(before: Vec<PeerId>, after: Vec<PeerId>, capacity: usize) -> Passed {
    let rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let config = StoreConfig {
        capacity,
        ..StoreConfig::default()
    };
    let own = id(100);
    let mut dht = Dht::new(own, config, 1_799_999_000, rng);
    let near = Neighbourhood { own, before, after };
    dht.handle_update(NOW, &Near(near));
    Passed { dht }
}

#[test]
fn where_all_are_new_nothing_is_missing_until_everybody_has_said_so() {
    let record = record_at(51..=100);
    let key = record.key();
    let reader = id(150);
    let get = StoreMessage::Get {
        token: 99,
        client: Client {
            peer: None,
            passed: 3,
        },
        key,
        quick: false,
    };
    let copy = |token, record| StoreMessage::Copy {
        token,
        promised: true,
        ballot: 0,
        record,
    };
    let asked = || {
        let others = [id(50), id(150)];
        let mut peer = member_between(others.to_vec(), others.to_vec(), 1 << 20);
        peer.dht.handle_message(NOW, reader, &get.encode());
        let said = peer.said();
        let [(_, StoreMessage::Read { token, .. }), ..] = &*said else {
            panic!("{said:?} is no question to the replicas");
        };
        // It has nothing itself, and so has one of the others.
        let nothing = copy(*token, None).encode();
        peer.dht.handle_message(NOW, id(150), &nothing);
        assert!(peer.said().is_empty(), "the third has not answered");
        (peer, *token)
    };

    let (mut peer, token) = asked();
    let found = copy(token, Some(record.encode())).encode();
    peer.dht.handle_message(NOW, id(50), &found);
    let is_read =
        |said: &[(PeerId, StoreMessage)]| matches!(said, [(_, StoreMessage::Read { .. }), ..]);
    assert!(is_read(&peer.said()), "it is to be written to most");

    let (mut peer, token) = asked();
    let nothing = copy(token, None).encode();
    peer.dht.handle_message(NOW, id(50), &nothing);
    assert_eq!(peer.said(), [(reader, copy(99, None))]);

    let (mut peer, _) = asked();
    peer.dht.handle_timeout(NOW + Duration::from_millis(1_200));
    let answer = (reader, copy(99, None));
    assert!(peer.said().contains(&answer), "the third may be dead");
}

/// A record whose key begins with a byte in this range.
fn record_at(range: core::ops::RangeInclusive<u8>) -> Record {
    let records = (0..=255).map(|salt| record(1, salt, 1, b"value"));
    let mut there = records.filter(|it| range.contains(&it.key().as_bytes()[0]));
    there.next().expect("one of 256 is there")
}

#[test]
fn only_who_may_own_a_key_gets_a_promise() {
    let mut peer = member(1 << 20);
    let key = id(98);
    let read = |ballot| StoreMessage::Read {
        token: 1,
        key,
        ballot,
    };
    let mut ask = |from, ballot: Ballot| {
        peer.dht.handle_message(NOW, from, &read(ballot).encode());
        let said = peer.said();
        let [(to, StoreMessage::Copy { promised, .. })] = &*said else {
            panic!("{said:?} is no answer");
        };
        assert_eq!(*to, from);
        *promised
    };
    assert!(!ask(id(200), Ballot::MAX), "a stranger");
    assert!(!ask(id(97), Ballot::MAX), "one before the key");
    assert!(ask(id(200), 0), "a mere question");
    assert!(ask(id(98), 1 << 32));
    assert!(!ask(id(99), 1 << 31), "a later one was promised");
}

#[test]
fn no_stranger_can_name_a_ballot_that_leaves_no_later_one() {
    let mut peer = member(1 << 20);
    let mut store = |ballot: Ballot| {
        let message = StoreMessage::Store {
            token: 1,
            ballot,
            record: record_at(90..=100).encode(),
        };
        peer.dht.handle_message(NOW, id(200), &message.encode());
        let outputs = core::iter::from_fn(|| peer.dht.poll_output());
        let mut votes = Vec::new();
        for output in outputs {
            if let StoreOutput::Say { to, payload } = output
                && to == id(200)
            {
                votes.extend(StoreMessage::decode(&payload));
            }
        }
        votes
    };
    let vote = |stored| StoreMessage::Vote { token: 1, stored };
    assert_eq!(store(Ballot::MAX), [vote(false)]);
    assert_eq!(store(2_000 << 32), [vote(false)]);
    assert_eq!(store(3 << 32), [vote(true)]);
}

#[test]
fn a_record_of_others_is_kept_until_its_owner_has_stored_it() {
    for refusals in [0, 1, 2, 9] {
        let mut peer = member(1 << 20);
        // Ten peers are nearer to it.
        let stray = record_at(0..=89);
        peer.restore(&stray);
        let mut sent = 0;
        for second in 1..=600 {
            let now = NOW + Duration::from_secs(second);
            peer.dht.handle_timeout(now);
            while let Some(output) = peer.dht.poll_output() {
                let StoreOutput::SayToOwner { key, payload } = output else {
                    continue;
                };
                let Some(StoreMessage::Store { token, .. }) = StoreMessage::decode(&payload) else {
                    continue;
                };
                assert_eq!(key, stray.key());
                assert!(peer.dht.held(&key).is_some());
                let stored = sent == refusals;
                sent += 1;
                let vote = StoreMessage::Vote { token, stored };
                peer.dht.handle_message(now, id(89), &vote.encode());
            }
        }
        assert_eq!(sent, (refusals + 1).min(3), "after {refusals} refusals");
        assert!(peer.dht.held(&stray.key()).is_none());
    }
}

#[test]
fn what_gives_way_or_has_expired_does_not_stay_on_the_disk() {
    let mut peer = member(1_000);
    let mut kept = std::collections::BTreeSet::new();
    for publisher in 1..=20 {
        let record = record(publisher, 1, 1, &[publisher; 300]);
        kept.insert(record.key());
        peer.restore(&record);
        while let Some(output) = peer.dht.poll_output() {
            if let StoreOutput::Keep { key, bytes: None } = output {
                kept.remove(&key);
            }
        }
        let stored = kept.iter().filter(|key| peer.dht.held(key).is_some());
        assert_eq!(stored.count(), kept.len());
    }
    assert_eq!(kept.len(), peer.dht.usage().0);
    let keys = Keypair::from_secret(&[77; 32]);
    let expired = Record::sign(&keys, b"", 1, b"", 1_799_999_000, 60).unwrap();
    peer.restore(&expired);
    let output = peer.dht.poll_output();
    let forgotten = |key| key == expired.key();
    assert!(
        matches!(output, Some(StoreOutput::Keep { key, bytes: None }) if forgotten(key)),
        "{output:?}"
    );
}

#[test]
fn the_time_goes_on_while_a_device_sleeps() {
    let mut peer = member(1 << 20);
    let expires = 1_799_999_000 + 100;
    let keys = Keypair::from_secret(&[3; 32]);
    let record = Record::sign(&keys, b"", 1, b"", expires, 60).unwrap();
    assert!(peer.dht.put(NOW, &record, None).is_ok());
    let now = NOW + Duration::from_secs(5);
    peer.dht.set_unix(now, 1_799_999_000 + 4_000);
    assert_eq!(peer.dht.unix(now), 1_799_999_000 + 4_000);
    assert!(peer.dht.put(now, &record, None).is_err());
}

#[test]
fn a_newcomer_gets_many_records_within_seconds() {
    let mut peer = member(1 << 20);
    let near = Neighbourhood {
        own: id(100),
        before: vec![id(1), id(0)],
        after: vec![id(200), id(210)],
    };
    peer.dht.handle_update(NOW, &Near(near));
    let mut count = 0_usize;
    for number in 0..1_000_u32 {
        let record = Record::hash(&number.to_be_bytes(), 1_800_000_000).unwrap();
        if (2..100).contains(&record.key().as_bytes()[0]) {
            peer.restore(&record);
            count += 1;
        }
    }
    // It tells in each of its answers what it has got so far.
    let newcomer = id(200);
    let mut there = std::collections::BTreeMap::new();
    for second in 1..=20 {
        let now = NOW + Duration::from_secs(second);
        peer.dht.handle_timeout(now);
        while let Some(output) = peer.dht.poll_output() {
            let StoreOutput::Say { to, payload } = output else {
                continue;
            };
            match StoreMessage::decode(&payload) {
                Some(StoreMessage::Summary { from, to: end, .. }) if to == newcomer => {
                    let versions = there.values().copied().collect();
                    let to = end;
                    let answer = StoreMessage::Versions { from, to, versions };
                    peer.dht.handle_message(now, newcomer, &answer.encode());
                }
                Some(StoreMessage::Store { record, ballot, .. }) if to == newcomer => {
                    let held = Held::new(Record::decode(&record).unwrap(), ballot);
                    let key = held.record.key();
                    let mut shelf = shelf();
                    shelf.take(NOW, held);
                    there.insert(key, shelf.versions(&key, &key)[0]);
                }
                Some(_) | None => {}
            }
        }
    }
    assert!(count > 300);
    assert_eq!(there.len(), count);
}
