//! Arbitrary valid values, and a few fixed ones.

use core::net::IpAddr;

use boplish_wire::limits::{MAX_HOPS, MAX_RING_LIST, MAX_WAYPOINTS};
use boplish_wire::ring::{Coordinates, Place, RingMessage, RingState, Table, TableEntry};
use boplish_wire::{
    Candidate, CandidateAddress, CandidateKind, CloseReason, DeniedReason, Description,
    Fingerprint, Frame, Hello, Hop, Keepalive, Keypair, Kind, Message, MessageId, Payload, PeerId,
    Proof, ProtocolName, SessionId, Setup, Signal, Transport, Way,
};
use proptest::array::{uniform20, uniform32};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) fn alice() -> Keypair {
    Keypair::from_secret(&[1; 32])
}

pub(crate) fn bob() -> Keypair {
    Keypair::from_secret(&[2; 32])
}

pub(crate) fn mallory() -> Keypair {
    Keypair::from_secret(&[3; 32])
}

pub(crate) fn name(name: &str) -> ProtocolName {
    ProtocolName::new(name).expect("the tests use good names")
}

pub(crate) fn json_payload(text: &str) -> Payload {
    Payload::json(text).expect("the tests use good JSON")
}

/// A ping from Alice to Bob.
pub(crate) fn ping() -> Message {
    Message {
        way: Way::default(),
        id: MessageId(7),
        from: alice().id(),
        to: Some(bob().id()),
        protocol: name("ping-protocol"),
        kind: Kind::Plain,
        wants_ack: false,
        hops: 0,
        payload: json_payload(r#"{"type":"ping"}"#),
        proof: None,
    }
}

/// What a browser that has not gathered yet offers: the credentials are as long as they get.
pub(crate) fn description() -> Description {
    Description {
        session: SessionId(0x7fff_ffff_ffff_fffe),
        ufrag: "f48aef5a".into(),
        pwd: "6e1c124198f313936696781d3c923c94".into(),
        fingerprint: Fingerprint([0xab; 32]),
        setup: Setup::ActPass,
        candidates: Vec::new(),
    }
}

pub(crate) fn host_candidate() -> Candidate {
    Candidate {
        foundation: "3903903536".into(),
        transport: Transport::Udp,
        priority: 2_113_937_151,
        address: CandidateAddress::Name("cc29a694-21fa-4403-9841-54fea244024a.local".into()),
        port: 38827,
        kind: CandidateKind::Host,
    }
}

pub(crate) fn table() -> Table {
    let entry = |position, gap| TableEntry {
        position,
        latency: 100,
        gap,
    };
    Table {
        member: true,
        coordinates: Some(Coordinates::default()),
        gap: Some(1 << 27),
        number: Some(1),
        full: true,
        added: vec![entry(1, 200), entry(u32::MAX, 239)],
        ..Table::default()
    }
}

pub(crate) fn any_id() -> impl Strategy<Value = PeerId> {
    uniform20(any::<u8>()).prop_map(PeerId::from_bytes)
}

fn any_json() -> impl Strategy<Value = Payload> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("-1.50e+3".to_owned()),
        "\\PC*".prop_map(|text| serde_json::to_string(&text).expect("strings have a JSON form")),
        Just(r#""\ud800 lone""#.to_owned()),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" ,"))),
            vec(inner, 0..4).prop_map(|items| {
                let items = items.iter().enumerate();
                let items: Vec<_> = items.map(|(i, item)| format!("\"k{i}\": {item}")).collect();
                format!("{{{}}}", items.join(",\n"))
            }),
        ]
    });
    value.prop_map(|text| json_payload(&text))
}

pub(crate) fn any_payload() -> impl Strategy<Value = Payload> {
    let bytes = vec(any::<u8>(), 0..300);
    prop_oneof![
        any_json(),
        bytes.prop_map(|bytes| Payload::bytes(bytes).expect("300 bytes are few")),
    ]
}

