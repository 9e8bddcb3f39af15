//! What peers say to each other that have, or want, content: content-protocol messages, maps with
//! numbers for keys; docs/protocol.md lists them.

use super::read;
use super::{ContentHash, ContentId, Value};
use crate::frame::cbor::{Reader, Writer};

/// The protocol's name.
pub const PROTOCOL: &str = "content-protocol";

/// A message between a peer that wants content and one that may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentMessage {
    /// Does the receiver have this content? Answered by `Has` or `HasNot`. Whoever asks may open a
    /// link to it after a yes.
    Ask {
        /// Which.
        hash: ContentHash,
    },
    /// The sender has a content, or spans of it.
    Has {
        /// Which, and how long it is.
        id: ContentId,
        /// One bit for each span, from the lowest bit of the first byte on; `None`: all.
        spans: Option<Vec<u8>>,
    },
    /// The sender does not have a content, or not what was asked of it; or it has too much to do.
    HasNot {
        /// Which.
        hash: ContentHash,
        /// Whether it has it, and asking again later may help.
        busy: bool,
    },
    /// The sender wants a part of a content: that comes as `Values` and `Block`s.
    Get {
        /// Which.
        hash: ContentHash,
        /// What of it.
        wanted: Wanted,
    },
    /// The sender does not want a span any more.
    Cancel {
        /// Of which content.
        hash: ContentHash,
        /// Which.
        span: u32,
    },
    /// Values of a content's spans, from the one with the number `first` on; or of the blocks of
    /// one span.
    Values {
        /// Of which content.
        hash: ContentHash,
        /// The span whose blocks it is about; `None`: all spans.
        span: Option<u32>,
        /// The number of the first.
        first: u32,
        /// The values.
        values: Vec<Value>,
    },
    /// A block of a content.
    Block {
        /// Of which.
        hash: ContentHash,
        /// In which span.
        span: u32,
        /// Which of the span's.
        block: u32,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Asks the receiver to fetch a content from the sender, or from others, and to have it for
    /// others. Answered by `Has` once it does, or by `HasNot`.
    Keep {
        /// Which.
        id: ContentId,
        /// Whether it is a folder, whose content is wanted, too.
        folder: bool,
    },
}

/// A part of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The values of its spans, from this number on.
    Spans {
        /// The first.
        first: u32,
    },
    /// The values of the blocks of a span, and blocks.
    Blocks {
        /// Which span.
        span: u32,
        /// One bit for each block, from the lowest bit on.
        blocks: u32,
    },
}

pub(super) const ASK: u64 = 0;
pub(super) const HAS: u64 = 1;
pub(super) const HAS_NOT: u64 = 2;
pub(super) const GET: u64 = 3;
pub(super) const CANCEL: u64 = 4;
pub(super) const VALUES: u64 = 5;
pub(super) const BLOCK: u64 = 6;
pub(super) const KEEP: u64 = 7;

impl ContentMessage {
    /// Which content it is about.
    pub fn hash(&self) -> ContentHash {
        match self {
            Self::Ask { hash }
            | Self::HasNot { hash, .. }
            | Self::Get { hash, .. }
            | Self::Cancel { hash, .. }
            | Self::Values { hash, .. }
            | Self::Block { hash, .. } => *hash,
            Self::Has { id, .. } | Self::Keep { id, .. } => id.hash,
        }
    }

    fn kind(&self) -> u64 {
        match self {
            Self::Ask { .. } => ASK,
            Self::Has { .. } => HAS,
            Self::HasNot { .. } => HAS_NOT,
            Self::Get { .. } => GET,
            Self::Cancel { .. } => CANCEL,
            Self::Values { .. } => VALUES,
            Self::Block { .. } => BLOCK,
            Self::Keep { .. } => KEEP,
        }
    }

    /// The bytes of a payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).uint(self.kind());
        map.field(1).bytes(&self.hash().0);
        match self {
            Self::Ask { .. } => {}
            Self::Has { id, spans } => {
                map.field(2).uint(id.length);
                if let Some(spans) = spans {
                    map.field(3).bytes(spans);
                }
            }
            Self::HasNot { busy, .. } => map.flag_field(4, *busy),
            Self::Get { wanted, .. } => match wanted {
                Wanted::Spans { first } => map.field(6).uint((*first).into()),
                Wanted::Blocks { span, blocks } => {
                    map.field(5).uint((*span).into());
                    map.field(7).uint((*blocks).into());
                }
            },
            Self::Cancel { span, .. } => map.field(5).uint((*span).into()),
            Self::Values {
                span,
                first,
                values,
                ..
            } => {
                if let Some(span) = span {
                    map.field(5).uint((*span).into());
                }
                map.field(6).uint((*first).into());
                map.field(8).bytes(values.as_flattened());
            }
            Self::Block {
                span, block, bytes, ..
            } => {
                map.field(5).uint((*span).into());
                map.field(6).uint((*block).into());
                map.field(9).bytes(bytes);
            }
            Self::Keep { id, folder } => {
                map.field(2).uint(id.length);
                map.flag_field(4, *folder);
            }
        }
        map.into_bytes()
    }

    /// What a peer that has no contents answers to whoever asks for one: `HasNot`.
    pub fn idle_answer(asked: &[u8]) -> Option<Vec<u8>> {
        // A map's fields come in order, and those of the hash, 32 bytes, are all that is needed.
        let [_, 0, kind, 1, 0x58, 0x20, rest @ ..] = asked else {
            return None;
        };
        let hash = rest.get(..32)?;
        matches!(u64::from(*kind), ASK | GET | KEEP).then(|| {
            let mut answer = vec![0xa2, 0, HAS_NOT as u8, 1, 0x58, 0x20];
            answer.extend_from_slice(hash);
            answer
        })
    }

    /// The message with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let message = read::message(&mut reader).ok()?;
        (reader.left() == 0).then_some(message)
    }
}
