//! A running server, and what keeps count of its tasks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use boplish_directory::{Directory, Stats};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

use crate::accept::{self, Door, Listeners};
use crate::admission::{Admission, SharedAdmission};
use crate::config::Config;
use crate::error::ServerError;
use crate::http;
use crate::hub::Hub;
use crate::network::{MAX_NETWORKS, NetworkName, Networks};
use crate::observe::{Meter, Observer};
use crate::places::Places;
use crate::redirect;
use crate::site::Files;
use crate::tls::Endpoint;
use crate::turn::Turn;

/// A running server. Dropping it ends it at once; [`shutdown`](Self::shutdown) lets the clients
/// know.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    redirect_addresses: Vec<SocketAddr>,
    is_secure: bool,
    networks: Networks,
    phase: watch::Sender<Phase>,
    /// Says when the last task has ended: nothing is ever sent.
    tasks: mpsc::Receiver<Infallible>,
    shutdown_timeout: Duration,
}

impl Server {
    /// Listens on the configured addresses and serves from then on, in tasks of the tokio runtime
    /// that this is called in.
    ///
    /// An IPv6 address that the machine lacks is only a warning as long as another one is
    /// listened on: many machines have no IPv6.
    ///
    /// # Errors
    ///
    /// When an address can't be listened on, or the folder of the pages or the certificate can't be
    /// read; the error says which and what to do.
    pub async fn bind(config: Config) -> Result<Self, ServerError> {
        let files = Files::open(&config.site)?;
        let admission = Arc::new(Admission::new(&config.admission, &config.limits.directory)?);
        let tls = config.tls.as_ref();
        let endpoint = tls.map(|tls| Endpoint::open(&tls.certificate));
        let endpoint = endpoint.transpose()?;
        let listeners = Listeners::bind(&config.listen)?;
        let redirecting = match tls {
            Some(tls) if !tls.redirect_from.is_empty() => {
                Some(Listeners::bind(&tls.redirect_from)?)
            }
            Some(_) | None => None,
        };
        let turn = Turn::bind(&config.turn)?;
        check_networks(&config)?;
        let meter = Meter::new(getrandom::u32().map_err(ServerError::Random)?);

        let (phase, phases) = watch::channel(Phase::Serving);
        let (alive, tasks) = mpsc::channel(1);
        let life = Life { phases, alive };

        let mut of_directory = config.directory();
        of_directory.ice_servers.extend(turn.stun_server());
        of_directory.turn = turn.credentials();
        let mut hubs = BTreeMap::new();
        for name in [NetworkName::of_default()].iter().chain(&config.networks) {
            if !hubs.contains_key(name) {
                let hub = start_network(&config, &of_directory, name, &life)?;
                hubs.insert(name.clone(), hub);
            }
        }
        let networks = Networks::new(hubs, &config.limits);
        let addresses = listeners.addresses();
        watch_bans(&admission, &networks, &life);
        let places = Places::new(&config.limits);
        let observer = Observer::start(
            &config,
            networks.clone(),
            admission.clone(),
            meter.clone(),
            places.clone(),
            &life,
        );
        let router = http::router(
            files,
            networks.clone(),
            admission,
            &observer,
            &life,
            &config,
        );
        let is_secure = endpoint.is_some();
        let check_every = config.limits.certificate_check;
        let door = Door {
            router,
            tls: endpoint.map(|endpoint| endpoint.start(check_every, &life)),
            places: places.clone(),
            meter,
        };
        accept::start(listeners, &door, &life, &config);
        turn.start(&life);
        for address in &addresses {
            info!(%address, tls = is_secure, open_ids = config.open_ids, "listening");
        }
        let redirect_addresses = redirecting.as_ref().map(Listeners::addresses);
        if let Some(listeners) = redirecting {
            let door = Door {
                router: redirect::router(addresses[0].port()),
                tls: None,
                places: door.places,
                meter: door.meter,
            };
            accept::start(listeners, &door, &life, &config);
        }
        Ok(Self {
            addresses,
            redirect_addresses: redirect_addresses.unwrap_or_default(),
            is_secure,
            networks,
            phase,
            tasks,
            shutdown_timeout: config.limits.shutdown_timeout,
        })
    }

    /// The first of the addresses that the server listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses that the server listens on; at least one.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The addresses that redirect to these.
    pub fn redirect_addrs(&self) -> &[SocketAddr] {
        &self.redirect_addresses
    }

