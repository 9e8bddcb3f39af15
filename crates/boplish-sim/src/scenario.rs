//! Hostile, then healed: first everything goes wrong that can, then nothing any more, and then
//! all must be right.

use core::time::Duration;

use boplish_core::Config;

use crate::check;
use crate::config::NetworkConfig;
use crate::random::Random;
use crate::world::World;

/// How long the successor lists are, unless a server says something else.
const LIST: usize = 8;

/// How bad it gets, and how long recovery may take.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// Peers at the start.
    pub peers: usize,
    /// Peers at most, newcomers included.
    pub most_peers: usize,
    /// How long there are faults.
    pub faults_for: Duration,
    /// The longest pause from one fault to the next.
    pub pause: Duration,
    /// The longest blink or partition.
    pub longest: Duration,
    /// The virtual network.
    pub network: NetworkConfig,
    /// How long after the last fault everything must be right.
    pub recovery: Duration,
}

impl Default for Hostile {
    fn default() -> Self {
        Self {
            peers: 6,
            most_peers: 10,
            faults_for: Duration::from_secs(120),
            pause: Duration::from_secs(8),
            longest: Duration::from_secs(40),
            network: NetworkConfig::hostile(),
            recovery: Duration::from_secs(300),
        }
    }
}

/// Lets faults happen, heals, and waits until the mesh is complete, nothing is half-open, and the
/// ring is exact.
///
/// # Panics
///
/// If that takes longer than it may; the message says what is wrong, the seed, and how to replay.
pub fn hostile_then_healed(seed: u64, hostile: &Hostile) -> World {
    let mut world = World::new(seed, hostile.network.clone());
    let mut random = world.fork_random();
    for _ in 0..hostile.peers {
        world.add_peer(Config::default());
        world.run_for(random.between(Duration::ZERO, Duration::from_secs(1)));
    }
    let end = world.now() + hostile.faults_for;
    while world.now() < end {
        world.run_for(random.between(Duration::ZERO, hostile.pause));
        fault(&mut world, &mut random, hostile);
    }
    world.heal();
    world.start_server();
    for peer in world.living() {
        world.set_hidden(peer, false);
    }
    // The last blink may still be under way.
    world.run_for(hostile.longest);
    if let Err(problems) = recover(&mut world, hostile.recovery) {
        panic!("after {:?} of quiet:\n{problems}", hostile.recovery);
    }
    // And it stays so.
    world.run_for(Duration::from_secs(60));
    if let Err(problems) = recover(&mut world, Duration::ZERO) {
        panic!("after it had recovered:\n{problems}");
    }
    world
}

fn recover(world: &mut World, within: Duration) -> Result<(), check::Problems> {
    let end = world.now() + within;
    loop {
        world.run_for(Duration::from_secs(1));
        let judged = check::mesh_complete(world)
            .and_then(|()| check::no_leaks(world))
            .and_then(|()| check::ring_exact(world, LIST));
        if judged.is_ok() || world.now() >= end {
            return judged;
        }
    }
}

fn fault(world: &mut World, random: &mut Random, hostile: &Hostile) {
    let living = world.living();
    let Some(&victim) = random.pick(&living) else {
        world.add_peer(Config::default());
        return;
    };
    let duration = random.between(Duration::ZERO, hostile.longest);
    match random.below(10) {
        0..=2 => world.blink(victim, duration),
        3 => {
            let (one, other): (Vec<_>, Vec<_>) = living.iter().partition(|_| random.chance(500));
            let server = random.chance(500).then(|| random.below(2) as usize);
            world.partition(&[&one, &other], server);
        }
        4 => world.heal(),
        5 => match world.is_server_running() {
            true => world.kill_server(),
            false => world.start_server(),
        },
        6 if living.len() > 2 => match random.chance(500) {
            true => world.vanish(victim),
            false => world.close(victim),
        },
        7 => {
            if living.len() < hostile.most_peers {
                world.add_peer(Config::default());
            }
        }
        8 => {
            let other = *random.pick(&living).expect("the victim lives");
            match random.chance(500) {
                true if other != victim => world.break_one_side(victim, other),
                _ => world.set_hidden(victim, random.chance(500)),
            }
        }
        _ => {
            let other = *random.pick(&living).expect("the victim lives");
            if other != victim {
                world.set_reachable(victim, other, false);
            }
        }
    }
}
