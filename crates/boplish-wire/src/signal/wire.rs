//! The bytes of a signal: its kind, then a CBOR map of the facts that this kind has.

mod read;
mod write;

use crate::base64::Base64;

pub(super) use read::decode;
pub(super) use write::encode;

const OFFER: u8 = 0;
const ANSWER: u8 = 1;
const CANDIDATES: u8 = 2;
const RESTART_OFFER: u8 = 3;
const RESTART_ANSWER: u8 = 4;
const RESTART_REQUEST: u8 = 5;
const DENIED: u8 = 6;

pub(super) fn subtype(kind: u8) -> Option<&'static str> {
    Some(match kind {
        OFFER => "offer",
        ANSWER => "answer",
        CANDIDATES => "candidates",
        RESTART_OFFER => "restart-offer",
        RESTART_ANSWER => "restart-answer",
        RESTART_REQUEST => "restart-request",
        DENIED => "denied",
        _ => return None,
    })
}

/// What a candidate's form adds up to at most: transport + 4 * kind, and 16 for a name that
/// [`pack_local_name`] packs. A higher one is a candidate of another time.
const MAX_FORM: u8 = 31;
const LOCAL_NAME: u8 = 16;

/// Text of `ice-char`s, which are the 64 characters of base64, packed into the bytes that such
/// base64 stands for, three for four characters.
///
/// `None` where the length leaves one or three characters over, which have no bytes of their own;
/// such text goes as it is. Two left over become two bytes with an `A` behind them, that is with
/// zero bits.
fn pack_text(text: &str) -> Option<Vec<u8>> {
    match text.len() % 4 {
        0 => Base64::Unpadded.decode(text),
        2 => Base64::Unpadded.decode(&format!("{text}A")),
        _ => None,
    }
}

fn unpack_text(bytes: &[u8]) -> Option<String> {
    let mut text = Base64::Unpadded.encode(bytes);
    match bytes.len() % 3 {
        0 => Some(text),
        2 if text.pop() == Some('A') => Some(text),
        _ => None,
    }
}

/// The 16 bytes of a `<UUID>.local` name, with which browsers hide addresses
/// (draft-ietf-mmusic-mdns-ice-candidates, section 3.1.1), if the name is exactly one.
fn pack_local_name(name: &str) -> Option<[u8; 16]> {
    let digits: String = name.strip_suffix(".local")?.split('-').collect();
    let bytes = base16ct::lower::decode_vec(&digits).ok()?;
    let uuid = <[u8; 16]>::try_from(bytes).ok()?;
    (local_name(&uuid) == name).then_some(uuid)
}

fn local_name(uuid: &[u8; 16]) -> String {
    let hex = base16ct::lower::encode_string(uuid);
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}.local")
}
