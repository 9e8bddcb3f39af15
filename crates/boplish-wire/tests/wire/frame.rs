use boplish_wire::bootstrap::NetworkParameters;
use boplish_wire::limits::{MAX_FRAME, MAX_HOPS, MAX_KEEPALIVE_ROUTING, MAX_PAYLOAD};
use boplish_wire::{
    CloseReason, Frame, FrameError, Keepalive, Kind, Message, MessageError, MessageId, Payload,
};
use proptest::prelude::*;

use crate::any::{alice, any_frame, json_payload, ping};

proptest! {
    #[test]
    fn every_frame_is_read_as_it_was_written(frame in any_frame()) {
        prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes: Vec<u8>, kind in 0..5u8) {
        let framed: Vec<u8> = [1, kind].into_iter().chain(bytes.iter().copied()).collect();
        for bytes in [bytes, framed] {
            let _ = Frame::decode(&bytes);
        }
    }

    #[test]
    fn a_cut_frame_is_refused(frame in any_frame(), cut in any::<prop::sample::Index>()) {
        let bytes = frame.encode();
        prop_assert!(Frame::decode(&bytes[..cut.index(bytes.len())]).is_err());
    }
}

#[test]
fn a_plain_message_costs_little_over_its_payload_and_ids() {
    let message = Message {
        id: MessageId(0x1234_5678),
        payload: json_payload(r#"{"type":"ping","date":"2026-11-01T10:0"}"#),
        ..ping()
    };
    assert_eq!(message.payload.len(), 40);
    let length = Frame::Message(message).encode().len();
    let needed = 40 + 40 + "ping-protocol".len();
    assert!(length - needed <= 20, "{length}");
}

#[test]
fn an_acknowledgement_is_small() {
    let ack = Message {
        kind: Kind::Ack { of: MessageId(6) },
        payload: Payload::empty_json(),
        ..ping()
    };
    assert!(Frame::Message(ack).encode().len() <= 72);
    let keepalive = Keepalive {
        hidden: false,
        echo: false,
        routing: Vec::new(),
    };
    assert_eq!(Frame::Keepalive(keepalive).encode(), [1, 1, 0xa0]);
}

#[test]
fn fields_of_later_versions_are_skipped() {
    let frame = Frame::Message(ping());
    let mut bytes = frame.encode();
    assert_eq!(bytes[2], 0xa5, "a map with five fields");
    bytes[2] += 2;
    // 99: {"x": [1, _ 2, 3]}, and 100: tag 1 of 2.5
    bytes.extend_from_slice(b"\x18\x63\xa1\x61x\x82\x01\x9f\x02\x03\xff");
    bytes.extend_from_slice(b"\x18\x64\xc1\xf9\x41\x00");
    assert_eq!(Frame::decode(&bytes), Ok(frame));
}

#[test]
fn other_versions_and_kinds_are_told_apart_from_broken_frames() {
    assert_eq!(Frame::decode(&[]), Err(FrameError::Empty));
    assert_eq!(
        Frame::decode(&[2, 1, 0xa0]),
        Err(FrameError::UnknownVersion(2))
    );
    assert_eq!(
        Frame::decode(&[1, 5, 0xa0]),
        Err(FrameError::UnknownKind(5))
    );
    assert_eq!(
        Frame::decode(&[1, 0x18, 99]),
        Err(FrameError::UnknownKind(99))
    );
    assert!(matches!(
        Frame::decode(&[1, 2, 0xa0]),
        Err(FrameError::Malformed(_))
    ));
    assert!(matches!(
        Frame::decode(&[1, 0x61]),
        Err(FrameError::Malformed(_))
    ));
    assert_eq!(
        Frame::decode(&[1, 1, 0xa0, 0, 0]),
        Err(FrameError::Trailing(2))
    );
}

#[test]
fn a_close_reason_of_another_time_reads_as_unneeded() {
    let close = Frame::decode(&[1, 3, 0xa1, 0, 0x18, 77]);
    assert_eq!(close, Ok(Frame::Close(CloseReason::Unneeded)));
}

#[test]
fn a_hello_without_a_network_is_one_of_a_mesh() {
    let network = |bytes: &[u8]| match Frame::decode(bytes) {
        Ok(Frame::Hello(hello)) => hello.network,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        network(&[1, 0, 0xa1, 0, 1]),
        NetworkParameters::mesh().code()
    );
    let far_beyond = [1, 0, 0xa2, 0, 1, 3, 0x1b, 1, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(network(&far_beyond), u32::MAX);
}

#[test]
fn a_message_kind_of_another_time_is_refused_as_such() {
    let request = Message {
        kind: Kind::Request,
        ..ping()
    };
    let mut bytes = Frame::Message(request).encode();
    let field = bytes.windows(2).rposition(|pair| pair == [4, 1]);
    bytes[field.expect("field 4 is there") + 1] = 9;
    assert_eq!(
        Frame::decode(&bytes),
        Err(FrameError::UnknownMessageKind(9))
    );
}

#[test]
fn a_frame_over_the_limits_is_refused() {
    let too_long = |error: FrameError, limit: &str| {
        assert!(error.to_string().contains(limit), "{error}");
    };
    let error = Frame::decode(&vec![1; MAX_FRAME + 1]).expect_err("one byte too many");
    assert_eq!(error, FrameError::TooLong(MAX_FRAME + 1));
    too_long(error, "at most 61440 bytes");

    let refused = |message: Message| {
        Frame::decode(&Frame::Message(message).encode()).expect_err("it is over a limit")
    };
    let far = Message {
        hops: MAX_HOPS + 1,
        ..ping()
    };
    too_long(refused(far), "at most 32 links");
    let large = Message {
        payload: Payload::Bytes(vec![0; MAX_PAYLOAD + 1].into()),
        ..ping()
    };
    too_long(refused(large), "at most 49152 bytes");
    let large = Message {
        payload: Payload::Json("1".repeat(MAX_PAYLOAD + 1).into()),
        ..ping()
    };
    too_long(refused(large), "at most 49152 bytes");

    let talkative = Keepalive {
        hidden: false,
        echo: true,
        routing: vec![0; MAX_KEEPALIVE_ROUTING + 1],
    };
    let error = Frame::decode(&Frame::Keepalive(talkative).encode());
    too_long(
        error.expect_err("the router's part is too long"),
        "at most 2048 bytes",
    );
}

#[test]
fn a_json_payload_in_a_frame_must_be_json_without_padding() {
    let refused = |text: &str| {
        let message = Message {
            payload: Payload::Json(text.into()),
            ..ping()
        };
        Frame::decode(&Frame::Message(message).encode()).expect_err("it is no JSON")
    };
    assert_eq!(refused(" 1"), FrameError::Message(MessageError::Padded));
    assert!(matches!(
        refused("{"),
        FrameError::Message(MessageError::NotJson(_))
    ));
    assert!(matches!(
        refused("1,2"),
        FrameError::Message(MessageError::NotJson(_))
    ));
}

#[test]
fn a_changed_byte_anywhere_in_a_proven_message_is_noticed() {
    let mut message = ping();
    message.sign(&alice());
    let bytes = Frame::Message(message).encode();
    for index in 0..bytes.len() {
        for change in [1, 0x20, 0x80] {
            let mut bytes = bytes.clone();
            bytes[index] ^= change;
            let proven = match Frame::decode(&bytes) {
                Ok(Frame::Message(message)) => message.is_proven(),
                Ok(Frame::Hello(_) | Frame::Keepalive(_) | Frame::Close(_) | Frame::HopAck(_))
                | Err(_) => false,
            };
            assert!(!proven, "byte {index} ^ {change:#x}");
        }
    }
}
