use boplish_wire::PeerId;
use boplish_wire::group::{Beat, Direct, GroupMessage, Post, Saying, Turn};
use boplish_wire::limits::{MAX_GROUP_LIST, MAX_MARKS, MAX_POST};
use proptest::prelude::*;

use crate::any::{alice, bob};

const TURN: Turn = Turn {
    stream: 7,
    sequence: 3,
    pause: 50,
};

fn any_id() -> impl Strategy<Value = PeerId> {
    any::<[u8; PeerId::BYTES]>().prop_map(PeerId::from_bytes)
}

fn any_message() -> impl Strategy<Value = GroupMessage> {
    let ids = || proptest::collection::vec(any_id(), 0..MAX_GROUP_LIST);
    let marks = || proptest::collection::vec(any::<u64>(), 0..MAX_MARKS);
    let beat = (
        proptest::option::of(ids()),
        any::<u32>(),
        proptest::option::of(ids()),
        marks(),
        any::<bool>(),
    );
    let beat = beat.prop_map(|(path, count, some, marks, asks)| Beat {
        path,
        count,
        some,
        marks,
        asks,
    });
    let saying = prop_oneof![
        Just(Saying::Join),
        Just(Saying::Leave),
        Just(Saying::Invite),
        (ids(), ids(), marks()).prop_map(|(path, others, marks)| Saying::Taken {
            path,
            others,
            marks,
        }),
        ids().prop_map(|others| Saying::Full { others }),
        beat.prop_map(Saying::Beat),
        (
            proptest::collection::vec(any::<u8>(), 0..300),
            any::<bool>()
        )
            .prop_map(|(post, old)| Saying::Post { post, old }),
        marks().prop_map(|marks| Saying::Have { marks }),
        marks().prop_map(|marks| Saying::Want { marks }),
        any::<u32>().prop_map(|count| Saying::Last { count }),
        marks().prop_map(|marks| Saying::Told { marks }),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(|value| {
            let direct = Direct::sign(&alice(), &bob().id(), &bob().id(), &value);
            Saying::Direct(direct)
        }),
    ];
    (any_id(), saying).prop_map(|(group, saying)| GroupMessage { group, saying })
}

proptest! {
    #[test]
    fn messages_survive_their_bytes(message in any_message()) {
        prop_assert_eq!(GroupMessage::decode(&message.encode()), Some(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(message) = GroupMessage::decode(&bytes) {
            prop_assert_eq!(GroupMessage::decode(&message.encode()), Some(message));
        }
        prop_assert_eq!(Post::decode(&alice().id(), &bytes), None);
    }

    #[test]
    fn posts_survive_their_bytes(
        stream in any::<u32>(),
        sequence in any::<u64>(),
        pause in any::<u32>(),
        value in proptest::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let group = bob().id();
        let turn = Turn { stream, sequence, pause };
        let post = Post::sign(&alice(), &group, turn, &value);
        prop_assert_eq!(post.writer(), alice().id());
        prop_assert_eq!(Post::decode(&group, &post.encode()), Some(post));
    }
}

#[test]
fn a_post_is_for_its_group_only_and_can_not_be_changed() {
    let group = bob().id();
    let post = Post::sign(&alice(), &group, TURN, b"hello").encode();
    assert!(Post::decode(&group, &post).is_some());
    assert_eq!(Post::decode(&alice().id(), &post), None);
    for index in 0..post.len() {
        let mut changed = post.clone();
        changed[index] ^= 1;
        assert_eq!(Post::decode(&group, &changed), None, "byte {index}");
    }
    let longer = [&post[..], &[0]].concat();
    assert_eq!(Post::decode(&group, &longer), None);
}

#[test]
fn a_word_to_a_member_is_by_one_for_one_in_one_group() {
    let (group, from, to) = (PeerId::from_bytes([7; 20]), alice().id(), bob().id());
    let direct = Direct::sign(&alice(), &group, &to, b"psst");
    assert!(direct.is_by(&from, &group, &to));
    assert!(!direct.is_by(&to, &group, &to));
    assert!(!direct.is_by(&from, &to, &to));
    assert!(!direct.is_by(&from, &group, &from));
    let saying = Saying::Direct(direct);
    let mut bytes = GroupMessage { group, saying }.encode();
    let said = bytes.windows(4).position(|part| part == b"psst").unwrap();
    bytes[said] ^= 1;
    let Some(Saying::Direct(changed)) = GroupMessage::decode(&bytes).map(|it| it.saying) else {
        panic!("it is a message as before");
    };
    assert!(!changed.is_by(&from, &group, &to));
}

#[test]
fn what_is_too_long_is_refused() {
    let group = bob().id();
    let message = |saying| GroupMessage { group, saying }.encode();
    let marks = vec![0; MAX_MARKS + 1];
    assert_eq!(GroupMessage::decode(&message(Saying::Have { marks })), None);
    let others = vec![group; MAX_GROUP_LIST + 1];
    assert_eq!(
        GroupMessage::decode(&message(Saying::Full { others })),
        None
    );
    let post = Post::sign(&alice(), &group, TURN, &vec![0; MAX_POST]).encode();
    assert_eq!(Post::decode(&group, &post), None);
}
