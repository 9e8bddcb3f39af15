//! Who is admitted, and who takes whose place.

use core::time::Duration;

use crate::common::{LOCALHOST, World, id, keypair, offer, text};
use boplish_directory::{
    CloseReason, Config, ErrorCode, Event, IceServer, Input, NetworkParameters, What,
};
use boplish_wire::bootstrap::{FromServer, challenge_response};

#[test]
fn a_client_that_proves_its_id_is_welcomed_with_the_ice_servers_and_the_network() {
    let ice_servers = vec![IceServer {
        urls: vec!["stun:stun.example.org".to_owned()],
        username: None,
        credential: None,
    }];
    let network = NetworkParameters {
        link_budget: 50,
        ..NetworkParameters::mesh()
    };
    let mut world = World::new(Config {
        ice_servers: ice_servers.clone(),
        network: Some(network),
        ..Config::default()
    });
    let (alice, nonce) = world.challenge(1);
    assert_eq!(world.connected(), 0);
    world.say(alice, &challenge_response(&keypair(1), &nonce));
    let welcome = FromServer::Welcome {
        ice_servers,
        network: Some(network),
    };
    assert_eq!(FromServer::parse(&world.take(alice)[0]), Ok(welcome));
    assert_eq!(world.connected(), 1);
    let expected = What::Admitted { proven: true };
    assert!(matches!(world.events.as_slice(), [Event { what, .. }] if *what == expected));
}

#[test]
fn the_key_of_another_id_proves_nothing() {
    let mut world = World::new(Config::default());
    let bob = world.admit(2);
    let (thief, nonce) = world.challenge(1);
    world.say(thief, &challenge_response(&keypair(3), &nonce));
    assert_eq!(world.take_error(thief).code, ErrorCode::Unproven);
    assert_eq!(world.closed(thief), Some(CloseReason::BadProof));
    assert_eq!(world.closed(bob), None);
    assert!(world.take(bob).is_empty());
    assert_eq!(world.connected(), 1);
}

#[test]
fn a_stolen_id_does_not_disturb_its_owner() {
    let mut world = World::new(Config::default());
    let owner = world.admit(1);
    let (thief, nonce) = world.challenge(1);
    // The thief's own proof with the owner's name on it.
    let proof = challenge_response(&keypair(9), &nonce).replace(&id(9), &id(1));
    world.say(thief, &proof);
    assert_eq!(world.closed(thief), Some(CloseReason::BadProof));
    assert_eq!(world.closed(owner), None);
    let bob = world.admit(2);
    world.say(bob, &text(&id(2), &id(1)));
    assert_eq!(world.take(owner), [text(&id(2), &id(1))]);
}

#[test]
fn a_replayed_proof_proves_nothing() {
    let mut world = World::new(Config::default());
    let (_, old_nonce) = world.challenge(1);
    let (again, new_nonce) = world.challenge(1);
    assert_ne!(old_nonce, new_nonce);
    world.say(again, &challenge_response(&keypair(1), &old_nonce));
    assert_eq!(world.closed(again), Some(CloseReason::BadProof));
}

#[test]
fn nothing_but_a_proof_may_come_first() {
    let mut world = World::new(Config::default());
    let bob = world.admit(2);
    for first in [text(&id(1), &id(2)), offer(&id(1)), "no JSON".to_owned()] {
        let (alice, _) = world.challenge(1);
        world.say(alice, &first);
        assert_eq!(world.closed(alice), Some(CloseReason::BadProof), "{first}");
    }
    assert!(world.take(bob).is_empty());
}

#[test]
fn a_client_that_proves_nothing_in_time_is_closed() {
    let mut world = World::new(Config::default());
    let (early, _) = world.challenge(1);
    world.now = Duration::from_secs(4);
    let (late, nonce) = world.challenge(2);
    assert_eq!(
        world.directory.poll_timeout(),
        Some(Duration::from_secs(10))
    );
    world.now = Duration::from_secs(10);
    world.input(Input::Timeout);
    assert_eq!(world.closed(early), Some(CloseReason::ProofTimeout));
    assert_eq!(world.closed(late), None);
    world.say(late, &challenge_response(&keypair(2), &nonce));
    assert_eq!(world.directory.poll_timeout(), None);
    assert_eq!(world.connected(), 1);
}

