//! How often WebSockets may be opened.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use boplish_directory::{JoinLimiter, Limits, Rate};

fn limiter(all: u32, of_one: u32) -> JoinLimiter {
    JoinLimiter::new(&Limits {
        joins: Some(Rate::per_minute(all)),
        joins_per_address: Some(Rate::per_minute(of_one)),
        ..Limits::default()
    })
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("tests use valid addresses")
}

#[test]
fn one_address_joins_so_many_times_and_is_told_when_to_come_back() {
    let mut limiter = limiter(1_000, 6);
    let (now, here) = (Duration::from_secs(100), address("192.0.2.1"));
    for _ in 0..6 {
        assert_eq!(limiter.join(now, here), Ok(()));
    }
    let wait = limiter.join(now, here).expect_err("it is the seventh");
    assert_eq!(wait, Duration::from_secs(10));
    assert_eq!(limiter.join(now, address("192.0.2.2")), Ok(()));
    // Whoever is refused is not counted: it comes in at exactly that time, and once.
    assert_eq!(limiter.join(now + wait, here), Ok(()));
    assert!(limiter.join(now + wait, here).is_err());
}

#[test]
fn a_network_of_ipv6_is_one_address_and_so_is_a_mapped_one() {
    let mut limiter = limiter(1_000, 2);
    for (from, passes) in [
        ("2001:db8::1", true),
        ("2001:db8::2", true),
        ("2001:db8::3", false),
        ("2001:db8:0:1::3", true),
        ("192.0.2.1", true),
        ("::ffff:192.0.2.1", true),
        ("192.0.2.1", false),
    ] {
        let result = limiter.join(Duration::ZERO, address(from));
        assert_eq!(result.is_ok(), passes, "{from}");
    }
}

#[test]
fn all_addresses_together_join_so_many_times() {
    let mut limiter = limiter(3, 2);
    let now = Duration::ZERO;
    for number in 1..=3 {
        let from = Ipv4Addr::new(192, 0, 2, number).into();
        assert_eq!(limiter.join(now, from), Ok(()));
    }
    let wait = limiter.join(now, address("192.0.2.9"));
    assert_eq!(wait, Err(Duration::from_secs(20)));
}

#[test]
fn without_a_rate_an_address_joins_ten_times_as_often_as_it_may_be_connected() {
    let mut limiter = JoinLimiter::new(&Limits {
        connections_per_address: 5,
        ..Limits::default()
    });
    let here = address("192.0.2.1");
    let joined = (0..99).filter(|_| limiter.join(Duration::ZERO, here).is_ok());
    assert_eq!(joined.count(), 50);
}

#[test]
fn addresses_are_forgotten_and_never_too_many_are_remembered() {
    let mut limiter = limiter(u32::MAX, 60);
    for number in 0..150_000_u32 {
        let from = Ipv4Addr::from_bits(number).into();
        assert_eq!(limiter.join(Duration::ZERO, from), Ok(()));
    }
    assert_eq!(limiter.addresses(), 100_000);
    // Each has its one join back.
    let later = Duration::from_secs(1);
    assert_eq!(limiter.join(later, address("192.0.2.1")), Ok(()));
    assert_eq!(limiter.addresses(), 1);
}
