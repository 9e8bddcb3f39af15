use boplish_wire::bootstrap::{
    ChallengeError, ClientId, ClientIdError, ErrorCode, FromServer, Head, HeadError, IceServer,
    JOINED, MAX_WORK, NetworkParameters, RouterKind, ServerError, Work, challenge,
    challenge_response, challenge_response_with_work, denied, error, ice_servers, joined, release,
    shutdown, verify_challenge_response, welcome,
};
use boplish_wire::{JsonError, MessageId, json};
use proptest::prelude::*;

use crate::any::{alice, any_message, bob, mallory, ping};

const NONCE: [u8; 32] = [7; 32];

proptest! {
    #[test]
    fn arbitrary_text_is_read_or_refused(text: String) {
        for text in [text.clone(), format!("{{{text}}}")] {
            let _ = Head::parse(&text);
            let _ = FromServer::parse(&text);
            prop_assert!(verify_challenge_response(&text, alice().id(), &NONCE, 0).is_err());
            let _ = ClientId::new(&text);
        }
    }

    #[test]
    fn a_head_agrees_with_the_message(message in any_message()) {
        let text = json::encode(&message);
        let head = Head::parse(&text).expect("it is a message");
        prop_assert_eq!(head.kind.as_deref(), Some(message.protocol.as_str()));
        prop_assert_eq!(head.from.as_deref(), Some(&*message.from.to_string()));
        let to = message.to.map(|to| to.to_string());
        prop_assert_eq!(head.to.as_deref(), to.as_deref());
        let id = message.id.0.to_string();
        prop_assert_eq!(head.id.as_deref(), Some(&*id));
        prop_assert_eq!(FromServer::parse(&text), Ok(FromServer::Message(message)));
    }
}

#[test]
fn a_peer_proves_its_id_when_challenged() {
    let text = challenge(&alice().id().to_string(), &NONCE, 0);
    assert_eq!(
        FromServer::parse(&text),
        Ok(FromServer::Challenge {
            nonce: NONCE,
            work: 0
        })
    );
    let response = challenge_response(&alice(), &NONCE);
    assert_eq!(
        verify_challenge_response(&response, alice().id(), &NONCE, 0),
        Ok(())
    );
}

#[test]
fn a_peer_works_as_hard_as_the_challenge_asks() {
    let (id, bits) = (alice().id(), 8);
    let text = challenge(&id.to_string(), &NONCE, bits);
    let expected = FromServer::Challenge {
        nonce: NONCE,
        work: bits,
    };
    assert_eq!(FromServer::parse(&text), Ok(expected));
    let mut work = Work::new(&NONCE, id, bits);
    let counter = std::iter::repeat_with(|| work.search(16)).find_map(|found| found);
    let response = challenge_response_with_work(&alice(), &NONCE, counter);
    assert_eq!(
        verify_challenge_response(&response, id, &NONCE, bits),
        Ok(())
    );
    // No work, work for another nonce, work of another peer, and too little work.
    let refused = Err(ChallengeError::WorkNeeded(bits));
    let lazy = challenge_response(&alice(), &NONCE);
    assert_eq!(verify_challenge_response(&lazy, id, &NONCE, bits), refused);
    assert_eq!(
        verify_challenge_response(&response, id, &[8; 32], bits),
        refused
    );
    let counter = counter.expect("it was found");
    assert!(!Work::new(&NONCE, mallory().id(), bits).holds(counter));
    assert_eq!(
        verify_challenge_response(&response, id, &NONCE, 64),
        Err(ChallengeError::WorkNeeded(64))
    );
}

