//! What is kept of ACME over a restart: the account and the certificate.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;

use super::pair::{Pair, PairError};
use super::{Acme, CertificateFiles};
use crate::error::ServerError;

/// A folder with one file for the account and one for the certificate with its key. Their names
/// are made of what they are for, so that another authority or other domains find nothing.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    account: PathBuf,
    certificate: PathBuf,
}

impl Cache {
    /// Makes the folder if it is not there, and tries whether it can be written to.
    pub(super) fn open(acme: &Acme) -> Result<Self, ServerError> {
        make(&acme.cache).map_err(|source| failed(acme, source))?;
        Self::in_folder(acme)
    }

    /// The cache in a folder that is there; tries whether that can be written to.
    pub(crate) fn in_folder(acme: &Acme) -> Result<Self, ServerError> {
        let folder = &acme.cache;
        let trial = folder.join("trial");
        write(&trial, b"")
            .and_then(|()| fs::remove_file(&trial))
            .map_err(|source| failed(acme, source))?;
        let authority = name(&[&acme.directory]);
        let mut parts = vec![acme.directory.as_str()];
        parts.extend(acme.domains.iter().map(String::as_str));
        Ok(Self {
            account: folder.join(format!("account-{authority}.json")),
            certificate: folder.join(format!("certificate-{}.pem", name(&parts))),
        })
    }

    /// The certificate, if there is one.
    pub(crate) fn certificate(&self) -> Result<Option<Pair>, PairError> {
        let files = CertificateFiles {
            certificate: self.certificate.clone(),
            key: self.certificate.clone(),
        };
        match Pair::read(&files) {
            Ok(pair) => Ok(Some(pair)),
            Err(PairError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps a certificate with its key, both as PEM, and gives them parsed.
    pub(super) fn keep_certificate(&self, key: &str, chain: &str) -> Result<Option<Pair>, String> {
        write(&self.certificate, format!("{key}\n{chain}").as_bytes())
            .map_err(|error| format!("cannot write {}: {error}", self.certificate.display()))?;
        self.certificate().map_err(|error| error.to_string())
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> Result<Option<AccountCredentials>, String> {
        let path = self.account.display();
        match fs::read(&self.account) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| format!("{path} holds no account: {error}")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {path}: {error}")),
        }
    }

    /// Keeps the account.
    pub(super) fn keep_account(&self, account: &AccountCredentials) -> Result<(), String> {
        let bytes = serde_json::to_vec(account).map_err(|error| error.to_string())?;
        write(&self.account, &bytes)
            .map_err(|error| format!("cannot write {}: {error}", self.account.display()))
    }
}

fn failed(acme: &Acme, source: io::Error) -> ServerError {
    ServerError::AcmeCache {
        path: acme.cache.clone(),
        source,
    }
}

/// A name that other parts would not have. 16 hex digits are plenty for a folder.
fn name(parts: &[&str]) -> String {
    let hash = blake3::hash(parts.join("\n").as_bytes());
    hash.to_hex().as_str().chars().take(16).collect()
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that only this user can read, whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}
