//! What replicas answer to a round, and how it ends.

use core::cmp::Ordering;
use core::time::Duration;

use boplish_wire::store::{Ballot, Outcome, StoreMessage};
use boplish_wire::{PeerId, Record};
use rand_core::Rng;

use super::lead::{Goal, PAUSE, PAUSE_MORE, RESEND, Round, Step};
use super::shelf::Held;
use super::{Dht, majority};
use crate::time::Time;

impl Dht {
    pub(super) fn handle_copy(
        &mut self,
        now: Time,
        from: PeerId,
        number: u32,
        promised: bool,
        ballot: Ballot,
        record: Option<Record>,
    ) {
        let Some(round) = self.rounds.get(&number) else {
            return;
        };
        if record.as_ref().is_some_and(|it| it.key() != round.key) {
            return;
        }
        let held = record.map(|record| Held::new(record, if promised { ballot } else { 0 }));
        self.take_copy(now, from, number, promised, ballot, held);
    }

    pub(super) fn take_copy(
        &mut self,
        now: Time,
        from: PeerId,
        number: u32,
        promised: bool,
        ballot: Ballot,
        held: Option<Held>,
    ) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        let is_asked = matches!(round.step, Step::Ask | Step::Prepare(_));
        if !is_asked || !round.voters.contains(&from) || round.has_answered(&from) {
            return;
        }
        if !promised {
            round.latest = round.latest.max(ballot);
            round.no.push(from);
            if round.no.len() > round.voters.len() - majority(round.voters.len()) {
                let pause = Duration::from_millis(u64::from(self.rng.next_u32() % PAUSE_MORE));
                round.step = Step::Wait;
                round.resend = now + PAUSE + pause;
            }
            return;
        }
        round.learn(held);
        round.yes.push(from);
        self.judge_copies(now, number);
    }

    /// Whether that nobody has it means little yet: in its first minute a peer takes all for
    /// replicas that are there, and most of them may be newcomers with nothing, as where a whole
    /// network begins anew from disks.
    fn others_may_have_it(&self, now: Time, round: &Round) -> bool {
        if round.best.is_some() || self.view.is_mature(now) || now >= round.begun + RESEND {
            return false;
        }
        let holders = self.view.holders(&round.key, self.config.replicas);
        let is_awaited = |peer: &PeerId| holders.contains(peer) && !round.has_answered(peer);
        round.voters.iter().any(is_awaited)
    }

    /// Goes on if most have answered.
    pub(super) fn judge_copies(&mut self, now: Time, number: u32) {
        let Some(round) = self.rounds.get(&number) else {
            return;
        };
        if round.yes.len() < majority(round.voters.len()) || self.others_may_have_it(now, round) {
            return;
        }
        let (best, step) = (round.best.clone(), round.step.clone());
        match (step, round.goal.clone()) {
            // Only what most have counts; else it may be a write that nobody has heard the end of.
            (Step::Ask, _) if !round.agree => self.prepare(now, number),
            (Step::Ask, _) => self.end_read(number, best),
            (Step::Prepare(ballot), goal) => self.decide(now, number, ballot, goal, best),
            (Step::Store(..) | Step::Wait, _) => {}
        }
    }

    /// Most have promised, and said what they have.
    fn decide(&mut self, now: Time, number: u32, ballot: Ballot, goal: Goal, best: Option<Held>) {
        let sequence = best.as_ref().map_or(0, |held| held.record.sequence());
        let record = best.map(|held| held.record);
        match (goal, record) {
            (Goal::Swap(new, expected), record)
                if sequence == expected || record.as_ref() == Some(&new) =>
            {
                self.write(now, number, Held::new(new, ballot), Outcome::Stored);
            }
            // What is there is written to the end first.
            (Goal::Swap(..), Some(record)) => {
                self.write(now, number, Held::new(record, ballot), Outcome::Conflict);
            }
            (Goal::Swap(..), None) => self.end(number, Outcome::Conflict, None),
            (Goal::Read | Goal::Put, Some(record)) => {
                self.write(now, number, Held::new(record, ballot), Outcome::Stored);
            }
            (Goal::Read | Goal::Put, None) => self.end_read(number, None),
        }
    }

    pub(super) fn handle_vote(&mut self, now: Time, from: PeerId, number: u32, stored: bool) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        let is_asked = matches!(round.step, Step::Store(..));
        if !is_asked || !round.voters.contains(&from) || round.has_answered(&from) {
            return;
        }
        match stored {
            true => round.yes.push(from),
            false => round.no.push(from),
        }
        self.judge_votes(now, number);
    }

    /// Ends the round if most have stored the record, or can't any more.
    fn judge_votes(&mut self, now: Time, number: u32) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        let Step::Store(held, outcome) = round.step.clone() else {
            return;
        };
        let most = majority(round.voters.len());
        if round.yes.len() >= most {
            match (&round.goal, outcome) {
                (Goal::Read, _) => self.end_read(number, Some(*held)),
                (Goal::Put | Goal::Swap(..), Outcome::Conflict) => {
                    self.end(number, outcome, Some(held.record));
                }
                (Goal::Put | Goal::Swap(..), _) => self.end(number, outcome, None),
            }
        } else if round.no.len() > round.voters.len() - most {
            match round.goal {
                Goal::Put => {
                    let above = self.shelf.get(&held.record.key());
                    let above = above.filter(|it| it.cmp_versions(&held) == Ordering::Greater);
                    let above = above.map(|it| it.record.clone());
                    let outcome = match above {
                        Some(_) => Outcome::Conflict,
                        None => Outcome::Full,
                    };
                    self.end(number, outcome, above);
                }
                // A later ballot has come between.
                Goal::Swap(..) | Goal::Read => {
                    let pause = Duration::from_millis(u64::from(self.rng.next_u32() % PAUSE_MORE));
                    round.latest = round.latest.saturating_add(1 << 32);
                    round.step = Step::Wait;
                    round.resend = now + PAUSE + pause;
                }
            }
        }
    }

    /// One who was asked stores nothing: another votes in its place, if there is one.
    pub(super) fn replace_voter(&mut self, now: Time, number: u32, idle: &PeerId) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        let before = round.voters.len();
        round.voters.retain(|peer| peer != idle);
        if round.voters.len() == before {
            return;
        }
        let all = self.view.voters(now, &round.key, self.config.replicas);
        let other = all.into_iter().find(|peer| !round.voters.contains(peer));
        round.voters.extend(other);
        let asks = matches!(round.step, Step::Ask | Step::Prepare(_));
        if let Some(other) = other {
            self.send_to(now, number, &[other]);
        } else if asks {
            // Fewer are enough now.
            self.judge_copies(now, number);
        } else {
            self.judge_votes(now, number);
        }
    }

    fn end_read(&mut self, number: u32, best: Option<Held>) {
        if let Some(round) = self.rounds.remove(&number) {
            let (client, token) = round.client;
            let copy = StoreMessage::Copy {
                token,
                promised: true,
                ballot: 0,
                record: best.map(|held| held.record.encode()),
            };
            self.say(client, copy);
        }
    }

    pub(super) fn end(&mut self, number: u32, outcome: Outcome, record: Option<Record>) {
        if let Some(round) = self.rounds.remove(&number) {
            self.done(round.client, outcome, record);
        }
    }

    pub(super) fn done(
        &mut self,
        (client, token): (PeerId, u32),
        outcome: Outcome,
        record: Option<Record>,
    ) {
        let record = record.map(|record| record.encode());
        let done = StoreMessage::Done {
            token,
            outcome,
            record,
        };
        self.say(client, done);
    }
}
