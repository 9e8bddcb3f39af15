//! What the application has asked of the store, until there is an answer.

use core::time::Duration;

use boplish_wire::store::{Client, Outcome, StoreMessage};
use boplish_wire::{PeerId, Record, RecordError};

use super::{Dht, StoreToken};
use crate::service::StoreOutput;
use crate::time::Time;

/// A question without an answer is asked again after this long, then after twice that, and so on up
/// to `RESEND`: the owner may have died.
const FIRST_RESEND: Duration = Duration::from_secs(1);
const RESEND: Duration = Duration::from_millis(2_500);

/// The same, when this peer has just become a member: the owner may be about to.
const RESEND_AS_NEWCOMER: Duration = Duration::from_millis(250);

/// And given up after this long.
const LIMIT: Duration = Duration::from_secs(20);

/// Questions at one time.
const MAX_ASKED: usize = 4096;

/// Why a record is not stored, or not by most of those who should have it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// The record itself is wrong.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Another record is there: a newer one, or not that which was expected.
    #[error("another record is stored under this key")]
    Conflict(Option<Box<Record>>),
    /// The network refuses it: with compare-and-swap, the sequence number must be the next one.
    #[error("the record was refused")]
    Refused,
    /// Those who should store it have no room for its publisher.
    #[error("there is no room for the record")]
    Full,
    /// Too few have answered: it may be stored, or not. Putting the same record again is safe.
    #[error("too few peers have answered: the record may be stored, or not")]
    Unknown,
    /// Too many questions are waiting for their answers.
    #[error("too many questions to the store are waiting; wait for some to end")]
    Congested,
    /// The node is closed, or was not opened yet.
    #[error("the node is not open")]
    Closed,
}

/// Why it is not known what is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// Too few peers have answered.
    #[error("too few peers have answered")]
    Unavailable,
    /// Too many questions are waiting for their answers.
    #[error("too many questions to the store are waiting; wait for some to end")]
    Congested,
    /// The node is closed, or was not opened yet.
    #[error("the node is not open")]
    Closed,
}

/// A question of the application.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) what: What,
    resend: Time,
    /// From the next time it is asked to that after it.
    pause: Duration,
    deadline: Time,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Put {
        key: PeerId,
        record: Vec<u8>,
        expected: Option<u64>,
    },
    Get {
        key: PeerId,
        quick: bool,
    },
    /// The records with the keys after the first and up to the second.
    List {
        from: PeerId,
        to: PeerId,
    },
}

impl What {
    fn key(&self) -> PeerId {
        match self {
            Self::Put { key, .. } | Self::Get { key, .. } => *key,
            Self::List { to, .. } => *to,
        }
    }
}

impl Asked {
    pub(super) fn due(&self) -> Time {
        self.resend.min(self.deadline)
    }
}

impl Dht {
    /// Stores a record, with `expected` only if the record before has this sequence number (0: if
    /// there is none).
    pub(super) fn ask_to_put(
        &mut self,
        now: Time,
        record: &Record,
        expected: Option<u64>,
    ) -> Result<StoreToken, PutError> {
        record.check_time(self.seconds(now))?;
        let what = What::Put {
            key: record.key(),
            record: record.encode(),
            expected,
        };
        self.ask(now, what).ok_or(PutError::Congested)
    }

    /// Asks for the record with a key. `quick`: the copy of the key's owner will do, though a
    /// newer one may just be written.
    pub(super) fn ask_for(
        &mut self,
        now: Time,
        key: PeerId,
        quick: bool,
    ) -> Result<StoreToken, GetError> {
        let what = What::Get { key, quick };
        self.ask(now, what).ok_or(GetError::Congested)
    }

    pub(super) fn ask(&mut self, now: Time, what: What) -> Option<StoreToken> {
        if self.asked.len() >= MAX_ASKED {
            return None;
        }
        let token = self.token();
        self.send_to_owner(token, what.clone());
        let asked = Asked {
            what,
            resend: now + FIRST_RESEND,
            pause: FIRST_RESEND * 2,
            deadline: now + LIMIT,
        };
        self.asked.insert(token, asked);
        Some(StoreToken(token))
    }

