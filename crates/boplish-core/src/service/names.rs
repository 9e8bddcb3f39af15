//! Names: what a publisher has under a path, by one signed record that points to a folder.
//!
//! The record with the salt `content` names the content of the root folder; paths lead from there
//! to files and folders (`boplish_wire::content::Directory`). Publishing again is one new record,
//! written only if nobody has written another one in between.
//!
//! These are plain `async` functions over what a shell offers: they know no executor.

use core::time::Duration;

use boplish_wire::content::{ContentId, Directory, DirectoryError, Target};
use boplish_wire::limits::MAX_DIRECTORY;
use boplish_wire::{BopUri, Keypair, PeerId, Record, RecordError, Uid};

use super::content::FetchError;
use super::dht::{GetError, PutError};

/// The protocol of names that lead to content, and the salt of the record that they begin at.
pub const PROTOCOL: &str = "content";

/// The parameter of a URI's query that names an older version.
pub const VERSION: &str = "v";

/// Seconds that a publisher's record lives.
const NAME_LIFE: u64 = 24 * 60 * 60;

/// So often a publisher writes its record again.
const REFRESH: Duration = Duration::from_secs(NAME_LIFE / 2);

/// What could not be written again is tried again after this long.
const RETRY: Duration = Duration::from_secs(60);

/// Seconds that a copy of it may be used without asking again.
const TTL: u32 = 60;

/// Others may publish under the same identity at the same time; after so many attempts it is given
/// up.
const MAX_ATTEMPTS: usize = 16;

/// What names need of the network, and of the shell.
#[expect(async_fn_in_trait, reason = "browsers' futures are not Send")]
pub trait Network {
    /// The record with a key.
    async fn record(&self, key: PeerId, quick: bool) -> Result<Option<Record>, NameError>;

    /// Stores a record, if the one before has this sequence number (0: if there is none).
    async fn put(&self, record: Record, expected: u64) -> Result<(), NameError>;

    /// The bytes of a content, which `hints` may have.
    async fn read(&self, id: ContentId, hints: &[PeerId]) -> Result<Vec<u8>, NameError>;

    /// Keeps some bytes as a content, and provides it.
    async fn add(&self, bytes: Vec<u8>) -> Result<ContentId, NameError>;

    /// The peer that a domain says a name is of, at `https://<domain>/.well-known/boplish.json`.
    async fn named(&self, name: &str, domain: &str) -> Result<PeerId, NameError>;

    /// Seconds since 1970, UTC.
    fn unix(&self) -> u64;
}

/// Why a name leads nowhere, or can't be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nobody has published under this uid, or the record has expired.
    #[error("{0} has published nothing, or has been away for too long")]
    Nothing(PeerId),
    /// There is nothing under the path.
    #[error("there is no '{0}' at this name")]
    NotFound(String),
    /// The path goes on behind a file.
    #[error("'{0}' is a file, not a folder")]
    NotAFolder(String),
    /// Something has to have a path of its own.
    #[error("a path is missing: name what is to be published")]
    NoPath,
    /// It is a name of another protocol.
    #[error("'{0}' names no content: content has names like bop:<peer id>:content/<path>")]
    OtherProtocol(String),
    /// A domain does not vouch for a name, for this reason.
    #[error("{0} can't be resolved: {1}")]
    Domain(String, String),
    /// The parameter `v` is no version.
    #[error("'{0}' is no version: it is 64 hex digits, a dot, and a length in bytes")]
    Version(String),
    /// The publisher's record points to something else than a folder.
    #[error("the publisher's record is malformed")]
    Malformed,
    /// Others publish under the same identity all the time.
    #[error("others publish under the same identity at the same time; try again")]
    Contended,
    /// A folder can't be read, or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The record can't be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record can't be read.
    #[error(transparent)]
    Get(#[from] GetError),
    /// The record can't be written.
    #[error(transparent)]
    Put(#[from] PutError),
    /// The content of a folder can't be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The shell can't read or write.
    #[error("{0}")]
    Storage(String),
}

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Whose name it is.
    pub publisher: PeerId,
    /// The root folder: the version of all that the publisher has.
    pub root: ContentId,
    /// What is there; the root folder itself, if the path is empty.
    pub target: Target,
}

