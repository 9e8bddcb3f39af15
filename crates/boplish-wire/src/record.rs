//! Records: what a network stores under a key. A signed one can be replaced by its publisher, by
//! one with a higher sequence number; a hashed one never changes, since its key is its hash. A
//! listed one is signed, too, and lies beside those that others have for the same subject.
//!
//! Both are maps with numbers for keys; docs/protocol.md lists them.

use core::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::frame::cbor::{Reader, Writer, Wrong};
use crate::id::{Keypair, PeerId, Proof};
use crate::limits::{MAX_LIFE, MAX_RECORD, MAX_SALT};

/// What signatures of records are for.
const DOMAIN: &str = "record";
const LISTED_DOMAIN: &str = "listed record";

/// Bytes that the keys of all records with one subject have in common.
const LIST_PREFIX: usize = 12;

/// Something stored under a key until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    value: Box<[u8]>,
    expires: u64,
    ttl: u32,
    signed: Option<Signed>,
}

/// What a signed record has besides.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Signed {
    salt: Box<[u8]>,
    /// Whether the salt is a subject under which records of many publishers lie side by side.
    is_listed: bool,
    sequence: u64,
    proof: Proof,
}

/// Why a record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It is no record.
    #[error("these bytes are no record")]
    Malformed,
    /// It is longer than [`MAX_RECORD`].
    #[error("the record is longer than {MAX_RECORD} bytes; store a large value as content")]
    TooLong,
    /// Its salt is longer than [`MAX_SALT`].
    #[error("the salt is longer than {MAX_SALT} bytes")]
    SaltTooLong,
    /// The signature is not that of its publisher.
    #[error("the record's signature does not hold")]
    Unverified,
    /// Its time is up.
    #[error("the record has expired")]
    Expired,
    /// It would live longer than [`MAX_LIFE`] from now on.
    #[error("the record expires more than {MAX_LIFE} s from now")]
    TooFar,
    /// It does not belong under the key that it was sent for.
    #[error("the record belongs under another key")]
    WrongKey,
}

impl Record {
    /// A record that its publisher may replace by one with a higher sequence number.
    ///
    /// `salt` tells the records of one publisher apart. `expires` is in seconds since 1970, UTC;
    /// `ttl` says for how many seconds a copy may be used without asking again.
    ///
    /// # Errors
    ///
    /// [`RecordError::SaltTooLong`] and [`RecordError::TooLong`].
    pub fn sign(
        publisher: &Keypair,
        salt: &[u8],
        sequence: u64,
        value: &[u8],
        expires: u64,
        ttl: u32,
    ) -> Result<Self, RecordError> {
        let lifetime = (expires, ttl);
        Self::sign_either(publisher, (salt, false), sequence, value, lifetime)
    }

    /// A record that lies beside those that other publishers have for the same subject, so that
    /// whoever asks for the subject gets them all: see [`Record::list_of`].
    ///
    /// # Errors
    ///
    /// [`RecordError::SaltTooLong`] for the subject, and [`RecordError::TooLong`].
    pub fn sign_listed(
        publisher: &Keypair,
        subject: &[u8],
        sequence: u64,
        value: &[u8],
        expires: u64,
    ) -> Result<Self, RecordError> {
        let lifetime = (expires, u32::MAX);
        Self::sign_either(publisher, (subject, true), sequence, value, lifetime)
    }

    fn sign_either(
        publisher: &Keypair,
        (salt, is_listed): (&[u8], bool),
        sequence: u64,
        value: &[u8],
        (expires, ttl): (u64, u32),
    ) -> Result<Self, RecordError> {
        if salt.len() > MAX_SALT {
            return Err(RecordError::SaltTooLong);
        }
        let parts = parts((salt, is_listed), sequence, value, expires, ttl);
        let proof = publisher.prove(parts.domain, &parts.as_slices());
        let record = Self {
            value: value.into(),
            expires,
            ttl,
            signed: Some(Signed {
                salt: salt.into(),
                is_listed,
                sequence,
                proof,
            }),
        };
        record.checked()
    }

