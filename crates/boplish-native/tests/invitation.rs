//! Peers that join without a bootstrap server, over real sockets.

use std::net::Ipv4Addr;
use std::time::Duration;

use boplish_native::core::{Event, InviteError, State};
use boplish_native::wire::{Payload, ProtocolName};
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig, PeerError};
use tokio::time::{sleep, timeout};

/// More than anything here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

fn engine() -> Engine {
    let config = EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    };
    Engine::new(&config).expect("loopback addresses can be used")
}

fn loner(engine: &Engine) -> Peer {
    Peer::spawn(engine, PeerConfig::default()).expect("a peer can be spawned")
}

async fn within<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("it happens in time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newcomers_join_by_hand_and_find_the_others() {
    let engine = engine();
    let (first, second, third) = (loner(&engine), loner(&engine), loner(&engine));
    let invitations = (
        within(first.invite()).await.expect("there is room"),
        within(first.invite()).await.expect("there is room"),
    );
    assert!(invitations.0.len() < 400, "{}", invitations.0.len());
    let accepted = within(second.accept_invitation(&invitations.0)).await;
    let accepted = accepted.expect("it verifies");
    assert_eq!(accepted.peer, first.id());
    let late = within(third.accept_invitation(&invitations.1)).await;
    let late = late.expect("it verifies");
    // So long that the checks of ICE have begun, and found nobody.
    sleep(Duration::from_secs(2)).await;
    let joined = within(first.complete_invitation(&accepted.answer)).await;
    assert_eq!(joined, Ok(second.id()));
    assert_eq!(within(second.connected()).await, Ok(State::Online));
    within(first.complete_invitation(&late.answer))
        .await
        .expect("it verifies");
    // The second and the third have never heard of each other but through the first.
    for peer in [&first, &second, &third] {
        within(peer.connected_to(2))
            .await
            .expect("nobody closes it");
    }
    let chat = ProtocolName::new("chat").expect("the name is short");
    let hello = Payload::from_value("hello").expect("the text is short");
    let sent = within(third.send(second.id(), chat, hello)).await;
    assert_eq!(sent, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_of_no_use_is_refused() {
    let engine = engine();
    let (first, second) = (loner(&engine), loner(&engine));
    let invitation = within(first.invite()).await.expect("there is room");
    let own = within(first.accept_invitation(&invitation)).await;
    assert_eq!(own, Err(PeerError::Invitation(InviteError::Own)));
    let mixed_up = within(second.complete_invitation(&invitation)).await;
    assert_eq!(mixed_up, Err(PeerError::Invitation(InviteError::MixedUp)));
    let cut = within(second.accept_invitation(&invitation[..200])).await;
    assert!(matches!(cut, Err(PeerError::Invitation(_))), "{cut:?}");
    let mut events = second.events();
    let answer = within(second.accept_invitation(&invitation)).await;
    assert!(answer.is_ok(), "{answer:?}");
    first.close().await;
    let no_event = timeout(Duration::from_millis(100), events.recv()).await;
    assert!(!matches!(no_event, Ok(Ok(Event::PeerConnected(_)))));
    assert_eq!(first.invite().await, Err(PeerError::Closed));
}
