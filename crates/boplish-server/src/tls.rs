//! TLS: where the certificate comes from, and the handshake.

mod acme;
mod cache;
mod pair;
mod reload;
mod resolver;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::{ServerConfig, version};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::error::ServerError;
use crate::server::Life;
pub(crate) use cache::Cache;
pub(crate) use pair::Pair;
pub use pair::PairError;
use resolver::Resolver;

/// HTTP/2 (RFC 9113, section 3.3).
const ALPN_HTTP2: &[u8] = b"h2";
/// HTTP/1.1 (RFC 7301, section 6).
const ALPN_HTTP1: &[u8] = b"http/1.1";
/// The proof of a domain (RFC 8737, section 6.2).
const ALPN_ACME: &[u8] = b"acme-tls/1";

/// How a server speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where the certificate comes from.
    pub certificate: CertificateSource,
    /// Addresses where plain HTTP is answered, by redirects to the same page over TLS.
    pub redirect_from: Vec<SocketAddr>,
}

/// Where a server's certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// Files, which are read again when they change.
    Files(CertificateFiles),
    /// A certificate authority that speaks ACME (RFC 8555).
    Acme(Acme),
}

/// A certificate and its key, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by those that vouch for it.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// How to get certificates by ACME. The authority connects to port 443 of each domain, and must
/// find this server there (TLS-ALPN-01, RFC 8737).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The domains that the certificate is for; at least one.
    pub domains: Vec<String>,
    /// How the authority can reach the operator, as `mailto:` addresses.
    pub contacts: Vec<String>,
    /// The folder that keeps the account and the certificate; made if it is not there.
    pub cache: PathBuf,
    /// The address of the authority's directory.
    pub directory: String,
}

impl Acme {
    /// The directory of Let's Encrypt.
    pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
}

/// What a client chose to speak in the handshake.
pub(crate) enum Spoken {
    Http1,
    Http2,
    /// Nothing: the handshake was all that a certificate authority wanted.
    Nothing,
}

impl Spoken {
    pub(crate) fn from_alpn(chosen: Option<&[u8]>) -> Self {
        match chosen {
            Some(ALPN_HTTP2) => Self::Http2,
            Some(ALPN_ACME) => Self::Nothing,
            // rustls lets nothing else through than what it was told.
            _ => Self::Http1,
        }
    }
}

/// What makes TLS of TCP.
pub(crate) struct Endpoint {
    config: ServerConfig,
    resolver: Arc<Resolver>,
    source: Source,
}

/// What keeps the certificate fresh.
enum Source {
    Files(CertificateFiles, Pair),
    Acme(Acme, Cache),
}

impl Endpoint {
    /// Reads what there is: the files, or what the cache has.
    pub(crate) fn open(certificate: &CertificateSource) -> Result<Self, ServerError> {
        let resolver = Arc::new(Resolver::default());
        let mut protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
        let source = match certificate {
            CertificateSource::Files(files) => {
                let pair = Pair::read(files)?;
                let subject = files.certificate.display().to_string();
                if let Err(error) = pair.check_date(&subject, SystemTime::now()) {
                    // Better for whoever looks into it than nobody who answers.
                    warn!(%error, "the certificate is served all the same");
                }
                resolver.set(pair.certified());
                Source::Files(files.clone(), pair)
            }
            CertificateSource::Acme(acme) => {
                let cache = Cache::open(acme)?;
                protocols.push(ALPN_ACME.to_vec());
                Source::Acme(acme.clone(), cache)
            }
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(ServerError::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(resolver.clone());
        config.alpn_protocols = protocols;
        // Whoever comes back is spared the certificate, and the server keeps nothing for it.
        config.ticketer = Ticketer::new().map_err(ServerError::Tls)?;
        Ok(Self {
            config,
            resolver,
            source,
        })
    }

    /// Starts what keeps the certificate fresh.
    pub(crate) fn start(self, check_every: Duration, life: &Life) -> TlsAcceptor {
        let Self {
            config,
            resolver,
            source,
        } = self;
        match source {
            Source::Files(files, pair) => {
                info!(until = %pair.until(), "certificate read");
                life.spawn_until_closing(async move {
                    reload::run(files, &pair, &resolver, check_every).await;
                });
            }
            Source::Acme(acme, cache) => {
                life.spawn_until_closing(async move { acme::run(acme, cache, &resolver).await });
            }
        }
        TlsAcceptor::from(Arc::new(config))
    }
}
