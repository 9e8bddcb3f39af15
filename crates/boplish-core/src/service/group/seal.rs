//! Groups with a password: who knows it can find the group and read what is said there; those who
//! pass it on can't.

use argon2::{Algorithm, Argon2, Params, Version};
use boplish_wire::PeerId;
use boplish_wire::group::{Turn, key_of};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand_core::Rng;

/// Bytes of the longest name of a group, and of the longest password.
const MAX_NAME: usize = 256;
const MAX_PASSWORD: usize = 1024;

/// Argon2id with 19 MiB, two passes and one lane (OWASP's advice for passwords; RFC 9106).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const NONCE: usize = 24;

/// Why a group can't be joined under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroupAccessError {
    /// The name is empty or too long.
    #[error("a group's name has 1 to {MAX_NAME} bytes, this one has {0}")]
    Name(usize),
    /// The password is empty or too long.
    #[error(
        "a group's password has 1 to {MAX_PASSWORD} bytes, this one has {0}; leave it out for a group without"
    )]
    Password(usize),
}

/// What leads into a group: its key, and what its members' words are sealed with, if they are.
#[derive(Debug, Clone)]
pub struct GroupAccess {
    key: PeerId,
    seal: Option<Seal>,
}

impl GroupAccess {
    /// A group that all can join who know its name.
    ///
    /// # Errors
    ///
    /// [`GroupAccessError::Name`].
    pub fn open(name: &str) -> Result<Self, GroupAccessError> {
        check_name(name)?;
        let key = key_of(name, None);
        Ok(Self { key, seal: None })
    }

    /// A group of those who know a password: with another password, it is another group. Takes
    /// 19 MiB and about a tenth of a second, so that guessing takes long.
    ///
    /// # Errors
    ///
    /// See [`GroupAccessError`].
    pub fn with_password(name: &str, password: &str) -> Result<Self, GroupAccessError> {
        check_name(name)?;
        if password.is_empty() || password.len() > MAX_PASSWORD {
            return Err(GroupAccessError::Password(password.len()));
        }
        let params =
            Params::new(MEMORY_KIB, PASSES, LANES, Some(64)).expect("within Argon2's limits");
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = [b"boplish/group-password\0", name.as_bytes()].concat();
        let mut output = [0; 64];
        argon2
            .hash_password_into(password.as_bytes(), &salt, &mut output)
            .expect("password, salt and output are within Argon2's limits");
        let (mut secret, mut seal) = ([0; 32], [0; 32]);
        secret.copy_from_slice(&output[..32]);
        seal.copy_from_slice(&output[32..]);
        Ok(Self {
            key: key_of(name, Some(&secret)),
            seal: Some(Seal(seal)),
        })
    }

    /// The group's key.
    pub fn key(&self) -> PeerId {
        self.key
    }

    pub(super) fn seal(&self) -> Option<Seal> {
        self.seal.clone()
    }
}

fn check_name(name: &str) -> Result<(), GroupAccessError> {
    match name.len() {
        1..=MAX_NAME => Ok(()),
        other => Err(GroupAccessError::Name(other)),
    }
}

/// What sealed words are for, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// All members, at this place among the writer's.
    Post(Turn),
    /// That member.
    Direct(PeerId),
}

/// The key that a group's words are sealed with (XChaCha20-Poly1305).
#[derive(Clone)]
pub(super) struct Seal([u8; 32]);

impl core::fmt::Debug for Seal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.0))
    }

    /// Seals what `writer` says; in front of it goes a nonce.
    pub(super) fn close(
        &self,
        group: &PeerId,
        writer: &PeerId,
        purpose: Purpose,
        value: &[u8],
        rng: &mut impl Rng,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let aad = associated(group, writer, purpose);
        let payload = Payload {
            msg: value,
            aad: &aad,
        };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload);
        [
            &nonce[..],
            &sealed.expect("shorter than the cipher's limit"),
        ]
        .concat()
    }

    fn open(
        &self,
        group: &PeerId,
        writer: &PeerId,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let aad = associated(group, writer, purpose);
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

/// What somebody has said; `None` if it is not sealed as it should be.
pub(super) fn open(
    seal: Option<&Seal>,
    group: &PeerId,
    writer: &PeerId,
    purpose: Purpose,
    value: &[u8],
) -> Option<Vec<u8>> {
    match seal {
        Some(seal) => seal.open(group, writer, purpose, value),
        None => Some(value.to_vec()),
    }
}

/// What is sealed along: nobody can say the same words as their own, or elsewhere.
fn associated(group: &PeerId, writer: &PeerId, purpose: Purpose) -> Vec<u8> {
    let mut bytes = [group.as_bytes(), &writer.as_bytes()[..]].concat();
    match purpose {
        Purpose::Post(turn) => {
            bytes.push(0);
            bytes.extend(turn.to_bytes());
        }
        Purpose::Direct(to) => {
            bytes.push(1);
            bytes.extend(to.as_bytes());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    const TURN: Turn = Turn {
        stream: 1,
        sequence: 2,
        pause: 3,
    };

    fn seal(password: &str) -> (PeerId, Seal) {
        let access = GroupAccess::with_password("room", password).unwrap();
        (access.key(), access.seal().unwrap())
    }

    #[test]
    fn only_who_knows_the_password_reads() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let writer = key_of("writer", None);
        let (group, ours) = seal("sesame");
        let (other_group, theirs) = seal("Sesame");
        assert_ne!(group, other_group);
        let closed = ours.close(&group, &writer, Purpose::Post(TURN), b"hello", &mut rng);
        assert!(!closed.windows(5).any(|part| part == b"hello"));
        let open = |seal: &Seal, writer, purpose| seal.open(&group, writer, purpose, &closed);
        let purpose = Purpose::Post(TURN);
        assert_eq!(open(&ours, &writer, purpose), Some(b"hello".to_vec()));
        assert_eq!(open(&theirs, &writer, purpose), None);
        assert_eq!(open(&ours, &group, purpose), None, "said by another");
        let later = Turn {
            sequence: 3,
            ..TURN
        };
        assert_eq!(open(&ours, &writer, Purpose::Post(later)), None);
        assert_eq!(open(&ours, &writer, Purpose::Direct(group)), None);
        for length in 0..closed.len() {
            assert_eq!(ours.open(&group, &writer, purpose, &closed[..length]), None);
        }
    }

    #[test]
    fn the_same_words_are_never_sealed_alike() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let (group, seal) = seal("sesame");
        let mut close = || seal.close(&group, &group, Purpose::Post(TURN), b"hello", &mut rng);
        assert_ne!(close(), close());
    }

    #[test]
    fn names_and_passwords_have_limits() {
        use GroupAccessError::{Name, Password};
        let open = |name: &str| GroupAccess::open(name).map(|it| it.key());
        assert_eq!(open(""), Err(Name(0)));
        assert_eq!(open(&"x".repeat(257)), Err(Name(257)));
        assert!(open(&"x".repeat(256)).is_ok());
        let with = |password: &str| GroupAccess::with_password("room", password).map(|it| it.key());
        assert_eq!(with(""), Err(Password(0)));
        assert_eq!(with(&"x".repeat(1025)), Err(Password(1025)));
    }
}
