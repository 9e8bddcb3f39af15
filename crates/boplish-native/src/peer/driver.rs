//! The task that owns a peer's node and carries for it.

use std::time::{Duration, Instant, SystemTime};

use boplish_core::{
    Config, ConnectionCommand, ConnectionInput, ContentConfig, Event, Input, Node, Output, State,
    StoreConfig, Time,
};
use boplish_wire::bootstrap::IceServer;
use boplish_wire::{Keypair, PeerId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep_until;

use super::PeerError;
use super::by_hand::ByHand;
use super::command::Command;
use super::events::Sink;
use super::traffic::Counters;
use super::waiters::{Waiter, Waiters};
use crate::connections::Connections;
use crate::content::{ContentWorker, Done, Kept};
use crate::disk::Disk;
use crate::engine::{Engine, EngineError};
use crate::identity::random_bytes;
use crate::signaling::{BootstrapUrl, Signaling, SignalingEvent};
use crate::token::Token;

/// How long a peer that leaves goes on sending what is on its way out.
const LEAVE_TIME: Duration = Duration::from_secs(2);

/// What is asked for most, kept where handles can read it at once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) state: State,
    pub(super) signaling_open: bool,
    pub(super) connected_peers: Vec<PeerId>,
    pub(super) group_members: Vec<PeerId>,
    pub(super) connections: usize,
}

/// What a driver is made of.
pub(super) struct Settings {
    pub(super) bootstrap: Option<BootstrapUrl>,
    pub(super) token: Option<Token>,
    pub(super) identity: Keypair,
    pub(super) core: Config,
    pub(super) ice_servers: Vec<IceServer>,
    pub(super) relay_only: bool,
    pub(super) store: StoreConfig,
    pub(super) disk: Option<Disk>,
    /// What was kept there.
    pub(super) kept: Vec<Vec<u8>>,
    pub(super) worker: Option<ContentWorker>,
    /// What is in its folder.
    pub(super) contents: Vec<Kept>,
    pub(super) content: ContentConfig,
}

/// The task's state.
pub(super) struct Driver {
    pub(super) node: Node,
    /// The node's time zero.
    start: Instant,
    commands: mpsc::Receiver<Command>,
    pub(super) waiters: Waiters,
    by_hand: ByHand,
    events: Sink,
    snapshot: watch::Sender<Snapshot>,
    signaling: Signaling,
    connections: Connections,
    ice_servers: Vec<IceServer>,
    disk: Option<Disk>,
    worker: Option<ContentWorker>,
    traffic: Counters,
    leaving: Option<Leaving>,
    has_vanished: bool,
}

/// The peer has been closed.
struct Leaving {
    until: Instant,
    done: Option<oneshot::Sender<Result<(), PeerError>>>,
}

impl Driver {
    pub(super) fn new(
        engine: &Engine,
        settings: Settings,
        commands: mpsc::Receiver<Command>,
        events: Sink,
        traffic: Counters,
    ) -> Result<(Self, watch::Receiver<Snapshot>), EngineError> {
        let mut core = settings.core;
        core.bootstrap = settings.bootstrap.is_some();
        let id = settings.identity.id();
        let mut node = Node::new(core, settings.identity, random_bytes()?, Time::START);
        // Before 1970, everything has expired in the far future.
        node.enable_store(Time::START, settings.store, unix());
        node.enable_groups();
        for bytes in settings.kept {
            node.restore(Time::START, &bytes);
        }
        if settings.worker.is_some() {
            node.enable_content(settings.content);
        }
        for (content, spans) in settings.contents {
            node.hold_content(content, spans.as_deref());
        }
        let mut connections = Connections::new(engine)?;
        connections.set_relay_only(settings.relay_only);
        connections.set_ice_servers(&settings.ice_servers);
        let (snapshot, snapshots) = watch::channel(take_snapshot(&node, &connections));
        let driver = Self {
            node,
            start: Instant::now(),
            commands,
            waiters: Waiters::default(),
            by_hand: ByHand::default(),
            events,
            snapshot,
            signaling: Signaling::new(settings.bootstrap, settings.token, id),
            connections,
            ice_servers: settings.ice_servers,
            disk: settings.disk,
            worker: settings.worker,
            traffic,
            leaving: None,
            has_vanished: false,
        };
        Ok((driver, snapshots))
    }

