//! Group 7: closing.

use super::{CLOSE, CONTINUATION, Case, Frame, PING, TEXT, last, part, run, text};

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    last(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// A close that has no code is answered by one without a code.
fn silent(name: &str, sent: Vec<Vec<u8>>, mut heard: Vec<Frame>) -> Case {
    heard.push(Frame(0x80 | CLOSE, Vec::new()));
    Case {
        is_closed: true,
        ..Case::passes(name, sent, heard)
    }
}

#[tokio::test]
async fn a_close_is_answered_and_the_last_thing_that_means_anything() {
    run(vec![
        Case::passes(
            "7.1.1: a text, then a close",
            vec![last(TEXT, b"Hello")],
            vec![text("Hello")],
        ),
        Case::fails(
            "7.1.2: two closes",
            vec![close(1000, b""), close(1000, b"")],
            vec![],
            1000,
        ),
        Case::fails(
            "7.1.3: a ping after a close",
            vec![close(1000, b""), last(PING, b"")],
            vec![],
            1000,
        ),
        Case::fails(
            "7.1.4: a text after a close",
            vec![close(1000, b""), last(TEXT, b"x")],
            vec![],
            1000,
        ),
        Case::fails(
            "7.1.5: a close within a message that then ends",
            vec![
                part(TEXT, b"one"),
                close(1000, b""),
                last(CONTINUATION, b"two"),
            ],
            vec![],
            1000,
        ),
        Case::fails(
            "7.1.6: a long text, a close and a ping, in one piece",
            vec![
                [
                    last(TEXT, &[b'x'; 256 * 1024]),
                    close(1000, b""),
                    last(PING, b""),
                ]
                .concat(),
            ],
            vec![text([b'x'; 256 * 1024])],
            1000,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_close_has_two_bytes_for_its_code_and_a_reason_in_utf_8() {
    run(vec![
        silent("7.3.1: without a code", vec![last(CLOSE, b"")], vec![]),
        Case::fails(
            "7.3.2: with one byte",
            vec![last(CLOSE, &[3])],
            vec![],
            1002,
        ),
        Case::fails("7.3.3: with a code", vec![close(1000, b"")], vec![], 1000),
        Case::fails(
            "7.3.4: with a reason",
            vec![close(1000, b"Hello World!")],
            vec![],
            1000,
        ),
        Case::fails(
            "7.3.5: with the longest reason",
            vec![close(1000, &[b'x'; 123])],
            vec![],
            1000,
        ),
        Case::fails(
            "7.3.6: with a longer one",
            vec![close(1000, &[b'x'; 124])],
            vec![],
            1002,
        ),
        Case::fails(
            "7.5.1: with a reason that is no UTF-8",
            vec![close(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80edited")],
            vec![],
            1007,
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_code_that_may_be_sent_is_answered_and_another_is_refused() {
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    let invalid = [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535,
    ];
    let mut cases = Vec::new();
    for (index, code) in valid.into_iter().enumerate() {
        let name = format!("7.7.{}: code {code}", index + 1);
        cases.push(Case::fails(name, vec![close(code, b"")], vec![], code));
    }
    for (index, code) in invalid.into_iter().enumerate() {
        let name = format!("7.9.{}: code {code}", index + 1);
        cases.push(Case::fails(name, vec![close(code, b"")], vec![], 1002));
    }
    run(cases).await;
}
