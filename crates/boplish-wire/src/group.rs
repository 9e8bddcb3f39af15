//! What members of a group say to each other, and those who pass on for them: group-protocol
//! messages, maps with numbers for keys; docs/protocol.md lists them.
//!
//! What somebody says to a group is a [`Post`]: signed by its writer, since others pass it on. It
//! travels as bytes here: who receives one decodes it, and so verifies it.

use sha2::{Digest, Sha256};

use crate::Payload;
use crate::frame::cbor::{Reader, Writer, Wrong};
use crate::id::{Keypair, PeerId, Proof};
use crate::limits::{MAX_GROUP_LIST, MAX_MARKS, MAX_POST};

/// The protocol's name.
pub const PROTOCOL: &str = "group-protocol";

/// Keep a signature under a post, or under a direct word, from serving for anything else.
const DOMAIN: &str = "post/1";
const DIRECT_DOMAIN: &str = "direct/1";

/// The key of a group: of its name, and of a secret that its members share, if they do.
pub fn key_of(name: &str, secret: Option<&[u8; 32]>) -> PeerId {
    let hash = Sha256::new().chain_update(b"boplish/group\0");
    let hash = hash.chain_update([u8::from(secret.is_some())]);
    let hash = hash.chain_update(secret.map_or(&[][..], |it| &it[..]));
    PeerId::from_digest(&hash.chain_update(name).finalize().into())
}

/// What is said to a group, or to a member, before it is sealed: one byte, 0 for raw bytes and 1 for
/// JSON, and the content.
pub fn value_of(payload: &Payload) -> Vec<u8> {
    let kind = match payload {
        Payload::Bytes(_) => 0,
        Payload::Json(_) => 1,
    };
    [&[kind], payload.as_bytes()].concat()
}

/// What was said; `None` if it is no payload.
pub fn payload_in(value: &[u8]) -> Option<Payload> {
    let (kind, content) = value.split_first()?;
    match kind {
        0 => Payload::bytes(content).ok(),
        1 => Payload::json(str::from_utf8(content).ok()?).ok(),
        _ => None,
    }
}

/// Names a post: the first eight bytes of the SHA-256 of its bytes.
pub type Mark = u64;

/// A message between peers of a group's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMessage {
    /// The key of the group.
    pub group: PeerId,
    /// What is said.
    pub saying: Saying,
}

/// What a [`GroupMessage`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// To the owner of the group's key, for the first on the way who can, or to a peer: take the
    /// sender for a child. Answered by `Taken` or `Full`.
    Join,
    /// The sender is the parent now.
    Taken {
        /// The parent's parent and so on, up to the root.
        path: Vec<PeerId>,
        /// Some others of the group, whom the child may ask for what it lacks.
        others: Vec<PeerId>,
        /// The last posts that the sender has.
        marks: Vec<Mark>,
    },
    /// The sender has no room for one more child: one of these may have.
    Full {
        /// Children of the sender.
        others: Vec<PeerId>,
    },
    /// Between parent and child, regularly: the sender is there.
    Beat(Beat),
    /// Something was said to the group.
    Post {
        /// The bytes of a [`Post`].
        post: Vec<u8>,
        /// Whether it is an answer to `Last`: those before it don't come by themselves.
        old: bool,
    },
    /// Posts that the sender has.
    Have {
        /// Which.
        marks: Vec<Mark>,
    },
    /// The sender wants these, each as a `Post`.
    Want {
        /// Which.
        marks: Vec<Mark>,
    },
    /// The sender wants the last ones. Answered by `Told`, and a `Post` for each.
    Last {
        /// How many.
        count: u32,
    },
    /// The answer to `Last`: these posts come behind.
    Told {
        /// Which, the oldest first.
        marks: Vec<Mark>,
    },
    /// The sender is neither parent nor child any more.
    Leave,
    /// From the root to those who would come after it: join, as a child of the sender.
    Invite,
    /// A member says something to one other alone.
    Direct(Direct),
}

/// What a member says to one other alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Direct {
    /// What was said; sealed, if the group has a password.
    pub value: Box<[u8]>,
    proof: Proof,
}

impl Direct {
    /// A word to a member, signed.
    pub fn sign(keypair: &Keypair, group: &PeerId, to: &PeerId, value: &[u8]) -> Self {
        let parts = [group.as_bytes(), &to.as_bytes()[..], value];
        let proof = keypair.prove(DIRECT_DOMAIN, &parts);
        let value = value.into();
        Self { value, proof }
    }

    /// Whether that peer has said it, in that group, to that one.
    pub fn is_by(&self, writer: &PeerId, group: &PeerId, to: &PeerId) -> bool {
        let parts = [group.as_bytes(), &to.as_bytes()[..], &self.value];
        self.proof.signer(DIRECT_DOMAIN, &parts) == Some(*writer)
    }
}