    /// Runs until the peer is closed, or its last handle is dropped.
    pub(super) async fn run(mut self) {
        self.node.open(self.now());
        loop {
            self.drain();
            if self.has_vanished {
                return;
            }
            if self.has_left() {
                break;
            }
            let wake = self.next_wake();
            tokio::select! {
                command = self.commands.recv(), if self.leaving.is_none() => match command {
                    Some(command) => self.handle_command(command),
                    None => self.leave(None),
                },
                event = self.signaling.next() => self.handle_signaling(event),
                () = self.connections.receive() => {}
                done = next_done(&mut self.worker) => self.handle_content_done(done),
                () = sleep_until(wake.into()) => {}
            }
            self.connections.handle_timeout(Instant::now());
            let now = self.now();
            if self.node.poll_timeout().is_some_and(|at| at <= now) {
                // The clock of timers may have stood still.
                self.node.set_unix(now, unix());
                self.node.handle_input(now, Input::Timeout);
            }
        }
        let (until, done) = match self.leaving.take() {
            Some(leaving) => (leaving.until, leaving.done),
            None => (Instant::now(), None),
        };
        self.signaling.finish(until.into()).await;
        if let Some(done) = done {
            // Whoever asked may have stopped waiting.
            let _ = done.send(Ok(()));
        }
    }

    pub(super) fn now(&self) -> Time {
        Time::after_start(self.start.elapsed())
    }

