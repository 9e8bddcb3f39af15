//! Origins of pages.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

/// Where a page is from (RFC 6454): a scheme, a host and a port, or `null` for a page that has none
/// of them, such as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no origin: write SCHEME://HOST or SCHEME://HOST:PORT as in https://example.org, or null"
)]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.chars().take(100).collect());
        if text == "null" {
            return Ok(Self(text.to_owned()));
        }
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !is_bare || authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        let scheme = scheme.to_ascii_lowercase();
        let host = authority.host().to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        Ok(Self(match authority.port_u16() {
            Some(port) if Some(port) != usual => format!("{scheme}://{host}:{port}"),
            Some(_) | None => format!("{scheme}://{host}"),
        }))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_origin_are_equal_and_others_are_not() {
        let one = origin("https://example.org");
        for text in [
            "https://example.org/",
            "https://example.org:443",
            "HTTPS://Example.ORG",
        ] {
            assert_eq!(origin(text), one, "{text}");
        }
        for text in [
            "http://example.org",
            "https://example.org:8443",
            "https://example.org.evil.example",
            "https://evil.example.org",
            "null",
        ] {
            assert_ne!(origin(text), one, "{text}");
        }
        assert_eq!(origin("http://[::1]:80").to_string(), "http://[::1]");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "example.org",
            "https://",
            "https://example.org/path",
            "https://example.org?query",
            "https://user@example.org",
            "*",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
