//! The worked examples of docs/protocol.md are what the code writes.

use base16ct::lower;
use boplish_wire::bootstrap::challenge_response;
use boplish_wire::ring::RingMessage;
use boplish_wire::{
    CloseReason, Description, Frame, Keepalive, Kind, Message, MessageId, Payload, SessionId,
    Signal, SignedSignal, json, signal,
};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::any::{alice, bob, description, host_candidate, name, ping, table};

/// What a proof signs, after the words of docs/protocol.md and not after the code.
fn signed_bytes(domain: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = [b"boplish/", domain.as_bytes(), &[0]].concat();
    for part in parts {
        bytes.extend_from_slice(&u32::try_from(part.len()).expect("short").to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

fn signed_ping() -> Vec<u8> {
    signed_bytes(
        "message/1",
        &[
            alice().id().as_bytes(),
            bob().id().as_bytes(),
            &7_u64.to_be_bytes(),
            b"ping-protocol",
            &[0, 0, 0],
            &0_u64.to_be_bytes(),
            br#"{"type":"ping"}"#,
        ],
    )
}

fn examples() -> Vec<(&'static str, String)> {
    let keepalive = Keepalive {
        hidden: true,
        echo: true,
        routing: vec![1, 2],
    };
    let ack = Message {
        id: MessageId(8),
        from: bob().id(),
        to: Some(alice().id()),
        kind: Kind::Ack { of: MessageId(7) },
        payload: Payload::empty_json(),
        ..ping()
    };
    let mut proven = ping();
    proven.sign(&alice());
    let offer = Signal::Offer {
        description: Description {
            session: SessionId(8_363_289_070_833_990_579),
            candidates: vec![host_candidate()],
            ..description()
        },
    };
    let signed = SignedSignal::sign(&offer, &alice(), None);
    let signaling = Message {
        to: None,
        protocol: name(signal::PROTOCOL),
        payload: signed.to_payload(),
        ..ping()
    };
    let stabilize = RingMessage::Stabilize {
        known: 0x6850_e4f6,
        member: true,
    };
    let hex = |frame: Frame| lower::encode_string(&frame.encode());
    vec![
        ("id of Alice", alice().id().to_string()),
        ("id of Bob", bob().id().to_string()),
        ("keepalive", hex(Frame::Keepalive(keepalive))),
        ("close", hex(Frame::Close(CloseReason::Leaving))),
        ("ping", hex(Frame::Message(ping()))),
        ("ack", hex(Frame::Message(ack))),
        (
            "signed bytes of the ping",
            lower::encode_string(&signed_ping()),
        ),
        ("proven ping", json::encode(&proven)),
        (
            "offer",
            match signed.to_payload() {
                Payload::Bytes(bytes) => lower::encode_string(&bytes),
                Payload::Json(text) => text.into(),
            },
        ),
        ("offer in JSON", json::encode(&signaling)),
        ("offer as text", signed.to_text()),
        ("described offer", offer.describe()),
        ("stabilize", lower::encode_string(&stabilize.encode())),
        (
            "find",
            lower::encode_string(
                &RingMessage::Find {
                    token: 9,
                    places: 8,
                }
                .encode(),
            ),
        ),
        ("table", lower::encode_string(&table().encode())),
        ("challenge-response", challenge_response(&alice(), &[7; 32])),
    ]
}

#[test]
fn the_examples_of_the_protocol_are_what_is_written() {
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    // What stands behind three spaces explains a line.
    let lines = include_str!("../../../../docs/protocol.md").lines();
    let lines = lines.map(|line| line.trim_start().split("   ").next().unwrap_or_default());
    let docs = squeezed(&lines.collect::<Vec<_>>().join(" "));
    for (name, example) in examples() {
        assert!(
            docs.contains(&squeezed(&example)),
            "{name} is now {example}"
        );
    }
}

#[test]
fn a_proof_is_an_ed25519_signature_of_the_bytes_that_the_protocol_gives() {
    let mut message = ping();
    message.sign(&alice());
    let proof = message.proof.expect("it was just signed").to_bytes();
    let (key, signature) = proof.split_at(32);
    let key = VerifyingKey::from_bytes(key.try_into().expect("32 bytes")).expect("a key");
    let signature = Signature::from_slice(signature).expect("64 bytes");
    assert!(key.verify_strict(&signed_ping(), &signature).is_ok());
}
