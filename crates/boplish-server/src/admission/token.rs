//! Tokens: JSON Web Tokens (RFC 7519) that an operator gives to those who may connect.
//!
//! Signed with Ed25519 (`EdDSA`), so that a server only has the public key, or with a secret
//! (`HS256`). The key decides which; what a token says about it must agree. `exp` must be there, `nbf`
//! may; `net` binds a token to a network of the server, `sub` to a peer's id.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use boplish_directory::ClientId;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::network::NetworkName;

/// Bytes of the longest token; a longer one is refused.
const MAX_TOKEN: usize = 4 * 1024;

/// Bytes of the longest key file.
const MAX_KEY_FILE: u64 = 16 * 1024;

/// Bytes of the shortest secret (RFC 7518, section 3.2).
const MIN_SECRET: usize = 32;

/// Seconds by which the clocks of who makes tokens and of the server may differ.
const LEEWAY: u64 = 30;

/// What tokens are checked with.
pub(crate) struct VerifyingKey {
    key: DecodingKey,
    validation: Validation,
}

/// What tokens are made with.
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
}

/// Whom a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// The network; `None` for all of the server.
    pub network: Option<NetworkName>,
    /// The peer's id; `None` for any.
    pub id: Option<String>,
    /// How long from now on.
    pub lifetime: Duration,
}

/// A new key pair, in PEM.
pub struct NewKey {
    /// For [`SigningKey::read`].
    pub private: String,
    /// For the server.
    pub public: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    net: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// May be a fraction (RFC 7519, section 2).
    exp: f64,
}

/// Why a file has no key for tokens.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read.
    #[error("cannot read the key for tokens {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has another kind of key.
    #[error("the key for tokens {} is {why}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: &'static str,
    },
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("bring it along as the WebSocket subprotocol boplish.token.TOKEN")]
    Missing,
    /// It is no token, or one without a time at which it ends.
    #[error("this is none, or has no `exp`")]
    Malformed,
    /// It is signed with another key, or in another way.
    #[error("this one is not signed with the server's key")]
    Signature,
    /// Its time is over.
    #[error("this one has expired")]
    Expired,
    /// Its time has not come.
    #[error("this one is not valid yet")]
    TooEarly,
    /// It is for others: another network, another id, or another audience.
    #[error("this one is for another network, id or audience")]
    Other,
}

impl VerifyingKey {
    /// Reads an Ed25519 public key in PEM, or a secret.
    pub(crate) fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read(path)?;
        let wrong = |why| KeyError::Wrong {
            path: path.to_owned(),
            why,
        };
        if text.contains("PRIVATE KEY-----") {
            return Err(wrong(
                "a private one: the server is to have the public one only, see `boplish token --help`",
            ));
        }
        let (key, algorithm) = if text.starts_with("-----BEGIN") {
            let key = ed25519_dalek::VerifyingKey::from_public_key_pem(&text)
                .map_err(|_| wrong("no Ed25519 public key: `boplish token --new-key` makes one"))?;
            (DecodingKey::from_ed_der(key.as_bytes()), Algorithm::EdDSA)
        } else {
            let secret = secret(&text).ok_or_else(|| wrong(SHORT_SECRET))?;
            let key = DecodingKey::from_secret(secret).map_err(|_| wrong(SHORT_SECRET))?;
            (key, Algorithm::HS256)
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        Ok(Self { key, validation })
    }

    /// Whether a token lets this peer into this network.
    pub(crate) fn verify(
        &self,
        token: &str,
        network: &NetworkName,
        id: &ClientId,
    ) -> Result<(), TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::Malformed);
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let claims = decoded.map_err(|error| refusal(error.kind()))?.claims;
        let is_for_network = claims.net.is_none_or(|net| net == network.as_str());
        let is_for_id = claims
            .sub
            .is_none_or(|sub| sub.eq_ignore_ascii_case(id.as_str()));
        match is_for_network && is_for_id {
            true => Ok(()),
            false => Err(TokenError::Other),
        }
    }
}

const SHORT_SECRET: &str = "a secret of less than 32 bytes: `openssl rand -hex 32` makes one";

/// A secret without the line's end that editors add.
fn secret(text: &str) -> Option<&[u8]> {
    let secret = text.trim_end().as_bytes();
    (secret.len() >= MIN_SECRET).then_some(secret)
}

fn read(path: &Path) -> Result<String, KeyError> {
    let unreadable = |source| KeyError::Unreadable {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_KEY_FILE {
        let why = "no key: the file is too long";
        let path = path.to_owned();
        return Err(KeyError::Wrong { path, why });
    }
    fs::read_to_string(path).map_err(unreadable)
}

fn refusal(kind: &ErrorKind) -> TokenError {
    let is_any = |kinds: &[ErrorKind]| kinds.contains(kind);
    if is_any(&[
        ErrorKind::InvalidSignature,
        ErrorKind::InvalidAlgorithm,
        ErrorKind::InvalidAlgorithmName,
        ErrorKind::UnsupportedAlgorithm,
    ]) {
        TokenError::Signature
    } else if is_any(&[ErrorKind::ExpiredSignature]) {
        TokenError::Expired
    } else if is_any(&[ErrorKind::ImmatureSignature]) {
        TokenError::TooEarly
    } else if is_any(&[ErrorKind::InvalidAudience]) {
        TokenError::Other
    } else {
        TokenError::Malformed
    }
}

impl SigningKey {
    /// Reads an Ed25519 private key in PEM, or a secret.
    ///
    /// # Errors
    ///
    /// The file can't be read or has no such key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read(path)?;
        let wrong = |why| KeyError::Wrong {
            path: path.to_owned(),
            why,
        };
        if text.starts_with("-----BEGIN") {
            let why = "no Ed25519 private key: `boplish token --new-key` makes one";
            let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&text).map_err(|_| wrong(why))?;
            let der = key.to_pkcs8_der().map_err(|_| wrong(why))?;
            return Ok(Self {
                key: EncodingKey::from_ed_der(der.as_bytes()),
                algorithm: Algorithm::EdDSA,
            });
        }
        let secret = secret(&text).ok_or_else(|| wrong(SHORT_SECRET))?;
        Ok(Self {
            key: EncodingKey::from_secret(secret).map_err(|_| wrong(SHORT_SECRET))?,
            algorithm: Algorithm::HS256,
        })
    }

    /// Makes a token; `None` if the system's clock is before 1970 or the key is not fit to sign.
    pub fn sign(&self, grant: &Grant) -> Option<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let claims = Claims {
            net: grant.network.as_ref().map(NetworkName::to_string),
            sub: grant.id.clone(),
            exp: (now.ok()? + grant.lifetime).as_secs() as f64,
        };
        jsonwebtoken::encode(&Header::new(self.algorithm), &claims, &self.key).ok()
    }
}

impl NewKey {
    /// A key pair that nobody has yet; `None` if the system has no random numbers.
    pub fn generate() -> Option<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).ok()?;
        let public = ed25519_dalek::SigningKey::from_bytes(&secret).verifying_key();
        // Without the public key inside, which some programs don't expect there.
        let private = KeypairBytes {
            secret_key: secret,
            public_key: None,
        };
        Some(Self {
            private: private.to_pkcs8_pem(LineEnding::LF).ok()?.to_string(),
            public: public.to_public_key_pem(LineEnding::LF).ok()?,
        })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").finish_non_exhaustive()
    }
}
