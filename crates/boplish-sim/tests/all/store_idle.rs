//! Records where some peers of the ring store nothing, and lists of what many have for one subject.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::store::{get, list, newcomer, put};
use crate::common::*;

use boplish_core::wire::{Keypair, Record};
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

/// Peers that store, and others that don't, in one ring.
fn ring(seed: u64, storing: usize, idle: usize) -> (World, Vec<PeerHandle>) {
    let mut world = World::new(seed, NetworkConfig::internet());
    let mut peers = Vec::new();
    for number in 0..storing + idle {
        // The ids are random, and so is who comes after whom.
        if number < storing {
            peers.push(newcomer(&mut world));
        } else {
            world.add_peer(ring_of_16_links());
        }
        world.run_for(millis(300));
    }
    world.run_for(secs(90));
    (world, peers)
}

#[test]
fn where_most_store_nothing_the_others_do() {
    for seed in replay::seeds(0..3) {
        let (mut world, peers) = ring(seed, 12, 20);
        for number in 1..=8_u8 {
            let keys = Keypair::from_secret(&[number; 32]);
            let expires = world.unix() + 3_600;
            let record = |sequence, value: &[u8]| {
                Record::sign(&keys, b"test", sequence, value, expires, 60).unwrap()
            };
            let (first, second) = (record(1, b"one"), record(2, b"two"));
            assert_eq!(put(&mut world, peers[0], &first, None), Ok(()));
            let found = get(&mut world, peers[5], first.key(), false);
            assert_eq!(found, Ok(Some(first)), "{}", replay::hint(seed));
            assert_eq!(put(&mut world, peers[7], &second, Some(1)), Ok(()));
            let found = get(&mut world, peers[2], second.key(), true);
            assert_eq!(found, Ok(Some(second.clone())), "{}", replay::hint(seed));
            let holds = |peer: &&PeerHandle| {
                let node = world.look(**peer).unwrap();
                node.stored_here(&second.key()).is_some()
            };
            // Of those around the key, who are sixteen, most store nothing.
            let copies = peers.iter().filter(holds).count();
            assert!((2..=8).contains(&copies), "{copies} copies");
        }
    }
}

#[test]
fn all_that_publishers_list_for_a_subject_is_found_at_once() {
    for seed in replay::seeds(0..2) {
        let (mut world, peers) = ring(seed, 24, 8);
        let expires = world.unix() + 3_600;
        let listed = |number: u8, subject: &[u8], expires| {
            let keys = Keypair::from_secret(&[number; 32]);
            Record::sign_listed(&keys, subject, 1, &[number], expires).unwrap()
        };
        for number in 0..10 {
            let publisher = peers[usize::from(number)];
            let record = listed(number, b"cats", expires);
            assert_eq!(put(&mut world, publisher, &record, None), Ok(()));
        }
        let other = listed(3, b"dogs", expires);
        assert_eq!(put(&mut world, peers[3], &other, None), Ok(()));
        let short = world.unix() + 60;
        let passing = listed(11, b"cats", short);
        assert_eq!(put(&mut world, peers[11], &passing, None), Ok(()));

        let publishers = |records: Vec<Record>| {
            let mut numbers: Vec<u8> = records.iter().map(|it| it.value()[0]).collect();
            numbers.sort_unstable();
            numbers
        };
        let found = publishers(list(&mut world, peers[20], b"cats").unwrap());
        assert_eq!(
            found,
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11],
            "{}",
            replay::hint(seed)
        );
        assert_eq!(
            publishers(list(&mut world, peers[20], b"dogs").unwrap()),
            [3]
        );
        assert!(list(&mut world, peers[20], b"birds").unwrap().is_empty());

        // It expires, and those who have stored it may go.
        world.run_for(secs(61));
        for peer in &peers[..10] {
            world.vanish(*peer);
            world.run_for(secs(15));
        }
        world.run_for(secs(60));
        let found = publishers(list(&mut world, peers[20], b"cats").unwrap());
        assert_eq!(
            found,
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            "{}",
            replay::hint(seed)
        );
    }
}

#[test]
fn of_very_many_some_are_listed_and_each_time_others() {
    let (mut world, peers) = ring(1, 12, 0);
    let expires = world.unix() + 3_600;
    for number in 0..60 {
        let keys = Keypair::from_secret(&[number; 32]);
        let record = Record::sign_listed(&keys, b"cats", 1, &[number], expires).unwrap();
        assert_eq!(put(&mut world, peers[0], &record, None), Ok(()));
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let records = list(&mut world, peers[5], b"cats").unwrap();
        assert_eq!(records.len(), 32);
        seen.extend(records.iter().map(|record| record.value()[0]));
    }
    assert_eq!(seen.len(), 60);
}
