//! The hub: owns the directory, and gives every client's outbox what the directory has for it.
//!
//! Whoever brings an input carries it out: the connection that has read a message hands it to the
//! directory and writes it to its receiver's socket, without a task between them. So what a
//! client says is worked off before more is read from it, and TCP slows it down.

use std::collections::BTreeMap;
use std::future;
use std::mem;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boplish_directory::{
    ClientId, CloseReason, ConnId, Directory, Event, Input, News, Output, Stats, What,
};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tracing::{debug, field, info};

use crate::admission::Bans;
use crate::cluster::{EngineState, Orders};
use crate::config::Limits;
use crate::observe::RequestId;
use crate::server::Life;
use crate::ws::{Bounds, Outbox};

/// How often the directory is told the time of day, which somebody may set.
const TELL_TIME_EVERY: Duration = Duration::from_secs(60);

/// The way to the directory.
#[derive(Debug, Clone)]
pub(crate) struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inside: Mutex<Inside>,
    orders: Orders,
    /// Says that the directory has to be told the time earlier than was known.
    earlier: Notify,
}

/// A client that has just connected.
#[derive(Debug)]
pub(crate) struct Newcomer {
    pub(crate) conn: ConnId,
    pub(crate) id: ClientId,
    pub(crate) address: IpAddr,
    pub(crate) wants_proof: bool,
    /// The request that it came with, which its log lines name.
    pub(crate) request: RequestId,
}

impl Hub {
    /// Starts what tells the directory the time, and of the end of the server.
    pub(crate) fn start(
        directory: Directory,
        orders: Orders,
        life: &Life,
        limits: &Limits,
    ) -> Self {
        let mut inside = Inside {
            directory,
            orders: orders.clone(),
            outboxes: BTreeMap::new(),
            touched: Vec::new(),
            bounds: Bounds {
                messages: limits.queued_messages.max(1),
                bytes: limits.queued_bytes,
            },
            bans: Arc::default(),
            requests: BTreeMap::new(),
            start: Instant::now(),
            timeout: None,
            is_gone: false,
        };
        inside.feed(Input::UnixTime(unix_time()));
        let hub = Self(Arc::new(Shared {
            inside: Mutex::new(inside),
            orders,
            earlier: Notify::new(),
        }));
        let (runner, closing) = (hub.clone(), life.clone());
        life.spawn(async move { runner.run(closing).await });
        let (reaper, dropped) = (hub.clone(), life.dropped());
        tokio::spawn(async move {
            dropped.await;
            reaper.lock().abort();
        });
        hub
    }

    /// Tells of a newcomer, where what it is to be told goes, and why the server has no room for
    /// it, if so.
    pub(crate) fn connect(&self, newcomer: Newcomer, outbox: Outbox, lacking: Option<CloseReason>) {
        self.work(|inside| inside.connect(newcomer, outbox, lacking));
        self.flush();
    }

    /// Tells what happened.
    pub(crate) fn tell(&self, input: Input) {
        self.hand_in(input);
        self.flush();
    }

    /// Tells what happened; what follows from it is sent by the next [`flush`](Self::flush).
    pub(crate) fn hand_in(&self, input: Input) {
        self.work(|inside| inside.handle(input));
    }

