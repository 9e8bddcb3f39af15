//! Who may open a WebSocket: everything that is decided before there is one, so that whoever may not
//! costs an HTTP response and nothing else.
//!
//! - `origin`: the pages that may;
//! - `token`: what the operator gives to those who may;
//! - `bans`, `ban_file`: who may not;
//! - `proxy`, `proxy_protocol`: who somebody is that comes through a proxy.

mod ban_file;
mod bans;
mod origin;
mod proxy;
pub(crate) mod proxy_protocol;
pub mod token;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use boplish_directory::{ClientId, JoinLimiter};
use tokio::time::Instant;
use tracing::info;

pub(crate) use ban_file::BanFile;
pub(crate) use bans::Bans;
pub use bans::{BadLine, BanError};
pub use ipnet::IpNet;
pub use origin::{Origin, OriginError};
pub use proxy::TrustedProxies;
use token::{TokenError, VerifyingKey};

use crate::error::ServerError;
use crate::hub::short;
use crate::network::NetworkName;

/// What a subprotocol begins with that is a token. Browsers set no headers on WebSockets, and what
/// stands in an address ends up in logs.
const TOKEN_PREFIX: &str = "boplish.token.";

/// Who may open a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdmissionConfig {
    /// The origins whose pages may; any if there is none. What is no page sends no origin, and is
    /// not hindered by this.
    pub allowed_origins: Vec<Origin>,
    /// The key that tokens are signed with: an Ed25519 public key in PEM, or a secret. Without it,
    /// nobody needs a token.
    pub token_key: Option<PathBuf>,
    /// Addresses and ids that may not, one a line; read again when it changes.
    pub ban_file: Option<PathBuf>,
    /// Proxies that are believed when they say whom a request is from.
    pub trusted_proxies: TrustedProxies,
    /// Whether connections of these proxies begin with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// Decides who may open a WebSocket.
#[derive(Debug)]
pub(crate) struct Admission {
    allowed_origins: Vec<Origin>,
    token_key: Option<VerifyingKey>,
    bans: Option<BanFile>,
    joins: Mutex<JoinLimiter>,
    start: Instant,
    turned_away: AtomicU64,
}

/// Who asks for a WebSocket.
pub(crate) struct Knock<'a> {
    pub(crate) address: IpAddr,
    pub(crate) id: &'a ClientId,
    pub(crate) network: &'a NetworkName,
    pub(crate) headers: &'a HeaderMap,
}

/// Why somebody may not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnedAway {
    #[error("the operator of this server has banned this address or id")]
    Banned,
    #[error("pages of the origin {0} may not connect to this server")]
    Origin(String),
    #[error("too many connections were opened in a short time: try again in {0} s")]
    TooOften(u64),
    #[error("this server needs a token: {0}")]
    Token(#[from] TokenError),
}

impl Admission {
    pub(crate) fn new(
        config: &AdmissionConfig,
        limits: &boplish_directory::Limits,
    ) -> Result<Self, ServerError> {
        let token_key = config.token_key.as_deref().map(VerifyingKey::read);
        let bans = config.ban_file.as_deref().map(BanFile::open);
        Ok(Self {
            allowed_origins: config.allowed_origins.clone(),
            token_key: token_key.transpose().map_err(ServerError::TokenKey)?,
            bans: bans.transpose().map_err(ServerError::Bans)?,
            joins: Mutex::new(JoinLimiter::new(limits)),
            start: Instant::now(),
            turned_away: AtomicU64::new(0),
        })
    }

    /// What is wrong with the files.
    pub(crate) fn check_files(config: &AdmissionConfig) -> impl Iterator<Item = ServerError> {
        let token_key = config.token_key.as_deref().map(VerifyingKey::read);
        let bans = config.ban_file.as_deref().map(BanFile::open);
        let token_key = token_key.and_then(Result::err).map(ServerError::TokenKey);
        let bans = bans.and_then(Result::err).map(ServerError::Bans);
        token_key.into_iter().chain(bans)
    }

    /// The file of those who may not.
    pub(crate) fn bans(&self) -> Option<&BanFile> {
        self.bans.as_ref()
    }

    /// How many requests for a WebSocket were refused.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// Whether somebody may open a WebSocket. What is cheap to check is checked first.
    pub(crate) fn check(&self, knock: &Knock<'_>) -> Result<(), TurnedAway> {
        let result = self.decide(knock);
        if let Err(why) = &result {
            self.turned_away.fetch_add(1, Ordering::Relaxed);
            info!(peer = short(knock.id), address = %knock.address, %why, "turned away");
        }
        result
    }

    fn decide(&self, knock: &Knock<'_>) -> Result<(), TurnedAway> {
        let bans = self.bans.as_ref().map(BanFile::current);
        if bans.is_some_and(|bans| bans.has(knock.address, knock.id)) {
            return Err(TurnedAway::Banned);
        }
        self.check_origin(knock.headers)?;
        self.count(knock.address)?;
        match &self.token_key {
            Some(key) => {
                let token = token_of(knock.headers).ok_or(TokenError::Missing)?;
                Ok(key.verify(&token, knock.network, knock.id)?)
            }
            None => Ok(()),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), TurnedAway> {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let is_allowed = || {
            let origin: Origin = origin.to_str().ok()?.parse().ok()?;
            self.allowed_origins.contains(&origin).then_some(())
        };
        if self.allowed_origins.is_empty() || is_allowed().is_some() {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(origin.as_bytes());
        Err(TurnedAway::Origin(shown.escape_debug().take(100).collect()))
    }

    fn count(&self, address: IpAddr) -> Result<(), TurnedAway> {
        // Nothing that holds the lock panics half-way.
        let mut joins = self.joins.lock().unwrap_or_else(PoisonError::into_inner);
        joins
            .join(self.start.elapsed(), address)
            .map_err(|wait| TurnedAway::TooOften(whole_seconds(wait)))
    }
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Banned | Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Token(_) => StatusCode::UNAUTHORIZED,
        };
        let mut response = (status, format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Banned | Self::Origin(_) => {}
            Self::TooOften(seconds) => {
                headers.insert(header::RETRY_AFTER, seconds.into());
            }
            Self::Token(_) => {
                let scheme = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
        }
        response
    }
}

/// Rounded up: whoever comes back then must find the door open.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The subprotocols that a client asks for.
fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    let mut all = subprotocols(headers);
    let token = all.find_map(|name| name.strip_prefix(TOKEN_PREFIX))?;
    Some(token.to_owned())
}

/// Shared by all who decide.
pub(crate) type SharedAdmission = Arc<Admission>;
