//! The owner of a key carries a write or a read out among the replicas.
//!
//! A newcomer does not know yet what there is: for its first minute it passes everything on to its
//! successor, who was the owner before.

use core::cmp::Ordering;
use core::time::Duration;

use boplish_wire::store::{Ballot, Client, Outcome, StoreMessage};
use boplish_wire::{PeerId, Record};
use rand_core::Rng;

use super::Dht;
use super::shelf::{Held, Taken};
use crate::time::Time;

/// Who has not answered by then is asked again.
pub(super) const RESEND: Duration = Duration::from_millis(1_200);

/// A round ends after this long, whatever has come of it.
const LIMIT: Duration = Duration::from_secs(6);

/// Between two attempts, if another owner is at it, too: at least, and at most so much more.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
pub(super) const PAUSE_MORE: u32 = 300;

/// Over so many newcomers a question is passed on.
const MAX_PASSED: u8 = 3;

/// Rounds at one time; whoever asks for one more gets no answer, and asks again.
const MAX_ROUNDS: usize = 512;

/// A question to the replicas of a key, and what has come of it.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) key: PeerId,
    /// Who gets the answer, and the number of its question.
    pub(super) client: (PeerId, u32),
    pub(super) goal: Goal,
    pub(super) step: Step,
    pub(super) voters: Vec<PeerId>,
    /// Those who have answered, and what they have, as far as they were asked.
    pub(super) yes: Vec<PeerId>,
    pub(super) no: Vec<PeerId>,
    /// The version that stands above the others, of those that answers have told.
    pub(super) best: Option<Held>,
    /// Whether all answers told the same.
    pub(super) agree: bool,
    /// The latest ballot that anybody has mentioned.
    pub(super) latest: Ballot,
    pub(super) begun: Time,
    pub(super) resend: Time,
}

/// What a round is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    Put,
    /// The record is written if the one before has this sequence number.
    Swap(Record, u64),
    Read,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// What is there?
    Ask,
    /// The same, and take no record of an earlier ballot.
    Prepare(Ballot),
    /// Store this; then the round has ended so.
    Store(Box<Held>, Outcome),
    /// Another owner is at it, too.
    Wait,
}

impl Round {
    fn deadline(&self) -> Time {
        self.begun + LIMIT
    }

    pub(super) fn due(&self) -> Time {
        self.resend.min(self.deadline())
    }

    pub(super) fn has_answered(&self, peer: &PeerId) -> bool {
        self.yes.contains(peer) || self.no.contains(peer)
    }

    /// Takes what a replica has.
    pub(super) fn learn(&mut self, held: Option<Held>) {
        let is_first = self.yes.is_empty();
        if !is_first && self.best != held {
            self.agree = false;
        }
        let Some(held) = held else {
            return;
        };
        self.latest = self.latest.max(held.ballot);
        let stands = |best: &Held| held.cmp_versions(best) == Ordering::Greater;
        if self.best.as_ref().is_none_or(stands) {
            self.best = Some(held);
        }
    }
}

impl Dht {
    /// Whom a question for an own key is passed on to, if this peer is too new to answer, and for
    /// whom.
    pub(super) fn elder(&self, now: Time, peer: PeerId, passed: u8) -> Option<(PeerId, Client)> {
        let is_new = !self.view.is_mature(now) && passed < MAX_PASSED;
        let client = Client {
            peer: Some(peer),
            passed: passed.saturating_add(1),
        };
        Some((self.view.successor().filter(|_| is_new)?, client))
    }

    pub(super) fn lead_put(
        &mut self,
        now: Time,
        from: PeerId,
        (token, client): (u32, Client),
        record: Vec<u8>,
        expected: Option<u64>,
    ) {
        let peer = client.peer.unwrap_or(from);
        if let Some((elder, client)) = self.elder(now, peer, client.passed) {
            let put = StoreMessage::Put {
                token,
                client,
                record,
                expected,
            };
            return self.say(elder, put);
        }
        let decoded = self.decode(now, from, &record);
        let follows = |record: &Record| {
            expected.is_none_or(|before| before.checked_add(1) == Some(record.sequence()))
        };
        let Some(record) = decoded.filter(follows) else {
            return self.done((peer, token), Outcome::Refused, None);
        };
        let key = record.key();
        let goal = match expected {
            Some(expected) => Goal::Swap(record.clone(), expected),
            None => Goal::Put,
        };
        let Some(number) = self.begin(now, key, (peer, token), goal) else {
            return;
        };
        match expected {
            Some(_) => self.prepare(now, number),
            None => self.write(now, number, Held::new(record, 0), Outcome::Stored),
        }
    }

    pub(super) fn lead_get(
        &mut self,
        now: Time,
        from: PeerId,
        (token, client): (u32, Client),
        key: PeerId,
        quick: bool,
    ) {
        let peer = client.peer.unwrap_or(from);
        if let Some((elder, client)) = self.elder(now, peer, client.passed) {
            let get = StoreMessage::Get {
                token,
                client,
                key,
                quick,
            };
            return self.say(elder, get);
        }
        if quick {
            let copy = self.read(now, token, key, 0);
            if matches!(
                &copy,
                StoreMessage::Copy {
                    record: Some(_),
                    ..
                }
            ) {
                return self.say(peer, copy);
            }
        }
        if let Some(number) = self.begin(now, key, (peer, token), Goal::Read) {
            self.ask_voters(now, number, Step::Ask);
        }
    }

