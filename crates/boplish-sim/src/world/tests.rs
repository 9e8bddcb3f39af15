//! The virtual WebRTC by itself: connections that no core has asked for.

use core::time::Duration;

use boplish_core::io::IceState;
use boplish_core::wire::{Description, Fingerprint};
use boplish_core::{ChordConfig, Config, ConnectionCommand, ConnectionId, RouterConfig};

use crate::config::NetworkConfig;
use crate::overlay::Plan;
use crate::peer::{Known, PeerHandle};
use crate::random::Random;
use crate::webrtc::{EndpointIndex, EndpointState};

use super::World;

const ID: ConnectionId = ConnectionId(1_000_000);

/// Two peers without a server, whose cores do nothing.
fn strangers() -> (World, PeerHandle, PeerHandle) {
    let mut world = World::new(1, NetworkConfig::default());
    world.kill_server();
    let (a, b) = (
        world.add_peer(Config::default()),
        world.add_peer(Config::default()),
    );
    (world, a, b)
}

fn endpoint_of(world: &World, peer: PeerHandle) -> EndpointIndex {
    match world.peer(peer).connections.find(ID) {
        Known::In(slot) => world.endpoints.at(slot).expect("it is there"),
        Known::Forgotten | Known::Never => panic!("it is gone"),
    }
}

/// The local description with all its candidates.
fn described(world: &mut World, peer: PeerHandle) -> Description {
    world.run_for(Duration::from_secs(1));
    let endpoint = world.endpoint(endpoint_of(world, peer));
    let setup = endpoint
        .and_then(|it| it.setup.as_ref())
        .expect("it is being set up");
    setup.description(world.fingerprint(peer), setup.gathered.len())
}

/// Offer and answer, changed on their way.
fn connect(
    world: &mut World,
    a: PeerHandle,
    b: PeerHandle,
    change: impl Fn(&mut Description),
) -> [EndpointIndex; 2] {
    world.command(a, ID, ConnectionCommand::CreateOffer);
    let mut offer = described(world, a);
    change(&mut offer);
    world.command(b, ID, ConnectionCommand::CreateAnswer { offer });
    let mut answer = described(world, b);
    change(&mut answer);
    world.command(a, ID, ConnectionCommand::AcceptAnswer(answer));
    [endpoint_of(world, a), endpoint_of(world, b)]
}

fn restart(world: &mut World, a: PeerHandle, b: PeerHandle) {
    world.command(a, ID, ConnectionCommand::RestartIce);
    let offer = described(world, a);
    world.command(b, ID, ConnectionCommand::AnswerRestart { offer });
    let answer = described(world, b);
    world.command(a, ID, ConnectionCommand::AcceptAnswer(answer));
    world.run_for(Duration::from_secs(3));
}

/// A side that is forgotten was closed.
fn states(world: &World, ends: [EndpointIndex; 2]) -> [EndpointState; 2] {
    let closed = EndpointState::Closed;
    ends.map(|end| world.endpoint(end).map_or(closed, |it| it.state))
}

fn ice(world: &World, ends: [EndpointIndex; 2]) -> [Option<IceState>; 2] {
    ends.map(|end| world.endpoint(end).and_then(|it| it.ice))
}

#[test]
fn matching_descriptions_open_a_channel_after_five_round_trips() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    let start = world.now();
    let least = (world.network.distance.least) * 10;
    while states(&world, ends) != [EndpointState::Open; 2] {
        world.step();
        assert!(world.now().since(start) < Duration::from_secs(5));
    }
    assert!(world.now().since(start) >= least);
}

#[test]
fn a_swapped_fingerprint_ends_the_connection() {
    let (mut world, a, b) = strangers();
    let swap = |description: &mut Description| description.fingerprint = Fingerprint([6; 32]);
    let ends = connect(&mut world, a, b, swap);
    world.run_for(Duration::from_secs(60));
    assert_eq!(states(&world, ends), [EndpointState::Closed; 2]);
    assert_eq!(world.counters.opened, 0);
}

#[test]
fn another_password_never_connects() {
    let (mut world, a, b) = strangers();
    let change = |description: &mut Description| description.pwd = "x".repeat(24).into();
    let ends = connect(&mut world, a, b, change);
    world.run_for(Duration::from_secs(60));
    assert_eq!(states(&world, ends), [EndpointState::Setup; 2]);
    assert_eq!(ice(&world, ends), [Some(IceState::Failed); 2]);
}