    /// What is asked goes out once more: nobody could answer before.
    pub(super) fn ask_again(&mut self, now: Time) {
        for asked in self.asked.values_mut() {
            asked.resend = now;
            asked.pause = RESEND_AS_NEWCOMER;
        }
    }

    fn send_to_owner(&mut self, token: u32, what: What) {
        let key = what.key();
        let client = Client::WRITER;
        let message = match what {
            What::Put {
                key: _,
                record,
                expected,
            } => StoreMessage::Put {
                token,
                client,
                record,
                expected,
            },
            What::Get { key, quick } => StoreMessage::Get {
                token,
                client,
                key,
                quick,
            },
            What::List { from, to } => StoreMessage::List {
                token,
                client,
                from,
                to,
            },
        };
        self.outputs
            .push_back(StoreOutput::say_to_owner(key, &message));
    }

    /// The owner of a key tells how a question ended.
    pub(super) fn handle_done(
        &mut self,
        now: Time,
        from: PeerId,
        token: u32,
        outcome: Outcome,
        record: Option<&[u8]>,
    ) {
        let Some(asked) = self.asked.get(&token) else {
            return;
        };
        let key = asked.what.key();
        let is_put = matches!(asked.what, What::Put { .. });
        let result = match outcome {
            // It is asked again, until its time is up.
            Outcome::Unknown => return,
            Outcome::Stored => Ok(()),
            Outcome::Conflict => {
                let record = record.and_then(|bytes| self.decode(now, from, bytes));
                let record = record.filter(|record| record.key() == key);
                Err(PutError::Conflict(record.map(Box::new)))
            }
            Outcome::Refused => Err(PutError::Refused),
            Outcome::Full => Err(PutError::Full),
        };
        if is_put {
            self.asked.remove(&token);
            let token = StoreToken(token);
            self.outputs.push_back(StoreOutput::Put { token, result });
        }
    }

    /// The owner of a key tells what is stored there.
    pub(super) fn handle_found(&mut self, now: Time, token: u32, record: Option<Record>) {
        let unix = self.seconds(now);
        let Some(asked) = self.asked.get(&token) else {
            return;
        };
        let What::Get { key, .. } = asked.what else {
            return;
        };
        if record.as_ref().is_some_and(|record| record.key() != key) {
            return;
        }
        self.asked.remove(&token);
        let record = record.filter(|record| record.expires() > unix);
        if self.popular.is_own(token) {
            if let Some(record) = record {
                self.popular.take(now, record);
            }
            return;
        }
        let result = Ok(record);
        let token = StoreToken(token);
        self.outputs.push_back(StoreOutput::Got { token, result });
    }

    pub(super) fn drive_asked(&mut self, now: Time) {
        let due = self.asked.iter().filter(|(_, it)| it.due() <= now);
        let due: Vec<u32> = due.map(|(token, _)| *token).collect();
        for token in due {
            let Some(asked) = self.asked.get_mut(&token) else {
                continue;
            };
            if asked.deadline > now {
                asked.resend = now + asked.pause;
                asked.pause = (asked.pause * 2).min(RESEND);
                let what = asked.what.clone();
                self.send_to_owner(token, what);
                continue;
            }
            let what = asked.what.clone();
            self.asked.remove(&token);
            if self.popular.is_own(token) {
                continue;
            }
            let token = StoreToken(token);
            self.outputs.push_back(match what {
                What::Put { .. } => StoreOutput::Put {
                    token,
                    result: Err(PutError::Unknown),
                },
                What::Get { .. } => StoreOutput::Got {
                    token,
                    result: Err(GetError::Unavailable),
                },
                What::List { .. } => StoreOutput::Listed {
                    token,
                    result: Err(GetError::Unavailable),
                },
            });
        }
    }
}
