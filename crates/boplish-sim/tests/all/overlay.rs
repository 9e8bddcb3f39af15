//! Rings that come, go and answer, as the workloads ask them to.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::overlay::{LookupSummary, Outcome, Overlay, Plan};
use boplish_sim::{NetworkConfig, World, check, replay};

fn chord(seed: u64) -> Overlay {
    let config = Config {
        router: RouterConfig::Chord(ChordConfig::default()),
        ..Config::default()
    };
    Overlay::new(seed, NetworkConfig::internet(), config)
}

/// A ring of so many, whose peers came one after the other.
fn ring_of(count: usize, seed: u64) -> Overlay {
    let mut overlay = chord(seed);
    overlay.add_peers(count, millis(300));
    overlay.run_for(millis(300) * count as u32 + secs(60));
    overlay
}

#[test]
fn in_a_quiet_ring_every_lookup_is_right() {
    for seed in replay::seeds(0..3) {
        let mut overlay = ring_of(30, seed);
        let all = overlay.members().len();
        ensure(&overlay.world, all == 30, "all are members");
        overlay.set_lookups(20.0);
        overlay.run_for(secs(10));
        overlay.set_lookups(0.0);
        overlay.run_for(secs(20));
        let sum = LookupSummary::of(overlay.lookups().done());
        let is_right = (sum.all, sum.right) == (201, 201) && overlay.lookups().pending() == 0;
        ensure(&overlay.world, is_right, &format!("{sum:?}"));
        let stretch = sum.stretch;
        ensure(
            &overlay.world,
            (0.9..2.0).contains(&stretch),
            "links lead straight",
        );
    }
}

#[test]
fn a_crowd_that_comes_at_once_finds_its_order() {
    for seed in replay::seeds(0..3) {
        let mut overlay = chord(seed);
        overlay.add_peers(200, millis(2));
        overlay.run_for(secs(30));
        // From one to the next, a third would still have a wrong successor.
        let misled = overlay.misled().len();
        ensure(&overlay.world, misled < 30, &format!("{misled} are misled"));
        overlay.run_for(secs(60));
        let (members, misled) = (overlay.members().len(), overlay.misled().len());
        let what = format!("{members} members, {misled} misled");
        ensure(&overlay.world, (members, misled) == (200, 0), &what);
    }
}

#[test]
fn births_tell_when_each_peer_came_in() {
    let overlay = ring_of(10, 1);
    for birth in &overlay.births()[1..] {
        let (linked, joined) = (birth.linked.unwrap(), birth.joined.unwrap());
        assert!(birth.born < linked && linked <= joined);
    }
}

#[test]
fn the_population_stays_while_peers_come_and_go_and_the_same_seed_gives_the_same_run() {
    let run = || {
        let mut overlay = ring_of(30, 7);
        overlay.set_churn(Some(secs(60)));
        overlay.set_lookups(10.0);
        overlay.run_for(secs(120));
        assert_eq!(overlay.world.living().len(), 30);
        let came = overlay.births().len() - 30;
        assert!((5..80).contains(&came), "{came} came");
        (overlay.world.trace_hash(), overlay.world.counters())
    };
    assert_eq!(run(), run());
}

#[test]
fn lookups_of_those_who_vanish_count_for_nothing() {
    let mut overlay = ring_of(10, 2);
    (0..50).for_each(|_| overlay.ask());
    assert!(overlay.kill(1000) == 10);
    let done = overlay.lookups().done();
    let gone = done.iter().filter(|it| it.outcome == Outcome::Abandoned);
    assert!(gone.count() > 30);
    assert_eq!(
        (overlay.members().len(), overlay.lookups().pending()),
        (0, 0)
    );
}

#[test]
fn a_ring_that_starts_in_order_stays_so() {
    let config = Config {
        router: RouterConfig::Chord(ChordConfig::default()),
        bootstrap: false,
        ..Config::default()
    };
    let mut overlay = Overlay::new(3, NetworkConfig::internet(), config);
    overlay.start_in_order(&Plan {
        peers: 100,
        budget: 24,
        near: 4,
        successors: 8,
    });
    assert!(overlay.world.open_connections().len() > 1_000);
    overlay.run_for(secs(60));
    let misled = overlay.misled();
    ensure(&overlay.world, misled.is_empty(), &format!("{misled:?}"));
    ensure(
        &overlay.world,
        overlay.members().len() == 100,
        "all are members",
    );
}

#[test]
fn configurations_beyond_all_limits_are_brought_within() {
    let none = ChordConfig {
        budget: 0,
        successors: 0,
        ring_links: 0,
        reserve: 0,
        stabilize_interval: secs(0),
        announce_interval: secs(0),
        announce_delay: secs(0),
        long_interval: secs(0),
        check_interval: secs(0),
        ring_patience: secs(0),
    };
    let too_much = ChordConfig {
        successors: usize::MAX,
        ring_links: usize::MAX,
        reserve: usize::MAX,
        ..ChordConfig::default()
    };
    let one_successor = ChordConfig {
        successors: 1,
        ring_links: 1,
        budget: 12,
        ..ChordConfig::default()
    };
    for (chord, length) in [(none, 1), (too_much, 16), (one_successor, 1)] {
        let mut world = World::new(1, NetworkConfig::default());
        for _ in 0..16 {
            world.add_peer(Config {
                router: RouterConfig::Chord(chord.clone()),
                ..Config::default()
            });
            world.run_for(millis(300));
        }
        must(
            world.run_until_condition("the ring is exact", secs(60), |world| {
                check::ring_exact(world, length).is_ok()
            }),
        );
    }
}
