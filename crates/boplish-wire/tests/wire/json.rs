use boplish_wire::json::{decode, encode};
use boplish_wire::limits::{MAX_JSON, MAX_PAYLOAD};
use boplish_wire::{
    JsonError, Kind, Message, MessageError, MessageId, Payload, SessionId, Signal, SignedSignal,
    signal,
};
use proptest::prelude::*;

use crate::any::{alice, any_message, bob, json_payload, name, ping};

proptest! {
    #[test]
    fn every_message_is_read_as_it_was_written(message in any_message()) {
        prop_assert_eq!(decode(&encode(&message)), Ok(message));
    }

    #[test]
    fn a_proof_survives_the_way_through_json(mut message in any_message()) {
        message.from = alice().id();
        message.sign(&alice());
        let read = decode(&encode(&message));
        prop_assert!(read.is_ok_and(|message| message.is_proven()));
    }

    #[test]
    fn arbitrary_text_is_read_or_refused(text: String) {
        let _ = decode(&text);
        let _ = decode(&format!("{{{text}}}"));
    }
}

/// Section 4.1.4 of the report, word by word.
const OF_THE_REPORT: &str = r#"{
  to: "f9c89ceb726436bb0d7074c08788d08e0e974dbf",
  from: "48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b",
  type: "ping-protocol",
  payload: {
    "date": "Mon Nov 11 2013 17:44:05 GMT+0100 (CET)",
    "type": "pong"
  }
}"#;

#[test]
fn the_example_of_the_report_is_read() {
    // The report writes a JavaScript object; on the wire, its keys are quoted.
    let mut text = OF_THE_REPORT.to_owned();
    for key in ["to", "from", "type", "payload"] {
        text = text.replace(&format!("\n  {key}:"), &format!("\n  \"{key}\":"));
    }
    let message = decode(&text).expect("it is what the report says");
    assert_eq!(message.to.map(|to| to.short()).as_deref(), Some("f9c89ceb"));
    assert_eq!(message.from.short(), "48142a86");
    assert_eq!(message.protocol, name("ping-protocol"));
    let payload = text
        .split("\"payload\": ")
        .nth(1)
        .and_then(|rest| rest.strip_suffix("\n}"));
    assert_eq!(
        message.payload,
        Payload::Json(payload.expect("it ends the text").into())
    );
    let plain = (MessageId(0), Kind::Plain, false, 0, None);
    let Message {
        id,
        kind,
        wants_ack,
        hops,
        proof,
        ..
    } = message;
    assert_eq!((id, kind, wants_ack, hops, proof), plain);
}

#[test]
fn a_plain_message_has_the_four_properties_of_the_report_and_an_id() {
    let (from, to) = (alice().id(), bob().id());
    assert_eq!(
        encode(&ping()),
        format!(
            r#"{{"type":"ping-protocol","from":"{from}","to":"{to}","payload":{{"type":"ping"}},"id":"7"}}"#
        )
    );
}

