//! What servers of a cluster say to each other, in bytes.
//!
//! A frame begins with the version and its kind, one byte each; numbers are big-endian, and a text
//! or an id takes the rest.

use core::time::Duration;

use boplish_wire::bootstrap::ClientId;

use super::NodeId;
use crate::refusal::canonical;

const VERSION: u8 = 1;

/// What one server says to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A client's message for the peer whose channel this is on.
    Message {
        /// The server that the sender is connected to.
        origin: NodeId,
        /// The client's words.
        text: String,
    },
    /// A client's message for anyone.
    Anyone {
        /// The server that the sender is connected to.
        origin: NodeId,
        /// Who may get it.
        whom: Whom,
        /// The client's words.
        text: String,
    },
    /// A message comes back: the peer that it was for has just left.
    Absent {
        /// The client's words.
        text: String,
    },
    /// A message for anyone comes back: there is nobody any more.
    Nobody {
        /// Who has nobody.
        node: NodeId,
        /// Who might have got it.
        whom: Whom,
        /// The client's words.
        text: String,
    },
    /// The peer whose channel this is on is connected here.
    Claim {
        /// Where.
        node: NodeId,
        /// Since when, in microseconds; so it takes no common clock to say who came last.
        age: Duration,
        /// Whether it has proven its id.
        proven: bool,
    },
    /// An unproven client's id belongs to somebody else.
    Taken {
        /// The id.
        id: ClientId,
    },
    /// How many are connected to a server.
    Announce {
        /// The server.
        node: NodeId,
        /// How many.
        counts: Counts,
    },
}

/// Who may get a message for anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Somebody who is connected.
    Member,
    /// An entry peer.
    Entry,
}

/// How many are connected to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Clients that are in the directory.
    pub members: u32,
    /// Those of them that are entry peers.
    pub entries: u32,
}

/// These bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFrame;

const MESSAGE: u8 = 1;
const ANYONE: u8 = 2;
const ABSENT: u8 = 3;
const NOBODY: u8 = 4;
const CLAIM: u8 = 5;
const TAKEN: u8 = 6;
const ANNOUNCE: u8 = 7;

impl Frame {
    /// The bytes of a frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Message { origin, text } => {
                bytes(MESSAGE, &[&origin.0.to_be_bytes(), text.as_bytes()])
            }
            Self::Anyone { origin, whom, text } => {
                let origin = origin.0.to_be_bytes();
                bytes(ANYONE, &[&origin, &[whom.code()], text.as_bytes()])
            }
            Self::Absent { text } => bytes(ABSENT, &[text.as_bytes()]),
            Self::Nobody { node, whom, text } => {
                let node = node.0.to_be_bytes();
                bytes(NOBODY, &[&node, &[whom.code()], text.as_bytes()])
            }
            Self::Claim { node, age, proven } => {
                let micros = u64::try_from(age.as_micros()).unwrap_or(u64::MAX);
                let (node, micros) = (node.0.to_be_bytes(), micros.to_be_bytes());
                bytes(CLAIM, &[&node, &micros, &[u8::from(*proven)]])
            }
            Self::Taken { id } => bytes(TAKEN, &[id.as_str().as_bytes()]),
            Self::Announce { node, counts } => {
                let (members, entries) = (counts.members, counts.entries);
                let node = node.0.to_be_bytes();
                bytes(
                    ANNOUNCE,
                    &[&node, &members.to_be_bytes(), &entries.to_be_bytes()],
                )
            }
        }
    }

    /// Reads a frame with a text of at most so many bytes.
    ///
    /// # Errors
    ///
    /// When it is none of this version, has a byte too many or too few, or a text that is too long
    /// or not UTF-8.
    pub fn decode(bytes: &[u8], max_text: usize) -> Result<Self, NoFrame> {
        let [VERSION, kind, rest @ ..] = bytes else {
            return Err(NoFrame);
        };
        let mut rest = Rest(rest);
        let frame = match *kind {
            MESSAGE => Self::Message {
                origin: rest.node()?,
                text: rest.text(max_text)?,
            },
            ANYONE => Self::Anyone {
                origin: rest.node()?,
                whom: rest.whom()?,
                text: rest.text(max_text)?,
            },
            ABSENT => Self::Absent {
                text: rest.text(max_text)?,
            },
            NOBODY => Self::Nobody {
                node: rest.node()?,
                whom: rest.whom()?,
                text: rest.text(max_text)?,
            },
            CLAIM => Self::Claim {
                node: rest.node()?,
                age: Duration::from_micros(u64::from_be_bytes(rest.take()?)),
                proven: match rest.byte()? {
                    0 => false,
                    1 => true,
                    _ => return Err(NoFrame),
                },
            },
            TAKEN => Self::Taken {
                id: canonical(&rest.text(max_text)?).ok_or(NoFrame)?,
            },
            ANNOUNCE => Self::Announce {
                node: rest.node()?,
                counts: Counts {
                    members: u32::from_be_bytes(rest.take()?),
                    entries: u32::from_be_bytes(rest.take()?),
                },
            },
            _ => return Err(NoFrame),
        };
        rest.0.is_empty().then_some(frame).ok_or(NoFrame)
    }
}

impl Whom {
    const fn code(self) -> u8 {
        match self {
            Self::Member => 0,
            Self::Entry => 1,
        }
    }
}

fn bytes(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 + parts.iter().map(|part| part.len()).sum::<usize>());
    bytes.extend([VERSION, kind]);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// What has not yet been read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], NoFrame> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(NoFrame)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, NoFrame> {
        self.take().map(|[byte]| byte)
    }

    fn node(&mut self) -> Result<NodeId, NoFrame> {
        self.take().map(u64::from_be_bytes).map(NodeId)
    }

    fn whom(&mut self) -> Result<Whom, NoFrame> {
        match self.byte()? {
            0 => Ok(Whom::Member),
            1 => Ok(Whom::Entry),
            _ => Err(NoFrame),
        }
    }

    fn text(&mut self, max: usize) -> Result<String, NoFrame> {
        let text = core::mem::take(&mut self.0);
        if text.len() > max {
            return Err(NoFrame);
        }
        str::from_utf8(text).map(str::to_owned).map_err(|_| NoFrame)
    }
}
