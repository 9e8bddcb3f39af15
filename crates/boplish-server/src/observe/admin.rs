//! `/admin/stats`, and who may see it.

use std::net::SocketAddr;
use std::sync::PoisonError;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tracing::warn;

use super::numbers::NUMBERS;
use super::report::Network;
use super::{Observer, attempts, token};
use crate::accept::Remote;

pub(super) async fn respond(
    State(observer): State<Observer>,
    Extension(Remote(address)): Extension<Remote>,
    headers: HeaderMap,
) -> Response {
    let networks = match observer.show(address, &headers) {
        Ok(networks) => networks,
        Err(refusal) => return refusal,
    };
    let unready = observer.unready();
    let inner = &observer.0;
    let responses = inner.meter.responses();
    let responses = responses.map(|(class, count)| (class.to_owned(), count.into()));
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime": inner.meter.uptime().as_secs(),
        "unready": unready,
        "sockets": {
            "open": inner.meter.sockets(),
            "most": inner.places.most(),
            "refused": inner.places.refused(),
        },
        "connections": { "most": inner.max_connections },
        "turnedAway": inner.admission.turned_away(),
        "responses": Value::Object(responses.collect()),
        "networks": networks.iter().map(|it| observer.network(it)).collect::<Vec<_>>(),
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body.to_string()).into_response()
}

impl Observer {
    /// The networks, for whoever brings the token.
    #[expect(clippy::result_large_err, reason = "the response is sent as it is")]
    pub(super) fn show(
        &self,
        from: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<Vec<Network>, Response> {
        self.authorize(from, headers)?;
        let gone = || (StatusCode::SERVICE_UNAVAILABLE, "the server shuts down\n").into_response();
        self.networks().ok_or_else(gone)
    }

    /// Lets whoever brings the token pass; the others get a response that says what is wrong.
    #[expect(clippy::result_large_err, reason = "the response is sent as it is")]
    fn authorize(&self, from: SocketAddr, headers: &HeaderMap) -> Result<(), Response> {
        let Some(wanted) = &self.0.token else {
            let text = "there is no page here; the first one is at /\n";
            return Err((StatusCode::NOT_FOUND, text).into_response());
        };
        let now = Instant::now();
        let attempts = self.0.attempts.lock();
        let mut attempts = attempts.unwrap_or_else(PoisonError::into_inner);
        if attempts.is_blocked(from.ip(), now) {
            let wait = attempts::WINDOW.as_secs().to_string();
            let text = "too many wrong tokens from this address: wait for a minute\n";
            let headers = [(header::RETRY_AFTER, wait)];
            return Err((StatusCode::TOO_MANY_REQUESTS, headers, text).into_response());
        }
        let brought = token::bearer(headers);
        if brought.is_some_and(|text| wanted.is(text)) {
            return Ok(());
        }
        let text = match brought {
            Some(_) => {
                attempts.count(from.ip(), now);
                warn!(address = %from, "a wrong admin token");
                "this is not the server's admin token\n"
            }
            None => "bring the admin token in the header `Authorization: Bearer TOKEN`\n",
        };
        let headers = [
            (header::WWW_AUTHENTICATE, "Bearer"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        Err((StatusCode::UNAUTHORIZED, headers, text).into_response())
    }

    fn network(&self, network: &Network) -> Value {
        let Network { name, stats } = network;
        let numbers = NUMBERS.iter();
        let mut told: Map<_, _> = numbers
            .map(|number| (number.json_name(), (number.of)(stats).into()))
            .collect();
        told.insert("name".to_owned(), name.as_str().into());
        let reasons = stats.refused_for.iter().zip(stats.closed_for.iter());
        let reasons = reasons.map(|((reason, refused), (_, closed))| {
            json!({
                "code": reason.code(),
                "reason": format!("{reason:?}"),
                "text": reason.text(),
                "refused": refused,
                "closed": closed,
            })
        });
        told.insert("reasons".to_owned(), reasons.collect());
        let history = self.0.history.lock();
        let history = history.unwrap_or_else(PoisonError::into_inner);
        told.insert("rates".to_owned(), history.rates(name));
        told.insert("graphs".to_owned(), history.graphs(name));
        Value::Object(told)
    }
}
