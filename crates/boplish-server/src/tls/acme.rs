//! Certificates by ACME (RFC 8555), each domain proven in a TLS handshake (RFC 8737).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, ChallengeType, Identifier, NewAccount,
    NewOrder, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::Acme;
use super::cache::Cache;
use super::pair::Pair;
use super::resolver::Resolver;

/// How long one try may take in all.
const ORDER_TIMEOUT: Duration = Duration::from_secs(300);

/// How long the authority may take to look at the proofs, and again to write the certificate.
const AUTHORITY_TIMEOUT: Duration = Duration::from_secs(120);

/// The pause after the first failure; each further one doubles it. Let's Encrypt bears five
/// failures an hour.
const FIRST_RETRY: Duration = Duration::from_secs(5 * 60);

/// The longest pause after a failure.
const LAST_RETRY: Duration = Duration::from_secs(6 * 3_600);

/// How often the clock is looked at, which may have been set meanwhile.
const CLOCK_CHECK: Duration = Duration::from_secs(3_600);

/// Gets a certificate when there is none, and a new one when two thirds of its lifetime are over.
pub(super) async fn run(acme: Acme, cache: Cache, resolver: &Resolver) {
    let mut renew_at = SystemTime::UNIX_EPOCH;
    match cache.certificate() {
        Ok(Some(pair)) => {
            info!(until = %pair.until(), "certificate found in the cache");
            renew_at = show(&pair, resolver);
        }
        Ok(None) => info!(domains = ?acme.domains, "no certificate yet: asking for one"),
        Err(error) => warn!(%error, "the certificate of the cache is not used"),
    }
    let mut retry = FIRST_RETRY;
    loop {
        while let Ok(left) = renew_at.duration_since(SystemTime::now()) {
            sleep(left.min(CLOCK_CHECK)).await;
        }
        let ordered = timeout(ORDER_TIMEOUT, order(&acme, &cache, resolver)).await;
        resolver.forget_proofs();
        let failure = match ordered {
            Ok(Ok(pair)) => {
                info!(until = %pair.until(), domains = ?acme.domains, "new certificate");
                renew_at = show(&pair, resolver);
                retry = FIRST_RETRY;
                continue;
            }
            Ok(Err(failure)) => failure,
            Err(_) => format!("not done within {} s", ORDER_TIMEOUT.as_secs()),
        };
        let seconds = retry.as_secs();
        warn!(error = %failure, authority = acme.directory, "no certificate; next try in {seconds} s");
        sleep(retry).await;
        retry = (retry * 2).min(LAST_RETRY);
    }
}

/// Shows a certificate from now on, and gives the time to renew it.
fn show(pair: &Pair, resolver: &Resolver) -> SystemTime {
    resolver.set(pair.certified());
    pair.renew_at()
}

/// From the account to the certificate. The error is for people.
async fn order(acme: &Acme, cache: &Cache, resolver: &Resolver) -> Result<Pair, String> {
    let account = account(acme, cache).await?;
    let domains: Vec<Identifier> = acme.domains.iter().cloned().map(Identifier::Dns).collect();
    let mut order = account
        .new_order(&NewOrder::new(&domains))
        .await
        .map_err(|error| format!("the order is refused: {error}"))?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization =
            authorization.map_err(|error| format!("no word on a domain: {error}"))?;
        prove(authorization, resolver).await?;
    }
    let patience = RetryPolicy::default().timeout(AUTHORITY_TIMEOUT);
    let status = order.poll_ready(&patience).await;
    let status = status.map_err(|error| format!("a domain is not proven: {error}"))?;
    if status != OrderStatus::Ready {
        return Err(format!(
            "a domain is not proven (the order is {status:?}): does port 443 of each lead here?"
        ));
    }
    let finalized = order.finalize().await;
    let key = finalized.map_err(|error| format!("the request is refused: {error}"))?;
    let issued = order.poll_certificate(&patience).await;
    let chain = issued.map_err(|error| format!("no certificate is issued: {error}"))?;
    cache
        .keep_certificate(&key, &chain)?
        .ok_or_else(|| "the certificate has vanished from the cache".to_owned())
}

/// The account of the cache, or a new one.
async fn account(acme: &Acme, cache: &Cache) -> Result<Account, String> {
    // Fails if the application has chosen one already, which is as good.
    let _ = aws_lc_rs::default_provider().install_default();
    let failed = |error| format!("no account at {}: {error}", acme.directory);
    let builder = Account::builder().map_err(failed)?;
    if let Some(credentials) = cache.account()? {
        return builder.from_credentials(credentials).await.map_err(failed);
    }
    let contact: Vec<&str> = acme.contacts.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder
        .create(&new, acme.directory.clone(), None)
        .await
        .map_err(failed)?;
    cache.keep_account(&credentials)?;
    Ok(account)
}

/// Shows the proof of a domain, and says so.
async fn prove(
    mut authorization: AuthorizationHandle<'_>,
    resolver: &Resolver,
) -> Result<(), String> {
    if authorization.status == AuthorizationStatus::Valid {
        return Ok(());
    }
    let mut challenge = authorization
        .challenge(ChallengeType::TlsAlpn01)
        .ok_or("the authority does not offer TLS-ALPN-01")?;
    let domain = challenge.identifier().to_string();
    let proof = proof(&domain, challenge.key_authorization().digest().as_ref());
    resolver.prove(&domain, proof?);
    let ready = challenge.set_ready().await;
    ready.map_err(|error| format!("the proof of {domain} is refused: {error}"))
}

/// A certificate that shows the digest (RFC 8737, section 3).
fn proof(domain: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, String> {
    let made = || {
        let mut params = CertificateParams::new([domain.to_owned()])?;
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let key = KeyPair::generate()?;
        Ok((params.self_signed(&key)?, key))
    };
    let failed = |error: &dyn std::error::Error| format!("no proof of {domain}: {error}");
    let (certificate, key) = made().map_err(|error: rcgen::Error| failed(&error))?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| error.to_owned())?;
    let key = aws_lc_rs::sign::any_ecdsa_type(&key).map_err(|error| failed(&error))?;
    // Not `from_der`, which refuses an extension that it must know and does not.
    Ok(Arc::new(CertifiedKey::new(
        vec![certificate.der().clone()],
        key,
    )))
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;
    use x509_cert::der::Decode;

    use super::*;

    #[test]
    fn a_proof_names_the_domain_and_shows_the_digest() {
        let proof = proof("a.example", &[7; 32]).expect("it can be made");
        let certificate = Certificate::from_der(&proof.cert[0]).expect("it can be read");
        let extensions = certificate.tbs_certificate().extensions();
        let extensions = extensions.expect("it has some");
        let find = |oid: &str| {
            extensions
                .iter()
                .find(|found| found.extn_id.to_string() == oid)
        };
        // id-pe-acmeIdentifier, an octet string (RFC 8737, section 3).
        let shown = find("1.3.6.1.5.5.7.1.31").expect("it has the digest");
        assert!(shown.critical);
        assert_eq!(
            shown.extn_value.as_bytes(),
            [&[4, 32][..], &[7; 32]].concat()
        );
        // subjectAltName
        let names = find("2.5.29.17")
            .expect("it has a name")
            .extn_value
            .as_bytes();
        assert!(names.ends_with(b"a.example"));
    }
}