#[test]
fn without_a_candidate_that_works_nothing_connects() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |description| {
        description.candidates.clear()
    });
    world.run_for(Duration::from_secs(60));
    assert_eq!(states(&world, ends), [EndpointState::Setup; 2]);
}

#[test]
fn a_path_that_is_cut_is_disconnected_then_failed_and_only_a_restart_brings_it_back() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    world.run_for(Duration::from_secs(5));
    world.set_reachable(a, b, false);
    world.run_for(Duration::from_secs(6));
    assert_eq!(ice(&world, ends), [Some(IceState::Disconnected); 2]);
    world.set_reachable(a, b, true);
    world.run_for(Duration::from_secs(4));
    assert_eq!(ice(&world, ends), [Some(IceState::Connected); 2]);
    world.set_reachable(a, b, false);
    world.run_for(Duration::from_secs(30));
    world.set_reachable(a, b, true);
    world.run_for(Duration::from_secs(30));
    assert_eq!(ice(&world, ends), [Some(IceState::Failed); 2]);
    restart(&mut world, a, b);
    assert_eq!(ice(&world, ends), [Some(IceState::Connected); 2]);
    assert_eq!(states(&world, ends), [EndpointState::Open; 2]);
}

#[test]
fn a_close_reaches_the_other_side_unless_the_path_is_cut() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    world.run_for(Duration::from_secs(5));
    world.set_reachable(a, b, false);
    world.command(a, ID, ConnectionCommand::Close);
    world.run_for(Duration::from_secs(2));
    world.set_reachable(a, b, true);
    world.run_for(Duration::from_secs(20));
    assert_eq!(states(&world, ends)[1], EndpointState::Open);

    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    world.run_for(Duration::from_secs(5));
    world.command(a, ID, ConnectionCommand::Close);
    world.run_for(Duration::from_secs(1));
    assert_eq!(states(&world, ends)[1], EndpointState::Closed);
}

#[test]
fn what_only_the_set_up_needs_is_dropped_with_it_and_made_anew_for_a_restart() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.population().setups, 0);
    restart(&mut world, a, b);
    assert_eq!(world.population().setups, 0);
    assert_eq!(states(&world, ends), [EndpointState::Open; 2]);
    assert_eq!(world.misuses(), [""; 0]);
}

#[test]
fn a_closed_connection_gives_its_place_to_another() {
    let (mut world, a, b) = strangers();
    let ends = connect(&mut world, a, b, |_| {});
    world.run_for(Duration::from_secs(5));
    world.command(a, ID, ConnectionCommand::Close);
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.population().endpoints, 0);
    world.command(a, ID, ConnectionCommand::Close);
    assert_eq!(world.misuses(), [""; 0]);
    world.command(a, ConnectionId(ID.0 + 1), ConnectionCommand::CreateOffer);
    assert_eq!(world.population().endpoints, 1);
    assert_eq!(states(&world, ends), [EndpointState::Closed; 2]);
}

#[test]
fn a_link_without_a_handshake_is_as_good_as_any() {
    let mut world = World::new(1, NetworkConfig::default());
    let alone = Config {
        bootstrap: false,
        router: RouterConfig::Chord(ChordConfig::default()),
        ..Config::default()
    };
    let [a, b] = [(); 2].map(|()| world.add_peer(alone.clone()));
    let plan = Plan {
        peers: 2,
        budget: 12,
        near: 4,
        successors: 8,
    };
    plan.carry_out(&mut world, vec![a, b], &mut Random::new(1));
    world.run_for(Duration::from_secs(60));
    assert_eq!(world.open_connections(), [(a, b)]);
    // Long enough for a restart of ICE, which needs a way for signals besides the link.
    world.blink(a, Duration::from_secs(8));
    world.run_for(Duration::from_secs(60));
    crate::check::mesh_complete(&world).expect("they are linked");
    world.close(b);
    world.run_for(Duration::from_secs(2));
    assert_eq!(world.open_connections(), []);
    assert_eq!(world.misuses(), [""; 0]);
    assert_eq!(world.population().endpoints, 0);
}
