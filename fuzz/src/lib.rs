//! What must hold for any bytes that a decoder is given: one function for each fuzz target.
//!
//! None may panic. The tests of boplish-wire run the same functions on the committed corpus, so
//! this file uses nothing but that crate.

use boplish_wire::bootstrap::{ClientId, FromServer, Head, verify_challenge_response};
use boplish_wire::content::{ContentMessage, Directory};
use boplish_wire::group::{GroupMessage, Post};
use boplish_wire::ring::{
    RingMessage, Table, gap_code, gap_of, latency_code, latency_of, needs_proof,
};
use boplish_wire::store::StoreMessage;
use boplish_wire::{
    Frame, Payload, PeerId, Record, SdpType, SignedSignal, json,
    sdp::{candidate_from_sdp, candidate_to_sdp, from_sdp, to_sdp},
};

/// A frame that can be read is written and read again the same.
pub fn frame(data: &[u8]) {
    if let Ok(frame) = Frame::decode(data) {
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
        if let Frame::Message(message) = frame {
            assert!(json::decode(&json::encode(&message)).is_ok());
            message.monitor_payload();
            message.is_proven();
        }
    }
}

/// A message of the ring, or a table, that can be read is written and read again the same.
pub fn ring(data: &[u8]) {
    if let Some(message) = RingMessage::decode(data) {
        assert_eq!(RingMessage::decode(&message.encode()), Some(message));
    }
    needs_proof(data);
    if let Some(table) = Table::decode(data) {
        for entry in &table.added {
            assert!(latency_code(latency_of(entry.latency)) <= entry.latency);
            assert!(gap_code(gap_of(entry.gap)) <= entry.gap);
        }
        assert_eq!(Table::decode(&table.encode()), Some(table));
    }
}

/// A message of the store, or a record, that can be read is written and read again the same.
pub fn store(data: &[u8]) {
    if let Some(message) = StoreMessage::decode(data) {
        assert_eq!(StoreMessage::decode(&message.encode()), Some(message));
    }
    if let Ok(record) = Record::decode(data) {
        assert_eq!(record.encode(), data);
        let _ = (record.key(), record.check_time(1_800_000_000));
    }
}

/// A message of a group, or a post, that can be read is written and read again the same.
pub fn group(data: &[u8]) {
    let mut key = PeerId::from_bytes([7; PeerId::BYTES]);
    if let Some(message) = GroupMessage::decode(data) {
        key = message.group;
        assert_eq!(GroupMessage::decode(&message.encode()), Some(message));
    }
    if let Some(post) = Post::decode(&key, data) {
        assert_eq!(post.encode(), data);
    }
}

/// A message about content, or a folder, that can be read is written and read again the same.
pub fn content(data: &[u8]) {
    if let Some(message) = ContentMessage::decode(data) {
        assert_eq!(ContentMessage::decode(&message.encode()), Some(message));
    }
    if let Ok(folder) = Directory::decode(data) {
        let bytes = folder.encode().expect("it is no longer than what was read");
        assert_eq!(Directory::decode(&bytes), Ok(folder));
    }
}

/// A signal, in either form, can be described, and is verified only by a signature.
pub fn signal(data: &[u8]) {
    let bytes = Payload::bytes(data).ok();
    let text = core::str::from_utf8(data).ok();
    let json = text.and_then(|text| Payload::json(text).ok());
    for payload in bytes.into_iter().chain(json) {
        let Ok(signed) = SignedSignal::from_payload(&payload) else {
            continue;
        };
        assert_eq!(
            SignedSignal::from_payload(&signed.to_payload()),
            Ok(signed.clone())
        );
        assert_eq!(
            SignedSignal::from_payload(&signed.to_json_payload()),
            Ok(signed.clone())
        );
        assert!(signed.verify(PeerId::from_bytes([0; 20]), None).is_err());
        if let Ok(signal) = signed.signal_unverified() {
            assert!(Payload::json(signal.describe()).is_ok());
        }
    }
}

/// A text of a signal that can be read is written the same, but for what a link has before it.
pub fn invitation(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    if let Ok(signed) = SignedSignal::from_text(text) {
        let again = signed.to_text();
        assert!(text.contains(&again));
        assert_eq!(SignedSignal::from_text(&again).as_ref(), Ok(&signed));
        if signed.verify(PeerId::from_bytes([0; 20]), None).is_ok() {
            panic!("nobody has the id 0");
        }
        let _ = signed.verify(signed.claimed_sender(), None);
    }
}

/// A message that can be read from JSON is written and read again the same.
pub fn json(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    if let Ok(message) = json::decode(text) {
        assert_eq!(json::decode(&json::encode(&message)).as_ref(), Ok(&message));
        assert!(Payload::json(message.monitor_payload()).is_ok() || message.payload.len() > 30_000);
        let frame = Frame::Message(message);
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
    }
}

/// The server reads the same receiver and sender in a text as peers do.
pub fn head(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let _ = ClientId::new(text).map(|id| id.as_peer_id());
    match (Head::parse(text), json::decode(text)) {
        (Ok(head), Ok(message)) => {
            assert_eq!(head.kind.as_deref(), Some(message.protocol.as_str()));
            let id = |text: &str| text.parse::<PeerId>().ok();
            assert_eq!(head.from.as_deref().and_then(id), Some(message.from));
            assert_eq!(head.to.as_deref().and_then(id), message.to);
        }
        (Err(error), Ok(_)) => panic!("peers read what the server can't: {error}"),
        (Ok(_) | Err(_), Err(_)) => {}
    }
}

/// Whatever the server says can be read or is refused.
pub fn from_server(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let _ = FromServer::parse(text);
    let nobody = PeerId::from_bytes([0; 20]);
    assert!(verify_challenge_response(text, nobody, &[0; 32], 0).is_err());
}

/// A description that can be read is written and read again the same.
pub fn sdp(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    if let Ok(description) = from_sdp(text) {
        let again = to_sdp(&description, SdpType::Offer);
        assert_eq!(from_sdp(&again).as_ref(), Ok(&description));
    }
}

/// A candidate that can be read is written and read again the same.
pub fn candidate(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    if let Ok(Some(candidate)) = candidate_from_sdp(text) {
        let again = candidate_to_sdp(&candidate, Some("ufra"));
        assert_eq!(candidate_from_sdp(&again), Ok(Some(candidate)));
    }
}
