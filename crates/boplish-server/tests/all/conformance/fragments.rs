//! Group 5: messages in several frames.

use super::{
    BINARY, CLOSE, CONTINUATION, Case, Frame, PING, PONG, TEXT, binary, last, part, run, text,
};

fn pong(payload: &[u8]) -> Frame {
    Frame(0x80 | PONG, payload.to_vec())
}

/// The same bytes, one at a time.
fn bytewise(sent: &[Vec<u8>]) -> Vec<Vec<u8>> {
    sent.concat().chunks(1).map(<[u8]>::to_vec).collect()
}

/// Three cases: as it is, in one piece, and byte by byte.
fn thrice(numbers: [&str; 3], what: &str, sent: &[Vec<u8>], heard: &[Frame]) -> Vec<Case> {
    let pieces = [sent.to_vec(), vec![sent.concat()], bytewise(sent)];
    let ways = ["frame by frame", "in one piece", "byte by byte"];
    let named = numbers.into_iter().zip(ways).zip(pieces);
    named
        .map(|((number, way), sent)| {
            Case::passes(format!("{number}: {what}, {way}"), sent, heard.to_vec())
        })
        .collect()
}

#[tokio::test]
async fn control_frames_are_not_fragmented() {
    run(vec![
        Case::fails(
            "5.1: a ping in two frames",
            vec![part(PING, b"one"), last(CONTINUATION, b"two")],
            vec![],
            1002,
        ),
        Case::fails(
            "5.2: a pong in two frames",
            vec![part(PONG, b"one"), last(CONTINUATION, b"two")],
            vec![],
            1002,
        ),
    ])
    .await;
}

#[tokio::test]
async fn messages_in_frames_are_put_together_and_control_frames_may_come_between() {
    let two = [part(TEXT, b"one, "), last(CONTINUATION, b"two")];
    let mut cases = thrice(
        ["5.3", "5.4", "5.5"],
        "two frames",
        &two,
        &[text("one, two")],
    );
    let ping = [
        part(TEXT, b"one, "),
        last(PING, b"ping"),
        last(CONTINUATION, b"two"),
    ];
    let heard = [pong(b"ping"), text("one, two")];
    cases.extend(thrice(
        ["5.6", "5.7", "5.8"],
        "a ping between",
        &ping,
        &heard,
    ));
    let pings = [
        part(TEXT, b"1"),
        part(CONTINUATION, b"2"),
        last(PING, b"first"),
        part(CONTINUATION, b"3"),
        part(CONTINUATION, b"4"),
        last(PING, b"second"),
        last(CONTINUATION, b"5"),
    ];
    let heard = [pong(b"first"), pong(b"second"), text("12345")];
    cases.extend(thrice(
        ["5.19", "5.20", "5.20 again"],
        "five frames, two pings",
        &pings,
        &heard,
    ));
    cases.push(Case::passes(
        "empty frames",
        vec![
            part(BINARY, b""),
            part(CONTINUATION, b""),
            last(CONTINUATION, b""),
        ],
        vec![binary("")],
    ));
    cases.push(Case::passes(
        "a close within a message",
        vec![part(TEXT, b"one")],
        vec![],
    ));
    run(cases).await;
}

#[tokio::test]
async fn a_continuation_needs_a_message_and_a_message_its_end() {
    let alone = [last(CONTINUATION, b"of nothing"), last(TEXT, b"Hello")];
    let first = [part(CONTINUATION, b"of nothing"), last(TEXT, b"Hello")];
    let mut cases = Vec::new();
    for (numbers, what, sent) in [
        (
            ["5.9", "5.10", "5.11"],
            "a last continuation of nothing",
            &alone,
        ),
        (
            ["5.12", "5.13", "5.14"],
            "a continuation of nothing",
            &first,
        ),
    ] {
        let pieces = [sent.to_vec(), vec![sent.concat()], bytewise(sent)];
        for (number, sent) in numbers.into_iter().zip(pieces) {
            cases.push(Case::fails(format!("{number}: {what}"), sent, vec![], 1002));
        }
    }
    let after = |last_one: fn(u8, &[u8]) -> Vec<u8>| {
        vec![
            part(TEXT, b"one, "),
            last(CONTINUATION, b"two"),
            last_one(CONTINUATION, b"three"),
            last(TEXT, b"four"),
        ]
    };
    let heard = || vec![text("one, two")];
    cases.push(Case::fails(
        "5.15: a continuation too many",
        after(last),
        heard(),
        1002,
    ));
    cases.push(Case::fails(
        "5.16: the same, not the last",
        after(part),
        heard(),
        1002,
    ));
    cases.push(Case::fails(
        "5.17: continuations of nothing, then of a text",
        vec![
            last(CONTINUATION, b"of nothing"),
            part(TEXT, b"one"),
            last(CONTINUATION, b"two"),
        ],
        vec![],
        1002,
    ));
    cases.push(Case::fails(
        "5.18: a text within a text",
        vec![part(TEXT, b"one"), last(TEXT, b"two")],
        vec![],
        1002,
    ));
    cases.push(Case::fails(
        "5.18: a binary message within a text",
        vec![part(TEXT, b"one"), last(BINARY, b"two")],
        vec![],
        1002,
    ));
    // What is said in two frames ends with a close of the client's own code.
    let bye = last(CLOSE, &3000u16.to_be_bytes());
    cases.push(Case::fails(
        "a close within a message is answered",
        vec![part(TEXT, b"one"), bye],
        vec![],
        3000,
    ));
    run(cases).await;
}
