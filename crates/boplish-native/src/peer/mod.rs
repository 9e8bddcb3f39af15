//! What applications hold: a handle to a peer whose node runs in a task of its own.

mod by_hand;
mod command;
mod content;
mod driver;
mod events;
mod groups;
mod traffic;
mod waiters;

use std::path::PathBuf;
use std::time::Duration;

use boplish_core::{Config, ContentConfig, RingView, State, StoreConfig};
use boplish_wire::bootstrap::IceServer;
use boplish_wire::{Keypair, MessageId, Payload, PeerId, ProtocolName, Record};
use tokio::sync::{mpsc, oneshot, watch};

pub use content::Fetching;
pub use events::{Events, EventsError};
pub use traffic::Traffic;

use crate::content::{ContentFolder, ContentWorker};
use crate::disk::{Disk, DiskError};
use crate::engine::{Engine, EngineError};
use crate::identity::{IdentityError, fresh_identity};
use crate::signaling::BootstrapUrl;
use crate::token::Token;
use crate::well_known::WellKnown;

use command::Command;
use driver::{Driver, Snapshot};

/// Commands that wait for the peer's task; further callers wait.
const MAX_COMMANDS: usize = 256;

/// What a peer is made of.
#[derive(Debug, Clone, Default)]
pub struct PeerConfig {
    /// The bootstrap server; without one, nothing opens a signaling channel.
    pub bootstrap: Option<BootstrapUrl>,
    /// What that server's operator has given to this peer, if it lets in only some.
    pub token: Option<Token>,
    /// Who the peer is; a new identity if absent.
    pub identity: Option<Keypair>,
    /// Settings of the node. Its `bootstrap` is overruled by the one above.
    pub core: Config,
    /// STUN and TURN servers, besides those that the bootstrap server names.
    pub ice_servers: Vec<IceServer>,
    /// Whether links go over TURN servers only, so that others don't learn this machine's addresses.
    pub relay_only: bool,
    /// How much this peer stores, for itself and for others.
    pub store: StoreConfig,
    /// The file in which that outlasts a restart, of one peer at a time; without one, it does not.
    pub store_file: Option<PathBuf>,
    /// The folder for contents; without one, this peer neither fetches nor serves any.
    pub content_folder: Option<PathBuf>,
    /// What it does with them.
    pub content: ContentConfig,
}

