//! Time-limited credentials for TURN servers: the server that hands them out and the one that lends
//! its addresses share a secret, and nothing else (draft-uberti-behave-turn-rest-00, section 2.2).

use core::fmt;
use core::time::Duration;

use base64ct::{Base64, Encoding};
use boplish_wire::bootstrap::IceServer;
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// TURN servers that take credentials made with a shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnConfig {
    /// Their `turn:` and `turns:` URIs (RFC 7065).
    pub urls: Vec<String>,
    /// What they share with this server.
    pub secret: TurnSecret,
    /// How long a credential holds, in whole seconds. A peer that is connected gets a new one when
    /// half of that is over.
    pub lifetime: Duration,
}

impl TurnConfig {
    /// The servers with a credential for a client, made at a time since 1970.
    pub fn ice_server(&self, client: &str, unix: Duration) -> IceServer {
        let username = username(unix.saturating_add(self.lifetime), client);
        IceServer {
            urls: self.urls.clone(),
            credential: Some(self.secret.password(&username)),
            username: Some(username),
        }
    }
}

/// A secret shared with TURN servers.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnSecret(Vec<u8>);

impl TurnSecret {
    /// A secret of any length; 16 random bytes or more can't be guessed.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(secret.into())
    }

    /// The password that belongs to a user name: base64 of the HMAC-SHA1 of the name.
    pub fn password(&self, username: &str) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(&self.0);
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(username.as_bytes());
        Base64::encode_string(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret(..)")
    }
}

/// Whom a user name belongs to, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnUser<'a> {
    /// The time since 1970 at which it ends, in whole seconds.
    pub expiry: Duration,
    /// The client that it was made for.
    pub client: &'a str,
}

impl<'a> TurnUser<'a> {
    /// Reads a user name; `None` if it is not one that [`TurnConfig::ice_server`] makes. Whether
    /// it is genuine, the password says.
    pub fn parse(username: &'a str) -> Option<Self> {
        let (expiry, client) = username.split_once(':')?;
        let expiry = Duration::from_secs(expiry.parse().ok()?);
        (!client.is_empty()).then_some(Self { expiry, client })
    }
}

fn username(expiry: Duration, client: &str) -> String {
    format!("{}:{client}", expiry.as_secs())
}
