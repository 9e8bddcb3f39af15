//! The bytes of contents on a disk: a folder for each, in one folder for all.
//!
//! In the folder of a content, which has its hash and length for a name:
//! - `data`: its bytes; or `source`: the path of the file that was published, which is read in place;
//! - `blocks`, `spans`: the values of its blocks and spans, 32 bytes each;
//! - `have`: while it is not whole, a bit for each span that is there;
//! - `kept`: it was fetched for others, who had asked for that.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boplish_core::{ContentCommand, ContentPart, ReadId};
use boplish_wire::content::{ContentHash, ContentHasher, ContentId, Hashed, SPAN_BLOCKS, Value};
use tokio::sync::mpsc;

const DATA: &str = "data";
const SOURCE: &str = "source";
const BLOCKS: &str = "blocks";
const SPANS: &str = "spans";
const HAVE: &str = "have";
const KEPT: &str = "kept";

/// Bytes of a value.
const VALUE: usize = size_of::<Value>();

/// Files that are kept open.
const MAX_OPEN: usize = 64;

/// A file is hashed in parts of so many bytes.
const READ_SIZE: usize = 1 << 20;

/// What a peer has of contents, and where.
#[derive(Debug, Clone)]
pub(crate) struct ContentFolder {
    path: Arc<Path>,
}

/// A content in a peer's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldContent {
    /// Which.
    pub id: ContentId,
    /// Whether all of it is there.
    pub is_whole: bool,
    /// Whether it was fetched for others, who had asked for that.
    pub is_copy: bool,
}

/// What has come of a command.
#[derive(Debug)]
pub(crate) enum Done {
    /// Something was read, or can't be.
    Read(ReadId, Option<Vec<u8>>),
    /// So many bytes were written, or can't be.
    Written(ContentHash, Result<usize, ()>),
    /// All of a span is there.
    Kept(ContentHash, u32),
}

/// A content that is here, and its spans if it is not whole.
pub(crate) type Kept = (ContentId, Option<Vec<u8>>);

