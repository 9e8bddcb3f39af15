//! Groups 1 and 2: lengths, pings and pongs.

use super::echo::MAX_MESSAGE;
use super::{BINARY, Case, Frame, PING, PONG, TEXT, binary, last, run, text};

/// Bytes in parts of so many.
fn chopped(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

fn pong(payload: &[u8]) -> Frame {
    Frame(0x80 | PONG, payload.to_vec())
}

#[tokio::test]
async fn messages_of_every_kind_of_length_come_back() {
    let mut cases = Vec::new();
    for (index, length) in [0, 125, 126, 127, 128, 65_535, 65_536]
        .into_iter()
        .enumerate()
    {
        let number = index + 1;
        let words = vec![b'*'; length];
        let bytes = vec![0xfe; length];
        cases.push(Case::passes(
            format!("1.1.{number}: a text of {length} bytes"),
            vec![last(TEXT, &words)],
            vec![text(&words)],
        ));
        cases.push(Case::passes(
            format!("1.2.{number}: a binary message of {length} bytes"),
            vec![last(BINARY, &bytes)],
            vec![binary(&bytes)],
        ));
    }
    let long = vec![b'*'; 65_536];
    cases.push(Case::passes(
        "1.1.8: a text of 65,536 bytes, 997 at a time",
        chopped(&last(TEXT, &long), 997),
        vec![text(&long)],
    ));
    cases.push(Case::passes(
        "1.2.8: a binary message of 65,536 bytes, 997 at a time",
        chopped(&last(BINARY, &long), 997),
        vec![binary(&long)],
    ));
    run(cases).await;
}

#[tokio::test]
async fn a_message_may_be_as_long_as_is_agreed_and_no_longer() {
    let longest = vec![b'*'; MAX_MESSAGE];
    let longer = vec![b'*'; MAX_MESSAGE + 1];
    // The lengths of frames add up.
    let (half, rest) = longer.split_at(MAX_MESSAGE / 2);
    run(vec![
        Case::passes(
            "the longest message",
            vec![last(TEXT, &longest)],
            vec![text(&longest)],
        ),
        Case::fails("a longer message", vec![last(TEXT, &longer)], vec![], 1009),
        Case::fails(
            "a longer message in two frames",
            vec![super::part(TEXT, half), last(0, rest)],
            vec![],
            1009,
        ),
    ])
    .await;
}

#[tokio::test]
async fn pings_are_answered() {
    let bytes = [0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff];
    let long = [0xfe; 125];
    let ten: Vec<Vec<u8>> = (0..10).map(|n| last(PING, &[b'0' + n])).collect();
    let pongs = |range: std::ops::Range<u8>| range.map(|n| pong(&[b'0' + n])).collect();
    run(vec![
        Case::passes(
            "2.1: without payload",
            vec![last(PING, b"")],
            vec![pong(b"")],
        ),
        Case::passes(
            "2.2: with a text",
            vec![last(PING, b"Hello")],
            vec![pong(b"Hello")],
        ),
        Case::passes(
            "2.3: with bytes",
            vec![last(PING, &bytes)],
            vec![pong(&bytes)],
        ),
        Case::passes(
            "2.4: with 125 bytes",
            vec![last(PING, &long)],
            vec![pong(&long)],
        ),
        Case::fails(
            "2.5: with 126 bytes",
            vec![last(PING, &[0xfe; 126])],
            vec![],
            1002,
        ),
        Case::passes(
            "2.6: with 125 bytes, byte by byte",
            chopped(&last(PING, &long), 1),
            vec![pong(&long)],
        ),
        Case::passes("2.7: an unasked pong", vec![last(PONG, b"")], vec![]),
        Case::passes(
            "2.8: an unasked pong with payload",
            vec![last(PONG, b"x")],
            vec![],
        ),
        Case::passes(
            "2.9: an unasked pong, then a ping",
            vec![last(PONG, b"unasked"), last(PING, b"ping")],
            vec![pong(b"ping")],
        ),
        Case::passes("2.10: ten pings", ten.clone(), pongs(0..10)),
        Case::passes(
            "2.11: ten pings, byte by byte",
            chopped(&ten.concat(), 1),
            pongs(0..10),
        ),
    ])
    .await;
}
