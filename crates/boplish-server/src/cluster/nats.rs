//! NATS (core): each message is a request, which NATS answers itself where nobody listens, and
//! whoever listens answers with nothing.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::client::RequestErrorKind;
use async_nats::{Client, ConnectOptions, Event, Subscriber};
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::engine::{Engine, EngineError, HEARD, Heard, LOST_AFTER, Link, Parcel};

/// Messages of one channel that wait for room in the common queue; NATS's client drops further
/// ones.
const OF_ONE_CHANNEL: usize = 1_024;

/// Where it is.
pub(crate) struct Nats(pub(crate) String);

/// A connection.
pub(crate) struct NatsLink {
    client: Client,
    sink: mpsc::Sender<Heard>,
    subscriptions: Arc<Subscriptions>,
}

/// The tasks that listen, by channel.
#[derive(Default)]
struct Subscriptions(Mutex<BTreeMap<String, AbortHandle>>);

impl Engine for Nats {
    type Link = NatsLink;

    async fn connect(&self) -> Result<(NatsLink, mpsc::Receiver<Heard>), EngineError> {
        let (sink, heard) = mpsc::channel(HEARD);
        let lost = sink.clone();
        let options = ConnectOptions::new()
            .name("boplish")
            .connection_timeout(LOST_AFTER)
            .request_timeout(Some(LOST_AFTER))
            .subscription_capacity(OF_ONE_CHANNEL)
            .event_callback(move |event| {
                let lost = lost.clone();
                async move {
                    if let Event::Disconnected | Event::Closed = event {
                        // Without a receiver nobody needs to know.
                        let _ = lost.send(Heard::Lost).await;
                    }
                }
            });
        let client = options.connect(self.0.as_str()).await?;
        let link = NatsLink {
            client,
            sink,
            subscriptions: Arc::default(),
        };
        Ok((link, heard))
    }
}

impl Link for NatsLink {
    fn subscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static {
        let (client, sink) = (self.client.clone(), self.sink.clone());
        let subscriptions = self.subscriptions.clone();
        async move {
            for channel in channels {
                let subscriber = client.subscribe(channel.clone()).await?;
                let listening = listen(client.clone(), subscriber, channel.clone(), sink.clone());
                let task = tokio::spawn(listening).abort_handle();
                if let Some(former) = subscriptions.lock().insert(channel, task) {
                    former.abort();
                }
            }
            Ok(())
        }
    }

    fn unsubscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static {
        let subscriptions = self.subscriptions.clone();
        async move {
            for channel in channels {
                if let Some(task) = subscriptions.lock().remove(&channel) {
                    // The subscriber ends its subscription when it is dropped.
                    task.abort();
                }
            }
            Ok(())
        }
    }

    fn publish(
        &self,
        batch: Vec<Parcel>,
    ) -> impl Future<Output = (Vec<Parcel>, Result<Vec<bool>, EngineError>)> + Send + 'static {
        let client = self.client.clone();
        async move {
            let requests = batch.iter().map(|Parcel { channel, letter }| {
                client.request(channel.clone(), letter.frame.clone().into())
            });
            let answers = join_all(requests).await.into_iter();
            let answers = answers.map(|answer| match answer {
                Ok(_) => Ok(true),
                Err(error) => match error.kind() {
                    RequestErrorKind::NoResponders
                    | RequestErrorKind::TimedOut
                    | RequestErrorKind::InvalidSubject
                    | RequestErrorKind::MaxPayloadExceeded => Ok(false),
                    RequestErrorKind::Other => Err(EngineError::from(error)),
                },
            });
            let answers = answers.collect();
            (batch, answers)
        }
    }
}

async fn listen(
    client: Client,
    mut subscriber: Subscriber,
    channel: String,
    sink: mpsc::Sender<Heard>,
) {
    while let Some(message) = subscriber.next().await {
        let channel = channel.clone();
        let bytes = message.payload.to_vec();
        if sink.send(Heard::Bytes { channel, bytes }).await.is_err() {
            return;
        }
        if let Some(reply) = message.reply {
            // Without a connection the driver hears so itself.
            let _ = client.publish(reply, Vec::new().into()).await;
        }
    }
}

impl Subscriptions {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for NatsLink {
    fn drop(&mut self) {
        for (_, task) in std::mem::take(&mut *self.subscriptions.lock()) {
            task.abort();
        }
    }
}
