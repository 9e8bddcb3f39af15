//! Links without a handshake, as the simulator's ordered start makes them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use boplish_core::wire::{Fingerprint, Keypair, Payload, PeerId, ProtocolName, SessionId};
use boplish_core::{
    AdoptedLink, Config, ConnectionCommand, ConnectionInput, Event, Input, Node, Output, Time,
};

fn node(seed: u8) -> Node {
    let config = Config {
        bootstrap: false,
        ..Config::default()
    };
    let mut node = Node::new(
        config,
        Keypair::from_secret(&[seed; 32]),
        [seed; 32],
        Time::START,
    );
    node.open(Time::START);
    node
}

fn link_to(peer: PeerId, offered: bool) -> AdoptedLink<'static> {
    AdoptedLink {
        peer,
        offered,
        session: SessionId(7),
        fingerprint: Fingerprint([3; 32]),
        ufrag: "abcd",
        routing: &[],
    }
}

#[test]
fn an_adopted_link_carries_messages() {
    let (mut a, mut b) = (node(1), node(2));
    let (to_b, to_a) = (link_to(b.id(), true), link_to(a.id(), false));
    let at_a = a.adopt_link(Time::START, to_b).unwrap();
    let at_b = b.adopt_link(Time::START, to_a).unwrap();
    assert_eq!(a.adopt_link(Time::START, to_b), None, "one link is enough");
    let protocol = ProtocolName::new("talk").unwrap();
    let payload = Payload::Json(r#""hello""#.into());
    a.send(Time::START, b.id(), protocol, payload.clone())
        .unwrap();
    while let Some(output) = a.poll_output() {
        if let Output::Connection(connection, ConnectionCommand::Send(bytes)) = output {
            assert_eq!(connection, at_a);
            let input = Input::Connection(at_b, ConnectionInput::Message(bytes));
            b.handle_input(Time::START, input);
        }
    }
    let is_heard = |output: Output| matches!(output, Output::Event(Event::Message { payload: heard, .. }) if heard == payload);
    assert!(core::iter::from_fn(|| b.poll_output()).any(is_heard));
}