impl ContentFolder {
    /// The folder, which is made if there is none, and what is in it.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Kept>)> {
        fs::create_dir_all(path)?;
        let folder = Self { path: path.into() };
        let kept = folder.load_all()?;
        Ok((folder, kept))
    }

    fn load_all(&self) -> io::Result<Vec<Kept>> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            // Other files may lie there.
            if let Some(Ok(id)) = name.to_str().map(str::parse) {
                kept.extend(self.load(id));
            }
        }
        Ok(kept)
    }

    /// What is here.
    pub(crate) fn list(&self) -> io::Result<Vec<HeldContent>> {
        let held = self.load_all()?.into_iter().map(|(id, spans)| HeldContent {
            id,
            is_whole: spans.is_none(),
            // What is published takes no room of its own.
            is_copy: self.file(id, KEPT).exists() && !self.file(id, SOURCE).exists(),
        });
        Ok(held.collect())
    }

    /// A content is fetched for others.
    pub(crate) fn mark_kept(&self, id: ContentId) -> io::Result<()> {
        self.make(id)?;
        fs::write(self.file(id, KEPT), "")
    }

    /// A content that is here as it was left, if it is.
    fn load(&self, id: ContentId) -> Option<Kept> {
        let have = match fs::read(self.file(id, HAVE)) {
            Ok(have) => Some(have),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return None,
        };
        let data = fs::metadata(self.data(id).ok()?).ok()?;
        let is_whole = data.len() == id.length && self.file(id, BLOCKS).exists();
        (have.is_some() || is_whole).then_some((id, have))
    }

    fn file(&self, id: ContentId, name: &str) -> PathBuf {
        self.path.join(id.to_string()).join(name)
    }

    /// Where its bytes are.
    fn data(&self, id: ContentId) -> io::Result<PathBuf> {
        match fs::read_to_string(self.file(id, SOURCE)) {
            Ok(path) => Ok(PathBuf::from(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.file(id, DATA)),
            Err(error) => Err(error),
        }
    }

    /// Keeps some bytes.
    pub(crate) fn add_bytes(&self, bytes: &[u8]) -> io::Result<ContentId> {
        let mut hasher = ContentHasher::default();
        hasher.update(bytes);
        let hashed = hasher.finish();
        self.make(hashed.id)?;
        fs::write(self.file(hashed.id, DATA), bytes)?;
        self.put_values(&hashed)?;
        Ok(hashed.id)
    }

    /// Hashes a file, which is read where it is from then on. `progress` gets the bytes so far.
    pub(crate) fn add_file(
        &self,
        path: &Path,
        mut progress: impl FnMut(u64),
    ) -> io::Result<ContentId> {
        let path = fs::canonicalize(path)?;
        let source = path.to_str().ok_or_else(|| {
            let reason = format!("the path {} is not in UTF-8", path.display());
            io::Error::new(io::ErrorKind::InvalidInput, reason)
        })?;
        let mut file = File::open(&path)?;
        let mut hasher = ContentHasher::default();
        let mut buffer = vec![0; READ_SIZE];
        let mut length = 0;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => {
                    hasher.update(&buffer[..read]);
                    length += read as u64;
                    progress(length);
                }
            }
        }
        let hashed = hasher.finish();
        self.make(hashed.id)?;
        // Fetched before, it is read where it was published from now on.
        fs::write(self.file(hashed.id, SOURCE), source)?;
        remove(&self.file(hashed.id, DATA))?;
        self.put_values(&hashed)?;
        Ok(hashed.id)
    }

    fn make(&self, id: ContentId) -> io::Result<()> {
        fs::create_dir_all(self.path.join(id.to_string()))
    }

    fn put_values(&self, hashed: &Hashed) -> io::Result<()> {
        let id = hashed.id;
        fs::write(self.file(id, SPANS), hashed.spans().as_flattened())?;
        fs::write(self.file(id, BLOCKS), hashed.blocks.as_flattened())?;
        remove(&self.file(id, HAVE))
    }

    /// Forgets a content; the file that was published stays.
    pub(crate) fn remove(&self, id: ContentId) -> io::Result<()> {
        match fs::remove_dir_all(self.path.join(id.to_string())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The bytes of a range, which must be here.
    pub(crate) fn read(&self, id: ContentId, start: u64, length: usize) -> io::Result<Vec<u8>> {
        read_at(&File::open(self.data(id)?)?, start, length)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read_at(mut file: &File, start: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Carries out what a node wants of the folder, in a thread of its own: a node does not wait for a
/// disk.
#[derive(Debug)]
pub(crate) struct ContentWorker {
    commands: std::sync::mpsc::Sender<ContentCommand>,
    done: mpsc::UnboundedReceiver<Done>,
}

impl ContentWorker {
    pub(crate) fn start(folder: ContentFolder) -> io::Result<Self> {
        let (commands, queue) = std::sync::mpsc::channel();
        // The node bounds what it asks for.
        let (sender, done) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("content".to_owned())
            .spawn(move || {
                let mut work = Work {
                    folder,
                    open: HashMap::new(),
                    have: HashMap::new(),
                };
                while let Ok(command) = queue.recv() {
                    let done = work.carry_out(command);
                    if done.is_some_and(|done| sender.send(done).is_err()) {
                        return;
                    }
                }
            })?;
        Ok(Self { commands, done })
    }

    pub(crate) fn command(&self, command: ContentCommand) {
        // It ends after this.
        let _ = self.commands.send(command);
    }

    /// What has come of the next command.
    pub(crate) async fn next(&mut self) -> Option<Done> {
        self.done.recv().await
    }

    pub(crate) fn try_next(&mut self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

struct Work {
    folder: ContentFolder,
    open: HashMap<(ContentId, &'static str), Arc<File>>,
    /// The spans of contents that are being written.
    have: HashMap<ContentId, Vec<u8>>,
}

impl Work {
    fn carry_out(&mut self, command: ContentCommand) -> Option<Done> {
        match command {
            ContentCommand::Read { read, id, part } => {
                let bytes = self.read(id, part);
                if let Err(error) = &bytes {
                    tracing::warn!(%id, %error, "a content can't be read");
                }
                Some(Done::Read(read, bytes.ok()))
            }
            ContentCommand::Write { id, start, bytes } => {
                let written = self.write(id, DATA, start, &bytes);
                Some(self.done(id, bytes.len(), written))
            }
            ContentCommand::WriteValues { id, span, values } => {
                let bytes = values.as_flattened();
                let written = match span {
                    None => self.write(id, SPANS, 0, bytes),
                    Some(span) => self.write(id, BLOCKS, values_at(span), bytes),
                };
                written.is_err().then(|| self.done(id, 0, written))
            }
            ContentCommand::SpanDone { id, span } => Some(match self.mark(id, span) {
                Ok(()) => Done::Kept(id.hash, span),
                Err(error) => self.done(id, 0, Err(error)),
            }),
        }
    }

    fn done(&self, id: ContentId, bytes: usize, written: io::Result<()>) -> Done {
        if let Err(error) = &written {
            let path = self.folder.path.display();
            tracing::error!(%path, %error, "a content can't be written");
        }
        Done::Written(id.hash, written.map(|()| bytes).or(Err(())))
    }

    fn file(&mut self, id: ContentId, name: &'static str, writes: bool) -> io::Result<Arc<File>> {
        if let Some(file) = self.open.get(&(id, name)) {
            return Ok(Arc::clone(file));
        }
        let path = match name {
            DATA => self.folder.data(id)?,
            name => self.folder.file(id, name),
        };
        let file = match writes {
            false => File::open(path)?,
            true => OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?,
        };
        if self.open.len() >= MAX_OPEN {
            self.open.clear();
        }
        let file = Arc::new(file);
        self.open.insert((id, name), Arc::clone(&file));
        Ok(file)
    }

    fn read(&mut self, id: ContentId, part: ContentPart) -> io::Result<Vec<u8>> {
        match part {
            ContentPart::Bytes { start, length } => {
                read_at(&*self.file(id, DATA, false)?, start, length)
            }
            ContentPart::Spans => fs::read(self.folder.file(id, SPANS)),
            ContentPart::Blocks { span } => {
                let length = id.blocks(span) * VALUE;
                read_at(&*self.file(id, BLOCKS, false)?, values_at(span), length)
            }
        }
    }

    fn write(
        &mut self,
        id: ContentId,
        name: &'static str,
        start: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        if !self.have.contains_key(&id) {
            self.begin(id)?;
        }
        let file = self.file(id, name, true)?;
        let mut file = &*file;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(bytes)
    }

    /// Makes the files of a content, unless a part of it is there.
    fn begin(&mut self, id: ContentId) -> io::Result<()> {
        self.folder.make(id)?;
        // What was opened for reading only.
        self.open.retain(|(of, _), _| *of != id);
        let path = self.folder.file(id, HAVE);
        let have = match fs::read(&path) {
            Ok(have) => have,
            Err(_) => {
                let have = vec![0; id.spans().div_ceil(8) as usize];
                fs::write(path, &have)?;
                have
            }
        };
        self.have.insert(id, have);
        Ok(())
    }

    /// All of a span is there.
    fn mark(&mut self, id: ContentId, span: u32) -> io::Result<()> {
        if !self.have.contains_key(&id) {
            self.begin(id)?;
        }
        let Some(have) = self.have.get_mut(&id) else {
            return Ok(());
        };
        if let Some(byte) = have.get_mut(span as usize / 8) {
            *byte |= 1 << (span % 8);
        }
        let ones: u32 = have.iter().map(|byte| byte.count_ones()).sum();
        if ones < id.spans() {
            return fs::write(self.folder.file(id, HAVE), have);
        }
        self.have.remove(&id);
        self.file(id, DATA, true)?.sync_data()?;
        remove(&self.folder.file(id, HAVE))
    }
}

/// Where the values of the blocks of a span are.
fn values_at(span: u32) -> u64 {
    u64::from(span) * (SPAN_BLOCKS * VALUE) as u64
}
