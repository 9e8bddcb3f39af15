//! Whoever sits on the way can break things, but take no name and sit in the middle of nothing.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::cell::RefCell;
use std::rc::Rc;

use crate::common::*;

use boplish_core::io::Refusal;
use boplish_core::wire::{Frame, Keypair, Message, Payload, Signal, SignedSignal, json as text};
use boplish_core::{Config, Event};
use boplish_sim::{Leg, NetworkConfig, PeerHandle, Verdict, World, check, replay};

fn signal_of(message: &Message) -> Option<Signal> {
    let signed = SignedSignal::from_payload(&message.payload).ok()?;
    signed.signal_unverified().ok()
}

fn refusals(world: &World, peer: PeerHandle, reason: &Refusal) -> usize {
    count(
        world,
        peer,
        |event| matches!(event, Event::Refused { reason: it, .. } if it == reason),
    )
}

/// A hook that changes the messages from the server to peers, where there is something to change.
fn on_messages(
    mut change: impl FnMut(PeerHandle, Message) -> Option<Message> + 'static,
) -> impl FnMut(Leg, &str) -> Verdict<String> + 'static {
    move |leg, it| match (leg, text::decode(it)) {
        (Leg::FromServer(to), Ok(message)) => match change(to, message) {
            Some(changed) => Verdict::Instead(vec![text::encode(&changed)]),
            None => Verdict::Pass,
        },
        (Leg::FromServer(_) | Leg::ToServer(_), _) => Verdict::Pass,
    }
}

/// One peer is there, another comes; what reaches the first is changed.
fn newcomer_with(
    seed: u64,
    change: impl FnMut(PeerHandle, Message) -> Option<Message> + 'static,
) -> (World, [PeerHandle; 2]) {
    let mut world = World::new(seed, NetworkConfig::default());
    let first = world.add_peer(Config::default());
    world.run_for(secs(3));
    world.tamper_with_texts(on_messages(change));
    let second = world.add_peer(Config::default());
    world.run_for(secs(8));
    (world, [first, second])
}

#[test]
fn a_signal_with_a_forged_sender_is_refused() {
    let mallory = Keypair::from_secret(&[7; 32]).id();
    for seed in replay::seeds(0..10) {
        let (mut world, [first, _]) = newcomer_with(seed, move |to, mut message| {
            message.from = mallory;
            (to.index() == 0 && signal_of(&message).is_some()).then_some(message)
        });
        let refused = refusals(&world, first, &Refusal::UnverifiedSignal);
        ensure(&world, refused > 0, "the first peer refuses it");
        ensure(
            &world,
            world.open_connections().is_empty(),
            "there is no link",
        );
        world.stop_tampering();
        until_mesh(&mut world, secs(120));
    }
}

#[test]
fn a_message_with_a_forged_sender_is_refused() {
    let mallory = Keypair::from_secret(&[7; 32]).id();
    for seed in replay::seeds(0..10) {
        let mut world = World::new(seed, NetworkConfig::default());
        let first = world.add_peer(Config::default());
        let second = world.add_peer(Config::default());
        world.set_reachable(first, second, false);
        world.run_for(secs(5));
        world.tamper_with_texts(on_messages(move |_, mut message| {
            message.from = mallory;
            (message.protocol.as_str() == "talk").then_some(message)
        }));
        let to = world.id(second);
        let talk = (protocol("talk"), json("1"));
        let id = world
            .node(first, |node, now| node.send(now, to, talk.0, talk.1))
            .unwrap();
        world.run_for(secs(20));
        let refused = refusals(&world, second, &Refusal::UnprovenMessage);
        ensure(&world, refused == 1, "the receiver refuses it");
        let heard = count(&world, second, |event| {
            matches!(event, Event::Message { .. })
        });
        ensure(&world, heard == 0, "its application hears nothing");
        let undelivered = count(
            &world,
            first,
            |event| matches!(event, Event::Undelivered { id: it, .. } if *it == id),
        );
        ensure(
            &world,
            undelivered == 1,
            "the sender learns that it did not arrive",
        );
    }
}

