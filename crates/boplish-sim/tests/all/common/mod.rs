//! What the tests of simulated peers share.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one event")]

pub(crate) mod store;

use core::fmt::Display;
use core::time::Duration;

use boplish_core::wire::{Payload, ProtocolName};
use boplish_core::{ChordConfig, Config, Event, RouterConfig, Time};
use boplish_sim::{NetworkConfig, PeerHandle, World, check};

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The value, or a panic that says what is wrong and how to replay it.
pub(crate) fn must<T, E: Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|problem| panic!("{problem}"))
}

/// A panic that says how to replay it, unless the fact holds.
pub(crate) fn ensure(world: &World, holds: bool, fact: &str) {
    let hint = boplish_sim::replay::hint(world.seed());
    assert!(holds, "{fact}\n{hint}");
}

/// A peer of a ring, with 16 links.
pub(crate) fn ring_of_16_links() -> Config {
    let chord = ChordConfig {
        budget: 16,
        ..ChordConfig::default()
    };
    Config {
        router: RouterConfig::Chord(chord),
        ..Config::default()
    }
}

/// A mesh of so many peers on a good network.
pub(crate) fn mesh_of(count: usize, seed: u64) -> (World, Vec<PeerHandle>) {
    let mut world = World::new(seed, NetworkConfig::default());
    let peers = world.add_peers(count);
    until_mesh(&mut world, secs(60));
    (world, peers)
}

/// Waits until the mesh is complete and nothing is half-open.
pub(crate) fn until_mesh(world: &mut World, limit: Duration) -> Time {
    let end = world.now() + limit;
    loop {
        let judged = check::mesh_complete(world).and_then(|()| check::no_leaks(world));
        if judged.is_ok() {
            return world.now();
        }
        if world.now() >= end {
            must(judged);
        }
        world.run_for(millis(100));
    }
}

pub(crate) fn protocol(name: &str) -> ProtocolName {
    ProtocolName::new(name).unwrap()
}

pub(crate) fn json(text: &str) -> Payload {
    Payload::json(text).unwrap()
}

pub(crate) fn count(world: &World, peer: PeerHandle, is_it: impl Fn(&Event) -> bool) -> usize {
    let events = world.events(peer).iter();
    events.filter(|(_, event)| is_it(event)).count()
}

/// Waits until a peer's application has been told something.
pub(crate) fn until_event(
    world: &mut World,
    peer: PeerHandle,
    limit: Duration,
    what: &str,
    is_it: impl Fn(&Event) -> bool,
) -> Time {
    must(world.run_until_condition(what, limit, |world| {
        world.events(peer).iter().any(|(_, event)| is_it(event))
    }))
}

pub(crate) fn is_disconnect(event: &Event) -> bool {
    matches!(event, Event::PeerDisconnected { .. })
}
