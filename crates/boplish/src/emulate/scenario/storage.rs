//! What the peers store for each other.

use boplish_native::core::StoreConfig;
use serde::{Deserialize, Serialize};

use super::values::Span;

/// The peers store records: some are written, then read, while it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Storage {
    /// Peers that store each record.
    pub(crate) replicas: usize,
    /// Records that are published.
    pub(crate) records: usize,
    /// Bytes of a record's value.
    pub(crate) bytes: usize,
    /// Records that are published per second, until there are enough.
    pub(crate) writes: f64,
    /// Reads per second from the owner of the record's key.
    pub(crate) resolves: f64,
    /// Reads per second from most replicas.
    pub(crate) reads: f64,
    /// How long a record lives.
    pub(crate) lifetime: Span,
    /// Each record is published again so often; absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh: Option<Span>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            replicas: 8,
            records: 1_000,
            bytes: 200,
            writes: 10.0,
            resolves: 10.0,
            reads: 10.0,
            lifetime: Span(3_600.0),
            refresh: None,
        }
    }
}

impl Storage {
    /// As the core's.
    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig {
            replicas: self.replicas,
            ..StoreConfig::default()
        }
    }

    /// Records that are published again per second.
    pub(crate) fn refreshes(&self) -> f64 {
        let every = self.refresh.map_or(f64::INFINITY, |every| every.0);
        self.records as f64 / every
    }

    /// What types can't say.
    pub(super) fn validate(&self) -> Result<(), String> {
        /// Of the 1,000 bytes of a record, the rest is for its signature.
        const MOST_BYTES: usize = 800;
        const MOST_RECORDS: usize = 10_000_000;
        const MONTH: f64 = 30.0 * 86_400.0;
        let within = |key: &str, value: f64, (least, most): (f64, f64), what: &str| match (least
            ..=most)
            .contains(&value)
        {
            true => Ok(()),
            false => Err(format!("storage.{key} = {value}: {what}{least} to {most}")),
        };
        let rate = (0.0, 1e6);
        within("replicas", self.replicas as f64, (1.0, 8.0), "")?;
        within(
            "records",
            self.records as f64,
            (1.0, MOST_RECORDS as f64),
            "",
        )?;
        within("bytes", self.bytes as f64, (1.0, MOST_BYTES as f64), "")?;
        within("writes", self.writes, rate, "per second, ")?;
        within("resolves", self.resolves, rate, "per second, ")?;
        within("reads", self.reads, rate, "per second, ")?;
        within("lifetime", self.lifetime.0, (120.0, MONTH), "seconds, ")?;
        match self.refresh {
            Some(every) => {
                let longest = self.lifetime.0;
                within(
                    "refresh",
                    every.0,
                    (1.0, longest),
                    "seconds, up to the lifetime, ",
                )
            }
            None => Ok(()),
        }
    }
}
