//! What a client may have, and how much of it.

use std::num::{NonZeroU32, NonZeroUsize};

use super::*;

#[test]
fn permissions_and_channels_have_a_bound() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    for number in 0..256_u32 {
        let ip = std::net::Ipv4Addr::from_bits(0xcb00_7100 + number);
        assert_eq!(world.permit(SocketAddr::new(ip.into(), 1)), Ok(()));
    }
    assert_eq!(world.permit(address("192.0.2.99:1")), Err(508));
    world.wait(SECOND * 301);
    assert_eq!(world.permit(address("192.0.2.99:1")), Ok(()));
}

#[test]
fn a_channel_can_be_bound_again_for_as_long_as_the_relay_is_there() {
    let mut world = World::allocated(&rules(TurnLimits::default()));
    for _ in 0..=MAX_CHANNELS {
        assert_eq!(world.bind(0x4000, peer()), Ok(()));
    }
    let peer = |number: u16| SocketAddr::new(peer().ip(), 1 + number);
    for number in 1..1_024 {
        assert_eq!(world.bind(0x4000 + number, peer(number)), Ok(()));
    }
    assert_eq!(world.bind(0x4400, peer(1_024)), Err(508));
    assert_eq!(world.bind(0x4001, peer(1)), Ok(()));
}

#[test]
fn a_peer_and_the_server_have_so_many_allocations() {
    let limits = TurnLimits {
        allocations: NonZeroUsize::MIN.saturating_add(2),
        allocations_per_peer: NonZeroUsize::MIN.saturating_add(1),
        ..TurnLimits::default()
    };
    let rules = rules(limits);
    let mut worlds: Vec<_> = [
        ("1", "ada"),
        ("2", "ada"),
        ("3", "ada"),
        ("4", "bob"),
        ("5", "eve"),
    ]
    .map(|(host, peer)| World::new(&rules, &format!("192.0.2.{host}:5000"), peer))
    .into();
    // Whichever of its credentials a peer uses.
    worlds[1].username = worlds[1].username.replacen("18", "19", 1);
    worlds[1].password = TurnSecret::new(SECRET).password(&worlds[1].username);
    let results: Vec<_> = worlds.iter_mut().map(World::allocate).collect();
    assert_eq!(results, [Ok(()), Ok(()), Err(486), Ok(()), Err(508)]);
    assert_eq!(worlds[0].refresh(0), Ok(()));
    assert_eq!(worlds[2].allocate(), Ok(()));
}

#[test]
fn whoever_asks_for_two_kinds_of_relay_gets_one_that_counts_and_carries() {
    for (public, far) in [
        ("198.51.100.7:1", "203.0.113.9:4000"),
        ("[2a00:1::7]:1", "[2a00:2::9]:4000"),
    ] {
        let limits = TurnLimits {
            allocations: NonZeroUsize::MIN,
            ..TurnLimits::default()
        };
        let rules = rules_at(public, limits);
        let mut world = World::new(&rules, "192.0.2.1:5000", "ada");
        assert_eq!(world.allocate_both(), Ok(()));
        assert_eq!(world.opened, 2);
        assert_eq!(world.session.relays.len(), 1, "{public}");
        world.wait(PROOF_TIMEOUT);
        assert!(!world.session.is_over(world.now));
        let far = address(far);
        assert_eq!(world.permit(far), Ok(()));
        assert_eq!(world.send(far, b"there"), [(far, b"there".to_vec())]);
        assert_eq!(world.heard_of_peer(far, b"back").len(), 1);

        let mut other = World::new(&rules, "192.0.2.2:5000", "bob");
        assert_eq!(other.allocate_both(), Err(508));
        assert_eq!(world.refresh(0), Ok(()));
        assert_eq!(world.closed.len(), 1);
    }
}

#[test]
fn what_is_beyond_the_rate_is_dropped_in_both_directions() {
    let limits = TurnLimits {
        bytes_per_second: NonZeroU32::MIN.saturating_add(9_999),
        ..TurnLimits::default()
    };
    let mut world = World::allocated(&rules(limits));
    assert_eq!(world.permit(peer()), Ok(()));
    world.wait(SECOND);
    let there = (0..20).filter(|_| !world.send(peer(), &[7; 1_000]).is_empty());
    assert_eq!(there.count(), 10);
    assert!(world.heard_of_peer(peer(), &[7; 1_000]).is_empty());
    world.wait(SECOND);
    let back = (0..20).filter(|_| !world.heard_of_peer(peer(), &[7; 1_000]).is_empty());
    assert_eq!(back.count(), 10);
}
