//! What a peer of an ordered start weighs: a million have to fit into 16 GiB.

use boplish_core::Config;
use boplish_core::config::{ChordConfig, RouterConfig};
use boplish_sim::NetworkConfig;
use boplish_sim::overlay::{Overlay, Plan};
use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// Bytes on the heap, all of the world included; the rest is for what happens later.
const LIMIT: usize = 14_000;

#[test]
fn a_peer_of_an_ordered_start_weighs_at_most_14_000_bytes() {
    const PEERS: u32 = 4_000;
    let config = Config {
        router: RouterConfig::Chord(ChordConfig::default()),
        bootstrap: false,
        ..Config::default()
    };
    let before = ALLOCATOR.allocated();
    let mut overlay = Overlay::new(1, NetworkConfig::internet(), config);
    overlay.start_in_order(&Plan {
        peers: PEERS,
        budget: 32,
        near: 4,
        successors: 8,
    });
    let links = 2.0 * overlay.world.open_connections().len() as f64 / f64::from(PEERS);
    assert!(links > 30.0, "{links} links each");
    let each = (ALLOCATOR.allocated() - before) / PEERS as usize;
    println!("{each} bytes, {links} links each");
    assert!(each <= LIMIT, "{each} bytes");
}
