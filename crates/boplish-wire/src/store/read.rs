//! Reads messages of the store.

use super::{
    Ballot, COPY, Client, DONE, GET, IDLE, LIST, LISTED, Outcome, PUT, READ, STORE, SUMMARY,
    StoreMessage, VERSION, VERSIONS, VOTE, Version, WANT,
};
use crate::frame::cbor::{Reader, Wrong};
use crate::id::PeerId;
use crate::limits::{MAX_LISTED, MAX_RECORD, MAX_VERSIONS};

pub(super) fn read(reader: &mut Reader<'_>) -> Result<StoreMessage, Wrong> {
    let mut fields = Fields::default();
    reader.map(&mut |key, reader| {
        match key {
            0 => fields.kind = Some(reader.uint()?),
            1 => fields.token = reader.small()?,
            2 => fields.client = Some(peer(reader)?),
            3 => fields.passed = reader.small()?,
            4 => fields.record = Some(record(reader)?),
            5 => fields.expected = Some(reader.uint()?),
            6 => fields.key = Some(peer(reader)?),
            7 => fields.flag = reader.flag()?,
            8 => fields.outcome = Some(outcome(reader)?),
            9 => fields.ballot = reader.uint()?,
            10 => fields.interval = Some(interval(reader)?),
            11 => fields.digest = u64::from_be_bytes(reader.exactly()?),
            12 => fields.versions = versions(reader)?,
            13 => fields.keys = keys(reader)?,
            14 => fields.records = records(reader)?,
            15 => fields.asked = reader.bytes()?.to_vec(),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let wrong = reader.wrong();
    fields.message().unwrap_or(Err(wrong))
}

/// What fields of a message there are.
#[derive(Default)]
pub(super) struct Fields {
    kind: Option<u64>,
    token: u32,
    client: Option<PeerId>,
    passed: u8,
    record: Option<Vec<u8>>,
    expected: Option<u64>,
    key: Option<PeerId>,
    flag: bool,
    outcome: Option<Outcome>,
    ballot: Ballot,
    interval: Option<(PeerId, PeerId)>,
    digest: u64,
    versions: Vec<Version>,
    keys: Vec<PeerId>,
    records: Vec<Vec<u8>>,
    asked: Vec<u8>,
}

impl Fields {
    /// The message; `None` if there is none of its kind.
    pub(super) fn message(self) -> Option<Result<StoreMessage, Wrong>> {
        let token = self.token;
        let client = Client {
            peer: self.client,
            passed: self.passed,
        };
        let key = self.key.ok_or(Wrong::Missing(6));
        let record = self.record;
        let interval = self.interval.ok_or(Wrong::Missing(10));
        let needed = |record: Option<Vec<u8>>| record.ok_or(Wrong::Missing(4));
        let message = match self.kind {
            None => Err(Wrong::Missing(0)),
            Some(PUT) => needed(record).map(|record| StoreMessage::Put {
                token,
                client,
                record,
                expected: self.expected,
            }),
            Some(GET) => key.map(|key| StoreMessage::Get {
                token,
                client,
                key,
                quick: self.flag,
            }),
            Some(DONE) => self
                .outcome
                .ok_or(Wrong::Missing(8))
                .map(|outcome| StoreMessage::Done {
                    token,
                    outcome,
                    record,
                }),
            Some(READ) => key.map(|key| StoreMessage::Read {
                token,
                key,
                ballot: self.ballot,
            }),
            Some(STORE) => needed(record).map(|record| StoreMessage::Store {
                token,
                ballot: self.ballot,
                record,
            }),
            Some(COPY) => Ok(StoreMessage::Copy {
                token,
                promised: self.flag,
                ballot: self.ballot,
                record,
            }),
            Some(VOTE) => Ok(StoreMessage::Vote {
                token,
                stored: self.flag,
            }),
            Some(SUMMARY) => interval.map(|(from, to)| StoreMessage::Summary {
                from,
                to,
                digest: self.digest,
            }),
            Some(VERSIONS) => interval.map(|(from, to)| StoreMessage::Versions {
                from,
                to,
                versions: self.versions,
            }),
            Some(WANT) => Ok(StoreMessage::Want { keys: self.keys }),
            Some(LIST) => interval.map(|(from, to)| StoreMessage::List {
                token,
                client,
                from,
                to,
            }),
            Some(IDLE) => Ok(StoreMessage::Idle { asked: self.asked }),
            Some(LISTED) => Ok(StoreMessage::Listed {
                token,
                records: self.records,
            }),
            Some(_) => return None,
        };
        Some(message)
    }
}

fn peer(reader: &mut Reader<'_>) -> Result<PeerId, Wrong> {
    reader.exactly().map(PeerId::from_bytes)
}

fn record(reader: &mut Reader<'_>) -> Result<Vec<u8>, Wrong> {
    let bytes = reader.bytes()?;
    // A longer one gets its refusal by name from who decodes it.
    match bytes.len() <= 2 * MAX_RECORD {
        true => Ok(bytes.to_vec()),
        false => Err(reader.wrong()),
    }
}

fn records(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Wrong> {
    let mut records = Vec::new();
    reader.array(&mut |_, reader| {
        if records.len() >= MAX_LISTED {
            return Err(reader.wrong());
        }
        records.push(record(reader)?);
        Ok(())
    })?;
    Ok(records)
}

fn outcome(reader: &mut Reader<'_>) -> Result<Outcome, Wrong> {
    Ok(match reader.uint()? {
        0 => Outcome::Stored,
        1 => Outcome::Conflict,
        3 => Outcome::Refused,
        4 => Outcome::Full,
        // What a later version may say besides tells this one nothing.
        _ => Outcome::Unknown,
    })
}

fn interval(reader: &mut Reader<'_>) -> Result<(PeerId, PeerId), Wrong> {
    let ends = PeerId::split(reader.bytes()?);
    match ends.as_deref() {
        Some([from, to]) => Ok((*from, *to)),
        Some(_) | None => Err(reader.wrong()),
    }
}

fn keys(reader: &mut Reader<'_>) -> Result<Vec<PeerId>, Wrong> {
    let keys = PeerId::split(reader.bytes()?);
    let keys = keys.filter(|keys| keys.len() <= MAX_VERSIONS);
    keys.ok_or(reader.wrong())
}

fn versions(reader: &mut Reader<'_>) -> Result<Vec<Version>, Wrong> {
    let (versions, rest) = reader.bytes()?.as_chunks::<VERSION>();
    if !rest.is_empty() || versions.len() > MAX_VERSIONS {
        return Err(reader.wrong());
    }
    let version = |bytes: &[u8; VERSION]| {
        let (key, mark) = bytes.split_first_chunk()?;
        Some(Version {
            key: PeerId::from_bytes(*key),
            mark: u64::from_be_bytes(*mark.first_chunk()?),
        })
    };
    Ok(versions.iter().filter_map(version).collect())
}
