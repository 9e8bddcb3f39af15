//! The task that owns the directory.

use std::collections::BTreeMap;
use std::future;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use boplish_directory::{ClientId, ConnId, Directory, Event, Input, Output, Stats, What};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, info};

use crate::config::Limits;
use crate::queue::{self, Inbox, Outbox};
use crate::server::Life;

/// What clients said and the directory has not yet heard. When it is full, sockets are not read
/// until there is room, so that TCP slows the senders down.
const INPUTS: usize = 1_024;

/// The way to the task.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    inputs: mpsc::Sender<ToHub>,
    queued_messages: usize,
    queued_bytes: usize,
}

#[derive(Debug)]
enum ToHub {
    Connected(Newcomer, Outbox),
    Input(Input),
    Stats(oneshot::Sender<Stats>),
}

/// A client that has just connected.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) conn: ConnId,
    pub(crate) id: ClientId,
    pub(crate) address: IpAddr,
    pub(crate) wants_proof: bool,
}

impl Hub {
    /// Starts the task, which ends when nobody can reach it any more.
    pub(crate) fn start(directory: Directory, life: &Life, limits: &Limits) -> Self {
        let (inputs, receiver) = mpsc::channel(INPUTS);
        let task = Task {
            directory,
            outboxes: BTreeMap::new(),
            start: Instant::now(),
        };
        let closing = life.clone();
        life.spawn(async move { task.run(receiver, closing).await });
        Self {
            inputs,
            queued_messages: limits.queued_messages,
            queued_bytes: limits.queued_bytes,
        }
    }

    /// Tells of a newcomer, and gives the queue of what it is to be told.
    pub(crate) async fn connect(&self, newcomer: Newcomer) -> Inbox {
        let (outbox, inbox) = queue::new(self.queued_messages, self.queued_bytes);
        // An error says that the hub is gone, and then the queue has no sender either.
        let _ = self.inputs.send(ToHub::Connected(newcomer, outbox)).await;
        inbox
    }

    /// Tells what happened; waits while the hub has too much to do.
    pub(crate) async fn tell(&self, input: Input) {
        // As above: without a hub, the server is ending.
        let _ = self.inputs.send(ToHub::Input(input)).await;
    }

    /// The health numbers; `None` when the server is ending.
    pub(crate) async fn stats(&self) -> Option<Stats> {
        let (reply, stats) = oneshot::channel();
        self.inputs.send(ToHub::Stats(reply)).await.ok()?;
        stats.await.ok()
    }
}

struct Task {
    directory: Directory,
    outboxes: BTreeMap<ConnId, Outbox>,
    start: Instant,
}

impl Task {
    async fn run(mut self, mut inputs: mpsc::Receiver<ToHub>, life: Life) {
        let mut closing = pin!(life.closing());
        let mut is_closing = false;
        loop {
            let timeout = self.directory.poll_timeout();
            tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.handle(input),
                    None => return,
                },
                () = sleep_until(self.start, timeout) => self.feed(Input::Timeout),
                () = closing.as_mut(), if !is_closing => {
                    is_closing = true;
                    self.feed(Input::Shutdown);
                }
            }
        }
    }

    fn handle(&mut self, input: ToHub) {
        match input {
            ToHub::Connected(newcomer, outbox) => {
                let Newcomer {
                    conn,
                    id,
                    address,
                    wants_proof,
                } = newcomer;
                self.outboxes.insert(conn, outbox);
                self.feed(Input::Connected {
                    conn,
                    id,
                    address,
                    wants_proof,
                });
            }
            ToHub::Input(input) => {
                if let Input::Disconnected { conn } = input {
                    self.outboxes.remove(&conn);
                }
                self.feed(input);
            }
            ToHub::Stats(reply) => {
                // Whoever asked may have left; then nobody misses the answer.
                let _ = reply.send(self.directory.stats());
            }
        }
    }

    fn feed(&mut self, input: Input) {
        self.directory.handle_input(self.start.elapsed(), input);
        while let Some(output) = self.directory.poll_output() {
            match output {
                Output::Send { conn, text } => {
                    let outbox = self.outboxes.get(&conn);
                    if outbox.is_some_and(|outbox| outbox.push(text).is_err()) {
                        let now = self.start.elapsed();
                        self.directory.handle_input(now, Input::SlowReader { conn });
                    }
                }
                Output::Close { conn, reason } => {
                    if let Some(outbox) = self.outboxes.remove(&conn) {
                        outbox.close(reason);
                    }
                }
                Output::Event(event) => log(&event),
            }
        }
    }
}

async fn sleep_until(start: Instant, timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep_until(start + timeout).await,
        None => future::pending().await,
    }
}

fn log(event: &Event) {
    let Event {
        conn,
        id,
        address,
        what,
    } = event;
    let (conn, peer) = (conn.0, short(id));
    match what {
        What::Admitted { proven } => info!(conn, peer, %address, proven, "admitted"),
        What::Refused(reason) => {
            info!(conn, peer, %address, code = reason.code(), %reason, "refused")
        }
        What::Closed(reason) => {
            info!(conn, peer, %address, code = reason.code(), %reason, "closed")
        }
        What::Joined => debug!(conn, peer, %address, "joined"),
        What::Left => info!(conn, peer, %address, "left"),
        What::Message(code) => debug!(conn, peer, %address, %code, "message refused"),
    }
}

/// The first eight characters, as pages show them.
fn short(id: &ClientId) -> &str {
    let id = id.as_str();
    id.get(..8).unwrap_or(id)
}
