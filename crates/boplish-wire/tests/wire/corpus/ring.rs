//! Messages of the ring, and tables.

use boplish_wire::ring::{Coordinates, Place, RingMessage, RingState, Table};

use crate::any::{alice, bob, table};

pub(super) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let (state, over) = (ring_state(), vec![alice().id(), bob().id()]);
    let farewell = RingState {
        leaving: true,
        ..ring_state()
    };
    let (known, member, token) = (state.checksum(), true, 9);
    let mut samples: Vec<_> = [
        ("stabilize", RingMessage::Stabilize { known, member }),
        ("state", RingMessage::State(state.clone())),
        ("farewell", RingMessage::State(farewell)),
        ("unchanged", RingMessage::Unchanged),
        ("find", RingMessage::Find { token, places: 8 }),
        (
            "found",
            RingMessage::Found {
                token,
                hops: 4,
                coordinates: Coordinates {
                    x: 16,
                    y: -160,
                    height: 80,
                },
                state,
            },
        ),
        ("unify", RingMessage::Unify { over }),
    ]
    .map(|(name, message)| (name, message.encode()))
    .into();
    let changes = Table {
        full: false,
        removed: vec![1, 2],
        ..table()
    };
    samples.push(("table", table().encode()));
    samples.push(("table-changes", changes.encode()));
    samples.push(("table-empty", Table::default().encode()));
    samples.push(("unknown-kind", vec![0xa1, 0, 9]));
    samples.push(("unknown-codes", b"\xa1\x04\x46\0\0\0\x01\xff\xff".to_vec()));
    samples.push(("half-an-entry", b"\xa1\x04\x43\0\0\0".to_vec()));
    let length = b"\xa2\x00\x01\x04\x5b\xff\xff\xff\xff\xff\xff\xff\xff";
    samples.push(("huge-length", length.to_vec()));
    samples
}

fn ring_state() -> RingState {
    let place = |peer, x| Place {
        peer,
        coordinates: Coordinates {
            x,
            y: -1,
            height: 160,
        },
    };
    RingState {
        member: true,
        leaving: false,
        predecessors: vec![place(bob().id(), 5)],
        successors: vec![place(bob().id(), 5), place(alice().id(), -7)],
    }
}
