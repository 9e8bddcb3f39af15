use boplish_wire::content::{
    BLOCK, ContentHash, ContentHasher, ContentId, ContentMessage, Directory, DirectoryError, SPAN,
    Target, Value, Wanted,
};
use boplish_wire::limits::MAX_CONTENT;
use proptest::prelude::*;

fn hashed(bytes: &[u8], step: usize) -> boplish_wire::content::Hashed {
    let mut hasher = ContentHasher::default();
    for part in bytes.chunks(step.max(1)) {
        hasher.update(part);
    }
    hasher.finish()
}

/// Bytes that repeat nowhere.
fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut seed = blake3::Hasher::new();
    seed.update(b"content");
    seed.finalize_xof().fill(&mut bytes);
    bytes
}

const SPAN_LENGTH: usize = SPAN as usize;

#[test]
fn the_hash_is_that_of_blake3() {
    for length in [
        0,
        1,
        1024,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        3 * BLOCK,
        SPAN_LENGTH,
        SPAN_LENGTH + 1,
        5 * SPAN_LENGTH / 2,
        3 * SPAN_LENGTH,
    ] {
        let bytes = bytes(length);
        let hashed = hashed(&bytes, 100_000);
        assert_eq!(hashed.id, ContentId::of(&bytes), "{length} bytes");
        assert_eq!(hashed.id.hash.0, *blake3::hash(&bytes).as_bytes());
    }
}

#[test]
fn every_piece_is_verified_by_what_came_before_it() {
    for length in [
        0,
        7,
        BLOCK,
        BLOCK + 7,
        SPAN_LENGTH,
        SPAN_LENGTH + 7,
        3 * SPAN_LENGTH - 7,
    ] {
        let bytes = bytes(length);
        let hashed = hashed(&bytes, 77_777);
        let id = hashed.id;
        let spans = hashed.spans();
        assert_eq!(id.verify_spans(&spans), id.spans() > 1);
        let mut seen = 0;
        for span in 0..id.spans() {
            let values = hashed.span(span);
            assert!(id.verify_blocks(span, spans.get(span as usize), values));
            for (block, value) in values.iter().enumerate() {
                let (start, length) = id.block(span, block);
                let part = &bytes[start as usize..][..length];
                assert!(id.verify_block(span, block, value, part));
                let mut wrong = part.to_vec();
                wrong.push(0);
                assert!(!id.verify_block(span, block, value, &wrong));
                if let Some(byte) = wrong.first_mut().filter(|_| length > 0) {
                    *byte ^= 1;
                    assert!(!id.verify_block(span, block, value, &wrong[..length]));
                }
                seen += length;
            }
        }
        assert_eq!(seen, length);
        assert_eq!(id.blocks(id.spans()), 0);
    }
}

#[test]
fn wrong_values_are_refused() {
    let hashed = hashed(&bytes(2 * SPAN_LENGTH + 5 * BLOCK), BLOCK);
    let (id, spans) = (hashed.id, hashed.spans());
    let mut wrong = spans.clone();
    wrong[1][0] ^= 1;
    assert!(!id.verify_spans(&wrong));
    assert!(!id.verify_spans(&spans[..2]));
    let mut wrong = hashed.span(1).to_vec();
    wrong.swap(3, 4);
    assert!(!id.verify_blocks(1, Some(&spans[1]), &wrong));
    assert!(!id.verify_blocks(1, None, hashed.span(1)));
    assert!(!id.verify_blocks(0, Some(&spans[0]), hashed.span(1)));
}

#[test]
fn a_hash_is_64_hex_digits() {
    let hash = ContentHash::of(b"a");
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for text in ["", "12", &"0".repeat(63), &"g".repeat(64), &"0".repeat(65)] {
        assert!(text.parse::<ContentHash>().is_err(), "{text}");
    }
}

#[test]
fn a_content_is_written_with_its_length() {
    let id = ContentId::of(b"abc");
    assert_eq!(id.to_string().parse(), Ok(id));
    let hash = id.hash;
    for text in [
        hash.to_string(),
        format!("{hash}."),
        format!("{hash}.03"),
        format!("{hash}.-3"),
        format!("{hash}.{}", u64::MAX),
        id.to_string().to_uppercase(),
    ] {
        assert!(text.parse::<ContentId>().is_err(), "{text}");
    }
}

fn any_hash() -> impl Strategy<Value = ContentHash> {
    any::<[u8; 32]>().prop_map(ContentHash)
}

fn any_content() -> impl Strategy<Value = ContentId> {
    (any_hash(), 0..=MAX_CONTENT).prop_map(|(hash, length)| ContentId { hash, length })
}

