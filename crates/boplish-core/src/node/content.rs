//! Contents: fetched, served and announced (`service/content`).

use core::ops::Range;

use boplish_wire::content::{self, ContentHash, ContentId};
use boplish_wire::{Kind, Message, Payload, PeerId, Record};

use super::{Node, Phase};
use crate::config::ContentConfig;
use crate::io::{Event, Output};
use crate::link::Links;
use crate::protocol;
use crate::service::Contents;
use crate::service::content::{
    self as service, Content, ContentOutput, FetchError, FetchProgress, FetchToken, PROVIDER_LIFE,
    ReadId,
};
use crate::service::dht::{GetError, StoreToken};
use crate::table::Table;
use crate::time::Time;

/// The service, and what it has asked the store.
#[derive(Debug)]
pub(super) struct ContentPart {
    pub(super) service: Box<dyn Contents>,
    asked: Table<StoreToken, ContentHash>,
}

impl service::Links for Links {
    fn is_linked(&self, peer: &PeerId) -> bool {
        self.is_linked(peer)
    }

    fn takes_more(&self, peer: &PeerId) -> bool {
        self.takes_more(peer)
    }
}

impl Node {
    /// Lets this peer fetch contents and serve them: before [`Node::open`]. The shell keeps the
    /// bytes ([`Output::Content`]).
    pub fn enable_content(&mut self, config: ContentConfig) {
        let service = Box::new(Content::new(self.id(), config));
        let asked = Table::new();
        self.content.set(ContentPart { service, asked });
    }

    /// The shell has a content, or those spans of it whose bits are set, from the lowest bit of the
    /// first byte on: it is served from now on.
    pub fn hold_content(&mut self, id: ContentId, spans: Option<&[u8]>) {
        if let Some(content) = self.content.get_mut() {
            content.service.hold_content(id, spans);
        }
    }

    /// The shell does not have a content any more.
    pub fn forget_content(&mut self, hash: &ContentHash) {
        if let Some(content) = self.content.get_mut() {
            content.service.forget_content(hash);
        }
    }

    /// Tells the network that this peer provides a content, now and until it is forgotten.
    pub fn announce_content(&mut self, now: Time, hash: ContentHash) {
        if let Some(content) = self.content.get_mut() {
            content.service.announce(now, hash);
        }
        self.drain(now);
    }

