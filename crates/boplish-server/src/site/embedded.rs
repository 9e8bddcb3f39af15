//! The pages that were built into the binary.

use axum::body::Body;

use super::Found;

/// One file; `build.rs` writes the table of them.
struct File {
    path: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/site.rs"));

pub(super) fn find(path: &str) -> Option<Found> {
    let index = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    let file = &FILES[index];
    Some(Found {
        etag: file.etag.to_owned(),
        length: file.bytes.len() as u64,
        body: Body::from(file.bytes),
    })
}
