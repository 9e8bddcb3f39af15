//! Fetches contents: span by span, from all who have them, each piece verified when it comes.

use core::ops::Range;
use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHash, ContentId, ContentMessage, SPAN, Value};

use super::shelf::Spans;
use super::source::{Source, SourceState};
use super::{Content, ContentEvent, FetchProgress};
use crate::table::Table;
use crate::time::Time;

/// Peers that a content is fetched from, or that are asked for it, at one time.
const MAX_SOURCES: usize = 16;

/// The store is asked for providers again after this long, then after twice that, and so on up to the
/// longer time.
const FIND_AGAIN: Duration = Duration::from_secs(1);
const FIND_SELDOM: Duration = Duration::from_secs(10);

/// A fetch that nothing comes of for this long is given up.
const LIMIT: Duration = Duration::from_secs(60);

/// The same, if there is nobody left to hope for.
const HOPELESS: Duration = Duration::from_secs(25);

/// A source sends the values of all spans within this time.
const OUTLINE_LIMIT: Duration = Duration::from_secs(20);

/// Fetches at one time.
const MAX_FETCHES: usize = 256;

/// A source that would take so many times as long as another is relieved at the end.
const RELIEF: u64 = 3;

/// Names something that is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchToken(pub u32);

/// Why a content is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody who has it was found, or they are gone.
    #[error("nobody who has the content can be reached")]
    Unavailable,
    /// The shell could not write it.
    #[error("the content can't be stored here")]
    Storage,
    /// Too much is being fetched, or a content with the same hash and another length.
    #[error("too many contents are being fetched; wait for some to end")]
    Congested,
    /// The node is closed, or was not opened yet, or has no content service.
    #[error("the node is not open")]
    Closed,
}

/// A content that is being fetched.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) id: ContentId,
    /// Who waits for which spans.
    pub(super) requests: Vec<(FetchToken, Range<u32>)>,
    /// Those that have come.
    pub(super) have: Spans,
    /// Those that the shell has kept.
    pub(super) kept: Spans,
    pub(super) done: u64,
    pub(super) sources: Table<PeerId, Source>,
    /// The values of all spans, once they are verified; not needed if there is only one.
    pub(super) spans: Option<Vec<Value>>,
    /// Those that have come so far.
    pub(super) outline: Option<Outline>,
    pub(super) jobs: Table<u32, Job>,
    pub(super) unwritten: usize,
    pub(super) find_at: Time,
    pub(super) finding: bool,
    find_pause: Duration,
    /// When something has last come.
    pub(super) last: Time,
}

/// Values of spans, of which one source is to send all.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) source: PeerId,
    pub(super) since: Time,
    pub(super) values: Vec<Value>,
}

/// A span that is being fetched.
#[derive(Debug)]
pub(super) struct Job {
    /// Who sends it; `None`: somebody else is to go on with it.
    pub(super) source: Option<PeerId>,
    /// The values of its blocks, once they are verified.
    pub(super) values: Option<Vec<Value>>,
    /// The blocks that are missing, one bit for each.
    pub(super) missing: u32,
}

impl Outline {
    /// Nothing else can come before it: a source that is slow with it has stalled.
    pub(super) fn due(&self) -> Time {
        self.since + OUTLINE_LIMIT
    }
}

impl Fetch {
    fn new(now: Time, id: ContentId, have: Spans) -> Self {
        let here = (0..id.spans()).filter(|span| have.contains(*span));
        Self {
            done: here.map(|span| id.span_length(span)).sum(),
            id,
            requests: Vec::new(),
            kept: have.clone(),
            have,
            sources: Table::new(),
            spans: None,
            outline: None,
            jobs: Table::new(),
            unwritten: 0,
            find_at: now,
            finding: false,
            find_pause: FIND_AGAIN,
            last: now,
        }
    }

    pub(super) fn uses(&self, peer: &PeerId) -> bool {
        self.sources.get(peer).is_some_and(Source::is_ready)
    }

