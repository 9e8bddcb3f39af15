//! Content: fetched from several peers at once, verified piece by piece as it comes, and served to
//! others.
//!
//! - [`shelf`]: which contents, and spans of them, are here; the bytes are the shell's;
//! - [`serve`]: what others have asked for and still get;
//! - [`fetch`]: what this peer fetches, and [`source`]: those that it fetches it from; [`assign`]
//!   says who sends which span, [`receive`] takes what they send;
//! - [`announce`]: tells the network's store what this peer provides.
//!
//! Bytes go over direct links, which are held for that long, and only as fast as those take them.

mod announce;
mod assign;
mod fetch;
mod receive;
mod serve;
mod shelf;
mod source;

use core::ops::Range;
use std::collections::VecDeque;

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHash, ContentId, ContentMessage, Value};

use self::announce::Announcements;
pub(crate) use self::announce::PROVIDER_LIFE;
use self::fetch::Fetch;
pub use self::fetch::{FetchError, FetchToken};
use self::serve::Serving;
use self::shelf::Shelf;
use super::Contents;
use crate::config::ContentConfig;
use crate::table::{Table, pop_or_shrink};
use crate::time::Time;

/// What the service sees of the links.
pub(crate) trait Links {
    /// Whether there is a link to a peer.
    fn is_linked(&self, peer: &PeerId) -> bool;

    /// Whether the link to a peer takes more at once, without a queue.
    fn takes_more(&self, peer: &PeerId) -> bool;
}

/// What the shell shall do about the bytes of contents, in the order in which it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentCommand {
    /// Read something, and hand it in with [`Node::content_read`](crate::Node::content_read).
    Read {
        /// For the answer.
        read: ReadId,
        /// Of which content.
        id: ContentId,
        /// What of it.
        part: ContentPart,
    },
    /// Keep these bytes of a content, and say so with
    /// [`Node::content_written`](crate::Node::content_written). They are verified.
    Write {
        /// Of which content.
        id: ContentId,
        /// Where they begin.
        start: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Keep these values, which others need to verify the content.
    WriteValues {
        /// Of which content.
        id: ContentId,
        /// The span whose blocks have them; `None`: they are those of all spans.
        span: Option<u32>,
        /// The values.
        values: Vec<Value>,
    },
    /// All bytes and values of a span were handed out: once they are kept, say so with
    /// [`Node::content_kept`](crate::Node::content_kept), and after a restart with
    /// [`Node::hold_content`](crate::Node::hold_content).
    SpanDone {
        /// Of which content.
        id: ContentId,
        /// Which.
        span: u32,
    },
}

/// Names a [`ContentCommand::Read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadId(pub u32);

/// A part of a content as a shell keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentPart {
    /// Its bytes from `start` on, `length` of them.
    Bytes {
        /// Where they begin.
        start: u64,
        /// How many.
        length: usize,
    },
    /// The values of its spans, 32 bytes each.
    Spans,
    /// The values of the blocks of a span, 32 bytes each.
    Blocks {
        /// Which span.
        span: u32,
    },
}

/// What the application learns about contents.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentEvent {
    /// A span that is being fetched is there.
    Span {
        /// Of which content.
        id: ContentId,
        /// Which.
        span: u32,
    },
    /// A fetch has ended.
    Fetched {
        /// Which.
        token: FetchToken,
        /// Whether all of it is there.
        result: Result<(), FetchError>,
    },
    /// What a source has sent was wrong, and it is not asked again.
    BadSource {
        /// Who.
        peer: PeerId,
        /// About which content.
        id: ContentId,
    },
    /// A peer asks this one to fetch a content and to have it for others.
    KeepAsked {
        /// Who.
        from: PeerId,
        /// What.
        id: ContentId,
        /// Whether it is a folder, whose content is wanted, too.
        folder: bool,
    },
    /// A peer says whether it has a content: in answer to
    /// [`Node::ask_to_keep`](crate::Node::ask_to_keep).
    Kept {
        /// Who.
        by: PeerId,
        /// What.
        hash: ContentHash,
        /// Whether it has it.
        kept: bool,
    },
}

/// How much of what is fetched is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchProgress {
    /// Bytes of the content that are here.
    pub done: u64,
    /// Peers that it comes from.
    pub sources: usize,
}

/// What the service wants done.
#[derive(Debug)]
pub(crate) enum ContentOutput {
    Say {
        to: PeerId,
        payload: Vec<u8>,
    },
    Hold {
        peer: PeerId,
        holds: bool,
    },
    Command(ContentCommand),
    /// Store a record which says that this peer provides a content.
    Announce(ContentHash),
    /// Ask the store who provides it: [`Content::handle_providers`] takes the answer.
    Find(ContentHash),
    Event(ContentEvent),
}

/// The service.
#[derive(Debug)]
pub(crate) struct Content {
    own: PeerId,
    config: ContentConfig,
    shelf: Shelf,
    serving: Serving,
    fetches: Table<ContentHash, Fetch>,
    announcements: Announcements,
    next_token: u32,
    outputs: VecDeque<ContentOutput>,
}

impl Content {
    pub(crate) fn new(own: PeerId, config: ContentConfig) -> Self {
        Self {
            own,
            config,
            shelf: Shelf::default(),
            serving: Serving::default(),
            fetches: Table::new(),
            announcements: Announcements::default(),
            next_token: 0,
            outputs: VecDeque::new(),
        }
    }

