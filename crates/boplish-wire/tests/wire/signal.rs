use base64ct::{Base64UrlUnpadded, Encoding};
use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::{
    Candidate, CandidateAddress, Description, Fingerprint, Message, Payload, SessionId, Setup,
    Signal, SignalError, SignedSignal, signal,
};
use proptest::prelude::*;

use crate::any::{
    alice, any_signal, bob, description, host_candidate, json_payload, mallory, name, ping,
};

proptest! {
    #[test]
    fn every_signal_is_read_as_it_was_written(signal in any_signal()) {
        let signed = SignedSignal::sign(&signal, &alice(), Some(bob().id()));
        for payload in [signed.to_payload(), signed.to_json_payload()] {
            let read = SignedSignal::from_payload(&payload).expect("it is a signal");
            prop_assert_eq!(&read, &signed);
            prop_assert_eq!(read.verify(alice().id(), Some(bob().id())), Ok(signal.clone()));
        }
        let link = format!("https://a.example/?x=1#i={}", signed.to_text());
        prop_assert_eq!(SignedSignal::from_text(&link), Ok(signed.clone()));
        prop_assert_eq!(signed.claimed_sender(), alice().id());
    }

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let payload = Payload::bytes([vec![0; 96], bytes].concat()).expect("they are few");
        let _ = SignedSignal::from_payload(&payload).map(|signed| signed.signal_unverified());
    }
}

fn offer() -> Signal {
    Signal::Offer {
        description: description(),
    }
}

fn answer() -> Signal {
    Signal::Answer {
        of: SessionId(0x7fff_ffff_ffff_fffd),
        offered: Fingerprint([0xcd; 32]),
        description: Description {
            setup: Setup::Active,
            ..description()
        },
    }
}

fn payload_bytes(payload: &Payload) -> Vec<u8> {
    match payload {
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::Json(_) => panic!("a signal on a data channel is bytes"),
    }
}

#[test]
fn a_signed_offer_or_answer_is_under_300_bytes_even_in_base64() {
    // Firefox, Chromium and str0m, in this order.
    for (ufrag, pwd) in [(8, 32), (4, 24), (16, 22)] {
        for mut signal in [offer(), answer()] {
            if let Signal::Offer { description } | Signal::Answer { description, .. } = &mut signal
            {
                description.ufrag = "z".repeat(ufrag).into();
                description.pwd = "/".repeat(pwd).into();
            }
            let signed = SignedSignal::sign(&signal, &alice(), Some(bob().id()));
            let bytes = payload_bytes(&signed.to_payload());
            let base64 = Base64UrlUnpadded::encode_string(&bytes);
            assert!(base64.len() < 300, "{}: {}", signal.subtype(), base64.len());
        }
    }
}

#[test]
fn a_host_candidate_with_a_hidden_address_takes_under_45_bytes() {
    let length = |signal: &Signal| {
        payload_bytes(&SignedSignal::sign(signal, &alice(), None).to_payload()).len()
    };
    let with = Signal::Offer {
        description: Description {
            candidates: vec![host_candidate()],
            ..description()
        },
    };
    let cost = length(&with) - length(&offer());
    assert!(cost < 45, "{cost}");
}

#[test]
fn only_the_sender_can_sign_and_only_for_the_receiver() {
    let (alice, bob, mallory) = (alice(), bob(), mallory());
    let signed = SignedSignal::sign(&offer(), &alice, Some(bob.id()));
    assert_eq!(signed.verify(alice.id(), Some(bob.id())), Ok(offer()));
    for (from, to) in [
        (mallory.id(), Some(bob.id())),
        (alice.id(), Some(mallory.id())),
        (alice.id(), None),
    ] {
        assert_eq!(signed.verify(from, to), Err(SignalError::Unverified(from)));
    }
    let to_anyone = SignedSignal::sign(&offer(), &alice, None);
    assert_eq!(to_anyone.verify(alice.id(), None), Ok(offer()));
    assert!(to_anyone.verify(alice.id(), Some(bob.id())).is_err());
}

#[test]
fn a_swapped_fingerprint_is_refused() {
    let signed = SignedSignal::sign(&offer(), &alice(), Some(bob().id()));
    let mut bytes = payload_bytes(&signed.to_payload());
    let place = bytes.windows(32).position(|window| window == [0xab; 32]);
    let place = place.expect("the fingerprint is in there");
    bytes[place..place + 32].fill(0xcd);
    let swapped = SignedSignal::from_payload(&Payload::Bytes(bytes.into())).expect("same shape");
    assert!(matches!(
        swapped.signal_unverified(),
        Ok(Signal::Offer { description }) if description.fingerprint == Fingerprint([0xcd; 32])
    ));
    assert_eq!(
        swapped.verify(alice().id(), Some(bob().id())),
        Err(SignalError::Unverified(alice().id()))
    );
}

#[test]
fn a_changed_byte_anywhere_in_a_signal_is_refused() {
    let signed = SignedSignal::sign(&answer(), &alice(), Some(bob().id()));
    let bytes = payload_bytes(&signed.to_payload());
    for index in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1;
        let changed = SignedSignal::from_payload(&Payload::Bytes(bytes.into()));
        let verified = changed.and_then(|signed| signed.verify(alice().id(), Some(bob().id())));
        assert!(verified.is_err(), "byte {index}");
    }
}

fn refusal(signal: &Signal) -> String {
    let signed = SignedSignal::sign(signal, &alice(), None);
    let error = signed.verify(alice().id(), None);
    error.expect_err("it breaks a rule").to_string()
}