    pub(super) fn due(&self) -> Time {
        let sources = self.sources.values().filter_map(Source::due);
        let find = (!self.finding).then_some(self.find_at);
        let outline = self.outline.as_ref().map(Outline::due);
        let limit = self.limit();
        sources
            .chain(find)
            .chain(outline)
            .min()
            .map_or(limit, |it| it.min(limit))
    }

    /// Something of use has come from a peer.
    pub(super) fn has_come(&mut self, now: Time, from: &PeerId, bytes: usize) {
        self.last = now;
        if let Some(source) = self.sources.get_mut(from) {
            source.has_sent(now, bytes);
        }
    }

    /// When it is given up, if nothing comes until then.
    pub(super) fn limit(&self) -> Time {
        match self.sources.values().any(Source::is_hopeful) {
            true => self.last + LIMIT,
            false => self.last + HOPELESS,
        }
    }

    pub(super) fn needs_outline(&self) -> bool {
        self.id.spans() > 1 && self.spans.is_none()
    }

    /// The next span that somebody waits for and nobody sends, of those that a source has.
    pub(super) fn next_span(&self, source: &Source) -> Option<u32> {
        let mut wanted = self.requests.iter().flat_map(|(_, range)| range.clone());
        let is_free = |span: &u32| {
            let job = self.jobs.get(span);
            job.is_none_or(|job| job.source.is_none())
                && !self.have.contains(*span)
                && source.has(*span)
        };
        wanted.find(is_free)
    }

    /// A source sends no more of what it was to send.
    pub(super) fn drop_jobs(&mut self, peer: &PeerId) -> Vec<u32> {
        let mut dropped = Vec::new();
        let spans: Vec<u32> = self.jobs.keys().copied().collect();
        for span in spans {
            if let Some(job) = self.jobs.get_mut(&span)
                && job.source == Some(*peer)
            {
                job.source = None;
                dropped.push(span);
            }
        }
        if self.outline.as_ref().is_some_and(|it| it.source == *peer) {
            self.outline = None;
        }
        if let Some(source) = self.sources.get_mut(peer) {
            source.in_flight = 0;
        }
        dropped
    }

    /// What a source has sent is wrong: nothing of it is trusted.
    pub(super) fn ban(&mut self, peer: &PeerId) {
        self.drop_jobs(peer);
        if let Some(source) = self.sources.get_mut(peer) {
            source.state = SourceState::Out;
        }
    }

    /// The span of a slow source that a fast one, which has nothing to do, would have much sooner.
    pub(super) fn relief(&self, fast: &PeerId) -> Option<(u32, PeerId)> {
        let rate = self.sources.get(fast)?.rate();
        let slow = self.jobs.iter().filter_map(|(span, job)| {
            let peer = job.source.filter(|peer| peer != fast)?;
            let source = self.sources.get(&peer)?;
            let queued = source.in_flight.max(1) as u64;
            let has = self.sources.get(fast)?.has(*span);
            (has && source.rate() * RELIEF < rate * queued && source.rate() > 0).then_some((
                source.rate() / queued,
                *span,
                peer,
            ))
        });
        slow.min().map(|(_, span, peer)| (span, peer))
    }
}

