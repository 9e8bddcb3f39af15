//! DTLS with one configuration for the whole process.
//!
//! str0m's own provider makes a configuration for each connection and reruns the self-test of
//! its cryptography every time, which is 70 % of the work of setting a connection up.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, DtlsVersion, ProtocolVersion,
};
use str0m::crypto::{CryptoError, CryptoProvider};

/// Bytes of the largest datagram that DTLS and SCTP make; fits through every path of today
/// (RFC 8831, section 5, names 1,200 for the packet with IPv6 and UDP around it).
pub(super) const MTU: usize = 1150;

/// How long a server waits for its client. The core gives up much earlier, but for an invitation
/// that was accepted: people take minutes to carry the answer.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// A DTLS certificate: one for each peer.
#[derive(Debug, Clone)]
pub(crate) struct Certificate(DtlsCert);

/// There is no certificate to be had.
#[derive(Debug, thiserror::Error)]
#[error("can't make a DTLS certificate: {0}")]
pub struct CertificateError(String);

impl Certificate {
    /// A new self-signed one.
    pub(crate) fn generate() -> Result<Self, CertificateError> {
        dimpl::certificate::generate_self_signed_certificate()
            .map(Self)
            .map_err(|error| CertificateError(error.to_string()))
    }

    pub(super) fn to_dtls(&self) -> DtlsCert {
        DtlsCert {
            certificate: self.0.certificate.clone(),
            private_key: self.0.private_key.clone(),
        }
    }
}

/// The cryptography of every connection of the process.
pub(super) fn crypto_provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let provider = PROVIDER.get_or_init(|| {
        let mut provider = str0m::crypto::from_feature_flags();
        provider.dtls_provider = &SharedDtls;
        Arc::new(provider)
    });
    Arc::clone(provider)
}

#[derive(Debug)]
struct SharedDtls;

impl SharedDtls {
    fn config() -> Result<Arc<dimpl::Config>, CryptoError> {
        static CONFIG: OnceLock<Result<Arc<dimpl::Config>, String>> = OnceLock::new();
        CONFIG
            .get_or_init(|| {
                dimpl::Config::builder()
                    // ICE has shown by then that the peer gets what is sent to it.
                    .use_server_cookie(false)
                    .handshake_timeout(PATIENCE)
                    .mtu(MTU)
                    .build()
                    .map(Arc::new)
                    .map_err(|error| error.to_string())
            })
            .clone()
            .map_err(CryptoError::Other)
    }
}

impl DtlsProvider for SharedDtls {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        Certificate::generate()
            .ok()
            .map(|certificate| certificate.0)
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        dtls_version: DtlsVersion,
        _mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let cert = Certificate(cert.clone()).to_dtls();
        if dtls_version != DtlsVersion::Dtls12 {
            return Err(CryptoError::Other(format!("{dtls_version} is not offered")));
        }
        let dtls = dimpl::Dtls::new_12(Self::config()?, cert, now);
        Ok(Box::new(Instance(dtls)))
    }
}

struct Instance(dimpl::Dtls);

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dtls")
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
