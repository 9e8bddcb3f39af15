//! Content: bytes of any length under their BLAKE3 hash, in pieces that are verified one by one,
//! and folders of it.
//!
//! The hash is that of the whole (what `b3sum` prints). BLAKE3 is a tree, and two cuts through it
//! make the pieces: blocks of 32 KiB, one in a message, and spans of 32 blocks. Who has the values
//! of all spans can verify the values of a span's blocks, and with those each block as it arrives.
//! (Bao sends the tree whole. Two cuts are less to send and to keep, a thousandth of the content,
//! and still let any part be fetched from anybody.)

mod directory;
mod message;
mod read;

use core::fmt;
use core::str::FromStr;

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

pub use self::directory::{Directory, DirectoryError, Entry, Target};
pub use self::message::{ContentMessage, PROTOCOL, Wanted};
use crate::limits::MAX_CONTENT;

/// Bytes of a block; only the last may have fewer.
pub const BLOCK: usize = 32 * 1024;

/// Blocks of a span; only the last may have fewer.
pub const SPAN_BLOCKS: usize = 32;

/// Bytes of a span.
pub const SPAN: u64 = (BLOCK * SPAN_BLOCKS) as u64;

/// The value of a part of the tree (BLAKE3's chaining value).
pub type Value = [u8; 32];

/// The BLAKE3 hash of a content. In texts 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// What a text must be to be a hash, or a [`ContentId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash of content is 64 hex digits; with its length, a dot and a number follow")]
pub struct HashError;

impl ContentHash {
    /// The hash of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0[..4]))
    }
}

impl FromStr for ContentHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let mut bytes = [0; 32];
        match base16ct::mixed::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(HashError),
        }
    }
}

/// A content's name and size, which together say all about its pieces. In texts the hash, a dot,
/// and the size in decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId {
    /// The hash.
    pub hash: ContentHash,
    /// Bytes, at most [`MAX_CONTENT`].
    pub length: u64,
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.hash, self.length)
    }
}

impl FromStr for ContentId {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let (hash, length) = text.split_once('.').ok_or(HashError)?;
        let hash = hash.parse()?;
        let length = length.parse().or(Err(HashError))?;
        let id = Self { hash, length };
        // There is one way to write it.
        match length <= MAX_CONTENT && id.to_string() == text {
            true => Ok(id),
            false => Err(HashError),
        }
    }
}

impl ContentId {
    /// That of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        let hash = ContentHash::of(bytes);
        Self { hash, length }
    }

    /// Its spans; of an empty content there is one, which is empty.
    pub fn spans(&self) -> u32 {
        self.length.min(MAX_CONTENT).div_ceil(SPAN).max(1) as u32
    }

    /// The blocks of a span; 0 behind the last.
    pub fn blocks(&self, span: u32) -> usize {
        match span < self.spans() {
            true => self.span_length(span).div_ceil(BLOCK as u64).max(1) as usize,
            false => 0,
        }
    }

    /// The bytes of a span.
    pub fn span_length(&self, span: u32) -> u64 {
        let start = u64::from(span) * SPAN;
        self.length.saturating_sub(start).min(SPAN)
    }

    /// Where a block of a span begins, and how long it is.
    pub fn block(&self, span: u32, block: usize) -> (u64, usize) {
        let start = u64::from(span) * SPAN + (block * BLOCK) as u64;
        let length = self.length.saturating_sub(start).min(BLOCK as u64);
        (start, length as usize)
    }

    /// Whether these are the values of its spans, of which there is more than one.
    pub fn verify_spans(&self, values: &[Value]) -> bool {
        values.len() == self.spans() as usize && self.is_root(values)
    }

    /// Whether these are the values of the blocks of a span with that value. The only span of a
    /// content needs no value.
    pub fn verify_blocks(&self, span: u32, value: Option<&Value>, blocks: &[Value]) -> bool {
        if blocks.len() != self.blocks(span) {
            return false;
        }
        match (self.spans(), blocks.len()) {
            // The only block of a content is verified by the hash itself.
            (1, 1) => true,
            (1, _) => self.is_root(blocks),
            _ => value.is_some_and(|value| merge(blocks) == Some(*value)),
        }
    }

    /// Whether this is the block with that value.
    pub fn verify_block(&self, span: u32, block: usize, value: &Value, bytes: &[u8]) -> bool {
        let (start, length) = self.block(span, block);
        if bytes.len() != length {
            return false;
        }
        match self.length <= BLOCK as u64 {
            true => ContentHash::of(bytes) == self.hash,
            false => block_value(start, bytes) == *value,
        }
    }

    fn is_root(&self, values: &[Value]) -> bool {
        let Some((left, right)) = split(values) else {
            return false;
        };
        let (Some(left), Some(right)) = (merge(left), merge(right)) else {
            return false;
        };
        *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes() == self.hash.0
    }
}

