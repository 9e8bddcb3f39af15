//! The opening handshake (RFC 6455, section 4.2).

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};

/// What is hashed behind the client's key (section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes of the client's key, before base64.
const KEY: usize = 16;

/// The value of `Sec-WebSocket-Accept` in the answer; `None` if the request is none for a
/// WebSocket of version 13.
pub fn accept(method: &Method, headers: &HeaderMap) -> Option<HeaderValue> {
    let is_upgrade = method == Method::GET
        && has_token(headers, &header::CONNECTION, "upgrade")
        && has_token(headers, &header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION)?.as_bytes() == b"13";
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    let mut bytes = [0; KEY + 2];
    let is_key = Base64::decode(key, &mut bytes).is_ok_and(|bytes| bytes.len() == KEY);
    if !is_upgrade || !is_key {
        return None;
    }
    let hash = Sha1::new()
        .chain_update(key.as_bytes())
        .chain_update(GUID)
        .finalize();
    let mut text = [0; 28];
    let text = Base64::encode(&hash, &mut text).ok()?;
    HeaderValue::from_str(text).ok()
}

/// Whether a header is a list that has this word in it.
pub fn has_token(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONNECTION, "keep-alive, Upgrade"),
            (header::UPGRADE, "WebSocket"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
            (header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    /// The example of section 1.3.
    #[test]
    fn the_key_of_the_rfc_is_answered_as_the_rfc_has_it() {
        let accepted = accept(&Method::GET, &request()).expect("it is a handshake");
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_that_lacks_anything_is_refused() {
        assert_eq!(accept(&Method::POST, &request()), None);
        for (name, value) in [
            (header::CONNECTION, "keep-alive"),
            (header::UPGRADE, "h2c"),
            (header::SEC_WEBSOCKET_VERSION, "8"),
            (header::SEC_WEBSOCKET_KEY, "c2hvcnQ="),
            (header::SEC_WEBSOCKET_KEY, "no base64 at all, is it?"),
        ] {
            let mut headers = request();
            headers.insert(name.clone(), HeaderValue::from_static(value));
            assert_eq!(accept(&Method::GET, &headers), None, "{name}: {value}");
            headers.remove(&name);
            assert_eq!(accept(&Method::GET, &headers), None, "without {name}");
        }
    }
}
