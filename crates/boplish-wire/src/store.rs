//! What peers say to each other that store records: store-protocol messages, maps with numbers for
//! keys; docs/protocol.md lists them.
//!
//! Records travel as bytes here: who receives one decodes it, and so verifies it.

mod read;

use crate::frame::cbor::{Reader, Writer};
use crate::id::PeerId;
#[cfg(doc)]
use crate::limits::MAX_LISTED;
use crate::limits::MAX_RECORD;

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
    /// To the owner of keys after `from` and up to `to`: the records that there are. Answered by
    /// `Listed`.
    List {
        /// Comes back in the answer.
        token: u32,
        /// Who wants to know.
        client: Client,
        /// The end of the interval that does not belong to it.
        from: PeerId,
        /// The end that does.
        to: PeerId,
    },
    /// The sender stores nothing: here is what it was asked, for whoever goes on with another.
    Idle {
        /// The message's bytes.
        asked: Vec<u8>,
    },
    /// What a `List` has found: if there are more than [`MAX_LISTED`], some of them by chance.
    Listed {
        /// That of the question.
        token: u32,
        /// The records.
        records: Vec<Vec<u8>>,
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
const LIST: u64 = 10;
const LISTED: u64 = 11;
const IDLE: u64 = 12;

/// Bytes of the longest message that is sent back: one with a record.
const MAX_ASKED: usize = MAX_RECORD + 100;

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
            Self::List {
                token,
                client,
                from,
                to,
            } => {
                map.field(1).uint((*token).into());
                client.write(&mut map);
                map.field(10).bytes(&PeerId::concat(&[*from, *to]));
            }
            Self::Idle { asked } => map.field(15).bytes(asked),
            Self::Listed { token, records } => {
                map.field(1).uint((*token).into());
                map.field(14).array(records.len());
                for record in records {
                    map.bytes(record);
                }
            }
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
            Self::List { .. } => LIST,
            Self::Listed { .. } => LISTED,
            Self::Idle { .. } => IDLE,
        }
    }

    /// What a peer that stores nothing answers to any message but this one.
    pub fn idle_answer(asked: &[u8]) -> Option<Vec<u8>> {
        const HEAD: [u8; 4] = [0xa2, 0, IDLE as u8, 15];
        let is_idle = asked.starts_with(&HEAD);
        (!is_idle && asked.len() <= MAX_ASKED).then(|| {
            let mut map = Writer::map_behind(Vec::new());
            map.field(0).uint(IDLE);
            map.field(15).bytes(asked);
            map.into_bytes()
        })
    }

    /// The message with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let message = read::read(&mut reader).ok()?;
        (reader.left() == 0).then_some(message)
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

fn pack_versions(versions: &[Version]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(versions.len() * VERSION);
    for version in versions {
        bytes.extend_from_slice(version.key.as_bytes());
        bytes.extend_from_slice(&version.mark.to_be_bytes());
    }
    bytes
}
