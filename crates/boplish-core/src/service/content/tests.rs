//! Services that talk to each other in memory, and a world that carries, loses and forges.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHasher, ContentId, ContentMessage, Hashed, SPAN};

use super::{
    Content, ContentCommand, ContentEvent, ContentOutput, ContentPart, FetchError, FetchToken,
    Links,
};
use crate::config::ContentConfig;
use crate::service::Contents;
use crate::time::Time;

/// What a peer does with what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Honest,
    /// Each block has a wrong byte.
    Corrupts,
    /// Says that it has everything, and then sends nothing.
    Stalls,
    /// Says that it has everything, and has nothing.
    Lies,
    /// Sends a tenth of what the others do.
    Slow,
    /// Sends its first block again and again.
    Repeats,
}

#[derive(Debug)]
struct Peer {
    service: Content,
    manner: Manner,
    /// Bytes of contents by their hash, and what verifies them.
    disk: BTreeMap<ContentId, (Vec<u8>, Hashed)>,
    written: BTreeMap<ContentId, Vec<u8>>,
    events: Vec<ContentEvent>,
    turn: u32,
    sent_blocks: usize,
    repeated: Option<(u32, u32, Vec<u8>)>,
}

#[derive(Debug)]
struct World {
    now: Time,
    peers: BTreeMap<PeerId, Peer>,
    /// Who provides what, as the store would tell.
    provided: Vec<PeerId>,
    /// What is under way, and when it arrives.
    messages: VecDeque<(Time, PeerId, PeerId, Vec<u8>)>,
    linked: bool,
}

struct AllLinked(bool);

impl Links for AllLinked {
    fn is_linked(&self, _peer: &PeerId) -> bool {
        self.0
    }

    fn takes_more(&self, _peer: &PeerId) -> bool {
        self.0
    }
}

const LATENCY: Duration = Duration::from_millis(20);

fn id(number: u8) -> PeerId {
    PeerId::from_bytes([number; PeerId::BYTES])
}

fn content(length: usize) -> (Vec<u8>, Hashed) {
    let mut state = 1_u64;
    let bytes: Vec<u8> = (0..length)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    let mut hasher = ContentHasher::default();
    hasher.update(&bytes);
    (bytes, hasher.finish())
}

impl World {
    /// Peer 0, who fetches, and those with these manners, who provide.
    fn new(bytes: &[u8], hashed: &Hashed, manners: &[Manner]) -> Self {
        let mut world = Self {
            now: Time::START,
            peers: BTreeMap::new(),
            provided: Vec::new(),
            messages: VecDeque::new(),
            linked: true,
        };
        world.add(0, Manner::Honest);
        for (number, manner) in (1..).zip(manners) {
            let peer = world.add(number, *manner);
            world.provided.push(peer);
            if let Some(peer) = world.peers.get_mut(&peer) {
                peer.service.hold_content(hashed.id, None);
                if *manner != Manner::Lies {
                    peer.disk
                        .insert(hashed.id, (bytes.to_vec(), hashed.clone()));
                }
            }
        }
        world
    }

    fn add(&mut self, number: u8, manner: Manner) -> PeerId {
        let own = id(number);
        let peer = Peer {
            service: Content::new(own, ContentConfig::default()),
            manner,
            disk: BTreeMap::new(),
            written: BTreeMap::new(),
            events: Vec::new(),
            turn: 0,
            sent_blocks: 0,
            repeated: None,
        };
        self.peers.insert(own, peer);
        own
    }

    fn peer(&mut self, number: u8) -> &mut Peer {
        self.peers.get_mut(&id(number)).expect("it was added")
    }

    fn fetch(&mut self, content: ContentId) -> FetchToken {
        let now = self.now;
        let fetcher = self.peer(0);
        let token = fetcher.service.begin_fetch(now, content, None, &[]);
        token.expect("there is room")
    }

