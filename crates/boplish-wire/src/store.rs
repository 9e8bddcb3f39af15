//! What peers say to each other that store records: store-protocol messages, maps with numbers for
//! keys; docs/protocol.md lists them.
//!
//! Records travel as bytes here: who receives one decodes it, and so verifies it.

use crate::frame::cbor::{Reader, Writer, Wrong};
use crate::id::PeerId;
use crate::limits::{MAX_RECORD, MAX_VERSIONS};

/// The protocol's name.
pub const PROTOCOL: &str = "store-protocol";

/// Orders the attempts to write what follows a sequence number (Lamport: "The part-time
/// parliament", 1998): the higher is the later one. 0 for writes without compare-and-swap.
pub type Ballot = u64;

/// A message between peers that store, or use what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreMessage {
    /// To the owner of a key: store this record.
    Put {
        /// Comes back in the answer, a `Done`.
        token: u32,
        /// Who gets the answer, and over how many peers the message was passed on since.
        client: Client,
        /// The record.
        record: Vec<u8>,
        /// Only if the record that is there has this sequence number; 0 if there is to be none.
        expected: Option<u64>,
    },
    /// To the owner of a key: what is stored there?
    Get {
        /// Comes back in the answer, a `Copy`.
        token: u32,
        /// Who gets the answer, and over how many peers the message was passed on since.
        client: Client,
        /// The key.
        key: PeerId,
        /// Whether the owner's own copy will do, if it has one.
        quick: bool,
    },
    /// How a `Put` ended.
    Done {
        /// That of the `Put`.
        token: u32,
        /// How.
        outcome: Outcome,
        /// The record that is there instead.
        record: Option<Vec<u8>>,
    },
    /// To a replica: what is there? With a ballot: take no record of a lower one from now on.
    Read {
        /// Comes back in the answer, a `Copy`.
        token: u32,
        /// The key.
        key: PeerId,
        /// 0 for a mere question.
        ballot: Ballot,
    },
    /// To a replica: store this record. Answered by `Vote`, if there is a token.
    Store {
        /// Comes back in the answer; 0 if none is wanted.
        token: u32,
        /// The ballot that it was written in.
        ballot: Ballot,
        /// The record.
        record: Vec<u8>,
    },
    /// What a replica has, or what a `Get` has found.
    Copy {
        /// That of the question.
        token: u32,
        /// Whether the ballot of the question holds, or a later one has come before.
        promised: bool,
        /// The ballot that the record was written in; that which is in the way if not `promised`.
        ballot: Ballot,
        /// The record, if there is one.
        record: Option<Vec<u8>>,
    },
    /// Whether a replica has stored a record, or has one that stands above it.
    Vote {
        /// That of the `Store`.
        token: u32,
        /// Whether it has.
        stored: bool,
    },
    /// What the sender has of the keys after `from` and up to `to`, which it owns, is this.
    /// Answered by `Versions` if the receiver has something else.
    Summary {
        /// The end of the interval that does not belong to it.
        from: PeerId,
        /// The end that does.
        to: PeerId,
        /// The exclusive or of all [`Version::mark`]s.
        digest: u64,
    },
    /// All that the sender has of the keys after `from` and up to `to`.
    Versions {
        /// The end of the interval that does not belong to it.
        from: PeerId,
        /// The end that does.
        to: PeerId,
        /// What there is, in the order of the keys.
        versions: Vec<Version>,
    },
    /// The sender wants the records with these keys, each as a `Store` without a token.
    Want {
        /// The keys.
        keys: Vec<PeerId>,
    },
}

/// Who has asked, for an owner who may pass the question on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Who gets the answer; `None` for the message's own writer.
    pub peer: Option<PeerId>,
    /// Over how many peers the message was passed on.
    pub passed: u8,
}

/// How a [`StoreMessage::Put`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored by most of those who should.
    Stored,
    /// Another record is there.
    Conflict,
    /// Too few have answered: it may be stored, or not.
    Unknown,
    /// It was refused: it does not verify, has expired, or expires too late.
    Refused,
    /// The publisher uses all that it gets, or there is no room at all.
    Full,
}

/// Which record is stored under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The key.
    pub key: PeerId,
    /// A hash of key, record and ballot.
    pub mark: u64,
}

