use boplish_wire::limits::MAX_CANDIDATES;
use boplish_wire::sdp::{candidate_from_sdp, candidate_to_sdp, from_sdp, to_sdp, to_sdp_version};
use boplish_wire::{
    CandidateAddress, CandidateKind, Description, SdpError, SdpType, SessionId, Setup, Transport,
};
use proptest::prelude::*;

use crate::any::{any_candidate, any_description, description, host_candidate};

/// What Chromium and Firefox wrote, and what str0m would write.
const FIXTURES: [(&str, &str, SdpType); 6] = [
    (
        "Chromium",
        include_str!("../fixtures/chromium-offer.sdp"),
        SdpType::Offer,
    ),
    (
        "Chromium",
        include_str!("../fixtures/chromium-answer.sdp"),
        SdpType::Answer,
    ),
    (
        "Firefox",
        include_str!("../fixtures/firefox-offer.sdp"),
        SdpType::Offer,
    ),
    (
        "Firefox",
        include_str!("../fixtures/firefox-answer.sdp"),
        SdpType::Answer,
    ),
    (
        "str0m",
        include_str!("../fixtures/str0m-offer.sdp"),
        SdpType::Offer,
    ),
    (
        "str0m",
        include_str!("../fixtures/str0m-answer.sdp"),
        SdpType::Answer,
    ),
];

proptest! {
    #[test]
    fn every_description_is_read_as_it_was_written(description in any_description()) {
        let again = from_sdp(&to_sdp(&description, SdpType::Offer));
        prop_assert_eq!(again, Ok(description));
    }

    #[test]
    fn every_candidate_is_read_as_it_was_written(candidate in any_candidate()) {
        for ufrag in [None, Some("abcd")] {
            let text = candidate_to_sdp(&candidate, ufrag);
            prop_assert_eq!(candidate_from_sdp(&text), Ok(Some(candidate.clone())));
        }
    }

    #[test]
    fn arbitrary_text_is_read_or_refused(text: String) {
        let _ = from_sdp(&text);
        let _ = from_sdp(&format!("m=application 9\na={text}\no=- {text}"));
        let _ = candidate_from_sdp(&format!("candidate:{text}"));
    }
}

#[test]
fn the_facts_of_real_descriptions_survive_the_rebuilt_sdp() {
    for (from, sdp, sdp_type) in FIXTURES {
        let facts = from_sdp(sdp).expect(from);
        assert_eq!(
            from_sdp(&to_sdp(&facts, sdp_type)),
            Ok(facts.clone()),
            "{from}"
        );
        let setup = match sdp_type {
            SdpType::Offer => Setup::ActPass,
            SdpType::Answer => Setup::Active,
        };
        assert_eq!(facts.setup, setup, "{from}");
    }
}

#[test]
fn chromiums_facts_are_found() {
    let facts = from_sdp(FIXTURES[1].1).expect("it is real");
    assert_eq!(facts.session, SessionId(2_387_914_192_835_006_635));
    assert_eq!(
        (&*facts.ufrag, &*facts.pwd),
        ("UV+q", "lcE+Paz7wvhZW3aMLZ6EmPK0")
    );
    assert!(facts.fingerprint.to_string().starts_with("C2:22:21:A4"));
    assert_eq!(facts.candidates.len(), 2);
    assert_eq!(facts.candidates[1].port, 34276);
}

#[test]
fn firefoxs_facts_are_found_in_the_session_and_the_media_section() {
    let facts = from_sdp(FIXTURES[3].1).expect("it is real");
    assert_eq!(facts.session, SessionId(804_391_777_302_128_567));
    assert_eq!((&*facts.ufrag, facts.pwd.len()), ("1c86586f", 32));
    assert!(facts.fingerprint.to_string().starts_with("DE:16:BD:EF"));
    let transports: Vec<_> = facts
        .candidates
        .iter()
        .map(|found| found.transport)
        .collect();
    let (udp, tcp) = (Transport::Udp, Transport::TcpActive);
    assert_eq!(transports, [udp, udp, tcp, tcp]);
}

#[test]
fn attributes_of_the_media_section_win_over_those_of_the_session() {
    let sdp = to_sdp(&description(), SdpType::Offer);
    let all_in_session = sdp.replace(
        "m=application",
        "a=ice-ufrag:other\r\na=setup:passive\r\nm=application",
    );
    assert_eq!(from_sdp(&all_in_session), Ok(description()));
    let moved = |sdp: &str, line: &str| {
        let (before, media) = sdp.split_once("m=application").expect("it has a section");
        format!("{before}{line}m=application{}", media.replace(line, ""))
    };
    let lines = sdp.split_inclusive("\r\n").filter(|line| {
        ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"]
            .iter()
            .any(|name| line.starts_with(name))
    });
    let all = lines.fold(sdp.clone(), |sdp, line| moved(&sdp, line));
    assert_ne!(all, sdp);
    assert_eq!(from_sdp(&all), Ok(description()));
}

#[test]
fn only_the_data_channels_section_counts() {
    let mut sdp = to_sdp(&description(), SdpType::Offer);
    sdp.push_str("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:other\r\na=setup:passive\r\n");
    assert_eq!(from_sdp(&sdp), Ok(description()));
}

#[test]
fn a_restart_counts_the_version_up() {
    let first = to_sdp(&description(), SdpType::Offer);
    let second = to_sdp_version(&description(), SdpType::Offer, 3);
    assert!(
        first.contains("o=- 9223372036854775806 2 IN IP4 127.0.0.1\r\n"),
        "{first}"
    );
    assert!(second.contains("o=- 9223372036854775806 3 IN"), "{second}");
}