fn with_other_fingerprint(message: &Message) -> Option<Message> {
    let (Signal::Offer { description } | Signal::Answer { description, .. }) = signal_of(message)?
    else {
        return None;
    };
    let signed = SignedSignal::from_payload(&message.payload).ok()?;
    let Payload::Bytes(mut bytes) = signed.to_payload() else {
        return None;
    };
    let real = description.fingerprint.0;
    let at = bytes.windows(32).position(|it| it == real)?;
    bytes[at..at + 32].copy_from_slice(&[0x66; 32]);
    let mut changed = message.clone();
    changed.payload = Payload::Bytes(bytes);
    Some(changed)
}

#[test]
fn an_offer_or_answer_with_a_swapped_fingerprint_is_refused() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = newcomer_with(seed, |_, message| with_other_fingerprint(&message));
        let refused: usize = peers
            .iter()
            .map(|peer| refusals(&world, *peer, &Refusal::UnverifiedSignal))
            .sum();
        ensure(&world, refused > 0, "it is refused");
        ensure(
            &world,
            world.open_connections().is_empty(),
            "there is no link",
        );
        world.stop_tampering();
        until_mesh(&mut world, secs(120));
    }
}

#[test]
fn a_fingerprint_swapped_and_signed_by_another_is_refused() {
    for seed in replay::seeds(0..10) {
        let mallory = Keypair::from_secret(&[7; 32]);
        let (world, peers) = newcomer_with(seed, move |_, message| {
            let signal = signal_of(&with_other_fingerprint(&message)?)?;
            let payload = SignedSignal::sign(&signal, &mallory, message.to).to_payload();
            Some(Message { payload, ..message })
        });
        let refused: usize = peers
            .iter()
            .map(|peer| refusals(&world, *peer, &Refusal::UnverifiedSignal))
            .sum();
        ensure(&world, refused > 0, "it is refused");
        ensure(
            &world,
            world.open_connections().is_empty(),
            "there is no link",
        );
    }
}

#[test]
fn a_replayed_offer_is_refused_and_costs_no_link() {
    for seed in replay::seeds(0..10) {
        let kept: Rc<RefCell<Vec<(PeerHandle, String)>>> = Rc::default();
        let keeper = Rc::clone(&kept);
        let mut world = World::new(seed, NetworkConfig::default());
        world.tamper_with_texts(move |leg, it| {
            if let (Leg::FromServer(to), Ok(message)) = (leg, text::decode(it))
                && let Some(Signal::Offer { .. }) = signal_of(&message)
            {
                keeper.borrow_mut().push((to, it.to_owned()));
            }
            Verdict::Pass
        });
        world.add_peer(Config::default());
        world.run_for(secs(3));
        world.add_peer(Config::default());
        until_mesh(&mut world, secs(30));
        let kept = kept.borrow().clone();
        ensure(&world, !kept.is_empty(), "there was an offer");
        for (to, offer) in kept {
            let before = refusals(&world, to, &Refusal::ReplayedOffer)
                + refusals(&world, to, &Refusal::ReplayedMessage);
            world.inject_text(to, &offer);
            world.run_for(secs(20));
            let after = refusals(&world, to, &Refusal::ReplayedOffer)
                + refusals(&world, to, &Refusal::ReplayedMessage);
            ensure(&world, after > before, "it is refused");
        }
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
        for peer in world.living() {
            let downs = count(&world, peer, is_disconnect);
            ensure(&world, downs == 0, "nobody loses a link");
        }
    }
}

