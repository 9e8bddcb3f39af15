//! Peers that join without a server: people carry an invitation, and its answer.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::io::InvitationId;
use boplish_core::wire::{PeerId, Setup, Signal, SignedSignal};
use boplish_core::{Config, Event, InviteError, State};
use boplish_sim::{NetworkConfig, PeerHandle, World, check, replay};

/// A peer that knows no bootstrap server.
fn add_loner(world: &mut World) -> PeerHandle {
    let config = Config {
        bootstrap: false,
        ..Config::default()
    };
    world.add_peer(config)
}

/// Waits for the newest text among the events of a peer.
fn until_text(
    world: &mut World,
    peer: PeerHandle,
    what: &str,
    text_of: impl Fn(&Event) -> Option<String>,
) -> String {
    let mut found = None;
    must(world.run_until_condition(what, secs(5), |world| {
        let mut events = world.events(peer).iter().rev();
        found = events.find_map(|(_, event)| text_of(event));
        found.is_some()
    }));
    found.unwrap()
}

fn invite(world: &mut World, member: PeerHandle) -> (InvitationId, String) {
    let wanted = world.node(member, |node, now| node.invite(now)).unwrap();
    let text_of = |event: &Event| {
        let Event::Invitation { invitation, text } = event else {
            return None;
        };
        (*invitation == wanted).then(|| text.clone())
    };
    let text = until_text(world, member, "the invitation is there", text_of);
    (wanted, text)
}

fn accept(world: &mut World, newcomer: PeerHandle, text: &str) -> Result<String, InviteError> {
    let inviter = world.node(newcomer, |node, now| node.accept_invitation(now, text))?;
    let text_of = |event: &Event| {
        let Event::InvitationAnswer { peer, text } = event else {
            return None;
        };
        (*peer == inviter).then(|| text.clone())
    };
    Ok(until_text(world, newcomer, "the answer is there", text_of))
}

fn complete(world: &mut World, member: PeerHandle, text: &str) -> Result<PeerId, InviteError> {
    world.node(member, |node, now| node.complete_invitation(now, text))
}

fn is_linked(world: &World, peer: PeerHandle, other: PeerHandle) -> bool {
    let other = world.id(other);
    let node = world.look(peer);
    node.is_some_and(|node| node.connected_peers().contains(&other))
}

#[test]
fn two_peers_without_any_server_join_by_hand() {
    for seed in replay::seeds(0..20) {
        let mut world = World::new(seed, NetworkConfig::default());
        let (member, newcomer) = (add_loner(&mut world), add_loner(&mut world));
        let (_, invitation) = invite(&mut world, member);
        assert!(invitation.len() < 400, "{} characters", invitation.len());
        // People take their time.
        world.run_for(secs(200));
        let answer = accept(
            &mut world,
            newcomer,
            &format!(" https://a.example/#i={invitation}\n"),
        );
        world.run_for(secs(200));
        let joined = complete(&mut world, member, &answer.unwrap());
        assert_eq!(joined, Ok(world.id(newcomer)));
        until_mesh(&mut world, secs(15));
        for peer in [member, newcomer] {
            assert_eq!(world.look(peer).unwrap().state(), State::Online);
        }
        // Its restarts and keepalives work as those of any link.
        world.blink(newcomer, secs(10));
        world.run_for(secs(90));
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
        assert_eq!(count(&world, member, is_disconnect), 0);
    }
}

#[test]
fn a_newcomer_joins_a_mesh_whose_server_is_dead() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(5, seed);
        world.kill_server();
        world.run_for(secs(60));
        let newcomer = world.add_peer(Config::default());
        world.run_for(secs(10));
        let (_, invitation) = invite(&mut world, peers[3]);
        let answer = accept(&mut world, newcomer, &invitation).unwrap();
        world.run_for(secs(30));
        complete(&mut world, peers[3], &answer).unwrap();
        until_mesh(&mut world, secs(60));
        assert_eq!(world.look(newcomer).unwrap().connected_peers().len(), 5);
    }
}

#[test]
fn several_invitations_are_each_for_one_newcomer() {
    let mut world = World::new(1, NetworkConfig::default());
    let member = add_loner(&mut world);
    let newcomers: Vec<_> = (0..3).map(|_| add_loner(&mut world)).collect();
    let invitations: Vec<_> = newcomers
        .iter()
        .map(|_| invite(&mut world, member))
        .collect();
    let answers: Vec<_> = newcomers
        .iter()
        .zip(&invitations)
        .map(|(newcomer, (_, text))| accept(&mut world, *newcomer, text).unwrap())
        .collect();
    // A fourth has got hold of the first invitation, too, and is too late.
    let fourth = add_loner(&mut world);
    let late = accept(&mut world, fourth, &invitations[0].1).unwrap();
    for answer in answers.iter().rev() {
        complete(&mut world, member, answer).unwrap();
    }
    assert_eq!(
        complete(&mut world, member, &late),
        Err(InviteError::Lapsed)
    );
    world.run_for(secs(700));
    let failed = Event::InvitationFailed {
        peer: world.id(member),
    };
    assert_eq!(count(&world, fourth, |event| *event == failed), 1);
    world.close(fourth);
    must(check::mesh_complete(&world));
    must(check::no_leaks(&world));
}

