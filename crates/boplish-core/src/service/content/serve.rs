//! Serves content to others: what they have asked for is read and sent as fast as the links to
//! them take it.

use core::time::Duration;
use std::collections::VecDeque;

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHash, ContentId, ContentMessage, SPAN_BLOCKS, Value, Wanted};
use boplish_wire::limits::MAX_VALUES;

use super::{Content, ContentCommand, ContentOutput, ContentPart, Links, ReadId};
use crate::table::Table;
use crate::time::Time;

/// Peers that are served at one time; further ones are told that this one is busy.
const MAX_CLIENTS: usize = 24;

/// Requests of one peer at one time; for a further one it is told so, too.
const MAX_JOBS: usize = 32;

/// Parts that are read for one peer at one time, at most 32 KiB each.
const MAX_READS: usize = 8;

/// The same, and requests, for a peer without a link: what it gets goes over others.
const MAX_READS_OVER_OTHERS: usize = 1;
const MAX_JOBS_OVER_OTHERS: usize = 2;

/// A peer that asks for nothing for this long has ended.
const IDLE: Duration = Duration::from_secs(30);

/// Who is served.
#[derive(Debug, Default)]
pub(super) struct Serving {
    clients: Table<PeerId, Client>,
    reads: Table<ReadId, Reading>,
}

#[derive(Debug)]
struct Client {
    jobs: VecDeque<Job>,
    reads: usize,
    idle_at: Time,
}

/// What is still to be sent of a request.
#[derive(Debug)]
struct Job {
    id: ContentId,
    wanted: Wanted,
    /// Whether the values of the blocks were sent.
    values_sent: bool,
}

/// A part that is being read.
#[derive(Debug)]
struct Reading {
    peer: PeerId,
    id: ContentId,
    answer: Answer,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Spans { first: u32 },
    Values { span: u32 },
    Block { span: u32, block: u32 },
}

impl Serving {
    pub(super) fn has(&self, peer: &PeerId) -> bool {
        self.clients.contains_key(peer)
    }

    pub(super) fn due(&self) -> Option<Time> {
        self.clients.values().map(|client| client.idle_at).min()
    }

    pub(super) fn cancel(&mut self, peer: PeerId, hash: ContentHash, span: u32) {
        let is_it = |job: &Job| match job.wanted {
            Wanted::Blocks { span: of, .. } => of == span && job.id.hash == hash,
            Wanted::Spans { .. } => false,
        };
        if let Some(client) = self.clients.get_mut(&peer) {
            client.jobs.retain(|job| !is_it(job));
        }
    }

    /// The next part of the first job, which ends with its last.
    fn next(&mut self, peer: &PeerId) -> Option<(ContentId, Answer)> {
        let client = self.clients.get_mut(peer)?;
        loop {
            let job = client.jobs.front_mut()?;
            let id = job.id;
            let answer = match &mut job.wanted {
                Wanted::Spans { first } => Some(Answer::Spans { first: *first }),
                Wanted::Blocks { span, .. } if !job.values_sent => {
                    job.values_sent = true;
                    let span = *span;
                    return Some((id, Answer::Values { span }));
                }
                Wanted::Blocks { span, blocks } if *blocks != 0 => {
                    let (span, block) = (*span, blocks.trailing_zeros());
                    *blocks &= *blocks - 1;
                    return Some((id, Answer::Block { span, block }));
                }
                Wanted::Blocks { .. } => None,
            };
            client.jobs.pop_front();
            if let Some(answer) = answer {
                return Some((id, answer));
            }
        }
    }
}

impl Content {
    pub(super) fn handle_ask(&mut self, now: Time, from: PeerId, hash: ContentHash) {
        let held = self.shelf.get(&hash).filter(|_| self.config.serves);
        let held = held.map(|(id, spans)| (id, spans.map(|it| it.bits().to_vec())));
        let answer = match held {
            None => ContentMessage::HasNot { hash, busy: false },
            Some((id, spans)) => match self.admit(now, from) {
                true => ContentMessage::Has { id, spans },
                false => ContentMessage::HasNot { hash, busy: true },
            },
        };
        self.say(from, &answer);
    }

    /// Makes room for a peer that wants something, if there is any.
    fn admit(&mut self, now: Time, peer: PeerId) -> bool {
        let idle_at = now + IDLE;
        if let Some(client) = self.serving.clients.get_mut(&peer) {
            client.idle_at = idle_at;
            return true;
        }
        if self.serving.clients.len() >= MAX_CLIENTS {
            return false;
        }
        let client = Client {
            jobs: VecDeque::new(),
            reads: 0,
            idle_at,
        };
        self.serving.clients.insert(peer, client);
        let holds = true;
        self.outputs.push_back(ContentOutput::Hold { peer, holds });
        true
    }