    /// What the address of a page begins with: `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// How many are connected to all networks, and what was counted so far.
    pub async fn stats(&self) -> Stats {
        let all = self.networks.stats().unwrap_or_default();
        all.into_values().fold(Stats::default(), Stats::and)
    }

    /// Serves until the future ends, then shuts down.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        stop.await;
        self.shutdown().await;
    }

    /// Tells every client that the server shuts down, closes their connections (code 1001),
    /// finishes the responses that are under way, and returns when all is closed, at the latest
    /// after [`Limits::shutdown_timeout`](crate::Limits::shutdown_timeout).
    pub async fn shutdown(self) {
        let Self {
            networks,
            phase,
            mut tasks,
            shutdown_timeout,
            ..
        } = self;
        info!("shutting down");
        phase.send_replace(Phase::Closing);
        drop(networks);
        if tokio::time::timeout(shutdown_timeout, tasks.recv())
            .await
            .is_err()
        {
            warn!("some connections did not close in time and are dropped");
        }
    }
}

/// Whether there may be so many networks.
pub(crate) fn check_networks(config: &Config) -> Result<(), ServerError> {
    let count = config.networks.len();
    if count > MAX_NETWORKS {
        return Err(ServerError::TooManyNetworks { count });
    }
    Ok(())
}

/// Follows the ban list, if there is one.
fn watch_bans(admission: &SharedAdmission, networks: &Networks, life: &Life) {
    if admission.bans().is_none() {
        return;
    }
    let (admission, networks) = (admission.clone(), networks.clone());
    life.spawn_until_closing(async move {
        if let Some(bans) = admission.bans() {
            bans.watch(&networks).await;
        }
    });
}

/// Starts what one network is: a directory, the task that owns it, and its way to the engine.
fn start_network(
    config: &Config,
    of_directory: &boplish_directory::Config,
    name: &NetworkName,
    life: &Life,
) -> Result<Hub, ServerError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(ServerError::Random)?;
    let directory = Directory::new(of_directory.clone(), seed);
    let (orders, membership) = config.cluster.join(name, directory.node());
    let hub = Hub::start(directory, orders, life, &config.limits);
    if let Some(membership) = membership {
        membership.start(hub.clone(), life);
    }
    Ok(hub)
}

/// What the server is at. When the sender of this is dropped, everything ends at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    Closing,
}

/// What ties a task to its server: ends it with the server, and lets a shutdown wait for it.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    phases: watch::Receiver<Phase>,
    alive: mpsc::Sender<Infallible>,
}

impl Life {
    /// Ends when the server shuts down or is dropped.
    pub(crate) async fn closing(&self) {
        let mut phases = self.phases.clone();
        // An error says that the server was dropped, which is the end as well.
        let _ = phases.wait_for(|phase| *phase == Phase::Closing).await;
    }

    /// Ends when the server is dropped, or its shutdown has taken as long as it may.
    pub(crate) fn dropped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut phases = self.phases.clone();
        async move { while phases.changed().await.is_ok() {} }
    }

    /// Lets a shutdown wait until this is dropped.
    pub(crate) fn alive(&self) -> Alive {
        Alive(self.alive.clone())
    }

    /// Whether the server shuts down or is dropped.
    pub(crate) fn is_closing(&self) -> bool {
        *self.phases.borrow() == Phase::Closing || self.phases.has_changed().is_err()
    }

    /// Runs the task until its end or that of the server.
    pub(crate) async fn limit(self, task: impl Future<Output = ()>) {
        let mut phases = self.phases;
        let dropped = async { while phases.changed().await.is_ok() {} };
        tokio::select! {
            () = task => {}
            () = dropped => {}
        }
        drop(self.alive);
    }

    /// Starts a task that ends with the server.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.clone().limit(task));
    }

    /// Starts a task that ends as soon as the server shuts down.
    pub(crate) fn spawn_until_closing(&self, task: impl Future<Output = ()> + Send + 'static) {
        let life = self.clone();
        self.spawn(async move {
            tokio::select! {
                () = task => {}
                () = life.closing() => {}
            }
        });
    }
}

/// Something of a server that is still going on.
pub(crate) struct Alive(#[expect(dead_code, reason = "held, never read")] mpsc::Sender<Infallible>);