    /// Fetches the bytes of a range, or all, from the peers in `hints` and from those that provide
    /// the content: [`ContentEvent::Fetched`](crate::ContentEvent) follows.
    ///
    /// # Errors
    ///
    /// [`FetchError::Congested`], [`FetchError::Closed`].
    pub fn fetch_content(
        &mut self,
        now: Time,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<FetchToken, FetchError> {
        let content = self.content.get_mut().filter(|_| self.phase == Phase::Open);
        let content = content.ok_or(FetchError::Closed)?;
        let token = content.service.fetch(now, id, range, hints)?;
        self.drain(now);
        Ok(token)
    }

    /// Fetches no more of what nobody else waits for. No event follows.
    pub fn cancel_fetch(&mut self, now: Time, token: FetchToken) {
        if let Some(content) = self.content.get_mut() {
            content.service.cancel_fetch(token);
        }
        self.drain(now);
    }

    /// How much of what is being fetched is there; `None` once it has ended.
    pub fn fetch_progress(&self, token: FetchToken) -> Option<FetchProgress> {
        self.content.get()?.service.fetch_progress(token)
    }

    /// Asks a peer to fetch a content and to have it for others:
    /// [`ContentEvent::Kept`](crate::ContentEvent) follows if it answers.
    pub fn ask_to_keep(&mut self, now: Time, peer: PeerId, id: ContentId, folder: bool) {
        if let Some(content) = self.content.get_mut() {
            content.service.ask_to_keep(peer, id, folder);
        }
        self.drain(now);
    }

    /// Answers [`ContentEvent::KeepAsked`](crate::ContentEvent): whether the content is here now.
    pub fn answer_keep(&mut self, now: Time, peer: PeerId, id: ContentId, kept: bool) {
        if let Some(content) = self.content.get_mut() {
            content.service.answer_keep(peer, id, kept);
        }
        self.drain(now);
    }

    /// Takes what [`ContentCommand::Read`](crate::ContentCommand) has asked for; `None` if it can't
    /// be read.
    pub fn content_read(&mut self, now: Time, read: ReadId, bytes: Option<Vec<u8>>) {
        if let Some(content) = self.content.get_mut() {
            content.service.handle_read(now, read, bytes);
        }
        self.drain(now);
    }

    /// So many bytes of a [`ContentCommand::Write`](crate::ContentCommand) are written; `Err` if
    /// they can't be.
    pub fn content_written(&mut self, now: Time, hash: ContentHash, written: Result<usize, ()>) {
        if let Some(content) = self.content.get_mut() {
            content.service.handle_written(hash, written);
        }
        self.drain(now);
    }

    /// All of a span is kept, as [`ContentCommand::SpanDone`](crate::ContentCommand) has asked for.
    pub fn content_kept(&mut self, now: Time, hash: ContentHash, span: u32) {
        if let Some(content) = self.content.get_mut() {
            content.service.handle_kept(now, hash, span);
        }
        self.drain(now);
    }

    pub(super) fn handle_content_message(&mut self, now: Time, message: &Message) {
        let Payload::Bytes(bytes) = &message.payload else {
            return;
        };
        if let Some(content) = self.content.get_mut() {
            content.service.handle_message(now, message.from, bytes);
        } else if let Some(answer) = content::ContentMessage::idle_answer(bytes) {
            self.say(now, content::PROTOCOL, message.from, answer, false);
        }
    }

    pub(super) fn poll_content(&mut self, now: Time) -> Option<ContentOutput> {
        let content = self.content.get_mut()?;
        if let Some(output) = content.service.poll_output() {
            return Some(output);
        }
        content.service.drive(now, &self.links);
        content.service.poll_output()
    }

    pub(super) fn handle_content_output(&mut self, now: Time, output: ContentOutput) {
        match output {
            ContentOutput::Say { to, payload } => self.say_about_content(now, to, payload),
            ContentOutput::Hold { peer, holds } => self.router.hold(now, peer, holds),
            ContentOutput::Command(command) => self.outputs.push_back(Output::Content(command)),
            ContentOutput::Event(event) => self.event(Event::Content(event)),
            ContentOutput::Announce(hash) => self.announce(now, hash),
            ContentOutput::Find(hash) => {
                let list = Record::list_of(&hash.0);
                let asked = self.store.get_mut().map(|store| store.list(now, list));
                match (asked, self.content.get_mut()) {
                    (Some(Ok(token)), Some(content)) => {
                        content.asked.insert(token, hash);
                    }
                    (_, Some(content)) => content.service.handle_providers(now, hash, &[]),
                    (_, None) => {}
                }
            }
        }
    }

    fn announce(&mut self, now: Time, hash: ContentHash) {
        let Some(store) = self.store.get_mut() else {
            return;
        };
        let unix = store.unix(now);
        // The time as a sequence number: a later run of this peer says something later.
        let expires = unix + PROVIDER_LIFE;
        let record = Record::sign_listed(&self.keypair, &hash.0, unix, &[], expires);
        let stored = record.ok().map(|record| store.put(now, &record, None));
        let Some(content) = self.content.get_mut() else {
            return;
        };
        match stored {
            Some(Ok(token)) => {
                content.asked.insert(token, hash);
            }
            Some(Err(_)) | None => content.service.handle_announced(now, hash, false),
        }
    }

    /// The store has put an announcement, unless it was something of the application.
    pub(super) fn take_announced(&mut self, now: Time, token: StoreToken, stored: bool) -> bool {
        let Some(content) = self.content.get_mut() else {
            return false;
        };
        let Some(hash) = content.asked.remove(&token) else {
            return false;
        };
        content.service.handle_announced(now, hash, stored);
        true
    }

    /// The store has found providers, unless it was the application that has asked.
    pub(super) fn take_providers(
        &mut self,
        now: Time,
        token: StoreToken,
        result: &Result<Vec<Record>, GetError>,
    ) -> bool {
        let Some(content) = self.content.get_mut() else {
            return false;
        };
        let Some(hash) = content.asked.remove(&token) else {
            return false;
        };
        let records = result.iter().flatten();
        let about_it = records.filter(|record| record.subject() == Some(&hash.0));
        let peers: Vec<PeerId> = about_it.filter_map(Record::publisher).collect();
        content.service.handle_providers(now, hash, &peers);
        true
    }

    /// Over the link to a peer, if there is one: what gets lost with a link is asked for again, and
    /// needs no acknowledgement on each hop.
    fn say_about_content(&mut self, now: Time, to: PeerId, payload: Vec<u8>) {
        // Bounded by the limits of its parts, below that of a payload.
        let Ok(payload) = Payload::bytes(payload) else {
            return;
        };
        let name = protocol::name(content::PROTOCOL);
        let message = self.compose(Some(to), name, Kind::Plain, payload);
        if self.links.is_linked(&to) && self.links.has_room(to, message.payload.len()) {
            self.monitor(crate::io::Direction::Outgoing, Some(to), &message);
            // There is room.
            let _ = self.links.send(to, &message);
        } else {
            self.dispatch(now, message);
        }
    }
}
