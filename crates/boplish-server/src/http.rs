//! Requests: the WebSockets of clients, the server's health, and everything else from the site.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, State, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use boplish_directory::{ClientId, ConnId, SUBPROTOCOL};
use tokio::time::Instant;

use crate::accept::{Remote, SocketPermit};
use crate::config::Limits;
use crate::hub::{Hub, Newcomer};
use crate::server::Life;
use crate::site::Files;
use crate::socket::{self, Timing};

/// Bytes that a WebSocket reads at once. The default of 128 KiB would be allocated for every
/// connection.
const READ_BUFFER: usize = 4 * 1024;

/// Bytes that are collected before they are written, when there is more to write.
const WRITE_BUFFER: usize = 4 * 1024;

pub(crate) fn router(files: Files, hub: Hub, life: &Life, limits: &Limits) -> Router {
    let server = Shared {
        hub,
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
        .fallback(page)
        .with_state(server)
}

#[derive(Clone)]
struct Shared {
    hub: Hub,
    life: Life,
    files: Arc<Files>,
    /// How many WebSockets there were so far: each gets a number of its own.
    connections: Arc<AtomicU64>,
    timing: Timing,
    message_bytes: usize,
    start: Instant,
}

async fn health(State(server): State<Shared>) -> Response {
    let Some(stats) = server.hub.stats().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server shuts down\n").into_response();
    };
    let body = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "uptime": server.start.elapsed().as_secs(),
        "connected": stats.connected,
        "unproven": stats.unproven,
        "entryPeers": stats.entry_peers,
        "admitted": stats.admitted,
        "joined": stats.joined,
        "released": stats.released,
        "refused": stats.refused,
        "closed": stats.closed,
        "forwarded": stats.forwarded,
        "forwardedBytes": stats.forwarded_bytes,
        "denied": stats.denied,
        "errors": stats.errors,
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body.to_string()).into_response()
}

async fn web_socket(
    State(server): State<Shared>,
    Extension(Remote(address)): Extension<Remote>,
    Extension(permit): Extension<SocketPermit>,
    uri: Uri,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let path = uri.path();
    let id = path.strip_prefix("/ws/").unwrap_or_default();
    let id = match ClientId::new(id) {
        Ok(id) => id,
        Err(error) => {
            let text = format!(
                "connect to /ws/ID, where ID is the peer's id: {error}. A peer that proves its id \
                 has 40 hex digits there.\n"
            );
            return (StatusCode::BAD_REQUEST, text).into_response();
        }
    };
    let Ok(upgrade) = upgrade else {
        let headers = [
            (header::CONNECTION, "upgrade"),
            (header::UPGRADE, "websocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
        ];
        let text = "this address takes WebSockets only (RFC 6455, version 13)\n";
        return (StatusCode::UPGRADE_REQUIRED, headers, text).into_response();
    };
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        // One message at a time is written; twice its size leaves room for what the server says.
        .max_write_buffer_size(2 * (WRITE_BUFFER + server.message_bytes))
        // The directory refuses messages that are too long, and the client may go on; it is closed
        // only for one that is so long that the server does not read it to its end.
        .max_message_size(2 * server.message_bytes)
        .max_frame_size(2 * server.message_bytes);
    let newcomer = Newcomer {
        conn: ConnId(server.connections.fetch_add(1, Ordering::Relaxed)),
        id,
        address: address.ip(),
        wants_proof: upgrade.selected_protocol().is_some(),
    };
    upgrade.on_upgrade(move |socket| {
        let task = socket::run(socket, newcomer, server.hub, server.timing);
        server.life.limit(async move {
            task.await;
            drop(permit);
        })
    })
}

async fn page(
    State(server): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    server.files.respond(&method, uri.path(), &headers).await
}
