//! Has the ring judged by Zave's invariants while a simulation runs.

use std::time::Duration;

use boplish_native::core::Time;
use boplish_sim::check::ring::{RingJudge, Seat};
use boplish_sim::{PeerHandle, World};

use super::seconds;

/// Violations that are kept; a ring that is broken stays so for many steps.
const MOST_PROBLEMS: usize = 100;

/// A judge who looks at the ring now and then, or after every step.
#[derive(Debug)]
pub(super) struct Invariants {
    judge: RingJudge,
    /// Seconds between two looks; zero is after every step.
    every: f64,
    /// Not before that time.
    next_at: f64,
    /// Those who may still be members, by their numbers, which are their seats.
    living: Vec<Seat>,
    seats: Seat,
    problems: Vec<String>,
}

impl Invariants {
    /// For successor lists of this length, from this time on: the first peers of all make a ring
    /// where there was none.
    pub(super) fn new(successors: usize, every: f64, from: f64) -> Self {
        Self {
            judge: RingJudge::new(successors),
            every,
            next_at: from,
            living: Vec::new(),
            seats: 0,
            problems: Vec::new(),
        }
    }

    /// What was wrong, and when.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Lets everything happen until then, and looks as often as it shall.
    pub(super) fn run(&mut self, world: &mut World, until: Time) {
        let is_due = seconds(until) >= self.next_at;
        if self.every > 0.0 || !is_due {
            world.run_until(until);
            if is_due {
                self.next_at = seconds(until) + self.every;
                self.look(world);
            }
            return;
        }
        let limit = until.since(world.now());
        // It only looks, and never has enough, so the time is always up.
        let _ = world.run_until_condition("the time is up", limit, |world| {
            self.look(world);
            false
        });
    }

    fn look(&mut self, world: &World) {
        for peer in world.peers().skip(self.seats as usize) {
            let seat = self.judge.add(&world.id(peer));
            self.living.push(seat);
            self.seats = seat + 1;
        }
        let mut has_changed = false;
        let judge = &mut self.judge;
        self.living.retain(|seat| {
            let peer = PeerHandle::from_index(*seat);
            let Some(ring) = world.look(peer).and_then(|node| node.ring()) else {
                judge.gone(*seat);
                has_changed = true;
                return false;
            };
            let seats = ring.successors.iter();
            let seats = seats.filter_map(|id| Some(world.find(*id)?.index() as Seat));
            has_changed |= judge.update(*seat, ring.member, seats);
            true
        });
        if has_changed
            && self.problems.len() < MOST_PROBLEMS
            && let Err(broken) = self.judge.check_all()
        {
            let at = world.now().since(Time::START);
            self.problems.push(at_time(at, &broken.to_string()));
        }
    }
}

fn at_time(at: Duration, what: &str) -> String {
    format!("at {:.3} s: {what}", at.as_secs_f64())
}