    /// Begins a round, unless it runs already, or there are too many; or most replicas would be this
    /// peer alone, which others are about to join: who asks will ask again.
    fn begin(&mut self, now: Time, key: PeerId, client: (PeerId, u32), goal: Goal) -> Option<u32> {
        let runs = self.rounds.values().any(|round| round.client == client);
        if runs || self.rounds.len() >= MAX_ROUNDS || !self.view.is_settled() {
            return None;
        }
        let number = self.token();
        let round = Round {
            key,
            client,
            goal,
            step: Step::Wait,
            voters: self.view.voters(now, &key, self.config.replicas),
            yes: Vec::new(),
            no: Vec::new(),
            best: None,
            agree: true,
            latest: self.shelf.latest(now, &key),
            begun: now,
            resend: now + RESEND,
        };
        self.rounds.insert(number, round);
        Some(number)
    }

    /// Asks for promises in a ballot later than any that is known.
    pub(super) fn prepare(&mut self, now: Time, number: u32) {
        let Some(round) = self.rounds.get(&number) else {
            return;
        };
        let next = (round.latest >> 32).saturating_add(1).min(u32::MAX.into());
        let ballot = next << 32 | u64::from(self.rng.next_u32());
        self.ask_voters(now, number, Step::Prepare(ballot));
    }

    fn ask_voters(&mut self, now: Time, number: u32, step: Step) {
        let Some(round) = self.rounds.get_mut(&number) else {
            return;
        };
        round.step = step;
        round.resend = now + RESEND;
        round.yes.clear();
        round.no.clear();
        round.best = None;
        round.agree = true;
        self.send_to_voters(now, number);
    }

    /// Writes a record to all who should have it.
    pub(super) fn write(&mut self, now: Time, number: u32, held: Held, outcome: Outcome) {
        self.ask_voters(now, number, Step::Store(Box::new(held), outcome));
    }

    /// Says what this step is about to those who have not answered.
    fn send_to_voters(&mut self, now: Time, number: u32) {
        let Some(round) = self.rounds.get(&number) else {
            return;
        };
        let (key, step) = (round.key, round.step.clone());
        let mut to = round.voters.clone();
        if let Step::Store(..) = step {
            for holder in self.view.holders(&key, self.config.replicas) {
                if !to.contains(&holder) {
                    to.push(holder);
                }
            }
        }
        to.retain(|peer| !round.has_answered(peer));
        self.send_to(now, number, &to);
    }

    /// Says what this step is about to these.
    pub(super) fn send_to(&mut self, now: Time, number: u32, to: &[PeerId]) {
        let Some(round) = self.rounds.get(&number) else {
            return;
        };
        let (key, step) = (round.key, round.step.clone());
        for peer in to.iter().copied() {
            let message = match &step {
                Step::Ask => StoreMessage::Read {
                    token: number,
                    key,
                    ballot: 0,
                },
                Step::Prepare(ballot) => StoreMessage::Read {
                    token: number,
                    key,
                    ballot: *ballot,
                },
                Step::Store(held, _) => StoreMessage::Store {
                    token: number,
                    ballot: held.ballot,
                    record: held.record.encode(),
                },
                Step::Wait => return,
            };
            if peer == self.own {
                self.answer_myself(now, number, &step);
            } else {
                self.say(peer, message);
            }
        }
    }

    /// This peer is a replica, too.
    fn answer_myself(&mut self, now: Time, number: u32, step: &Step) {
        let own = self.own;
        match step {
            Step::Ask | Step::Prepare(_) => {
                let ballot = match step {
                    Step::Prepare(ballot) => *ballot,
                    Step::Ask | Step::Store(..) | Step::Wait => 0,
                };
                let Some(key) = self.rounds.get(&number).map(|round| round.key) else {
                    return;
                };
                let (in_the_way, held) = self.consult(now, key, ballot);
                let held = held.cloned();
                let ballot = in_the_way.unwrap_or(0);
                self.take_copy(now, own, number, in_the_way.is_none(), ballot, held);
            }
            Step::Store(held, _) => {
                let taken = self.store(now, (**held).clone());
                let stored = matches!(taken, Taken::New | Taken::Same);
                self.handle_vote(now, own, number, stored);
            }
            Step::Wait => {}
        }
    }

    pub(super) fn drive_rounds(&mut self, now: Time) {
        let due = |round: &Round| round.due() <= now;
        let due: Vec<u32> = self
            .rounds
            .iter()
            .filter(|(_, round)| due(round))
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            let Some(round) = self.rounds.get_mut(&number) else {
                continue;
            };
            if round.deadline() <= now {
                self.end(number, Outcome::Unknown, None);
            } else if round.step == Step::Wait {
                self.prepare(now, number);
            } else {
                round.resend = now + RESEND;
                self.send_to_voters(now, number);
                self.judge_copies(now, number);
            }
        }
    }
}
