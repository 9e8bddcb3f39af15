//! Entry peers: whom newcomers are introduced to, and who is let go.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::BTreeSet;

use crate::common::{World, id, keypair, offer, text};
use boplish_directory::{CloseReason, Config, ConnId, ErrorCode, Input, Stats};
use boplish_wire::Keypair;
use boplish_wire::bootstrap::{FromServer, joined};

const RELEASE_AFTER: Duration = Duration::from_secs(10);

fn world(entry_peers: usize) -> World {
    let mut config = Config {
        open_ids: true,
        ..Config::default()
    };
    config.limits.entry_peers = NonZeroUsize::new(entry_peers).expect("at least one");
    config.limits.release_after = RELEASE_AFTER;
    config.limits.connections_per_address = usize::MAX;
    World::new(config)
}

fn join(world: &mut World, number: u8) -> ConnId {
    let conn = world.admit(number);
    world.say(conn, &joined(keypair(number).id()));
    assert!(world.take(conn).is_empty(), "nothing is answered");
    conn
}

fn wait(world: &mut World, time: Duration) {
    world.now += time;
    world.input(Input::Timeout);
}

#[test]
fn newcomers_are_introduced_to_peers_that_have_joined() {
    let mut world = world(8);
    let others = [world.admit(1), world.connect("alice")];
    let entries = [join(&mut world, 2), join(&mut world, 3)];
    let newcomer = world.admit(4);
    let mut introduced = BTreeSet::new();
    for _ in 0..50 {
        world.say(newcomer, &offer(&id(4)));
        for entry in entries {
            if !world.take(entry).is_empty() {
                introduced.insert(entry);
            }
        }
    }
    assert_eq!(introduced, BTreeSet::from(entries));
    for other in others {
        assert!(world.take(other).is_empty());
    }
}

#[test]
fn an_entry_peer_is_introduced_to_the_others() {
    let mut world = world(8);
    let entries: Vec<ConnId> = (1..=3).map(|number| join(&mut world, number)).collect();
    let mut counts = [0_usize; 3];
    for _ in 0..60 {
        world.say(entries[1], &text(&id(2), ""));
        for (count, entry) in counts.iter_mut().zip(&entries) {
            *count += world.take(*entry).len();
        }
    }
    assert_eq!(counts[1], 0);
    assert!(counts[0] > 15 && counts[2] > 15, "{counts:?}");
}

#[test]
fn the_only_peer_that_has_joined_is_introduced_to_whoever_is_there() {
    let mut world = world(8);
    let entry = join(&mut world, 1);
    let guest = world.admit(2);
    world.say(entry, &offer(&id(1)));
    assert_eq!(world.take(guest), [offer(&id(1))]);
}

#[test]
fn a_surplus_peer_is_released_after_its_time_and_not_before() {
    let mut world = world(2);
    let peers: Vec<ConnId> = (1..=3).map(|number| join(&mut world, number)).collect();
    wait(&mut world, RELEASE_AFTER - Duration::from_millis(1));
    assert_eq!(world.connected(), 3);
    wait(&mut world, Duration::from_millis(1));
    assert_eq!(world.connected(), 2);
    let is_released = |conn: &&ConnId| world.closed(**conn) == Some(CloseReason::Released);
    let released: Vec<ConnId> = peers.iter().filter(is_released).copied().collect();
    let [released] = released.as_slice() else {
        panic!("not one: {released:?}");
    };
    let heard: Vec<_> = world.take(*released);
    let heard: Vec<_> = heard.iter().map(|text| FromServer::parse(text)).collect();
    assert_eq!(
        heard,
        [Ok(FromServer::Release {
            entry_peers: 2,
            within: None
        })]
    );
    let stats = world.directory.stats();
    assert_eq!((stats.joined, stats.released, stats.entry_peers), (3, 1, 2));
}

#[test]
fn a_peer_that_is_to_be_released_gets_no_newcomers_but_the_messages_of_those_it_knows() {
    let mut world = world(1);
    let peers = [(1, join(&mut world, 1)), (2, join(&mut world, 2))];
    let (newcomer, mut introduced) = (world.admit(3), BTreeSet::new());
    for _ in 0..20 {
        world.say(newcomer, &offer(&id(3)));
        for (number, conn) in peers {
            if !world.take(conn).is_empty() {
                introduced.insert(number);
            }
        }
    }
    assert_eq!(introduced.len(), 1);
    for (number, conn) in peers {
        let candidates = text(&id(3), &id(number));
        world.say(newcomer, &candidates);
        assert_eq!(world.take(conn), [candidates]);
    }
}

