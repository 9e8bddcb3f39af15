//! Folders: a content that lists the files and folders in it by their names.

use super::{ContentHash, ContentId};
use crate::frame::cbor::{Reader, Writer, Wrong};
use crate::limits::{MAX_CONTENT, MAX_DIRECTORY, MAX_MEDIA_TYPE, MAX_NAME};

/// What a folder's bytes begin with.
const MARK: &[u8] = b"bop folder\0";

/// What is in a folder, in the order of the names. It is valid by construction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    entries: Vec<Entry>,
}

/// A file or folder in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: no slash or backslash and no control character in it, neither `.` nor `..`.
    pub name: Box<str>,
    /// What it is.
    pub target: Target,
}

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file.
    File {
        /// Its content.
        id: ContentId,
        /// Its media type, such as `image/jpeg`; empty if it is not known.
        media_type: Box<str>,
    },
    /// Another folder.
    Folder {
        /// The content that lists it.
        id: ContentId,
        /// Bytes of all files in it, and in the folders in it.
        total: u64,
    },
}

/// Why a folder can't be, or bytes are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// A name that must not be.
    #[error("'{0}' is no name for a file or folder")]
    Name(String),
    /// A media type that is too long.
    #[error("the media type of '{0}' is longer than {MAX_MEDIA_TYPE} bytes")]
    MediaType(String),
    /// Too much in one folder.
    #[error("a folder's list has more than {MAX_DIRECTORY} bytes; put some of it into others")]
    TooLong,
    /// The bytes are no folder.
    #[error("these bytes are no folder")]
    Malformed,
}

impl Target {
    /// The content.
    pub fn id(&self) -> ContentId {
        match self {
            Self::File { id, .. } | Self::Folder { id, .. } => *id,
        }
    }

    /// Bytes of the file, or of all that are in the folder.
    pub fn total(&self) -> u64 {
        match self {
            Self::File { id, .. } => id.length,
            Self::Folder { total, .. } => *total,
        }
    }
}

impl Directory {
    /// What is in it, in the order of the names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is there under a name.
    pub fn get(&self, name: &str) -> Option<&Target> {
        let at = self.find(name).ok()?;
        self.entries.get(at).map(|entry| &entry.target)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|it| (*it.name).cmp(name))
    }

    /// Puts something into it, in place of what is there under that name.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Name`], [`DirectoryError::MediaType`].
    pub fn insert(&mut self, name: &str, target: Target) -> Result<(), DirectoryError> {
        if !is_name(name) {
            return Err(DirectoryError::Name(name.to_owned()));
        }
        if let Target::File { media_type, .. } = &target
            && media_type.len() > MAX_MEDIA_TYPE
        {
            return Err(DirectoryError::MediaType(name.to_owned()));
        }
        match self.find(name) {
            Ok(at) => self.entries[at].target = target,
            Err(at) => {
                let name = name.into();
                self.entries.insert(at, Entry { name, target });
            }
        }
        Ok(())
    }

    /// Takes something out of it.
    pub fn remove(&mut self, name: &str) -> Option<Target> {
        let at = self.find(name).ok()?;
        Some(self.entries.remove(at).target)
    }

    /// Bytes of all files in it, and in the folders in it.
    pub fn total(&self) -> u64 {
        let totals = self.entries.iter().map(|entry| entry.target.total());
        totals.fold(0, u64::saturating_add)
    }

    /// Its bytes.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::TooLong`].
    pub fn encode(&self) -> Result<Vec<u8>, DirectoryError> {
        let mut bytes = MARK.to_vec();
        for entry in &self.entries {
            let mut map = Writer::map_behind(bytes);
            map.field(0).text(&entry.name);
            let id = entry.target.id();
            map.field(1).bytes(&id.hash.0);
            map.field(2).uint(id.length);
            match &entry.target {
                Target::File { media_type, .. } => {
                    if !media_type.is_empty() {
                        map.field(3).text(media_type);
                    }
                }
                Target::Folder { total, .. } => map.field(4).uint(*total),
            }
            bytes = map.into_bytes();
        }
        match bytes.len() <= MAX_DIRECTORY {
            true => Ok(bytes),
            false => Err(DirectoryError::TooLong),
        }
    }

    /// The folder with these bytes.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Malformed`], [`DirectoryError::TooLong`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DirectoryError> {
        if bytes.len() > MAX_DIRECTORY {
            return Err(DirectoryError::TooLong);
        }
        let body = bytes.strip_prefix(MARK).ok_or(DirectoryError::Malformed)?;
        let mut reader = Reader::new(body);
        let mut directory = Self::default();
        while reader.left() > 0 {
            let (name, target) = entry(&mut reader).or(Err(DirectoryError::Malformed))?;
            // What has one meaning has one form, so that equal folders have equal hashes.
            if directory.entries.last().is_some_and(|it| *it.name >= *name) {
                return Err(DirectoryError::Malformed);
            }
            directory.insert(name, target)?;
        }
        Ok(directory)
    }
}

/// Whether a file or folder may have that name.
pub(crate) fn is_name(name: &str) -> bool {
    let is_wrong = |it: char| matches!(it, '/' | '\\') || it.is_control();
    (1..=MAX_NAME).contains(&name.len()) && name != "." && name != ".." && !name.contains(is_wrong)
}

fn entry<'b>(reader: &mut Reader<'b>) -> Result<(&'b str, Target), Wrong> {
    let (mut name, mut hash, mut length) = (None, None, None);
    let (mut media_type, mut total) = ("", None);
    reader.map(&mut |key, reader| {
        match key {
            0 => name = Some(reader.text()?),
            1 => hash = Some(ContentHash(reader.exactly()?)),
            2 => length = Some(reader.uint()?),
            3 => media_type = reader.text()?,
            4 => total = Some(reader.uint()?),
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    let id = ContentId {
        hash: hash.ok_or(Wrong::Missing(1))?,
        length: length
            .filter(|it| *it <= MAX_CONTENT)
            .ok_or(Wrong::Missing(2))?,
    };
    let target = match total {
        Some(total) => Target::Folder { id, total },
        None => Target::File {
            id,
            media_type: media_type.into(),
        },
    };
    Ok((name.ok_or(Wrong::Missing(0))?, target))
}