/// Without a way, which JSON does not carry.
pub(crate) fn any_message() -> impl Strategy<Value = Message> {
    let of = any::<u64>().prop_map(MessageId);
    let kind = prop_oneof![
        Just(Kind::Plain),
        Just(Kind::Request),
        of.clone().prop_map(|of| Kind::Reply { of }),
        of.clone().prop_map(|of| Kind::Ack { of }),
        of.prop_map(|of| Kind::Unreachable { of }),
    ];
    let proof = uniform32(any::<u8>()).prop_map(|third| {
        let bytes: [u8; 96] = core::array::from_fn(|index| third[index % 32]);
        Proof::from_bytes(&bytes)
    });
    (
        (any::<u64>(), any_id(), option::of(any_id()), "\\PC{1,64}"),
        (kind, any::<bool>(), 0..=32u8),
        (any_payload(), option::of(proof)),
    )
        .prop_map(
            |((id, from, to, protocol), (kind, wants_ack, hops), (payload, proof))| Message {
                way: Way::default(),
                id: MessageId(id),
                from,
                to,
                protocol: name(&protocol),
                kind,
                wants_ack,
                hops,
                payload,
                proof: proof.map(Box::new),
            },
        )
}

pub(crate) fn any_way() -> impl Strategy<Value = Way> {
    let peers = || vec(any_id(), 0..=MAX_WAYPOINTS);
    let hop = (any::<u32>(), option::of(any::<u32>()), any::<u32>())
        .prop_map(|(number, pin, bound)| Hop { number, pin, bound });
    let flags = (any::<bool>(), any::<bool>());
    let passed = option::of(vec(any_id(), 0..=MAX_HOPS.into()));
    let way = (flags, peers(), peers(), option::of(hop), passed);
    way.prop_map(|((by_key, again), over, back, hop, passed)| Way {
        by_key,
        again,
        over,
        back,
        hop,
        passed,
    })
}

fn any_coordinates() -> impl Strategy<Value = Coordinates> {
    (any::<i16>(), any::<i16>(), any::<u16>()).prop_map(|(x, y, height)| Coordinates {
        x,
        y,
        height,
    })
}

pub(crate) fn any_ring_state() -> impl Strategy<Value = RingState> {
    let place = || {
        (any_id(), any_coordinates()).prop_map(|(peer, coordinates)| Place { peer, coordinates })
    };
    let places = || vec(place(), 0..=MAX_RING_LIST);
    (any::<bool>(), any::<bool>(), places(), places()).prop_map(
        |(member, leaving, predecessors, successors)| RingState {
            member,
            leaving,
            predecessors,
            successors,
        },
    )
}

pub(crate) fn any_ring_message() -> impl Strategy<Value = RingMessage> {
    prop_oneof![
        (any::<u32>(), any::<bool>())
            .prop_map(|(known, member)| RingMessage::Stabilize { known, member }),
        any_ring_state().prop_map(RingMessage::State),
        Just(RingMessage::Unchanged),
        (any::<u32>(), any::<u8>()).prop_map(|(token, places)| RingMessage::Find { token, places }),
        (
            any::<u32>(),
            any::<u8>(),
            any_coordinates(),
            any_ring_state()
        )
            .prop_map(|(token, hops, coordinates, state)| RingMessage::Found {
                token,
                hops,
                coordinates,
                state
            }),
        vec(any_id(), 0..=MAX_WAYPOINTS).prop_map(|over| RingMessage::Unify { over }),
    ]
}

pub(crate) fn any_table() -> impl Strategy<Value = Table> {
    let entry =
        (any::<u32>(), any::<u8>(), any::<u8>()).prop_map(|(position, latency, gap)| TableEntry {
            position,
            latency,
            gap,
        });
    (
        (
            any::<bool>(),
            any::<bool>(),
            option::of(any::<u32>()),
            option::of(any_coordinates()),
        ),
        option::of(any::<u32>()),
        vec(entry, 0..300),
        vec(any::<u32>(), 0..300),
    )
        .prop_map(
            |((member, full, gap, coordinates), number, added, removed)| Table {
                member,
                coordinates,
                gap,
                number,
                full,
                added,
                removed,
            },
        )
}

