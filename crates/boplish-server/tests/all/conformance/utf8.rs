//! Group 6: UTF-8.

use super::{CONTINUATION, Case, TEXT, last, part, run, text};

/// "κόσμε" and characters of two to four bytes.
const GREEK: &str = "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}";

#[tokio::test]
async fn valid_texts_come_back() {
    let mut cases = vec![
        Case::passes(
            "6.1.1: an empty text",
            vec![last(TEXT, b"")],
            vec![text("")],
        ),
        Case::passes(
            "6.1.2: three empty frames",
            vec![
                part(TEXT, b""),
                part(CONTINUATION, b""),
                last(CONTINUATION, b""),
            ],
            vec![text("")],
        ),
        Case::passes(
            "6.1.3: three frames, the middle one not empty",
            vec![
                part(TEXT, b""),
                part(CONTINUATION, b"middle"),
                last(CONTINUATION, b""),
            ],
            vec![text("middle")],
        ),
    ];
    let mixed = format!("Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!! {GREEK}");
    let (left, right) = mixed.as_bytes().split_at(13);
    cases.push(Case::passes(
        "6.2.1: one frame",
        vec![last(TEXT, mixed.as_bytes())],
        vec![text(&mixed)],
    ));
    cases.push(Case::passes(
        "6.2.2: two frames",
        vec![part(TEXT, left), last(CONTINUATION, right)],
        vec![text(&mixed)],
    ));
    for (name, word) in [("6.2.3: mixed", &*mixed), ("6.2.4: Greek", GREEK)] {
        let bytes = word.as_bytes();
        let mut sent = vec![part(TEXT, b"")];
        sent.extend(bytes.iter().map(|byte| part(CONTINUATION, &[*byte])));
        sent.push(last(CONTINUATION, b""));
        let name = format!("{name}, a frame for each byte");
        cases.push(Case::passes(name, sent, vec![text(word)]));
    }
    let valid = [
        ("6.5.1", "first of one byte", "\0"),
        ("6.7.1", "first of two bytes", "\u{80}"),
        ("6.7.2", "first of three bytes", "\u{800}"),
        ("6.7.3", "first of four bytes", "\u{10000}"),
        ("6.9.1", "last of one byte", "\u{7f}"),
        ("6.9.2", "last of two bytes", "\u{7ff}"),
        ("6.9.3", "last of three bytes", "\u{ffff}"),
        ("6.9.4", "last of four bytes", "\u{10ffff}"),
        ("6.11.1", "before the surrogates", "\u{d7ff}"),
        ("6.11.2", "after the surrogates", "\u{e000}"),
        ("6.11.3", "the replacement character", "\u{fffd}"),
        ("6.22.1", "a noncharacter", "\u{fffe}"),
        ("6.22.34", "a noncharacter of the last plane", "\u{10fffe}"),
        ("6.23.1", "a private character", "\u{f0000}"),
    ];
    for (number, what, word) in valid {
        let name = format!("{number}: {what}");
        cases.push(Case::passes(
            name,
            vec![last(TEXT, word.as_bytes())],
            vec![text(word)],
        ));
    }
    run(cases).await;
}

#[tokio::test]
async fn what_is_no_utf_8_is_refused() {
    let invalid: [(&str, &[u8]); 22] = [
        (
            "6.3.1: a surrogate in a text",
            b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        ),
        ("6.6.1: the first of five bytes", b"\xce"),
        ("6.6.3: two of three bytes", b"\xce\xba\xe1\xbd"),
        ("6.8.1: five bytes", b"\xf8\x88\x80\x80\x80"),
        ("6.8.2: six bytes", b"\xfc\x84\x80\x80\x80\x80"),
        ("6.10.1: beyond the last character", b"\xf7\xbf\xbf\xbf"),
        ("6.10.2: five bytes at most", b"\xfb\xbf\xbf\xbf\xbf"),
        ("6.10.3: six bytes at most", b"\xfd\xbf\xbf\xbf\xbf\xbf"),
        (
            "6.11.5: just beyond the last character",
            b"\xf4\x90\x80\x80",
        ),
        ("6.12.1: a continuation by itself", b"\x80"),
        ("6.12.2: the last continuation by itself", b"\xbf"),
        ("6.12.8: all continuations", b"\x80\x81\xbf\xa0"),
        ("6.13.1: beginnings without an end", b"\xc0 \xc1 \xde \xdf "),
        ("6.14.1: the last byte is missing", b"\xc0"),
        ("6.14.3: two bytes are missing", b"\xf0\x80"),
        ("6.16.1: 0xfe", b"\xfe"),
        ("6.16.2: 0xff", b"\xff"),
        ("6.17.1: a slash in two bytes", b"\xc0\xaf"),
        ("6.17.2: a slash in three bytes", b"\xe0\x80\xaf"),
        ("6.18.1: the longest that is too long", b"\xc1\xbf"),
        ("6.19.1: zero in two bytes", b"\xc0\x80"),
        ("6.21.1: two surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
    ];
    let mut cases = Vec::new();
    for (name, bytes) in invalid {
        cases.push(Case::fails(name, vec![last(TEXT, bytes)], vec![], 1007));
        let (left, right) = bytes.split_at(1);
        let sent = vec![part(TEXT, left), last(CONTINUATION, right)];
        cases.push(Case::fails(
            format!("{name}, in two frames"),
            sent,
            vec![],
            1007,
        ));
    }
    run(cases).await;
}

/// The client does not send the end, so the server can't have waited for it.
#[tokio::test]
async fn what_is_no_utf_8_is_refused_before_the_message_ends() {
    let begun = |bytes: &[u8]| {
        let mut frame = last(TEXT, &[bytes, &[b'x'; 100]].concat());
        frame.truncate(frame.len() - 100);
        vec![frame]
    };
    run(vec![
        Case::fails(
            "6.4.1: in the first frame of two",
            vec![part(TEXT, b"\xce\xba\xf4\x90\x80\x80")],
            vec![],
            1007,
        ),
        Case::fails(
            "6.4.2: at the end of a frame",
            vec![part(TEXT, b"\xce\xba\xf4"), part(CONTINUATION, b"\x90")],
            vec![],
            1007,
        ),
        Case::fails(
            "6.4.3: within a frame",
            begun(b"\xce\xba\xf4\x90\x80\x80"),
            vec![],
            1007,
        ),
        Case::fails(
            "6.4.4: within a character",
            begun(b"\xce\xba\xf4\x90"),
            vec![],
            1007,
        ),
    ])
    .await;
}
