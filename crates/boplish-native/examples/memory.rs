//! What native peers weigh: so many in one process (the first argument, else 100), in a ring of
//! real WebRTC connections over loopback, with so many links each (the second, else 34). First the
//! peers alone, which know nobody, then with their links: all joined by invitations, since no
//! server shall be weighed. Bytes on the heap as the program asked for them, and those that Linux
//! holds for the process (RSS).
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use boplish_native::core::Config;
use boplish_native::core::config::{ChordConfig, RouterConfig};
use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
use cap::Cap;
use tokio::time::sleep;

#[global_allocator]
static ALLOCATOR: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

/// Until the ring is quiet, and has long links.
const SETTLING: Duration = Duration::from_secs(90);
const REST: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise| {
        let argument = arguments.next();
        argument.map_or(Ok(otherwise), |it| it.parse::<usize>())
    };
    let (count, budget) = (number(100)?, number(34)?);
    let engine = Engine::new(&EngineConfig {
        addresses: Some(vec![Ipv4Addr::LOCALHOST.into()]),
        mdns: false,
        ..EngineConfig::default()
    })?;
    let config = PeerConfig {
        core: Config {
            router: RouterConfig::Chord(ChordConfig {
                budget,
                ..ChordConfig::default()
            }),
            ..Config::default()
        },
        ..PeerConfig::default()
    };

    let start = Weight::now();
    let peers = (0..count).map(|_| Peer::spawn(&engine, config.clone()));
    let peers = peers.collect::<Result<Vec<_>, _>>()?;
    sleep(REST).await;
    Weight::now().report("alone", start, count);

    // Each is invited by another one, so that nobody has to introduce all of them.
    for (newcomer, host) in peers.iter().skip(1).zip(&peers) {
        let accepted = newcomer.accept_invitation(&host.invite().await?).await?;
        host.complete_invitation(&accepted.answer).await?;
    }
    sleep(SETTLING).await;
    let linked = Weight::now();
    let links: usize = peers.iter().map(|peer| peer.connected_peers().len()).sum();
    linked.report("in the ring", start, count);
    println!(
        "{} links each, {} bytes on the heap for one end of a link, the core's part included",
        links / count.max(1),
        linked.heap.saturating_sub(start.heap) / links.max(1),
    );
    for peer in peers {
        peer.close().await;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Weight {
    heap: usize,
    resident: usize,
}

impl Weight {
    fn now() -> Self {
        Self {
            heap: ALLOCATOR.allocated(),
            resident: resident(),
        }
    }

    fn report(self, what: &str, start: Self, peers: usize) {
        println!(
            "{peers} peers {what}: {} bytes on the heap each, {} of RSS",
            self.heap.saturating_sub(start.heap) / peers.max(1),
            self.resident.saturating_sub(start.resident) / peers.max(1),
        );
    }
}

/// Bytes of memory in use, as Linux tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    digits.and_then(|it| it.parse::<usize>().ok()).unwrap_or(0) * 1024
}
