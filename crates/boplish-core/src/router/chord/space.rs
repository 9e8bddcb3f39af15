//! The identifier space: a ring of 2^160 ids, and of 2^32 positions where precision costs more
//! than it is worth.

use boplish_wire::PeerId;

/// How far clockwise, as the bytes of a number, most significant first.
pub(crate) type Distance = [u8; PeerId::BYTES];

/// How far `to` is from `from`, clockwise; all zero if they are the same.
pub(crate) fn clockwise(from: &PeerId, to: &PeerId) -> Distance {
    let mut distance = Distance::default();
    let mut borrow = 0_i16;
    for index in (0..PeerId::BYTES).rev() {
        let difference =
            i16::from(to.as_bytes()[index]) - i16::from(from.as_bytes()[index]) - borrow;
        borrow = i16::from(difference < 0);
        distance[index] = difference.rem_euclid(256) as u8;
    }
    distance
}

/// Whether `id` is after `after` and not after `up_to`, clockwise. If those are the same, the
/// interval is the whole ring.
pub(crate) fn is_within(after: &PeerId, id: &PeerId, up_to: &PeerId) -> bool {
    after == up_to || (id != after && clockwise(after, id) <= clockwise(after, up_to))
}

/// Whether `id` is strictly between the two, clockwise; between a peer and itself is everybody
/// else.
pub(crate) fn is_between(after: &PeerId, id: &PeerId, before: &PeerId) -> bool {
    id != before && id != after && is_within(after, id, before)
}

/// The first 32 bits of an id.
pub(crate) fn position(id: &PeerId) -> u32 {
    let [a, b, c, d, ..] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// How far two positions are apart, around the shorter side.
pub(crate) fn gap(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b).min(b.wrapping_sub(a))
}

/// The id at a position, the rest of its bytes from `rest`.
pub(crate) fn id_at(position: u32, rest: u64) -> PeerId {
    let mut bytes = [0; PeerId::BYTES];
    bytes[..4].copy_from_slice(&position.to_be_bytes());
    bytes[4..12].copy_from_slice(&rest.to_be_bytes());
    PeerId::from_bytes(bytes)
}

/// A key right after an id: at the next position, since tables tell peers apart by position only.
pub(crate) fn after(id: &PeerId) -> PeerId {
    id_at(position(id).wrapping_add(1), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(first: u8, last: u8) -> PeerId {
        let mut bytes = [0; PeerId::BYTES];
        bytes[0] = first;
        bytes[PeerId::BYTES - 1] = last;
        PeerId::from_bytes(bytes)
    }

    #[test]
    fn distances_go_around_the_ring() {
        assert_eq!(clockwise(&id(1, 5), &id(1, 7))[PeerId::BYTES - 1], 2);
        assert_eq!(clockwise(&id(255, 0), &id(1, 0))[0], 2);
        assert_eq!(clockwise(&id(0, 1), &id(0, 0)), [255; PeerId::BYTES]);
    }

    #[test]
    fn an_interval_excludes_its_beginning_and_includes_its_end() {
        let (a, b, c) = (id(10, 0), id(20, 0), id(250, 0));
        assert!(is_within(&a, &b, &c) && is_within(&a, &c, &c) && !is_within(&a, &a, &c));
        assert!(is_within(&c, &a, &b) && !is_within(&b, &a, &c));
        assert!(is_within(&a, &a, &a) && is_within(&a, &b, &a));
        assert!(is_between(&a, &b, &a) && !is_between(&a, &a, &a) && !is_between(&a, &c, &c));
    }

    #[test]
    fn the_key_after_the_last_is_the_first() {
        assert_eq!(
            after(&PeerId::from_bytes([255; PeerId::BYTES])),
            PeerId::from_bytes([0; PeerId::BYTES])
        );
        assert_eq!(position(&after(&id(3, 255))), 0x0300_0001);
    }

    #[test]
    fn gaps_are_taken_around_the_shorter_side() {
        assert_eq!(gap(5, u32::MAX), 6);
        assert_eq!(gap(u32::MAX, 5), 6);
        assert_eq!(position(&id_at(77, 9)), 77);
    }
}
