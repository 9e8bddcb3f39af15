//! Contents and names, for applications.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use boplish_core::copies::Copies;
use boplish_core::names::{NameError, Network};
use boplish_core::{ContentEvent, Event, FetchError, FetchProgress, FetchToken};
use boplish_wire::content::{ContentHash, ContentId};
use boplish_wire::{PeerId, Record};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout_at};

use super::command::Command;
use super::driver::Driver;
use super::{Peer, PeerError};
use crate::EventsError;
use crate::content::{ContentFolder, Done, HeldContent};

/// What a handle asks about contents.
#[derive(Debug)]
pub(crate) enum ContentRequest {
    /// It is in the folder now.
    Hold {
        id: ContentId,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    /// It is not any more.
    Forget {
        hash: ContentHash,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Announce {
        hash: ContentHash,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Fetch {
        id: ContentId,
        range: Option<Range<u64>>,
        hints: Vec<PeerId>,
        /// Gets the token at once.
        begun: oneshot::Sender<FetchToken>,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Progress {
        token: FetchToken,
        done: oneshot::Sender<Result<Option<FetchProgress>, PeerError>>,
    },
    Keep {
        peer: PeerId,
        id: ContentId,
        folder: bool,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    AnswerKeep {
        peer: PeerId,
        id: ContentId,
        kept: bool,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
}

impl Driver {
    pub(super) fn handle_content_request(&mut self, request: ContentRequest) {
        let now = self.now();
        match request {
            ContentRequest::Hold { id, done } => {
                self.node.hold_content(id, None);
                let _ = done.send(Ok(()));
            }
            ContentRequest::Forget { hash, done } => {
                self.node.forget_content(&hash);
                let _ = done.send(Ok(()));
            }
            ContentRequest::Announce { hash, done } => {
                self.node.announce_content(now, hash);
                let _ = done.send(Ok(()));
            }
            ContentRequest::Fetch {
                id,
                range,
                hints,
                begun,
                done,
            } => match self.node.fetch_content(now, id, range, &hints) {
                Ok(token) => {
                    let _ = begun.send(token);
                    self.waiters.insert_fetch(token, done);
                }
                Err(error) => drop(done.send(Err(error.into()))),
            },
            ContentRequest::Progress { token, done } => {
                let _ = done.send(Ok(self.node.fetch_progress(token)));
            }
            ContentRequest::Keep {
                peer,
                id,
                folder,
                done,
            } => {
                self.node.ask_to_keep(now, peer, id, folder);
                let _ = done.send(Ok(()));
            }
            ContentRequest::AnswerKeep {
                peer,
                id,
                kept,
                done,
            } => {
                self.node.answer_keep(now, peer, id, kept);
                let _ = done.send(Ok(()));
            }
        }
    }

    /// The disk has done something.
    pub(super) fn handle_content_done(&mut self, done: Done) {
        let now = self.now();
        match done {
            Done::Read(read, bytes) => self.node.content_read(now, read, bytes),
            Done::Kept(hash, span) => self.node.content_kept(now, hash, span),
            Done::Written(hash, written) => self.node.content_written(now, hash, written),
        }
    }

    /// Those whose callers have gone away are fetched no longer.
    pub(super) fn cancel_abandoned_fetches(&mut self) {
        let now = self.now();
        for token in self.waiters.take_abandoned_fetches() {
            self.node.cancel_fetch(now, token);
        }
    }
}

impl Peer {
    fn folder(&self) -> Result<ContentFolder, PeerError> {
        self.folder.clone().ok_or(PeerError::NoContentFolder)
    }

    async fn ask_about_content<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, PeerError>>) -> ContentRequest,
    ) -> Result<T, PeerError> {
        self.ask(|done| Command::Content(request(done))).await
    }

    /// Keeps some bytes as a content, which others can fetch from now on.
    pub async fn add_content(&self, bytes: Vec<u8>) -> Result<ContentId, PeerError> {
        let folder = self.folder()?;
        let id = in_thread(move || folder.add_bytes(&bytes)).await?;
        self.ask_about_content(|done| ContentRequest::Hold { id, done })
            .await?;
        Ok(id)
    }

    /// Takes a file as a content, which others can fetch from now on. It is read where it is: who
    /// changes or removes it takes it from the network. `progress` gets the bytes that were hashed.
    pub async fn add_file(
        &self,
        path: &Path,
        progress: impl FnMut(u64) + Send + 'static,
    ) -> Result<ContentId, PeerError> {
        let folder = self.folder()?;
        let path = path.to_owned();
        let id = in_thread(move || folder.add_file(&path, progress)).await?;
        self.ask_about_content(|done| ContentRequest::Hold { id, done })
            .await?;
        Ok(id)
    }

    /// Has a content no longer. A file that was published stays.
    pub async fn remove_content(&self, id: ContentId) -> Result<(), PeerError> {
        let hash = id.hash;
        self.ask_about_content(|done| ContentRequest::Forget { hash, done })
            .await?;
        let folder = self.folder()?;
        in_thread(move || folder.remove(id)).await
    }

    /// What is in the folder for contents: served to whoever asks this peer for it, but not announced
    /// before [`announce_content`](Self::announce_content).
    pub async fn contents(&self) -> Result<Vec<HeldContent>, PeerError> {
        let folder = self.folder()?;
        in_thread(move || folder.list()).await
    }

    /// Tells the network that this peer provides a content, now and again, until it is removed.
    pub async fn announce_content(&self, hash: ContentHash) -> Result<(), PeerError> {
        self.ask_about_content(|done| ContentRequest::Announce { hash, done })
            .await
    }

    /// Fetches a range of a content, or all, unless it is there; resolves when it is. It comes from
    /// `hints` and from those who provide it. Dropped, the fetch ends; what has come stays.
    pub async fn fetch_content(
        &self,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<(), PeerError> {
        self.begin_fetch(id, range, hints).await?.done().await
    }

    /// The same, to be watched.
    pub async fn begin_fetch(
        &self,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<Fetching, PeerError> {
        let (begun, token) = oneshot::channel();
        let (done, mut result) = oneshot::channel();
        let request = ContentRequest::Fetch {
            id,
            range,
            hints: hints.to_vec(),
            begun,
            done,
        };
        let sent = self.commands.send(Command::Content(request)).await;
        sent.map_err(|_| PeerError::Closed)?;
        match token.await {
            Ok(token) => Ok(Fetching {
                peer: self.clone(),
                token,
                result,
            }),
            Err(_) => match result.try_recv() {
                Ok(Err(error)) => Err(error),
                Ok(Ok(())) | Err(_) => Err(PeerError::Closed),
            },
        }
    }

    /// Bytes of a content that is here, or was fetched.
    pub async fn read_content(
        &self,
        id: ContentId,
        start: u64,
        length: usize,
    ) -> Result<Vec<u8>, PeerError> {
        let folder = self.folder()?;
        in_thread(move || folder.read(id, start, length)).await
    }

    /// Asks a peer to fetch a content and to have it for others:
    /// [`ContentEvent::Kept`](boplish_core::ContentEvent) follows if it answers.
    pub async fn ask_to_keep(
        &self,
        peer: PeerId,
        id: ContentId,
        folder: bool,
    ) -> Result<(), PeerError> {
        self.ask_about_content(|done| ContentRequest::Keep {
            peer,
            id,
            folder,
            done,
        })
        .await
    }

    /// Answers [`ContentEvent::KeepAsked`](boplish_core::ContentEvent).
    pub async fn answer_keep(
        &self,
        peer: PeerId,
        id: ContentId,
        kept: bool,
    ) -> Result<(), PeerError> {
        self.ask_about_content(|done| ContentRequest::AnswerKeep {
            peer,
            id,
            kept,
            done,
        })
        .await
    }
}

/// A content on its way here. Dropped, the fetch ends; what has come stays.
#[derive(Debug)]
pub struct Fetching {
    peer: Peer,
    token: FetchToken,
    result: oneshot::Receiver<Result<(), PeerError>>,
}

impl Fetching {
    /// Resolves when it is there.
    pub async fn done(mut self) -> Result<(), PeerError> {
        self.ended().await
    }

    /// The same, to be called again if it was dropped.
    pub async fn ended(&mut self) -> Result<(), PeerError> {
        (&mut self.result).await.map_err(|_| PeerError::Closed)?
    }

    /// How much is there; `None` once the fetch has ended.
    pub async fn progress(&self) -> Result<Option<FetchProgress>, PeerError> {
        let token = self.token;
        self.peer
            .ask_about_content(|done| ContentRequest::Progress { token, done })
            .await
    }
}

async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PeerError> {
    let result = tokio::task::spawn_blocking(work).await;
    let result = result.map_err(|error| io::Error::other(error.to_string()));
    result
        .flatten()
        .map_err(|error| PeerError::Disk(error.to_string()))
}

impl Network for Peer {
    async fn record(&self, key: PeerId, quick: bool) -> Result<Option<Record>, NameError> {
        self.get(key, quick).await.map_err(name_error)
    }

    async fn put(&self, record: Record, expected: u64) -> Result<(), NameError> {
        self.put(record, Some(expected)).await.map_err(name_error)
    }

    async fn read(&self, id: ContentId, hints: &[PeerId]) -> Result<Vec<u8>, NameError> {
        let fetched = self.fetch_content(id, None, hints).await;
        fetched.map_err(name_error)?;
        let length = usize::try_from(id.length).unwrap_or(usize::MAX);
        self.read_content(id, 0, length).await.map_err(name_error)
    }

    async fn add(&self, bytes: Vec<u8>) -> Result<ContentId, NameError> {
        let id = self.add_content(bytes).await.map_err(name_error)?;
        self.announce_content(id.hash).await.map_err(name_error)?;
        Ok(id)
    }

    async fn named(&self, name: &str, domain: &str) -> Result<PeerId, NameError> {
        let found = self.well_known.peer(name, domain).await;
        found.map_err(|why| NameError::Domain(format!("{name}@{domain}"), why))
    }

    fn unix(&self) -> u64 {
        super::driver::unix()
    }
}

impl Copies for Peer {
    fn linked_peers(&self) -> Vec<PeerId> {
        self.connected_peers()
    }

    async fn fetch(&self, id: ContentId, hints: &[PeerId]) -> Result<(), NameError> {
        // What comes of it takes of the room for copies after a restart, too.
        let folder = self.folder().map_err(name_error)?;
        let marked = in_thread(move || folder.mark_kept(id)).await;
        marked.map_err(name_error)?;
        let fetched = self.fetch_content(id, None, hints).await;
        fetched.map_err(name_error)
    }

    async fn announce(&self, hash: ContentHash) -> Result<(), NameError> {
        self.announce_content(hash).await.map_err(name_error)
    }

    async fn ask_to_keep(
        &self,
        peers: &[PeerId],
        wanted: &[(ContentId, bool)],
        patience: Duration,
    ) -> Result<Vec<PeerId>, NameError> {
        let mut events = self.events();
        for peer in peers {
            for (id, folder) in wanted {
                let asked = Peer::ask_to_keep(self, *peer, *id, *folder).await;
                asked.map_err(name_error)?;
            }
        }
        let mut waiting = peers.to_vec();
        let mut holders = Vec::new();
        let until = Instant::now() + patience;
        while !waiting.is_empty() {
            let event = match timeout_at(until, events.recv()).await {
                Err(_) => break,
                Ok(Err(EventsError::Lagged(_))) => continue,
                Ok(Err(EventsError::Closed)) => return Err(FetchError::Closed.into()),
                Ok(Ok(event)) => event,
            };
            if let Event::Content(ContentEvent::Kept { by, hash, kept }) = event
                && wanted.last().is_some_and(|(id, _)| id.hash == hash)
                && let Some(at) = waiting.iter().position(|peer| *peer == by)
            {
                waiting.remove(at);
                if kept {
                    holders.push(by);
                }
            }
        }
        Ok(holders)
    }

    async fn pause(&self, length: Duration) {
        sleep(length).await;
    }
}

fn name_error(error: PeerError) -> NameError {
    match error {
        PeerError::Put(error) => error.into(),
        PeerError::Get(error) => error.into(),
        PeerError::Fetch(error) => error.into(),
        PeerError::Closed => FetchError::Closed.into(),
        error @ (PeerError::Refused(_)
        | PeerError::Undelivered(_)
        | PeerError::Invitation(_)
        | PeerError::Group(_)
        | PeerError::Disk(_)
        | PeerError::NoContentFolder
        | PeerError::NoLink(_)) => NameError::Storage(error.to_string()),
    }
}