fn any_content_message() -> impl Strategy<Value = ContentMessage> {
    let bits = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..30));
    let values = proptest::collection::vec(any::<Value>(), 0..40);
    let (number, flag) = (any::<u32>(), any::<bool>());
    let wanted = prop_oneof![
        number.prop_map(|first| Wanted::Spans { first }),
        (number, number).prop_map(|(span, blocks)| Wanted::Blocks { span, blocks }),
    ];
    let span = proptest::option::of(number);
    let block = proptest::collection::vec(any::<u8>(), 0..99);
    prop_oneof![
        any_hash().prop_map(|hash| ContentMessage::Ask { hash }),
        (any_content(), bits).prop_map(|(id, spans)| ContentMessage::Has { id, spans }),
        (any_hash(), flag).prop_map(|(hash, busy)| ContentMessage::HasNot { hash, busy }),
        (any_hash(), wanted).prop_map(|(hash, wanted)| ContentMessage::Get { hash, wanted }),
        (any_hash(), number).prop_map(|(hash, span)| ContentMessage::Cancel { hash, span }),
        (any_hash(), span, number, values).prop_map(|(hash, span, first, values)| {
            ContentMessage::Values {
                hash,
                span,
                first,
                values,
            }
        }),
        (any_hash(), number, number, block).prop_map(|(hash, span, block, bytes)| {
            ContentMessage::Block {
                hash,
                span,
                block,
                bytes,
            }
        }),
        (any_content(), flag).prop_map(|(id, folder)| ContentMessage::Keep { id, folder }),
    ]
}

proptest! {
    #[test]
    fn every_message_about_content_is_read_as_it_was_written(message in any_content_message()) {
        prop_assert_eq!(ContentMessage::decode(&message.encode()), Some(message));
    }

    #[test]
    fn arbitrary_bytes_are_a_message_about_content_or_refused(bytes: Vec<u8>) {
        let _ = (ContentMessage::decode(&bytes), Directory::decode(&bytes));
        let _ = Directory::decode(&[b"bop folder\0", &bytes[..]].concat());
    }
}

fn file(name: &str) -> Target {
    Target::File {
        id: ContentId::of(name.as_bytes()),
        media_type: "text/plain".into(),
    }
}

#[test]
fn a_folder_is_read_as_it_was_written() {
    let mut folder = Directory::default();
    for name in ["b", "a", "ü.txt"] {
        folder.insert(name, file(name)).unwrap();
    }
    let sub = Target::Folder {
        id: ContentId::of(b"sub"),
        total: 5_000,
    };
    folder.insert("sub", sub.clone()).unwrap();
    let read = Directory::decode(&folder.encode().unwrap()).unwrap();
    assert_eq!(read, folder);
    let names: Vec<&str> = read.entries().iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["a", "b", "sub", "ü.txt"]);
    assert_eq!(read.get("sub"), Some(&sub));
    assert_eq!(read.total(), 1 + 1 + 5_000 + 6);
    assert_eq!(folder.remove("a"), Some(file("a")));
    assert_eq!(folder.get("a"), None);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let mut folder = Directory::default();
    for name in ["", ".", "..", "a/b", "a\\b", "a\0", "\n", &"x".repeat(256)] {
        let error = folder.insert(name, file("x"));
        assert_eq!(error, Err(DirectoryError::Name(name.to_owned())));
    }
    // Written by somebody who does not care.
    let mut good = Directory::default();
    good.insert("ab", file("ab")).unwrap();
    let mut bytes = good.encode().unwrap();
    let at = bytes.windows(2).position(|it| it == b"ab").unwrap();
    bytes[at..at + 2].copy_from_slice(b"..");
    assert_eq!(
        Directory::decode(&bytes),
        Err(DirectoryError::Name("..".to_owned()))
    );
    let twice = [&good.encode().unwrap()[..], &good.encode().unwrap()[11..]].concat();
    assert_eq!(Directory::decode(&twice), Err(DirectoryError::Malformed));
}

#[test]
fn who_has_no_contents_says_so_to_whoever_asks() {
    let id = ContentId::of(b"something");
    let hash = id.hash;
    let refusal = ContentMessage::HasNot { hash, busy: false };
    let wanted = Wanted::Spans { first: 3 };
    let folder = true;
    for asked in [
        ContentMessage::Ask { hash },
        ContentMessage::Get { hash, wanted },
        ContentMessage::Keep { id, folder },
    ] {
        let answer = ContentMessage::idle_answer(&asked.encode());
        assert_eq!(answer, Some(refusal.encode()));
    }
    let spans = None;
    for other in [
        refusal.encode(),
        ContentMessage::Has { id, spans }.encode(),
        vec![],
    ] {
        assert_eq!(ContentMessage::idle_answer(&other), None);
        let cut = ContentMessage::Ask { hash }.encode();
        assert_eq!(ContentMessage::idle_answer(&cut[..cut.len() - 1]), None);
    }
}
