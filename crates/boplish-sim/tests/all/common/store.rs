//! What tests of the store share: questions to it, and their answers.

use boplish_core::wire::{PeerId, Record};
use boplish_core::{Event, GetError, PutError, StoreConfig, StoreToken};
use boplish_sim::{PeerHandle, World, replay};

use super::{millis, ring_of_16_links};

/// A peer of a ring that stores.
pub(crate) fn newcomer(world: &mut World) -> PeerHandle {
    let peer = world.add_peer(ring_of_16_links());
    world.enable_store(peer, StoreConfig::default());
    peer
}

/// Puts, and waits for the end.
pub(crate) fn put(
    world: &mut World,
    peer: PeerHandle,
    record: &Record,
    expected: Option<u64>,
) -> Result<(), PutError> {
    let token = world.node(peer, |node, now| node.put(now, record, expected))?;
    until(world, peer, |event| ended(event, token))
}

pub(crate) fn get(
    world: &mut World,
    peer: PeerHandle,
    key: PeerId,
    quick: bool,
) -> Result<Option<Record>, GetError> {
    let token = world.node(peer, |node, now| node.get(now, key, quick))?;
    until(world, peer, |event| got(event, token))
}

pub(crate) fn list(
    world: &mut World,
    peer: PeerHandle,
    subject: &[u8],
) -> Result<Vec<Record>, GetError> {
    let token = world.node(peer, |node, now| node.list(now, subject))?;
    until(world, peer, |event| match event {
        Event::Listed { token: of, result } if *of == token => Some(result.clone()),
        _ => None,
    })
}

/// How a put has ended, if this event says so.
pub(crate) fn ended(event: &Event, token: StoreToken) -> Option<Result<(), PutError>> {
    match event {
        Event::Put { token: of, result } if *of == token => Some(result.clone()),
        _ => None,
    }
}

/// How a get has ended, if this event says so.
pub(crate) fn got(event: &Event, token: StoreToken) -> Option<Result<Option<Record>, GetError>> {
    match event {
        Event::Got { token: of, result } if *of == token => Some(result.clone()),
        _ => None,
    }
}

fn until<T>(world: &mut World, peer: PeerHandle, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
    for _ in 0..400 {
        world.run_for(millis(100));
        let events = world.take_events(peer);
        if let Some(found) = events.iter().find_map(|(_, event)| wanted(event)) {
            return found;
        }
    }
    panic!("no answer within 40 s\n{}", replay::hint(world.seed()));
}