const PUT: u64 = 0;
const GET: u64 = 1;
const DONE: u64 = 2;
const READ: u64 = 3;
const STORE: u64 = 4;
const COPY: u64 = 5;
const VOTE: u64 = 6;
const SUMMARY: u64 = 7;
const VERSIONS: u64 = 8;
const WANT: u64 = 9;

/// Bytes of a version.
const VERSION: usize = PeerId::BYTES + 8;

impl StoreMessage {
    /// The bytes of a payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).uint(self.kind());
        match self {
            Self::Put {
                token,
                client,
                record,
                expected,
            } => {
                map.field(1).uint((*token).into());
                client.write(&mut map);
                map.field(4).bytes(record);
                if let Some(expected) = expected {
                    map.field(5).uint(*expected);
                }
            }
            Self::Get {
                token,
                client,
                key,
                quick,
            } => {
                map.field(1).uint((*token).into());
                client.write(&mut map);
                map.field(6).bytes(key.as_bytes());
                map.flag_field(7, *quick);
            }
            Self::Done {
                token,
                outcome,
                record,
            } => {
                map.field(1).uint((*token).into());
                if let Some(record) = record {
                    map.field(4).bytes(record);
                }
                map.field(8).uint(*outcome as u64);
            }
            Self::Read { token, key, ballot } => {
                map.field(1).uint((*token).into());
                map.field(6).bytes(key.as_bytes());
                map.field(9).uint(*ballot);
            }
            Self::Store {
                token,
                ballot,
                record,
            } => {
                map.field(1).uint((*token).into());
                map.field(4).bytes(record);
                map.field(9).uint(*ballot);
            }
            Self::Copy {
                token,
                promised,
                ballot,
                record,
            } => {
                map.field(1).uint((*token).into());
                if let Some(record) = record {
                    map.field(4).bytes(record);
                }
                map.flag_field(7, *promised);
                map.field(9).uint(*ballot);
            }
            Self::Vote { token, stored } => {
                map.field(1).uint((*token).into());
                map.flag_field(7, *stored);
            }
            Self::Summary { from, to, digest } => {
                map.field(10).bytes(&PeerId::concat(&[*from, *to]));
                map.field(11).bytes(&digest.to_be_bytes());
            }
            Self::Versions { from, to, versions } => {
                map.field(10).bytes(&PeerId::concat(&[*from, *to]));
                map.field(12).bytes(&pack_versions(versions));
            }
            Self::Want { keys } => map.field(13).bytes(&PeerId::concat(keys)),
        }
        map.into_bytes()
    }

    fn kind(&self) -> u64 {
        match self {
            Self::Put { .. } => PUT,
            Self::Get { .. } => GET,
            Self::Done { .. } => DONE,
            Self::Read { .. } => READ,
            Self::Store { .. } => STORE,
            Self::Copy { .. } => COPY,
            Self::Vote { .. } => VOTE,
            Self::Summary { .. } => SUMMARY,
            Self::Versions { .. } => VERSIONS,
            Self::Want { .. } => WANT,
        }
    }

    /// The message with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let message = Self::read(&mut reader).ok()?;
        (reader.left() == 0).then_some(message)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Wrong> {
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
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let wrong = reader.wrong();
        fields.message().unwrap_or(Err(wrong))
    }
}

/// What fields of a message there are.
#[derive(Default)]
struct Fields {
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
}

impl Fields {
    /// The message; `None` if there is none of its kind.
    fn message(self) -> Option<Result<StoreMessage, Wrong>> {
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
            Some(_) => return None,
        };
        Some(message)
    }
}

impl Client {
    /// The writer of a message itself.
    pub const WRITER: Self = Self {
        peer: None,
        passed: 0,
    };

    fn write(self, map: &mut Writer) {
        if let Some(peer) = self.peer {
            map.field(2).bytes(peer.as_bytes());
        }
        if self.passed > 0 {
            map.field(3).uint(self.passed.into());
        }
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

fn pack_versions(versions: &[Version]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(versions.len() * VERSION);
    for version in versions {
        bytes.extend_from_slice(version.key.as_bytes());
        bytes.extend_from_slice(&version.mark.to_be_bytes());
    }
    bytes
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
