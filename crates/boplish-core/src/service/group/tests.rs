//! What a peer of a group's tree keeps, and makes of what others say to it.

use core::time::Duration;

use boplish_wire::group::{Beat, Mark, Post, value_of};
use rand_core::SeedableRng;

use super::super::Groups;
use super::posts::{Age, Posts};
use super::*;

const START: Time = Time::START;

fn access() -> GroupAccess {
    GroupAccess::open("room").unwrap()
}

/// What a writer of that number says.
fn post(writer: u8, sequence: u64) -> Post {
    let turn = Turn {
        stream: 1,
        sequence,
        pause: 0,
    };
    let value = value_of(&Payload::bytes([writer, sequence as u8]).unwrap());
    let writer = Keypair::from_secret(&[writer; 32]);
    Post::sign(&writer, &access().key(), turn, &value)
}

fn mark(writer: u8, sequence: u64) -> Mark {
    Post::mark_of(&post(writer, sequence).encode())
}

/// Keeps a post.
fn keep(posts: &mut Posts, (writer, sequence): (u8, u64), age: Age) {
    let bytes = post(writer, sequence).encode().into();
    let mark = mark(writer, sequence);
    posts.keep(START, mark, &post(writer, sequence), bytes, age);
}

fn id(number: u16) -> PeerId {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [high; PeerId::BYTES];
    bytes[0] = low;
    PeerId::from_bytes(bytes)
}

const OWN: u16 = 7;
const PARENT: u16 = 1;
const OTHER: u16 = 2;
const CHILD: u16 = 3;

/// Knows nothing of the ring but whose the group's key is.
struct Ring(PeerId);

impl KeyBased for Ring {
    fn neighbourhood(&self) -> Option<crate::kbr::Neighbourhood> {
        None
    }

    fn local_lookup(&self, _key: &PeerId, _count: usize) -> Vec<PeerId> {
        vec![self.0]
    }
}

struct AllLinked;

impl Links for AllLinked {
    fn is_linked(&self, _peer: &PeerId) -> bool {
        true
    }

    fn takes_more(&self, _peer: &PeerId) -> bool {
        true
    }
}

/// A member, what its application was told (writer, number, whether it is old), and what it says.
struct Member {
    trees: Trees,
    ring: Ring,
    now: Time,
    told: Vec<(u8, u8, bool)>,
    says: Vec<(PeerId, Saying)>,
}

impl Member {
    /// Joins where that peer owns the key.
    fn new(owner: u16, history: u32) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut member = Self {
            trees: Trees::new(id(OWN), rng),
            ring: Ring(id(owner)),
            now: START,
            told: Vec::new(),
            says: Vec::new(),
        };
        member.trees.join(START, &access(), history, &member.ring);
        member.drain();
        member
    }

    fn with_parent(history: u32) -> Self {
        let mut member = Self::new(PARENT, history);
        member.taken_by(PARENT, Vec::new());
        member
    }

    fn taken_by(&mut self, parent: u16, marks: Vec<Mark>) {
        let (path, others) = (Vec::new(), Vec::new());
        let taken = Saying::Taken {
            path,
            others,
            marks,
        };
        self.hear(parent, taken);
    }

    fn hear(&mut self, from: u16, saying: Saying) {
        let group = access().key();
        let payload = GroupMessage { group, saying }.encode();
        let near = &self.ring;
        let links = &AllLinked;
        let around = Around { near, links };
        self.trees
            .handle_message(self.now, id(from), &payload, around);
        self.drain();
    }

    fn hear_post(&mut self, from: u16, post: &Post, old: bool) {
        let post = post.encode();
        self.hear(from, Saying::Post { post, old });
    }

    fn drain(&mut self) {
        while let Some(output) = self.trees.poll_output() {
            match output {
                GroupOutput::Say { to, payload } => {
                    let message = GroupMessage::decode(&payload).unwrap();
                    self.says.push((to, message.saying));
                }
                GroupOutput::Event {
                    event:
                        GroupEvent::Post {
                            payload, is_old, ..
                        },
                    ..
                } => {
                    let bytes = payload.as_bytes();
                    self.told.push((bytes[0], bytes[1], is_old));
                }
                GroupOutput::Event { .. } | GroupOutput::SayToOwner { .. } => {}
            }
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        let near = &self.ring;
        let links = &AllLinked;
        self.trees.handle_timeout(self.now, Around { near, links });
        self.drain();
    }

    /// How often somebody was asked for what was said before.
    fn questions(&self) -> usize {
        let is_question = |said: &&(PeerId, Saying)| matches!(said.1, Saying::Last { .. });
        self.says.iter().filter(is_question).count()
    }
}

#[test]
fn a_post_is_old_only_if_somebody_says_so_who_was_asked() {
    let mut member = Member::with_parent(0);
    member.hear_post(OTHER, &post(1, 0), true);
    member.hear_post(PARENT, &post(1, 0), true);
    assert!(member.told.is_empty());
    member.hear_post(PARENT, &post(1, 0), false);
    assert_eq!(member.told, [(1, 0, false)]);
}

