//! ETags of files (RFC 9110, section 8.8.3).

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The longest file whose content is hashed; the tag of a longer one is made of its length and
/// time, and so does not hold for parts.
const MAX_HASHED: u64 = 64 * 1024 * 1024;

/// Tags that are remembered; with one more, all are forgotten and made anew.
const MAX_TAGS: usize = 4_096;

/// How long ago a file must have changed for its time to tell it from the next change. Two seconds
/// are the coarsest that file systems have.
const SETTLED: Duration = Duration::from_secs(2);

/// Bytes that are hashed at once.
const CHUNK: usize = 64 * 1024;

/// The tags of files, which are hashed once for each change.
#[derive(Debug, Default)]
pub(super) struct Tags(Mutex<BTreeMap<PathBuf, (Stamp, String)>>);

/// Changes when a file does, once it has settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Duration,
    /// Inode, and the seconds and nanoseconds of its last change: what a file of the same length
    /// with the same time, as some tools make them, differs in.
    #[cfg(unix)]
    node: (u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Some(Self {
            length: metadata.len(),
            modified: modified.duration_since(SystemTime::UNIX_EPOCH).ok()?,
            #[cfg(unix)]
            node: (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    fn is_settled(self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.is_ok_and(|now| self.modified + SETTLED < now)
    }
}

impl Tags {
    /// The tag of an open file: strong, but weak while it has just changed.
    pub(super) fn tag(&self, path: &Path, file: &mut File, metadata: &Metadata) -> Option<String> {
        let stamp = Stamp::of(metadata)?;
        if stamp.length > MAX_HASHED {
            let (length, modified) = (stamp.length, stamp.modified.as_nanos());
            return Some(format!("W/\"{length:x}-{modified:x}\""));
        }
        if let Some((known, tag)) = self.lock().get(path)
            && *known == stamp
        {
            return Some(tag.clone());
        }
        let tag = format!("\"{}\"", hash(file).ok()?);
        let is_same = Stamp::of(&file.metadata().ok()?) == Some(stamp);
        if !is_same || !stamp.is_settled() {
            return Some(format!("W/{tag}"));
        }
        let mut tags = self.lock();
        if tags.len() >= MAX_TAGS {
            tags.clear();
        }
        tags.insert(path.to_owned(), (stamp, tag.clone()));
        Some(tag)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, (Stamp, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 128 bits of the content's hash, in hex: enough that no two contents share them.
fn hash(file: &mut File) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            let hash = hasher.finalize();
            return Ok(hash.to_hex().as_str().chars().take(32).collect());
        }
        hasher.update(&chunk[..read]);
    }
}