    /// Lets time pass until a fetch has ended, at most so long.
    fn run(&mut self, token: FetchToken, limit: Duration) -> Option<Result<(), FetchError>> {
        let end = self.now + limit;
        while self.now < end {
            self.step();
            self.settle();
            let events = &self.peer(0).events;
            let ended = events.iter().find_map(|event| match event {
                ContentEvent::Fetched { token: it, result } if *it == token => Some(*result),
                ContentEvent::Fetched { .. }
                | ContentEvent::Span { .. }
                | ContentEvent::BadSource { .. }
                | ContentEvent::KeepAsked { .. }
                | ContentEvent::Kept { .. } => None,
            });
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    /// Settles, then goes to the next moment at which something happens.
    fn step(&mut self) {
        self.settle();
        let timers = self
            .peers
            .values()
            .filter_map(|it| it.service.poll_timeout());
        let next = timers.chain(self.messages.front().map(|it| it.0)).min();
        // Something may be due for ever: time goes on nevertheless.
        let least = self.now + Duration::from_millis(1);
        self.now = next.map_or(least, |at| at.max(least));
        let now = self.now;
        while self.messages.front().is_some_and(|it| it.0 <= now) {
            if let Some((_, from, to, payload)) = self.messages.pop_front()
                && let Some(peer) = self.peers.get_mut(&to)
            {
                peer.service.handle_message(now, from, &payload);
            }
        }
        for peer in self.peers.values_mut() {
            peer.service.handle_timeout(now);
        }
    }

    fn settle(&mut self) {
        let (now, linked) = (self.now, AllLinked(self.linked));
        let provided = self.provided.clone();
        for (own, peer) in &mut self.peers {
            peer.turn += 1;
            loop {
                let output = peer.service.poll_output().or_else(|| {
                    peer.service.drive(now, &linked);
                    peer.service.poll_output()
                });
                match output {
                    None => break,
                    Some(ContentOutput::Say { to, payload }) => {
                        if let Some(payload) = peer.forge(&payload) {
                            let slow = if peer.manner == Manner::Slow { 10 } else { 1 };
                            let at = now + LATENCY * slow;
                            self.messages.push_back((at, *own, to, payload));
                        }
                    }
                    Some(ContentOutput::Find(hash)) => {
                        peer.service.take_providers(now, hash, &provided);
                    }
                    Some(ContentOutput::Command(command)) => peer.carry_out(now, command),
                    Some(ContentOutput::Event(event)) => peer.events.push(event),
                    Some(ContentOutput::Hold { .. } | ContentOutput::Announce(_)) => {}
                }
            }
        }
        self.messages.make_contiguous().sort_by_key(|it| it.0);
    }
}

impl Peer {
    /// What becomes of a message that this peer sends.
    fn forge(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let message = ContentMessage::decode(payload).expect("it was just written");
        let ContentMessage::Block {
            hash,
            mut span,
            mut block,
            mut bytes,
        } = message
        else {
            return Some(payload.to_vec());
        };
        self.sent_blocks += 1;
        match self.manner {
            Manner::Honest | Manner::Lies | Manner::Slow => {}
            Manner::Repeats => {
                let first = self.repeated.get_or_insert((span, block, bytes));
                (span, block, bytes) = first.clone();
            }
            Manner::Corrupts => bytes[0] ^= 1,
            Manner::Stalls => return None,
        }
        let message = ContentMessage::Block {
            hash,
            span,
            block,
            bytes,
        };
        Some(message.encode())
    }

    fn carry_out(&mut self, now: Time, command: ContentCommand) {
        match command {
            ContentCommand::Read { read, id, part } => {
                let bytes = self.disk.get(&id).map(|(bytes, hashed)| match part {
                    ContentPart::Bytes { start, length } => {
                        bytes[start as usize..][..length].to_vec()
                    }
                    ContentPart::Spans => hashed.spans().concat(),
                    ContentPart::Blocks { span } => hashed.span(span).concat(),
                });
                self.service.answer_with(now, read, bytes);
            }
            ContentCommand::Write { id, start, bytes } => {
                let all = self.written.entry(id).or_default();
                all.resize(id.length as usize, 0);
                all[start as usize..][..bytes.len()].copy_from_slice(&bytes);
                self.service.note_written(id.hash, Ok(bytes.len()));
            }
            ContentCommand::SpanDone { id, span } => self.service.note_kept(now, id.hash, span),
            ContentCommand::WriteValues { .. } => {}
        }
    }
}

mod spoilers;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_content_of_any_length_comes_whole() {
    for length in [0, 1, 40_000, SPAN as usize, 5 * SPAN as usize / 2] {
        let (bytes, hashed) = content(length);
        let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
        let token = world.fetch(hashed.id);
        assert_eq!(world.run(token, MINUTE), Some(Ok(())), "{length} bytes");
        let written = world.peer(0).written.remove(&hashed.id).unwrap_or_default();
        assert!(written == bytes, "{length} bytes");
    }
}

#[test]
fn a_block_is_fetched_from_several_and_once() {
    let (bytes, hashed) = content(20 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest; 4]);
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.peer(0).written[&hashed.id] == bytes);
    let sent: Vec<usize> = (1..=4).map(|it| world.peer(it).sent_blocks).collect();
    assert_eq!(sent.iter().sum::<usize>(), 20 * 32);
    assert!(sent.iter().all(|blocks| *blocks >= 64), "{sent:?}");
}

