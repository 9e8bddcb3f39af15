//! The peers that live, to choose from.

use std::collections::BTreeMap;

use boplish_sim::Random;

use super::backend::Number;

/// A set of peers from which one can be drawn at once.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    all: Vec<Number>,
    places: BTreeMap<Number, usize>,
}

impl Crowd {
    pub(super) fn add(&mut self, number: Number) {
        self.places.insert(number, self.all.len());
        self.all.push(number);
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, number: Number) -> bool {
        let Some(place) = self.places.remove(&number) else {
            return false;
        };
        self.all.swap_remove(place);
        if let Some(moved) = self.all.get(place) {
            self.places.insert(*moved, place);
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn all(&self) -> &[Number] {
        &self.all
    }

    pub(super) fn pick(&self, random: &mut Random) -> Option<Number> {
        random.pick(&self.all).copied()
    }

    /// A share of them, drawn at random.
    pub(super) fn some(&self, share: f64, random: &mut Random) -> Vec<Number> {
        let mut all = self.all.clone();
        random.shuffle(&mut all);
        all.truncate((share * all.len() as f64).round() as usize);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_removed_is_never_drawn() {
        let mut crowd = Crowd::default();
        (0..10).for_each(|number| crowd.add(number));
        for number in [9, 0, 4] {
            assert!(crowd.remove(number));
            assert!(!crowd.remove(number));
        }
        let mut random = Random::new(1);
        let mut drawn: Vec<_> = (0..200).filter_map(|_| crowd.pick(&mut random)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [1, 2, 3, 5, 6, 7, 8]);
    }

    #[test]
    fn a_share_is_as_large_as_it_says_and_has_nobody_twice() {
        let mut crowd = Crowd::default();
        (0..10).for_each(|number| crowd.add(number));
        let mut some = crowd.some(0.3, &mut Random::new(7));
        some.sort_unstable();
        some.dedup();
        assert_eq!(some.len(), 3);
    }
}
