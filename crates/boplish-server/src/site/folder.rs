//! The pages of a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use axum::body::{Body, Bytes};
use futures_util::stream::{self, Stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::Found;
use super::path::SitePath;

/// Bytes that are read from a file at once, so that one of any length takes little memory.
const CHUNK: usize = 64 * 1024;

/// A folder whose files are served.
pub(crate) struct Folder {
    /// Without links, so that what lies outside can be told.
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        // Says now whether the folder can be read.
        std::fs::read_dir(&root)?;
        Ok(Self { root })
    }

    pub(super) async fn find(&self, path: &SitePath) -> Option<Found> {
        let path = tokio::fs::canonicalize(self.root.join(path.as_str()))
            .await
            .ok()?;
        if !path.starts_with(&self.root) {
            return None;
        }
        let file = File::open(path).await.ok()?;
        let metadata = file.metadata().await.ok()?;
        if !metadata.is_file() {
            return None;
        }
        let length = metadata.len();
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Found {
            etag: format!("W/\"{length:x}-{:x}\"", modified.as_nanos()),
            length,
            body: Body::from_stream(chunks(file, length)),
        })
    }
}

/// The first `length` bytes of a file. One that was cut meanwhile breaks the response off.
fn chunks(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, length), |(mut file, left)| async move {
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        if size == 0 {
            return Ok(None);
        }
        let mut chunk = vec![0; size];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    })
}
