//! What an engine can do.

use std::fmt;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use boplish_directory::Letter;
use tokio::sync::mpsc;

/// What came from the engine and the hub has not yet heard. When it is full, an engine that can't
/// wait loses what comes then, as a network would.
pub(crate) const HEARD: usize = 16_384;

/// A link on which nothing was heard for so long is lost, although this server asks for an answer
/// each second.
pub(crate) const LOST_AFTER: Duration = Duration::from_secs(3);

/// Where an engine is.
#[derive(Clone, PartialEq, Eq)]
pub enum EngineUrl {
    /// Redis 6 or later, or Valkey.
    Redis(String),
    /// NATS 2.2 or later.
    Nats(String),
}

/// Why a text does not say where an engine is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineUrlError {
    /// The scheme is that of no engine.
    #[error("give the engine as redis://HOST[:PORT] or nats://HOST[:PORT]")]
    Scheme,
    /// The rest can't be an address.
    #[error("this is no address of an engine: {0}")]
    Address(String),
}

impl EngineUrl {
    /// Which engine it is, as `/health` says it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Redis(_) => "redis",
            Self::Nats(_) => "nats",
        }
    }
}

impl FromStr for EngineUrl {
    type Err = EngineUrlError;

    fn from_str(text: &str) -> Result<Self, EngineUrlError> {
        let wrong = |error: &dyn fmt::Display| EngineUrlError::Address(error.to_string());
        match text.split_once("://") {
            Some(("redis" | "valkey", rest)) => {
                let url = format!("redis://{rest}");
                redis::Client::open(url.as_str()).map_err(|error| wrong(&error))?;
                Ok(Self::Redis(url))
            }
            Some(("nats", _)) => {
                async_nats::ServerAddr::from_str(text).map_err(|error| wrong(&error))?;
                Ok(Self::Nats(text.to_owned()))
            }
            Some(_) | None => Err(EngineUrlError::Scheme),
        }
    }
}

impl fmt::Debug for EngineUrl {
    /// Without the password that may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://…", self.name())
    }
}

/// What went wrong with the engine, for the log.
pub(crate) type EngineError = Box<dyn std::error::Error + Send + Sync>;

/// Something that passes on what is published on a channel to whoever listens there.
pub(crate) trait Engine: Send + Sync + 'static {
    /// A connection to it.
    type Link: Link;

    /// Connects. What is heard on all channels comes out of the queue, which ends with
    /// [`Heard::Lost`] or without it when the connection is gone. Nobody waits for what
    /// connects again by itself: the link is dropped.
    fn connect(
        &self,
    ) -> impl Future<Output = Result<(Self::Link, mpsc::Receiver<Heard>), EngineError>> + Send;
}

/// A connection to an engine, which ends when it is dropped.
///
/// What is to be done begins in the order in which the futures are first polled; which channels are
/// listened on in the end goes by the order of the calls.
pub(crate) trait Link: Send + Sync + 'static {
    /// Listens on these channels.
    fn subscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static;

    /// Listens on these channels no more.
    fn unsubscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static;

    /// Publishes in order, and says for each whether somebody listens on its channel.
    fn publish(
        &self,
        batch: Vec<Parcel>,
    ) -> impl Future<Output = (Vec<Parcel>, Result<Vec<bool>, EngineError>)> + Send + 'static;
}

/// A letter with the name of its channel.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) channel: String,
    pub(crate) letter: Letter,
}

/// What comes from an engine.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Something was published on a channel.
    Bytes { channel: String, bytes: Vec<u8> },
    /// The connection is gone.
    Lost,
}
