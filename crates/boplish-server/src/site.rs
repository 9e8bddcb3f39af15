//! The pages: static files, embedded or from a folder.

mod embedded;
mod folder;
mod path;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{error, warn};

use crate::config::Site;
use crate::error::ServerError;
use folder::Folder;
use path::SitePath;

/// The name of a folder's page.
const INDEX: &str = "index.html";

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
    body: Body,
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
        if wanted.is_folder() {
            return self.respond_with(&wanted.join(INDEX), headers).await;
        }
        let response = self.respond_with(&wanted, headers).await;
        if response.status() == StatusCode::NOT_FOUND
            && self.find(&wanted.join(INDEX)).await.is_some()
            && let Ok(location) = HeaderValue::try_from(format!("{path}/"))
        {
            // Without the slash, relative links of the page would lead astray.
            let location = [(header::LOCATION, location)];
            return (StatusCode::PERMANENT_REDIRECT, location).into_response();
        }
        response
    }

    async fn respond_with(&self, path: &SitePath, headers: &HeaderMap) -> Response {
        let Some(found) = self.find(path).await else {
            return not_found();
        };
        let Ok(etag) = HeaderValue::try_from(found.etag.as_str()) else {
            error!(path = path.as_str(), "an ETag is no header value");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = if is_known(headers, &found.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(found.body);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LENGTH, found.length.into());
            headers.insert(header::CONTENT_TYPE, content_type(path.extension()));
            response
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, etag);
        // To be kept, but never used without asking whether it still holds.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        if is_for_other_sites(path.extension()) {
            let anyone = HeaderValue::from_static("*");
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
        }
        response
    }

    async fn find(&self, path: &SitePath) -> Option<Found> {
        match self {
            Self::Embedded => embedded::find(path.as_str()),
            Self::Folder(folder) => folder.find(path).await,
        }
    }
}

fn not_found() -> Response {
    let text = "there is no page here; the first one is at /\n";
    (StatusCode::NOT_FOUND, text).into_response()
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

/// Scripts and modules may be used by the pages of other sites.
fn is_for_other_sites(extension: &str) -> bool {
    matches!(extension, "js" | "mjs" | "wasm")
}

fn content_type(extension: &str) -> HeaderValue {
    HeaderValue::from_static(match extension {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "pdf" => "application/pdf",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    })
}