pub(crate) fn any_frame() -> impl Strategy<Value = Frame> {
    let routing = || vec(any::<u8>(), 0..2048);
    prop_oneof![
        (any::<u8>(), any::<bool>(), routing(), any::<u32>()).prop_map(
            |(version, hidden, routing, network)| {
                Frame::Hello(Hello {
                    version,
                    hidden,
                    routing,
                    network,
                })
            }
        ),
        (any::<bool>(), any::<bool>(), routing()).prop_map(|(hidden, echo, routing)| {
            Frame::Keepalive(Keepalive {
                hidden,
                echo,
                routing,
            })
        }),
        (any_message(), any_way())
            .prop_map(|(message, way)| { Frame::Message(Message { way, ..message }) }),
        any::<u32>().prop_map(Frame::HopAck),
        prop_oneof![
            Just(CloseReason::Leaving),
            Just(CloseReason::Replaced),
            Just(CloseReason::Unneeded),
            Just(CloseReason::ProtocolError),
            Just(CloseReason::OtherNetwork),
        ]
        .prop_map(Frame::Close),
    ]
}

pub(crate) fn any_candidate() -> impl Strategy<Value = Candidate> {
    let transport = prop_oneof![
        Just(Transport::Udp),
        Just(Transport::TcpActive),
        Just(Transport::TcpPassive),
        Just(Transport::TcpSo),
    ];
    let kind = prop_oneof![
        Just(CandidateKind::Host),
        Just(CandidateKind::ServerReflexive),
        Just(CandidateKind::PeerReflexive),
        Just(CandidateKind::Relay),
    ];
    let address = prop_oneof![
        any::<IpAddr>().prop_map(CandidateAddress::Ip),
        "[a-zA-Z][a-zA-Z0-9._-]{0,80}".prop_map(|name| CandidateAddress::Name(name.into())),
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\.local"
            .prop_map(|name| CandidateAddress::Name(name.into())),
    ];
    (
        "[a-zA-Z0-9+/]{1,32}",
        transport,
        1..=0x7fff_ffff_u32,
        address,
        any::<u16>(),
        kind,
    )
        .prop_map(
            |(foundation, transport, priority, address, port, kind)| Candidate {
                foundation: foundation.into(),
                transport,
                priority,
                address,
                port,
                kind,
            },
        )
}

pub(crate) fn any_description() -> impl Strategy<Value = Description> {
    let setup = prop_oneof![
        Just(Setup::ActPass),
        Just(Setup::Active),
        Just(Setup::Passive),
    ];
    (
        any::<u64>(),
        "[a-zA-Z0-9+/]{4,256}",
        "[a-zA-Z0-9+/]{22,256}",
        uniform32(any::<u8>()),
        setup,
        vec(any_candidate(), 0..5),
    )
        .prop_map(
            |(session, ufrag, pwd, fingerprint, setup, candidates)| Description {
                session: SessionId(session),
                ufrag: ufrag.into(),
                pwd: pwd.into(),
                fingerprint: Fingerprint(fingerprint),
                setup,
                candidates,
            },
        )
}

pub(crate) fn any_signal() -> impl Strategy<Value = Signal> {
    let of = any::<u64>().prop_map(SessionId);
    let ufrag = || "[a-zA-Z0-9+/]{4,256}".prop_map(Box::<str>::from);
    let reason = prop_oneof![
        Just(DeniedReason::Alone),
        Just(DeniedReason::Unverified),
        Just(DeniedReason::Replayed),
        Just(DeniedReason::Superseded),
        Just(DeniedReason::UnknownSession),
        Just(DeniedReason::Full),
    ];
    let candidates = vec(any_candidate(), 0..=32);
    prop_oneof![
        any_description().prop_map(|description| Signal::Offer { description }),
        (of.clone(), uniform32(any::<u8>()), any_description()).prop_map(
            |(of, offered, description)| Signal::Answer {
                of,
                offered: Fingerprint(offered),
                description,
            }
        ),
        (of.clone(), ufrag(), candidates, any::<bool>()).prop_map(
            |(of, ufrag, candidates, done)| Signal::Candidates {
                of,
                ufrag,
                candidates,
                done,
            }
        ),
        (of.clone(), any_description())
            .prop_map(|(of, description)| Signal::RestartOffer { of, description }),
        (of.clone(), ufrag(), any_description()).prop_map(|(of, offered_ufrag, description)| {
            Signal::RestartAnswer {
                of,
                offered_ufrag,
                description,
            }
        }),
        of.clone().prop_map(|of| Signal::RestartRequest { of }),
        (of, reason).prop_map(|(of, reason)| Signal::Denied { of, reason }),
    ]
}
