//! The task between a directory and its engine.

use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use boplish_directory::{Channel, Input, Letter, News};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use super::channel::Channels;
use super::engine::{Engine, EngineError, Heard, LOST_AFTER, Link, Parcel};
use super::orders::{Change, Queue, State};
use crate::hub::Hub;

/// Letters that are published at once.
const BATCH: usize = 64;

/// Batches whose answers are awaited; with more, letters wait.
const UNDER_WAY: usize = 64;

/// Channels that are given up at once.
const CHANNELS: usize = 512;

/// The pause before the engine is looked for again, doubled up to the longest; half of it is
/// random.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The task.
pub(crate) struct Driver<E> {
    engine: E,
    channels: Channels,
    queue: Queue,
    state: Arc<State>,
    hub: Hub,
}

/// Something that the engine was asked for.
type Act = Pin<Box<dyn Future<Output = Done> + Send>>;

enum Done {
    Listening(Result<(), EngineError>),
    Published(Vec<Parcel>, Result<Vec<bool>, EngineError>),
}

impl<E: Engine> Driver<E> {
    pub(crate) fn new(
        engine: E,
        channels: Channels,
        queue: Queue,
        state: Arc<State>,
        hub: Hub,
    ) -> Self {
        Self {
            engine,
            channels,
            queue,
            state,
            hub,
        }
    }

    /// Runs for ever: whenever the engine is lost, it is looked for again.
    pub(crate) async fn run(mut self) {
        let mut failures = 0;
        loop {
            match self.connect().await {
                Ok((link, heard)) => {
                    info!("the engine is there");
                    failures = 0;
                    self.attend(&link, heard).await;
                }
                Err(error) if failures == 0 => {
                    warn!(%error, "no engine: only the own peers are served");
                }
                Err(error) => debug!(%error, "no engine"),
            }
            sleep(pause(failures)).await;
            failures += 1;
        }
    }

    async fn connect(&self) -> Result<(E::Link, mpsc::Receiver<Heard>), EngineError> {
        let connecting = async {
            let (link, heard) = self.engine.connect().await?;
            link.subscribe(self.channels.own()).await?;
            Ok((link, heard))
        };
        timeout(LOST_AFTER, connecting).await?
    }

    /// Carries until the engine is lost.
    async fn attend(&mut self, link: &E::Link, mut heard: mpsc::Receiver<Heard>) {
        // What the directory wanted of the engine before was for a connection that is gone.
        self.state.take_changes();
        self.state.set_up(true);
        self.tell(News::Up);
        let mut acts = FuturesUnordered::new();
        let mut letters = Vec::new();
        let mut last_sign = Instant::now();
        let error: EngineError = loop {
            let has_room = acts.len() < UNDER_WAY;
            tokio::select! {
                heard = heard.recv() => match heard {
                    Some(Heard::Bytes { channel, bytes }) => {
                        last_sign = Instant::now();
                        self.hear(&channel, bytes);
                    }
                    Some(Heard::Lost) | None => break "the connection is gone".into(),
                },
                Some(done) = acts.next(), if !acts.is_empty() => {
                    if let Err(error) = self.finish(done) {
                        break error;
                    }
                }
                () = self.state.changed.notified(), if has_room => {}
                _ = self.queue.letters.recv_many(&mut letters, BATCH), if has_room => {}
                () = sleep_until(last_sign + LOST_AFTER) => break "it does not answer".into(),
            }
            if acts.len() >= UNDER_WAY {
                continue;
            }
            // A peer's channel is listened on before anything goes out that it has said.
            let mut new = self.follow_changes(link);
            if !letters.is_empty() {
                let letters = std::mem::take(&mut letters);
                new.push(self.publish(link, letters));
            }
            let mut failure = None;
            for act in new {
                if let Some(done) = begin(act, &mut acts).await
                    && let Err(error) = self.finish(done)
                {
                    failure = Some(error);
                }
            }
            if let Some(error) = failure {
                break error;
            }
        };
        warn!(%error, "the engine is lost: only the own peers are served");
        self.end();
        drop(heard);
        // Those whose answer did not come may have arrived or not: their senders are told the
        // worse.
        while let Ok(Some(done)) = timeout(LOST_AFTER, acts.next()).await {
            // The engine is lost already.
            let _ = self.finish(done);
        }
    }

