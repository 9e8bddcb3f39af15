//! The posts of one group: those that are here, those that are known to be missing, and the order
//! in which each writer's are told.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use boplish_wire::PeerId;
use boplish_wire::group::{Mark, Post, Turn};

use crate::table::{Set, Table};
use crate::time::Time;

/// Posts that are kept for those who lack them, and their bytes.
const MAX_KEPT: usize = 256;
const MAX_KEPT_BYTES: usize = 1 << 20;

/// Marks of posts that were here, so that none comes twice.
const MAX_KNOWN: usize = 4096;

/// Posts that are known to be missing.
const MAX_MISSING: usize = 1024;

/// Posts that have come within this time are named to parent and children.
const RECENT: Duration = Duration::from_secs(12);
const RECENT_POSTS: usize = 32;

/// Peers who have said that they have one.
const MAX_HOLDERS: usize = 3;

/// So often a missing post is asked for, and from one time to the next.
const MAX_QUESTIONS: u8 = 6;
const AGAIN: Duration = Duration::from_millis(1_000);

/// Writers whose order is kept, and posts of one that wait for those before them.
const MAX_STREAMS: usize = 1024;
const MAX_WAITING: usize = 256;

/// Bytes of all posts that wait; further ones are dropped, so that nobody fills the memory with posts
/// that nothing comes before.
const MAX_WAITING_BYTES: usize = 4 << 20;

/// A post waits so long for those before it; for the shorter time if these were said before this
/// peer came.
const GAP: Duration = Duration::from_secs(12);
const FIRST_GAP: Duration = Duration::from_millis(300);

/// Whether a post was said before this peer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Old,
    New,
}

/// A post that is here.
#[derive(Debug)]
struct Kept {
    mark: Mark,
    /// Whose it is, and its place among those.
    stream: (PeerId, u32),
    sequence: u64,
    age: Age,
    since: Time,
    bytes: Arc<[u8]>,
}

/// A post that somebody has, and this peer has not.
#[derive(Debug)]
struct Missing {
    holders: Vec<PeerId>,
    due: Time,
    questions: u8,
}

/// The posts of one writer since it joined.
#[derive(Debug, Default)]
struct Stream {
    /// The number of the next one; `None` before the first.
    next: Option<u64>,
    waiting: Table<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    until: Time,
    post: Post,
}

/// The posts of one group.
#[derive(Debug, Default)]
pub(super) struct Posts {
    /// In the order in which they came, but those from before this peer came before all others, and
    /// each behind those that its writer has said before it.
    kept: VecDeque<Kept>,
    bytes: usize,
    known: Set<Mark>,
    /// Those that were said lately when this peer came, and until when that is lately.
    old: Set<Mark>,
    old_until: Time,
    /// The known ones, the oldest first.
    order: VecDeque<Mark>,
    missing: Table<Mark, Missing>,
    streams: Table<(PeerId, u32), Stream>,
    waiting_bytes: usize,
}

