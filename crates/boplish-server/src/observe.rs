//! The server seen from outside: whether it takes newcomers, metrics, and the numbers of the admin
//! page.

mod admin;
mod attempts;
mod history;
mod meter;
mod metrics;
mod numbers;
mod report;
mod request;
mod token;
mod trace;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::time::MissedTickBehavior;

use crate::admission::SharedAdmission;
use crate::config::Config;
use crate::network::Networks;
use crate::places::Places;
use crate::server::Life;
use attempts::Attempts;
use history::History;

pub(crate) use meter::{Meter, OpenSocket};
pub(crate) use request::{FromProxy, RequestId, observe as observe_request};
pub use token::{AdminToken, AdminTokenError};

/// How often the numbers are kept, for rates and graphs.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// What is known of the server, for whoever may ask.
#[derive(Clone)]
pub(crate) struct Observer(Arc<Inner>);

struct Inner {
    networks: Networks,
    admission: SharedAdmission,
    life: Life,
    meter: Arc<Meter>,
    token: Option<AdminToken>,
    attempts: Mutex<Attempts>,
    history: Mutex<History>,
    max_connections: usize,
    places: Arc<Places>,
}

impl Observer {
    /// Begins to keep the numbers if somebody may ask for them.
    pub(crate) fn start(
        config: &Config,
        networks: Networks,
        admission: SharedAdmission,
        meter: Arc<Meter>,
        places: Arc<Places>,
        life: &Life,
    ) -> Self {
        let observer = Self(Arc::new(Inner {
            networks,
            admission,
            life: life.clone(),
            meter,
            token: config.admin_token.clone(),
            attempts: Mutex::default(),
            history: Mutex::default(),
            max_connections: config.limits.directory.connections,
            places,
        }));
        if config.admin_token.is_some() {
            let sampler = observer.clone();
            life.spawn_until_closing(async move { sampler.sample().await });
        }
        observer
    }

    pub(crate) fn meter(&self) -> &Arc<Meter> {
        &self.0.meter
    }

    /// The addresses at which the server is looked at.
    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/ready", get(ready))
            .route("/metrics", get(metrics::respond))
            .route("/admin/stats", get(admin::respond))
            .with_state(self.clone())
    }

    async fn sample(&self) {
        let mut ticks = tokio::time::interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(networks) = self.networks() else {
                return;
            };
            let uptime = self.0.meter.uptime();
            let mut history = self
                .0
                .history
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            history.add(uptime, &networks);
        }
    }

    /// The numbers of each network; `None` when the server is ending.
    fn networks(&self) -> Option<Vec<report::Network>> {
        let stats = self.0.networks.stats()?.into_iter();
        let networks = stats.map(|(name, stats)| report::Network {
            name: name.to_string(),
            stats,
        });
        Some(networks.collect())
    }

    /// Why the server takes no newcomers at the moment; `None` when it does.
    fn unready(&self) -> Option<&'static str> {
        const SHUTDOWN: Option<&str> = Some("the server shuts down");
        if self.0.life.is_closing() {
            return SHUTDOWN;
        }
        let Some(networks) = self.networks() else {
            return SHUTDOWN;
        };
        let clients: u64 = networks.iter().map(report::Network::clients).sum();
        (clients >= self.0.max_connections as u64)
            .then_some("the server has as many connections as it takes")
    }
}

async fn ready(State(observer): State<Observer>) -> Response {
    let (status, text) = match observer.unready() {
        None => (StatusCode::OK, "ready"),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason),
    };
    let headers = [(header::CACHE_CONTROL, "no-store")];
    (status, headers, format!("{text}\n")).into_response()
}