/// What a publisher has published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The root folder.
    pub root: ContentId,
    /// The folders from there to what was published, or taken out, without the root; of a record
    /// that was only read, none.
    pub folders: Vec<ContentId>,
    /// The record's sequence number.
    pub sequence: u64,
}

impl Published {
    /// Whether nothing is left that the name leads to.
    pub fn is_empty(&self) -> bool {
        let nothing = Directory::default().encode();
        nothing.is_ok_and(|list| ContentId::of(&list) == self.root)
    }
}

/// Finds out where a name leads.
///
/// # Errors
///
/// See [`NameError`].
pub async fn resolve<N: Network>(network: &N, uri: &BopUri) -> Result<Resolved, NameError> {
    if uri.protocol() != PROTOCOL {
        return Err(NameError::OtherProtocol(uri.to_string()));
    }
    let publisher = match uri.uid() {
        Uid::Peer(peer) => *peer,
        Uid::Named { name, domain } => network.named(name, domain).await?,
    };
    let root = match uri.parameter(VERSION) {
        Some(text) => text.parse().or(Err(NameError::Version(text)))?,
        None => {
            published(network, publisher, true)
                .await?
                .ok_or(NameError::Nothing(publisher))?
                .root
        }
    };
    let mut target = Target::Folder { id: root, total: 0 };
    let mut at_root = true;
    let mut walked = String::new();
    for segment in uri.segments() {
        let Target::Folder { id, .. } = target else {
            return Err(NameError::NotAFolder(walked));
        };
        let folder = folder(network, id, publisher).await?;
        walked = match at_root {
            true => segment.to_owned(),
            false => format!("{walked}/{segment}"),
        };
        at_root = false;
        let found = folder.get(segment).cloned();
        target = found.ok_or_else(|| NameError::NotFound(walked.clone()))?;
    }
    if uri.is_folder() && matches!(target, Target::File { .. }) {
        return Err(NameError::NotAFolder(walked));
    }
    Ok(Resolved {
        publisher,
        root,
        target,
    })
}

/// What the record of a publisher says; `quick` as for [`Node::get`](crate::Node::get).
///
/// # Errors
///
/// See [`NameError`].
pub async fn published<N: Network>(
    network: &N,
    publisher: PeerId,
    quick: bool,
) -> Result<Option<Published>, NameError> {
    let key = Record::key_of(&publisher, PROTOCOL.as_bytes());
    let Some(record) = network.record(key, quick).await? else {
        return Ok(None);
    };
    let text = core::str::from_utf8(record.value()).or(Err(NameError::Malformed))?;
    let root = text.parse().or(Err(NameError::Malformed))?;
    Ok(Some(Published {
        root,
        folders: Vec::new(),
        sequence: record.sequence(),
    }))
}

/// The list of a folder.
///
/// # Errors
///
/// See [`NameError`].
pub async fn folder<N: Network>(
    network: &N,
    id: ContentId,
    publisher: PeerId,
) -> Result<Directory, NameError> {
    if id.length > MAX_DIRECTORY as u64 {
        return Err(DirectoryError::TooLong.into());
    }
    let bytes = network.read(id, &[publisher]).await?;
    Ok(Directory::decode(&bytes)?)
}

/// Puts something under a path of the own name, in place of what is there.
///
/// # Errors
///
/// See [`NameError`].
pub async fn publish<N: Network>(
    network: &N,
    publisher: &Keypair,
    path: &[&str],
    target: Target,
) -> Result<Published, NameError> {
    change(network, publisher, path, Some(target), false).await
}

/// The same, in a root folder with nothing else in it: where nobody who has the old one can be
/// reached any more.
///
/// # Errors
///
/// See [`NameError`].
pub async fn publish_anew<N: Network>(
    network: &N,
    publisher: &Keypair,
    path: &[&str],
    target: Target,
) -> Result<Published, NameError> {
    change(network, publisher, path, Some(target), true).await
}

/// Takes what is under a path out of the own name.
///
/// # Errors
///
/// See [`NameError`].
pub async fn unpublish<N: Network>(
    network: &N,
    publisher: &Keypair,
    path: &[&str],
) -> Result<Published, NameError> {
    change(network, publisher, path, None, false).await
}

