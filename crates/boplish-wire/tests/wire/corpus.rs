//! The corpus of the fuzz targets: written here, committed, and replayed by every test run.

use std::fs;
use std::path::PathBuf;

use boplish_wire::bootstrap::{
    ErrorCode, IceServer, NetworkParameters, challenge, challenge_response, denied, error,
    ice_servers, joined, release, shutdown, welcome,
};
use boplish_wire::sdp::{candidate_to_sdp, to_sdp};
use boplish_wire::{
    Candidate, CandidateAddress, CloseReason, DeniedReason, Description, Fingerprint, Frame, Hello,
    Hop, Keepalive, Kind, Message, MessageId, Payload, SdpType, SessionId, Setup, Signal,
    SignedSignal, Transport, Way, json, signal,
};

use crate::any::{alice, bob, description, host_candidate, json_payload, name, ping};

mod content;
mod group;
mod invitation;
mod ring;
mod store;

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own for cargo-fuzz")]
mod targets;

type Target = (
    &'static str,
    fn(&[u8]),
    fn() -> Vec<(&'static str, Vec<u8>)>,
);

const TARGETS: [Target; 12] = [
    ("frame", targets::frame, frames),
    ("ring", targets::ring, ring::samples),
    ("store", targets::store, store::samples),
    ("content", targets::content, content::samples),
    ("group", targets::group, group::samples),
    ("signal", targets::signal, signals),
    ("invitation", targets::invitation, invitation::samples),
    ("json", targets::json, texts),
    ("head", targets::head, heads),
    ("from_server", targets::from_server, server_texts),
    ("sdp", targets::sdp, sdps),
    ("candidate", targets::candidate, candidates),
];

#[test]
fn every_decoder_takes_the_whole_corpus() {
    for (target, run, samples) in TARGETS {
        let files = fs::read_dir(folder(target)).expect("the corpus is committed");
        let mut count = 0;
        for file in files {
            let path = file.expect("the folder can be read").path();
            run(&fs::read(&path).expect("the file can be read"));
            count += 1;
        }
        assert!(count >= samples().len(), "{target} has {count} files");
    }
}

/// With `BOPLISH_WRITE_CORPUS` set the samples are written before they are compared.
#[test]
fn the_corpus_has_the_samples() {
    let writes = std::env::var_os("BOPLISH_WRITE_CORPUS").is_some();
    for (target, _, samples) in TARGETS {
        fs::create_dir_all(folder(target)).expect("the repository can be written");
        for (name, bytes) in samples() {
            let path = folder(target).join(name);
            if writes {
                fs::write(&path, &bytes).expect("the repository can be written");
            }
            let hint = "`BOPLISH_WRITE_CORPUS=1 cargo test -p boplish-wire corpus` writes it";
            assert_eq!(fs::read(&path).ok(), Some(bytes), "{target}/{name}: {hint}");
        }
    }
}

fn folder(target: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../fuzz/corpus").join(target)
}

fn proven(mut message: Message) -> Message {
    message.sign(&alice());
    message
}

fn request() -> Message {
    proven(Message {
        kind: Kind::Request,
        wants_ack: true,
        hops: 3,
        ..ping()
    })
}

fn ack() -> Message {
    Message {
        id: MessageId(u64::MAX),
        kind: Kind::Ack { of: MessageId(7) },
        payload: Payload::empty_json(),
        ..ping()
    }
}

fn raw() -> Message {
    Message {
        to: None,
        kind: Kind::Reply { of: MessageId(7) },
        payload: Payload::Bytes([0, 1, 254, 255].into()),
        ..ping()
    }
}

fn wandering() -> Message {
    Message {
        way: Way {
            by_key: true,
            again: true,
            over: vec![bob().id(), alice().id()],
            back: vec![bob().id()],
            hop: Some(Hop {
                number: 5,
                pin: Some(0x8000_0000),
                bound: 77,
            }),
            passed: Some(vec![alice().id()]),
        },
        ..request()
    }
}

fn several_candidates() -> Vec<Candidate> {
    let with = |address, transport, kind| Candidate {
        address,
        transport,
        kind,
        ..host_candidate()
    };
    let ip = |text: &str| CandidateAddress::Ip(text.parse().expect("it is an address"));
    vec![
        host_candidate(),
        with(
            ip("192.0.2.7"),
            Transport::TcpActive,
            boplish_wire::CandidateKind::Host,
        ),
        with(
            ip("2001:db8::7"),
            Transport::Udp,
            boplish_wire::CandidateKind::ServerReflexive,
        ),
        with(
            CandidateAddress::Name("turn.example".into()),
            Transport::TcpPassive,
            boplish_wire::CandidateKind::Relay,
        ),
        with(
            ip("192.0.2.8"),
            Transport::TcpSo,
            boplish_wire::CandidateKind::PeerReflexive,
        ),
    ]
}

fn all_signals() -> Vec<(&'static str, Signal)> {
    let of = SessionId(5);
    let full = Description {
        candidates: several_candidates(),
        ..description()
    };
    vec![
        (
            "offer",
            Signal::Offer {
                description: description(),
            },
        ),
        (
            "offer-with-candidates",
            Signal::Offer {
                description: full.clone(),
            },
        ),
        (
            "answer",
            Signal::Answer {
                of,
                offered: Fingerprint([0xcd; 32]),
                description: Description {
                    setup: Setup::Passive,
                    pwd: "JeWJ1vDBYZyHTyKzS4bQOm".into(),
                    ufrag: "odd".repeat(3).into(),
                    ..description()
                },
            },
        ),
        (
            "candidates",
            Signal::Candidates {
                of,
                ufrag: "abcd".into(),
                candidates: several_candidates(),
                done: true,
            },
        ),
        (
            "restart-offer",
            Signal::RestartOffer {
                of,
                description: description(),
            },
        ),
        (
            "restart-answer",
            Signal::RestartAnswer {
                of,
                offered_ufrag: "f48aef5a".into(),
                description: full,
            },
        ),
        ("restart-request", Signal::RestartRequest { of }),
        (
            "denied",
            Signal::Denied {
                of,
                reason: DeniedReason::Replayed,
            },
        ),
    ]
}

fn signed(signal: &Signal) -> SignedSignal {
    SignedSignal::sign(signal, &alice(), Some(bob().id()))
}

fn bytes(payload: Payload) -> Vec<u8> {
    match payload {
        Payload::Json(text) => text.as_bytes().to_vec(),
        Payload::Bytes(bytes) => bytes.to_vec(),
    }
}

fn offer_message() -> Message {
    proven(Message {
        to: None,
        protocol: name(signal::PROTOCOL),
        payload: signed(&all_signals()[0].1).to_payload(),
        ..ping()
    })
}

fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let hello = Hello {
        version: 1,
        hidden: true,
        routing: b"router".to_vec(),
        network: NetworkParameters::chord().code(),
    };
    let keepalive = Keepalive {
        hidden: false,
        echo: true,
        routing: Vec::new(),
    };
    let mut samples: Vec<_> = [
        ("hello", Frame::Hello(hello)),
        ("keepalive", Frame::Keepalive(keepalive)),
        ("plain", Frame::Message(ping())),
        ("request", Frame::Message(request())),
        ("ack", Frame::Message(ack())),
        ("raw", Frame::Message(raw())),
        ("signal", Frame::Message(offer_message())),
        ("wandering", Frame::Message(wandering())),
        ("hop-ack", Frame::HopAck(0x1234_5678)),
        ("close", Frame::Close(CloseReason::Replaced)),
    ]
    .map(|(name, frame)| (name, frame.encode()))
    .into();
    let mut extended = Frame::Message(ping()).encode();
    extended[2] += 1;
    extended.extend_from_slice(b"\x18\x63\xa1\x61x\x82\x01\x9f\x02\x03\xff");
    samples.push(("unknown-field", extended));
    samples.push(("empty", Vec::new()));
    samples.push(("unknown-kind", vec![1, 9, 0xa0]));
    samples.push(("indefinite-map", vec![1, 1, 0xbf, 1, 0xf5, 0xff]));
    samples.push((
        "endless-arrays",
        [vec![1, 1, 0xa1, 0x18, 0x63], vec![0x9f; 4000]].concat(),
    ));
    samples.push((
        "huge-length",
        b"\x01\x00\xa1\x02\x5b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
    ));
    samples.push((
        "twice-the-same-field",
        b"\x01\x00\xa2\x00\x01\x00\x02".to_vec(),
    ));
    samples
}

