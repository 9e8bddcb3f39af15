//! Who gets a message, and who is told what when nobody does.

use std::collections::BTreeMap;

use crate::common::{World, id, keypair, offer, text};
use boplish_directory::{Config, ConnId, ErrorCode, Input};
use boplish_wire::MessageId;
use boplish_wire::bootstrap::{FromServer, challenge_response};

#[test]
fn a_message_arrives_byte_by_byte_as_it_was_sent() {
    let mut world = World::open();
    let (alice, bob, carol) = (
        world.connect("alice"),
        world.connect("bob"),
        world.connect("carol"),
    );
    let text = "{ \"to\":\"b\\u006fb\",\n\"from\" : \"alice\", \"extra\":[1.50,  {}], \"payload\":\"\u{e4}\" }";
    world.say(alice, text);
    assert_eq!(world.take(bob), [text]);
    assert!(world.take(alice).is_empty() && world.take(carol).is_empty());
    assert_eq!(world.directory.stats().forwarded, 1);
    assert_eq!(world.directory.stats().forwarded_bytes, text.len() as u64);
}

#[test]
fn peer_ids_are_the_same_in_upper_case() {
    let mut world = World::new(Config::default());
    let (alice, bob) = (world.admit(1), world.admit(2));
    let shouted = text(&id(1).to_uppercase(), &id(2).to_uppercase());
    world.say(alice, &shouted);
    assert_eq!(world.take(bob), [shouted]);
}

#[test]
fn every_way_to_leave_the_receiver_open_reaches_somebody_else() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    for to in ["", r#""to":null,"#, r#""to":"","#, r#""to":"*","#] {
        let text = format!(r#"{{{to}"from":"alice","type":"chat","payload":1}}"#);
        world.say(alice, &text);
        assert_eq!(world.take(bob), [text]);
        assert!(world.take(alice).is_empty());
    }
}

#[test]
fn a_random_receiver_is_any_other_member_with_the_same_probability() {
    const PEERS: usize = 8;
    const DRAWS: usize = 7_000;
    let mut config = Config {
        open_ids: true,
        ..Config::default()
    };
    config.limits.messages.burst = u32::MAX;
    config.limits.bytes.burst = u32::MAX;
    let mut world = World::new(config);
    let conns: Vec<ConnId> = (0..PEERS)
        .map(|n| world.connect(&format!("peer{n}")))
        .collect();
    // Challenged clients are none of them.
    let (challenged, _) = world.challenge(1);
    let mut counts = BTreeMap::<ConnId, usize>::new();
    for _ in 0..DRAWS {
        world.say(conns[3], &text("peer3", ""));
        for &conn in &conns {
            *counts.entry(conn).or_default() += world.take(conn).len();
        }
    }
    assert!(world.take(challenged).is_empty());
    assert_eq!(counts.remove(&conns[3]), Some(0));
    // Binomial with n = 7,000 and p = 1/7: 1,000 on average, deviation 29.
    for (conn, count) in counts {
        assert!((850..=1_150).contains(&count), "{conn:?}: {count}");
    }
}

#[test]
fn an_offer_of_somebody_who_is_alone_is_denied() {
    let mut world = World::new(Config::default());
    let alice = world.admit(1);
    let (challenged, _) = world.challenge(2);
    world.say(alice, &offer(&id(1)));
    let denied = FromServer::Denied {
        id: Some(MessageId(17)),
    };
    assert_eq!(FromServer::parse(&world.take(alice)[0]), Ok(denied));
    assert!(world.take(challenged).is_empty());
    assert_eq!(world.directory.stats().denied, 1);
}

#[test]
fn another_message_of_somebody_who_is_alone_has_no_recipient() {
    let mut world = World::open();
    let alice = world.connect("alice");
    world.say(alice, &text("alice", ""));
    world.assert_refused(alice, &ErrorCode::NoRecipient);
}

#[test]
fn an_unknown_receiver_is_named() {
    let mut world = World::open();
    let alice = world.connect("alice");
    for nobody in ["bob", &id(7), "no/id"] {
        world.say(alice, &text("alice", nobody));
        let error = world.take_error(alice);
        assert_eq!(error.code, ErrorCode::UnknownPeer);
        assert_eq!(error.peer.as_deref(), Some(nobody));
    }
}

#[test]
fn somebody_who_left_is_unknown() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    world.input(Input::Disconnected { conn: bob });
    world.say(alice, &text("alice", "bob"));
    world.assert_refused(alice, &ErrorCode::UnknownPeer);
}

#[test]
fn a_forged_sender_is_refused() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    for from in [
        r#""from":"carol","#,
        r#""from":"bob","#,
        r#""from":"","#,
        "",
    ] {
        world.say(
            alice,
            &format!(r#"{{{from}"type":"chat","to":"bob","payload":1}}"#),
        );
        world.assert_refused(alice, &ErrorCode::WrongFrom);
    }
    assert!(world.take(bob).is_empty());
}

#[test]
fn what_is_no_message_is_refused() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    for (text, code) in [
        ("hello", ErrorCode::NotJson),
        ("", ErrorCode::NotJson),
        (r#"{"from":"alice","to":"bob""#, ErrorCode::NotJson),
        ("null", ErrorCode::NotObject),
        ("[]", ErrorCode::NotObject),
        ("7", ErrorCode::NotObject),
        (r#"{"from":"alice","to":7}"#, ErrorCode::Malformed),
        (r#"{"from":["alice"],"to":"bob"}"#, ErrorCode::Malformed),
        (r#"{"from":"alice","to":"alice"}"#, ErrorCode::Malformed),
    ] {
        world.say(alice, text);
        let error = world.take_error(alice);
        assert_eq!(error.code, code, "{text}: {}", error.message);
    }
    world.input(Input::Binary { conn: alice });
    world.assert_refused(alice, &ErrorCode::Binary);
    assert!(world.take(bob).is_empty());
    // And still the client may speak.
    world.say(alice, &text("alice", "bob"));
    assert_eq!(world.take(bob).len(), 1);
}

#[test]
fn a_second_proof_goes_to_nobody() {
    let mut world = World::new(Config::default());
    let (alice, bob) = (world.admit(1), world.admit(2));
    world.say(alice, &challenge_response(&keypair(1), &[0; 32]));
    world.assert_refused(alice, &ErrorCode::Malformed);
    assert!(world.take(bob).is_empty());
}

#[test]
fn the_refused_message_is_named() {
    let mut world = World::open();
    let alice = world.connect("alice");
    world.say(alice, r#"{"id":"99","from":"alice","to":"bob"}"#);
    assert_eq!(world.take_error(alice).id, Some(MessageId(99)));
}
