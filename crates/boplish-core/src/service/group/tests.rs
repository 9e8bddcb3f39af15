//! What a peer of a group's tree keeps, and makes of what others say to it.

use boplish_wire::group::{Mark, Post, value_of};

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
