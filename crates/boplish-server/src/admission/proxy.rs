//! Whom a request is from that came through proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

/// Proxies on the way that are looked at; further ones are taken for the client.
const MAX_HOPS: usize = 32;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that are believed when they say whom a request is from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

/// A request has `X-Forwarded-For` and `Forwarded`, and they don't agree: one of them was written by
/// the client, and nobody knows which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "X-Forwarded-For and Forwarded name different clients: the proxy must set one of them and remove the other"
)]
pub(crate) struct Contradiction;

impl TrustedProxies {
    /// Whether this is the address of such a proxy.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whom a request is from that came from this address: the last one on its way that is no such
    /// proxy. What stands before that was written by somebody who is not trusted.
    pub(crate) fn client_of(
        &self,
        remote: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<SocketAddr, Contradiction> {
        if !self.has(remote.ip()) {
            return Ok(remote);
        }
        let x_forwarded_for = values(headers, &X_FORWARDED_FOR);
        let forwarded = values(headers, &header::FORWARDED);
        let by_x =
            x_forwarded_for.map(|text| self.last_stranger(remote, text.split(',').map(Some)));
        let by_standard = forwarded.map(|text| {
            let elements = elements(&text);
            self.last_stranger(remote, elements.iter().map(|element| node_of(element)))
        });
        match (by_x, by_standard) {
            (Some(one), Some(other)) if one.ip() != other.ip() => Err(Contradiction),
            (Some(client), _) | (None, Some(client)) => Ok(client),
            (None, None) => Ok(remote),
        }
    }

    fn last_stranger<'a>(
        &self,
        remote: SocketAddr,
        way: impl DoubleEndedIterator<Item = Option<&'a str>>,
    ) -> SocketAddr {
        let mut client = remote;
        for node in way.rev().take(MAX_HOPS) {
            // A proxy that hides its client stands for it.
            let Some(node) = node.and_then(parse_node) else {
                break;
            };
            client = node;
            if !self.has(client.ip()) {
                break;
            }
        }
        client
    }
}

/// All values of a header as one, as RFC 9110, section 5.3 permits; `None` without a header.
fn values(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// `ADDR`, `ADDR:PORT`, `[ADDR]` or `[ADDR]:PORT`; without a port, that is 0.
fn parse_node(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let parsed = match bare.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, 0),
        Err(_) => text.parse().ok()?,
    };
    Some(SocketAddr::new(parsed.ip().to_canonical(), parsed.port()))
}

/// The elements of a `Forwarded` header (RFC 7239, section 4): commas in quoted strings don't part
/// them.
fn elements(text: &str) -> Vec<&str> {
    split(text, ',')
}

/// What an element's `for` says.
fn node_of(element: &str) -> Option<&str> {
    let pairs = split(element, ';').into_iter();
    let mut nodes = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let is_for = name.trim().eq_ignore_ascii_case("for");
        is_for.then(|| value.trim().trim_matches('"'))
    });
    nodes.next()
}

fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|c: char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => {}
        }
        c == separator && !is_quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(remote: &str, headers: &[(&'static str, &str)]) -> Result<String, Contradiction> {
        let networks = ["10.0.0.0/8", "2001:db8:ffff::/48"].map(|it| it.parse().unwrap());
        let proxies = TrustedProxies(networks.to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let remote = SocketAddr::new(remote.parse().unwrap(), 1234);
        let client = proxies.client_of(remote, &map)?;
        Ok(client.ip().to_string())
    }

    fn by_x(remote: &str, value: &str) -> String {
        client(remote, &[("x-forwarded-for", value)]).unwrap()
    }

    fn by_standard(remote: &str, value: &str) -> String {
        client(remote, &[("forwarded", value)]).unwrap()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(by_x("192.0.2.1", "198.51.100.1"), "192.0.2.1");
        assert_eq!(by_standard("192.0.2.1", "for=198.51.100.1"), "192.0.2.1");
    }

    #[test]
    fn of_a_proxy_the_last_that_is_none_counts() {
        for (value, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            // What the client itself has written stands further left.
            ("203.0.113.9, 192.0.2.1", "192.0.2.1"),
            ("10.1.1.1, 192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1, 10.0.0.2,10.0.0.3", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
        ] {
            assert_eq!(by_x("10.0.0.1", value), expected, "{value}");
        }
        let twice = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(client("10.0.0.1", &twice), Ok("192.0.2.1".to_owned()));
    }

    #[test]
    fn what_is_no_address_ends_the_search_at_the_last_proxy() {
        for value in ["", "unknown", "203.0.113.9, _hidden", "1.2.3.4,,", "\"x"] {
            assert_eq!(by_x("10.0.0.1", value), "10.0.0.1", "{value}");
        }
        assert_eq!(by_x("10.0.0.1", "203.0.113.9, x, 10.0.0.7"), "10.0.0.7");
    }

    #[test]
    fn forwarded_is_read_with_its_quotes() {
        for (value, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("proto=https;FOR=192.0.2.1;by=10.0.0.1", "192.0.2.1"),
            ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=203.0.113.9, for=192.0.2.1", "192.0.2.1"),
            ("for=203.0.113.9;host=\"a,for=1.1.1.1\"", "203.0.113.9"),
            ("for=203.0.113.9, for=\"_x, for=192.0.2.1\"", "10.0.0.1"),
            ("for=unknown", "10.0.0.1"),
            ("by=192.0.2.1", "10.0.0.1"),
        ] {
            assert_eq!(by_standard("10.0.0.1", value), expected, "{value}");
        }
    }

    #[test]
    fn two_headers_that_contradict_each_other_are_no_proof_of_anything() {
        let both = |x, forwarded| {
            client(
                "10.0.0.1",
                &[("x-forwarded-for", x), ("forwarded", forwarded)],
            )
        };
        assert_eq!(both("192.0.2.1", "for=203.0.113.9"), Err(Contradiction));
        let agreed = both("192.0.2.1", "for=\"192.0.2.1:1\"");
        assert_eq!(agreed, Ok("192.0.2.1".to_owned()));
    }

    #[test]
    fn a_way_without_end_is_cut() {
        let way = vec!["10.0.0.2"; 40].join(",");
        assert_eq!(by_x("10.0.0.1", &format!("192.0.2.1,{way}")), "10.0.0.2");
    }
}
