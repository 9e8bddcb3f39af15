//! The network of a scenario as the simulator's.

use std::time::Duration;

use boplish_sim::{Bandwidth, Delay, NatShares, NetworkConfig};

use super::super::scenario::{Latency, Network, Share};

/// What a line carries that has no bound.
const UNBOUNDED: [u32; 2] = [u32::MAX, u32::MAX];

pub(super) fn network(network: &Network) -> NetworkConfig {
    let mut config = match network.latency {
        Latency::Internet => NetworkConfig::internet(),
        Latency::Loopback => loopback(),
        Latency::Uniform => NetworkConfig {
            distance: between(network.least.duration(), network.most.duration()),
            ..NetworkConfig::default()
        },
    };
    if let Some(jitter) = network.jitter {
        config.jitter.most = jitter.duration();
    }
    if let Some(loss) = network.loss {
        config.loss = (loss.0 * 1e6).round() as u32;
    }
    if network.upload.is_some() || network.download.is_some() {
        config.bandwidth = Some(Bandwidth {
            up: network.upload.unwrap_or(UNBOUNDED),
            down: network.download.unwrap_or(UNBOUNDED),
        });
    }
    let nat = &network.nat;
    config.nats = NatShares {
        full_cone: per_mille(nat.full_cone),
        restricted: per_mille(nat.restricted),
        port_restricted: per_mille(nat.port_restricted),
        symmetric: per_mille(nat.symmetric),
        blocked: per_mille(nat.blocked),
    };
    config.unreachable = per_mille(network.unreachable);
    config.hidden = per_mille(network.hidden);
    config
}

/// Processes of one machine.
fn loopback() -> NetworkConfig {
    let micros = |least, most| between(Duration::from_micros(least), Duration::from_micros(most));
    NetworkConfig {
        distance: micros(50, 150),
        jitter: micros(0, 200),
        server: micros(50, 300),
        describe: Delay::millis(0, 1),
        gather: micros(0, 100),
        open_skew: micros(0, 500),
        ..NetworkConfig::default()
    }
}

fn between(least: Duration, most: Duration) -> Delay {
    Delay {
        least,
        most,
        outliers: 0,
        outlier: Duration::ZERO,
    }
}

fn per_mille(share: Share) -> u32 {
    (share.0 * 1000.0).round() as u32
}
