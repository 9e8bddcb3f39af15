//! The pages: static files, embedded or from a folder.

mod embedded;
mod encoding;
mod folder;
mod media;
mod path;
mod range;
mod tags;

use std::io;
use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{error, warn};

use crate::config::Site;
use crate::error::ServerError;
use encoding::Encoding;
use folder::Folder;
use path::SitePath;
use range::Wanted;

/// The name of a folder's page.
const INDEX: &str = "index.html";

/// To be kept, but never used without asking whether it still holds.
const ASK: &str = "no-cache";

/// To be kept and used for a year without asking (RFC 8246).
const KEEP: &str = "public, max-age=31536000, immutable";

/// Where the pages come from.
pub(crate) enum Files {
    Embedded,
    Folder(Folder),
}

/// One file, ready to be sent.
struct Found {
    /// Changes whenever the content does.
    etag: String,
    length: u64,
    encoding: Option<Encoding>,
    content: Content,
}

enum Content {
    Embedded(&'static [u8]),
    File(std::fs::File),
}

impl Content {
    async fn part(self, part: Range<u64>) -> io::Result<Body> {
        match self {
            Self::Embedded(bytes) => {
                let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
                let bytes = bytes.get(index(part.start)..index(part.end));
                let bytes = bytes.ok_or(io::ErrorKind::UnexpectedEof)?;
                Ok(Body::from(Bytes::from_static(bytes)))
            }
            Self::File(file) => folder::body(file, part).await,
        }
    }
}

impl Files {
    pub(crate) fn open(site: &Site) -> Result<Self, ServerError> {
        match site {
            Site::Embedded => {
                if embedded::IS_PLACEHOLDER {
                    warn!("the pages are not built in: run `cargo xtask build`");
                }
                Ok(Self::Embedded)
            }
            Site::Dir(path) => match Folder::open(path) {
                Ok(folder) => Ok(Self::Folder(folder)),
                Err(source) => Err(ServerError::Site {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }

    /// Answers a request for a page.
    pub(crate) async fn respond(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Response {
        if method != Method::GET && method != Method::HEAD {
            let text = "pages can only be read: use GET or HEAD\n";
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (StatusCode::METHOD_NOT_ALLOWED, allow, text).into_response();
        }
        let Some(wanted) = SitePath::parse(path) else {
            return not_found();
        };
        let file = if wanted.is_folder() {
            wanted.join(INDEX)
        } else {
            wanted.clone()
        };
        let accepted = Encoding::accepted(headers);
        if let Some(found) = self.find(&file, &accepted).await {
            return respond_with(found, &file, method, headers).await;
        }
        if !wanted.is_folder()
            && self.find(&wanted.join(INDEX), &[]).await.is_some()
            && let Ok(location) = HeaderValue::try_from(format!("{path}/"))
        {
            // Without the slash, relative links of the page would lead astray.
            let location = [(header::LOCATION, location)];
            return (StatusCode::PERMANENT_REDIRECT, location).into_response();
        }
        not_found()
    }

    async fn find(&self, path: &SitePath, accepted: &[Encoding]) -> Option<Found> {
        match self {
            Self::Embedded => embedded::find(path.as_str(), accepted),
            Self::Folder(folder) => folder.find(path, accepted).await,
        }
    }
}

fn not_found() -> Response {
    let text = "there is no page here; the first one is at /\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

async fn respond_with(
    found: Found,
    path: &SitePath,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let Ok(etag) = HeaderValue::try_from(found.etag.as_str()) else {
        error!(path = path.as_str(), "an ETag is no header value");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let encoding = found.encoding;
    // RFC 9110, section 13.2.2: whether the client has it comes before what part it wants.
    let mut response = if is_known(headers, &found.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match content(found, method, headers).await {
            Ok(response) => response,
            Err(error) => {
                error!(path = path.as_str(), %error, "cannot read a page");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    let keep = if path.is_hashed() { KEEP } else { ASK };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    if media::is_for_other_sites(path.extension()) {
        let anyone = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
    }
    if headers.contains_key(header::CONTENT_LENGTH) {
        let content_type = media::content_type(path.extension());
        headers.insert(header::CONTENT_TYPE, content_type);
        if let Some(encoding) = encoding {
            let name = HeaderValue::from_static(encoding.name());
            headers.insert(header::CONTENT_ENCODING, name);
        }
    }
    response
}

/// The whole, or the part that is asked for.
async fn content(found: Found, method: &Method, headers: &HeaderMap) -> io::Result<Response> {
    let length = found.length;
    // Only GET knows parts (RFC 9110, section 14.2).
    let range = headers
        .get(header::RANGE)
        .filter(|_| method == Method::GET && is_still(headers, &found.etag))
        .and_then(|range| range.to_str().ok());
    let wanted = range.map_or(Wanted::Whole, |range| Wanted::parse(range, length));
    let part = match &wanted {
        Wanted::Whole => 0..length,
        Wanted::Part(part) => part.clone(),
        Wanted::Unsatisfiable => {
            let size = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, size).into_response());
        }
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        found.content.part(part.clone()).await?
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    if wanted != Wanted::Whole {
        let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
        headers.insert(
            header::CONTENT_RANGE,
            HeaderValue::try_from(range).map_err(io::Error::other)?,
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Whether the client has the content already (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let strong = |etag: &str| etag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || strong(known) == strong(etag))
}

/// Whether a part would fit what the client has (RFC 9110, section 13.1.5). The server tells no
/// dates, so that only a strong tag can say so.
fn is_still(headers: &HeaderMap, etag: &str) -> bool {
    match headers.get(header::IF_RANGE) {
        Some(condition) => !etag.starts_with("W/") && condition.as_bytes() == etag.as_bytes(),
        None => true,
    }
}
