//! The file of those who may not connect, which is read again when it changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tracing::{error, info};

use super::bans::{BanError, Bans, MAX_BYTES};
use crate::hub::Hub;

/// How often it is looked whether the file has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file, and what it said when it was last good.
#[derive(Debug)]
pub(crate) struct BanFile {
    path: PathBuf,
    bans: RwLock<Arc<Bans>>,
    /// Of the file as it was read at the start.
    first: Stamp,
}

/// What changes when a file does.
type Stamp = Option<(SystemTime, u64)>;

impl BanFile {
    /// Reads the file.
    pub(crate) fn open(path: &Path) -> Result<Self, BanError> {
        let first = stamp(path);
        let bans = read(path)?;
        info!(file = %path.display(), entries = bans.len(), "ban list read");
        Ok(Self {
            path: path.to_owned(),
            bans: RwLock::new(Arc::new(bans)),
            first,
        })
    }

    /// Who may not connect, now.
    pub(crate) fn current(&self) -> Arc<Bans> {
        // A list is put in its place as a whole, so none is ever half there.
        let bans = self.bans.read().unwrap_or_else(PoisonError::into_inner);
        bans.clone()
    }

    /// Reads the file again whenever it has changed, and has those closed that it names. A file that
    /// is not good changes nothing.
    pub(crate) async fn watch(&self, hub: &Hub) {
        let mut known = self.first;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let path = self.path.clone();
            // The disk may be slow.
            let looked = tokio::task::spawn_blocking(move || {
                let found = stamp(&path);
                (found != known).then(|| (found, read(&path)))
            });
            match looked.await {
                Ok(Some((found, Ok(bans)))) => {
                    known = found;
                    info!(file = %self.path.display(), entries = bans.len(), "ban list read");
                    let bans = Arc::new(bans);
                    *self.bans.write().unwrap_or_else(PoisonError::into_inner) = bans.clone();
                    hub.ban(bans);
                }
                Ok(Some((found, Err(error)))) => {
                    known = found;
                    error!("{error}; the list that was read before still counts");
                }
                Ok(None) => {}
                Err(error) => error!(%error, "cannot look at the ban list"),
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(path: &Path) -> Result<Bans, BanError> {
    let unreadable = |source| BanError::Unreadable {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
        return Err(BanError::TooLong {
            path: path.to_owned(),
        });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    Bans::parse(&text).map_err(|lines| BanError::BadLines {
        path: path.to_owned(),
        lines,
    })
}