/// What parent and child tell each other regularly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beat {
    /// From a parent: its own parent and so on, up to the root. From a child: `None`.
    pub path: Option<Vec<PeerId>>,
    /// From a parent: how many members the group has. From a child: how many there are below it,
    /// itself counted.
    pub count: u32,
    /// Some of those members, all if there are few; `None` if they are those that the sender has
    /// told before.
    pub some: Option<Vec<PeerId>>,
    /// The last posts that the sender has.
    pub marks: Vec<Mark>,
    /// Whether it wants to hear at once whether the receiver is there.
    pub asks: bool,
}

/// Where a post stands among those of its writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Drawn by the writer when it joined: its numbers begin anew with each.
    pub stream: u32,
    /// Counts the writer's posts in this stream, from 0.
    pub sequence: u64,
    /// Milliseconds since the one before it, at most [`u32::MAX`]: who was there then should have
    /// that one, too.
    pub pause: u32,
}

/// What somebody has said to a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where it stands among those of its writer.
    pub turn: Turn,
    /// What was said; sealed, if the group has a password.
    pub value: Box<[u8]>,
    proof: Proof,
}

impl Post {
    /// A post, signed.
    pub fn sign(keypair: &Keypair, group: &PeerId, turn: Turn, value: &[u8]) -> Self {
        let numbers = turn.to_bytes();
        let proof = keypair.prove(DOMAIN, &[group.as_bytes(), &numbers, value]);
        let value = value.into();
        Self { turn, value, proof }
    }

    /// Who has said it.
    pub fn writer(&self) -> PeerId {
        self.proof.claimed_signer()
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).bytes(&self.value);
        map.field(1).uint(self.turn.stream.into());
        map.field(2).uint(self.turn.sequence);
        map.field(3).uint(self.turn.pause.into());
        map.field(4).bytes(&self.proof.to_bytes());
        map.into_bytes()
    }

    /// The post with these bytes, if its writer has said it to this group; `None` if not.
    pub fn decode(group: &PeerId, bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_POST {
            return None;
        }
        let mut reader = Reader::new(bytes);
        let post = Self::read(&mut reader).ok()?;
        // What has one meaning has one form, and so one mark.
        if reader.left() > 0 || post.encode() != bytes {
            return None;
        }
        let numbers = post.turn.to_bytes();
        let parts = [group.as_bytes(), &numbers[..], &post.value];
        post.proof.signer(DOMAIN, &parts)?;
        Some(post)
    }

    /// What names the post with these bytes.
    pub fn mark_of(bytes: &[u8]) -> Mark {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Mark::from_be_bytes(first)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Wrong> {
        let (mut value, mut stream, mut sequence) = (None, None, None);
        let (mut pause, mut proof) = (None, None);
        reader.map(&mut |key, reader| {
            match key {
                0 => value = Some(reader.bytes()?),
                1 => stream = Some(reader.small()?),
                2 => sequence = Some(reader.uint()?),
                3 => pause = Some(reader.small()?),
                4 => proof = Some(Proof::from_bytes(&reader.exactly()?)),
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let turn = Turn {
            stream: stream.ok_or(Wrong::Missing(1))?,
            sequence: sequence.ok_or(Wrong::Missing(2))?,
            pause: pause.ok_or(Wrong::Missing(3))?,
        };
        Ok(Self {
            turn,
            value: value.ok_or(Wrong::Missing(0))?.into(),
            proof: proof.ok_or(Wrong::Missing(4))?,
        })
    }
}

impl Turn {
    /// As it is signed: stream, sequence and pause, most significant byte first.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.stream.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[12..].copy_from_slice(&self.pause.to_be_bytes());
        bytes
    }
}

const JOIN: u64 = 0;
const TAKEN: u64 = 1;
const FULL: u64 = 2;
const BEAT: u64 = 3;
const POST: u64 = 4;
const HAVE: u64 = 5;
const WANT: u64 = 6;
const LAST: u64 = 7;
const LEAVE: u64 = 8;
const INVITE: u64 = 9;
const DIRECT: u64 = 10;
const TOLD: u64 = 11;

impl GroupMessage {
    /// The bytes of a payload.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).uint(self.saying.kind());
        map.field(1).bytes(self.group.as_bytes());
        match &self.saying {
            Saying::Join | Saying::Leave | Saying::Invite => {}
            Saying::Taken {
                path,
                others,
                marks,
            } => {
                map.field(2).bytes(&PeerId::concat(path));
                map.field(3).bytes(&PeerId::concat(others));
                write_marks(&mut map, marks);
            }
            Saying::Full { others } => map.field(3).bytes(&PeerId::concat(others)),
            Saying::Beat(beat) => {
                if let Some(path) = &beat.path {
                    map.field(2).bytes(&PeerId::concat(path));
                }
                if let Some(some) = &beat.some {
                    map.field(3).bytes(&PeerId::concat(some));
                }
                map.field(4).uint(beat.count.into());
                write_marks(&mut map, &beat.marks);
                map.flag_field(7, beat.asks);
            }
            Saying::Post { post, old } => {
                map.field(6).bytes(post);
                map.flag_field(7, *old);
            }
            Saying::Have { marks } | Saying::Want { marks } | Saying::Told { marks } => {
                write_marks(&mut map, marks);
            }
            Saying::Last { count } => map.field(4).uint((*count).into()),
            Saying::Direct(direct) => {
                map.field(6).bytes(&direct.value);
                map.field(8).bytes(&direct.proof.to_bytes());
            }
        }
        map.into_bytes()
    }

    /// The message with these bytes, `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let message = read(&mut reader).ok()?;
        (reader.left() == 0).then_some(message)
    }
}

