//! Redis or Valkey: publish and subscribe over one connection (RESP3), so that what is asked for
//! first takes effect first.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, Value,
};
use tokio::sync::mpsc;
use tracing::warn;

use super::engine::{Engine, EngineError, HEARD, Heard, LOST_AFTER, Link, Parcel};

/// Where it is.
pub(crate) struct Redis(pub(crate) String);

/// A connection.
pub(crate) struct RedisLink(MultiplexedConnection);

impl Engine for Redis {
    type Link = RedisLink;

    async fn connect(&self) -> Result<(RedisLink, mpsc::Receiver<Heard>), EngineError> {
        let info = self.0.as_str().into_connection_info()?;
        let settings = info.redis_settings().clone();
        let info = info.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3));
        let (sink, heard) = mpsc::channel(HEARD);
        let is_losing = AtomicBool::new(false);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(LOST_AFTER))
            .set_response_timeout(Some(LOST_AFTER))
            .set_push_sender(move |push: PushInfo| hear(&sink, &is_losing, push));
        let client = Client::open(info)?;
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok((RedisLink(connection.await?), heard))
    }
}

/// Passes on what Redis says by itself. The connection can't wait.
fn hear(
    sink: &mpsc::Sender<Heard>,
    is_losing: &AtomicBool,
    push: PushInfo,
) -> Result<(), mpsc::error::TrySendError<Heard>> {
    let heard = if push.kind == PushKind::Message {
        let mut data = push.data.into_iter();
        let (Some(Value::BulkString(channel)), Some(Value::BulkString(bytes)), None) =
            (data.next(), data.next(), data.next())
        else {
            return Ok(());
        };
        let Ok(channel) = String::from_utf8(channel) else {
            return Ok(());
        };
        Heard::Bytes { channel, bytes }
    } else if push.kind == PushKind::Disconnection {
        Heard::Lost
    } else {
        return Ok(());
    };
    let sent = sink.try_send(heard);
    let loses = matches!(sent, Err(mpsc::error::TrySendError::Full(_)));
    if loses && !is_losing.swap(true, Ordering::Relaxed) {
        warn!("more comes from the engine than this server can take: messages are lost");
    } else if !loses {
        is_losing.store(false, Ordering::Relaxed);
    }
    sent
}

impl Link for RedisLink {
    fn subscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static {
        let mut connection = self.0.clone();
        async move { Ok(connection.subscribe(channels).await?) }
    }

    fn unsubscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static {
        let mut connection = self.0.clone();
        async move { Ok(connection.unsubscribe(channels).await?) }
    }

    fn publish(
        &self,
        batch: Vec<Parcel>,
    ) -> impl Future<Output = (Vec<Parcel>, Result<Vec<bool>, EngineError>)> + Send + 'static {
        let mut connection = self.0.clone();
        async move {
            let mut pipeline = redis::pipe();
            for Parcel { channel, letter } in &batch {
                pipeline.cmd("PUBLISH").arg(channel).arg(&letter.frame);
            }
            let answers: Result<Vec<u64>, _> = pipeline.query_async(&mut connection).await;
            let answers = answers.map(|counts| counts.iter().map(|count| *count > 0).collect());
            (batch, answers.map_err(EngineError::from))
        }
    }
}
