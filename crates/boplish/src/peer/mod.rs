//! `boplish peer`.

mod action;
mod by_hand;
mod command;
pub(crate) mod report;
mod stdin;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use boplish_native::core::{ContentConfig, State};
use boplish_native::wire::Keypair;
use boplish_native::{
    Engine, EngineConfig, Events, EventsError, Peer, PeerConfig, SpawnError,
    load_or_create_identity,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::cli::{Action, PeerOptions};
use crate::failure::Failure;
use crate::signals::Shutdown;
use command::Line;
use report::{Printer, Report, state_name};

/// How long to try to join and to reach a peer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The database in the folder for contents, for what a peer stores.
const STORE: &str = "store.redb";

/// Commands that are carried out at the same time; then further ones wait on stdin.
const MAX_RUNNING: usize = 256;

/// Joins, does what is asked, and leaves.
pub(crate) async fn run(options: PeerOptions, action: Option<Action>) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let printer = Printer {
        json: options.json.unwrap_or(false),
    };
    let identity = match &options.identity {
        Some(path) => load_or_create_identity(path),
        None => boplish_native::fresh_identity(),
    }
    .map_err(|error| Failure::Usage(format!("--identity: {error}")))?;
    if let Some(Action::Id) = action {
        printer.print(&Report::Id { id: identity.id() })?;
        return Ok(());
    }

    let invites = options.invite.unwrap_or(false) && !printer.json && action.is_none();
    let start = start(&options, identity, None, false)?;
    let Start {
        peer,
        mut session,
        events,
    } = start;
    session.invites = invites;
    let result = match options.accept {
        Some(invitation) => session.accept(&invitation).await,
        None => Ok(()),
    };
    let result = match (result, action) {
        (Err(failure), _) => Err(failure),
        (Ok(()), Some(action)) => shutdown.unless_asked(session.act(action, events)).await,
        (Ok(()), None) => session.stay(events, &mut shutdown).await,
    };
    peer.close().await;
    result
}

/// A peer that has started, and how it was asked to behave.
pub(crate) struct Start {
    pub(crate) peer: Peer,
    pub(crate) session: Session,
    events: Events,
}

/// Starts a peer. One that `keeps` copies of contents keeps over a restart, too, what it stores.
pub(crate) fn start(
    options: &PeerOptions,
    identity: Keypair,
    content_folder: Option<PathBuf>,
    keeps: bool,
) -> Result<Start, Failure> {
    let printer = Printer {
        json: options.json.unwrap_or(false),
    };
    let no_bootstrap = options.no_bootstrap.unwrap_or(false);
    let timeout = match no_bootstrap {
        // People take their time.
        true => Duration::ZERO,
        false => TIMEOUT,
    };
    let deadline = match options.timeout.map_or(timeout, |timeout| timeout.0) {
        Duration::ZERO => None,
        timeout => Some(Instant::now() + timeout),
    };
    let bootstrap = match &options.bootstrap {
        Some(url) => url.clone(),
        None => "localhost:5000"
            .parse()
            .map_err(|error| Failure::runtime("the default server", error))?,
    };
    let engine = Engine::new(&EngineConfig {
        addresses: (!options.address.is_empty()).then(|| options.address.clone()),
        ..EngineConfig::default()
    })
    .map_err(|error| Failure::runtime("can't start", error))?;
    let store_file = content_folder.as_ref().filter(|_| keeps);
    let mut config = PeerConfig {
        bootstrap: (!no_bootstrap).then(|| bootstrap.clone()),
        token: options.token.clone(),
        identity: Some(identity),
        ice_servers: options.ice_server.iter().map(|url| url.server()).collect(),
        relay_only: options.relay_only.unwrap_or(false),
        store_file: store_file.map(|folder| folder.join(STORE)),
        content_folder,
        content: ContentConfig {
            keeps,
            ..ContentConfig::default()
        },
        ..PeerConfig::default()
    };
    let mut spawned = Peer::spawn_with_events(&engine, config.clone());
    if let Err(SpawnError::Disk(error)) = &spawned
        && error.is_in_use()
    {
        tracing::warn!(%error, "what is stored here does not outlast a restart");
        config.store_file = None;
        spawned = Peer::spawn_with_events(&engine, config);
    }
    let (peer, events) = spawned.map_err(|error| Failure::runtime("can't start", error))?;
    let session = Session {
        peer: peer.clone(),
        printer,
        deadline,
        server: (!no_bootstrap).then(|| bootstrap.to_string()),
        min_peers: options.min_peers,
        accepts: options.accept.is_some(),
        invites: false,
    };
    Ok(Start {
        peer,
        session,
        events,
    })
}

/// A running peer and how it was asked to behave.
pub(crate) struct Session {
    peer: Peer,
    printer: Printer,
    /// None: try for ever.
    deadline: Option<Instant>,
    /// Where the bootstrap server is, for messages.
    server: Option<String>,
    min_peers: Option<usize>,
    /// Join by an invitation.
    accepts: bool,
    /// Print an invitation, and take its answer from stdin.
    invites: bool,
}

