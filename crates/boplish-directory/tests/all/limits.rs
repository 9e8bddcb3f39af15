//! What happens at the limits.

use core::net::IpAddr;
use core::time::Duration;

use crate::common::{World, text};
use boplish_directory::{CloseReason, Config, ConnId, ErrorCode, Input, Limits, Rate};

fn world(change: impl FnOnce(&mut Limits)) -> World {
    let mut limits = Limits::default();
    change(&mut limits);
    World::new(Config {
        open_ids: true,
        limits,
        ..Config::default()
    })
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("tests use valid addresses")
}

#[test]
fn connections_in_all_are_limited() {
    let mut world = world(|limits| limits.connections = 3);
    let first = world.connect("a");
    world.connect("b");
    world.challenge(1);
    let fourth = world.connect("d");
    assert_eq!(world.closed(fourth), Some(CloseReason::ServerFull));
    world.input(Input::Disconnected { conn: first });
    let fifth = world.connect("e");
    assert_eq!(world.closed(fifth), None);
}

#[test]
fn connections_of_an_address_are_limited() {
    let mut world = world(|limits| limits.connections_per_address = 2);
    for (id, from, expected) in [
        ("a", "192.0.2.1", None),
        ("b", "::ffff:192.0.2.1", None),
        ("c", "192.0.2.1", Some(CloseReason::AddressFull)),
        ("d", "192.0.2.2", None),
        ("e", "2001:db8::1", None),
        ("f", "2001:db8::2", None),
        ("g", "2001:db8::3", Some(CloseReason::AddressFull)),
        ("h", "2001:db8:0:1::3", None),
    ] {
        let conn = world.connect_from(id, address(from), false);
        assert_eq!(world.closed(conn), expected, "{from}");
    }
}

#[test]
fn among_too_many_newcomers_the_oldest_goes() {
    let mut world = world(|limits| limits.unproven = 2);
    let member = world.admit(9);
    let (oldest, _) = world.challenge(1);
    world.now += Duration::from_secs(1);
    let (older, _) = world.challenge(2);
    let (newest, _) = world.challenge(3);
    assert_eq!(world.closed(oldest), Some(CloseReason::Crowded));
    for conn in [member, older, newest] {
        assert_eq!(world.closed(conn), None);
    }
}

#[test]
fn a_burst_of_messages_passes_and_then_only_the_rate() {
    let mut world = world(|limits| limits.messages = Rate::per_second(2, 5));
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    let arrived = |world: &mut World, count: usize| {
        for _ in 0..count {
            world.say(alice, &text("alice", "bob"));
        }
        world.take(bob).len()
    };
    assert_eq!(arrived(&mut world, 7), 5);
    for refused in world.take(alice) {
        assert!(refused.contains("rate-limited"), "{refused}");
    }
    world.now += Duration::from_millis(500);
    assert_eq!(arrived(&mut world, 3), 1);
    world.now += Duration::from_secs(60);
    assert_eq!(arrived(&mut world, 7), 5, "never more than the burst");
    assert_eq!(world.closed(alice), None);
}

#[test]
fn bytes_are_limited_like_messages() {
    let message = text("alice", "bob");
    let length = u32::try_from(message.len()).expect("the message is short");
    let mut world = world(|limits| limits.bytes = Rate::per_second(length, 3 * length));
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    for _ in 0..4 {
        world.say(alice, &message);
    }
    assert_eq!(world.take(bob).len(), 3);
    world.assert_refused(alice, &ErrorCode::RateLimited);
    world.now += Duration::from_secs(1);
    world.say(alice, &message);
    assert_eq!(world.take(bob).len(), 1);
}

#[test]
fn two_hundred_links_can_be_set_up_at_once() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    let signal = format!(
        r#"{{"type":"signaling-protocol","from":"alice","to":"bob","payload":"{}"}}"#,
        "x".repeat(1_500)
    );
    for _ in 0..200 * 8 {
        world.say(alice, &signal);
    }
    assert_eq!(world.take(bob).len(), 200 * 8);
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let mut world = world(|limits| limits.message_bytes = 100);
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    let of = |length: usize| {
        let empty = r#"{"from":"alice","to":"bob","payload":""}"#;
        empty.replace("\"\"", &format!("\"{}\"", "x".repeat(length - empty.len())))
    };
    world.say(alice, &of(101));
    world.assert_refused(alice, &ErrorCode::TooLarge);
    world.say(alice, &of(100));
    assert_eq!(world.take(bob), [of(100)]);
}

#[test]
fn a_message_that_the_shell_could_not_read_closes() {
    let mut world = World::open();
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    world.input(Input::TooLarge { conn: alice });
    assert_eq!(world.take_error(alice).code, ErrorCode::TooLarge);
    assert_eq!(world.closed(alice), Some(CloseReason::TooLarge));
    assert_eq!(world.closed(bob), None);
}

#[test]
fn whoever_breaks_the_rules_again_and_again_is_closed() {
    let mut world = world(|limits| {
        limits.strikes = Rate {
            burst: 3,
            refill: 1,
            period: Duration::from_secs(10),
        };
    });
    let (alice, bob) = (world.connect("alice"), world.connect("bob"));
    for _ in 0..3 {
        world.say(alice, "no JSON");
        world.assert_refused(alice, &ErrorCode::NotJson);
    }
    world.now += Duration::from_secs(10);
    world.say(alice, "no JSON");
    world.assert_refused(alice, &ErrorCode::NotJson);
    world.say(alice, "no JSON");
    assert_eq!(world.closed(alice), Some(CloseReason::TooManyErrors));
    assert_eq!(world.closed(bob), None);
    assert!(world.take(bob).is_empty());
}

#[test]
fn asking_for_absent_peers_is_no_offence() {
    let mut world = World::open();
    let alice = world.connect("alice");
    for _ in 0..100 {
        world.say(alice, &text("alice", "bob"));
        world.assert_refused(alice, &ErrorCode::UnknownPeer);
    }
}

#[test]
fn slow_and_silent_clients_are_closed_and_forgotten() {
    let mut world = World::open();
    let (slow, silent) = (world.connect("slow"), world.connect("silent"));
    world.input(Input::SlowReader { conn: slow });
    world.input(Input::Idle { conn: silent });
    assert_eq!(world.closed(slow), Some(CloseReason::SlowReader));
    assert_eq!(world.closed(silent), Some(CloseReason::Idle));
    assert_eq!(world.connected(), 0);
    // What comes late from them, or from nobody at all, changes nothing.
    for conn in [slow, silent, ConnId(4_711)] {
        world.say(conn, &text("slow", ""));
        world.input(Input::Binary { conn });
        world.input(Input::TooLarge { conn });
        world.input(Input::Disconnected { conn });
        assert!(world.take(conn).is_empty());
    }
}
