//! One direction of an ordered, reliable path (a data channel or a WebSocket) over a network
//! that may be cut: nothing is lost, reordered or doubled; it only waits.

use core::time::Duration;
use std::collections::VecDeque;

use boplish_core::Time;

/// Retransmission time-outs double from here (RFC 9260, section 15; RFC 6298) …
const RTO_FIRST: Duration = Duration::from_secs(1);
/// … up to here.
const RTO_MOST: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Pipe<T> {
    items: VecDeque<T>,
    /// When the latest item arrives: later ones don't overtake it.
    last_arrival: Time,
    /// Since when something waits for the path to heal; `Some` also while nothing waits yet.
    stalled: Option<Stall>,
    /// Deliveries scheduled before a stall are void; they carry an older epoch.
    epoch: u32,
}

#[derive(Debug, Clone, Copy)]
struct Stall {
    since: Option<Time>,
}

impl<T> Pipe<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: VecDeque::new(),
            last_arrival: Time::START,
            stalled: None,
            epoch: 0,
        }
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Takes an item that would need until `arrival`. The answer is when it arrives, `None` if
    /// it waits for the path.
    pub(crate) fn send(&mut self, now: Time, arrival: Time, item: T) -> Option<Time> {
        self.items.push_back(item);
        match &mut self.stalled {
            Some(stall) => {
                stall.since.get_or_insert(now);
                None
            }
            None => {
                self.last_arrival = self.last_arrival.max(arrival);
                Some(self.last_arrival)
            }
        }
    }

    /// The item whose delivery was scheduled in this epoch.
    pub(crate) fn deliver(&mut self, epoch: u32) -> Option<T> {
        if epoch != self.epoch || self.stalled.is_some() {
            return None;
        }
        self.items.pop_front()
    }

    /// The path is cut: what is on its way is lost and will be sent again.
    pub(crate) fn stall(&mut self, now: Time) {
        if self.stalled.is_none() {
            self.epoch = self.epoch.wrapping_add(1);
            self.stalled = Some(Stall {
                since: (!self.items.is_empty()).then_some(now),
            });
        }
    }

    /// The path has healed. The answer is when the next retransmission gets through; `None` if
    /// nothing waits, and the pipe flows again at once.
    pub(crate) fn heal(&mut self, now: Time) -> Option<Time> {
        let since = match self.stalled?.since {
            Some(since) if !self.items.is_empty() => since,
            Some(_) | None => {
                self.stalled = None;
                return None;
            }
        };
        Some(retransmission(since, now))
    }

    /// The retransmission has come and the path is open: how many items flow again.
    pub(crate) fn resume(&mut self, arrival: Time) -> usize {
        if self.stalled.take().is_none() {
            return 0;
        }
        self.last_arrival = self.last_arrival.max(arrival);
        self.items.len()
    }

    pub(crate) fn last_arrival(&self) -> Time {
        self.last_arrival
    }
}

/// When what has waited since then is sent again, on a path that has healed now.
pub(crate) fn retransmission(since: Time, now: Time) -> Time {
    let (mut at, mut timeout) = (since + RTO_FIRST, RTO_FIRST * 2);
    while at < now {
        at += timeout;
        timeout = (timeout * 2).min(RTO_MOST);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn after_ten_seconds_without_a_path_data_comes_five_seconds_late() {
        let mut pipe = Pipe::new();
        pipe.send(at(100), at(101), 'a');
        pipe.stall(at(100));
        // Sent again after 1, 3, 7, 15 s.
        assert_eq!(pipe.heal(at(110)), Some(at(115)));
    }

    #[test]
    fn a_later_item_does_not_overtake() {
        let mut pipe = Pipe::new();
        assert_eq!(pipe.send(at(0), at(5), 'a'), Some(at(5)));
        assert_eq!(pipe.send(at(1), at(2), 'b'), Some(at(5)));
        assert_eq!(pipe.deliver(0), Some('a'));
        assert_eq!(pipe.deliver(0), Some('b'));
    }

    #[test]
    fn what_was_on_its_way_when_the_path_was_cut_comes_after_it_healed() {
        let mut pipe = Pipe::new();
        pipe.send(at(0), at(1), 'a');
        let epoch = pipe.epoch();
        pipe.stall(at(0));
        assert_eq!(pipe.deliver(epoch), None);
        assert_eq!(pipe.heal(at(2)), Some(at(3)));
        assert_eq!(pipe.resume(at(3)), 1);
        assert_eq!(pipe.deliver(pipe.epoch()), Some('a'));
    }
}
