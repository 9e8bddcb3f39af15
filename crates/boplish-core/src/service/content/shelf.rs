//! Which contents are here, and which spans of those that are not whole.

use boplish_wire::content::{ContentHash, ContentId};

use crate::table::Table;

/// Contents of which spans are here.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    held: Table<ContentHash, Held>,
}

#[derive(Debug)]
struct Held {
    id: ContentId,
    /// Those that are here; `None`: all.
    spans: Option<Spans>,
}

/// A set of spans of one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spans {
    bits: Vec<u8>,
    missing: u32,
}

impl Spans {
    /// None of a content.
    pub(super) fn none(id: ContentId) -> Self {
        let count = id.spans();
        Self {
            bits: vec![0; count.div_ceil(8) as usize],
            missing: count,
        }
    }

    /// Those of a content that these bits name; further ones are ignored.
    pub(super) fn from_bits(id: ContentId, bits: &[u8]) -> Self {
        let mut spans = Self::none(id);
        for span in 0..id.spans() {
            let byte = bits.get(span as usize / 8).copied().unwrap_or(0);
            if byte >> (span % 8) & 1 == 1 {
                spans.insert(span);
            }
        }
        spans
    }

    pub(super) fn contains(&self, span: u32) -> bool {
        let byte = self.bits.get(span as usize / 8).copied().unwrap_or(0);
        byte >> (span % 8) & 1 == 1
    }

    /// Adds one; all that are asked for are within the content.
    pub(super) fn insert(&mut self, span: u32) {
        if !self.contains(span)
            && let Some(byte) = self.bits.get_mut(span as usize / 8)
        {
            *byte |= 1 << (span % 8);
            self.missing -= 1;
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.missing == 0
    }

    pub(super) fn bits(&self) -> &[u8] {
        &self.bits
    }
}

impl Shelf {
    /// A content is here, or these spans of it.
    pub(super) fn put(&mut self, id: ContentId, spans: Option<&[u8]>) {
        let spans = spans.map(|bits| Spans::from_bits(id, bits));
        let spans = spans.filter(|spans| !spans.is_whole());
        self.held.insert(id.hash, Held { id, spans });
    }

    /// One more span is here.
    pub(super) fn add(&mut self, id: ContentId, span: u32) {
        // Of one hash and two lengths, one is wrong: which, its last span shows.
        if self.held.get(&id.hash).is_none_or(|held| held.id != id) {
            let spans = Some(Spans::none(id));
            self.held.insert(id.hash, Held { id, spans });
        }
        if let Some(held) = self.held.get_mut(&id.hash)
            && let Some(spans) = &mut held.spans
        {
            spans.insert(span);
            if spans.is_whole() {
                held.spans = None;
            }
        }
    }

    pub(super) fn remove(&mut self, hash: &ContentHash) {
        self.held.remove(hash);
    }

    /// A content of which something is here, and which spans that are, if not all. Its length may
    /// be another than is thought.
    pub(super) fn get(&self, hash: &ContentHash) -> Option<(ContentId, Option<&Spans>)> {
        let held = self.held.get(hash)?;
        Some((held.id, held.spans.as_ref()))
    }

    pub(super) fn has(&self, hash: &ContentHash, span: u32) -> bool {
        let held = self.held.get(hash);
        held.is_some_and(|held| match &held.spans {
            Some(spans) => spans.contains(span),
            None => span < held.id.spans(),
        })
    }
}