impl Content {
    /// Fetches the bytes of a range, or all; `hints` may have them.
    pub(super) fn begin_fetch(
        &mut self,
        now: Time,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<FetchToken, FetchError> {
        if self.fetches.len() >= MAX_FETCHES {
            return Err(FetchError::Congested);
        }
        if self.fetches.get(&id.hash).is_some_and(|it| it.id != id) {
            return Err(FetchError::Congested);
        }
        let token = FetchToken(self.token());
        let have = match self.shelf.get(&id.hash) {
            Some((held, None)) => {
                // What is whole has its true length.
                let is_it = held == id;
                self.fetched(token, is_it.then_some(()).ok_or(FetchError::Unavailable));
                return Ok(token);
            }
            Some((held, Some(spans))) if held == id => spans.clone(),
            Some(_) | None => Spans::none(id),
        };
        let spans = match range {
            None => 0..id.spans(),
            Some(range) => {
                let last = range.end.min(id.length).div_ceil(SPAN) as u32;
                (range.start / SPAN) as u32..last.min(id.spans())
            }
        };
        if self.fetches.get(&id.hash).is_none() {
            self.fetches.insert(id.hash, Fetch::new(now, id, have));
        }
        if let Some(fetch) = self.fetches.get_mut(&id.hash) {
            fetch.requests.push((token, spans));
        }
        self.add_sources(now, id.hash, hints);
        self.end_requests(id.hash);
        Ok(token)
    }

    /// Fetches no more of what only this was for.
    pub(super) fn end_fetch(&mut self, token: FetchToken) {
        let has = |fetch: &Fetch| fetch.requests.iter().any(|(it, _)| *it == token);
        let found = self.fetches.iter().find(|(_, fetch)| has(fetch));
        let Some(hash) = found.map(|(hash, _)| *hash) else {
            return;
        };
        if let Some(fetch) = self.fetches.get_mut(&hash) {
            fetch.requests.retain(|(it, _)| *it != token);
        }
        self.end_requests(hash);
    }

    pub(super) fn progress(&self, token: FetchToken) -> Option<FetchProgress> {
        let has = |fetch: &&Fetch| fetch.requests.iter().any(|(it, _)| *it == token);
        let fetch = self.fetches.values().find(has)?;
        let active = fetch.sources.values().filter(|source| source.in_flight > 0);
        Some(FetchProgress {
            done: fetch.done,
            sources: active.count(),
        })
    }

    /// The store says who provides a content.
    pub(super) fn take_providers(&mut self, now: Time, hash: ContentHash, peers: &[PeerId]) {
        if let Some(fetch) = self.fetches.get_mut(&hash) {
            fetch.finding = false;
            fetch.find_at = now + fetch.find_pause;
            fetch.find_pause = (fetch.find_pause * 2).min(FIND_SELDOM);
        }
        self.add_sources(now, hash, peers);
    }

    fn add_sources(&mut self, now: Time, hash: ContentHash, peers: &[PeerId]) {
        let own = self.own;
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let mut asked = Vec::new();
        for peer in peers.iter().filter(|peer| **peer != own) {
            let busy = fetch.sources.values().filter(|it| it.is_busy());
            if busy.count() >= MAX_SOURCES {
                break;
            }
            if !fetch.sources.contains_key(peer) {
                fetch.sources.insert(*peer, Source::asked(now));
                asked.push(*peer);
            }
        }
        for peer in asked {
            self.say(peer, &ContentMessage::Ask { hash });
        }
    }

    fn fetched(&mut self, token: FetchToken, result: Result<(), FetchError>) {
        self.event(ContentEvent::Fetched { token, result });
    }

    /// Tells those whose spans are all there.
    pub(super) fn end_requests(&mut self, hash: ContentHash) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let mut ended = Vec::new();
        let kept = &fetch.kept;
        fetch.requests.retain(|(token, range)| {
            let is_there = range.clone().all(|span| kept.contains(span));
            if is_there {
                ended.push(*token);
            }
            !is_there
        });
        let is_over = fetch.requests.is_empty();
        for token in ended {
            self.fetched(token, Ok(()));
        }
        if is_over {
            self.end(hash);
        }
    }

    pub(super) fn fail(&mut self, hash: ContentHash, error: FetchError) {
        let requests = self
            .fetches
            .get_mut(&hash)
            .map(|it| core::mem::take(&mut it.requests));
        for (token, _) in requests.into_iter().flatten() {
            self.fetched(token, Err(error));
        }
        self.end(hash);
    }

    fn end(&mut self, hash: ContentHash) {
        let Some(fetch) = self.fetches.remove(&hash) else {
            return;
        };
        for (span, job) in fetch.jobs.iter() {
            if let Some(source) = job.source {
                self.say(source, &ContentMessage::Cancel { hash, span: *span });
            }
        }
        for (peer, source) in fetch.sources.iter().filter(|(_, source)| source.is_ready()) {
            debug_assert!(source.is_hopeful(), "it was held");
            self.release(*peer);
        }
    }
}