    /// The engine is lost.
    fn end(&mut self) {
        self.state.set_up(false);
        self.tell(News::Down);
        while let Ok(letter) = self.queue.letters.try_recv() {
            self.tell(News::Undelivered(letter));
        }
    }

    fn hear(&self, channel: &str, frame: Vec<u8>) {
        if let Some(channel) = self.channels.parse(channel) {
            self.tell(News::Letter(Letter { channel, frame }));
        }
    }

    fn finish(&self, done: Done) -> Result<(), EngineError> {
        let (parcels, answers) = match done {
            Done::Listening(result) => return result,
            Done::Published(parcels, answers) => (parcels, answers),
        };
        let (answers, result) = match answers {
            Ok(answers) => (answers, Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        let mut answers = answers.into_iter();
        for Parcel { letter, .. } in parcels {
            if answers.next() != Some(true) {
                self.tell(News::Undelivered(letter));
            }
        }
        result
    }

    /// Listens where peers have appeared, and no more where they have vanished.
    fn follow_changes(&self, link: &E::Link) -> Vec<Act> {
        let (mut appeared, mut vanished) = (Vec::new(), Vec::new());
        for (id, change) in self.state.take_changes() {
            let name = self.channels.of_peer(&id);
            match change {
                Change::Appeared { claim } => {
                    let channel = Channel::Peer(id);
                    let frame = claim;
                    appeared.push((name, Letter { channel, frame }));
                }
                Change::Vanished => vanished.push(name),
            }
        }
        let mut acts: Vec<Act> = Vec::new();
        for channels in vanished.chunks(CHANNELS) {
            let done = link.unsubscribe(channels.to_vec());
            acts.push(Box::pin(async { Done::Listening(done.await) }));
        }
        while !appeared.is_empty() {
            let rest = appeared.split_off(appeared.len().min(BATCH));
            let (channels, claims): (Vec<_>, Vec<_>) =
                std::mem::replace(&mut appeared, rest).into_iter().unzip();
            let listening = link.subscribe(channels);
            let published = self.publish(link, claims);
            // Who hears a claim may answer on the channel that it came by.
            acts.push(Box::pin(async {
                match listening.await {
                    Ok(()) => published.await,
                    Err(error) => Done::Listening(Err(error)),
                }
            }));
        }
        acts
    }

    fn publish(&self, link: &E::Link, letters: Vec<Letter>) -> Act {
        let parcels = letters.into_iter().map(|letter| Parcel {
            channel: self.channels.name(&letter.channel),
            letter,
        });
        let done = link.publish(parcels.collect());
        Box::pin(async {
            let (parcels, answers) = done.await;
            Done::Published(parcels, answers)
        })
    }

    fn tell(&self, news: News) {
        self.hub.tell(Input::Engine(news));
    }
}

/// Polls an act for the first time, so that it begins before those that come later.
async fn begin(mut act: Act, acts: &mut FuturesUnordered<Act>) -> Option<Done> {
    let polled = future::poll_fn(|context| {
        std::task::Poll::Ready(match act.as_mut().poll(context) {
            std::task::Poll::Ready(done) => Some(done),
            std::task::Poll::Pending => None,
        })
    });
    let done = polled.await;
    if done.is_none() {
        acts.push(act);
    }
    done
}

/// How long to wait after so many failures in a row.
fn pause(failures: u32) -> Duration {
    let longest = PAUSE
        .saturating_mul(1 << failures.min(8))
        .min(LONGEST_PAUSE);
    // Without randomness all servers come at once, which is no worse than slow.
    let lot = getrandom::u32().unwrap_or(u32::MAX);
    longest / 2 + (longest / 2).mul_f64(f64::from(lot) / f64::from(u32::MAX))
}