fn block_value(start: u64, bytes: &[u8]) -> Value {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(start);
    hasher.update(bytes).finalize_non_root()
}

/// The value of the part of the tree above these, from left to right.
fn merge(values: &[Value]) -> Option<Value> {
    match split(values) {
        None => values.first().copied(),
        Some((left, right)) => Some(merge_subtrees_non_root(
            &merge(left)?,
            &merge(right)?,
            Mode::Hash,
        )),
    }
}

/// As BLAKE3 does: to the left there are as many as a power of two, and as possible, but not all.
fn split(values: &[Value]) -> Option<(&[Value], &[Value])> {
    let left = values.len().checked_sub(1)?.checked_ilog2()?;
    values.split_at_checked(1 << left)
}

/// Hashes a content as it is read, from its beginning to its end.
#[derive(Debug, Default)]
pub struct ContentHasher {
    length: u64,
    /// The block that is not whole yet.
    block: Vec<u8>,
    blocks: Vec<Value>,
}

/// A content that was hashed, and what others need to verify parts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashed {
    /// Its name and size.
    pub id: ContentId,
    /// The values of its blocks.
    pub blocks: Vec<Value>,
}

impl ContentHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.block.len() == BLOCK {
                self.end_block();
            }
            let (now, later) = bytes.split_at((BLOCK - self.block.len()).min(bytes.len()));
            self.block.extend_from_slice(now);
            bytes = later;
        }
    }

    fn end_block(&mut self) {
        self.blocks.push(block_value(self.length, &self.block));
        self.length += self.block.len() as u64;
        self.block.clear();
    }

    /// What came of it.
    pub fn finish(mut self) -> Hashed {
        if self.blocks.is_empty() {
            let id = ContentId::of(&self.block);
            let blocks = vec![id.hash.0];
            return Hashed { id, blocks };
        }
        self.end_block();
        let hash = root_of(&self.blocks);
        let length = self.length;
        Hashed {
            id: ContentId { hash, length },
            blocks: self.blocks,
        }
    }
}

fn root_of(values: &[Value]) -> ContentHash {
    let merged = split(values).and_then(|(left, right)| {
        let root = merge_subtrees_root(&merge(left)?, &merge(right)?, Mode::Hash);
        Some(*root.as_bytes())
    });
    ContentHash(merged.or(values.first().copied()).unwrap_or_default())
}

impl Hashed {
    /// The values of the blocks of a span.
    pub fn span(&self, span: u32) -> &[Value] {
        span_of(&self.blocks, span)
    }

    /// The values of the spans; those of a content with only one are of no use.
    pub fn spans(&self) -> Vec<Value> {
        self.blocks.chunks(SPAN_BLOCKS).filter_map(merge).collect()
    }
}

fn span_of(blocks: &[Value], span: u32) -> &[Value] {
    let mut spans = blocks.chunks(SPAN_BLOCKS);
    spans.nth(span as usize).unwrap_or_default()
}

/// The value of a span whose blocks have these.
pub fn span_value(blocks: &[Value]) -> Option<Value> {
    merge(blocks)
}
