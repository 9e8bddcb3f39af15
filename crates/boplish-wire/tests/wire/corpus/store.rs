//! Messages of the store, and records.

use boplish_wire::Record;
use boplish_wire::store::{Client, Outcome, StoreMessage, Version};

use crate::any::{alice, bob};

pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let expires = 1_800_000_060;
    let signed = Record::sign(&alice(), b"salt", 7, b"value", expires, 60).expect("it is short");
    let listed =
        Record::sign_listed(&bob(), b"subject", 7, b"value", expires).expect("it is short");
    let hashed = Record::hash(b"value", expires).expect("it is short");
    let (token, record, ballot) = (9, signed.encode(), 1 << 32);
    let (from, to) = (alice().id(), bob().id());
    let client = Client {
        peer: Some(to),
        passed: 1,
    };
    let version = Version {
        key: signed.key(),
        mark: u64::MAX,
    };
    let messages = [
        (
            "put",
            StoreMessage::Put {
                token,
                client,
                record: record.clone(),
                expected: Some(6),
            },
        ),
        (
            "get",
            StoreMessage::Get {
                token,
                client: Client::WRITER,
                key: signed.key(),
                quick: true,
            },
        ),
        (
            "done",
            StoreMessage::Done {
                token,
                outcome: Outcome::Conflict,
                record: Some(record.clone()),
            },
        ),
        (
            "read",
            StoreMessage::Read {
                token,
                key: signed.key(),
                ballot,
            },
        ),
        (
            "store",
            StoreMessage::Store {
                token,
                ballot,
                record: record.clone(),
            },
        ),
        (
            "copy",
            StoreMessage::Copy {
                token,
                promised: true,
                ballot,
                record: Some(record.clone()),
            },
        ),
        (
            "vote",
            StoreMessage::Vote {
                token,
                stored: true,
            },
        ),
        (
            "summary",
            StoreMessage::Summary {
                from,
                to,
                digest: 1,
            },
        ),
        (
            "versions",
            StoreMessage::Versions {
                from,
                to,
                versions: vec![version],
            },
        ),
        (
            "want",
            StoreMessage::Want {
                keys: vec![signed.key()],
            },
        ),
        (
            "list",
            StoreMessage::List {
                token,
                client,
                from,
                to,
            },
        ),
        ("idle", StoreMessage::Idle { asked: vec![1, 2] }),
        (
            "listed",
            StoreMessage::Listed {
                token,
                records: vec![record.clone(), listed.encode()],
            },
        ),
    ];
    let mut samples: Vec<_> = messages
        .into_iter()
        .map(|(name, message)| (name, message.encode()))
        .collect();
    let mut forged = record.clone();
    forged.swap(3, 4);
    samples.extend([
        ("signed-record", record),
        ("listed-record", listed.encode()),
        ("hashed-record", hashed.encode()),
        ("forged-record", forged),
    ]);
    samples
}
