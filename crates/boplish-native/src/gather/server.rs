//! STUN and TURN servers, as their URIs name them (RFC 7064, RFC 7065).

use boplish_wire::bootstrap::IceServer;

/// Servers asked; further ones are ignored.
const MAX_SERVERS: usize = 8;

const DEFAULT_PORT: u16 = 3478;

/// A server that can be asked over UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server {
    Stun {
        host: String,
        port: u16,
    },
    Turn {
        host: String,
        port: u16,
        username: String,
        password: String,
    },
}

impl Server {
    pub(crate) fn host(&self) -> (&str, u16) {
        match self {
            Self::Stun { host, port } | Self::Turn { host, port, .. } => (host, *port),
        }
    }
}

/// The servers that can be used; others are logged and left out.
pub(crate) fn servers(configured: &[IceServer]) -> Vec<Server> {
    let mut servers = Vec::new();
    for ice_server in configured {
        for url in &ice_server.urls {
            match parse(url, ice_server) {
                Some(server) if servers.len() < MAX_SERVERS => servers.push(server),
                Some(_) => tracing::warn!(url, "too many STUN and TURN servers; it is ignored"),
                // Servers name their ways by TCP besides, for browsers.
                None if url.ends_with("?transport=tcp") => {
                    tracing::debug!(url, "only UDP is used to TURN servers");
                }
                None => tracing::warn!(
                    url,
                    "the server is ignored: use stun:HOST[:PORT], or turn:HOST[:PORT] with a user \
                     name and credential, over UDP"
                ),
            }
        }
    }
    servers
}

fn parse(url: &str, ice_server: &IceServer) -> Option<Server> {
    let (scheme, rest) = url.split_once(':')?;
    let (authority, query) = rest.split_once('?').unwrap_or((rest, "transport=udp"));
    if query != "transport=udp" {
        return None;
    }
    let (host, port) = host_and_port(authority)?;
    match scheme {
        "stun" => Some(Server::Stun { host, port }),
        "turn" => Some(Server::Turn {
            host,
            port,
            username: ice_server.username.clone()?,
            password: ice_server.credential.clone()?,
        }),
        _other => None,
    }
}

fn host_and_port(authority: &str) -> Option<(String, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, rest) = bracketed.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => DEFAULT_PORT,
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Option<Server> {
        let ice_server = IceServer {
            urls: vec![url.to_owned()],
            username: Some("user".to_owned()),
            credential: Some("secret".to_owned()),
        };
        servers(&[ice_server]).pop()
    }

    #[test]
    fn hosts_and_ports_are_read() {
        for (url, expected) in [
            ("stun:example.org", ("example.org", 3478)),
            ("stun:192.0.2.1:3479", ("192.0.2.1", 3479)),
            ("turn:[2001:db8::1]:5000", ("2001:db8::1", 5000)),
            ("turn:example.org?transport=udp", ("example.org", 3478)),
        ] {
            let server = server(url).expect("the URI is usable");
            assert_eq!(server.host(), expected);
        }
    }

    #[test]
    fn what_is_not_udp_is_left_out() {
        for url in [
            "turns:example.org",
            "turn:example.org?transport=tcp",
            "stun:",
            "http://x",
            "",
        ] {
            assert_eq!(server(url), None, "{url}");
        }
    }
}