    /// A record whose key is the hash of its value, so that nobody can replace it.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLong`].
    pub fn hash(value: &[u8], expires: u64) -> Result<Self, RecordError> {
        let record = Self {
            value: value.into(),
            expires,
            ttl: u32::MAX,
            signed: None,
        };
        record.checked()
    }

    fn checked(self) -> Result<Self, RecordError> {
        match self.encode().len() <= MAX_RECORD {
            true => Ok(self),
            false => Err(RecordError::TooLong),
        }
    }

    /// The key that it is stored under.
    pub fn key(&self) -> PeerId {
        match &self.signed {
            Some(signed) if signed.is_listed => {
                Self::key_in_list(&signed.salt, &signed.proof.claimed_signer())
            }
            Some(signed) => Self::key_of(&signed.proof.claimed_signer(), &signed.salt),
            None => Self::key_of_value(&self.value),
        }
    }

    /// The key of a publisher's record with this salt: 160 bits of SHA-256.
    pub fn key_of(publisher: &PeerId, salt: &[u8]) -> PeerId {
        key(b"boplish/record\0", &[publisher.as_bytes(), salt])
    }

    /// The keys of the listed records with this subject: those after the first id and up to the
    /// second. They differ in their last 64 bits, so that one peer owns them all, unless there are
    /// so many peers that two share their first 96 bits.
    pub fn list_of(subject: &[u8]) -> (PeerId, PeerId) {
        let mut bytes = *key(b"boplish/list\0", &[subject]).as_bytes();
        bytes[LIST_PREFIX..].fill(0);
        let before = PeerId::from_bytes(bytes);
        bytes[LIST_PREFIX..].fill(0xff);
        (before, PeerId::from_bytes(bytes))
    }

    fn key_in_list(subject: &[u8], publisher: &PeerId) -> PeerId {
        let mut bytes = *Self::list_of(subject).1.as_bytes();
        let place = key(b"boplish/place\0", &[subject, publisher.as_bytes()]);
        bytes[LIST_PREFIX..].copy_from_slice(&place.as_bytes()[LIST_PREFIX..]);
        PeerId::from_bytes(bytes)
    }

    /// The key of a record that is stored under its hash: 160 bits of SHA-256.
    pub fn key_of_value(value: &[u8]) -> PeerId {
        key(b"boplish/value\0", &[value])
    }

    /// What is stored.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// When it expires, in seconds since 1970, UTC.
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// For how many seconds a copy may be used without asking again.
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// Its sequence number; 0 of one that is stored under its hash.
    pub fn sequence(&self) -> u64 {
        self.signed.as_ref().map_or(0, |signed| signed.sequence)
    }

    /// Whose it is, if it is signed.
    pub fn publisher(&self) -> Option<PeerId> {
        let signed = self.signed.as_ref()?;
        Some(signed.proof.claimed_signer())
    }

    /// The subject, if it is a listed one.
    pub fn subject(&self) -> Option<&[u8]> {
        let signed = self.signed.as_ref().filter(|signed| signed.is_listed);
        signed.map(|signed| &*signed.salt)
    }

    /// Whether it may be stored now, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`RecordError::Expired`], [`RecordError::TooFar`].
    pub fn check_time(&self, now: u64) -> Result<(), RecordError> {
        if self.expires <= now {
            Err(RecordError::Expired)
        } else if self.expires - now > MAX_LIFE {
            Err(RecordError::TooFar)
        } else {
            Ok(())
        }
    }

    /// Which of two records for one key stands: the higher sequence number, or else the higher
    /// hash; of two with the same value under its hash, the one that expires later.
    pub fn cmp_versions(&self, other: &Self) -> Ordering {
        self.sequence()
            .cmp(&other.sequence())
            .then_with(|| match self.signed {
                Some(_) => self.digest().cmp(&other.digest()),
                None => self.expires.cmp(&other.expires),
            })
    }

