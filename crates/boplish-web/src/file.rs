//! The file of a content, as a page keeps it: its bytes, the values of its blocks and those of its
//! spans, and a bit for each span that is there. What lies where in it is said here alone.

use boplish_wire::content::{ContentHasher, ContentId, Hashed, SPAN_BLOCKS, Value};
use wasm_bindgen::prelude::*;

/// Hashes a content as it is read.
#[wasm_bindgen]
#[derive(Default)]
pub struct Hasher(ContentHasher);

#[wasm_bindgen]
impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The content, and what follows its bytes in its file. It begins again.
    pub fn finish(&mut self) -> HashedContent {
        let hashed = core::mem::take(&mut self.0).finish();
        HashedContent {
            content: hashed.id.to_string(),
            tail: tail_of(&hashed),
        }
    }
}

/// A content that was hashed.
#[wasm_bindgen(getter_with_clone)]
pub struct HashedContent {
    /// Its hash, a dot, and its length.
    pub content: String,
    /// What follows its bytes in its file.
    pub tail: Vec<u8>,
}

/// The content of some bytes, and what follows them in its file.
pub(crate) fn hashed(bytes: &[u8]) -> (ContentId, Vec<u8>) {
    let mut hasher = ContentHasher::default();
    hasher.update(bytes);
    let hashed = hasher.finish();
    (hashed.id, tail_of(&hashed))
}

fn tail_of(hashed: &Hashed) -> Vec<u8> {
    let id = hashed.id;
    let mut tail = hashed.blocks.as_flattened().to_vec();
    tail.extend_from_slice(hashed.spans().as_flattened());
    // The bits of those spans that there are.
    let mut bits = vec![0xff; bits_length(id) as usize];
    if let (Some(last), rest @ 1..) = (bits.last_mut(), id.spans() % 8) {
        *last = (1 << rest) - 1;
    }
    tail.append(&mut bits);
    tail
}

/// Bytes of a value.
const VALUE: u64 = size_of::<Value>() as u64;

/// Where the values of the blocks of a span are.
pub(crate) fn blocks_at(id: ContentId, span: u32) -> u64 {
    id.length + u64::from(span) * SPAN_BLOCKS as u64 * VALUE
}

/// Where the values of the spans are: behind those of all blocks.
pub(crate) fn spans_at(id: ContentId) -> u64 {
    let last = id.spans() - 1;
    blocks_at(id, last) + id.blocks(last) as u64 * VALUE
}

/// Where the bits of the spans are: behind their values.
pub(crate) fn bits_at(id: ContentId) -> u64 {
    spans_at(id) + u64::from(id.spans()) * VALUE
}

/// Bytes of these bits.
pub(crate) fn bits_length(id: ContentId) -> u64 {
    u64::from(id.spans().div_ceil(8))
}

/// Bytes of the values of all spans.
pub(crate) fn spans_length(id: ContentId) -> usize {
    id.spans() as usize * VALUE as usize
}

/// Bytes of the values of the blocks of a span.
pub(crate) fn blocks_length(id: ContentId, span: u32) -> usize {
    id.blocks(span) * VALUE as usize
}
