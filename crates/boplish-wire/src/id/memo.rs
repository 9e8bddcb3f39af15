//! What this thread has signed lately, so that a simulator, whose peers verify what others in the
//! same thread have signed, does not compute each signature twice. Off unless asked for.

use std::cell::RefCell;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

/// Signatures in a generation; the one before is remembered, too: 4 MiB in all.
const GENERATION: usize = 1 << 15;

#[derive(Default)]
struct Memo {
    is_on: bool,
    young: BTreeSet<[u8; 32]>,
    old: BTreeSet<[u8; 32]>,
}

thread_local! {
    static MEMO: RefCell<Memo> = RefCell::default();
}

/// From now on, signatures made in this thread are known to be valid there. It changes no answer,
/// only what it costs: everything else is verified as ever.
pub fn remember_signatures() {
    MEMO.with_borrow_mut(|memo| memo.is_on = true);
}

/// A signature over these bytes was made with that key.
pub(super) fn made(key: &[u8; 32], signature: &[u8; 64], bytes: &[u8]) {
    MEMO.with_borrow_mut(|memo| {
        if !memo.is_on {
            return;
        }
        if memo.young.len() >= GENERATION {
            memo.old = core::mem::take(&mut memo.young);
        }
        memo.young.insert(digest(key, signature, bytes));
    });
}

/// Whether it is known that this signature was made with that key, over these bytes.
pub(super) fn is_known(key: &[u8; 32], signature: &[u8; 64], bytes: &[u8]) -> bool {
    MEMO.with_borrow(|memo| {
        if !memo.is_on {
            return false;
        }
        let digest = digest(key, signature, bytes);
        memo.young.contains(&digest) || memo.old.contains(&digest)
    })
}

fn digest(key: &[u8; 32], signature: &[u8; 64], bytes: &[u8]) -> [u8; 32] {
    let digest = Sha256::new().chain_update(key).chain_update(signature);
    digest.chain_update(bytes).finalize().into()
}

#[cfg(test)]
mod tests {
    use crate::{Keypair, Proof};

    /// With the memo or without, a proof holds for what was signed, and for nothing else.
    #[test]
    fn only_what_was_signed_is_known() {
        for is_on in [false, true] {
            if is_on {
                super::remember_signatures();
            }
            let [one, other] = [1, 2].map(|it| Keypair::from_secret(&[it; 32]));
            let proof = one.prove("test", &[b"text"]);
            for _ in 0..2 {
                assert_eq!(proof.signer("test", &[b"text"]), Some(one.id()));
                assert_eq!(proof.signer("test", &[b"texts"]), None);
                assert_eq!(proof.signer("tests", &[b"text"]), None);
            }
            let theirs = other.prove("test", &[b"text"]);
            let mut mixed = proof.to_bytes();
            mixed[..32].copy_from_slice(&theirs.to_bytes()[..32]);
            assert_eq!(Proof::from_bytes(&mixed).signer("test", &[b"text"]), None);
            let mut bent = proof.to_bytes();
            bent[95] ^= 1;
            assert_eq!(Proof::from_bytes(&bent).signer("test", &[b"text"]), None);
        }
    }
}