impl Saying {
    fn kind(&self) -> u64 {
        match self {
            Self::Join => JOIN,
            Self::Taken { .. } => TAKEN,
            Self::Full { .. } => FULL,
            Self::Beat(_) => BEAT,
            Self::Post { .. } => POST,
            Self::Have { .. } => HAVE,
            Self::Want { .. } => WANT,
            Self::Last { .. } => LAST,
            Self::Leave => LEAVE,
            Self::Invite => INVITE,
            Self::Direct(_) => DIRECT,
            Self::Told { .. } => TOLD,
        }
    }
}

fn read(reader: &mut Reader<'_>) -> Result<GroupMessage, Wrong> {
    let (mut kind, mut group, mut path, mut post) = (None, None, None, None);
    let (mut others, mut marks) = (None, Vec::new());
    let (mut count, mut flag, mut proof) = (0, false, None);
    reader.map(&mut |key, reader| {
        match key {
            0 => kind = Some(reader.uint()?),
            1 => group = Some(PeerId::from_bytes(reader.exactly()?)),
            2 => path = Some(read_ids(reader)?),
            3 => others = Some(read_ids(reader)?),
            4 => count = reader.small()?,
            5 => marks = read_marks(reader)?,
            6 => post = Some(reader.bytes()?.to_vec()),
            7 => flag = reader.flag()?,
            8 => proof = Some(Proof::from_bytes(&reader.exactly()?)),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let wrong = reader.wrong();
    let saying = match kind.ok_or(Wrong::Missing(0))? {
        JOIN => Saying::Join,
        TAKEN => Saying::Taken {
            path: path.ok_or(Wrong::Missing(2))?,
            others: others.unwrap_or_default(),
            marks,
        },
        FULL => Saying::Full {
            others: others.unwrap_or_default(),
        },
        BEAT => Saying::Beat(Beat {
            path,
            count,
            some: others,
            marks,
            asks: flag,
        }),
        POST => Saying::Post {
            post: post.ok_or(Wrong::Missing(6))?,
            old: flag,
        },
        HAVE => Saying::Have { marks },
        WANT => Saying::Want { marks },
        LAST => Saying::Last { count },
        TOLD => Saying::Told { marks },
        LEAVE => Saying::Leave,
        INVITE => Saying::Invite,
        DIRECT => Saying::Direct(Direct {
            value: post.ok_or(Wrong::Missing(6))?.into(),
            proof: proof.ok_or(Wrong::Missing(8))?,
        }),
        _ => return Err(wrong),
    };
    Ok(GroupMessage {
        group: group.ok_or(Wrong::Missing(1))?,
        saying,
    })
}

fn read_ids(reader: &mut Reader<'_>) -> Result<Vec<PeerId>, Wrong> {
    let ids = PeerId::split(reader.bytes()?);
    ids.filter(|ids| ids.len() <= MAX_GROUP_LIST)
        .ok_or_else(|| reader.wrong())
}

fn read_marks(reader: &mut Reader<'_>) -> Result<Vec<Mark>, Wrong> {
    let (marks, rest) = reader.bytes()?.as_chunks();
    match rest.is_empty() && marks.len() <= MAX_MARKS {
        true => Ok(marks.iter().map(|it| Mark::from_be_bytes(*it)).collect()),
        false => Err(reader.wrong()),
    }
}

fn write_marks(map: &mut Writer, marks: &[Mark]) {
    let bytes: Vec<u8> = marks.iter().flat_map(|mark| mark.to_be_bytes()).collect();
    map.field(5).bytes(&bytes);
}
