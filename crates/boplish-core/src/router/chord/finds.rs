//! Questions for the owner of a key, and what their answers are for.

use core::time::Duration;

use boplish_wire::limits::MAX_WAYPOINTS;
use boplish_wire::ring::{Place, RingMessage, RingState};
use boplish_wire::{MessageId, PeerId, Way};
use rand_core::Rng;

use super::{Chord, RouterOutput};
use crate::table::Table;
use crate::time::Time;

/// Questions that wait for an answer; the application's own are refused beyond that.
const MAX_FINDS: usize = 1024;

/// An answer is waited for this long, then the question is asked again, this often.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);
const MAX_ATTEMPTS: u8 = 3;

/// Places on either side of the owner that show which ring it is in, or make candidates.
pub(super) const PLACES: u8 = 8;

/// What an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To join the ring where the own id belongs.
    Join,
    /// To see whether the successor is the same over another neighbour.
    Check,
    /// To join the ring that these peers lead to, too.
    Foreign,
    /// For a long link: to the owner, or to whoever is nearest in latency around it.
    Long { nearby: bool },
    /// To see whether a peer at the bootstrap server is in this ring.
    Other(PeerId),
    /// For the application.
    Application(MessageId),
}

impl Purpose {
    /// How many places on either side of the owner are of use.
    fn places(&self) -> u8 {
        match self {
            Self::Join | Self::Other(_) | Self::Application(_) => 0,
            Self::Check | Self::Foreign | Self::Long { nearby: false } => 2,
            Self::Long { nearby: true } => PLACES,
        }
    }
}

#[derive(Debug)]
struct Find {
    key: PeerId,
    over: Vec<PeerId>,
    purpose: Purpose,
    deadline: Time,
    attempts: u8,
}

/// All questions that wait.
#[derive(Debug)]
pub(super) struct Finds {
    waiting: Table<u32, Find>,
    /// The question that went to anyone at the bootstrap server.
    pub(super) look_around: u32,
}

impl Finds {
    pub(super) fn new() -> Self {
        Self {
            waiting: Table::new(),
            look_around: 0,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Time> {
        self.waiting.values().map(|find| find.deadline).min()
    }

    /// How many long links are being looked for.
    pub(super) fn long(&self) -> usize {
        let is_long = |find: &&Find| matches!(find.purpose, Purpose::Long { .. });
        self.waiting.values().filter(is_long).count()
    }

    /// Whether there is a question for this purpose.
    pub(super) fn has(&self, purpose: &Purpose) -> bool {
        self.waiting.values().any(|find| find.purpose == *purpose)
    }
}

impl Chord {
    /// Asks who owns a key, over the given peers first.
    pub(super) fn find(&mut self, now: Time, key: PeerId, over: Vec<PeerId>, purpose: Purpose) {
        if self.finds.waiting.len() >= MAX_FINDS {
            if let Purpose::Application(id) = purpose {
                self.outputs.push_back(RouterOutput::NotFound { id });
            }
            return;
        }
        let token = self.rng.next_u32();
        let find = Find {
            key,
            over,
            purpose,
            deadline: now + ANSWER_TIMEOUT,
            attempts: 1,
        };
        self.ask(token, &find);
        self.finds.waiting.insert(token, find);
    }

    fn ask(&mut self, token: u32, find: &Find) {
        let way = Way {
            by_key: true,
            over: find.over.iter().take(MAX_WAYPOINTS).copied().collect(),
            ..Way::default()
        };
        let places = find.purpose.places();
        self.say_over(Some(find.key), &RingMessage::Find { token, places }, way);
    }

    /// Asks again, or gives up.
    pub(super) fn drive_finds(&mut self, now: Time) {
        let due = |find: &(&u32, &Find)| find.1.deadline <= now;
        let due: Vec<u32> = self
            .finds
            .waiting
            .iter()
            .filter(due)
            .map(|it| *it.0)
            .collect();
        for token in due {
            let Some(mut find) = self.finds.waiting.remove(&token) else {
                continue;
            };
            if find.attempts >= MAX_ATTEMPTS {
                if let Purpose::Application(id) = find.purpose {
                    self.outputs.push_back(RouterOutput::NotFound { id });
                }
                continue;
            }
            find.attempts += 1;
            find.deadline = now + ANSWER_TIMEOUT;
            self.ask(token, &find);
            self.finds.waiting.insert(token, find);
        }
    }

    /// Gives up what the application looks for.
    pub(super) fn give_up_finds(&mut self) {
        for (_, find) in core::mem::replace(&mut self.finds, Finds::new()).waiting {
            if let Purpose::Application(id) = find.purpose {
                self.outputs.push_back(RouterOutput::NotFound { id });
            }
        }
    }

    /// Finds the owner of a key for the application.
    pub(super) fn find_for_application(&mut self, now: Time, id: MessageId, key: PeerId) {
        if self.ring.owns(&key) {
            let owner = self.own;
            self.outputs
                .push_back(RouterOutput::Found { id, owner, hops: 0 });
            return;
        }
        self.find(now, key, Vec::new(), Purpose::Application(id));
    }

    /// Somebody asks for the owner of a key, and this peer is it; or asks anyone.
    pub(super) fn answer_find(&mut self, from: PeerId, token: u32, places: u8, hops: u8) {
        let mut state = self.ring.state(false);
        state.predecessors.truncate(places.into());
        state.successors.truncate(places.into());
        // The lists travel when they change: coordinates in them are those of that time.
        for place in state.predecessors.iter_mut().chain(&mut state.successors) {
            *place = self.place_of(place.peer);
        }
        let found = RingMessage::Found {
            token,
            hops,
            coordinates: self.vivaldi.coordinates(),
            state,
        };
        self.say(from, &found);
    }

    /// An answer has come.
    pub(super) fn handle_found(
        &mut self,
        now: Time,
        owner: Place,
        token: u32,
        hops: u8,
        state: &RingState,
    ) {
        if token != 0 && token == self.finds.look_around {
            self.finds.look_around = 0;
            return self.compare_rings(now, owner.peer, state);
        }
        let Some(find) = self.finds.waiting.remove(&token) else {
            return;
        };
        match find.purpose {
            Purpose::Application(id) => {
                let owner = owner.peer;
                self.outputs
                    .push_back(RouterOutput::Found { id, owner, hops });
            }
            Purpose::Long { nearby } => self.choose_long_link(now, owner, state, nearby),
            Purpose::Join => self.approach(now, owner.peer, Vec::new()),
            Purpose::Check | Purpose::Foreign => {
                self.compare_successor(now, owner.peer, state, find.over);
            }
            Purpose::Other(peer) => {
                if owner.peer != peer {
                    // No member of this ring, but one of another.
                    self.want_foreign(now, peer);
                }
            }
        }
    }
}