/// Writes the own record again, so that it does not expire: to be done when a publisher joins, and
/// then after [`next_refresh`]. If it has, and nobody knows it any more,
/// it is written with the root folder that the publisher had `last`. Returns the root folder.
///
/// # Errors
///
/// See [`NameError`].
pub async fn refresh<N: Network>(
    network: &N,
    publisher: &Keypair,
    last: Option<ContentId>,
) -> Result<Option<ContentId>, NameError> {
    let before = published(network, publisher.id(), false).await?;
    let sequence = before.as_ref().map_or(0, |before| before.sequence);
    let root = before.map(|before| before.root).or(last);
    if let Some(root) = root {
        write(network, publisher, vec![root], sequence).await?;
    }
    Ok(root)
}

/// From one attempt to [`refresh`] to the next.
pub fn next_refresh(has_failed: bool) -> Duration {
    match has_failed {
        false => REFRESH,
        true => RETRY,
    }
}

async fn change<N: Network>(
    network: &N,
    publisher: &Keypair,
    path: &[&str],
    target: Option<Target>,
    anew: bool,
) -> Result<Published, NameError> {
    if path.is_empty() {
        return Err(NameError::NoPath);
    }
    for _ in 0..MAX_ATTEMPTS {
        let before = published(network, publisher.id(), false).await?;
        let old = before.as_ref().map(|before| before.root);
        let old = old.filter(|_| !anew);
        let folders = replace(network, publisher.id(), old, path, target.as_ref()).await?;
        let sequence = before.map_or(0, |before| before.sequence);
        match write(network, publisher, folders, sequence).await {
            Err(NameError::Put(PutError::Conflict(_))) => {}
            result => return result,
        }
    }
    Err(NameError::Contended)
}

/// Writes the record for a root folder, the last of these.
async fn write<N: Network>(
    network: &N,
    publisher: &Keypair,
    mut folders: Vec<ContentId>,
    before: u64,
) -> Result<Published, NameError> {
    let root = folders.pop().ok_or(NameError::NoPath)?;
    let value = root.to_string();
    let salt = PROTOCOL.as_bytes();
    let sequence = before + 1;
    let expires = network.unix() + NAME_LIFE;
    let record = Record::sign(publisher, salt, sequence, value.as_bytes(), expires, TTL)?;
    network.put(record, before).await?;
    folders.reverse();
    Ok(Published {
        root,
        folders,
        sequence,
    })
}

/// A root folder like the old one, with the target under a path, or without anything there: the last
/// of the folders that are returned. Those on the way there come before it.
async fn replace<N: Network>(
    network: &N,
    publisher: PeerId,
    old: Option<ContentId>,
    path: &[&str],
    target: Option<&Target>,
) -> Result<Vec<ContentId>, NameError> {
    // The folders along the path, from the root on.
    let mut folders = Vec::new();
    let mut next = old;
    for (depth, segment) in path.iter().enumerate() {
        let folder = match next {
            Some(id) => folder(network, id, publisher).await?,
            None => Directory::default(),
        };
        let is_last = depth + 1 == path.len();
        next = match folder.get(segment) {
            Some(Target::Folder { id, .. }) => Some(*id),
            Some(Target::File { .. }) if !is_last => {
                return Err(NameError::NotAFolder(path[..=depth].join("/")));
            }
            None if target.is_none() => {
                return Err(NameError::NotFound(path[..=depth].join("/")));
            }
            Some(Target::File { .. }) | None => None,
        };
        folders.push(folder);
    }
    let mut below = target.cloned();
    let mut changed = Vec::new();
    for (depth, (mut folder, segment)) in folders.into_iter().zip(path).enumerate().rev() {
        match below.take() {
            Some(target) => folder.insert(segment, target)?,
            None => drop(folder.remove(segment)),
        }
        // A folder with nothing left in it goes, too, but for the root.
        if depth == 0 || !folder.entries().is_empty() {
            let total = folder.total();
            let id = network.add(folder.encode()?).await?;
            changed.push(id);
            below = Some(Target::Folder { id, total });
        }
    }
    Ok(changed)
}
