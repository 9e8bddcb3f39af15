//! Who owned which key when: the judge of lookups, whatever the backend.

use std::collections::BTreeMap;

use boplish_native::wire::PeerId;

/// From when until when, in seconds.
type Stay = (f64, f64);

/// The members of the ring by their ids, each with the time for which it is one. A key belongs to
/// the first member at or after it, clockwise.
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeMap<PeerId, Stay>);

impl Owners {
    /// The peer is a member from now on. No peer comes twice: each has a new id.
    pub(super) fn join(&mut self, id: PeerId, at: f64) {
        self.0.entry(id).or_insert((at, f64::INFINITY));
    }

    /// The peer is none from now on.
    pub(super) fn leave(&mut self, id: PeerId, at: f64) {
        if let Some(stay) = self.0.get_mut(&id) {
            stay.1 = at;
        }
    }

    /// Forgets who left before that time; lookups that began earlier can't be judged any more.
    pub(super) fn forget_before(&mut self, at: f64) {
        self.0.retain(|_, stay| stay.1 >= at);
    }

    /// The present members, in the order of the ring.
    pub(super) fn present(&self) -> Vec<PeerId> {
        let present = self.0.iter().filter(|(_, stay)| stay.1 == f64::INFINITY);
        present.map(|(id, _)| *id).collect()
    }

    /// Whether a peer owned the key at some moment from the one time to the other.
    pub(super) fn was_owner(&self, id: PeerId, key: PeerId, from: f64, to: f64) -> bool {
        let Some(stay) = self.0.get(&id) else {
            return false;
        };
        let mut left: Vec<Stay> = common(*stay, (from, to)).into_iter().collect();
        // While one of these was a member, the key was not that peer's.
        for (other, between) in self.0.range(key..).chain(self.0.range(..key)) {
            if *other == id || left.is_empty() {
                break;
            }
            left = left
                .into_iter()
                .flat_map(|stay| {
                    [
                        common(stay, (0.0, between.0)),
                        common(stay, (between.1, to)),
                    ]
                })
                .flatten()
                .collect();
        }
        !left.is_empty()
    }
}

/// What two times have in common, a moment included.
fn common(a: Stay, b: Stay) -> Option<Stay> {
    let both = (a.0.max(b.0), a.1.min(b.1));
    (both.0 <= both.1).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> PeerId {
        let mut bytes = [0; PeerId::BYTES];
        bytes[0] = number;
        PeerId::from_bytes(bytes)
    }

    fn owners() -> Owners {
        let mut owners = Owners::default();
        owners.join(id(10), 0.0);
        owners.join(id(20), 5.0);
        owners.join(id(30), 0.0);
        owners.leave(id(20), 9.0);
        owners
    }

    #[test]
    fn a_key_belongs_to_the_first_member_at_or_after_it() {
        let owners = owners();
        assert!(owners.was_owner(id(10), id(10), 1.0, 2.0));
        assert!(owners.was_owner(id(10), id(31), 1.0, 2.0));
        assert!(owners.was_owner(id(30), id(11), 1.0, 2.0));
        assert!(!owners.was_owner(id(30), id(10), 1.0, 2.0));
        assert!(!owners.was_owner(id(40), id(31), 1.0, 2.0));
    }

    #[test]
    fn an_owner_at_any_moment_of_the_lookup_is_right() {
        let owners = owners();
        assert!(!owners.was_owner(id(20), id(15), 1.0, 4.0));
        assert!(owners.was_owner(id(20), id(15), 4.0, 6.0));
        assert!(owners.was_owner(id(30), id(15), 4.0, 6.0));
        assert!(!owners.was_owner(id(30), id(15), 6.0, 8.0));
        assert!(owners.was_owner(id(30), id(15), 6.0, 10.0));
    }

    #[test]
    fn who_left_is_not_present_and_later_forgotten() {
        let mut owners = owners();
        assert_eq!(owners.present(), [id(10), id(30)]);
        owners.forget_before(9.5);
        assert!(!owners.was_owner(id(20), id(15), 6.0, 8.0));
    }
}