#[test]
fn bad_sources_are_found_out_and_the_content_comes_whole() {
    let (bytes, hashed) = content(12 * SPAN as usize + 5);
    let manners = [
        Manner::Corrupts,
        Manner::Stalls,
        Manner::Lies,
        Manner::Honest,
        Manner::Repeats,
    ];
    let mut world = World::new(&bytes, &hashed, &manners);
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    let fetcher = world.peer(0);
    assert!(fetcher.written[&hashed.id] == bytes);
    let bad = ContentEvent::BadSource {
        peer: id(1),
        id: hashed.id,
    };
    assert!(fetcher.events.contains(&bad), "{:?}", fetcher.events);
    // After its first bad block no more was asked of it.
    assert!(world.peer(1).sent_blocks <= 64);
}

#[test]
fn if_all_are_bad_it_ends_in_an_error() {
    let (bytes, hashed) = content(3 * SPAN as usize);
    for manner in [Manner::Corrupts, Manner::Lies, Manner::Stalls] {
        let mut world = World::new(&bytes, &hashed, &[manner; 3]);
        let token = world.fetch(hashed.id);
        let ended = world.run(token, 5 * MINUTE);
        assert_eq!(ended, Some(Err(FetchError::Unavailable)), "{manner:?}");
        assert!(world.now.since(Time::START) > Duration::from_secs(20));
    }
}

#[test]
fn a_slow_source_is_relieved() {
    let (bytes, hashed) = content(16 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest, Manner::Slow]);
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.peer(0).written[&hashed.id] == bytes);
    let (fast, slow) = (world.peer(1).sent_blocks, world.peer(2).sent_blocks);
    assert!(fast > 2 * slow, "{fast} and {slow} blocks");
}

#[test]
fn what_is_there_is_not_fetched_again() {
    let (bytes, hashed) = content(8 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    // Spans 0 to 4 were written before a restart.
    let fetcher = world.peer(0);
    fetcher.written.insert(hashed.id, bytes.clone());
    fetcher
        .service
        .hold_content(hashed.id, Some(&[0b0001_1111]));
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert_eq!(world.peer(1).sent_blocks, 3 * 32);
    let again = world.fetch(hashed.id);
    assert_eq!(world.run(again, MINUTE), Some(Ok(())));
    assert_eq!(world.peer(1).sent_blocks, 3 * 32);
}

#[test]
fn of_a_range_only_its_spans_come() {
    let (bytes, hashed) = content(8 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    let now = world.now;
    let range = 3 * SPAN + 5..5 * SPAN;
    let fetcher = world.peer(0);
    let token = fetcher
        .service
        .begin_fetch(now, hashed.id, Some(range), &[]);
    let token = token.expect("there is room");
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert_eq!(world.peer(1).sent_blocks, 2 * 32);
    let spans = 3 * SPAN as usize..5 * SPAN as usize;
    assert!(world.peer(0).written[&hashed.id][spans.clone()] == bytes[spans]);
}

#[test]
fn without_links_it_comes_over_others_one_span_at_a_time() {
    let (bytes, hashed) = content(4 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    world.linked = false;
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert!(world.peer(0).written[&hashed.id] == bytes);
    assert!(world.now.since(Time::START) > Duration::from_secs(10));
}

#[test]
fn two_who_have_different_halves_complete_each_other() {
    let (bytes, hashed) = content(8 * SPAN as usize);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest; 2]);
    for (number, bits) in [(1, 0x0f), (2, 0xf0)] {
        world
            .peer(number)
            .service
            .hold_content(hashed.id, Some(&[bits]));
    }
    let token = world.fetch(hashed.id);
    assert_eq!(world.run(token, MINUTE), Some(Ok(())));
    assert_eq!(world.peer(1).sent_blocks, 4 * 32);
    assert_eq!(world.peer(2).sent_blocks, 4 * 32);
}

#[test]
fn who_does_not_serve_has_nothing_for_others() {
    let (bytes, hashed) = content(1000);
    let mut world = World::new(&bytes, &hashed, &[Manner::Honest]);
    world.peer(1).service.config.serves = false;
    let token = world.fetch(hashed.id);
    let ended = world.run(token, 2 * MINUTE);
    assert_eq!(ended, Some(Err(FetchError::Unavailable)));
}