    pub(super) fn handle_get(
        &mut self,
        now: Time,
        from: PeerId,
        hash: ContentHash,
        mut wanted: Wanted,
    ) {
        let held = self.shelf.get(&hash).filter(|_| self.config.serves);
        let Some((id, _)) = held else {
            return self.say(from, &ContentMessage::HasNot { hash, busy: false });
        };
        let is_here = match &mut wanted {
            // Whoever has a span has the values of all; those of a single one are of no use.
            Wanted::Spans { first } => id.spans() > 1 && *first < id.spans(),
            Wanted::Blocks { span, blocks } => {
                // Those behind the last are nowhere.
                let count = id.blocks(*span);
                *blocks &= u32::MAX >> (SPAN_BLOCKS - count.clamp(1, SPAN_BLOCKS));
                self.shelf.has(&hash, *span)
            }
        };
        if !is_here {
            return self.say(from, &ContentMessage::HasNot { hash, busy: false });
        }
        let is_admitted = self.admit(now, from);
        let client = self.serving.clients.get_mut(&from);
        match client.filter(|client| is_admitted && client.jobs.len() < MAX_JOBS) {
            Some(client) => client.jobs.push_back(Job {
                id,
                wanted,
                values_sent: false,
            }),
            None => self.say(from, &ContentMessage::HasNot { hash, busy: true }),
        }
    }

    /// Reads the next parts for all whose links take them.
    pub(super) fn drive_serving(&mut self, links: &dyn Links) {
        let peers = self
            .serving
            .clients
            .iter()
            .filter(|(_, it)| !it.jobs.is_empty());
        let peers: Vec<PeerId> = peers.map(|(peer, _)| *peer).collect();
        for peer in peers {
            if links.is_linked(&peer) {
                while links.takes_more(&peer) && self.read_next(peer, MAX_READS) {}
            } else {
                if let Some(client) = self.serving.clients.get_mut(&peer) {
                    client.jobs.truncate(MAX_JOBS_OVER_OTHERS);
                }
                self.read_next(peer, MAX_READS_OVER_OTHERS);
            }
        }
    }

    fn read_next(&mut self, peer: PeerId, most: usize) -> bool {
        let client = self.serving.clients.get(&peer);
        if client.is_none_or(|client| client.reads >= most) {
            return false;
        }
        let Some((id, answer)) = self.serving.next(&peer) else {
            return false;
        };
        if let Some(client) = self.serving.clients.get_mut(&peer) {
            client.reads += 1;
        }
        let part = match answer {
            Answer::Spans { .. } => ContentPart::Spans,
            Answer::Values { span } => ContentPart::Blocks { span },
            Answer::Block { span, block } => {
                let (start, length) = id.block(span, block as usize);
                ContentPart::Bytes { start, length }
            }
        };
        let read = ReadId(self.token());
        let reading = Reading { peer, id, answer };
        self.serving.reads.insert(read, reading);
        self.command(ContentCommand::Read { read, id, part });
        true
    }

    /// The shell has read something, or can't.
    pub(super) fn answer_with(&mut self, now: Time, read: ReadId, bytes: Option<Vec<u8>>) {
        let Some(Reading { peer, id, answer }) = self.serving.reads.remove(&read) else {
            return;
        };
        if let Some(client) = self.serving.clients.get_mut(&peer) {
            client.reads = client.reads.saturating_sub(1);
            client.idle_at = now + IDLE;
        }
        let hash = id.hash;
        let message = bytes.and_then(|bytes| match answer {
            Answer::Spans { first } => {
                let mut values = values_of(&bytes)?.get(first as usize..)?.to_vec();
                if values.len() > MAX_VALUES {
                    let first = first + MAX_VALUES as u32;
                    self.go_on_with_spans(peer, id, first);
                    values.truncate(MAX_VALUES);
                }
                Some(ContentMessage::Values {
                    hash,
                    span: None,
                    first,
                    values,
                })
            }
            Answer::Values { span } => Some(ContentMessage::Values {
                hash,
                span: Some(span),
                first: 0,
                values: values_of(&bytes)?,
            }),
            Answer::Block { span, block } => Some(ContentMessage::Block {
                hash,
                span,
                block,
                bytes,
            }),
        });
        let lost = ContentMessage::HasNot { hash, busy: false };
        if message.is_none() {
            // What can't be read is not here.
            self.shelf.remove(&hash);
            self.announcements.end(&hash);
        }
        self.say(peer, &message.unwrap_or(lost));
    }

    fn go_on_with_spans(&mut self, peer: PeerId, id: ContentId, first: u32) {
        if let Some(client) = self.serving.clients.get_mut(&peer) {
            client.jobs.push_front(Job {
                id,
                wanted: Wanted::Spans { first },
                values_sent: false,
            });
        }
    }

    pub(super) fn expire_serving(&mut self, now: Time) {
        let idle = self.serving.clients.iter();
        let idle = idle.filter(|(_, client)| client.idle_at <= now);
        let idle: Vec<PeerId> = idle.map(|(peer, _)| *peer).collect();
        for peer in idle {
            self.serving.clients.remove(&peer);
            self.release(peer);
        }
    }
}

/// Values as a shell keeps them; `None` if these are none.
fn values_of(bytes: &[u8]) -> Option<Vec<Value>> {
    let (values, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| values.to_vec())
}
