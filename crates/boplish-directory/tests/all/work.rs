//! Newcomers that have to work for their place.

use core::time::Duration;

use crate::common::{LOCALHOST, World, id, keypair};
use boplish_directory::{CloseReason, Config, ConnId, ErrorCode, Limits, ProofOfWork};
use boplish_wire::bootstrap::{FromServer, Work, challenge_response, challenge_response_with_work};

fn world(proof_of_work: ProofOfWork) -> World {
    World::new(Config {
        open_ids: true,
        proof_of_work,
        ..Config::default()
    })
}

/// Connects a client; gives its challenge.
fn challenged(world: &mut World, number: u8) -> (ConnId, [u8; 32], u8) {
    let conn = world.connect_from(&id(number), LOCALHOST, true);
    match FromServer::parse(&world.take(conn).concat()) {
        Ok(FromServer::Challenge { nonce, work }) => (conn, nonce, work),
        other => panic!("no challenge: {other:?}"),
    }
}

fn counter(number: u8, nonce: &[u8; 32], bits: u8) -> Option<u64> {
    Work::new(nonce, keypair(number).id(), bits).search(1_000_000)
}

#[test]
fn whoever_works_is_admitted() {
    let mut world = world(ProofOfWork::Always(8));
    let (conn, nonce, bits) = challenged(&mut world, 1);
    assert_eq!(bits, 8);
    let counter = counter(1, &nonce, bits);
    let answer = challenge_response_with_work(&keypair(1), &nonce, counter);
    world.say(conn, &answer);
    let heard = world.take(conn).concat();
    assert!(matches!(
        FromServer::parse(&heard),
        Ok(FromServer::Welcome { .. })
    ));
}

#[test]
fn whoever_does_not_is_told_so() {
    let mut world = world(ProofOfWork::Always(8));
    // One that knows of no work; one with the work of another; one that has worked before.
    let (old, nonce, bits) = challenged(&mut world, 1);
    let stolen = counter(1, &nonce, bits);
    let (thief, other_nonce, _) = challenged(&mut world, 2);
    for (conn, answer) in [
        (old, challenge_response(&keypair(1), &nonce)),
        (
            thief,
            challenge_response_with_work(&keypair(2), &other_nonce, stolen),
        ),
    ] {
        world.say(conn, &answer);
        assert_eq!(world.take_error(conn).code, ErrorCode::Unproven);
        assert_eq!(world.closed(conn), Some(CloseReason::WorkNeeded));
    }
    // One of the report's, which can't be asked.
    let report = world.connect("alice");
    assert_eq!(world.closed(report), Some(CloseReason::WorkNeeded));
}

#[test]
fn work_has_more_time() {
    let limits = Limits::default();
    let mut world = world(ProofOfWork::Always(8));
    let (conn, ..) = challenged(&mut world, 1);
    world.now = limits.proof_timeout + limits.work_timeout - Duration::from_millis(1);
    world.input(boplish_directory::Input::Timeout);
    assert_eq!(world.closed(conn), None);
    world.now += Duration::from_millis(1);
    world.input(boplish_directory::Input::Timeout);
    assert_eq!(world.closed(conn), Some(CloseReason::ProofTimeout));
}

#[test]
fn only_a_crowd_has_to_work() {
    let mut world = world(ProofOfWork::Auto);
    let free = Limits::default().joins_without_work;
    for _ in 0..free {
        assert_eq!(challenged(&mut world, 1).2, 0);
    }
    let (.., bits) = challenged(&mut world, 1);
    assert_eq!(bits, 12);
    world.now += Duration::from_secs(60);
    assert_eq!(challenged(&mut world, 1).2, 0);
}