    fn work(&self, work: impl FnOnce(&mut Inside)) {
        let mut inside = self.lock();
        work(&mut inside);
        let timeout = inside.directory.poll_timeout();
        let is_earlier = match (timeout, inside.timeout) {
            (Some(timeout), Some(known)) => timeout < known,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_earlier {
            inside.timeout = timeout;
            self.0.earlier.notify_one();
        }
    }

    /// Writes what clients are to be told.
    pub(crate) fn flush(&self) {
        // Not under the lock: a system call for one client must not keep the others waiting. The
        // outboxes keep the order.
        let touched = mem::take(&mut self.lock().touched);
        for outbox in touched {
            outbox.flush();
        }
    }

    /// Closes those who may not be connected.
    pub(crate) fn ban(&self, bans: Arc<Bans>) {
        self.work(|inside| inside.ban(bans));
        self.flush();
    }

    /// How the network stands to its engine.
    pub(crate) fn engine(&self) -> EngineState {
        self.0.orders.state()
    }

    /// The health numbers; `None` when the server is ending.
    pub(crate) fn stats(&self) -> Option<Stats> {
        let inside = self.lock();
        (!inside.is_gone).then(|| inside.directory.stats())
    }

    async fn run(&self, life: Life) {
        let mut closing = pin!(life.closing());
        let first = Instant::now() + TELL_TIME_EVERY;
        let mut clock = tokio::time::interval_at(first, TELL_TIME_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (start, timeout) = self.lock().next_timeout();
            tokio::select! {
                () = sleep_until(start, timeout) => self.tell(Input::Timeout),
                () = self.0.earlier.notified() => {}
                _ = clock.tick() => self.tell(Input::UnixTime(unix_time())),
                () = closing.as_mut() => {
                    // From then on nobody is in the directory, and it needs no clock.
                    return self.tell(Input::Shutdown);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        let inside = self.0.inside.lock();
        inside.expect("nobody panics while holding the lock")
    }
}

/// What lies under the lock.
#[derive(Debug)]
struct Inside {
    directory: Directory,
    orders: Orders,
    outboxes: BTreeMap<ConnId, Outbox>,
    /// Those that something was added to since the last flush.
    touched: Vec<Outbox>,
    bounds: Bounds,
    /// The latest list, for newcomers that were let in by the one before.
    bans: Arc<Bans>,
    /// Those of all sockets, for the log; a socket's is forgotten when its task has ended.
    requests: BTreeMap<ConnId, RequestId>,
    start: Instant,
    /// When the directory is to be told the time, as far as the clock's task knows.
    timeout: Option<Duration>,
    is_gone: bool,
}

impl Inside {
    fn connect(&mut self, newcomer: Newcomer, outbox: Outbox, lacking: Option<CloseReason>) {
        let Newcomer {
            conn,
            id,
            address,
            wants_proof,
            request,
        } = newcomer;
        if self.is_gone {
            return outbox.abort();
        }
        self.outboxes.insert(conn, outbox);
        let is_banned = self.bans.has(address, &id);
        self.requests.insert(conn, request);
        self.feed(match lacking {
            Some(reason) => Input::NoSeat {
                conn,
                id,
                address,
                reason,
            },
            None => Input::Connected {
                conn,
                id,
                address,
                wants_proof,
            },
        });
        if is_banned {
            self.feed(Input::Banned { conn });
        }
    }

    fn ban(&mut self, bans: Arc<Bans>) {
        let clients = self.directory.clients();
        let banned = clients.filter(|(_, id, address)| bans.has(*address, id));
        let banned: Vec<_> = banned.map(|(conn, ..)| conn).collect();
        self.bans = bans;
        for conn in banned {
            self.feed(Input::Banned { conn });
        }
    }

    fn handle(&mut self, input: Input) {
        if let Input::Disconnected { conn } = input {
            self.outboxes.remove(&conn);
            self.feed(input);
            self.requests.remove(&conn);
        } else {
            self.feed(input);
        }
    }

    fn feed(&mut self, input: Input) {
        self.directory.handle_input(self.start.elapsed(), input);
        while let Some(output) = self.directory.poll_output() {
            match output {
                Output::Send { conn, text } => {
                    let Some(outbox) = self.outboxes.get(&conn) else {
                        continue;
                    };
                    match outbox.push(text, self.bounds) {
                        Ok(true) => self.touched.push(outbox.clone()),
                        Ok(false) => {}
                        Err(_) => {
                            let now = self.start.elapsed();
                            self.directory.handle_input(now, Input::SlowReader { conn });
                        }
                    }
                }
                Output::Close { conn, reason } => {
                    if let Some(outbox) = self.outboxes.remove(&conn) {
                        close(&outbox, reason);
                        self.touched.push(outbox);
                    }
                }
                Output::Engine(order) => {
                    if let Err(letter) = self.orders.put(order) {
                        let news = Input::Engine(News::NoRoom(letter));
                        self.directory.handle_input(self.start.elapsed(), news);
                    }
                }
                Output::Event(event) => log(&event, self.requests.get(&event.conn)),
            }
        }
    }

    fn next_timeout(&mut self) -> (Instant, Option<Duration>) {
        self.timeout = self.directory.poll_timeout();
        (self.start, self.timeout)
    }

    /// Drops every connection.
    fn abort(&mut self) {
        self.is_gone = true;
        for outbox in mem::take(&mut self.outboxes).into_values() {
            outbox.abort();
        }
    }
}

/// Closes the connection: after what it is to be told, or at once if that is too much for it.
fn close(outbox: &Outbox, reason: CloseReason) {
    if reason == CloseReason::SlowReader {
        outbox.close_at_once(reason.code(), reason.text());
    } else {
        outbox.close(Some(reason.code()), reason.text());
    }
}

async fn sleep_until(start: Instant, timeout: Option<Duration>) {
    match timeout {
        Some(timeout) => tokio::time::sleep_until(start + timeout).await,
        None => future::pending().await,
    }
}

pub(crate) fn unix_time() -> Duration {
    // A clock that is set to before 1970 ends no credentials.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn log(event: &Event, request: Option<&RequestId>) {
    let Event {
        conn,
        id,
        address,
        what,
    } = event;
    let (conn, peer) = (conn.0, short(id));
    let request = request.map(field::display);
    match what {
        What::Admitted { proven } => info!(request, conn, peer, %address, proven, "admitted"),
        What::Refused(reason) => {
            info!(request, conn, peer, %address, code = reason.code(), %reason, "refused")
        }
        What::Closed(reason) => {
            info!(request, conn, peer, %address, code = reason.code(), %reason, "closed")
        }
        What::Joined => debug!(request, conn, peer, %address, "joined"),
        What::Left => info!(request, conn, peer, %address, "left"),
        What::Message(code) => debug!(request, conn, peer, %address, %code, "message refused"),
    }
}

/// The first eight characters, as pages show them.
pub(crate) fn short(id: &ClientId) -> &str {
    let id = id.as_str();
    id.get(..8).unwrap_or(id)
}
