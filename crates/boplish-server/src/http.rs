//! Requests: the WebSockets of clients, the server's health, and everything else from the site.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use boplish_directory::{ConnId, SUBPROTOCOL, Stats};
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;

use crate::accept::{Remote, SocketPermit};
use crate::admission::{Knock, SharedAdmission, TrustedProxies};
use crate::config::Config;
use crate::hub::Newcomer;
use crate::network::{Address, Networks};
use crate::observe::{FromProxy, Observer, RequestId, observe_request};
use crate::server::Life;
use crate::site::Files;
use crate::socket::{self, Surroundings};
use crate::ws::{Timing, handshake};

pub(crate) fn router(
    files: Files,
    networks: Networks,
    admission: SharedAdmission,
    observer: &Observer,
    life: &Life,
    config: &Config,
) -> Router {
    let limits = &config.limits;
    let proxies = config.admission.trusted_proxies.clone();
    let engine = config.cluster.engine.as_ref();
    let server = Shared {
        networks,
        admission,
        engine: engine.map_or("in-process", |engine| engine.name()),
        life: life.clone(),
        files: Arc::new(files),
        connections: Arc::default(),
        timing: Timing::from(limits),
        message_bytes: limits.directory.message_bytes,
        start: Instant::now(),
    };
    Router::new()
        .route("/health", get(health))
        .route("/ws", any(web_socket))
        .route("/ws/", any(web_socket))
        .route("/ws/{*id}", any(web_socket))
        .route("/{network}/ws/{id}", any(web_socket))
        .merge(observer.routes())
        .fallback(page)
        .layer(middleware::from_fn_with_state(
            observer.meter().clone(),
            observe_request,
        ))
        .with_state(server)
        .layer(middleware::from_fn_with_state(
            Arc::new(proxies),
            see_client,
        ))
}

#[derive(Clone)]
struct Shared {
    networks: Networks,
    admission: SharedAdmission,
    engine: &'static str,
    life: Life,
    files: Arc<Files>,
    /// How many WebSockets there were so far: each gets a number of its own.
    connections: Arc<AtomicU64>,
    timing: Timing,
    message_bytes: usize,
    start: Instant,
}

/// Sees the client behind trusted proxies, for all that goes by addresses.
async fn see_client(
    State(proxies): State<Arc<TrustedProxies>>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(Remote(address)) = request.extensions().get().copied() {
        if proxies.has(address.ip()) {
            request.extensions_mut().insert(FromProxy);
        }
        match proxies.client_of(address, request.headers()) {
            Ok(client) => request.extensions_mut().insert(Remote(client)),
            Err(contradiction) => {
                return (StatusCode::BAD_REQUEST, format!("{contradiction}\n")).into_response();
            }
        };
    }
    next.run(request).await
}

async fn health(State(server): State<Shared>) -> Response {
    let Some(networks) = server.networks.stats() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server shuts down\n").into_response();
    };
    let all = networks
        .values()
        .copied()
        .fold(Stats::default(), Stats::and);
    let mut body = numbers(&all);
    body["status"] = "ok".into();
    body["version"] = env!("CARGO_PKG_VERSION").into();
    body["uptime"] = server.start.elapsed().as_secs().into();
    body["turnedAway"] = server.admission.turned_away().into();
    body["engine"] = server.engine.into();
    body["engineState"] = server.networks.engine().name().into();
    if networks.len() > 1 {
        let networks = networks.iter();
        let networks = networks.map(|(name, stats)| (name.to_string(), numbers(stats)));
        body["networks"] = networks.collect::<serde_json::Map<_, _>>().into();
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body.to_string()).into_response()
}

fn numbers(stats: &Stats) -> serde_json::Value {
    serde_json::json!({
        "connected": stats.connected,
        "unproven": stats.unproven,
        "entryPeers": stats.entry_peers,
        "otherServers": stats.other_servers,
        "admitted": stats.admitted,
        "joined": stats.joined,
        "released": stats.released,
        "refused": stats.refused,
        "closed": stats.closed,
        "forwarded": stats.forwarded,
        "forwardedBytes": stats.forwarded_bytes,
        "sentElsewhere": stats.sent_elsewhere,
        "returned": stats.returned,
        "lettersRefused": stats.letters_refused,
        "denied": stats.denied,
        "errors": stats.errors,
    })
}

async fn web_socket(
    State(server): State<Shared>,
    Extension(Remote(address)): Extension<Remote>,
    Extension(permit): Extension<SocketPermit>,
    Extension(request_id): Extension<RequestId>,
    mut request: Request,
) -> Response {
    let Address { network, id } = match Address::parse(request.uri().path()) {
        Ok(address) => address,
        Err(error) => {
            let text = format!(
                "connect to /ws/ID or /ws/NETWORK/ID, where ID is the peer's id: {error}. A peer \
                 that proves its id has 40 hex digits there.\n"
            );
            return (StatusCode::BAD_REQUEST, text).into_response();
        }
    };
    let found = network.and_then(|network| Some((server.networks.get(&network)?.clone(), network)));
    let Some((hub, network)) = found else {
        let text = "this server has no such network: it is started with --network NAME\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    };
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let accept = handshake::accept(request.method(), request.headers());
    let (Some(upgrade), Some(accept)) = (upgrade, accept) else {
        let headers = [
            (header::CONNECTION, "upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
        ];
        let text = "this address takes WebSockets only (RFC 6455, version 13)\n";
        return (StatusCode::UPGRADE_REQUIRED, headers, text).into_response();
    };
    let knock = Knock {
        address: address.ip(),
        id: &id,
        network: &network,
        headers: request.headers(),
    };
    if let Err(why) = server.admission.check(&knock) {
        return why.into_response();
    }
    let protocols = header::SEC_WEBSOCKET_PROTOCOL;
    let wants_proof = handshake::has_token(request.headers(), &protocols, SUBPROTOCOL);
    let newcomer = Newcomer {
        conn: ConnId(server.connections.fetch_add(1, Ordering::Relaxed)),
        id,
        address: address.ip(),
        wants_proof,
        request: request_id,
    };
    let surroundings = Surroundings {
        hub,
        seat: server.networks.enter(newcomer.address),
        timing: server.timing,
        // The directory refuses messages that are too long, and the client may go on; it is closed
        // only for one that is so long that the server does not read it to its end.
        max_message: 2 * server.message_bytes,
        permit,
        alive: server.life.alive(),
    };
    server
        .life
        .spawn(socket::start(upgrade, newcomer, surroundings));
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if wants_proof {
        headers.insert(protocols, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

async fn page(
    State(server): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    server.files.respond(&method, uri.path(), &headers).await
}