/// Why a peer can't be spawned.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// There is no identity to be had.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The store can't be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The folder for contents can't be used.
    #[error("the folder for contents {}: {error}", .path.display())]
    ContentFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// The sockets or the certificate could not be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a command of the application has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The node did not take it.
    #[error(transparent)]
    Refused(#[from] boplish_core::SendError),
    /// The message has, as far as is known, not arrived, or was not answered.
    #[error(transparent)]
    Undelivered(#[from] boplish_core::io::DeliveryError),
    /// An invitation, or the answer to one, is of no use.
    #[error(transparent)]
    Invitation(#[from] boplish_core::InviteError),
    /// A record is not stored, or not by most of those who should have it.
    #[error(transparent)]
    Put(#[from] boplish_core::PutError),
    /// It is not known what is stored.
    #[error(transparent)]
    Get(#[from] boplish_core::GetError),
    /// A content is not there.
    #[error(transparent)]
    Fetch(#[from] boplish_core::FetchError),
    /// A group does not take it.
    #[error(transparent)]
    Group(#[from] boplish_core::PublishError),
    /// Something can't be read or written here.
    #[error("{0}")]
    Disk(String),
    /// The peer has no folder for contents.
    #[error("this peer has no folder for contents")]
    NoContentFolder,
    /// No link has come of an invitation.
    #[error("no link to peer {0} came about")]
    NoLink(PeerId),
    /// The peer is closed.
    #[error("the peer is closed")]
    Closed,
}

/// What a lookup has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The first peer at or after the key, clockwise.
    pub owner: PeerId,
    /// The links that the question came over; 0 if this peer is the owner.
    pub hops: u8,
}

/// An invitation that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedInvitation {
    /// Who invited.
    pub peer: PeerId,
    /// To be brought back there, for [`Peer::complete_invitation`].
    pub answer: String,
}

/// A peer of the network. Clones are handles to the same peer; when the last one is dropped, the
/// peer leaves.
#[derive(Debug, Clone)]
pub struct Peer {
    id: PeerId,
    commands: mpsc::Sender<Command>,
    snapshot: watch::Receiver<Snapshot>,
    traffic: traffic::Counters,
    events: events::Source,
    folder: Option<ContentFolder>,
    well_known: WellKnown,
}

impl Peer {
    /// Starts a peer on the current tokio runtime: it joins the network at once.
    pub fn spawn(engine: &Engine, config: PeerConfig) -> Result<Self, SpawnError> {
        Self::spawn_with_events(engine, config).map(|(peer, _)| peer)
    }

    /// Starts a peer, and gives its events from the very first.
    pub fn spawn_with_events(
        engine: &Engine,
        config: PeerConfig,
    ) -> Result<(Self, Events), SpawnError> {
        let identity = match config.identity {
            Some(identity) => identity,
            None => fresh_identity()?,
        };
        let id = identity.id();
        let (commands, command_queue) = mpsc::channel(MAX_COMMANDS);
        let (source, sink, events) = events::channel();
        let traffic = traffic::Counters::default();
        let (mut folder, mut worker, mut contents) = (None, None, Vec::new());
        if let Some(path) = config.content_folder {
            let opened = ContentFolder::open(&path).and_then(|(folder, kept)| {
                let worker = ContentWorker::start(folder.clone())?;
                Ok((folder, worker, kept))
            });
            let failed = |error| SpawnError::ContentFolder { path, error };
            let (opened, started, kept) = opened.map_err(failed)?;
            (folder, worker, contents) = (Some(opened), Some(started), kept);
        }
        // It may lie in that folder, which is there now.
        let (disk, kept) = match config.store_file.as_deref().map(Disk::open).transpose()? {
            Some((disk, kept)) => (Some(disk), kept),
            None => (None, Vec::new()),
        };
        let (driver, snapshot) = Driver::new(
            engine,
            driver::Settings {
                bootstrap: config.bootstrap,
                token: config.token,
                identity,
                core: config.core,
                ice_servers: config.ice_servers,
                relay_only: config.relay_only,
                store: config.store,
                disk,
                kept,
                worker,
                contents,
                content: config.content,
            },
            command_queue,
            sink,
            traffic.clone(),
        )?;
        tokio::spawn(driver.run());
        let peer = Self {
            id,
            commands,
            snapshot,
            traffic,
            events: source,
            folder,
            well_known: WellKnown::default(),
        };
        Ok((peer, events))
    }

    /// The own id.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The own place in the network.
    pub fn state(&self) -> State {
        self.snapshot.borrow().state
    }

    /// Whether the signaling channel to the bootstrap server is open and the id proven.
    pub fn is_signaling_open(&self) -> bool {
        self.snapshot.borrow().signaling_open
    }

    /// The peers that a link is open to, in the order of their ids.
    pub fn connected_peers(&self) -> Vec<PeerId> {
        self.snapshot.borrow().connected_peers.clone()
    }

    /// The members of the bopcast group, without the own id.
    pub fn group_members(&self) -> Vec<PeerId> {
        self.snapshot.borrow().group_members.clone()
    }

    /// WebRTC connections that this peer holds: those of links, and those being made or closed.
    pub fn connections(&self) -> usize {
        self.snapshot.borrow().connections
    }

    /// What the peer's data channels have carried so far.
    pub fn traffic(&self) -> Traffic {
        self.traffic.read()
    }

    /// Resolves when the peer holds so many links and not one connection more.
    pub async fn settled(&self, links: usize) -> Result<(), PeerError> {
        let settled =
            |now: &Snapshot| now.connected_peers.len() == links && now.connections == links;
        self.wait_until(settled).await.map(drop)
    }

    /// Events from now on. A subscriber that reads too slowly loses the oldest and is told.
    pub fn events(&self) -> Events {
        self.events.subscribe()
    }

    /// Resolves when the peer has joined: it is online, or alone in the network.
    pub async fn connected(&self) -> Result<State, PeerError> {
        self.wait_until(|snapshot| matches!(snapshot.state, State::Alone | State::Online))
            .await
            .map(|snapshot| snapshot.state)
    }

    /// Resolves when links to at least `count` peers are open.
    pub async fn connected_to(&self, count: usize) -> Result<Vec<PeerId>, PeerError> {
        self.wait_until(|snapshot| snapshot.connected_peers.len() >= count)
            .await
            .map(|snapshot| snapshot.connected_peers)
    }

    /// Sends a message; resolves when it has arrived, and fails when, as far as is known, it has
    /// not, within the bound of [`DeliveryConfig`](boplish_core::config::DeliveryConfig).
    pub async fn send(
        &self,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
    ) -> Result<(), PeerError> {
        self.ask(|done| Command::Send {
            to,
            protocol,
            payload,
            done,
        })
        .await
    }

    /// Sends a request; resolves with its reply, and fails when none comes within `timeout`.
    pub async fn request(
        &self,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
        timeout: Duration,
    ) -> Result<Payload, PeerError> {
        self.ask(|done| Command::Request {
            to,
            protocol,
            payload,
            timeout,
            done,
        })
        .await
    }

    /// Answers a request that came as [`Event::Message`](boplish_core::Event::Message) with `request`.
    pub async fn reply(
        &self,
        to: PeerId,
        request: MessageId,
        payload: Payload,
    ) -> Result<(), PeerError> {
        self.ask(|done| Command::Reply {
            to,
            request,
            payload,
            done,
        })
        .await
    }

    /// Pings a peer; resolves with the round-trip time.
    pub async fn ping(&self, peer: PeerId) -> Result<Duration, PeerError> {
        self.ask(|done| Command::Ping { peer, done }).await
    }

    /// Finds the owner of a key.
    pub async fn lookup(&self, key: PeerId) -> Result<Found, PeerError> {
        self.ask(|done| Command::Lookup { key, done }).await
    }

    /// Stores a record in the network; resolves when most of those who should have stored it. With
    /// `expected`, only if the record that is there has this sequence number, 0 if there is to be
    /// none; the new one then has the next.
    pub async fn put(&self, record: Record, expected: Option<u64>) -> Result<(), PeerError> {
        let record = Box::new(record);
        let put = |done| Command::Put {
            record,
            expected,
            done,
        };
        self.ask(put).await
    }

    /// The record that the network stores under a key. `quick`: the copy of the key's owner will
    /// do, though a newer one may just be written.
    pub async fn get(&self, key: PeerId, quick: bool) -> Result<Option<Record>, PeerError> {
        self.ask(|done| Command::Get { key, quick, done }).await
    }

    /// This peer's place in the ring; `None` in a mesh.
    pub async fn ring(&self) -> Result<Option<RingView>, PeerError> {
        self.ask(|done| Command::Ring { done }).await
    }

    /// Hands the messages of a protocol that the core would answer by itself to the application.
    pub async fn take_protocol(&self, protocol: ProtocolName) -> Result<(), PeerError> {
        self.ask(|done| Command::TakeProtocol { protocol, done })
            .await
    }

    /// Asks one peer, or all that are linked, for their neighbours; [`Event::Topology`](boplish_core::Event::Topology) follows
    /// for each that answers.
    pub async fn request_topology(&self, peer: Option<PeerId>) -> Result<(), PeerError> {
        self.ask(|done| Command::RequestTopology { peer, done })
            .await
    }

    /// Asks a peer to share a bopcast group (the report, figure 4.2).
    pub async fn register_in_group(&self, peer: PeerId) -> Result<(), PeerError> {
        self.ask(|done| Command::RegisterInGroup { peer, done })
            .await
    }

    /// Sends a payload to every member of the bopcast group.
    pub async fn send_to_group(&self, payload: Payload) -> Result<(), PeerError> {
        self.ask(|done| Command::SendToGroup { payload, done })
            .await
    }

    /// Turns [`Event::Monitor`](boplish_core::Event::Monitor) on or off; at first it is off.
    pub async fn set_monitoring(&self, on: bool) -> Result<(), PeerError> {
        self.ask(|done| Command::SetMonitoring { on, done }).await
    }

    /// Makes an invitation for one newcomer, who needs no bootstrap server then. Resolves with its
    /// text, which people carry there; it expires after 10 minutes.
    pub async fn invite(&self) -> Result<String, PeerError> {
        self.ask(|done| Command::Invite { done }).await
    }

    /// Accepts an invitation, or a link that ends with one. Resolves with the answer, which people
    /// carry back; the link follows when they have.
    pub async fn accept_invitation(&self, text: &str) -> Result<AcceptedInvitation, PeerError> {
        let text = text.to_owned();
        self.ask(|done| Command::AcceptInvitation { text, done })
            .await
    }

    /// Takes the answer to an invitation of this peer. Resolves with who has accepted it when
    /// there is a link to them.
    pub async fn complete_invitation(&self, answer: &str) -> Result<PeerId, PeerError> {
        let text = answer.to_owned();
        self.ask(|done| Command::CompleteInvitation { text, done })
            .await
    }

    /// Says that the machine's addresses have changed, or that it is back online.
    pub async fn network_changed(&self) -> Result<(), PeerError> {
        self.ask(|done| Command::NetworkChanged { done }).await
    }

    /// Leaves the network; resolves when all that was on its way out has been sent, or after two
    /// seconds. Closing a closed peer does nothing.
    pub async fn close(&self) {
        // An error says that the peer's task has ended, which is what is wanted.
        let _ = self.ask(|done| Command::Close { done }).await;
    }

    /// Ends at once, without a word to anybody, as a machine that loses its power: for
    /// emulations.
    pub async fn vanish(&self) {
        // An error says that the peer's task has ended, which is what is wanted.
        let _ = self.commands.send(Command::Vanish).await;
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, PeerError>>) -> Command,
    ) -> Result<T, PeerError> {
        let (done, answer) = oneshot::channel();
        self.commands
            .send(command(done))
            .await
            .map_err(|_| PeerError::Closed)?;
        answer.await.map_err(|_| PeerError::Closed)?
    }

    async fn wait_until(
        &self,
        condition: impl FnMut(&Snapshot) -> bool,
    ) -> Result<Snapshot, PeerError> {
        self.snapshot
            .clone()
            .wait_for(condition)
            .await
            .map(|snapshot| snapshot.clone())
            .map_err(|_| PeerError::Closed)
    }
}
