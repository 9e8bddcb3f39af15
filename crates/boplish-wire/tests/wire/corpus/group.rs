use boplish_wire::PeerId;
use boplish_wire::group::{Beat, Direct, GroupMessage, Post, Saying, Turn};

use crate::any::{alice, bob};

/// The group of the fuzz target.
const GROUP: PeerId = PeerId::from_bytes([7; PeerId::BYTES]);

pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let message = |saying| {
        let group = GROUP;
        GroupMessage { group, saying }.encode()
    };
    let turn = Turn {
        stream: 5,
        sequence: 1,
        pause: 1_000,
    };
    let post = Post::sign(&alice(), &GROUP, turn, b"hello").encode();
    let mut forged = post.clone();
    forged[3] ^= 1;
    let from_parent = Beat {
        path: Some(vec![bob().id()]),
        count: 2,
        some: Some(vec![alice().id(), bob().id()]),
        marks: vec![Post::mark_of(&post)],
        asks: true,
    };
    let taken = Saying::Taken {
        path: vec![alice().id(), bob().id()],
        others: vec![bob().id()],
        marks: vec![7],
    };
    let direct = Direct::sign(&alice(), &GROUP, &bob().id(), b"psst");
    let others = vec![alice().id()];
    let marks = vec![1, u64::MAX];
    vec![
        ("join", message(Saying::Join)),
        ("taken", message(taken)),
        ("full", message(Saying::Full { others })),
        ("beat-from-parent", message(Saying::Beat(from_parent))),
        ("beat-from-child", message(Saying::Beat(Beat::default()))),
        (
            "post",
            message(Saying::Post {
                post: post.clone(),
                old: false,
            }),
        ),
        (
            "have",
            message(Saying::Have {
                marks: marks.clone(),
            }),
        ),
        (
            "told",
            message(Saying::Told {
                marks: marks.clone(),
            }),
        ),
        ("want", message(Saying::Want { marks })),
        ("last", message(Saying::Last { count: 20 })),
        ("leave", message(Saying::Leave)),
        ("invite", message(Saying::Invite)),
        ("direct", message(Saying::Direct(direct))),
        ("signed-post", post),
        ("forged-post", forged),
    ]
}
