//! Rings that are there from the start, as very many peers need it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::*;

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::overlay::{LookupSummary, Overlay, Plan};
use boplish_sim::{NetworkConfig, replay};

/// Peers with 34 links at most, all of whom are there at once.
fn ordered(peers: u32, seed: u64) -> Overlay {
    let config = Config {
        router: RouterConfig::Chord(ChordConfig::default()),
        bootstrap: false,
        ..Config::default()
    };
    let mut overlay = Overlay::new(seed, NetworkConfig::internet(), config);
    overlay.start_in_order(&Plan {
        peers,
        budget: 32,
        near: 4,
        successors: 8,
    });
    overlay
}

/// Has keys looked up for so long; all answers must be right.
fn look_up(overlay: &mut Overlay, seconds: u64) {
    overlay.lookups_mut().take_done();
    overlay.set_lookups(100.0);
    overlay.run_for(secs(seconds));
    overlay.set_lookups(0.0);
    overlay.run_for(secs(15));
    let sum = LookupSummary::of(overlay.lookups().done());
    let is_right = sum.all as u64 > 90 * seconds && sum.right == sum.all;
    ensure(&overlay.world, is_right, &format!("{sum:?}"));
}

/// Everybody that lives is a member, and knows who comes next.
fn ensure_whole(overlay: &Overlay, count: usize) {
    let misled = overlay.misled();
    ensure(&overlay.world, misled.is_empty(), &format!("{misled:?}"));
    let members = overlay.members().len();
    let text = format!("{members} of {count} are members");
    ensure(&overlay.world, members == count, &text);
}

#[test]
fn an_ordered_ring_answers_at_once_and_recovers_from_failures() {
    for seed in replay::seeds(0..1) {
        let mut overlay = ordered(2_000, seed);
        ensure_whole(&overlay, 2_000);
        let opened = overlay.world.counters().opened;
        look_up(&mut overlay, 5);
        let grown = overlay.world.counters().opened - opened;
        let text = format!("{grown} links more, and nobody has lost one");
        ensure(&overlay.world, grown < 400, &text);
        let killed = overlay.kill(10);
        assert!(killed > 0);
        overlay.run_for(secs(40));
        overlay.count_members();
        ensure_whole(&overlay, 2_000 - killed);
        look_up(&mut overlay, 5);
        let misuses = overlay.world.misuses();
        ensure(&overlay.world, misuses.is_empty(), &format!("{misuses:?}"));
    }
}

#[test]
fn an_ordered_start_repeats() {
    let run = || {
        let mut overlay = ordered(300, 7);
        overlay.kill(10);
        overlay.run_for(secs(20));
        (overlay.world.trace_hash(), overlay.world.counters())
    };
    assert_eq!(run(), run());
}

#[test]
fn an_ordered_start_is_silent_and_its_peers_don_t_act_together() {
    let mut overlay = ordered(2_000, 1);
    let population = overlay.world.population();
    assert_eq!((population.frames, population.setups), (0, 0));
    let mut last = overlay.world.counters().steps;
    let pieces = (0..8).map(|_| {
        overlay.run_for(millis(500));
        let steps = overlay.world.counters().steps;
        steps - core::mem::replace(&mut last, steps)
    });
    let pieces: Vec<u64> = pieces.skip(1).collect();
    let (least, most) = (pieces.iter().min().unwrap(), pieces.iter().max().unwrap());
    assert!(*most < 2 * *least, "{pieces:?}");
}
