use boplish_wire::limits::{MAX_PAYLOAD, MAX_PROTOCOL_NAME};
use boplish_wire::{Fingerprint, MessageError, Payload, PeerId, ProtocolName};

use crate::any::{alice, json_payload, mallory, name, ping};

#[test]
fn a_peer_id_is_40_hex_digits_of_its_key() {
    let id = alice().id();
    assert_eq!(id.to_string().len(), 40);
    assert_eq!(id.to_string().parse(), Ok(id));
    assert!(
        "48142a86bd1dc7c2be81df1c5ca6d0a98c328f4"
            .parse::<PeerId>()
            .is_err()
    );
    assert!(
        "g8142a86bd1dc7c2be81df1c5ca6d0a98c328f4b"
            .parse::<PeerId>()
            .is_err()
    );
}

#[test]
fn a_protocol_name_has_1_to_64_characters() {
    for good in ["p", &"ä".repeat(MAX_PROTOCOL_NAME), "ping-protocol"] {
        assert_eq!(
            ProtocolName::new(good).as_ref().map(ProtocolName::as_str),
            Ok(good)
        );
    }
    for (bad, length) in [("", 0), (&*"x".repeat(65), 65)] {
        let error = ProtocolName::new(bad).expect_err("the length is wrong");
        assert_eq!(error, MessageError::ProtocolNameLength(length));
        assert!(error.to_string().contains("1 to 64"), "{error}");
    }
    let error = ProtocolName::try_from("a\u{7}b").expect_err("bells don't name protocols");
    assert_eq!(error, MessageError::ProtocolNameControl('\u{7}'));
}

#[test]
fn a_json_payload_is_exactly_one_value() {
    for good in [
        "null",
        "0",
        r#""""#,
        "[]",
        r#"{"a": [1, 2.5e-3, "\ud800"]}"#,
    ] {
        assert_eq!(Payload::json(good), Ok(Payload::Json(good.into())));
    }
    for bad in [
        "",
        " ",
        "{",
        "1 2",
        "nul",
        "NaN",
        "'a'",
        "\"\n\"",
        "[1,]",
        "\u{feff}1",
    ] {
        let error = Payload::json(bad).expect_err(bad);
        assert!(
            matches!(error, MessageError::NotJson(_)),
            "{bad:?}: {error}"
        );
    }
}

#[test]
fn white_space_is_kept_inside_a_json_payload_and_cut_around_it() {
    let payload = json_payload(" \r\n\t{ \"a\" : 1 }\n");
    assert_eq!(payload, Payload::Json("{ \"a\" : 1 }".into()));
}

#[test]
fn a_payload_has_at_most_48_kib() {
    let fits = "1".repeat(MAX_PAYLOAD);
    assert!(Payload::bytes(fits.as_bytes()).is_ok());
    assert!(Payload::json(&*fits).is_ok());
    let too_long = "1".repeat(MAX_PAYLOAD + 1);
    for refused in [
        Payload::bytes(too_long.as_bytes()),
        Payload::json(&*too_long),
        Payload::from_value(&too_long),
    ] {
        let error = refused.expect_err("it is too long").to_string();
        assert!(error.contains("at most 49152 bytes"), "{error}");
    }
}

#[test]
fn values_become_payloads_and_come_back() {
    let payload = Payload::from_value(&("pong", 3)).expect("a small pair");
    assert_eq!(payload, json_payload(r#"["pong",3]"#));
    assert_eq!(payload.parse(), Ok(("pong".to_owned(), 3)));
    assert!(matches!(
        payload.parse::<u8>(),
        Err(MessageError::Unexpected(_))
    ));
    let bytes = Payload::bytes(*b"\x00\x01").expect("two bytes");
    assert_eq!(bytes.parse::<u8>(), Err(MessageError::NotJsonButBytes));
    assert_eq!(
        (bytes.len(), payload.len(), Payload::empty_json().len()),
        (2, 10, 4)
    );
}

#[test]
fn only_the_writer_of_a_message_can_prove_it() {
    let mut message = ping();
    assert!(!message.is_proven());
    message.sign(&alice());
    assert!(message.is_proven());
    message.sign(&mallory());
    assert!(!message.is_proven());
}

#[test]
fn a_proof_covers_everything_but_the_hops() {
    let mut signed = ping();
    signed.sign(&alice());
    let with = |change: fn(&mut boplish_wire::Message)| {
        let mut message = signed.clone();
        change(&mut message);
        message.is_proven()
    };
    assert!(with(|message| message.hops = 9));
    assert!(!with(|message| message.id.0 += 1));
    assert!(!with(|message| message.from = mallory().id()));
    assert!(!with(|message| message.to = None));
    assert!(!with(|message| message.protocol = name("pinG-protocol")));
    assert!(!with(|message| message.kind = boplish_wire::Kind::Request));
    assert!(!with(|message| message.wants_ack = true));
    assert!(!with(
        |message| message.payload = json_payload(r#"{"type": "ping"}"#)
    ));
    assert!(!with(|message| {
        message.payload = Payload::Bytes((*br#"{"type":"ping"}"#).into());
    }));
    assert!(!with(|message| message.proof = None));
}

#[test]
fn a_fingerprint_is_shown_and_read_as_sdp_has_it() {
    let fingerprint = Fingerprint(core::array::from_fn(|index| index as u8 * 8));
    let text = format!("{fingerprint:?}");
    assert!(text.starts_with("00:08:10:18"), "{text}");
    assert_eq!(text.len(), 95);
    assert_eq!(text.parse(), Ok(fingerprint));
    assert_eq!(text.to_lowercase().parse(), Ok(fingerprint));
    for bad in [
        "",
        "00",
        &text[3..],
        &format!("{text}:00"),
        &text.replace(':', ""),
    ] {
        assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
    }
}