impl Session {
    /// Waits until the peer is in the network, or alone in it.
    pub(crate) async fn join(&self) -> Result<State, Failure> {
        let joined = tokio::select! {
            joined = self.within(self.peer.connected()) => joined,
            () = self.invitation_failed(), if self.accepts => {
                let why = "nobody has brought the answer to whoever invited".to_owned();
                return Err(Failure::Unreachable(why));
            }
        };
        match (joined, &self.server) {
            (Some(Ok(state)), _) => Ok(state),
            (Some(Err(error)), _) => Err(Failure::runtime("the peer has ended", error)),
            (None, Some(server)) => Err(Failure::Unreachable(format!(
                "can't join by {server}: no answer in time; is the server running, and is \
                 --bootstrap right?"
            ))),
            (None, None) => Err(Failure::Unreachable(
                "nobody has joined by an invitation in time".to_owned(),
            )),
        }
    }

    /// Whether the peer joins, and gets as many links as it shall have, before the time is up.
    fn ready(&self) -> impl Future<Output = bool> + Send + 'static {
        let (peer, deadline, least) = (self.peer.clone(), self.deadline, self.min_peers);
        async move {
            let ready = async {
                peer.connected().await.is_ok()
                    && peer.connected_to(least.unwrap_or(0)).await.is_ok()
            };
            match deadline {
                Some(deadline) => timeout_at(deadline, ready).await.unwrap_or(false),
                None => ready.await,
            }
        }
    }

    /// The result, or None when the time is up.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        match self.deadline {
            Some(deadline) => timeout_at(deadline, work).await.ok(),
            None => Some(work.await),
        }
    }

    /// Stays in the network until a signal or `quit`, printing what happens.
    async fn stay(&self, mut events: Events, shutdown: &mut Shutdown) -> Result<(), Failure> {
        self.printer
            .print(&Report::Started { id: self.peer.id() })?;
        let mut lines = self.printer.json.then(stdin::lines);
        let mut running: JoinSet<Report> = JoinSet::new();
        let (joined, inviting) = (self.join(), self.invite());
        tokio::pin!(joined, inviting);
        let mut has_joined = false;
        let mut has_begun = false;
        let least = self.min_peers.unwrap_or(0);
        loop {
            tokio::select! {
                // What happened first is printed first.
                biased;
                () = shutdown.wait() => return Ok(()),
                state = &mut joined, if !has_joined => {
                    has_joined = true;
                    let state = state_name(state?);
                    self.printer.print(&Report::Joined { id: self.peer.id(), state })?;
                }
                result = &mut inviting, if self.invites => return result,
                // People get the id first and then what happens, so that `head -1` has it.
                event = events.recv(), if has_joined || self.printer.json => {
                    if let Some(report) = report(event)? {
                        self.printer.print(&report)?;
                    }
                }
                Some(done) = running.join_next() => {
                    let report = done.map_err(|error| Failure::runtime("a command broke off", error))?;
                    self.printer.print(&report)?;
                }
                line = next(&mut lines), if running.len() < MAX_RUNNING => {
                    let line = match line {
                        Some(line) => line.map_err(|error| Failure::runtime("stdin", error))?,
                        None => break,
                    };
                    let Some(line) = Line::parse(&line) else { continue };
                    if line.is_quit() {
                        self.printer.print(&line.run(&self.peer).await)?;
                        break;
                    }
                    // Once it has been in the network, a command fails by itself when it must.
                    has_begun |= has_joined && self.peer.connected_peers().len() >= least;
                    let ready = (line.needs_network() && !has_begun).then(|| self.ready());
                    let peer = self.peer.clone();
                    running.spawn(async move {
                        if let Some(ready) = ready
                            && !ready.await
                        {
                            return line.too_late();
                        }
                        line.run(&peer).await
                    });
                }
            }
        }
        // What was asked before the end is still answered; every command has a bound.
        let answer = async {
            while let Some(done) = running.join_next().await {
                let report =
                    done.map_err(|error| Failure::runtime("a command broke off", error))?;
                self.printer.print(&report)?;
            }
            Ok(())
        };
        shutdown.unless_asked(answer).await
    }
}

/// The next line of stdin; never, if it is not read.
async fn next(
    lines: &mut Option<mpsc::Receiver<io::Result<String>>>,
) -> Option<io::Result<String>> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// What to print of an event.
fn report(
    event: Result<boplish_native::core::Event, EventsError>,
) -> Result<Option<Report>, Failure> {
    match event {
        Ok(event) => Ok(Report::of(event)),
        Err(EventsError::Lagged(count)) => Ok(Some(Report::Lost { count })),
        Err(EventsError::Closed) => {
            Err(Failure::Runtime("the peer has ended by itself".to_owned()))
        }
    }
}
