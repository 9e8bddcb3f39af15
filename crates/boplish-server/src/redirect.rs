//! Plain HTTP, for those who don't know yet that the server speaks TLS.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};
use axum::response::{IntoResponse, Response};

/// The port of https (RFC 9110, section 4.2.2).
const HTTPS: u16 = 443;

/// Answers everything with a redirect to the same page at that port, over TLS.
pub(crate) fn router(port: u16) -> Router {
    Router::new().fallback(move |uri: Uri, headers: HeaderMap| async move {
        match target(&uri, &headers, port) {
            // With 308, a client repeats its method.
            Some(target) => {
                let location = [(header::LOCATION, target)];
                (StatusCode::PERMANENT_REDIRECT, location).into_response()
            }
            None => unknown(),
        }
    })
}

fn unknown() -> Response {
    let text = "this server speaks https: say with `Host` whom you want to reach\n";
    (StatusCode::BAD_REQUEST, text).into_response()
}

/// Where the page is over TLS, on the host that the client named.
fn target(uri: &Uri, headers: &HeaderMap, port: u16) -> Option<String> {
    let authority: Authority = match uri.authority() {
        Some(authority) => authority.clone(),
        None => headers.get(header::HOST)?.to_str().ok()?.parse().ok()?,
    };
    let host = authority.host();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if host.is_empty() || !path.starts_with('/') {
        return None;
    }
    let port = match port {
        HTTPS => String::new(),
        port => format!(":{port}"),
    };
    Some(format!("https://{host}{port}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(uri: &str, host: Option<&str>, port: u16) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(header::HOST, host.parse().unwrap());
        }
        target(&uri.parse().unwrap(), &headers, port)
    }

    #[test]
    fn host_and_path_stay_and_the_port_is_that_of_tls() {
        for (uri, host, port, expected) in [
            ("/", "example.org", 443, "https://example.org/"),
            (
                "/a%20b?c=d",
                "example.org:80",
                443,
                "https://example.org/a%20b?c=d",
            ),
            ("/a", "example.org:80", 5001, "https://example.org:5001/a"),
            ("/a", "[::1]:80", 443, "https://[::1]/a"),
            (
                "http://example.org:80/a",
                "other",
                443,
                "https://example.org/a",
            ),
        ] {
            assert_eq!(redirected(uri, Some(host), port).as_deref(), Some(expected));
        }
    }

    #[test]
    fn without_a_host_there_is_no_redirect() {
        assert_eq!(redirected("/", None, 443), None);
        assert_eq!(redirected("/", Some("a b"), 443), None);
        assert_eq!(redirected("*", Some("example.org"), 443), None);
    }
}
