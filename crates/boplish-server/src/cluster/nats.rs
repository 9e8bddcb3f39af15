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

/// The channels that are to be listened on, with the task that does as soon as there is one.
#[derive(Default)]
struct Subscriptions(Mutex<BTreeMap<String, Option<AbortHandle>>>);

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
            // The fewest tries in a row that there can be: 0 means without end.
            .max_reconnects(1)
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
        // At once, so that who is to be listened to does not depend on how long each call takes.
        for channel in &channels {
            subscriptions.lock().entry(channel.clone()).or_default();
        }
        async move {
            for channel in channels {
                if !subscriptions.lacks(&channel) {
                    continue;
                }
                let subscriber = client.subscribe(channel.clone()).await?;
                // A subscriber that is dropped ends its subscription.
                if let Some(task @ None) = subscriptions.lock().get_mut(&channel) {
                    let listening = listen(client.clone(), subscriber, channel, sink.clone());
                    *task = Some(tokio::spawn(listening).abort_handle());
                }
            }
            Ok(())
        }
    }

    fn unsubscribe(
        &self,
        channels: Vec<String>,
    ) -> impl Future<Output = Result<(), EngineError>> + Send + 'static {
        for channel in channels {
            if let Some(Some(task)) = self.subscriptions.lock().remove(&channel) {
                // The subscriber ends its subscription when it is dropped.
                task.abort();
            }
        }
        std::future::ready(Ok(()))
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
    /// Whether a channel is to be listened on and nobody does yet.
    fn lacks(&self, channel: &str) -> bool {
        self.lock().get(channel).is_some_and(Option::is_none)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Option<AbortHandle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for NatsLink {
    fn drop(&mut self) {
        let all = std::mem::take(&mut *self.subscriptions.lock());
        for task in all.into_values().flatten() {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// What takes a connection as NATS does, says what it is told, and ends when it is told to.
    async fn engine() -> (Nats, mpsc::UnboundedReceiver<String>, mpsc::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let (told, heard) = mpsc::unbounded_channel();
        let (end, mut ends) = mpsc::channel(1);
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let info = r#"{"server_id":"a","version":"2.10.0","proto":1,"host":"127.0.0.1","port":1,"headers":true,"max_payload":1048576}"#;
            let info = format!("INFO {info}\r\n");
            writer.write_all(info.as_bytes()).await.unwrap();
            let mut lines = BufReader::new(reader).lines();
            loop {
                tokio::select! {
                    line = lines.next_line() => {
                        let Ok(Some(line)) = line else { return };
                        if line == "PING" {
                            writer.write_all(b"PONG\r\n").await.unwrap();
                        }
                        let _ = told.send(line);
                    }
                    _ = ends.recv() => return,
                }
            }
        });
        (Nats(url), heard, end)
    }

    /// What the engine was told until it was told this.
    async fn until(heard: &mut mpsc::UnboundedReceiver<String>, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while !lines
            .last()
            .is_some_and(|line: &String| line.starts_with(last))
        {
            let line = timeout(PATIENCE, heard.recv()).await.unwrap();
            lines.push(line.unwrap());
        }
        lines
    }

    #[tokio::test]
    async fn who_leaves_while_the_subscription_is_under_way_is_listened_to_no_more() {
        let (nats, mut told, _end) = engine().await;
        let (link, _heard) = nats.connect().await.unwrap();
        let gone = link.subscribe(vec!["gone".to_owned()]);
        let back = link.subscribe(vec!["back".to_owned()]);
        let leaving = link.unsubscribe(vec!["gone".to_owned(), "back".to_owned()]);
        let again = link.subscribe(vec!["back".to_owned()]);
        leaving.await.unwrap();
        gone.await.unwrap();
        back.await.unwrap();
        again.await.unwrap();
        link.subscribe(vec!["last".to_owned()]).await.unwrap();
        let lines = until(&mut told, "SUB last").await;
        let subscribed = |channel: &str| {
            let begin = format!("SUB {channel} ");
            lines.iter().filter(|line| line.starts_with(&begin)).count()
        };
        assert_eq!((subscribed("gone"), subscribed("back")), (0, 1));
        link.unsubscribe(vec!["back".to_owned()]).await.unwrap();
        until(&mut told, "UNSUB").await;
    }

    #[tokio::test]
    async fn an_engine_that_is_gone_is_not_sought_for_ever() {
        let (nats, _told, end) = engine().await;
        let (link, mut heard) = nats.connect().await.unwrap();
        end.send(()).await.unwrap();
        let lost = timeout(PATIENCE, heard.recv()).await.unwrap();
        assert!(matches!(lost, Some(Heard::Lost)), "{lost:?}");
        // Until NATS's client has given up, what is published waits.
        let given_up = async {
            while link.client.publish("a", "a".into()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, given_up).await.unwrap();
    }
}
