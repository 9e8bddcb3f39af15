//! Which certificate a client is shown.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::ALPN_ACME;

/// The current certificate, and those that prove domains while an order is under way.
#[derive(Debug, Default)]
pub(super) struct Resolver(RwLock<Shown>);

#[derive(Debug, Default)]
struct Shown {
    current: Option<Arc<CertifiedKey>>,
    /// By domain.
    proofs: BTreeMap<String, Arc<CertifiedKey>>,
}

impl Resolver {
    /// Shows this certificate from the next handshake on. Connections that are open stay.
    pub(super) fn set(&self, certified: Arc<CertifiedKey>) {
        self.write(|shown| shown.current = Some(certified));
    }

    /// Shows this to the authority that asks for a proof of the domain.
    pub(super) fn prove(&self, domain: &str, certified: Arc<CertifiedKey>) {
        self.write(|shown| {
            shown.proofs.insert(domain.to_ascii_lowercase(), certified);
        });
    }

    /// Forgets all proofs.
    pub(super) fn forget_proofs(&self) {
        self.write(|shown| shown.proofs.clear());
    }

    fn write(&self, change: impl FnOnce(&mut Shown)) {
        // Nothing that is done under the lock can leave it half done.
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let wants_proof = hello
            .alpn()
            .is_some_and(|mut protocols| protocols.any(|protocol| protocol == ALPN_ACME));
        if wants_proof {
            // RFC 8737, section 3: the name must be the domain that is to be proven.
            return shown.proofs.get(hello.server_name()?).cloned();
        }
        shown.current.clone()
    }
}
