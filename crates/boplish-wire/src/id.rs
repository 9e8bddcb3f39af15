//! Peer ids, the keys behind them, and proofs that a peer said something.

#[cfg(feature = "simulator")]
pub mod memo;

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The name of a peer: the first 160 bits of SHA-256 of its Ed25519 public key, written as 40
/// lower-case hex digits, the shape of the report's ids (section 4.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId([u8; PeerId::BYTES]);

// Searches in tables compare ids all the time: mostly the first eight bytes decide, as one number.
impl Ord for PeerId {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        let head = |id: &Self| id.0.first_chunk().map(|it| u64::from_be_bytes(*it));
        head(self)
            .cmp(&head(other))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for PeerId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Why a text is no peer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has another length than 40.
    #[error("a peer id has 40 hex digits, this has {0} bytes")]
    Length(usize),
    /// A character is no hex digit.
    #[error("a peer id has hex digits only")]
    Digit,
}

impl PeerId {
    /// Bytes of an id.
    pub const BYTES: usize = 20;

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The id that belongs to an Ed25519 public key.
    pub fn from_public_key(key: &[u8; 32]) -> Self {
        Self::from_digest(&Sha256::digest(key).into())
    }

    /// The first 160 bits of a hash.
    pub(crate) fn from_digest(digest: &[u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(&digest[..Self::BYTES]);
        Self(bytes)
    }

    /// The bytes of the id, most significant first.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Ids as bytes, one behind the other.
    pub fn concat(ids: &[Self]) -> Vec<u8> {
        ids.iter().flat_map(|id| id.0).collect()
    }

    /// The ids in bytes that [`concat`](Self::concat) has made; `None` if there is a rest.
    pub fn split(bytes: &[u8]) -> Option<Vec<Self>> {
        let (ids, rest) = bytes.as_chunks::<{ Self::BYTES }>();
        rest.is_empty()
            .then(|| ids.iter().copied().map(Self).collect())
    }

    /// The first eight digits, as pages show them (the report, section 5.2.1).
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short())
    }
}

impl FromStr for PeerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 2 * Self::BYTES {
            return Err(IdError::Length(text.len()));
        }
        let mut bytes = [0; Self::BYTES];
        base16ct::mixed::decode(text, &mut bytes).or(Err(IdError::Digit))?;
        Ok(Self(bytes))
    }
}

/// An Ed25519 key pair: what makes a peer the one that it is.
#[derive(Clone)]
pub struct Keypair {
    key: SigningKey,
    id: PeerId,
}

impl Keypair {
    /// The pair that belongs to a secret of 32 random bytes (RFC 8032, section 5.1.5).
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(secret);
        let id = PeerId::from_public_key(key.verifying_key().as_bytes());
        Self { key, id }
    }

    /// The id of the pair's public key.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The secret, to be kept by whoever keeps identities.
    pub fn secret(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Signs a text of a domain. Domains keep a signature for one purpose from serving another.
    pub fn prove(&self, domain: &str, parts: &[&[u8]]) -> Proof {
        let bytes = signed_bytes(domain, parts);
        let proof = Proof {
            key: *self.key.verifying_key().as_bytes(),
            signature: self.key.sign(&bytes).to_bytes(),
        };
        #[cfg(feature = "simulator")]
        memo::made(&proof.key, &proof.signature, &bytes);
        proof
    }
}

impl fmt::Debug for Keypair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keypair({:?})", self.id)
    }
}

/// A public key and what it signed: shows that the peer whose id belongs to the key said
/// something.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    key: [u8; 32],
    signature: [u8; 64],
}

impl Proof {
    /// Bytes of a proof: the key, then the signature.
    pub const BYTES: usize = 96;

    /// The id of whoever signed, if the signature holds.
    pub fn signer(&self, domain: &str, parts: &[&[u8]]) -> Option<PeerId> {
        let bytes = signed_bytes(domain, parts);
        #[cfg(feature = "simulator")]
        if memo::is_known(&self.key, &self.signature, &bytes) {
            return Some(self.claimed_signer());
        }
        let key = VerifyingKey::from_bytes(&self.key).ok()?;
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&bytes, &signature).ok()?;
        Some(self.claimed_signer())
    }

    /// The id of whoever the key belongs to; whether it signed is for [`Proof::signer`] to say.
    pub fn claimed_signer(&self) -> PeerId {
        PeerId::from_public_key(&self.key)
    }

    /// The key of whoever it says has signed.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The key, then the signature.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..32].copy_from_slice(&self.key);
        bytes[32..].copy_from_slice(&self.signature);
        bytes
    }

    /// The proof with these bytes; whether it holds is for [`Proof::signer`] to say.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let (mut key, mut signature) = ([0; 32], [0; 64]);
        key.copy_from_slice(&bytes[..32]);
        signature.copy_from_slice(&bytes[32..]);
        Self { key, signature }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof({:?})", PeerId::from_public_key(&self.key))
    }
}

/// What is signed: `boplish/<domain>` and each part behind its length, so that no two lists of
/// parts give the same bytes.
fn signed_bytes(domain: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("boplish/{domain}").into_bytes();
    bytes.push(0);
    for part in parts {
        // Parts are bounded by MAX_JSON, so a length always fits.
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}
