//! The bootstrap server of real peers, and what a scenario may ask of a real network.

use std::net::SocketAddr;

use boplish_server::Config;

use super::super::scenario::{JoinPattern, Scenario, What};
use super::Machine;
use crate::failure::Failure;
use crate::serve;

/// What only a virtual network can do is refused, not left out silently.
pub(super) fn refuse_what_needs_a_simulator(scenario: &Scenario) -> Result<(), Failure> {
    let refused = |what: &str| {
        Err(Failure::Usage(format!(
            "{what} is possible only with --backend sim"
        )))
    };
    if scenario.peers.join == JoinPattern::Ordered {
        return refused("peers.join = ordered");
    }
    if scenario.peers.rings > 1 {
        return refused("peers.rings of more than 1");
    }
    if scenario.checks.ring.is_some() {
        return refused("checks.ring");
    }
    if scenario.storage.is_some() {
        return refused("storage");
    }
    if scenario.group.is_some() {
        return refused("a group");
    }
    for fault in &scenario.faults {
        match fault.what {
            What::Partition(_) | What::Blink(..) | What::Heal => {
                return refused(&format!("the fault at {} ({})", fault.at.0, fault.what));
            }
            What::KillServer
            | What::RestartServer
            | What::Kill(_)
            | What::Leave(_)
            | What::Join(_) => {}
        }
    }
    Ok(())
}

pub(super) fn config(
    scenario: &Scenario,
    machine: &Machine,
    address: Option<SocketAddr>,
) -> Config {
    let mut config = Config::on_loopback();
    config.network = scenario.router.parameters();
    config.limits.directory.entry_peers = scenario.server.entry_peers;
    config.site = serve::site(machine.site.as_deref());
    if let Some(address) = address {
        config.listen = vec![address];
    }
    // All peers have this machine's address.
    config.limits.directory.connections_per_address = config.limits.directory.connections;
    config.limits.sockets_per_address = config.limits.sockets;
    config
}