#[test]
fn what_was_missed_is_new_though_it_comes_with_what_was_said_before() {
    let mut member = Member::with_parent(0);
    member.hear_post(PARENT, &post(1, 0), false);
    member.hear(CHILD, Saying::Join);
    member.hear(PARENT, Saying::Leave);
    // A child asks before there is another parent, and so that one is asked at once.
    member.hear(CHILD, Saying::Last { count: 9 });
    assert_eq!(member.questions(), 0);
    member.taken_by(OTHER, vec![mark(2, 5)]);
    assert_eq!(member.questions(), 1);
    member.says.clear();
    for (writer, sequence) in [(3, 0), (1, 0), (1, 1), (2, 5)] {
        member.hear_post(OTHER, &post(writer, sequence), true);
    }
    // The other one of that writer's waits for those before it.
    assert_eq!(member.told, [(1, 0, false), (1, 1, false)]);
    let passed_on: Vec<Saying> = [post(1, 1), post(2, 5)]
        .iter()
        .map(|it| it.encode())
        .map(|post| Saying::Post { post, old: false })
        .collect();
    let to_child = member.says.iter().filter(|it| it.0 == id(CHILD));
    let to_child: Vec<Saying> = to_child.map(|it| it.1.clone()).collect();
    assert_eq!(to_child, passed_on);
}

#[test]
fn what_is_behind_a_new_post_is_told_behind_it() {
    let mut member = Member::with_parent(9);
    member.hear_post(PARENT, &post(1, 4), false);
    let marks = (2..6).map(|it| mark(1, it)).collect();
    member.hear(PARENT, Saying::Told { marks });
    for sequence in [2, 3, 5] {
        member.hear_post(PARENT, &post(1, sequence), true);
    }
    let told = [(1, 2, true), (1, 3, true), (1, 4, false), (1, 5, false)];
    assert_eq!(member.told, told);
}

#[test]
fn an_answer_may_take_as_long_as_its_posts_come() {
    let mut member = Member::with_parent(9);
    let marks = (0..4).map(|it| mark(1, it)).collect();
    member.hear(PARENT, Saying::Told { marks });
    member.hear_post(PARENT, &post(2, 0), false);
    for sequence in 0..4 {
        assert!(member.told.is_empty());
        member.wait(900);
        member.hear_post(PARENT, &post(1, sequence), true);
    }
    let old = (0..4).map(|it| (1, it, true));
    assert_eq!(member.told, old.chain([(2, 0, false)]).collect::<Vec<_>>());
}

#[test]
fn no_answer_keeps_what_is_new_waiting_for_ever() {
    for names_posts in [false, true] {
        let mut member = Member::with_parent(9);
        member.hear_post(PARENT, &post(2, 0), false);
        for sequence in 0..8 {
            member.wait(900);
            if names_posts {
                let marks = vec![mark(3, sequence)];
                member.hear(PARENT, Saying::Told { marks });
            }
            // It was not named: neither is it waited for, nor does it make others come late.
            member.hear_post(PARENT, &post(1, sequence), true);
            let patience = if names_posts { 2_000 } else { 6_600 };
            let is_over = member.now.since(START) >= Duration::from_millis(patience);
            assert_eq!(member.told.contains(&(2, 0, false)), is_over);
        }
        assert_eq!(member.questions(), if names_posts { 1 } else { 2 });
    }
}

#[test]
fn children_that_come_and_go_are_not_asked_for_ever() {
    let mut root = Member::new(OWN, 9);
    for child in 100..400 {
        root.hear(child, Saying::Join);
        let count = 1;
        let beat = Beat {
            count,
            ..Beat::default()
        };
        root.hear(child, Saying::Beat(beat));
        root.hear(child, Saying::Leave);
    }
    assert_eq!(root.questions(), 8);
    root.hear_post(CHILD, &post(1, 0), false);
    assert_eq!(root.told, [(1, 0, false)]);
}

#[test]
fn what_was_said_before_is_kept_before_what_was_said_since() {
    let mut posts = Posts::default();
    for sequence in 4..7 {
        keep(&mut posts, (1, sequence), Age::New);
    }
    // The answer of the parent has others of that writer, and some of another one.
    for (writer, sequence) in [(2, 0), (1, 3), (2, 1), (2, 2)] {
        keep(&mut posts, (writer, sequence), Age::Old);
    }
    let last = |posts: &Posts, count: usize| -> Vec<Mark> {
        let last = posts.last(count, usize::MAX);
        last.iter().map(|it| it.0).collect()
    };
    let since = [mark(1, 4), mark(1, 5), mark(1, 6)];
    assert_eq!(last(&posts, 3), since);
    let before = [mark(2, 0), mark(1, 3), mark(2, 1), mark(2, 2)];
    assert_eq!(last(&posts, 7), [&before[..], &since].concat());
    // What fits no more is what was said first.
    for sequence in 0..252 {
        keep(&mut posts, (3, sequence), Age::New);
    }
    assert!(posts.get(mark(1, 3)).is_none() && posts.get(mark(2, 2)).is_some());
    // It still is behind what its writer has said before it.
    keep(&mut posts, (3, 252), Age::Old);
    assert_eq!(last(&posts, 1), [mark(3, 252)]);
}