#[test]
fn facts_that_break_a_rule_are_refused_though_signed() {
    let refused = |change: fn(&mut Description), rule: &str| {
        let mut description = description();
        change(&mut description);
        let error = refusal(&Signal::Offer { description });
        assert!(error.contains(rule) && error.contains("offer"), "{error}");
    };
    refused(|offer| offer.ufrag = "abc".into(), "ufrag has 4 to 256");
    refused(
        |offer| offer.ufrag = "a".repeat(257).into(),
        "ufrag has 4 to 256",
    );
    refused(|offer| offer.ufrag = "a\r\nb=x".into(), "ice-chars");
    refused(
        |offer| offer.pwd = "a".repeat(21).into(),
        "pwd has 22 to 256",
    );
    refused(
        |offer| offer.pwd = "a".repeat(260).into(),
        "pwd has 22 to 256",
    );
}

#[test]
fn candidates_that_break_a_rule_are_refused() {
    let refused = |change: fn(&mut Candidate), rule: &str| {
        let mut candidate = host_candidate();
        change(&mut candidate);
        let error = refusal(&Signal::Candidates {
            of: SessionId(1),
            ufrag: "abcd".into(),
            candidates: vec![candidate],
            done: false,
        });
        assert!(error.contains(rule), "{error}");
    };
    refused(|candidate| candidate.priority = 0, "1 to 2147483647");
    refused(|candidate| candidate.priority = 1 << 31, "1 to 2147483647");
    refused(
        |candidate| candidate.foundation = "".into(),
        "1 to 32 ice-chars",
    );
    refused(
        |candidate| candidate.foundation = "1".repeat(33).into(),
        "1 to 32 ice-chars",
    );
    let names = ["", "a b", "a\r\na=x", "1.2.3.4", &"a".repeat(256)];
    for bad in names.map(str::to_owned) {
        let mut candidate = host_candidate();
        candidate.address = CandidateAddress::Name(bad.into());
        let error = refusal(&Signal::Candidates {
            of: SessionId(1),
            ufrag: "abcd".into(),
            candidates: vec![candidate],
            done: false,
        });
        assert!(error.contains("1 to 255 letters"), "{error}");
    }
}

#[test]
fn candidates_beyond_the_limit_are_ignored() {
    let candidates = |count| Signal::Candidates {
        of: SessionId(1),
        ufrag: "abcd".into(),
        candidates: vec![host_candidate(); count],
        done: true,
    };
    let signed = SignedSignal::sign(&candidates(MAX_CANDIDATES + 9), &alice(), None);
    assert_eq!(
        signed.verify(alice().id(), None),
        Ok(candidates(MAX_CANDIDATES))
    );
}

#[test]
fn what_is_no_signal_is_refused_with_the_reason() {
    for text in [
        "null",
        "[\"AAAA\"]",
        r#"{"type":"offer","sdp":"v=0"}"#,
        r#"{"signal":"!"}"#,
    ] {
        let error = SignedSignal::from_payload(&json_payload(text)).expect_err(text);
        assert!(
            error.to_string().contains("base64url in `signal`"),
            "{error}"
        );
    }
    let error = SignedSignal::from_payload(&Payload::Bytes([0; 96].into()));
    assert!(matches!(error, Err(SignalError::NotASignal(_))));
}

#[test]
fn a_described_signal_has_everything_but_the_password() {
    let signal = Signal::Answer {
        of: SessionId(11),
        offered: Fingerprint([0xcd; 32]),
        description: Description {
            candidates: vec![
                host_candidate(),
                Candidate {
                    address: CandidateAddress::Ip([1, 2, 3, 4].into()),
                    port: 5,
                    ..host_candidate()
                },
                Candidate {
                    address: CandidateAddress::Ip(core::net::Ipv6Addr::LOCALHOST.into()),
                    port: 5,
                    ..host_candidate()
                },
            ],
            session: SessionId(12),
            setup: Setup::Active,
            ..description()
        },
    };
    let described: serde_json::Value =
        serde_json::from_str(&signal.describe()).expect("it is JSON");
    let expected = serde_json::json!({
        "type": "answer",
        "of": "11",
        "session": "12",
        "fingerprint": Fingerprint([0xab; 32]).to_string(),
        "offered": Fingerprint([0xcd; 32]).to_string(),
        "setup": "active",
        "candidates": [
            "host udp cc29a694-21fa-4403-9841-54fea244024a.local:38827",
            "host udp 1.2.3.4:5",
            "host udp [::1]:5",
        ],
    });
    assert_eq!(described, expected);
    assert!(!signal.describe().contains(&*description().pwd));
}

#[test]
fn the_monitor_shows_signals_described_bytes_in_base64_and_json_as_it_is() {
    let signed = SignedSignal::sign(&offer(), &alice(), Some(bob().id()));
    for payload in [signed.to_payload(), signed.to_json_payload()] {
        let message = Message {
            protocol: name(signal::PROTOCOL),
            payload,
            ..ping()
        };
        assert_eq!(message.monitor_payload(), offer().describe());
    }
    let bytes = Message {
        payload: Payload::Bytes([0, 255].into()),
        ..ping()
    };
    assert_eq!(bytes.monitor_payload(), r#"{"bytes":"AP8=","length":2}"#);
    assert_eq!(ping().monitor_payload(), r#"{"type":"ping"}"#);
}
