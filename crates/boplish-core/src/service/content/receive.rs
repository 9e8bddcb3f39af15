//! Takes what sources send, and verifies it.

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHash, ContentId, ContentMessage, Value};

use super::fetch::{FetchError, Outline};
use super::shelf::Spans;
use super::source::SourceState;
use super::{Content, ContentCommand, ContentEvent, ContentOutput};
use crate::time::Time;

impl Content {
    /// Returns whether it was asked for a fetch.
    pub(super) fn handle_has(
        &mut self,
        now: Time,
        from: PeerId,
        id: ContentId,
        spans: Option<&[u8]>,
    ) -> bool {
        let Some(fetch) = self.fetches.get_mut(&id.hash) else {
            return false;
        };
        let known = fetch.id;
        if fetch.sources.contains_key(&from) && id.length != known.length {
            self.ban(from, id.hash);
            return true;
        }
        let Some(source) = fetch.sources.get_mut(&from) else {
            return false;
        };
        if source.is_hopeful() {
            source.make_ready(now, spans.map(|bits| Spans::from_bits(known, bits)));
            let (peer, holds) = (from, true);
            self.outputs.push_back(ContentOutput::Hold { peer, holds });
        }
        true
    }

    /// Returns whether it was asked for a fetch.
    pub(super) fn handle_has_not(
        &mut self,
        now: Time,
        from: PeerId,
        hash: ContentHash,
        busy: bool,
    ) -> bool {
        let fetch = self.fetches.get_mut(&hash);
        let Some(fetch) = fetch.filter(|it| it.sources.contains_key(&from)) else {
            return false;
        };
        fetch.drop_jobs(&from);
        if let Some(source) = fetch.sources.get_mut(&from) {
            match busy {
                true => source.pause(now),
                false => source.state = SourceState::Out,
            }
        }
        self.release(from);
        true
    }

    pub(super) fn handle_values(
        &mut self,
        now: Time,
        from: PeerId,
        hash: ContentHash,
        span: Option<u32>,
        first: u32,
        values: Vec<Value>,
    ) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let id = fetch.id;
        let Some(span) = span else {
            return self.take_outline(now, from, hash, first, values);
        };
        let value = fetch.spans.as_ref().and_then(|it| it.get(span as usize));
        let Some(job) = fetch.jobs.get_mut(&span) else {
            return;
        };
        if job.source != Some(from) || job.values.is_some() {
            return;
        }
        if !id.verify_blocks(span, value, &values) {
            return self.ban(from, hash);
        }
        job.values = Some(values.clone());
        fetch.has_come(now, &from, values.len() * 32);
        let span = Some(span);
        self.command(ContentCommand::WriteValues { id, span, values });
    }

    /// Takes values of all spans, which must come in order.
    fn take_outline(
        &mut self,
        now: Time,
        from: PeerId,
        hash: ContentHash,
        first: u32,
        values: Vec<Value>,
    ) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let id = fetch.id;
        let Some(outline) = &mut fetch.outline else {
            return;
        };
        if outline.source != from || outline.values.len() != first as usize || values.is_empty() {
            return;
        }
        let bytes = values.len() * 32;
        outline.values.extend(values);
        let is_whole = outline.values.len() >= id.spans() as usize;
        fetch.has_come(now, &from, bytes);
        let Some(Outline { values, .. }) = fetch.outline.take_if(|_| is_whole) else {
            return;
        };
        if let Some(source) = fetch.sources.get_mut(&from) {
            source.in_flight = source.in_flight.saturating_sub(1);
        }
        if !id.verify_spans(&values) {
            return self.ban(from, hash);
        }
        fetch.spans = Some(values.clone());
        let span = None;
        self.command(ContentCommand::WriteValues { id, span, values });
    }

    pub(super) fn handle_block(
        &mut self,
        now: Time,
        from: PeerId,
        hash: ContentHash,
        (span, block): (u32, u32),
        bytes: Vec<u8>,
    ) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let id = fetch.id;
        let Some(job) = fetch.jobs.get_mut(&span) else {
            return;
        };
        let bit = 1_u32.checked_shl(block).unwrap_or(0);
        // What comes late, from one that was relieved, is welcome, too.
        let Some(values) = job.values.as_ref().filter(|_| job.missing & bit != 0) else {
            return;
        };
        let Some(value) = values.get(block as usize) else {
            return;
        };
        if !id.verify_block(span, block as usize, value, &bytes) {
            return self.ban(from, hash);
        }
        job.missing &= !bit;
        let sender = job.source.filter(|_| job.missing == 0);
        let is_done = job.missing == 0;
        fetch.has_come(now, &from, bytes.len());
        fetch.done += bytes.len() as u64;
        fetch.unwritten += bytes.len();
        if let Some(source) = sender.and_then(|peer| fetch.sources.get_mut(&peer)) {
            source.in_flight = source.in_flight.saturating_sub(1);
        }
        if is_done {
            fetch.jobs.remove(&span);
            fetch.have.insert(span);
        }
        let start = id.block(span, block as usize).0;
        self.command(ContentCommand::Write { id, start, bytes });
        if is_done {
            self.command(ContentCommand::SpanDone { id, span });
            if let Some(sender) = sender.filter(|sender| *sender != from) {
                self.say(sender, &ContentMessage::Cancel { hash, span });
            }
        }
    }

    /// The shell has kept all of a span.
    pub(super) fn note_kept(&mut self, now: Time, hash: ContentHash, span: u32) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let id = fetch.id;
        fetch.kept.insert(span);
        let is_whole = fetch.kept.is_whole();
        self.shelf.add(id, span);
        if is_whole && self.config.serves {
            self.announcements.fetched(now, hash);
        }
        self.event(ContentEvent::Span { id, span });
        self.end_requests(hash);
    }

    fn ban(&mut self, peer: PeerId, hash: ContentHash) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let id = fetch.id;
        fetch.ban(&peer);
        self.release(peer);
        self.event(ContentEvent::BadSource { peer, id });
    }

    /// The shell has written so many bytes of a content, or can't.
    pub(super) fn note_written(&mut self, hash: ContentHash, result: Result<usize, ()>) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        match result {
            Ok(bytes) => fetch.unwritten = fetch.unwritten.saturating_sub(bytes),
            Err(()) => {
                self.shelf.remove(&hash);
                self.fail(hash, FetchError::Storage);
            }
        }
    }
}
