//! The file of those who may not connect, which is read again when it changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tracing::{error, info};

use super::bans::{BanError, Bans, MAX_BYTES};
use crate::network::Networks;

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
    pub(crate) async fn watch(&self, networks: &Networks) {
        let mut known = self.first;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let path = self.path.clone();
            // The disk may be slow.
            let looked = tokio::task::spawn_blocking(move || look(&path, known));
            match looked.await {
                Ok(Some((found, result))) => {
                    known = found;
                    if let Some(bans) = self.take(result) {
                        for hub in networks.all() {
                            hub.ban(bans.clone());
                        }
                    }
                }
                Ok(None) => {}
                Err(error) => error!(%error, "cannot look at the ban list"),
            }
        }
    }
}

impl BanFile {
    /// Takes a list over, unless it is not good: then the last one still counts.
    fn take(&self, result: Result<Bans, BanError>) -> Option<Arc<Bans>> {
        match result {
            Ok(bans) => {
                info!(file = %self.path.display(), entries = bans.len(), "ban list read");
                let bans = Arc::new(bans);
                *self.bans.write().unwrap_or_else(PoisonError::into_inner) = bans.clone();
                Some(bans)
            }
            Err(error) => {
                error!("{error}; the list that was read before still counts");
                None
            }
        }
    }
}

/// What the file says, if it has changed.
fn look(path: &Path, known: Stamp) -> Option<(Stamp, Result<Bans, BanError>)> {
    let found = stamp(path);
    (found != known).then(|| (found, read(path)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_good_changes_nothing_and_is_read_again_when_it_changes() {
        let path = std::env::temp_dir().join(format!("boplish-bans-{}", std::process::id()));
        fs::write(&path, "192.0.2.1\n").unwrap();
        let file = BanFile::open(&path).unwrap();
        assert!(look(&path, file.first).is_none(), "it has not changed");

        fs::write(&path, "192.0.2.1\nnonsense\n").unwrap();
        let (second, result) = look(&path, file.first).unwrap();
        let error = result.as_ref().unwrap_err().to_string();
        assert!(error.contains("line 2, \"nonsense\""), "{error}");
        assert!(file.take(result).is_none());
        assert_eq!(file.current().len(), 1);
        assert!(look(&path, second).is_none(), "it is complained about once");

        fs::write(&path, "192.0.2.1\n192.0.2.2\n# well\n").unwrap();
        let (third, result) = look(&path, second).unwrap();
        assert!(file.take(result).is_some());
        assert_eq!(file.current().len(), 2);

        fs::remove_file(&path).unwrap();
        let (_, result) = look(&path, third).unwrap();
        assert!(file.take(result).is_none());
        assert_eq!(file.current().len(), 2);
    }
}