fn signals() -> Vec<(&'static str, Vec<u8>)> {
    let mut samples: Vec<_> = all_signals()
        .iter()
        .map(|(name, signal)| (*name, bytes(signed(signal).to_payload())))
        .collect();
    samples.push((
        "json-form",
        bytes(signed(&all_signals()[2].1).to_json_payload()),
    ));
    samples.push(("only-a-proof", vec![0; 96]));
    samples.push(("unknown-kind", vec![7; 97]));
    // Packed text that ends within a character: ufrag in 4 bytes.
    let packed = [
        vec![0; 96],
        b"\x00\xa2\x01\x05\x02\x44\xff\xff\xff\xff".to_vec(),
    ]
    .concat();
    samples.push(("ill-packed", packed));
    samples
}

fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let from = alice().id();
    let mut samples: Vec<_> = [
        ("plain", ping()),
        ("request", request()),
        ("ack", ack()),
        ("raw", raw()),
        ("offer", offer_message()),
    ]
    .map(|(name, message)| (name, json::encode(&message).into_bytes()))
    .into();
    let report = Message {
        payload: json_payload(r#"{"type":"offer","offer":{"type":"offer","sdp":"v=0\r\n"}}"#),
        protocol: name(signal::PROTOCOL),
        ..ping()
    };
    samples.push(("offer-of-the-report", json::encode(&report).into_bytes()));
    for (name, text) in [
        ("null", "null".to_owned()),
        ("array", format!(r#"["p","{from}","",1]"#)),
        (
            "escapes",
            format!(r#"{{"t\u0079pe":"p\u00e9","from":"{from}","to":"\u002a"}}"#),
        ),
        (
            "lone-surrogate",
            format!(r#"{{"type":"p","from":"{from}","payload":"\ud800"}}"#),
        ),
        (
            "twice-the-same",
            format!(r#"{{"type":"p","from":"{from}","from":"{from}"}}"#),
        ),
        (
            "padded-payload",
            format!("{{\"type\":\"p\",\"from\":\"{from}\",\"payload\": \t[ 1 ] \n}}"),
        ),
        (
            "id-as-number",
            format!(r#"{{"type":"p","from":"{from}","id":5}}"#),
        ),
    ] {
        samples.push((name, text.into_bytes()));
    }
    let nested = format!(
        r#"{{"type":"p","from":"{from}","payload":{}"#,
        "[".repeat(5000)
    );
    samples.push(("nested", nested.into_bytes()));
    samples
}

fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let mut samples = texts();
    samples.push(("joined", joined(alice().id()).into_bytes()));
    for (name, text) in [
        ("empty-object", "{}"),
        ("to-object", r#"{"type":"p","to":{"a":1}}"#),
        ("client-id", "Alice-1._~"),
        (
            "array-payload",
            r#"{"type":"signaling-protocol","payload":["offer"]}"#,
        ),
    ] {
        samples.push((name, text.as_bytes().to_vec()));
    }
    samples
}

fn server_texts() -> Vec<(&'static str, Vec<u8>)> {
    let to = alice().id().to_string();
    let servers = [IceServer {
        urls: vec!["turn:turn.example".to_owned()],
        username: Some("u".to_owned()),
        credential: Some("c".to_owned()),
    }];
    let (unknown, nonce) = (ErrorCode::UnknownPeer, [7; 32]);
    let samples = [
        ("challenge", challenge(&to, &nonce, 0)),
        ("challenge-with-work", challenge(&to, &nonce, 18)),
        ("response", challenge_response(&alice(), &nonce)),
        (
            "welcome",
            welcome(&to, &servers, Some(&NetworkParameters::chord())),
        ),
        ("ice-servers", ice_servers(&to, &servers)),
        ("release", release(&to, 256, None)),
        ("release-within", release(&to, 256, Some(3_600))),
        ("denied", denied(&to, Some("7"))),
        (
            "error",
            error(&to, &unknown, "nobody", Some("bob"), Some("x")),
        ),
        ("shutdown", shutdown(&to, "restart")),
        ("message", json::encode(&ping())),
        ("short-nonce", challenge(&to, &nonce, 0).replace("Bw", "")),
        (
            "unknown",
            r#"{"type":"new","from":"","to":"","payload":[]}"#.to_owned(),
        ),
    ];
    samples.map(|(name, text)| (name, text.into_bytes())).into()
}

fn sdps() -> Vec<(&'static str, Vec<u8>)> {
    let full = Description {
        candidates: several_candidates(),
        ..description()
    };
    let ours = to_sdp(&full, SdpType::Offer);
    let mut samples = vec![
        ("ours", ours.clone().into_bytes()),
        ("line-feeds", ours.replace('\r', "").into_bytes()),
        (
            "two-sections",
            [ours.as_str(), "m=audio 9 X 0\r\na=setup:x\r\n"]
                .concat()
                .into_bytes(),
        ),
        ("empty", Vec::new()),
    ];
    let real: [(_, &[u8]); 6] = [
        (
            "chromium-offer",
            include_bytes!("../fixtures/chromium-offer.sdp"),
        ),
        (
            "chromium-answer",
            include_bytes!("../fixtures/chromium-answer.sdp"),
        ),
        (
            "firefox-offer",
            include_bytes!("../fixtures/firefox-offer.sdp"),
        ),
        (
            "firefox-answer",
            include_bytes!("../fixtures/firefox-answer.sdp"),
        ),
        ("str0m-offer", include_bytes!("../fixtures/str0m-offer.sdp")),
        (
            "str0m-answer",
            include_bytes!("../fixtures/str0m-answer.sdp"),
        ),
    ];
    samples.extend(real.map(|(name, sdp)| (name, sdp.to_vec())));
    samples
}

fn candidates() -> Vec<(&'static str, Vec<u8>)> {
    let names = ["mdns", "tcp", "reflexive", "relay-name", "peer-reflexive"];
    let texts = several_candidates();
    let texts = texts
        .iter()
        .map(|found| candidate_to_sdp(found, Some("abcd")).into_bytes());
    let mut samples: Vec<_> = names.into_iter().zip(texts).collect();
    for (name, text) in [
        ("end", ""),
        (
            "attribute",
            "a=candidate:0 1 UDP 2122187007 192.0.2.1 9 typ host",
        ),
        ("no-tcptype", "candidate:0 1 tcp 1 192.0.2.1 9 typ host"),
        ("zone", "candidate:0 1 udp 1 fe80::1%eth0 9 typ host"),
        (
            "large-priority",
            "candidate:0 1 udp 4294967296 192.0.2.1 9 typ host",
        ),
    ] {
        samples.push((name, text.as_bytes().to_vec()));
    }
    samples
}
