//! Peers that vanish are gone, those that only seem so stay.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::Event;
use boplish_core::io::DisconnectReason;
use boplish_sim::{World, check, replay};

#[test]
fn a_peer_that_vanishes_is_gone_from_every_list_within_30_s() {
    for seed in replay::seeds(0..20) {
        let (mut world, peers) = mesh_of(5, seed);
        world.run_for(millis(seed * 777));
        let gone = world.id(peers[2]);
        world.vanish(peers[2]);
        let nobody_lists_it = |world: &World| {
            let nodes = world.living().into_iter();
            let mut nodes = nodes.filter_map(|peer| world.look(peer));
            nodes.all(|node| !node.connected_peers().contains(&gone))
        };
        must(world.run_until_condition("it is gone", secs(30), nobody_lists_it));
        world.run_for(secs(120));
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn a_peer_whose_network_blinks_for_10_s_keeps_its_links() {
    for seed in replay::seeds(0..20) {
        let (mut world, peers) = mesh_of(5, seed);
        world.run_for(millis(seed * 777));
        world.blink(peers[1], secs(10));
        world.run_for(secs(90));
        for peer in &peers {
            let downs = count(&world, *peer, is_disconnect);
            ensure(&world, downs == 0, "nobody loses a link");
        }
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn a_message_sent_while_the_network_blinks_arrives() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(2, seed);
        let to = world.id(peers[1]);
        world.blink(peers[0], secs(5));
        world.run_for(secs(1));
        let text = (protocol("talk"), json(r#""still there?""#));
        let id = world
            .node(peers[0], |node, now| node.send(now, to, text.0, text.1))
            .unwrap();
        until_event(&mut world, peers[0], secs(15), "it is delivered", |event| {
            *event == Event::Delivered(id)
        });
    }
}

#[test]
fn hidden_peers_with_slow_timers_stay_members() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(5, seed);
        world.set_hidden(peers[0], true);
        world.set_hidden(peers[3], true);
        world.run_for(secs(300));
        for peer in &peers {
            let downs = count(&world, *peer, is_disconnect);
            ensure(&world, downs == 0, "nobody loses a link");
        }
        must(check::mesh_complete(&world));
    }
}

#[test]
fn hidden_peers_whose_timers_fire_once_a_minute_stay_members() {
    for seed in replay::seeds(0..10) {
        let (mut world, peers) = mesh_of(4, seed);
        world.network_mut().hidden_timers = secs(60);
        world.set_hidden(peers[0], true);
        world.set_hidden(peers[1], true);
        world.run_for(secs(600));
        for peer in &peers {
            let downs = count(&world, *peer, is_disconnect);
            ensure(&world, downs == 0, "nobody loses a link");
        }
        world.set_hidden(peers[0], false);
        world.set_hidden(peers[1], false);
        until_mesh(&mut world, secs(30));
    }
}

#[test]
fn a_link_that_is_open_on_one_side_only_is_found_and_replaced() {
    for seed in replay::seeds(0..20) {
        let (mut world, peers) = mesh_of(3, seed);
        world.break_one_side(peers[0], peers[1]);
        must(world.run_until_quiet(secs(30), secs(120)));
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn a_peer_that_leaves_is_gone_from_every_list_at_once() {
    for seed in replay::seeds(0..20) {
        let (mut world, peers) = mesh_of(5, seed);
        let gone = world.id(peers[4]);
        world.close(peers[4]);
        world.run_for(secs(2));
        for peer in &peers[..4] {
            let listed = world.look(*peer).unwrap().connected_peers();
            ensure(&world, !listed.contains(&gone), "it is gone");
            let told = count(&world, *peer, |event| {
                let reason = DisconnectReason::ClosedByPeer;
                *event == Event::PeerDisconnected { peer: gone, reason }
            });
            ensure(&world, told == 1, "it has said so");
        }
        world.run_for(secs(60));
        must(check::mesh_complete(&world));
        must(check::no_leaks(&world));
    }
}

#[test]
fn a_pair_that_can_not_connect_costs_no_other_link_and_is_linked_when_it_can() {
    for seed in replay::seeds(0..5) {
        let (mut world, peers) = mesh_of(4, seed);
        world.set_reachable(peers[0], peers[1], false);
        world.run_for(secs(300));
        ensure(
            &world,
            world.open_connections().len() == 5,
            "all others are linked",
        );
        world.set_reachable(peers[0], peers[1], true);
        until_mesh(&mut world, secs(600));
    }
}