#[test]
fn everything_that_went_through_the_server_replayed_later_costs_no_link() {
    for seed in replay::seeds(0..30) {
        let kept: Rc<RefCell<Vec<(PeerHandle, String)>>> = Rc::default();
        let keeper = Rc::clone(&kept);
        let mut world = World::new(seed, NetworkConfig::default());
        world.tamper_with_texts(move |leg, it| {
            if let (Leg::FromServer(to), Ok(_)) = (leg, text::decode(it)) {
                keeper.borrow_mut().push((to, it.to_owned()));
            }
            Verdict::Pass
        });
        let peers = world.add_peers(2);
        until_mesh(&mut world, secs(60));
        // Long enough for restarts, whose signals are kept too.
        world.blink(peers[0], secs(16));
        world.run_for(secs(60));
        until_mesh(&mut world, secs(30));
        world.stop_tampering();
        let downs_before = peers.iter().map(|it| count(&world, *it, is_disconnect));
        let downs_before: usize = downs_before.sum();
        let kept = kept.borrow().clone();
        for (to, text) in kept {
            world.inject_text(to, &text);
            world.run_for(millis(seed * 20));
        }
        world.run_for(secs(120));
        let downs = peers.iter().map(|it| count(&world, *it, is_disconnect));
        ensure(
            &world,
            downs.sum::<usize>() == downs_before,
            "nobody loses a link",
        );
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn every_signal_of_the_first_contact_doubled_still_makes_one_link() {
    for seed in replay::seeds(0..50) {
        let mut world = World::new(seed, NetworkConfig::default());
        world.tamper_with_texts(|leg, it| match leg {
            Leg::FromServer(_) => Verdict::Instead(vec![it.to_owned(), it.to_owned()]),
            Leg::ToServer(_) => Verdict::Pass,
        });
        world.add_peer(Config::default());
        world.run_for(millis(seed * 40));
        world.add_peer(Config::default());
        must(world.run_until_quiet(secs(20), secs(120)));
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn frames_and_texts_of_garbage_cost_no_link() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(3, seed);
        let mut random = world.fork_random();
        let real = Frame::Close(boplish_core::wire::CloseReason::Leaving).encode();
        // A peer that sends much more of it is disconnected, and rightly so.
        for _ in 0..50 {
            let length = random.below(200) as usize;
            let mut frame: Vec<u8> = (0..length).map(|_| random.word() as u8).collect();
            if random.chance(500) {
                // Past the first checks, but one byte short of a farewell.
                frame = real[..real.len() - 1].to_vec();
            }
            world.inject_frame(peers[0], peers[1], &frame);
            let garbage = String::from_utf8_lossy(&frame).into_owned();
            world.inject_text(peers[2], &garbage);
            world.inject_text(
                peers[2],
                r#"{"type":"signaling-protocol","from":1,"payload":[]}"#,
            );
            world.run_for(millis(random.below(200)));
        }
        world.run_for(secs(30));
        for peer in peers {
            let downs = count(&world, peer, is_disconnect);
            ensure(&world, downs == 0, "nobody loses a link");
        }
        must(check::mesh_complete(&world));
    }
}

fn signaling_closed(world: &World, peer: PeerHandle) -> usize {
    count(world, peer, |event| {
        matches!(event, Event::SignalingChanged { open: false })
    })
}

#[test]
fn an_id_that_is_claimed_without_its_key_is_not_given_away() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(2, seed);
        let thief = world.add_peer(Config::default());
        world.claim_id(thief, world.id(peers[0]));
        world.run_for(secs(30));
        let opened = count(&world, thief, |event| {
            matches!(event, Event::SignalingChanged { open: true })
        });
        ensure(&world, opened == 0, "the thief is not admitted");
        ensure(
            &world,
            world.open_connections().len() == 1,
            "it has no link",
        );
        ensure(
            &world,
            signaling_closed(&world, peers[0]) == 0,
            "the owner stays",
        );
    }
}

#[test]
fn a_second_websocket_that_proves_the_same_id_replaces_the_first() {
    let mut world = World::new(5, NetworkConfig::default());
    let add = |world: &mut World| {
        let peer = world.add_peer_with(Config::default(), Keypair::from_secret(&[9; 32]));
        until_event(world, peer, secs(5), "it is admitted", |event| {
            *event == Event::SignalingChanged { open: true }
        });
        peer
    };
    let first = add(&mut world);
    let second = add(&mut world);
    // The first one comes back soon, and would then replace the second.
    until_event(&mut world, first, millis(400), "it is closed", |event| {
        *event == Event::SignalingChanged { open: false }
    });
    assert_eq!(signaling_closed(&world, second), 0);
}
