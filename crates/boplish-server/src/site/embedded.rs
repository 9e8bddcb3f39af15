//! The pages that were built into the binary.

use super::encoding::Encoding;
use super::{Content, Found};

/// One file; `build.rs` writes the table of them.
struct File {
    path: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// A file, or the first of its compressed variants.
pub(super) fn find(path: &str, accepted: &[Encoding]) -> Option<Found> {
    let original = file(path)?;
    let variant = accepted.iter().find_map(|encoding| {
        let variant = file(&format!("{path}{}", encoding.suffix()))?;
        Some((variant, Some(*encoding)))
    });
    let (file, encoding) = variant.unwrap_or((original, None));
    Some(Found {
        etag: file.etag.to_owned(),
        length: file.bytes.len() as u64,
        encoding,
        content: Content::Embedded(file.bytes),
    })
}

fn file(path: &str) -> Option<&'static File> {
    let index = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    Some(&FILES[index])
}
