//! `boplish gateway`: what is published, for those who speak HTTP.

use std::future::ready;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{Method, Response, StatusCode};
use boplish_native::core::http::{self, Answer, Asked};
use boplish_native::wire::PeerId;
use boplish_native::wire::content::ContentId;
use boplish_native::{Peer, PeerError, fresh_identity, load_or_create_identity};
use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::net::TcpListener;

use super::keepers::Keepers;
use super::progress::{print, say};
use super::shelf::{Reserved, Shelf};
use super::{GatewayCommand, content_folder, join};
use crate::failure::Failure;
use crate::signals::Shutdown;

/// Bytes that are fetched and sent in one go.
const WINDOW: u64 = 4 << 20;

/// Serves until a signal comes.
pub(crate) async fn run(command: GatewayCommand) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let identity = match &command.options.identity {
        Some(path) => load_or_create_identity(path),
        None => fresh_identity(),
    };
    let identity = identity.map_err(|error| Failure::Usage(format!("--identity: {error}")))?;
    let folder = content_folder(command.content.as_deref(), "gateway")?;
    let listen = command.listen;
    let bound = TcpListener::bind(listen).await;
    let listener = bound.map_err(|error| Failure::runtime(&format!("--listen {listen}"), error))?;
    let address = listener.local_addr()?;
    let joining = join(&command.options, &folder, identity, true);
    let (peer, _) = shutdown.unless_asked(joining).await?;
    match command.options.json.unwrap_or(false) {
        true => print(&json!({"event": "listening", "url": format!("http://{address}")})),
        false => say(&format!("listening on http://{address}")),
    }
    let _keepers = Keepers::serve(&peer);
    let shelf = Shelf::new(peer.clone(), command.room);
    let app = Router::new().fallback(answer).with_state(shelf);
    let serving = axum::serve(listener, app);
    let result = tokio::select! {
        result = serving => result.map_err(Failure::from),
        () = shutdown.wait() => Ok(()),
    };
    peer.close().await;
    result
}

async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response<Body> {
    // Its body can't be shared, and is of no use.
    let request = request.into_parts().0;
    let is_get = request.method == Method::GET;
    let answer = match request.uri.path().strip_prefix("/bop/") {
        Some(path) if is_get || request.method == Method::HEAD => {
            let header = |name| Some(request.headers.get(name)?.to_str().unwrap_or_default());
            let asked = Asked {
                path,
                query: request.uri.query(),
                // Ranges are defined for GET alone (RFC 9110, section 14.2).
                range: header(RANGE).filter(|_| is_get),
                if_range: header(IF_RANGE),
                if_none_match: header(IF_NONE_MATCH),
            };
            http::answer(shelf.peer(), asked).await
        }
        Some(_) => {
            let mut refusal = http::refusal(405, "this gateway answers GET and HEAD");
            refusal.headers.push(("allow", "GET, HEAD".to_owned()));
            refusal
        }
        None => http::refusal(400, "names look like /bop/<peer id>/content/<path>"),
    };
    respond(&shelf, answer, is_get).await
}

async fn respond(shelf: &Arc<Shelf>, answer: Answer, is_get: bool) -> Response<Body> {
    let mut response = Response::new(match answer.body {
        http::Body::Text(text) => Body::from(text),
        http::Body::Content {
            id,
            publisher,
            range,
        } if is_get => match reserved_stream(shelf, publisher, id, range).await {
            Ok(body) => body,
            Err(refusal) => return Box::pin(respond(shelf, refusal, is_get)).await,
        },
        http::Body::Content { .. } => Body::empty(),
    });
    let status = StatusCode::from_u16(answer.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The bytes of a content, for which there is room until they are sent; else the answer to that.
async fn reserved_stream(
    shelf: &Arc<Shelf>,
    publisher: PeerId,
    id: ContentId,
    range: Range<u64>,
) -> Result<Body, Answer> {
    let begun = async {
        let Some(reserved) = shelf.reserve(id).await? else {
            return Ok(None);
        };
        let peer = shelf.peer().clone();
        stream(peer, publisher, id, range, reserved).await.map(Some)
    };
    match begun.await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => {
            let why = format!(
                "this gateway has no room for these {} bytes: ask later, or start it with --room",
                id.length
            );
            Err(http::refusal(507, &why))
        }
        Err(error) => {
            let is_away = matches!(error, PeerError::Fetch(_));
            let status = if is_away { 504 } else { 500 };
            Err(http::refusal(status, &error.to_string()))
        }
    }
}

/// Bytes as they come from the network. The first of them are here when this returns: before, nobody
/// knows whether anybody has them.
async fn stream(
    peer: Peer,
    publisher: PeerId,
    id: ContentId,
    range: Range<u64>,
    reserved: Reserved,
) -> Result<Body, PeerError> {
    if range.is_empty() {
        return Ok(Body::empty());
    }
    let (first, rest) = window(&peer, publisher, id, range).await?;
    let rest = stream::try_unfold((rest, reserved), move |(left, reserved)| {
        let peer = peer.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let next = window(&peer, publisher, id, left).await;
            let (bytes, left) = next.map_err(io::Error::other)?;
            Ok(Some((bytes, (left, reserved))))
        }
    });
    let first = stream::once(ready(Ok::<_, io::Error>(first)));
    Ok(Body::from_stream(first.chain(rest)))
}

/// The first bytes of a range, and the range of those behind them.
async fn window(
    peer: &Peer,
    publisher: PeerId,
    id: ContentId,
    left: Range<u64>,
) -> Result<(Bytes, Range<u64>), PeerError> {
    let now = left.start..left.end.min(left.start + WINDOW);
    peer.fetch_content(id, Some(now.clone()), &[publisher])
        .await?;
    let length = (now.end - now.start) as usize;
    let bytes = peer.read_content(id, now.start, length).await?;
    Ok((Bytes::from(bytes), now.end..left.end))
}
