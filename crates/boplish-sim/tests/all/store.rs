//! Records outlive those who store them, and compare-and-swap loses nothing.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::BTreeMap;

use crate::common::store::{ended, get, got, newcomer, put};
use crate::common::*;

use boplish_core::wire::{Keypair, PeerId, Record};
use boplish_core::{Node, PutError, StoreToken};
use boplish_sim::{NetworkConfig, PeerHandle, World, replay};

fn ring(seed: u64, count: usize) -> (World, Vec<PeerHandle>) {
    let mut world = World::new(seed, NetworkConfig::internet());
    let mut peers = Vec::new();
    for _ in 0..count {
        peers.push(newcomer(&mut world));
        world.run_for(millis(300));
    }
    world.run_for(secs(90));
    (world, peers)
}

fn record(world: &World, keys: &Keypair, sequence: u64, value: &str) -> Record {
    let expires = world.unix() + 3_600;
    Record::sign(keys, b"test", sequence, value.as_bytes(), expires, 60).unwrap()
}

fn keys(number: u8) -> Keypair {
    Keypair::from_secret(&[number; 32])
}

fn copies(world: &World, key: PeerId) -> usize {
    let living = world.living();
    let holds = |peer: &&PeerHandle| {
        let node = world.look(**peer);
        node.is_some_and(|node| node.stored_here(&key).is_some())
    };
    living.iter().filter(holds).count()
}

#[test]
fn what_is_put_is_found_by_all() {
    for seed in replay::seeds(0..2) {
        let (mut world, peers) = ring(seed, 24);
        let first = record(&world, &keys(1), 1, "one");
        assert_eq!(put(&mut world, peers[0], &first, None), Ok(()));
        for peer in &peers {
            let found = get(&mut world, *peer, first.key(), false);
            assert_eq!(found, Ok(Some(first.clone())));
        }
        assert_eq!(copies(&world, first.key()), 8);
        let second = record(&world, &keys(1), 2, "two");
        assert_eq!(put(&mut world, peers[5], &second, None), Ok(()));
        assert_eq!(
            get(&mut world, peers[9], first.key(), false),
            Ok(Some(second.clone()))
        );
        let conflict = put(&mut world, peers[3], &first, None);
        assert_eq!(conflict, Err(PutError::Conflict(Some(Box::new(second)))));
        let nothing = PeerId::from_bytes([7; 20]);
        assert_eq!(get(&mut world, peers[3], nothing, false), Ok(None));
    }
}

#[test]
fn a_pair_of_newcomers_can_store() {
    for seed in replay::seeds(0..4) {
        let mut world = World::new(seed, NetworkConfig::internet());
        let peers = [newcomer(&mut world), newcomer(&mut world)];
        world.run_for(secs(15));
        let record = record(&world, &keys(1), 1, "one");
        assert_eq!(put(&mut world, peers[0], &record, None), Ok(()));
        let found = get(&mut world, peers[1], record.key(), false);
        assert_eq!(found, Ok(Some(record.clone())));
        assert_eq!(copies(&world, record.key()), 2);
    }
}

#[test]
fn records_outlive_those_who_store_them() {
    for seed in replay::seeds(0..2) {
        let (mut world, mut peers) = ring(seed, 40);
        let records: Vec<Record> = (0..10)
            .map(|number| record(&world, &keys(number + 1), 1, "kept"))
            .collect();
        for record in &records {
            assert_eq!(put(&mut world, peers[0], record, None), Ok(()));
        }
        // Everybody but the last ones is replaced, one after the other.
        for index in 0..40 {
            world.vanish(peers[index]);
            peers.push(newcomer(&mut world));
            world.run_for(secs(10));
        }
        // A voter keeps its copy for a minute more, and strays leave within one and a half.
        world.run_for(secs(180));
        let reader = *peers.last().unwrap();
        for record in &records {
            let found = get(&mut world, reader, record.key(), false);
            assert_eq!(found, Ok(Some(record.clone())), "{}", replay::hint(seed));
            assert_eq!(copies(&world, record.key()), 8, "{}", replay::hint(seed));
        }
    }
}