impl Posts {
    pub(super) fn is_known(&self, mark: Mark) -> bool {
        self.known.contains_key(&mark)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// These were said before this peer came: they don't count as missing.
    pub(super) fn pass_over(&mut self, now: Time, marks: &[Mark]) {
        self.old_until = now + RECENT;
        self.old = marks.iter().map(|mark| (*mark, ())).collect();
    }

    /// Whether a post was said before this peer came.
    pub(super) fn is_old(&self, mark: Mark) -> bool {
        self.old.contains_key(&mark)
    }

    /// Whether others have a post that is not here.
    pub(super) fn is_missing(&self, mark: Mark) -> bool {
        self.missing.contains_key(&mark)
    }

    /// Whether one that its writer has said before it was told, or is about to be, so that it is
    /// next, or after that.
    pub(super) fn is_behind_new(&self, post: &Post) -> bool {
        let stream = self.streams.get(&(post.writer(), post.turn.stream));
        let first = |it: &Stream| it.next.or_else(|| it.waiting.first().map(|it| *it.0));
        let first = stream.and_then(first);
        first.is_some_and(|first| first <= post.turn.sequence)
    }

    fn know(&mut self, mark: Mark) {
        if self.known.insert(mark, ()).is_none() {
            self.order.push_back(mark);
        }
        if self.order.len() > MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Keeps a post. Returns whether it was known to be missing, and asked for.
    pub(super) fn keep(
        &mut self,
        now: Time,
        mark: Mark,
        post: &Post,
        bytes: Arc<[u8]>,
        age: Age,
    ) -> bool {
        self.know(mark);
        self.bytes += bytes.len();
        let kept = Kept {
            mark,
            stream: (post.writer(), post.turn.stream),
            sequence: post.turn.sequence,
            age,
            since: now,
            bytes,
        };
        let is_earlier = |it: &Kept| it.stream == kept.stream && it.sequence < kept.sequence;
        let is_later = |it: &Kept| it.stream == kept.stream && it.sequence > kept.sequence;
        let is_newer = |it: &Kept| age == Age::Old && it.age == Age::New;
        let behind = self.kept.iter().rposition(is_earlier);
        let before = self.kept.iter().position(|it| is_later(it) || is_newer(it));
        let place = before.unwrap_or(self.kept.len());
        let place = place.max(behind.map_or(0, |it| it + 1));
        self.kept.insert(place, kept);
        while self.kept.len() > MAX_KEPT || self.bytes > MAX_KEPT_BYTES {
            let Some(oldest) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes.len();
        }
        let missing = self.missing.remove(&mark);
        missing.is_some_and(|it| it.questions > 0)
    }

    /// A post that is here.
    pub(super) fn get(&self, mark: Mark) -> Option<Arc<[u8]>> {
        let mut newest_first = self.kept.iter().rev();
        let found = newest_first.find(|it| it.mark == mark)?;
        Some(Arc::clone(&found.bytes))
    }

    /// The last posts, with so many bytes in all, the oldest first.
    pub(super) fn last(&self, count: usize, bytes: usize) -> Vec<(Mark, Arc<[u8]>)> {
        let mut left = bytes;
        let newest_first = self.kept.iter().rev().take(count);
        let fits = |it: &&Kept| {
            let rest = left.checked_sub(it.bytes.len());
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        let posts = newest_first
            .take_while(fits)
            .map(|it| (it.mark, Arc::clone(&it.bytes)));
        let mut posts: Vec<_> = posts.collect();
        posts.reverse();
        posts
    }

    /// The last posts from before the application came, the oldest first.
    pub(super) fn before(&self, since: Time, count: usize) -> Vec<Arc<[u8]>> {
        let is_before = |it: &&Kept| it.age == Age::Old || it.since < since;
        let newest_first = self.kept.iter().rev().filter(is_before);
        let posts = newest_first.take(count).map(|it| Arc::clone(&it.bytes));
        let mut posts: Vec<_> = posts.collect();
        posts.reverse();
        posts
    }

    /// The marks of up to `count` posts that have come since a time, without those that were said
    /// long before: who has joined since would take them for new ones.
    pub(super) fn marks_since(&self, since: Time, count: usize) -> Vec<Mark> {
        let newest_first = self.kept.iter().rev();
        let is_lately = |it: &Kept| it.since < self.old_until && self.is_old(it.mark);
        let is_news = |it: &Kept| it.age == Age::New || is_lately(it);
        let recent = newest_first.filter(|it| it.since >= since && is_news(it));
        recent.take(count).map(|it| it.mark).collect()
    }

    /// The marks of those that have come lately.
    pub(super) fn recent(&self, now: Time) -> Vec<Mark> {
        let since = Time::START + now.since(Time::START).saturating_sub(RECENT);
        self.marks_since(since, RECENT_POSTS)
    }

    /// A peer has posts: those that are not here by `due` are asked for.
    pub(super) fn has(&mut self, due: Time, peer: PeerId, marks: &[Mark]) {
        for mark in marks {
            if self.is_known(*mark) || self.is_old(*mark) {
                continue;
            }
            if let Some(missing) = self.missing.get_mut(mark) {
                if missing.holders.len() < MAX_HOLDERS && !missing.holders.contains(&peer) {
                    missing.holders.push(peer);
                }
            } else if self.missing.len() < MAX_MISSING {
                let missing = Missing {
                    holders: vec![peer],
                    due,
                    questions: 0,
                };
                self.missing.insert(*mark, missing);
            }
        }
    }

    /// Who is to be asked for what now.
    pub(super) fn questions(&mut self, now: Time) -> Table<PeerId, Vec<Mark>> {
        let mut questions: Table<PeerId, Vec<Mark>> = Table::new();
        let due: Vec<Mark> = self
            .missing
            .iter()
            .filter(|it| it.1.due <= now)
            .map(|it| *it.0)
            .collect();
        for mark in due {
            let Some(missing) = self.missing.get_mut(&mark) else {
                continue;
            };
            if missing.questions == MAX_QUESTIONS {
                self.missing.remove(&mark);
                continue;
            }
            let holder = missing.holders[usize::from(missing.questions) % missing.holders.len()];
            missing.questions += 1;
            missing.due = now + AGAIN;
            questions.get_or_default(holder).push(mark);
        }
        questions
    }

    /// Puts a post in its writer's order; this peer has been here since that time.
    pub(super) fn put_in_order(&mut self, now: Time, since: Time, post: Post) {
        let Turn {
            stream,
            sequence,
            pause,
        } = post.turn;
        let writer = (post.writer(), stream);
        if self.streams.len() >= MAX_STREAMS && !self.streams.contains_key(&writer) {
            // Who has said nothing for long begins anew.
            let idle = self.streams.iter().find(|it| it.1.waiting.is_empty());
            let Some(idle) = idle.map(|it| *it.0) else {
                return;
            };
            self.streams.remove(&idle);
        }
        let stream = self.streams.get_or_default(writer);
        if stream.next.is_none() && sequence == 0 {
            stream.next = Some(0);
        }
        let is_late = stream.next.is_some_and(|next| sequence < next);
        let has_room = stream.waiting.len() < MAX_WAITING
            && self.waiting_bytes + post.value.len() <= MAX_WAITING_BYTES
            && !stream.waiting.contains_key(&sequence);
        if !is_late && has_room {
            self.waiting_bytes += post.value.len();
            let was_here = now.since(since) > Duration::from_millis(pause.into());
            let gap = match stream.next.is_some() || was_here {
                true => GAP,
                false => FIRST_GAP,
            };
            let until = now + gap;
            stream.waiting.insert(sequence, Waiting { until, post });
        }
    }

    /// A post was told as one from before: those of its writer's that come now are behind it.
    pub(super) fn note_told(&mut self, post: &Post) {
        let writer = (post.writer(), post.turn.stream);
        if self.streams.len() < MAX_STREAMS || self.streams.contains_key(&writer) {
            let stream = self.streams.get_or_default(writer);
            let next = post.turn.sequence.saturating_add(1);
            stream.next = Some(stream.next.map_or(next, |known| known.max(next)));
        }
    }

    /// What can be told of those that have come, in the order of each writer's.
    pub(super) fn in_order(&mut self, now: Time) -> Vec<Post> {
        let mut told = Vec::new();
        let writers: Vec<(PeerId, u32)> = self.streams.keys().copied().collect();
        for writer in writers {
            if let Some(stream) = self.streams.get_mut(&writer) {
                while let Some(next) = stream.pop(now) {
                    self.waiting_bytes -= next.post.value.len();
                    told.push(next.post);
                }
            }
        }
        told
    }

    /// When something is due; what waits for its order only if it can be told then.
    pub(super) fn poll_timeout(&self, tells: bool) -> Option<Time> {
        let missing = self.missing.values().map(|it| it.due);
        let streams = self.streams.values().filter_map(Stream::due);
        missing.chain(streams.filter(|_| tells)).min()
    }
}

impl Stream {
    /// When the first of those that wait has waited long enough.
    fn due(&self) -> Option<Time> {
        self.waiting.first().map(|it| it.1.until)
    }

    fn pop(&mut self, now: Time) -> Option<Waiting> {
        let number = *self.waiting.first()?.0;
        let is_next = self.next == Some(number);
        if !is_next && self.due().is_some_and(|due| now < due) {
            return None;
        }
        self.next = Some(number + 1);
        self.waiting.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use boplish_wire::Keypair;

    use super::*;

    const START: Time = Time::START;

    fn writer() -> Keypair {
        Keypair::from_secret(&[1; 32])
    }

    fn post(sequence: u64, value: &[u8]) -> Post {
        let turn = Turn {
            stream: 1,
            sequence,
            pause: 0,
        };
        let group = writer().id();
        Post::sign(&writer(), &group, turn, value)
    }

    fn told(posts: &mut Posts, now: Time) -> Vec<u64> {
        let told = posts.in_order(now);
        told.into_iter().map(|it| it.turn.sequence).collect()
    }

    #[test]
    fn what_is_early_waits_for_those_before_it() {
        let mut posts = Posts::default();
        for (sequence, expected) in [(0, vec![0]), (2, vec![]), (3, vec![]), (1, vec![1, 2, 3])] {
            posts.put_in_order(START, START, post(sequence, b"x"));
            assert_eq!(told(&mut posts, START), expected);
        }
        // Nothing is told twice.
        posts.put_in_order(START, START, post(2, b"x"));
        assert!(told(&mut posts, START).is_empty());
    }

    #[test]
    fn what_is_lost_is_not_waited_for_forever() {
        let mut posts = Posts::default();
        posts.put_in_order(START, START, post(0, b"x"));
        posts.put_in_order(START, START, post(2, b"x"));
        assert_eq!(told(&mut posts, START), [0]);
        let due = posts.poll_timeout(true).unwrap();
        assert_eq!(due, START + GAP);
        assert_eq!(told(&mut posts, due), [2]);
        // Whoever comes after that is too late.
        posts.put_in_order(due, START, post(1, b"x"));
        assert!(told(&mut posts, due).is_empty());
    }

    #[test]
    fn posts_that_nothing_comes_before_have_a_bound() {
        let mut posts = Posts::default();
        let long = vec![0; 40_000];
        for sequence in 1..=MAX_WAITING as u64 {
            posts.put_in_order(START, START, post(sequence, &long));
        }
        assert!(posts.waiting_bytes <= MAX_WAITING_BYTES);
        assert!(posts.waiting_bytes > MAX_WAITING_BYTES - long.len());
        let later = START + GAP;
        assert_eq!(
            told(&mut posts, later).len(),
            MAX_WAITING_BYTES / long.len()
        );
        assert_eq!(posts.waiting_bytes, 0);
    }

    #[test]
    fn what_is_missing_is_asked_for_of_each_that_has_it_in_turn() {
        let mut posts = Posts::default();
        let holders = [[1; 20], [2; 20]].map(PeerId::from_bytes);
        for holder in holders {
            posts.has(START, holder, &[7]);
        }
        let mut now = START;
        let mut asked = Vec::new();
        for _ in 0..=MAX_QUESTIONS {
            asked.extend(posts.questions(now).keys().copied());
            now += AGAIN;
        }
        assert_eq!(asked.len(), usize::from(MAX_QUESTIONS));
        assert!(asked.chunks(2).all(|pair| pair == holders));
        assert_eq!(posts.poll_timeout(true), None);
    }

    #[test]
    fn posts_are_kept_in_their_writers_order() {
        let mut posts = Posts::default();
        for sequence in [1, 0, 3, 2] {
            let mark = sequence as Mark;
            let bytes = vec![sequence as u8].into();
            posts.keep(START, mark, &post(sequence, b"x"), bytes, Age::Old);
        }
        let marks = |posts: Vec<(Mark, Arc<[u8]>)>| posts.iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(marks(posts.last(3, 100)), [1, 2, 3]);
        assert_eq!(marks(posts.last(3, 2)), [2, 3]);
        let before = posts.before(START, 2);
        assert_eq!(before, [Arc::from([2]), Arc::from([3])]);
        assert!(posts.marks_since(START, 2).is_empty());
        // Those that were said lately when this peer came are news to others.
        posts.pass_over(START, &[2, 3]);
        assert_eq!(posts.marks_since(START, 2), [3, 2]);
        // Not if they are fetched long after that.
        posts.pass_over(START, &[4]);
        let later = START + RECENT;
        posts.keep(later, 4, &post(4, b"x"), vec![4].into(), Age::Old);
        assert!(posts.marks_since(later, 2).is_empty());
    }

    #[test]
    fn only_so_many_posts_are_kept() {
        let mut posts = Posts::default();
        let any = post(0, b"x");
        for mark in 0..(MAX_KNOWN as Mark + 10) {
            posts.keep(START, mark, &any, vec![0; 5_000].into(), Age::New);
        }
        assert!(posts.bytes <= MAX_KEPT_BYTES && posts.kept.len() <= MAX_KEPT);
        assert_eq!(posts.known.len(), MAX_KNOWN);
        let newest = MAX_KNOWN as Mark + 9;
        assert!(posts.get(newest).is_some() && posts.get(0).is_none());
        assert!(!posts.is_known(0) && posts.is_known(newest));
    }
}
