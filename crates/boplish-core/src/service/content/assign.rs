//! Says which source sends which span, and what happens when one does not.

use boplish_wire::PeerId;
use boplish_wire::content::{BLOCK, ContentHash, ContentMessage, SPAN, Wanted};

use super::fetch::{Fetch, FetchError, Job, Outline};
use super::source::{STALL, Source, SourceState};
use super::{Content, ContentOutput, Links};
use crate::time::Time;

/// Bytes that the shell may not have written yet; no more is asked for until it has.
const MAX_UNWRITTEN: usize = 16 << 20;

impl Content {
    pub(super) fn drive_fetches(&mut self, now: Time, links: &dyn Links) {
        let hashes: Vec<ContentHash> = self.fetches.keys().copied().collect();
        for hash in hashes {
            self.find(now, hash);
            while let Some((peer, wanted)) = self.next_request(now, hash, links) {
                self.say(peer, &ContentMessage::Get { hash, wanted });
            }
        }
    }

    /// Asks the store for providers, if it is time.
    fn find(&mut self, now: Time, hash: ContentHash) {
        if let Some(fetch) = self.fetches.get_mut(&hash)
            && !fetch.finding
            && fetch.find_at <= now
        {
            fetch.finding = true;
            self.outputs.push_back(ContentOutput::Find(hash));
        }
    }

    /// The next thing to ask some source for.
    fn next_request(
        &mut self,
        now: Time,
        hash: ContentHash,
        links: &dyn Links,
    ) -> Option<(PeerId, Wanted)> {
        let fetch = self.fetches.get_mut(&hash)?;
        if fetch.unwritten >= MAX_UNWRITTEN {
            return None;
        }
        let has_slack = |peer: &PeerId, source: &Source| {
            source.is_ready() && source.in_flight < source.window(links.is_linked(peer))
        };
        let ready = fetch
            .sources
            .iter()
            .filter(|(peer, it)| has_slack(peer, it));
        let ready: Vec<PeerId> = ready.map(|(peer, _)| *peer).collect();
        if fetch.needs_outline() {
            if fetch.outline.is_some() {
                return None;
            }
            let peer = *ready.first()?;
            fetch.outline = Some(Outline {
                source: peer,
                since: now,
                values: Vec::new(),
            });
            begin(fetch, now, &peer);
            return Some((peer, Wanted::Spans { first: 0 }));
        }
        for peer in ready {
            let Some(source) = fetch.sources.get(&peer) else {
                continue;
            };
            let (span, relieved) = match fetch.next_span(source) {
                Some(span) => (span, None),
                None if source.in_flight == 0 => match fetch.relief(&peer) {
                    Some((span, slow)) => (span, Some(slow)),
                    None => continue,
                },
                None => continue,
            };
            if let Some(slow) = relieved.and_then(|slow| fetch.sources.get_mut(&slow)) {
                slow.in_flight = slow.in_flight.saturating_sub(1);
            }
            let all = u32::MAX >> (32 - fetch.id.blocks(span).clamp(1, 32));
            if fetch.jobs.get(&span).is_none() {
                let job = Job {
                    source: None,
                    values: None,
                    missing: all,
                };
                fetch.jobs.insert(span, job);
            }
            begin(fetch, now, &peer);
            let job = fetch.jobs.get_mut(&span)?;
            job.source = Some(peer);
            let blocks = job.missing;
            if let Some(slow) = relieved {
                self.say(slow, &ContentMessage::Cancel { hash, span });
            }
            return Some((peer, Wanted::Blocks { span, blocks }));
        }
        None
    }

    pub(super) fn expire_fetches(&mut self, now: Time) {
        let due = self.fetches.iter().filter(|(_, fetch)| fetch.due() <= now);
        let due: Vec<ContentHash> = due.map(|(hash, _)| *hash).collect();
        for hash in due {
            self.expire_sources(now, hash);
            let fetch = self.fetches.get(&hash);
            if fetch.is_some_and(|fetch| fetch.limit() <= now) {
                self.fail(hash, FetchError::Unavailable);
            }
        }
    }

    fn expire_sources(&mut self, now: Time, hash: ContentHash) {
        let Some(fetch) = self.fetches.get_mut(&hash) else {
            return;
        };
        let peers: Vec<PeerId> = fetch.sources.keys().copied().collect();
        let late = fetch.outline.as_ref().filter(|it| it.due() <= now);
        let late = late.map(|outline| outline.source);
        let (mut asked, mut released, mut cancelled) = (Vec::new(), Vec::new(), Vec::new());
        for peer in peers {
            let Some(source) = fetch.sources.get_mut(&peer) else {
                continue;
            };
            source.expire_link(now);
            match &source.state {
                SourceState::Asked { until } if *until <= now => source.strike(now),
                SourceState::Paused { until } if *until <= now => {
                    source.ask_again(now);
                    asked.push(peer);
                }
                SourceState::Ready(_)
                    if late == Some(peer)
                        || (source.in_flight > 0 && source.last + STALL <= now) =>
                {
                    source.strike(now);
                    let dropped = fetch.drop_jobs(&peer);
                    cancelled.extend(dropped.into_iter().map(|span| (peer, span)));
                    released.push(peer);
                }
                SourceState::Asked { .. }
                | SourceState::Paused { .. }
                | SourceState::Ready(_)
                | SourceState::Out => {}
            }
        }
        for peer in asked {
            self.say(peer, &ContentMessage::Ask { hash });
        }
        for (peer, span) in cancelled {
            self.say(peer, &ContentMessage::Cancel { hash, span });
        }
        for peer in released {
            self.release(peer);
        }
    }
}

/// A source is asked for something more.
fn begin(fetch: &mut Fetch, now: Time, peer: &PeerId) {
    if let Some(source) = fetch.sources.get_mut(peer) {
        if source.in_flight == 0 {
            source.begins(now);
        }
        source.in_flight += 1;
    }
}

const _: () = assert!(
    SPAN as usize / BLOCK == 32,
    "the blocks of a span are bits of a u32"
);