    fn kept(&mut self, by: PeerId, hash: ContentHash, kept: bool) {
        self.event(ContentEvent::Kept { by, hash, kept });
    }

    fn say(&mut self, to: PeerId, message: &ContentMessage) {
        let payload = message.encode();
        self.outputs.push_back(ContentOutput::Say { to, payload });
    }

    fn command(&mut self, command: ContentCommand) {
        self.outputs.push_back(ContentOutput::Command(command));
    }

    fn event(&mut self, event: ContentEvent) {
        self.outputs.push_back(ContentOutput::Event(event));
    }

    /// Gives up the link to a peer, unless something still goes over it.
    fn release(&mut self, peer: PeerId) {
        let is_source = |fetch: &Fetch| fetch.uses(&peer);
        if !self.serving.has(&peer) && !self.fetches.values().any(is_source) {
            let holds = false;
            self.outputs.push_back(ContentOutput::Hold { peer, holds });
        }
    }

    fn token(&mut self) -> u32 {
        self.next_token = self.next_token.wrapping_add(1);
        self.next_token
    }
}

impl Contents for Content {
    fn hold_content(&mut self, id: ContentId, spans: Option<&[u8]>) {
        self.shelf.put(id, spans);
    }

    fn forget_content(&mut self, hash: &ContentHash) {
        // What has come of it is gone, too.
        self.fail(*hash, FetchError::Storage);
        self.shelf.remove(hash);
        self.announcements.end(hash);
    }

    fn ask_to_keep(&mut self, peer: PeerId, id: ContentId, folder: bool) {
        // It will come for the content.
        self.say(peer, &ContentMessage::Keep { id, folder });
    }

    fn answer_keep(&mut self, peer: PeerId, id: ContentId, kept: bool) {
        let hash = id.hash;
        let answer = match kept {
            true => ContentMessage::Has { id, spans: None },
            false => ContentMessage::HasNot { hash, busy: false },
        };
        self.say(peer, &answer);
    }

    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8]) {
        let Some(message) = ContentMessage::decode(payload) else {
            tracing::debug!(?from, "bad message about content");
            return;
        };
        match message {
            ContentMessage::Ask { hash } => self.handle_ask(now, from, hash),
            ContentMessage::Get { hash, wanted } => self.handle_get(now, from, hash, wanted),
            ContentMessage::Cancel { hash, span } => self.serving.cancel(from, hash, span),
            ContentMessage::Has { id, spans } => {
                if !self.handle_has(now, from, id, spans.as_deref()) {
                    self.kept(from, id.hash, spans.is_none());
                }
            }
            ContentMessage::HasNot { hash, busy } => {
                if !self.handle_has_not(now, from, hash, busy) {
                    self.kept(from, hash, false);
                }
            }
            ContentMessage::Values {
                hash,
                span,
                first,
                values,
            } => self.handle_values(now, from, hash, span, first, values),
            ContentMessage::Block {
                hash,
                span,
                block,
                bytes,
            } => self.handle_block(now, from, hash, (span, block), bytes),
            ContentMessage::Keep { id, folder } if self.config.keeps => {
                self.event(ContentEvent::KeepAsked { from, id, folder });
            }
            ContentMessage::Keep { id, .. } => self.answer_keep(from, id, false),
        }
    }

    fn drive(&mut self, now: Time, links: &dyn Links) {
        self.drive_serving(links);
        self.drive_fetches(now, links);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.expire_serving(now);
        self.expire_fetches(now);
        for hash in self.announcements.take_due(now) {
            self.outputs.push_back(ContentOutput::Announce(hash));
        }
    }

    fn poll_timeout(&self) -> Option<Time> {
        let fetches = self.fetches.values().map(Fetch::due);
        let others = [self.serving.due(), self.announcements.due()];
        fetches.chain(others.into_iter().flatten()).min()
    }

    fn poll_output(&mut self) -> Option<ContentOutput> {
        pop_or_shrink(&mut self.outputs)
    }

    fn fetch(
        &mut self,
        now: Time,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<FetchToken, FetchError> {
        self.begin_fetch(now, id, range, hints)
    }

    fn cancel_fetch(&mut self, token: FetchToken) {
        self.end_fetch(token);
    }

    fn fetch_progress(&self, token: FetchToken) -> Option<FetchProgress> {
        self.progress(token)
    }

    fn announce(&mut self, now: Time, hash: ContentHash) {
        self.begin_announcing(now, hash);
    }

    fn handle_announced(&mut self, now: Time, hash: ContentHash, stored: bool) {
        self.announcements.stored(now, hash, stored);
    }

    fn handle_providers(&mut self, now: Time, hash: ContentHash, peers: &[PeerId]) {
        self.take_providers(now, hash, peers);
    }

    fn handle_read(&mut self, now: Time, read: ReadId, bytes: Option<Vec<u8>>) {
        self.answer_with(now, read, bytes);
    }

    fn handle_written(&mut self, hash: ContentHash, written: Result<usize, ()>) {
        self.note_written(hash, written);
    }

    fn handle_kept(&mut self, now: Time, hash: ContentHash, span: u32) {
        self.note_kept(now, hash, span);
    }
}

#[cfg(test)]
mod tests;