    /// Nothing happens later than this without a reason to come before.
    fn next_wake(&mut self) -> Instant {
        const IDLE: Duration = Duration::from_secs(3600);
        let node = self.node.poll_timeout();
        [
            node.map(|at| self.start + at.since_start().min(self.start.elapsed() + IDLE)),
            self.connections.poll_timeout(),
            self.leaving.as_ref().map(|leaving| leaving.until),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or_else(|| Instant::now() + IDLE)
    }

    fn has_left(&self) -> bool {
        self.leaving
            .as_ref()
            .is_some_and(|leaving| self.connections.len() == 0 || leaving.until <= Instant::now())
    }

    fn leave(&mut self, done: Option<oneshot::Sender<Result<(), PeerError>>>) {
        self.node.close(self.now());
        self.leaving = Some(Leaving {
            until: Instant::now() + LEAVE_TIME,
            done,
        });
    }

    fn handle_signaling(&mut self, event: SignalingEvent) {
        let input = match event {
            SignalingEvent::Opened => Input::SignalingOpened,
            SignalingEvent::Message(text) => Input::SignalingMessage(text),
            SignalingEvent::Closed { reason } => Input::SignalingClosed { reason },
        };
        self.node.handle_input(self.now(), input);
    }

    fn handle_command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Send {
                to,
                protocol,
                payload,
                done,
            } => match self.node.send(now, to, protocol, payload) {
                Ok(id) => self.waiters.insert(id, Waiter::Send(done)),
                Err(error) => Waiter::Send(done).fail(error.into()),
            },
            Command::Request {
                to,
                protocol,
                payload,
                timeout,
                done,
            } => match self.node.request(now, to, protocol, payload, timeout) {
                Ok(id) => self.waiters.insert(id, Waiter::Request(done)),
                Err(error) => Waiter::Request(done).fail(error.into()),
            },
            Command::Ping { peer, done } => match self.node.ping(now, peer) {
                Ok(id) => self.waiters.insert_ping(id, peer, done),
                Err(error) => drop(done.send(Err(error.into()))),
            },
            Command::Lookup { key, done } => match self.node.lookup(now, key) {
                Ok(id) => self.waiters.insert(id, Waiter::Lookup(done)),
                Err(error) => Waiter::Lookup(done).fail(error.into()),
            },
            Command::Put {
                record,
                expected,
                done,
            } => match self.node.put(now, &record, expected) {
                Ok(token) => self.waiters.insert_put(token, done),
                Err(error) => drop(done.send(Err(error.into()))),
            },
            Command::Get { key, quick, done } => match self.node.get(now, key, quick) {
                Ok(token) => self.waiters.insert_get(token, done),
                Err(error) => drop(done.send(Err(error.into()))),
            },
            Command::Content(request) => self.handle_content_request(request),
            Command::Group(request) => self.handle_group_request(request),
            Command::Ring { done } => drop(done.send(Ok(self.node.ring()))),
            Command::Reply {
                to,
                request,
                payload,
                done,
            } => answer(done, self.node.reply(now, to, request, payload)),
            Command::TakeProtocol { protocol, done } => {
                answer(done, self.node.take_protocol(&protocol));
            }
            Command::RequestTopology { peer, done } => {
                answer(done, self.node.request_topology(now, peer));
            }
            Command::RegisterInGroup { peer, done } => {
                answer(done, self.node.register_in_group(now, peer));
            }
            Command::SendToGroup { payload, done } => {
                answer(done, self.node.send_to_group(now, payload));
            }
            Command::SetMonitoring { on, done } => {
                self.node.set_monitoring(on);
                let _ = done.send(Ok(()));
            }
            Command::NetworkChanged { done } => {
                self.node.handle_input(now, Input::NetworkChanged);
                let _ = done.send(Ok(()));
            }
            Command::Invite { done } => {
                let begun = self.node.invite(now);
                self.by_hand.await_invitation(begun, done);
            }
            Command::AcceptInvitation { text, done } => {
                let begun = self.node.accept_invitation(now, &text);
                self.by_hand.await_answer(begun, done);
            }
            Command::CompleteInvitation { text, done } => {
                let begun = self.node.complete_invitation(now, &text);
                self.by_hand.await_link(begun, done);
            }
            Command::Close { done } => self.leave(Some(done)),
            Command::Vanish => self.has_vanished = true,
        }
    }

    /// Carries out what the node wants, and brings it what came of that, until both are still.
    /// Then tells, so that who hears of something finds it in the snapshot.
    fn drain(&mut self) {
        self.cancel_abandoned_fetches();
        let mut events = Vec::new();
        loop {
            while let Some(output) = self.node.poll_output() {
                events.extend(self.carry_out(output));
            }
            let inputs = self.connections.take_inputs();
            let done = self.worker.as_mut().and_then(ContentWorker::try_next);
            if inputs.is_empty() && done.is_none() {
                break;
            }
            if let Some(done) = done {
                self.handle_content_done(done);
            }
            let now = self.now();
            for (id, input) in inputs {
                if let ConnectionInput::Message(bytes) = &input {
                    self.traffic.received(bytes.len());
                }
                self.node.handle_input(now, Input::Connection(id, input));
            }
        }
        let snapshot = take_snapshot(&self.node, &self.connections);
        self.snapshot.send_if_modified(|current| {
            let changed = *current != snapshot;
            *current = snapshot;
            changed
        });
        for event in events {
            self.tell(event);
        }
    }

    /// Carries an output to where it belongs; an event is given back, to be told later.
    fn carry_out(&mut self, output: Output) -> Option<Event> {
        match output {
            Output::OpenSignaling => self.signaling.open(),
            Output::SendSignaling(text) => self.signaling.send(text),
            Output::CloseSignaling => self.signaling.close(),
            Output::IceServers(servers) => {
                let all: Vec<_> = self.ice_servers.iter().chain(&servers).cloned().collect();
                self.connections.set_ice_servers(&all);
            }
            Output::Connection(id, command) => {
                if let ConnectionCommand::Send(bytes) = &command {
                    self.traffic.sent(bytes.len());
                }
                self.connections.handle_command(Instant::now(), id, command);
            }
            Output::Keep { key, bytes } => {
                if let Some(disk) = &self.disk {
                    disk.keep(key, bytes);
                }
            }
            Output::Content(command) => {
                if let Some(worker) = &self.worker {
                    worker.command(command);
                }
            }
            Output::Event(event) => return Some(event),
        }
        None
    }

    fn tell(&mut self, event: Event) {
        let event = self.waiters.handle_event(event);
        if let Some(event) = event.and_then(|event| self.by_hand.handle_event(event)) {
            self.events.put(event);
        }
    }
}

/// What has come of the next command to the disk; without a disk, nothing ever.
async fn next_done(worker: &mut Option<ContentWorker>) -> Done {
    let done = match worker {
        Some(worker) => worker.next().await,
        None => None,
    };
    match done {
        Some(done) => done,
        None => core::future::pending().await,
    }
}

fn take_snapshot(node: &Node, connections: &Connections) -> Snapshot {
    Snapshot {
        state: node.state(),
        signaling_open: node.is_signaling_open(),
        connected_peers: node.connected_peers(),
        group_members: node.group_members(),
        connections: connections.len(),
    }
}

/// Tells a caller how it went; one that has gone away needs no answer.
pub(super) fn answer<T, E: Into<PeerError>>(
    done: oneshot::Sender<Result<T, PeerError>>,
    result: Result<T, E>,
) {
    let _ = done.send(result.map_err(Into::into));
}

/// Seconds since 1970, UTC.
pub(super) fn unix() -> u64 {
    let unix = SystemTime::UNIX_EPOCH.elapsed();
    unix.unwrap_or_default().as_secs()
}
