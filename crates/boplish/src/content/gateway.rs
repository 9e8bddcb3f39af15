//! `boplish gateway`: what is published, for those who speak HTTP.

use std::io;
use std::ops::Range;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::{Method, Response, StatusCode};
use boplish_native::core::http::{self, Answer, Asked};
use boplish_native::wire::PeerId;
use boplish_native::wire::content::ContentId;
use boplish_native::{Peer, fresh_identity};
use futures_util::stream;
use serde_json::json;
use tokio::net::TcpListener;

use super::keepers::Keepers;
use super::progress::{print, say};
use super::{GatewayCommand, data_folder, join};
use crate::failure::Failure;
use crate::signals::Shutdown;

/// Bytes that are fetched and sent in one go.
const WINDOW: u64 = 4 << 20;

/// Serves until a signal comes.
pub(crate) async fn run(command: GatewayCommand) -> Result<(), Failure> {
    let mut shutdown = Shutdown::new()?;
    let identity = fresh_identity().map_err(|error| Failure::Usage(error.to_string()))?;
    let folder = match &command.content {
        Some(folder) => folder.clone(),
        None => data_folder()?.join("gateway"),
    };
    let listen = command.listen;
    let bound = TcpListener::bind(listen).await;
    let listener = bound.map_err(|error| Failure::runtime(&format!("--listen {listen}"), error))?;
    let address = listener.local_addr()?;
    let (peer, _) = join(&command.options, &folder, identity, true).await?;
    match command.options.json.unwrap_or(false) {
        true => print(&json!({"event": "listening", "url": format!("http://{address}")})),
        false => say(&format!("listening on http://{address}")),
    }
    let _keepers = Keepers::serve(&peer);
    let app = Router::new().fallback(answer).with_state(peer.clone());
    let serving = axum::serve(listener, app);
    let result = tokio::select! {
        result = serving => result.map_err(Failure::from),
        () = shutdown.wait() => Ok(()),
    };
    peer.close().await;
    result
}

async fn answer(State(peer): State<Peer>, request: Request) -> Response<Body> {
    // Its body can't be shared, and is of no use.
    let request = request.into_parts().0;
    let is_get = request.method == Method::GET;
    let answer = match request.uri.path().strip_prefix("/bop/") {
        Some(path) if is_get || request.method == Method::HEAD => {
            let header = |name| Some(request.headers.get(name)?.to_str().unwrap_or_default());
            let asked = Asked {
                path,
                query: request.uri.query(),
                range: header(RANGE),
                if_range: header(IF_RANGE),
                if_none_match: header(IF_NONE_MATCH),
            };
            http::answer(&peer, asked).await
        }
        Some(_) => http::refusal(405, "this gateway answers GET and HEAD"),
        None => http::refusal(400, "names look like /bop/<peer id>/content/<path>"),
    };
    respond(peer, answer, is_get)
}

fn respond(peer: Peer, answer: Answer, is_get: bool) -> Response<Body> {
    let mut response = Response::new(match answer.body {
        http::Body::Text(text) => Body::from(text),
        http::Body::Content {
            id,
            publisher,
            range,
        } if is_get => stream(peer, publisher, id, range),
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

/// Bytes as they come from the network.
fn stream(peer: Peer, publisher: PeerId, id: ContentId, range: Range<u64>) -> Body {
    let parts = stream::try_unfold(range, move |left| {
        let peer = peer.clone();
        async move {
            if left.is_empty() {
                return Ok(None);
            }
            let now = left.start..left.end.min(left.start + WINDOW);
            let failed = |error| io::Error::other(format!("{error}"));
            let hints = [publisher];
            let fetched = peer.fetch_content(id, Some(now.clone()), &hints);
            fetched.await.map_err(failed)?;
            let length = (now.end - now.start) as usize;
            let bytes = peer.read_content(id, now.start, length).await;
            let bytes = Bytes::from(bytes.map_err(failed)?);
            Ok::<_, io::Error>(Some((bytes, now.end..left.end)))
        }
    });
    Body::from_stream(parts)
}