#[test]
fn work_that_no_peer_would_end_is_refused() {
    let hardest = challenge(&alice().id().to_string(), &NONCE, MAX_WORK);
    assert!(FromServer::parse(&hardest).is_ok());
    for work in ["25", "256", "-1", r#""8""#] {
        let text = hardest.replace(r#""work":24"#, &format!(r#""work":{work}"#));
        assert!(FromServer::parse(&text).is_err(), "{work}");
    }
}

#[test]
fn a_stolen_id_an_old_proof_and_another_message_are_refused() {
    let (alice, mallory) = (alice(), mallory());
    let response = challenge_response(&alice, &NONCE);
    assert_eq!(
        verify_challenge_response(&response, alice.id(), &[8; 32], 0),
        Err(ChallengeError::Unproven(alice.id()))
    );
    assert_eq!(
        verify_challenge_response(&response, mallory.id(), &NONCE, 0),
        Err(ChallengeError::WrongFrom(alice.id(), mallory.id()))
    );
    let stolen = challenge_response(&mallory, &NONCE)
        .replace(&mallory.id().to_string(), &alice.id().to_string());
    assert_eq!(
        verify_challenge_response(&stolen, alice.id(), &NONCE, 0),
        Err(ChallengeError::Unproven(alice.id()))
    );
    let other = verify_challenge_response(&json::encode(&ping()), alice.id(), &NONCE, 0);
    assert_eq!(
        other,
        Err(ChallengeError::NotAResponse("ping-protocol".to_owned()))
    );
}

#[test]
fn what_the_directory_writes_peers_read() {
    let to = alice().id().to_string();
    let servers = vec![
        IceServer {
            urls: vec!["stun:stun.example:3478".to_owned()],
            username: None,
            credential: None,
        },
        IceServer {
            urls: vec![
                "turn:turn.example".to_owned(),
                "turns:turn.example".to_owned(),
            ],
            username: Some("u".to_owned()),
            credential: Some("p\"".to_owned()),
        },
    ];
    let network = NetworkParameters {
        successors: 5,
        link_budget: 300,
        ..NetworkParameters::chord()
    };
    let text = welcome(&to, &servers, Some(&network));
    assert!(
        text.contains(r#""iceServers":[{"urls":["stun:stun.example:3478"]},"#),
        "{text}"
    );
    assert_eq!(
        FromServer::parse(&text),
        Ok(FromServer::Welcome {
            ice_servers: servers.clone(),
            network: Some(network)
        })
    );
    assert_eq!(
        FromServer::parse(&ice_servers(&to, &servers)),
        Ok(FromServer::IceServers(servers))
    );
    for within in [None, Some(21_600)] {
        let entry_peers = 256;
        assert_eq!(
            FromServer::parse(&release(&to, 256, within)),
            Ok(FromServer::Release {
                entry_peers,
                within
            })
        );
    }
    assert_eq!(
        FromServer::parse(&denied(&to, Some("12"))),
        Ok(FromServer::Denied {
            id: Some(MessageId(12))
        })
    );
    assert_eq!(
        FromServer::parse(&denied(&to, None)),
        Ok(FromServer::Denied { id: None })
    );
    let refusal = error(
        &to,
        &ErrorCode::UnknownPeer,
        "nobody",
        Some("f9c8"),
        Some("12"),
    );
    assert_eq!(
        FromServer::parse(&refusal),
        Ok(FromServer::Error(ServerError {
            code: ErrorCode::UnknownPeer,
            message: "nobody".to_owned(),
            peer: Some("f9c8".to_owned()),
            id: Some(MessageId(12)),
        }))
    );
    assert_eq!(
        FromServer::parse(&shutdown(&to, "restart")),
        Ok(FromServer::Shutdown {
            reason: "restart".to_owned()
        })
    );
}

#[test]
fn a_denied_offer_reads_as_clients_of_the_report_know_it() {
    assert_eq!(
        denied("alice", None),
        r#"{"type":"signaling-protocol","from":"","to":"alice","payload":{"type":"denied","reason":"alone"}}"#
    );
}

#[test]
fn every_error_code_has_one_spelling() {
    let codes = [
        ErrorCode::NotJson,
        ErrorCode::NotObject,
        ErrorCode::Malformed,
        ErrorCode::WrongFrom,
        ErrorCode::NoRecipient,
        ErrorCode::UnknownPeer,
        ErrorCode::TooLarge,
        ErrorCode::RateLimited,
        ErrorCode::Unproven,
        ErrorCode::Binary,
        ErrorCode::OtherNetwork,
        ErrorCode::Internal,
        ErrorCode::Other("of-another-time".to_owned()),
    ];
    for code in codes {
        assert_eq!(ErrorCode::from(code.as_str()), code);
    }
}

#[test]
fn a_text_in_an_error_is_cut_between_characters() {
    let text = error("a", &ErrorCode::Internal, &"ä".repeat(150), None, None);
    let message = match FromServer::parse(&text) {
        Ok(FromServer::Error(error)) => error.message,
        other => panic!("{other:?}"),
    };
    assert_eq!(message, "ä".repeat(100));
    let text = error(
        "a",
        &ErrorCode::Internal,
        &format!("x{}", "ä".repeat(150)),
        None,
        None,
    );
    assert!(text.contains(&format!("x{}\"", "ä".repeat(99))), "{text}");
}

#[test]
fn only_an_empty_from_is_the_server() {
    let text = challenge(&alice().id().to_string(), &NONCE, 0)
        .replace(r#""from":"""#, &format!(r#""from":"{}""#, bob().id()));
    assert!(matches!(
        FromServer::parse(&text),
        Ok(FromServer::Message(_))
    ));
    let text = challenge(&alice().id().to_string(), &NONCE, 0).replace(r#""from":"","#, "");
    assert!(matches!(
        FromServer::parse(&text),
        Err(JsonError::Property { name: "from", .. })
    ));
    assert_eq!(
        FromServer::parse(r#"{"type":"new","from":"","payload":{}}"#),
        Err(JsonError::UnknownServerMessage("new".to_owned()))
    );
}

#[test]
fn a_welcome_may_say_more() {
    let text = r#"{"type":"welcome","from":"","to":"a","payload":{"motd":1,"iceServers":[{"urls":[],"x":0}]},"v":2}"#;
    assert!(matches!(
        FromServer::parse(text),
        Ok(FromServer::Welcome { ice_servers, network: None }) if ice_servers.len() == 1
    ));
}

#[test]
fn the_parameters_of_a_network_have_defaults_and_may_say_more() {
    let network = |json: &str| {
        let text = welcome("a", &[], Some(&NetworkParameters::mesh()));
        let known = r#"{"version":1,"router":"mesh","successors":8,"linkBudget":34}"#;
        assert!(text.contains(known), "{text}");
        match FromServer::parse(&text.replace(known, json)) {
            Ok(FromServer::Welcome { network, .. }) => network,
            _ => None,
        }
    };
    let chord = network(r#"{"router":"chord","name":"a"}"#);
    assert_eq!(chord, Some(NetworkParameters::chord()));
    let unknown = network(r#"{"router":"pastry"}"#).expect("it is well-formed");
    assert_eq!(unknown.router, RouterKind::Unknown);
    let later = network(r#"{"router":"chord","version":2}"#).expect("it is well-formed");
    assert!(!unknown.is_known() && !later.is_known());
    for bad in [
        "7",
        "{}",
        r#"{"router":1}"#,
        r#"{"router":"chord","successors":256}"#,
    ] {
        assert_eq!(network(bad), None, "{bad}");
    }
}

#[test]
fn peers_of_one_network_have_one_code() {
    let chord = NetworkParameters::chord();
    let more_links = NetworkParameters {
        link_budget: 50,
        ..chord
    };
    assert_eq!(chord.code(), 0x01_01_08);
    assert_eq!(chord.code(), more_links.code());
    assert_eq!(
        NetworkParameters::mesh().code(),
        NetworkParameters::MESH_CODE
    );
    for other in [
        NetworkParameters::mesh(),
        NetworkParameters {
            successors: 9,
            ..chord
        },
        NetworkParameters {
            version: 2,
            ..chord
        },
    ] {
        assert_ne!(chord.code(), other.code(), "{other}");
    }
}

#[test]
fn a_peer_that_has_joined_says_so_to_nobody_in_particular() {
    let text = joined(alice().id());
    let head = Head::parse(&text).expect("it is an object");
    assert_eq!(head.kind.as_deref(), Some(JOINED));
    assert_eq!(head.from.as_deref(), Some(&*alice().id().to_string()));
    assert_eq!(head.to, None);
}

#[test]
fn a_release_names_a_number_of_entry_peers() {
    for bad in ["0", "-1", "1.5", "\"8\"", "4294967296", "null"] {
        let text = release("a", 8, None).replace('8', bad);
        assert!(FromServer::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn a_head_tells_bad_texts_apart() {
    for text in ["", "{", "nope", "{}x", "{\"to\":\"\u{1}\"}"] {
        let error = Head::parse(text).expect_err(text);
        assert_eq!(error.code(), ErrorCode::NotJson, "{text}: {error}");
    }
    for text in ["null", "[]", "[\"p\",\"f\"]", "7", "\"x\"", " true "] {
        assert_eq!(Head::parse(text), Err(HeadError::NotObject), "{text}");
    }
    for (text, name) in [
        (r#"{"type":1}"#, "type"),
        (r#"{"from":["a"]}"#, "from"),
        (r#"{"to":{}}"#, "to"),
        (r#"{"id":3}"#, "id"),
    ] {
        assert_eq!(Head::parse(text), Err(HeadError::NotString(name)));
    }
}

#[test]
fn a_head_without_a_receiver_goes_to_anyone() {
    for text in [
        "{}",
        r#"{"to":null}"#,
        r#"{"to":""}"#,
        r#"{"to":"*"}"#,
        r#"{"to":"\u002a"}"#,
    ] {
        assert_eq!(Head::parse(text).map(|head| head.to), Ok(None), "{text}");
    }
    let text = r#"{"to":"a\u006cice"}"#;
    let head = Head::parse(text).expect("it has a receiver");
    assert_eq!(head.to.as_deref(), Some("alice"));
}

#[test]
fn a_head_knows_an_offer() {
    let is_offer = |text: &str| Head::parse(text).expect("it is an object").is_offer;
    assert!(is_offer(
        r#"{"type":"signaling-protocol","payload":{"sdp":[1],"type":"offer"}}"#
    ));
    for text in [
        r#"{"type":"signaling-protocol","payload":{"type":"answer"}}"#,
        r#"{"type":"signaling-protocol","payload":{"type":"restart-offer"}}"#,
        r#"{"type":"signaling-protocol","payload":["offer"]}"#,
        r#"{"type":"signaling-protocol","payload":"offer"}"#,
        r#"{"type":"signaling-protocol"}"#,
        r#"{"type":"ping-protocol","payload":{"type":"offer"}}"#,
    ] {
        assert!(!is_offer(text), "{text}");
    }
}

#[test]
fn a_client_id_has_1_to_64_unreserved_characters() {
    for good in ["a", "Alice-1._~", &"x".repeat(64)] {
        assert_eq!(ClientId::new(good).expect("it is good").as_str(), good);
    }
    assert_eq!(ClientId::new(""), Err(ClientIdError::Length(0)));
    let error = ClientId::new(&"x".repeat(65)).expect_err("one character too many");
    assert!(error.to_string().contains("1 to 64"), "{error}");
    for (bad, c) in [
        ("a/b", '/'),
        ("ä", 'ä'),
        ("a b", ' '),
        ("%41", '%'),
        ("*", '*'),
    ] {
        assert_eq!(ClientId::new(bad), Err(ClientIdError::Character(c)));
    }
}

#[test]
fn a_client_id_of_40_lower_case_hex_digits_is_a_peer_id() {
    let id = alice().id();
    assert_eq!(ClientId::from(id).as_peer_id(), Some(id));
    for other in ["alice", &id.to_string().to_uppercase(), &"g".repeat(40)] {
        assert_eq!(ClientId::new(other).expect("it is good").as_peer_id(), None);
    }
}