#[test]
fn of_concurrent_swaps_one_is_taken() {
    for seed in replay::seeds(0..3) {
        let (mut world, peers) = ring(seed, 24);
        let mut last = None;
        for sequence in 0..5_u64 {
            let first = sequence as usize;
            let swap = |world: &mut World, number: usize, peer: PeerHandle| {
                let text = format!("{sequence} by {number}");
                let record = record(world, &keys(1), sequence + 1, &text);
                let put = world.node(peer, |node, now| node.put(now, &record, Some(sequence)));
                (peer, put.unwrap(), record)
            };
            let writers = peers[first..first + 4].iter().enumerate();
            let puts: Vec<(PeerHandle, StoreToken, Record)> = writers
                .map(|(number, peer)| swap(&mut world, number, *peer))
                .collect();
            world.run_for(secs(25));
            let mut taken = Vec::new();
            for (peer, token, record) in puts {
                let events = world.take_events(peer);
                let result = events.iter().find_map(|(_, event)| ended(event, token));
                match result.expect("every put ends") {
                    Ok(()) => taken.push(record),
                    Err(PutError::Conflict(_) | PutError::Unknown) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!(taken.len(), 1, "{}", replay::hint(seed));
            last = taken.pop();
            let found = get(&mut world, peers[20], last.clone().unwrap().key(), false);
            assert_eq!(found, Ok(last.clone()), "{}", replay::hint(seed));
        }
        assert_eq!(last.unwrap().sequence(), 5);
    }
}

/// What a writer is about to hear.
enum Awaited {
    Get(StoreToken),
    Put(StoreToken, Record),
}

/// Writers that read and swap, without end, while peers vanish and the network falls apart and
/// heals: no two writes of one sequence number are acknowledged, and none is lost.
#[test]
fn no_acknowledged_swap_is_lost_in_hostile_times() {
    for seed in replay::seeds(0..2) {
        let (mut world, mut peers) = ring(seed, 30);
        let writers: Vec<PeerHandle> = peers[..4].to_vec();
        let key = record(&world, &keys(1), 1, "").key();
        let mut awaited: Vec<Option<Awaited>> = vec![None, None, None, None];
        let mut acknowledged: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut texts = 0;
        for tick in 0..3_000_u32 {
            if tick % 100 == 50 && tick < 2_000 {
                let victim = 4 + (tick as usize * 7 + seed as usize) % (peers.len() - 4);
                world.vanish(peers.swap_remove(victim));
                peers.push(newcomer(&mut world));
            }
            match tick {
                700 | 1_400 => {
                    let half = peers.len() / 2;
                    let (one, other) = peers.split_at(half);
                    world.partition(&[one, other], None);
                }
                950 | 1_650 => world.heal(),
                _ => {}
            }
            for (writer, awaited) in writers.iter().zip(&mut awaited) {
                let events = world.take_events(*writer);
                let answered = match &*awaited {
                    None => Some(None),
                    Some(Awaited::Get(token)) => {
                        let answer = events.iter().find_map(|(_, event)| got(event, *token));
                        answer.map(|found| found.ok())
                    }
                    Some(Awaited::Put(token, record)) => {
                        let answer = events.iter().find_map(|(_, event)| ended(event, *token));
                        if answer == Some(Ok(())) {
                            let value = record.value().to_vec();
                            let before = acknowledged.insert(record.sequence(), value.clone());
                            assert!(
                                before.is_none_or(|it| it == value),
                                "two writes of one number are acknowledged\n{}",
                                replay::hint(seed)
                            );
                        }
                        answer.map(|_| None)
                    }
                };
                let Some(found) = answered else {
                    continue;
                };
                // What is there is replaced; if that is not known, it is asked for.
                *awaited = Some(match found {
                    None => {
                        let get = world.node(*writer, |node, now| node.get(now, key, false));
                        Awaited::Get(get.unwrap())
                    }
                    Some(found) => {
                        texts += 1;
                        let sequence = found.map_or(0, |record| record.sequence());
                        let text = format!("{texts}");
                        let next = record(&world, &keys(1), sequence + 1, &text);
                        let put = |node: &mut Node, now| node.put(now, &next, Some(sequence));
                        let token = world.node(*writer, put).unwrap();
                        Awaited::Put(token, next)
                    }
                });
            }
            world.run_for(millis(100));
        }
        world.run_for(secs(90));
        let last = get(&mut world, peers[9], key, false).unwrap().unwrap();
        let (newest, value) = acknowledged.last_key_value().unwrap();
        assert!(last.sequence() >= *newest, "{}", replay::hint(seed));
        if last.sequence() == *newest {
            assert_eq!(last.value(), value, "{}", replay::hint(seed));
        }
        assert!(acknowledged.len() > 50, "only {} swaps", acknowledged.len());
    }
}
