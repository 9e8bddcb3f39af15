//! Small rings under churn, judged after every step; `cargo xtask swarm` runs many more.

use boplish_sim::replay;
use boplish_sim::ring::{Mode, Settings, run};

fn must_stand(mode: Mode, depth: usize, seeds: std::ops::Range<u64>, events: u64) {
    let settings = Settings {
        mode,
        depths: vec![depth],
        events,
        ..Settings::default()
    };
    for seed in replay::seeds(seeds) {
        let outcome = run(seed, &settings);
        let hint = replay::hint(seed);
        if let Some((at, violation)) = outcome.violation {
            panic!("seed {seed} at {at:?}: {violation}\n{hint}");
        }
        assert!(outcome.churn.events() >= events && outcome.lookups > 0);
    }
}

#[test]
fn rings_with_lists_of_two_keep_every_invariant() {
    must_stand(Mode::FailStop, 2, 0..20, 500);
}

#[test]
fn rings_with_lists_of_three_keep_every_invariant() {
    must_stand(Mode::FailStop, 3, 0..10, 300);
}

#[test]
fn rings_with_lists_of_four_keep_every_invariant() {
    must_stand(Mode::FailStop, 4, 0..8, 200);
}

#[test]
fn rings_with_lists_of_eight_keep_every_invariant() {
    must_stand(Mode::FailStop, 8, 0..4, 100);
}

#[test]
fn rings_whose_peers_fall_silent_are_right_again_when_all_have_come_back() {
    for depth in [2, 3, 4, 8] {
        must_stand(Mode::Silences, depth, 0..6, 200);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let settings = Settings {
        depths: vec![3],
        events: 100,
        ..Settings::default()
    };
    let figures = || {
        let outcome = run(5, &settings);
        (outcome.steps, outcome.time, outcome.churn, outcome.lookups)
    };
    assert_eq!(figures(), figures());
}