#[test]
fn a_missing_null_empty_or_star_receiver_is_anyone() {
    let from = alice().id();
    for to in ["", r#","to":null"#, r#","to":"""#, r#","to":"*""#] {
        let text = format!(r#"{{"type":"p","from":"{from}","payload":1{to}}}"#);
        assert_eq!(decode(&text).map(|message| message.to), Ok(None), "{text}");
    }
    let to_anyone = Message { to: None, ..ping() };
    assert!(encode(&to_anyone).contains(r#""to":"""#));
}

#[test]
fn a_missing_payload_is_null_and_unknown_properties_are_ignored() {
    let from = alice().id();
    let text = format!(r#"{{"type":"p","from":"{from}","new":[{{}}]}}"#);
    assert_eq!(
        decode(&text).map(|message| message.payload),
        Ok(Payload::empty_json())
    );
}

#[test]
fn a_payload_keeps_its_exact_text() {
    let payload = "{ \"a\" :\t1.0,\n\"a\": \"\\u0041\\ud800\" }";
    let message = Message {
        payload: json_payload(payload),
        ..ping()
    };
    let text = encode(&message);
    assert!(text.contains(payload));
    assert_eq!(decode(&text), Ok(message));
}

#[test]
fn raw_bytes_go_in_base64() {
    let message = Message {
        payload: Payload::Bytes([0, 255].into()),
        ..ping()
    };
    let text = encode(&message);
    assert!(
        text.contains(r#""payload":"AP8=","encoding":"base64""#),
        "{text}"
    );
    let error = decode(&text.replace("AP8=", "AP8"));
    assert_eq!(
        error.expect_err("it lacks padding").to_string(),
        "the property `payload` must be base64, with padding"
    );
}

#[test]
fn signals_have_their_subtype_in_json_and_are_bytes_to_the_layers_above() {
    let restart = Signal::RestartRequest { of: SessionId(5) };
    let signed = SignedSignal::sign(&restart, &alice(), Some(bob().id()));
    let mut message = Message {
        protocol: name(signal::PROTOCOL),
        payload: signed.to_payload(),
        ..ping()
    };
    message.sign(&alice());
    let text = encode(&message);
    assert!(
        text.contains(r#""payload":{"type":"restart-request","signal":""#),
        "{text}"
    );
    let read = decode(&text).expect("it was just written");
    assert!(read.is_proven());
    assert_eq!(read, message);
}

#[test]
fn an_offer_of_a_client_of_the_report_stays_json() {
    let from = alice().id();
    let payload = r#"{"type":"offer","offer":{"sdp":"v=0"}}"#;
    let text = format!(r#"{{"type":"signaling-protocol","from":"{from}","payload":{payload}}}"#);
    assert_eq!(
        decode(&text).map(|message| message.payload),
        Ok(json_payload(payload))
    );
}

#[test]
fn a_text_that_is_no_message_is_refused_with_the_culprit() {
    let (from, to) = (alice().id(), bob().id());
    let refused = |text: &str, culprit: &str| {
        let error = decode(text).expect_err(text).to_string();
        assert!(error.contains(culprit), "{text}: {error}");
    };
    for text in ["", "{", "nonsense", "{\"type\":}", "{} {}"] {
        refused(text, "not JSON");
    }
    refused("{\"from\":1,\"from\":2}", "`from` is there twice");
    refused("{\"from\":1,\"fr\\u006fm\":2}", "`from` is there twice");
    for text in ["null", "[]", "1", "\"a\"", " [\"p\",\"q\",\"r\",null]"] {
        refused(text, "not an object");
    }
    refused("{}", "`type` must be a string");
    refused(r#"{"type":"p"}"#, "`from` must be a string");
    refused(
        r#"{"type":"p","from":"alice"}"#,
        "`from` must be a peer id of 40 hex digits",
    );
    let with = |rest: &str| format!(r#"{{"type":"p","from":"{from}","to":"{to}",{rest}}}"#);
    refused(&with(r#""id":5"#), "`id` must be a string");
    for id in ["+5", "-5", "", " 5", "0x5", "18446744073709551616"] {
        refused(
            &with(&format!(r#""id":"{id}""#)),
            "`id` must be a decimal number below 2^64",
        );
    }
    refused(&with(r#""kind":"question""#), "`kind` must be `request`");
    refused(&with(r#""kind":"ack""#), "`of` must be the id");
    refused(&with(r#""ack":1"#), "`ack` must be true or false");
    refused(&with(r#""encoding":"hex""#), "`encoding` must be `base64`");
    refused(&with(r#""hops":33"#), "at most 32 links, this has 33");
    refused(&with(r#""hops":-1"#), "`hops` must be a number");
    refused(&with(r#""proof":"AAAA""#), "`proof` must be 96 bytes");
    let nameless = format!(r#"{{"type":"","from":"{from}"}}"#);
    refused(&nameless, "1 to 64 characters");
    let number = format!(r#"{{"type":"p","from":"{from}","to":5}}"#);
    refused(&number, "`to` must be a string");
}

#[test]
fn a_text_over_the_limits_is_refused() {
    let error = decode(&" ".repeat(MAX_JSON + 1)).expect_err("one byte too many");
    assert_eq!(error, JsonError::TooLong(MAX_JSON + 1));
    assert!(error.to_string().contains("at most 73728 bytes"), "{error}");

    let large = Message {
        payload: Payload::Json("1".repeat(MAX_PAYLOAD + 1).into()),
        ..ping()
    };
    let error = decode(&encode(&large));
    assert_eq!(
        error,
        Err(JsonError::Message(MessageError::PayloadTooLong(
            MAX_PAYLOAD + 1
        )))
    );
}

#[test]
fn the_largest_message_fits_into_a_text() {
    let mut largest = Message {
        id: MessageId(u64::MAX),
        kind: Kind::Unreachable {
            of: MessageId(u64::MAX),
        },
        wants_ack: true,
        hops: 32,
        protocol: name(&"\u{10ffff}".repeat(64)),
        payload: Payload::Bytes([255; MAX_PAYLOAD].into()),
        ..ping()
    };
    largest.sign(&alice());
    assert_eq!(decode(&encode(&largest)), Ok(largest));
}

#[test]
fn a_changed_byte_anywhere_in_a_proven_message_is_noticed() {
    let mut message = Message {
        wants_ack: true,
        kind: Kind::Reply { of: MessageId(3) },
        ..ping()
    };
    message.sign(&alice());
    let text = encode(&message);
    for index in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1;
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let noticed = decode(&text).map_or(true, |read| !read.is_proven() || read == message);
        assert!(noticed, "{text}");
    }
}
