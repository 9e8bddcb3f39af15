//! Records in networks of two or three, whose members come and go.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use crate::common::store::{get, list, newcomer, put};
use crate::common::*;

use boplish_core::wire::{Keypair, Record};
use boplish_sim::{NetworkConfig, World, replay};

/// Whether those who have come first have been there for long, or are newcomers themselves.
fn one_who_stays_is_enough(network: &NetworkConfig, stay: u64) {
    for seed in replay::seeds(0..40) {
        let hint = replay::hint(seed);
        let mut world = World::new(seed, network.clone());
        // In either order, and both ask at once.
        let peers = [newcomer(&mut world), newcomer(&mut world)];
        let (publisher, keeper) = match seed % 2 {
            0 => (peers[0], peers[1]),
            _ => (peers[1], peers[0]),
        };
        let expires = world.unix() + 3_600;
        let signed = |number: u8| {
            let keys = Keypair::from_secret(&[number; 32]);
            Record::sign(&keys, b"test", 1, b"value", expires, 60).unwrap()
        };
        let keys = Keypair::from_secret(&[9; 32]);
        let listed = Record::sign_listed(&keys, b"cats", 1, b"mine", expires).unwrap();
        for record in [&signed(1), &signed(2), &listed] {
            assert_eq!(put(&mut world, publisher, record, None), Ok(()), "{hint}");
        }
        let wanted = signed(3);
        assert_eq!(put(&mut world, keeper, &wanted, None), Ok(()), "{hint}");
        world.run_for(secs(stay));
        world.close(publisher);
        for _ in 0..3 {
            world.run_for(millis(50));
            let reader = newcomer(&mut world);
            for record in [signed(1), signed(2), signed(3)] {
                let found = get(&mut world, reader, record.key(), false);
                assert_eq!(found, Ok(Some(record)), "{hint}");
            }
            let found = list(&mut world, reader, b"cats");
            assert_eq!(found, Ok(vec![listed.clone()]), "{hint}");
            world.close(reader);
        }
    }
}

#[test]
fn one_who_stays_has_what_newcomers_look_for() {
    one_who_stays_is_enough(&NetworkConfig::default(), 0);
    one_who_stays_is_enough(&NetworkConfig::internet(), 0);
}

#[test]
fn one_who_has_been_there_for_long_has_it_too() {
    one_who_stays_is_enough(&NetworkConfig::default(), 90);
    one_who_stays_is_enough(&NetworkConfig::internet(), 90);
}