#[test]
fn an_invitation_lapses() {
    let mut world = World::new(2, NetworkConfig::default());
    let (member, newcomer) = (add_loner(&mut world), add_loner(&mut world));
    let (id, invitation) = invite(&mut world, member);
    let answer = accept(&mut world, newcomer, &invitation).unwrap();
    world.run_for(secs(600));
    assert_eq!(
        count(&world, member, |event| *event
            == Event::InvitationLapsed(id)),
        1
    );
    assert_eq!(
        complete(&mut world, member, &answer),
        Err(InviteError::Lapsed)
    );
    let again = world.node(newcomer, |node, now| {
        node.accept_invitation(now, &invitation)
    });
    assert_eq!(
        again,
        Err(InviteError::Lapsed),
        "an invitation is accepted once"
    );
    world.run_for(secs(60));
    must(check::no_leaks(&world));
}

#[test]
fn what_is_wrong_with_a_text_is_said() {
    let mut world = World::new(3, NetworkConfig::default());
    let (member, newcomer, other) = (
        add_loner(&mut world),
        add_loner(&mut world),
        add_loner(&mut world),
    );
    let (_, invitation) = invite(&mut world, member);
    let (_, others) = invite(&mut world, other);
    let accepts = |world: &mut World, peer, text: &str| {
        world.node(peer, |node, now| node.accept_invitation(now, text))
    };
    assert_eq!(
        accepts(&mut world, member, &invitation),
        Err(InviteError::Own)
    );
    let answer = accept(&mut world, newcomer, &invitation).unwrap();
    assert_eq!(
        accepts(&mut world, other, &answer),
        Err(InviteError::MixedUp)
    );
    assert_eq!(
        complete(&mut world, member, &others),
        Err(InviteError::MixedUp)
    );
    assert_eq!(
        complete(&mut world, other, &answer),
        Err(InviteError::NotOurs)
    );
    assert_eq!(
        complete(&mut world, newcomer, &answer),
        Err(InviteError::Own)
    );
    for text in ["", "hello", &invitation[1..], "BQ"] {
        let result = accepts(&mut world, other, text);
        assert!(
            matches!(result, Err(InviteError::Malformed(_))),
            "{text}: {result:?}"
        );
    }
    for _ in 0..7 {
        world.node(member, |node, now| node.invite(now)).unwrap();
    }
    let ninth = world.node(member, |node, now| node.invite(now));
    assert_eq!(ninth, Err(InviteError::Full));
    world.close(other);
    assert_eq!(
        accepts(&mut world, other, &invitation),
        Err(InviteError::Closed)
    );
    assert_eq!(
        count(&world, member, |event| matches!(
            event,
            Event::PeerConnected(_)
        )),
        0
    );
}

#[test]
fn a_text_that_was_changed_is_refused() {
    let mut world = World::new(4, NetworkConfig::default());
    let (member, newcomer) = (add_loner(&mut world), add_loner(&mut world));
    let (_, invitation) = invite(&mut world, member);
    let change = |text: &str, at: usize| {
        let mut text = text.to_owned().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    for at in (0..invitation.len()).step_by(7) {
        let changed = change(&invitation, at);
        let result = world.node(newcomer, |node, now| node.accept_invitation(now, &changed));
        assert!(result.is_err(), "character {at}: {result:?}");
    }
    let answer = accept(&mut world, newcomer, &invitation).unwrap();
    for at in (0..answer.len()).step_by(7) {
        let result = complete(&mut world, member, &change(&answer, at));
        assert!(result.is_err(), "character {at}: {result:?}");
    }
    // What was refused has not used the invitation up.
    complete(&mut world, member, &answer).unwrap();
    until_mesh(&mut world, secs(15));
}

#[test]
fn an_answer_with_another_certificate_for_the_invitation_is_refused() {
    let mut world = World::new(5, NetworkConfig::default());
    let (member, newcomer) = (add_loner(&mut world), add_loner(&mut world));
    let mallory = boplish_core::wire::Keypair::from_secret(&[9; 32]);
    let (_, invitation) = invite(&mut world, member);
    // Mallory sits in the middle: an own invitation that looks like the member's.
    let signed = SignedSignal::from_text(&invitation).unwrap();
    let Signal::Offer { mut description } = signed.signal_unverified().unwrap() else {
        panic!("an invitation is an offer");
    };
    assert_eq!(
        description.setup,
        Setup::Active,
        "who waits is the DTLS server"
    );
    description.fingerprint.0[0] ^= 1;
    let forged = SignedSignal::sign(&Signal::Offer { description }, &mallory, None).to_text();
    let answer = accept(&mut world, newcomer, &forged).unwrap();
    assert_eq!(
        complete(&mut world, member, &answer),
        Err(InviteError::Forged)
    );
    world.run_for(secs(30));
    assert!(!is_linked(&world, member, newcomer));
}
