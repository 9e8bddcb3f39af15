use core::cmp::Ordering;

use boplish_wire::limits::{MAX_LIFE, MAX_RECORD, MAX_SALT};
use boplish_wire::store::{Client, Outcome, StoreMessage, Version};
use boplish_wire::{PeerId, Record, RecordError};
use proptest::prelude::*;

use crate::any::{alice, bob};

const NOW: u64 = 1_800_000_000;

fn signed(salt: &[u8], sequence: u64, value: &[u8]) -> Record {
    Record::sign(&alice(), salt, sequence, value, NOW + 60, 10).expect("it is short")
}

fn any_id() -> impl Strategy<Value = PeerId> {
    any::<[u8; PeerId::BYTES]>().prop_map(PeerId::from_bytes)
}

fn any_record() -> impl Strategy<Value = Record> {
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..most);
    let signed = (
        bytes(MAX_SALT),
        any::<u64>(),
        bytes(700),
        any::<u64>(),
        any::<u32>(),
    );
    let signed = signed.prop_map(|(salt, sequence, value, expires, ttl)| {
        Record::sign(&bob(), &salt, sequence, &value, expires, ttl).expect("it is short")
    });
    let hashed = (bytes(900), any::<u64>());
    let hashed =
        hashed.prop_map(|(value, expires)| Record::hash(&value, expires).expect("it is short"));
    let listed = (bytes(MAX_SALT), any::<u64>(), bytes(700), any::<u64>());
    let listed = listed.prop_map(|(subject, sequence, value, expires)| {
        Record::sign_listed(&bob(), &subject, sequence, &value, expires).expect("it is short")
    });
    prop_oneof![signed, listed, hashed]
}

fn any_message() -> impl Strategy<Value = StoreMessage> {
    let client = (proptest::option::of(any_id()), any::<u8>());
    let client = client
        .prop_map(|(peer, passed)| Client { peer, passed })
        .boxed();
    let record = proptest::collection::vec(any::<u8>(), 0..MAX_RECORD);
    let maybe = proptest::option::of(record.clone());
    let outcome = prop_oneof![
        Just(Outcome::Stored),
        Just(Outcome::Conflict),
        Just(Outcome::Unknown),
        Just(Outcome::Refused),
        Just(Outcome::Full),
    ];
    let version = (any_id(), any::<u64>()).prop_map(|(key, mark)| Version { key, mark });
    let versions = proptest::collection::vec(version, 0..20);
    let keys = proptest::collection::vec(any_id(), 0..20);
    let (token, number) = (any::<u32>(), any::<u64>());
    prop_oneof![
        (
            token,
            client.clone(),
            record.clone(),
            proptest::option::of(number)
        )
            .prop_map(|(token, client, record, expected)| StoreMessage::Put {
                token,
                client,
                record,
                expected,
            }),
        (token, client.clone(), any_id(), any::<bool>()).prop_map(|(token, client, key, quick)| {
            StoreMessage::Get {
                token,
                client,
                key,
                quick,
            }
        }),
        (token, outcome, maybe.clone()).prop_map(|(token, outcome, record)| StoreMessage::Done {
            token,
            outcome,
            record,
        }),
        (token, any_id(), number).prop_map(|(token, key, ballot)| StoreMessage::Read {
            token,
            key,
            ballot,
        }),
        (token, number, record.clone()).prop_map(|(token, ballot, record)| StoreMessage::Store {
            token,
            ballot,
            record,
        }),
        (token, any::<bool>(), number, maybe).prop_map(|(token, promised, ballot, record)| {
            StoreMessage::Copy {
                token,
                promised,
                ballot,
                record,
            }
        }),
        (token, any::<bool>()).prop_map(|(token, stored)| StoreMessage::Vote { token, stored }),
        (any_id(), any_id(), number).prop_map(|(from, to, digest)| StoreMessage::Summary {
            from,
            to,
            digest,
        }),
        (any_id(), any_id(), versions).prop_map(|(from, to, versions)| StoreMessage::Versions {
            from,
            to,
            versions,
        }),
        keys.prop_map(|keys| StoreMessage::Want { keys }),
        (token, client.clone(), any_id(), any_id()).prop_map(|(token, client, from, to)| {
            StoreMessage::List {
                token,
                client,
                from,
                to,
            }
        }),
        record
            .clone()
            .prop_map(|asked| StoreMessage::Idle { asked }),
        (token, proptest::collection::vec(record.clone(), 0..6))
            .prop_map(|(token, records)| StoreMessage::Listed { token, records }),
    ]
}