#[test]
fn an_answer_never_leaves_the_dtls_role_open() {
    assert!(to_sdp(&description(), SdpType::Offer).contains("a=setup:actpass"));
    assert!(to_sdp(&description(), SdpType::Answer).contains("a=setup:active"));
    let passive = Description {
        setup: Setup::Passive,
        ..description()
    };
    assert!(to_sdp(&passive, SdpType::Answer).contains("a=setup:passive"));
}

#[test]
fn other_hashes_may_stand_beside_sha_256() {
    let sdp = to_sdp(&description(), SdpType::Offer);
    let both = sdp.replace(
        "a=fingerprint:sha-256",
        "a=fingerprint:sha-1 00:11\r\na=fingerprint:SHA-256",
    );
    assert_eq!(from_sdp(&both), Ok(description()));
    let other = sdp.replace("sha-256", "sha-512");
    assert_eq!(
        from_sdp(&other),
        Err(SdpError::Missing("a=fingerprint:sha-256"))
    );
}

#[test]
fn sdp_that_lacks_a_fact_is_refused_with_its_name() {
    let sdp = to_sdp(&description(), SdpType::Offer);
    for name in ["o=", "m=application", "a=ice-ufrag", "a=ice-pwd", "a=setup"] {
        let kept = sdp
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with(name));
        let error = from_sdp(&kept.collect::<String>()).expect_err(name);
        assert_eq!(error, SdpError::Missing(name));
    }
    let refused = |from: &str, to: &str, reason: &str| {
        let error = from_sdp(&sdp.replace(from, to)).expect_err(to).to_string();
        assert!(error.contains(reason), "{error}");
    };
    refused(
        "setup:actpass",
        "setup:holdconn",
        "`a=setup` can't be read: holdconn",
    );
    refused("o=- 9223372036854775806", "o=- x", "`o=` can't be read");
    refused(
        "ice-ufrag:f48aef5a",
        "ice-ufrag:a-b",
        "ufrag has 4 to 256 ice-chars",
    );
    refused("AB:AB", "ABAB", "fingerprint has 32 bytes");
}

#[test]
fn candidates_beyond_the_limit_and_odd_ones_are_left_out() {
    let mut sdp = to_sdp(&description(), SdpType::Offer);
    sdp.push_str("a=candidate:1 2 udp 1 1.2.3.4 5 typ host\r\n");
    sdp.push_str("a=candidate:1 1 sctp 1 1.2.3.4 5 typ host\r\n");
    let good = format!("a={}\r\n", candidate_to_sdp(&host_candidate(), None));
    sdp.push_str(&good.repeat(MAX_CANDIDATES + 1));
    let facts = from_sdp(&sdp).expect("the rest is good");
    assert_eq!(facts.candidates, vec![host_candidate(); MAX_CANDIDATES]);
}

#[test]
fn candidates_of_browsers_are_read() {
    let texts = [
        include_str!("../fixtures/chromium-candidates.txt"),
        include_str!("../fixtures/firefox-candidates.txt"),
    ];
    for line in texts.iter().flat_map(|text| text.lines()) {
        let candidate = candidate_from_sdp(line).expect(line);
        assert_eq!(candidate.is_none(), line.is_empty(), "{line}");
        if let Some(candidate) = candidate {
            assert!(
                matches!(candidate.address, CandidateAddress::Name(_)),
                "{line}"
            );
        }
    }
    let reflexive = "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr \
                     192.168.1.2 rport 46154 generation 0 ufrag EsAw network-cost 999";
    let candidate = candidate_from_sdp(reflexive)
        .expect("it is good")
        .expect("it is one");
    assert_eq!(candidate.kind, CandidateKind::ServerReflexive);
    assert_eq!(
        candidate_to_sdp(&candidate, Some("EsAw")),
        "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 0.0.0.0 rport 9 \
         ufrag EsAw"
    );
    let relayed = "candidate:1 1 UDP 5 2001:db8::1 3478 typ relay raddr 192.168.1.2 rport 9";
    let candidate = candidate_from_sdp(relayed)
        .expect("it is good")
        .expect("it is one");
    let rebuilt = "candidate:1 1 udp 5 2001:db8::1 3478 typ relay raddr :: rport 9";
    assert_eq!(candidate_to_sdp(&candidate, None), rebuilt);
}

#[test]
fn what_is_no_candidate_is_refused() {
    for text in [
        "candidate:",
        "842163049 1 udp 1 1.2.3.4 5 typ host",
        "candidate:1 1 udp 1 1.2.3.4 5 typ",
        "candidate:1 2 udp 1 1.2.3.4 5 typ host",
        "candidate:1 1 dccp 1 1.2.3.4 5 typ host",
        "candidate:1 1 tcp 1 1.2.3.4 5 typ host",
        "candidate:1 1 tcp 1 1.2.3.4 5 typ host tcptype odd",
        "candidate:1 1 udp 1 1.2.3.4 65536 typ host",
        "candidate:1 1 udp 1 1.2.3.4 5 typ new",
    ] {
        let error = candidate_from_sdp(text).expect_err(text).to_string();
        assert!(error.contains("`a=candidate` can't be read"), "{error}");
    }
    for (text, rule) in [
        (
            "candidate:1 1 udp 0 1.2.3.4 5 typ host",
            "a priority is 1 to 2147483647",
        ),
        (
            "candidate:1! 1 udp 1 1.2.3.4 5 typ host",
            "a foundation has 1 to 32",
        ),
        (
            "candidate:1 1 udp 1 fe80::1%eth0 5 typ host",
            "host name has 1 to 255",
        ),
    ] {
        let error = candidate_from_sdp(text).expect_err(text).to_string();
        assert!(error.contains(rule), "{error}");
    }
    for end in ["", " ", "\r\n"] {
        assert_eq!(candidate_from_sdp(end), Ok(None));
    }
}
