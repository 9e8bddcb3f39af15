//! Many short queues in one place: what is on its way on channels, most of which are empty most
//! of the time.

/// One queue of a [`Lanes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    first: u32,
    last: u32,
}

/// The items of all queues, each with the number of the one behind it.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    items: Vec<(Option<T>, u32)>,
    /// The items that are free, linked in the same way.
    free: u32,
    len: usize,
}

const NONE: u32 = u32::MAX;

impl Lane {
    pub(crate) const EMPTY: Self = Self {
        first: NONE,
        last: NONE,
    };

    pub(crate) fn is_empty(self) -> bool {
        self.first == NONE
    }
}

impl<T> Lanes<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            free: NONE,
            len: 0,
        }
    }

    pub(crate) fn push(&mut self, lane: &mut Lane, item: T) {
        let entry = (Some(item), NONE);
        let number = match self.items.get_mut(self.free as usize) {
            Some(free) => {
                let next = free.1;
                *free = entry;
                core::mem::replace(&mut self.free, next)
            }
            None => {
                self.items.push(entry);
                self.items.len() as u32 - 1
            }
        };
        match self.items.get_mut(lane.last as usize) {
            Some(last) => last.1 = number,
            None => lane.first = number,
        }
        lane.last = number;
        self.len += 1;
    }

    pub(crate) fn pop(&mut self, lane: &mut Lane) -> Option<T> {
        let (item, next) = self.items.get_mut(lane.first as usize)?;
        let taken = item.take();
        let number = core::mem::replace(&mut lane.first, *next);
        *next = core::mem::replace(&mut self.free, number);
        if lane.first == NONE {
            lane.last = NONE;
        }
        self.len -= 1;
        taken
    }

    pub(crate) fn clear(&mut self, lane: &mut Lane) {
        while self.pop(lane).is_some() {}
    }

    /// Items in a queue.
    pub(crate) fn count(&self, lane: Lane) -> usize {
        let next = |number: &u32| self.items.get(*number as usize).map(|it| it.1);
        core::iter::successors(Some(lane.first), next).count() - 1
    }

    /// Items in all queues.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::random::Random;

    #[test]
    fn each_lane_is_a_queue_of_its_own() {
        let mut random = Random::new(1);
        let mut lanes = Lanes::new();
        let mut all = vec![(Lane::EMPTY, VecDeque::new()); 5];
        for item in 0..2_000 {
            let (lane, model) = &mut all[random.below(5) as usize];
            match random.below(20) {
                0 => {
                    lanes.clear(lane);
                    model.clear();
                }
                1..=9 => assert_eq!(lanes.pop(lane), model.pop_front()),
                _ => {
                    lanes.push(lane, item);
                    model.push_back(item);
                }
            }
            assert_eq!(lanes.count(*lane), model.len());
            assert_eq!(lane.is_empty(), model.is_empty());
        }
        let all = all.iter().map(|(_, model)| model.len());
        assert_eq!(lanes.len(), all.sum::<usize>());
    }
}