    /// SHA-256 of its bytes.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut map = Writer::map_behind(Vec::new());
        map.field(0).bytes(&self.value);
        map.field(1).uint(self.expires);
        if let Some(signed) = &self.signed {
            map.field(2).uint(self.ttl.into());
            if !signed.salt.is_empty() {
                map.field(3).bytes(&signed.salt);
            }
            map.field(4).uint(signed.sequence);
            map.field(5).bytes(&signed.proof.to_bytes());
            map.flag_field(6, signed.is_listed);
        }
        map.into_bytes()
    }

    /// The record with these bytes, whose signature holds if it has one.
    ///
    /// # Errors
    ///
    /// [`RecordError::TooLong`], [`RecordError::Malformed`], [`RecordError::SaltTooLong`],
    /// [`RecordError::Unverified`].
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD {
            return Err(RecordError::TooLong);
        }
        let mut reader = Reader::new(bytes);
        let record = Self::read(&mut reader).or(Err(RecordError::Malformed))?;
        // What has one meaning has one form, so that hashes of copies are equal.
        if record.encode() != bytes {
            return Err(RecordError::Malformed);
        }
        record.verified()
    }

    fn verified(self) -> Result<Self, RecordError> {
        if let Some(signed) = &self.signed {
            if signed.salt.len() > MAX_SALT {
                return Err(RecordError::SaltTooLong);
            }
            let parts = parts(
                (&signed.salt, signed.is_listed),
                signed.sequence,
                &self.value,
                self.expires,
                self.ttl,
            );
            let signer = signed.proof.signer(parts.domain, &parts.as_slices());
            if signer.is_none() {
                return Err(RecordError::Unverified);
            }
        }
        Ok(self)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Wrong> {
        let (mut value, mut expires, mut ttl) = (None, None, u32::MAX);
        let (mut salt, mut sequence, mut proof) = (&[][..], None, None);
        let mut is_listed = false;
        reader.map(&mut |key, reader| {
            match key {
                0 => value = Some(reader.bytes()?),
                1 => expires = Some(reader.uint()?),
                2 => ttl = reader.small()?,
                3 => salt = reader.bytes()?,
                4 => sequence = Some(reader.uint()?),
                5 => proof = Some(Proof::from_bytes(&reader.exactly()?)),
                6 => is_listed = reader.flag()?,
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        let signed = match (sequence, proof) {
            (Some(sequence), Some(proof)) => Some(Signed {
                salt: salt.into(),
                is_listed,
                sequence,
                proof,
            }),
            (None, None) => None,
            (None, Some(_)) => return Err(Wrong::Missing(4)),
            (Some(_), None) => return Err(Wrong::Missing(5)),
        };
        Ok(Self {
            value: value.ok_or(Wrong::Missing(0))?.into(),
            expires: expires.ok_or(Wrong::Missing(1))?,
            ttl,
            signed,
        })
    }
}

fn key(domain: &[u8], parts: &[&[u8]]) -> PeerId {
    let mut hash = Sha256::new().chain_update(domain);
    for part in parts {
        hash.update(part);
    }
    PeerId::from_digest(&hash.finalize().into())
}

/// What is signed.
struct Parts<'r> {
    domain: &'static str,
    salt: &'r [u8],
    numbers: [u8; 20],
    value: &'r [u8],
}

fn parts<'r>(
    (salt, is_listed): (&'r [u8], bool),
    sequence: u64,
    value: &'r [u8],
    expires: u64,
    ttl: u32,
) -> Parts<'r> {
    let mut numbers = [0; 20];
    numbers[..8].copy_from_slice(&sequence.to_be_bytes());
    numbers[8..16].copy_from_slice(&expires.to_be_bytes());
    numbers[16..].copy_from_slice(&ttl.to_be_bytes());
    Parts {
        domain: if is_listed { LISTED_DOMAIN } else { DOMAIN },
        salt,
        numbers,
        value,
    }
}

impl Parts<'_> {
    fn as_slices(&self) -> [&[u8]; 3] {
        [self.salt, &self.numbers, self.value]
    }
}
