//! TURN credentials: made for each client, and renewed before they end.

use core::num::NonZeroUsize;
use core::time::Duration;

use crate::common::{World, id, keypair};
use boplish_directory::{Config, ConnId, IceServer, Input, TurnConfig, TurnSecret, TurnUser};
use boplish_wire::bootstrap::{FromServer, challenge_response, joined};

const LIFETIME: Duration = Duration::from_secs(3_600);
const START: Duration = Duration::from_secs(1_800_000_000);

fn turn() -> TurnConfig {
    TurnConfig {
        urls: vec!["turn:turn.example?transport=udp".to_owned()],
        secret: TurnSecret::new("north"),
        lifetime: LIFETIME,
    }
}

fn world(entry_peers: usize) -> World {
    let mut config = Config {
        ice_servers: vec![IceServer {
            urls: vec!["stun:stun.example".to_owned()],
            username: None,
            credential: None,
        }],
        turn: Some(turn()),
        ..Config::default()
    };
    config.limits.entry_peers = NonZeroUsize::new(entry_peers).expect("at least one");
    let mut world = World::new(config);
    world.input(Input::UnixTime(START));
    world
}

/// Connects a client, which proves its id, and gives what its welcome says.
fn welcomed(world: &mut World, number: u8) -> (ConnId, Vec<IceServer>) {
    let (conn, nonce) = world.challenge(number);
    world.say(conn, &challenge_response(&keypair(number), &nonce));
    let heard = world.take(conn);
    match heard.first().map(|text| FromServer::parse(text)) {
        Some(Ok(FromServer::Welcome { ice_servers, .. })) => (conn, ice_servers),
        other => panic!("no welcome: {other:?}"),
    }
}

/// The credentials that a client was told of since it was last asked.
fn renewed(world: &mut World, conn: ConnId) -> Vec<IceServer> {
    let heard = world.take(conn);
    match heard
        .iter()
        .map(|text| FromServer::parse(text))
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => Vec::new(),
        [Ok(FromServer::IceServers(servers))] => servers.clone(),
        other => panic!("not one list of servers: {other:?}"),
    }
}

fn wait(world: &mut World, time: Duration) {
    world.now += time;
    world.input(Input::Timeout);
}

fn expiry(servers: &[IceServer]) -> Duration {
    let username = servers[1].username.as_deref().expect("TURN has one");
    TurnUser::parse(username).expect("it is ours").expiry
}

#[test]
fn a_password_is_the_hmac_of_the_user_name() {
    // As `openssl dgst -sha1 -hmac north -binary | base64` has it.
    let password = TurnSecret::new("north").password("1433895918:ninefingers");
    assert_eq!(password, "jy8hTxmOO7UtEKXqSkSlvakPVYA=");
}

#[test]
fn a_secret_is_not_in_the_log() {
    assert!(!format!("{:?}", turn()).contains("north"));
}

#[test]
fn a_user_name_says_whose_it_is_and_until_when() {
    let user = TurnUser::parse("17:a:b").expect("it is one");
    assert_eq!((user.expiry, user.client), (Duration::from_secs(17), "a:b"));
    for wrong in ["", "a", "17", "17:", ":a", "-1:a", "1.5:a", "x:a"] {
        assert_eq!(TurnUser::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn each_client_is_welcomed_with_credentials_of_its_own() {
    let mut world = world(8);
    let (_, first) = welcomed(&mut world, 1);
    let (_, second) = welcomed(&mut world, 2);
    let end = (START + LIFETIME).as_secs();
    for (number, servers) in [(1, first), (2, second)] {
        let username = format!("{end}:{}", id(number));
        assert_eq!(servers[0].urls, ["stun:stun.example"]);
        assert_eq!(servers[1].urls, turn().urls);
        assert_eq!(
            servers[1].credential,
            Some(turn().secret.password(&username))
        );
        assert_eq!(servers[1].username, Some(username));
    }
}

#[test]
fn who_stays_gets_new_credentials_when_half_of_their_time_is_over() {
    let mut world = world(8);
    let (conn, _) = welcomed(&mut world, 1);
    for round in 1..4 {
        wait(&mut world, LIFETIME / 2 - Duration::from_secs(1));
        assert_eq!(renewed(&mut world, conn), []);
        assert_eq!(
            world.directory.poll_timeout(),
            Some(world.now + Duration::from_secs(1))
        );
        wait(&mut world, Duration::from_secs(1));
        let servers = renewed(&mut world, conn);
        assert_eq!(servers[0].urls, ["stun:stun.example"]);
        assert_eq!(expiry(&servers), START + LIFETIME / 2 * round + LIFETIME);
    }
}

#[test]
fn nothing_is_due_for_those_who_have_left() {
    let mut world = world(8);
    let (conn, _) = welcomed(&mut world, 1);
    world.input(Input::Disconnected { conn });
    assert_eq!(world.directory.poll_timeout(), None);
    wait(&mut world, LIFETIME);
    assert_eq!(renewed(&mut world, conn), []);
}

#[test]
fn a_clock_that_is_set_forward_renews_at_once_and_backward_no_sooner() {
    let mut world = world(8);
    let (conn, _) = welcomed(&mut world, 1);
    world.input(Input::UnixTime(START + LIFETIME));
    let servers = renewed(&mut world, conn);
    assert_eq!(expiry(&servers), START + LIFETIME * 2);
    world.input(Input::UnixTime(START));
    wait(&mut world, LIFETIME);
    assert_eq!(renewed(&mut world, conn), []);
}

#[test]
fn many_renewals_take_turns() {
    let mut world = world(8);
    world.directory = {
        let mut config = Config {
            turn: Some(turn()),
            ..Config::default()
        };
        config.limits.connections_per_address = usize::MAX;
        boplish_directory::Directory::new(config, [1; 32])
    };
    world.input(Input::UnixTime(START));
    let conns: Vec<_> = (0..300_u16)
        .map(|number| {
            let mut secret = [9; 32];
            secret[..2].copy_from_slice(&number.to_be_bytes());
            world.admit_peer(&boplish_wire::Keypair::from_secret(&secret))
        })
        .collect();
    let told = |world: &mut World| {
        let told = conns.iter().filter(|conn| !world.take(**conn).is_empty());
        told.count()
    };
    wait(&mut world, LIFETIME / 2);
    assert_eq!(told(&mut world), 256);
    assert!(
        world
            .directory
            .poll_timeout()
            .is_some_and(|at| at <= world.now)
    );
    wait(&mut world, Duration::ZERO);
    assert_eq!(told(&mut world), 44);
}

#[test]
fn who_is_released_is_told_when_its_credentials_end() {
    let mut world = world(1);
    let conns = [welcomed(&mut world, 1).0, welcomed(&mut world, 2).0];
    for number in [1, 2] {
        world.say(conns[number - 1], &joined(keypair(number as u8).id()));
    }
    wait(&mut world, Duration::from_secs(10));
    let released: Vec<_> = conns
        .into_iter()
        .flat_map(|conn| world.take(conn))
        .collect();
    let left = u32::try_from(LIFETIME.as_secs()).expect("it fits") - 10;
    assert_eq!(
        released
            .iter()
            .map(|text| FromServer::parse(text))
            .collect::<Vec<_>>(),
        [Ok(FromServer::Release {
            entry_peers: 1,
            within: Some(left)
        })]
    );
}
