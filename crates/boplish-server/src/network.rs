//! Several networks in one server.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use boplish_directory::{ClientId, ClientIdError, CloseReason, Stats, network_of};

use crate::cluster::EngineState;
use crate::config::Limits;
use crate::hub::Hub;

/// Networks that one server can have besides the default one.
pub const MAX_NETWORKS: usize = 64;

/// The name of a network: 1 to 32 lower-case letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetworkName(Box<str>);

/// This is no name of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network's name has 1 to 32 lower-case letters, digits and `-`")]
pub struct NetworkNameError;

const MAX_NAME: usize = 32;

impl NetworkName {
    /// The network of addresses that name none: `default`.
    pub fn of_default() -> Self {
        Self("default".into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NetworkName {
    type Err = NetworkNameError;

    fn from_str(text: &str) -> Result<Self, NetworkNameError> {
        let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=MAX_NAME).contains(&text.len()) && text.chars().all(is_good) {
            Ok(Self(text.into()))
        } else {
            Err(NetworkNameError)
        }
    }
}

impl fmt::Display for NetworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a WebSocket wants to go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `None` where the name can't be that of a network.
    pub(crate) network: Option<NetworkName>,
    pub(crate) id: ClientId,
}

impl Address {
    /// Reads a path: `/ws/ID` for the default network, `/ws/NETWORK/ID`, or `/NETWORK/ws/ID`, which
    /// is how peers come whose bootstrap address is `https://HOST/NETWORK`.
    pub(crate) fn parse(path: &str) -> Result<Self, ClientIdError> {
        let mut words = path.split('/').skip(1);
        let (network, id) = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("ws"), Some(network), Some(id), None) => (network.parse().ok(), id),
            (Some("ws"), Some(id), None, None) => (Some(NetworkName::of_default()), id),
            (Some(network), Some("ws"), Some(id), None) => (network.parse().ok(), id),
            _ => (None, ""),
        };
        let id = ClientId::new(id)?;
        Ok(Self { network, id })
    }
}

/// The networks of a server. They know nothing of each other, and share the server's bounds.
#[derive(Debug, Clone)]
pub(crate) struct Networks {
    hubs: Arc<BTreeMap<NetworkName, Hub>>,
    /// Only of several: a single one counts for itself.
    census: Option<Census>,
}

impl Networks {
    pub(crate) fn new(hubs: BTreeMap<NetworkName, Hub>, limits: &Limits) -> Self {
        let census = (hubs.len() > 1).then(|| Census::new(&limits.directory));
        Self {
            hubs: Arc::new(hubs),
            census,
        }
    }

    pub(crate) fn get(&self, network: &NetworkName) -> Option<&Hub> {
        self.hubs.get(network)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Hub> {
        self.hubs.values()
    }

    /// Counts a new WebSocket, or says why there is no room for it in the server.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Option<Seat>, CloseReason> {
        self.census
            .as_ref()
            .map(|census| census.enter(address))
            .transpose()
    }

    /// The health numbers of each network; `None` when the server is ending.
    pub(crate) fn stats(&self) -> Option<BTreeMap<NetworkName, Stats>> {
        let mut all = BTreeMap::new();
        for (name, hub) in &*self.hubs {
            all.insert(name.clone(), hub.stats()?);
        }
        Some(all)
    }

    /// Whether all networks have the engine.
    pub(crate) fn engine(&self) -> EngineState {
        let states = || self.hubs.values().map(Hub::engine);
        let lost = states().find(|state| *state == EngineState::Lost);
        lost.or_else(|| states().next())
            .unwrap_or(EngineState::InProcess)
    }
}

/// Counts the WebSockets of all networks together.
#[derive(Debug, Clone)]
struct Census {
    counts: Arc<Mutex<Counts>>,
    connections: usize,
    connections_per_address: usize,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    per_address: BTreeMap<IpAddr, usize>,
}

/// One WebSocket that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
}

impl Census {
    fn new(limits: &boplish_directory::Limits) -> Self {
        Self {
            counts: Arc::default(),
            connections: limits.connections,
            connections_per_address: limits.connections_per_address,
        }
    }

    fn enter(&self, address: IpAddr) -> Result<Seat, CloseReason> {
        let address = network_of(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= self.connections {
            return Err(CloseReason::ServerFull);
        }
        let of_address = counts.per_address.get(&address).copied();
        if of_address.unwrap_or_default() >= self.connections_per_address {
            return Err(CloseReason::AddressFull);
        }
        counts.all += 1;
        *counts.per_address.entry(address).or_default() += 1;
        Ok(Seat {
            counts: self.counts.clone(),
            address,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.per_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.per_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_network_before_or_after_ws() {
        let name = |text: &str| text.parse::<NetworkName>().ok();
        for (path, network) in [
            ("/ws/alice", Some("default")),
            ("/ws/game/alice", Some("game")),
            ("/game/ws/alice", Some("game")),
            ("/ws/Game/alice", None),
            ("/g_me/ws/alice", None),
        ] {
            let address = Address::parse(path).unwrap();
            assert_eq!(address.network, network.and_then(name), "{path}");
            assert_eq!(address.id.as_str(), "alice");
        }
        for path in ["/ws", "/ws/", "/ws/a/b/c", "/ws//", "/a/b/c", "/ws/game/"] {
            assert!(Address::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_seat_is_free_again_when_it_is_dropped() {
        let limits = boplish_directory::Limits {
            connections: 2,
            connections_per_address: 1,
            ..Default::default()
        };
        let census = Census::new(&limits);
        let address = |last| IpAddr::from([127, 0, 0, last]);
        let first = census.enter(address(1)).unwrap();
        assert_eq!(
            census.enter(address(1)).err(),
            Some(CloseReason::AddressFull)
        );
        let _second = census.enter(address(2)).unwrap();
        assert_eq!(
            census.enter(address(3)).err(),
            Some(CloseReason::ServerFull)
        );
        drop(first);
        assert!(census.enter(address(1)).is_ok());
    }
}
