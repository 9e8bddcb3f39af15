//! Groups 3 and 4: reserved bits and opcodes.

use super::{BINARY, CLOSE, Case, Frame, PING, PONG, TEXT, frame, last, run, text};

const HELLO: &[u8] = b"Hello, world!";

fn pong() -> Frame {
    Frame(0x80 | PONG, Vec::new())
}

#[tokio::test]
async fn reserved_bits_are_refused() {
    let reserved = |bits: u8, opcode: u8, payload: &[u8]| frame(0x80 | bits << 4 | opcode, payload);
    let before = || vec![last(TEXT, HELLO)];
    let with = |frame: Vec<u8>| vec![last(TEXT, HELLO), frame, last(PING, b"")];
    run(vec![
        Case::fails("3.1: bit 3", vec![reserved(1, TEXT, HELLO)], vec![], 1002),
        Case::fails(
            "3.2: bit 2",
            with(reserved(2, TEXT, HELLO)),
            vec![text(HELLO)],
            1002,
        ),
        Case::fails(
            "3.3: bits 2 and 3, in one piece",
            vec![with(reserved(3, TEXT, HELLO)).concat()],
            vec![text(HELLO)],
            1002,
        ),
        Case::fails(
            "3.4: bit 1, byte by byte",
            with(reserved(4, TEXT, HELLO))
                .concat()
                .chunks(1)
                .map(<[u8]>::to_vec)
                .collect(),
            vec![text(HELLO)],
            1002,
        ),
        Case::fails(
            "3.5: bits 1 and 3 of a binary message",
            vec![reserved(5, BINARY, &[0xff; 8])],
            vec![],
            1002,
        ),
        Case::fails(
            "3.6: bits 1 and 2 of a ping",
            vec![reserved(6, PING, HELLO)],
            vec![],
            1002,
        ),
        Case::fails(
            "3.7: all bits of a close",
            vec![reserved(7, CLOSE, b"")],
            vec![],
            1002,
        ),
        Case::passes("without any", before(), vec![text(HELLO)]),
    ])
    .await;
}

#[tokio::test]
async fn opcodes_that_there_are_not_are_refused() {
    let mut cases = Vec::new();
    for (group, opcodes) in [(1, 3..=7), (2, 11..=15)] {
        for (index, opcode) in opcodes.enumerate() {
            let number = index + 1;
            let name = format!("4.{group}.{number}: opcode {opcode}");
            let payload: &[u8] = if index % 2 == 0 { b"" } else { HELLO };
            cases.push(Case::fails(name, vec![last(opcode, payload)], vec![], 1002));
            let name =
                format!("4.{group}.{number}: opcode {opcode} after a text and before a ping");
            let sent = vec![last(TEXT, HELLO), last(opcode, payload), last(PING, b"")];
            cases.push(Case::fails(name, sent, vec![text(HELLO)], 1002));
        }
    }
    cases.push(Case::passes(
        "a text and a ping",
        vec![last(TEXT, HELLO), last(PING, b"")],
        vec![text(HELLO), pong()],
    ));
    run(cases).await;
}

#[tokio::test]
async fn frames_without_a_mask_are_refused() {
    let unmasked = vec![0x81, 5, b'H', b'e', b'l', b'l', b'o'];
    run(vec![Case::fails(
        "a text without a mask",
        vec![unmasked],
        vec![],
        1002,
    )])
    .await;
}
