//! Where a peer's identity comes from: the system's randomness, or a file that keeps it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use boplish_wire::Keypair;

/// Why an identity can't be had.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file can't be read.
    #[error("can't read the identity file {path}: {source}; check its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can't be written.
    #[error("can't write the identity file {path}: {source}; check that its folder is writable")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else than an identity.
    #[error(
        "{path} is no identity file: it should hold 64 hex digits; name another file, or remove \
         this one to get a new identity"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(#[from] getrandom::Error),
}

/// Bytes from the system's random source.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// A new identity that is kept nowhere.
pub fn fresh_identity() -> Result<Keypair, IdentityError> {
    Ok(Keypair::from_secret(&random_bytes()?))
}

/// The identity in a file: the Ed25519 secret as 64 hex digits.
pub fn load_identity(path: &Path) -> Result<Keypair, IdentityError> {
    let text = fs::read_to_string(path).map_err(|source| IdentityError::Read {
        path: path.to_owned(),
        source,
    })?;
    let malformed = || IdentityError::Malformed {
        path: path.to_owned(),
    };
    let bytes = base16ct::mixed::decode_vec(text.trim()).map_err(|_| malformed())?;
    let secret = <[u8; 32]>::try_from(bytes).map_err(|_| malformed())?;
    Ok(Keypair::from_secret(&secret))
}

/// Writes an identity to a new file that only its owner can read (mode 0600). A file that is
/// there already is left alone.
pub fn save_identity(path: &Path, identity: &Keypair) -> Result<(), IdentityError> {
    let failed = |source| IdentityError::Write {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    writeln!(
        file,
        "{}",
        base16ct::lower::encode_string(&identity.secret())
    )
    .map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// The identity in a file, which is written with a new one if it is not there.
pub fn load_or_create_identity(path: &Path) -> Result<Keypair, IdentityError> {
    match load_identity(path) {
        Err(IdentityError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let identity = fresh_identity()?;
            save_identity(path, &identity)?;
            Ok(identity)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed when the test ends.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let random: [u8; 8] = random_bytes().expect("the system has random bytes");
            let name = format!("boplish-{name}-{}", base16ct::lower::encode_string(&random));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).expect("the folder is new");
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("identity")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // A folder left over does no harm.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_created_identity_is_found_again() {
        let folder = Folder::new("again");
        let created = load_or_create_identity(&folder.file()).expect("it can be created");
        let loaded = load_or_create_identity(&folder.file()).expect("it can be loaded");
        assert_eq!(created.id(), loaded.id());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_an_identity() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new("mode");
        load_or_create_identity(&folder.file()).expect("it can be created");
        let metadata = fs::metadata(folder.file()).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_identity_is_never_overwritten() {
        let folder = Folder::new("kept");
        let kept = load_or_create_identity(&folder.file()).expect("it can be created");
        let other = fresh_identity().expect("the system has random bytes");
        assert!(save_identity(&folder.file(), &other).is_err());
        let loaded = load_identity(&folder.file()).expect("it is there");
        assert_eq!(loaded.id(), kept.id());
    }

    #[test]
    fn another_file_is_no_identity() {
        let folder = Folder::new("other");
        fs::write(folder.file(), "hello").expect("it can be written");
        let error = load_or_create_identity(&folder.file()).expect_err("it is none");
        assert!(matches!(error, IdentityError::Malformed { .. }), "{error}");
    }
}