proptest! {
    #[test]
    fn every_message_of_the_store_is_read_as_it_was_written(message in any_message()) {
        prop_assert_eq!(StoreMessage::decode(&message.encode()), Some(message));
    }

    #[test]
    fn a_cut_message_of_the_store_is_refused(
        message in any_message(),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = message.encode();
        prop_assert_eq!(StoreMessage::decode(&bytes[..cut.index(bytes.len())]), None);
    }

    #[test]
    fn arbitrary_bytes_are_a_message_of_the_store_or_refused(bytes: Vec<u8>) {
        let _ = (StoreMessage::decode(&bytes), Record::decode(&bytes));
    }

    #[test]
    fn every_record_is_read_as_it_was_written(record in any_record()) {
        prop_assert_eq!(Record::decode(&record.encode()), Ok(record));
    }

    /// Whatever bit is changed: a signed record does not hold any more, a hashed one belongs
    /// elsewhere, or only lives longer or shorter.
    #[test]
    fn a_changed_record_is_another(record in any_record(), at: prop::sample::Index, bit in 0..8_u8) {
        let mut bytes = record.encode();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Record::decode(&bytes) {
            prop_assert!(record.publisher().is_none());
            prop_assert!(other.key() != record.key() || other.expires() != record.expires());
        }
    }

    #[test]
    fn of_two_versions_the_same_stands_for_all(one in any_record(), other in any_record()) {
        prop_assert_eq!(one.cmp_versions(&other), other.cmp_versions(&one).reverse());
        prop_assert_eq!(one.cmp_versions(&one), Ordering::Equal);
    }
}

#[test]
fn the_key_depends_on_publisher_and_salt_alone() {
    let one = signed(b"a", 1, b"value");
    assert_eq!(one.key(), signed(b"a", 9, b"other").key());
    assert_ne!(one.key(), signed(b"b", 1, b"value").key());
    let theirs = Record::sign(&bob(), b"a", 1, b"value", NOW + 60, 10).unwrap();
    assert_ne!(one.key(), theirs.key());
    assert_eq!(one.publisher(), Some(alice().id()));
    let hashed = Record::hash(b"value", NOW + 60).unwrap();
    assert_eq!(hashed.key(), Record::key_of_value(b"value"));
    assert_eq!(hashed.publisher(), None);
}

#[test]
fn what_is_too_long_is_refused_by_name() {
    let long = [0; MAX_RECORD];
    assert_eq!(Record::hash(&long, NOW), Err(RecordError::TooLong));
    let signed = |salt: &[u8], value: &[u8]| Record::sign(&alice(), salt, 1, value, NOW, 1);
    assert_eq!(signed(b"", &long), Err(RecordError::TooLong));
    assert_eq!(
        signed(&[0; MAX_SALT + 1], b""),
        Err(RecordError::SaltTooLong)
    );
    assert!(signed(&[0; MAX_SALT], &[0; 800]).is_ok());
    assert_eq!(
        Record::decode(&[0; MAX_RECORD + 1]),
        Err(RecordError::TooLong)
    );
    assert_eq!(Record::decode(b""), Err(RecordError::Malformed));
}

#[test]
fn a_forged_record_is_refused() {
    let mut bytes = signed(b"a", 1, b"value").encode();
    // The value comes first: its head, then its bytes.
    let at = bytes.windows(5).position(|it| it == b"value").unwrap();
    bytes[at] = b'w';
    assert_eq!(Record::decode(&bytes), Err(RecordError::Unverified));
}

#[test]
fn a_record_has_one_form() {
    let mut bytes = Record::hash(b"value", 60).unwrap().encode();
    // The number 60, with a byte more than it needs.
    assert_eq!(bytes.split_off(bytes.len() - 2), [0x18, 60]);
    bytes.extend([0x19, 0, 60]);
    assert_eq!(Record::decode(&bytes), Err(RecordError::Malformed));
}

#[test]
fn records_live_for_their_time() {
    let record = signed(b"a", 1, b"value");
    assert_eq!(record.check_time(NOW), Ok(()));
    assert_eq!(record.check_time(NOW + 60), Err(RecordError::Expired));
    let early = NOW + 60 - MAX_LIFE;
    assert_eq!(record.check_time(early), Ok(()));
    assert_eq!(record.check_time(early - 1), Err(RecordError::TooFar));
}

#[test]
fn who_stores_nothing_answers_everything_but_such_answers() {
    let message = StoreMessage::Want { keys: Vec::new() };
    let asked = message.encode();
    let answer = StoreMessage::idle_answer(&asked).unwrap();
    assert_eq!(
        StoreMessage::decode(&answer),
        Some(StoreMessage::Idle { asked })
    );
    assert_eq!(StoreMessage::idle_answer(&answer), None);
    assert_eq!(StoreMessage::idle_answer(&[0; 2000]), None);
}

#[test]
fn an_outcome_of_a_later_version_tells_nothing() {
    let done = |outcome| StoreMessage::Done {
        token: 1,
        outcome,
        record: None,
    };
    let mut bytes = done(Outcome::Full).encode();
    assert_eq!(bytes.pop(), Some(4));
    bytes.push(5);
    let read = StoreMessage::decode(&bytes);
    assert_eq!(read, Some(done(Outcome::Unknown)));
}
