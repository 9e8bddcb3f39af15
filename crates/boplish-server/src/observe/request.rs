//! The id of a request, by which its log lines and those of its WebSocket are found.

use std::fmt;
use std::sync::Arc;

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::{Instrument, debug, error_span, field};

use super::meter::Meter;
use super::trace;
use crate::accept::Remote;

/// The header that tells the id, and brings it from a trusted proxy.
const HEADER: &str = "x-request-id";

/// The target of the line that each request is logged by.
const ACCESS_LOG: &str = "boplish_server::access";

/// Characters of an id that a proxy gives, at most; a longer one is not taken.
const MAX_GIVEN: usize = 64;

/// Marks a request that came by a trusted proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromProxy;

/// The id of a request. It is small, since each WebSocket keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequestId {
    /// A number of the server and one of the request.
    Made { server: u32, number: u64 },
    /// What a trusted proxy calls it.
    Given(Arc<str>),
}

impl RequestId {
    /// What a proxy calls a request, if that is fit for logs and headers.
    fn given(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(HEADER)?.to_str().ok()?;
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:=+/".contains(&byte);
        let is_taken = (1..=MAX_GIVEN).contains(&id.len()) && id.bytes().all(is_fit);
        is_taken.then(|| Self::Given(id.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { server, number } => write!(f, "{server:08x}-{number:x}"),
            Self::Given(id) => f.write_str(id),
        }
    }
}

/// Gives a request its id, counts it, and logs it at the level `debug`. The query is not logged:
/// it may hold secrets.
pub(crate) async fn observe(
    State(meter): State<Arc<Meter>>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_from_proxy = request.extensions().get::<FromProxy>().is_some();
    let given = is_from_proxy.then(|| RequestId::given(request.headers()));
    let id = given.flatten().unwrap_or_else(|| meter.next_request());
    // Of the highest level, so that the id stands in every line that is logged at all.
    let span = error_span!("http", request = %id);
    if is_from_proxy {
        trace::join(&span, request.headers());
    }
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let remote = request.extensions().get::<Remote>().copied();
    request.extensions_mut().insert(id.clone());

    let start = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let duration = start.elapsed();

    trace::describe(&span, &method, &path, response.status());
    meter.count_response(response.status(), duration);
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(HEADER, value);
    }
    debug!(
        target: ACCESS_LOG,
        parent: &span,
        %method,
        path,
        status = response.status().as_u16(),
        duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        bytes = response.body().size_hint().exact(),
        address = remote.map(|Remote(address)| field::display(address)),
        "answered"
    );
    response
}
