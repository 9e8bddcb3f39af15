//! What a peer keeps over a restart: records, in a database of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use boplish_wire::PeerId;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const RECORDS: TableDefinition<'_, [u8; PeerId::BYTES], &[u8]> = TableDefinition::new("records");

/// The database can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the store {}: {error}", .path.display())]
pub struct DiskError {
    path: PathBuf,
    error: Box<redb::Error>,
}

impl DiskError {
    /// Whether that is because another process has it open.
    pub fn is_in_use(&self) -> bool {
        matches!(*self.error, redb::Error::DatabaseAlreadyOpen)
    }
}

/// Writes records to a database, in a thread of its own: a node does not wait for a disk.
#[derive(Debug)]
pub(crate) struct Disk {
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
}

/// What is to be written; what replaces something that was not written yet takes its place.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: BTreeMap<PeerId, Option<Vec<u8>>>,
    is_closed: bool,
}

impl Disk {
    /// Opens the database, which is made if there is none. Returns what was kept, too.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Vec<u8>>), DiskError> {
        let failed = |error: redb::Error| DiskError {
            path: path.to_owned(),
            error: Box::new(error),
        };
        let database = Database::create(path).map_err(|error| failed(error.into()))?;
        let kept = load(&database).map_err(failed)?;
        let queue = Arc::new(Queue::default());
        let (for_writer, path) = (Arc::clone(&queue), path.to_owned());
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_all(&database, &for_writer, &path))
            .map_err(|error| failed(redb::Error::Io(error)))?;
        let disk = Self {
            queue,
            writer: Some(writer),
        };
        Ok((disk, kept))
    }

    /// Keeps these bytes under a key, or nothing.
    pub(crate) fn keep(&self, key: PeerId, bytes: Option<Vec<u8>>) {
        self.queue.lock().changes.insert(key, bytes);
        self.queue.woken.notify_one();
    }
}

/// What was to be kept is on the disk when this returns.
impl Drop for Disk {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.woken.notify_one();
        if let Some(writer) = self.writer.take() {
            // It has told of its own panic.
            let _ = writer.join();
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nobody panics with the lock in hand.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes so far; `None` when there will be no more.
    fn take(&self) -> Option<BTreeMap<PeerId, Option<Vec<u8>>>> {
        let mut waiting = self.lock();
        while waiting.changes.is_empty() {
            if waiting.is_closed {
                return None;
            }
            waiting = self
                .woken
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Some(core::mem::take(&mut waiting.changes))
    }
}

fn load(database: &Database) -> Result<Vec<Vec<u8>>, redb::Error> {
    // A table must have been opened for writing once.
    let transaction = database.begin_write()?;
    transaction.open_table(RECORDS)?;
    transaction.commit()?;
    let table = database.begin_read()?.open_table(RECORDS)?;
    let mut kept = Vec::new();
    for entry in table.iter()? {
        kept.push(entry?.1.value().to_vec());
    }
    Ok(kept)
}

fn write_all(database: &Database, queue: &Queue, path: &Path) {
    while let Some(changes) = queue.take() {
        if let Err(error) = write(database, &changes) {
            // The network has copies; this peer goes on without its own.
            tracing::error!(path = %path.display(), %error, "records could not be kept");
        }
    }
}

fn write(
    database: &Database,
    changes: &BTreeMap<PeerId, Option<Vec<u8>>>,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(RECORDS)?;
        for (key, bytes) in changes {
            match bytes {
                Some(bytes) => drop(table.insert(key.as_bytes(), bytes.as_slice())?),
                None => drop(table.remove(key.as_bytes())?),
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_there_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("boplish-disk-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("store.redb");
        let key = |number: u8| PeerId::from_bytes([number; PeerId::BYTES]);
        let (disk, kept) = Disk::open(&path).unwrap();
        assert!(kept.is_empty());
        disk.keep(key(1), Some(b"one".to_vec()));
        disk.keep(key(2), Some(b"two".to_vec()));
        disk.keep(key(1), None);
        drop(disk);
        let (disk, kept) = Disk::open(&path).unwrap();
        assert_eq!(kept, [b"two".to_vec()]);
        assert!(Disk::open(&path).unwrap_err().is_in_use());
        drop(disk);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_store_that_is_none_is_named() {
        let folder = std::env::temp_dir();
        let error = Disk::open(&folder).unwrap_err().to_string();
        assert!(error.contains(&folder.display().to_string()), "{error}");
    }
}
