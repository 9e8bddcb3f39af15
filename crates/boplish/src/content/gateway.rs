//! `boplish gateway`: what is published, for those who speak HTTP.

use std::io;
use std::ops::Range;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use boplish_native::core::names::{self, NameError, VERSION};
use boplish_native::wire::content::{ContentId, Directory, Target};
use boplish_native::wire::{BopUri, PeerId};
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

/// What becomes of a request.
type Answer = Result<Response<Body>, Refusal>;

/// Why a request gets no content.
struct Refusal(StatusCode, String);

impl From<NameError> for Refusal {
    fn from(error: NameError) -> Self {
        let text = error.to_string();
        let status = match error {
            NameError::Nothing(_) | NameError::NotFound(_) | NameError::NotAFolder(_) => {
                StatusCode::NOT_FOUND
            }
            NameError::OtherProtocol(_) | NameError::Version(_) => StatusCode::BAD_REQUEST,
            NameError::Fetch(_) | NameError::Get(_) => StatusCode::GATEWAY_TIMEOUT,
            NameError::NoPath
            | NameError::Domain(..)
            | NameError::Malformed
            | NameError::Contended
            | NameError::Directory(_)
            | NameError::Record(_)
            | NameError::Put(_)
            | NameError::Storage(_) => StatusCode::BAD_GATEWAY,
        };
        Self(status, text)
    }
}

async fn answer(State(peer): State<Peer>, request: Request) -> Response<Body> {
    // Its body can't be shared, and is of no use.
    let request = request.into_parts().0;
    let answered = match request.method {
        Method::GET | Method::HEAD => get(&peer, &request).await,
        _ => {
            let why = "this gateway answers GET and HEAD".to_owned();
            Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, why))
        }
    };
    answered.unwrap_or_else(|Refusal(status, why)| {
        let mut response = Response::new(Body::from(format!("{why}\n")));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    })
}

async fn get(peer: &Peer, request: &Parts) -> Answer {
    let path = request.uri.path();
    let uri =
        uri_of(path, request.uri.query()).map_err(|why| Refusal(StatusCode::BAD_REQUEST, why))?;
    let resolved = names::resolve(peer, &uri).await?;
    let is_fixed = uri.parameter(VERSION).is_some();
    let publisher = resolved.publisher;
    match resolved.target {
        Target::File { id, media_type } => {
            send(peer, request, publisher, id, &media_type, is_fixed)
        }
        Target::Folder { .. } if !path.ends_with('/') => {
            // So that links in its pages lead into the folder.
            let query = request.uri.query().map(|query| format!("?{query}"));
            redirect(&format!("{path}/{}", query.unwrap_or_default()))
        }
        Target::Folder { id, .. } => {
            let folder = names::folder(peer, id, publisher).await?;
            match folder.get("index.html") {
                Some(Target::File { id, .. }) => {
                    send(peer, request, publisher, *id, "text/html", is_fixed)
                }
                Some(Target::Folder { .. }) | None => list(&folder, path, request.uri.query()),
            }
        }
    }
}

/// The name that a path stands for: `/bop/<uid>/<protocol>/<path>`.
fn uri_of(path: &str, query: Option<&str>) -> Result<BopUri, String> {
    let rest = path.strip_prefix("/bop/");
    let parts = rest.and_then(|rest| rest.split_once('/'));
    let (uid, rest) = parts.ok_or("names look like /bop/<peer id>/content/<path>")?;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let uri = format!("bop:{uid}:{rest}{query}");
    uri.parse().map_err(|error| format!("{uri}: {error}"))
}

fn redirect(to: &str) -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let location = HeaderValue::from_str(to);
    let location = location.map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

/// A page that lists what is in a folder.
fn list(folder: &Directory, path: &str, query: Option<&str>) -> Answer {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><ul>",
        escaped(path)
    );
    for entry in folder.entries() {
        let slash = match &entry.target {
            Target::Folder { .. } => "/",
            Target::File { .. } => "",
        };
        let name = percent_encoding::percent_encode(
            entry.name.as_bytes(),
            percent_encoding::NON_ALPHANUMERIC,
        );
        page += &format!(
            "<li><a href=\"./{name}{slash}{}\">{}{slash}</a> {} bytes",
            escaped(&query),
            escaped(&entry.name),
            entry.target.total()
        );
    }
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    isolate(headers);
    Ok(response)
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

