//! Messages about content, and folders.

use boplish_wire::content::{ContentId, ContentMessage, Directory, Target, Wanted};

pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let id = ContentId::of(b"content");
    let hash = id.hash;
    let value = [7; 32];
    let messages = [
        ("ask", ContentMessage::Ask { hash }),
        ("has", ContentMessage::Has { id, spans: None }),
        (
            "has_some",
            ContentMessage::Has {
                id,
                spans: Some(vec![5]),
            },
        ),
        ("has_not", ContentMessage::HasNot { hash, busy: true }),
        (
            "get_spans",
            ContentMessage::Get {
                hash,
                wanted: Wanted::Spans { first: 300 },
            },
        ),
        (
            "get_blocks",
            ContentMessage::Get {
                hash,
                wanted: Wanted::Blocks {
                    span: 3,
                    blocks: u32::MAX,
                },
            },
        ),
        ("cancel", ContentMessage::Cancel { hash, span: 3 }),
        (
            "values",
            ContentMessage::Values {
                hash,
                span: Some(3),
                first: 0,
                values: vec![value, value],
            },
        ),
        (
            "block",
            ContentMessage::Block {
                hash,
                span: 3,
                block: 31,
                bytes: b"bytes".to_vec(),
            },
        ),
        ("keep", ContentMessage::Keep { id, folder: true }),
    ];
    let mut folder = Directory::default();
    let file = Target::File {
        id,
        media_type: "image/jpeg".into(),
    };
    folder.insert("1.jpg", file).expect("it is a name");
    let sub = Target::Folder { id, total: 7 };
    folder.insert("more", sub).expect("it is a name");
    let messages = messages.map(|(name, message)| (name, message.encode()));
    let folder = ("folder", folder.encode().expect("it is short"));
    messages.into_iter().chain([folder]).collect()
}
