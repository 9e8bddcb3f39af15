//! The corpus of the fuzz target of the WebSockets: written here, committed, and replayed by every
//! test run.

use std::fs;
use std::path::PathBuf;

#[path = "../../../../fuzz/src/web_socket.rs"]
#[allow(unreachable_pub, reason = "it is for cargo-fuzz, too")]
mod target;

#[test]
fn the_decoder_takes_the_whole_corpus() {
    let files = fs::read_dir(folder()).expect("the corpus is committed");
    let mut count = 0;
    for file in files {
        let path = file.expect("the folder can be read").path();
        target::web_socket(&fs::read(&path).expect("the file can be read"));
        count += 1;
    }
    assert!(count >= samples().len(), "{count} files");
}

/// With `BOPLISH_WRITE_CORPUS` set the samples are written before they are compared.
#[test]
fn the_corpus_has_the_samples() {
    let writes = std::env::var_os("BOPLISH_WRITE_CORPUS").is_some();
    fs::create_dir_all(folder()).expect("the repository can be written");
    for (name, bytes) in samples() {
        let path = folder().join(name);
        if writes {
            fs::write(&path, &bytes).expect("the repository can be written");
        }
        let hint = "`BOPLISH_WRITE_CORPUS=1 cargo test -p boplish-server corpus` writes it";
        assert_eq!(fs::read(&path).ok(), Some(bytes), "{name}: {hint}");
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/web_socket")
}

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let long = [b'x'; 200];
    let mut fragments = frame(0x01, b"one, ");
    fragments.extend(frame(0x89, b"ping"));
    fragments.extend(frame(0x80, "zw\u{f6}lf".as_bytes()));
    let mut several = frame(0x81, b"Hello");
    several.extend(frame(0x82, &[0xff; 8]));
    several.extend(frame(0x8a, b""));
    several.extend(frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']));
    vec![
        ("text", frame(0x81, b"Hello")),
        ("long", frame(0x81, &long)),
        ("fragments", fragments),
        ("several", several),
        (
            "too_long",
            [frame(0x01, &long), frame(0x80, &long)].concat(),
        ),
        ("half_a_character", frame(0x81, b"\xce")),
        ("reserved_bit", frame(0xc1, b"Hello")),
        ("no_opcode", frame(0x83, b"")),
        ("unmasked", vec![0x81, 1, b'x']),
        ("bad_close", frame(0x88, &[0x03, 0xed])),
        (
            "long_length",
            vec![0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4],
        ),
        ("half_a_frame", frame(0x81, &long)[..100].to_vec()),
    ]
}

/// A frame of a client.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0xfe, 0x80, 0x01];
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => frame.push(0x80 | short as u8),
        Ok(medium) => {
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
        Err(_) => unreachable!("the samples are short"),
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}