/// Publishers don't trust each other, but all have the origin of the gateway: what one of them
/// publishes must not act in the name of that.
fn isolate(headers: &mut HeaderMap) {
    let sandbox = HeaderValue::from_static("sandbox allow-scripts allow-popups allow-forms");
    headers.insert(CONTENT_SECURITY_POLICY, sandbox);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// The bytes of a file, or of a range of it.
fn send(
    peer: &Peer,
    request: &Parts,
    publisher: PeerId,
    id: ContentId,
    media_type: &str,
    is_fixed: bool,
) -> Answer {
    let tag = format!("\"{}\"", id.hash);
    let asked = &request.headers;
    let has = |name, value: &str| {
        let values = asked.get_all(name).iter().filter_map(|it| it.to_str().ok());
        values
            .flat_map(|it| it.split(','))
            .any(|it| it.trim() == value)
    };
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let header = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Refusal(StatusCode::BAD_GATEWAY, error.to_string()))
    };
    headers.insert(ETAG, header(&tag)?);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(match is_fixed {
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        }),
    );
    isolate(headers);
    if has(IF_NONE_MATCH, &tag) || has(IF_NONE_MATCH, "*") {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let media_type = match media_type {
        "" => "application/octet-stream",
        // What is published as text is in UTF-8, as good as always.
        text if text.starts_with("text/") && !text.contains(';') => {
            &format!("{text}; charset=utf-8")
        }
        other => other,
    };
    // Whoever has published it may have written anything there.
    let octets = HeaderValue::from_static("application/octet-stream");
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_str(media_type).unwrap_or(octets),
    );
    let range = asked.get(RANGE).and_then(|range| range.to_str().ok());
    let range = range.filter(|_| !asked.contains_key(IF_RANGE) || has(IF_RANGE, &tag));
    let range = match range.map_or(Some(None), |range| parse_range(range, id.length)) {
        None => {
            let all = header(&format!("bytes */{}", id.length))?;
            headers.insert(CONTENT_RANGE, all);
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return Ok(response);
        }
        Some(None) => 0..id.length,
        Some(Some(range)) => {
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, id.length);
            headers.insert(CONTENT_RANGE, header(&text)?);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            range
        }
    };
    let length = range.end - range.start;
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    if request.method == Method::GET {
        *response.body_mut() = stream(peer.clone(), publisher, id, range);
    }
    Ok(response)
}

/// One range (RFC 9110, section 14.1.2). `None`: it lies behind the end; `Some(None)`: what there
/// is does not have to be understood, and all is sent.
#[expect(clippy::option_option, reason = "HTTP has these three cases")]
fn parse_range(text: &str, length: u64) -> Option<Option<Range<u64>>> {
    let Some((first, last)) = text
        .strip_prefix("bytes=")
        .filter(|range| !range.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Some(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        (_, _) => return Some(None),
    };
    (range.start < range.end).then_some(Some(range))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http() {
        let range = |text| parse_range(text, 100);
        assert_eq!(range("bytes=0-9"), Some(Some(0..10)));
        assert_eq!(range("bytes=90-"), Some(Some(90..100)));
        assert_eq!(range("bytes=90-1000"), Some(Some(90..100)));
        assert_eq!(range("bytes=-10"), Some(Some(90..100)));
        assert_eq!(range("bytes=-1000"), Some(Some(0..100)));
        assert_eq!(range("bytes=100-"), None);
        assert_eq!(range("bytes=-0"), None);
        for all in ["bytes=9-0", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", ""] {
            assert_eq!(range(all), Some(None), "{all}");
        }
    }

    #[test]
    fn a_path_is_a_name() {
        let id = "48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b";
        let uri = uri_of(&format!("/bop/{id}/content/a%20b/1.jpg"), Some("v=1"));
        let uri = uri.expect("it is one");
        assert_eq!(uri.to_string(), format!("bop:{id}:content/a%20b/1.jpg?v=1"));
        for wrong in ["/", "/bop/", "/bop/x/content/", "/bop/x", "/favicon.ico"] {
            assert!(uri_of(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_do_not_become_markup() {
        let mut folder = Directory::default();
        let name = "<b>&\"'.txt";
        let file = Target::File {
            id: ContentId::of(b""),
            media_type: "".into(),
        };
        folder.insert(name, file).expect("it is a name");
        let listed = list(&folder, "/bop/<script>/", Some("v=\"><i>"));
        assert!(
            listed
                .is_ok_and(|response| { response.headers().contains_key(CONTENT_SECURITY_POLICY) })
        );
        assert_eq!(escaped("<b>&\""), "&lt;b&gt;&amp;&quot;");
    }
}
