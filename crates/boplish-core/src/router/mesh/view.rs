//! A digest of the set of peers that a peer knows, itself included.

use boplish_wire::PeerId;

/// The count of the ids and the exclusive or of their first eight bytes. Ids are hashes, so two
/// sets that differ have, but for chance of 2^-64, different digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Digest {
    count: u32,
    mix: u64,
}

impl Digest {
    const BYTES: usize = 12;

    /// The digest as keepalives carry it: the count in 4 bytes, the mix in 8, most significant
    /// first.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes.extend_from_slice(&self.mix.to_be_bytes());
        bytes
    }

    /// The digest in these bytes, if it is one.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, mix) = bytes.split_first_chunk::<4>()?;
        Some(Self {
            count: u32::from_be_bytes(*count),
            mix: u64::from_be_bytes(*mix.first_chunk::<8>()?),
        })
    }
}

impl FromIterator<PeerId> for Digest {
    fn from_iter<I: IntoIterator<Item = PeerId>>(ids: I) -> Self {
        let add = |digest: Self, id: PeerId| {
            let first = id.as_bytes().first_chunk::<8>().copied();
            Self {
                count: digest.count + 1,
                mix: digest.mix ^ first.map_or(0, u64::from_be_bytes),
            }
        };
        ids.into_iter().fold(Self::default(), add)
    }
}
