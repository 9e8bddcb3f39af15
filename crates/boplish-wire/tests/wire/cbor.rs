//! The own reader of CBOR against a general one: what it passes over in a frame.

use boplish_wire::{CloseReason, Frame};
use minicbor::Decoder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Items without others inside.
const LEAVES: [&[u8]; 20] = [
    b"\x00",
    b"\x17",
    b"\x18\xff",
    b"\x19\x01\x00",
    b"\x1a\x00\x01\x00\x00",
    b"\x20",
    b"\x38\x80",
    b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x40",
    b"\x43abc",
    b"\x58\x01a",
    b"\x60",
    b"\x63abc",
    b"\x78\x01a",
    b"\x80",
    b"\xa0",
    b"\xf4",
    b"\xf6",
    b"\xf9\x3c\x00",
    b"\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00",
];

/// Beginnings and ends of items that have others inside, and what is no item.
const BRACKETS: [&[u8]; 12] = [
    b"\x5f",
    b"\x7f",
    b"\x81",
    b"\x82",
    b"\x9f",
    b"\xa1",
    b"\xbf",
    b"\xc1",
    b"\xd8\x20",
    b"\xff",
    b"\xff",
    b"\x1c",
];

fn any_token() -> impl Strategy<Value = &'static [u8]> {
    prop_oneof![select(&LEAVES[..]), select(&BRACKETS[..])]
}

/// A well-formed item.
fn any_item() -> impl Strategy<Value = Vec<u8>> {
    let leaf = select(&LEAVES[..]).prop_map(<[u8]>::to_vec);
    leaf.prop_recursive(5, 32, 4, |inner| {
        (vec(inner, 0..4), 0..9_u8).prop_map(|(mut items, form)| {
            let count = items.len() as u8;
            let (begin, end) = match form {
                0 => (vec![0x80 + count], &b""[..]),
                1 => (vec![0x98, count], &b""[..]),
                2 => (vec![0x9f], &b"\xff"[..]),
                3 => (vec![0x5f, 0x41, 7, 0x42, 7, 7], &b"\xff"[..]),
                4 => (vec![0x7f, 0x61, b'a'], &b"\xff"[..]),
                5 => (vec![0xc1], &b"\x81"[..]),
                _ => {
                    items.truncate(items.len() / 2 * 2);
                    match form {
                        6 => (vec![0xa0 + items.len() as u8 / 2], &b""[..]),
                        7 => (vec![0xb9, 0, items.len() as u8 / 2], &b""[..]),
                        _ => (vec![0xbf], &b"\xff"[..]),
                    }
                }
            };
            if matches!(form, 3 | 4) {
                items.clear();
            }
            if form == 5 {
                return [begin, end.to_vec(), items.pop().unwrap_or(vec![0])].concat();
            }
            [begin, items.concat(), end.to_vec()].concat()
        })
    })
}

/// A frame that closes, with a field of a later version before the reason.
fn with_field(item: &[u8]) -> Vec<u8> {
    [&[1, 3, 0xa2, 0x18, 0x63], item, &[0, 1]].concat()
}

proptest! {
    #[test]
    fn every_item_is_passed_over(item in any_item()) {
        let mut other = Decoder::new(&item);
        prop_assert!(other.skip().is_ok() && other.position() == item.len(), "{item:02x?}");
        let frame = Frame::decode(&with_field(&item));
        prop_assert_eq!(frame, Ok(Frame::Close(CloseReason::Replaced)), "{:02x?}", item);
    }

    #[test]
    fn what_is_passed_over_is_an_item_to_others(tokens in vec(any_token(), 1..8)) {
        let item = tokens.concat();
        let mut other = Decoder::new(&item);
        let is_item = other.skip().is_ok() && other.position() == item.len();
        if Frame::decode(&with_field(&item)) == Ok(Frame::Close(CloseReason::Replaced)) {
            prop_assert!(is_item, "{item:02x?}");
        }
    }
}
