//! The pages of a folder.

use std::fs::{self, File, Metadata};
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures_util::stream::{self, Stream};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::task::spawn_blocking;

use super::encoding::Encoding;
use super::path::SitePath;
use super::tags::Tags;
use super::{Content, Found};

/// Bytes that are read from a file at once, so that one of any length takes little memory.
const CHUNK: usize = 64 * 1024;

/// A folder whose files are served.
#[derive(Clone)]
pub(crate) struct Folder {
    /// Without links, so that what lies outside can be told.
    root: PathBuf,
    tags: Arc<Tags>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let root = path.canonicalize()?;
        // Says now whether the folder can be read.
        fs::read_dir(&root)?;
        Ok(Self {
            root,
            tags: Arc::default(),
        })
    }

    /// A file, or the first of its compressed variants.
    pub(super) async fn find(&self, path: &SitePath, accepted: &[Encoding]) -> Option<Found> {
        let folder = self.clone();
        let path = path.as_str().to_owned();
        let accepted = accepted.to_vec();
        let found = spawn_blocking(move || folder.find_blocking(&path, &accepted));
        // An error says that the runtime ends.
        found.await.ok()?
    }

    fn find_blocking(&self, path: &str, accepted: &[Encoding]) -> Option<Found> {
        let original = self.open_file(path)?;
        for encoding in accepted {
            let variant = self.open_file(&format!("{path}{}", encoding.suffix()));
            if let Some(variant) = variant
                && variant.is_of(&original)
            {
                return self.found(variant, Some(*encoding));
            }
        }
        self.found(original, None)
    }

    fn found(&self, mut open: Open, encoding: Option<Encoding>) -> Option<Found> {
        Some(Found {
            etag: self.tags.tag(&open.path, &mut open.file, &open.metadata)?,
            length: open.metadata.len(),
            encoding,
            content: Content::File(open.file),
        })
    }

    /// A file in the folder, not one that a link leads to outside.
    fn open_file(&self, path: &str) -> Option<Open> {
        let path = self.root.join(path).canonicalize().ok()?;
        if !path.starts_with(&self.root) {
            return None;
        }
        // Opening anything else than a file, such as a pipe, might wait for ever.
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok()?;
        metadata.is_file().then_some(Open {
            path,
            file,
            metadata,
        })
    }
}

/// An open file.
struct Open {
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl Open {
    /// Whether this was made of the original as it is now.
    fn is_of(&self, original: &Self) -> bool {
        match (self.metadata.modified(), original.metadata.modified()) {
            (Ok(variant), Ok(original)) => variant >= original,
            (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => false,
        }
    }
}

/// A part of a file. If the file was cut meanwhile, the response breaks off.
pub(super) async fn body(file: File, part: Range<u64>) -> io::Result<Body> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(part.start)).await?;
    Ok(Body::from_stream(chunks(file, part.end - part.start)))
}

/// The next `length` bytes of a file.
fn chunks(file: tokio::fs::File, length: u64) -> impl Stream<Item = io::Result<Bytes>> {
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
