//! A certificate and its key, out of PEM.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_cert::Certificate;
use x509_cert::der::{DateTime, Decode};
use x509_cert::time::Validity;

use super::CertificateFiles;

/// Most bytes of one file: a chain has a few kilobytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Why a certificate and its key can't be served.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file can't be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds more than any certificate or key.
    #[error("{} has more than {MAX_FILE} bytes, which no certificate or key has", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// A file has no certificate.
    #[error("{} holds no certificate: it needs a section `BEGIN CERTIFICATE`", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file has no private key.
    #[error("{} holds no private key: it needs a section `BEGIN PRIVATE KEY`", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A file has something that can't be read as what it should be.
    #[error("{} is broken: {reason}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key is that of another certificate.
    #[error(
        "the key {} does not belong to the certificate {}: give the two that were made together",
        key.display(),
        certificate.display()
    )]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The certificate is not valid today.
    #[error("the certificate {certificate} is valid from {from} to {until}, and that is not now")]
    OutOfDate {
        /// Which certificate.
        certificate: String,
        /// The first second, in UTC.
        from: DateTime,
        /// The last second, in UTC.
        until: DateTime,
    },
}

/// A certificate with its key, which match.
#[derive(Debug)]
pub(crate) struct Pair {
    certified: Arc<CertifiedKey>,
    validity: Validity,
    /// Changes whenever one of the files does.
    digest: blake3::Hash,
}

impl Pair {
    pub(crate) fn read(files: &CertificateFiles) -> Result<Self, PairError> {
        Self::parse(files, &Bytes::read(files)?)
    }

    pub(super) fn parse(files: &CertificateFiles, bytes: &Bytes) -> Result<Self, PairError> {
        let path = &files.certificate;
        let chain = chain(path, &bytes.certificate)?;
        let leaf = chain
            .first()
            .ok_or_else(|| PairError::NoCertificate { path: path.clone() })?;
        let leaf = Certificate::from_der(leaf).map_err(|error| broken(path, &error))?;
        let validity = *leaf.tbs_certificate().validity();
        let key = key(&files.key, &bytes.key)?;
        let provider = aws_lc_rs::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| {
            if error == Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                PairError::Mismatch {
                    certificate: path.clone(),
                    key: files.key.clone(),
                }
            } else if matches!(error, Error::InvalidCertificate(_)) {
                broken(path, &error)
            } else {
                broken(&files.key, &error)
            }
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            validity,
            digest: bytes.digest(),
        })
    }

    pub(super) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    pub(super) fn digest(&self) -> blake3::Hash {
        self.digest
    }

    /// The last second, in UTC.
    pub(crate) fn until(&self) -> DateTime {
        self.validity.not_after.to_date_time()
    }

    /// When a third of the lifetime is left: the time to get a new one.
    pub(super) fn renew_at(&self) -> SystemTime {
        let from = self.validity.not_before.to_unix_duration();
        let until = self.validity.not_after.to_unix_duration();
        let lifetime = until.saturating_sub(from);
        SystemTime::UNIX_EPOCH + from + lifetime * 2 / 3
    }

    /// Whether it is valid at a time.
    pub(crate) fn check_date(&self, certificate: &str, now: SystemTime) -> Result<(), PairError> {
        let since_epoch = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let from = self.validity.not_before;
        let until = self.validity.not_after;
        if (from.to_unix_duration()..=until.to_unix_duration()).contains(&since_epoch) {
            return Ok(());
        }
        Err(PairError::OutOfDate {
            certificate: certificate.to_owned(),
            from: from.to_date_time(),
            until: until.to_date_time(),
        })
    }
}

/// What the two files hold.
pub(super) struct Bytes {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Bytes {
    pub(super) fn read(files: &CertificateFiles) -> Result<Self, PairError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
        })
    }

    pub(super) fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(blake3::hash(&self.certificate).as_bytes());
        hasher.update(blake3::hash(&self.key).as_bytes());
        hasher.finalize()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    let failed = |source| PairError::Read {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(PairError::TooLong {
            path: path.to_owned(),
        });
    }
    fs::read(path).map_err(failed)
}

fn chain(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairError> {
    CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(path, &error))
}

fn key(path: &Path, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, PairError> {
    use rustls::pki_types::pem::Error;
    match PrivateKeyDer::from_pem_slice(bytes) {
        Ok(key) => Ok(key),
        Err(Error::NoItemsFound) => Err(PairError::NoKey {
            path: path.to_owned(),
        }),
        Err(error) => Err(broken(path, &error)),
    }
}

fn broken(path: &Path, error: &dyn std::error::Error) -> PairError {
    PairError::Broken {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