#[test]
fn a_peer_that_was_to_be_released_stays_if_it_is_needed_again() {
    let mut world = world(1);
    let peers = [join(&mut world, 1), join(&mut world, 2)];
    let newcomer = world.admit(3);
    world.say(newcomer, &offer(&id(3)));
    let is_entry = |world: &mut World, conn| !world.take(conn).is_empty();
    let entry = match is_entry(&mut world, peers[0]) {
        true => peers[0],
        false => peers[1],
    };
    world.input(Input::Disconnected { conn: entry });
    wait(&mut world, RELEASE_AFTER);
    assert_eq!(world.directory.stats().released, 0);
    assert_eq!(world.directory.stats().entry_peers, 1);
    assert_eq!(world.directory.poll_timeout(), None);
}

#[test]
fn saying_it_twice_changes_nothing() {
    let mut world = world(8);
    let alice = join(&mut world, 1);
    world.say(alice, &joined(keypair(1).id()));
    assert!(world.take(alice).is_empty());
    let stats = world.directory.stats();
    assert_eq!((stats.joined, stats.entry_peers), (1, 1));
}

#[test]
fn only_the_peer_itself_can_say_that_it_has_joined() {
    let mut world = world(8);
    let (alice, bob) = (world.admit(1), world.admit(2));
    world.say(alice, &joined(keypair(2).id()));
    world.assert_refused(alice, &ErrorCode::WrongFrom);
    assert!(world.take(bob).is_empty());
    assert_eq!(world.directory.stats().entry_peers, 0);
}

#[test]
fn the_reports_clients_have_no_part_in_it() {
    let mut world = world(1);
    let (ada, bea) = (world.connect("ada"), world.connect("bea"));
    // To them, this is a message like any other.
    let said = r#"{"type":"joined","from":"ada","to":"","payload":{}}"#;
    world.say(ada, said);
    assert_eq!(world.take(bea), [said]);
    let entry = join(&mut world, 1);
    let mut reached = BTreeSet::new();
    for _ in 0..50 {
        world.say(ada, &text("ada", ""));
        for conn in [bea, entry] {
            if !world.take(conn).is_empty() {
                reached.insert(conn);
            }
        }
    }
    assert_eq!(reached.len(), 2, "anybody else is as good");
    wait(&mut world, 2 * RELEASE_AFTER);
    assert_eq!(world.connected(), 3);
}

#[test]
fn ten_thousand_peers_cost_a_server_what_their_joins_cost() {
    const PEERS: u32 = 10_000;
    const ENTRIES: usize = 256;
    let pause = Duration::from_millis(100);
    let mut world = world(ENTRIES);
    let mut most = 0;
    for number in 0..PEERS {
        let mut secret = [0; 32];
        secret[..4].copy_from_slice(&number.to_be_bytes());
        let keypair = Keypair::from_secret(&secret);
        let conn = world.admit_peer(&keypair);
        world.say(conn, &offer(&keypair.id().to_string()));
        world.say(conn, &joined(keypair.id()));
        wait(&mut world, pause);
        most = most.max(world.connected());
    }
    wait(&mut world, RELEASE_AFTER);
    let stats: Stats = world.directory.stats();
    assert_eq!(stats.joined, u64::from(PEERS));
    assert_eq!(stats.forwarded, u64::from(PEERS) - 1, "one offer each");
    assert_eq!(stats.denied, 1, "the first one's");
    // A challenge, a welcome, a release; and somebody gets the offer.
    assert!(world.sent <= 4 * u64::from(PEERS), "{}", world.sent);
    // The tables hold those who are connected and nobody else (checked after every input).
    assert_eq!(stats.connected, stats.entry_peers);
    assert_eq!(stats.released, u64::from(PEERS) - stats.connected);
    let least = ENTRIES - ENTRIES / 8;
    assert!((least..=ENTRIES).contains(&(stats.entry_peers as usize)));
    let on_their_way = RELEASE_AFTER.as_millis() / pause.as_millis() + ENTRIES as u128 / 8 + 2;
    assert!(u128::from(most) <= ENTRIES as u128 + on_their_way, "{most}");
}