#[test]
fn a_proven_newcomer_replaces_the_former_connection() {
    let mut world = World::new(Config::default());
    let bob = world.admit(2);
    let former = world.admit(1);
    let (newer, nonce) = world.challenge(1);
    assert_eq!(world.closed(former), None, "not before the proof");
    world.say(newer, &challenge_response(&keypair(1), &nonce));
    assert_eq!(world.closed(former), Some(CloseReason::Replaced));
    world.take(newer);

    // What comes late from the former connection is nothing to the newer one.
    world.say(former, &text(&id(1), &id(2)));
    world.input(Input::Disconnected { conn: former });
    assert!(world.take(bob).is_empty());
    world.say(bob, &text(&id(2), &id(1)));
    assert_eq!(world.take(newer), [text(&id(2), &id(1))]);
    assert_eq!(world.connected(), 2);
}

#[test]
fn an_id_that_no_key_can_prove_is_refused() {
    let mut world = World::open();
    let conn = world.connect_from("alice", LOCALHOST, true);
    assert_eq!(world.closed(conn), Some(CloseReason::IdNotProvable));
}

#[test]
fn a_client_of_the_report_is_refused_unless_ids_are_open() {
    let mut world = World::new(Config::default());
    let conn = world.connect("alice");
    assert_eq!(world.closed(conn), Some(CloseReason::ProofNeeded));
    assert!(CloseReason::ProofNeeded.text().contains("boplish.v1"));
    assert!(CloseReason::ProofNeeded.text().contains("--open-ids"));

    let mut world = World::open();
    let conn = world.connect("alice");
    assert_eq!(world.closed(conn), None);
    assert_eq!(world.connected(), 1);
    assert!(
        world.take(conn).is_empty(),
        "it knows no messages of the server"
    );
}

#[test]
fn an_unproven_client_takes_nobodys_id() {
    let mut world = World::open();
    let alice = world.connect("alice");
    let second = world.connect("alice");
    assert_eq!(world.closed(second), Some(CloseReason::IdInUse));
    let proven = world.admit(1);
    for spelling in [id(1), id(1).to_uppercase()] {
        let thief = world.connect(&spelling);
        assert_eq!(
            world.closed(thief),
            Some(CloseReason::IdInUse),
            "{spelling}"
        );
    }
    assert_eq!((world.closed(alice), world.closed(proven)), (None, None));

    world.input(Input::Disconnected { conn: alice });
    let third = world.connect("alice");
    assert_eq!(world.closed(third), None, "the id is free again");
}

#[test]
fn a_proof_takes_the_id_from_an_unproven_client() {
    let mut world = World::open();
    let squatter = world.connect(&id(1));
    assert_eq!(world.closed(squatter), None);
    let owner = world.admit(1);
    assert_eq!(world.closed(squatter), Some(CloseReason::Replaced));
    assert_eq!(world.closed(owner), None);
    assert_eq!(world.connected(), 1);
}

#[test]
fn a_shutdown_tells_and_closes_everybody_and_admits_nobody() {
    let mut world = World::open();
    let (member, open) = (world.admit(1), world.connect("alice"));
    let (challenged, _) = world.challenge(2);
    world.take(challenged);
    world.input(Input::Shutdown);
    for conn in [member, open, challenged] {
        let heard = world.take(conn);
        assert!(
            matches!(
                heard
                    .iter()
                    .map(|text| FromServer::parse(text))
                    .collect::<Vec<_>>()
                    .as_slice(),
                [Ok(FromServer::Shutdown { .. })]
            ),
            "{heard:?}"
        );
        assert_eq!(world.closed(conn), Some(CloseReason::Shutdown));
    }
    let late = world.connect("bob");
    assert_eq!(world.closed(late), Some(CloseReason::Shutdown));
    assert_eq!(world.connected(), 0);
}

#[test]
fn every_close_reason_fits_into_a_close_frame_with_a_code_of_its_own() {
    let mut codes = std::collections::BTreeSet::new();
    for reason in CloseReason::ALL {
        assert!(reason.text().len() <= 123, "{reason:?}");
        assert!(codes.insert(reason.code()), "{reason:?}");
        assert!(
            matches!(reason.code(), 1001 | 1009 | 4000..=4999),
            "{reason:?}"
        );
    }
}
