//! What is yet to happen, in the order of time and then of entry.

use boplish_core::Time;

use crate::moment::{nanos, time};

/// Nanoseconds of a tick, as a power of two: 65.5 µs.
const TICK_BITS: u32 = 16;
/// Slots of one level, as a power of two: one word says which of them hold something.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
/// Enough for every time of 64 bits.
const LEVELS: usize = (u64::BITS - TICK_BITS).div_ceil(SLOT_BITS) as usize;
/// Emptied slots whose memory is kept for others, and the most events that each has room for: a
/// rush must not keep its memory for ever.
const MAX_SPARE: usize = 2 * SLOTS;
const MAX_SPARE_LENGTH: usize = 4_096;

/// Events by (time, entry): two events at one moment happen in the order in which they were
/// scheduled, which makes a run repeatable.
///
/// A hierarchical timing wheel (Varghese and Lauck, SOSP 1987). A slot of level n covers 64^n
/// ticks. An event waits on the lowest level on which its slot is not the present one, so that
/// what a level holds lies behind everything of the levels below. A slot keeps the order of
/// entry; when it becomes the present one, its events move down, and those of one tick are
/// sorted by time, stably.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// Events up to the present tick, the next one last.
    due: Vec<Entry<T>>,
    tick: u64,
    levels: Vec<Level<T>>,
    spare: Vec<Vec<Entry<T>>>,
    len: usize,
}

#[derive(Debug)]
struct Level<T> {
    /// Which slots hold something, as a bit set.
    occupied: u64,
    slots: Vec<Vec<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    /// Nanoseconds since the start.
    at: u64,
    event: T,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let level = || Level {
            occupied: 0,
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
        };
        Self {
            due: Vec::new(),
            tick: 0,
            levels: (0..LEVELS).map(|_| level()).collect(),
            spare: Vec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, at: Time, event: T) {
        let at = nanos(at);
        self.len += 1;
        let entry = Entry { at, event };
        if at >> TICK_BITS <= self.tick {
            // Behind those of the same time, which are nearer to the end.
            let place = self.due.partition_point(|other| other.at > at);
            self.due.insert(place, entry);
        } else {
            self.file(entry);
        }
    }

    /// When the next event happens.
    pub(crate) fn next_at(&mut self) -> Option<Time> {
        self.advance();
        self.due.last().map(|entry| time(entry.at))
    }

    pub(crate) fn pop(&mut self) -> Option<(Time, T)> {
        self.advance();
        let entry = self.due.pop()?;
        self.len -= 1;
        Some((time(entry.at), entry.event))
    }

    /// Puts an event of a later tick into its slot.
    fn file(&mut self, entry: Entry<T>) {
        let tick = entry.at >> TICK_BITS;
        let level = (tick ^ self.tick).ilog2() / SLOT_BITS;
        let slot = (tick >> (level * SLOT_BITS)) as usize % SLOTS;
        let level = &mut self.levels[level as usize];
        level.occupied |= 1 << slot;
        let slot = &mut level.slots[slot];
        if slot.capacity() == 0 {
            *slot = self.spare.pop().unwrap_or_default();
        }
        slot.push(entry);
    }

    /// Goes on to the next tick that has events, unless some are due.
    fn advance(&mut self) {
        while self.due.is_empty() {
            let next = |level: &Level<T>| level.occupied != 0;
            let Some(number) = self.levels.iter().position(next) else {
                return;
            };
            let level = &mut self.levels[number];
            let slot = level.occupied.trailing_zeros();
            level.occupied &= !(1 << slot);
            let entries = core::mem::take(&mut level.slots[slot as usize]);
            let shift = number as u32 * SLOT_BITS;
            let above = self.tick.checked_shr(shift + SLOT_BITS).unwrap_or(0);
            self.tick = (above << SLOT_BITS | u64::from(slot)) << shift;
            self.spread(entries);
        }
    }

    /// Files the events of a slot that has become the present one.
    fn spread(&mut self, mut entries: Vec<Entry<T>>) {
        for entry in entries.drain(..) {
            match entry.at >> TICK_BITS == self.tick {
                true => self.due.push(entry),
                false => self.file(entry),
            }
        }
        if self.spare.len() < MAX_SPARE && entries.capacity() <= MAX_SPARE_LENGTH {
            self.spare.push(entries);
        }
        self.due.sort_by_key(|entry| entry.at);
        self.due.reverse();
    }
}

#[cfg(test)]
mod tests {
    use core::cmp::Reverse;
    use core::time::Duration;
    use std::collections::BinaryHeap;

    use super::*;
    use crate::random::Random;

    #[test]
    fn events_of_one_moment_come_in_the_order_of_entry() {
        let mut queue = Queue::new();
        let late = Time::after_start(Duration::from_secs(2));
        queue.push(late, 'b');
        queue.push(late, 'c');
        queue.push(Time::START, 'a');
        let order: String = core::iter::from_fn(|| queue.pop())
            .map(|(_, event)| event)
            .collect();
        assert_eq!(order, "abc");
    }

    #[test]
    fn it_gives_what_a_heap_over_time_and_entry_gives() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let (mut queue, mut model) = (Queue::new(), BinaryHeap::new());
            let (mut now, mut entry) = (0, 0_u64);
            for _ in 0..2_000 {
                if random.chance(600) {
                    // Many at one moment, some soon, few after years.
                    let spans = [1, 1_000, 1 << 16, 1 << 22, 1 << 32, 1 << 40, 1 << 56];
                    let span = random.pick(&spans).copied().expect("there are some");
                    let at = now + random.below(span);
                    queue.push(time(at), entry);
                    model.push(Reverse((at, entry)));
                    entry += 1;
                } else {
                    let expected = model.pop().map(|Reverse((at, entry))| (time(at), entry));
                    if random.chance(500) {
                        assert_eq!(queue.next_at(), expected.map(|(at, _)| at), "seed {seed}");
                    }
                    assert_eq!(queue.pop(), expected, "seed {seed}");
                    now = expected.map_or(now, |(at, _)| nanos(at));
                }
                assert_eq!(queue.len(), model.len());
            }
        }
    }
}
