//! Several servers that act as one, by an engine that passes on what they publish.
//!
//! What is said to whom is decided in [`boplish_directory`]; this carries it. Without an engine
//! there is nothing of all this: a server is alone, and the directory never orders anything.
//!
//! ```text
//!   hub.rs --- Order ---> orders.rs ---> driver.rs ---> redis.rs or nats.rs ---> engine
//!      ^                                     |
//!      +------------- News ------------------+
//! ```

mod channel;
mod driver;
mod engine;
mod nats;
mod orders;
mod redis;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use boplish_directory::NodeId;

pub use self::engine::{EngineUrl, EngineUrlError};
pub(crate) use self::orders::Orders;

use self::channel::Channels;
use self::driver::Driver;
use self::orders::{Queue, State};
use crate::hub::Hub;
use crate::network::NetworkName;
use crate::server::Life;

/// How a server acts as one with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What they have in common; without one, the server is alone.
    pub engine: Option<EngineUrl>,
    /// What the names of all channels begin with. Servers of one cluster have the same, and those
    /// of others that use the engine have another.
    pub name: ClusterName,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            engine: None,
            name: ClusterName("boplish".into()),
        }
    }
}

/// What the names of a cluster's channels begin with: 1 to 32 letters, digits, `-` and `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName(Box<str>);

/// This is no name of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cluster's name has 1 to 32 letters, digits, `-` and `_`")]
pub struct ClusterNameError;

const MAX_CLUSTER_NAME: usize = 32;

impl FromStr for ClusterName {
    type Err = ClusterNameError;

    fn from_str(text: &str) -> Result<Self, ClusterNameError> {
        let is_good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let has_length = (1..=MAX_CLUSTER_NAME).contains(&text.len());
        if has_length && text.chars().all(is_good) {
            Ok(Self(text.into()))
        } else {
            Err(ClusterNameError)
        }
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a server stands to its engine, as `/health` says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineState {
    /// It is alone and needs none.
    InProcess,
    /// It is one with the others.
    Up,
    /// It serves its own peers, until it finds the engine again.
    Lost,
}

impl EngineState {
    /// The word in `/health`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProcess | Self::Up => "up",
            Self::Lost => "lost",
        }
    }
}

/// One network's part in the cluster, which is not yet started.
pub(crate) struct Membership {
    engine: EngineUrl,
    channels: Channels,
    queue: Queue,
    state: Arc<State>,
}

impl Cluster {
    /// The way to the engine for the directory of a network, and what runs at its other end.
    pub(crate) fn join(&self, network: &NetworkName, node: NodeId) -> (Orders, Option<Membership>) {
        let Some(engine) = self.engine.clone() else {
            return (Orders::nowhere(), None);
        };
        let (orders, queue, state) = orders::new();
        let membership = Membership {
            engine,
            channels: Channels::new(&self.name, network, node),
            queue,
            state,
        };
        (orders, Some(membership))
    }
}

impl Membership {
    /// Brings the directory and the engine together until the server closes.
    pub(crate) fn start(self, hub: Hub, life: &Life) {
        let Self {
            engine,
            channels,
            queue,
            state,
        } = self;
        match engine {
            EngineUrl::Redis(url) => {
                let driver = Driver::new(redis::Redis(url), channels, queue, state, hub);
                life.spawn_until_closing(driver.run());
            }
            EngineUrl::Nats(url) => {
                let driver = Driver::new(nats::Nats(url), channels, queue, state, hub);
                life.spawn_until_closing(driver.run());
            }
        }
    }
}
