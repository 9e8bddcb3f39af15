//! Neighbours on the ring that no link leads to: they are asked over others, and those that don't
//! answer are left out.

use boplish_wire::PeerId;

use super::Chord;
use super::join::JOIN_INTERVAL;
use super::long_links::Want;
use crate::time::Time;

/// Turns after which a link to a relayed neighbour is tried again: what kept it away may be over.
const FIRST_RETRY: u16 = 4;

/// Questions in a row that a relayed neighbour may leave unanswered.
const MAX_MISSED: u8 = 3;

/// And so many if all successors do: then another member is asked, far away on the ring perhaps.
const MAX_MISSED_BY_ALL: u8 = MAX_MISSED + 1;

/// And so many where no other member is left who could be asked: then this one is alone.
const MAX_MISSED_ALONE: u8 = 8;

/// A neighbour on the ring that is reached over others.
#[derive(Debug)]
pub(super) struct Relayed {
    missed: u8,
    /// How often it was asked: in the turns that are powers of two, a link is tried again.
    turns: u16,
}

impl Default for Relayed {
    /// One that is asked for the first time.
    fn default() -> Self {
        Self {
            missed: 1,
            turns: 0,
        }
    }
}

impl Relayed {
    /// Whether it has answered the last question but one, or the last.
    fn has_answered(&self) -> bool {
        self.missed == 0 || (self.missed == 1 && self.turns > 0)
    }

    /// Whether it has left more than the last question unanswered.
    fn is_silent(&self) -> bool {
        self.missed > 1
    }

    /// Whether it has been silent for so long that the next in line is asked, too. It may live
    /// all the same, and others in the list may not: it stays until one of those has answered.
    fn is_in_doubt(&self) -> bool {
        self.missed > MAX_MISSED
    }
}

impl Chord {
    /// Those that no link leads to are asked over others.
    pub(super) fn stabilize_over_others(&mut self, now: Time) {
        let peers: Vec<PeerId> = self.relayed.keys().copied().collect();
        for peer in peers {
            let Some(relayed) = self.relayed.get_mut(&peer) else {
                continue;
            };
            relayed.missed = relayed.missed.saturating_add(1);
            relayed.turns = relayed.turns.saturating_add(1);
            let (turns, missed) = (relayed.turns, relayed.missed);
            let is_in_doubt = relayed.is_in_doubt();
            if is_in_doubt {
                self.ring.remove_predecessor(&peer);
            }
            let is_near = self.ring.is_near(&peer, self.config.ring_links);
            // One that is not near is only asked when those before it don't answer.
            let is_listed = self.ring.lists(&peer) && (is_near || turns == 1 || missed > 1);
            if (is_near && !is_in_doubt) || is_listed {
                self.stabilize_with(peer);
                if is_near && turns >= FIRST_RETRY && turns.is_power_of_two() {
                    self.want(now, peer, Want::Ring { foreign: false });
                }
            } else {
                self.relayed.remove(&peer);
                self.approached.take_if(|it| *it == peer);
            }
        }
    }

    /// A peer has told its place, or that it is as before.
    pub(super) fn has_answered(&mut self, peer: &PeerId) {
        if let Some(relayed) = self.relayed.get_mut(peer) {
            relayed.missed = 0;
        }
    }

    pub(super) fn is_silent(&self, peer: &PeerId) -> bool {
        self.relayed.get(peer).is_some_and(Relayed::is_silent)
    }

    pub(super) fn is_in_doubt(&self, peer: &PeerId) -> bool {
        self.relayed.get(peer).is_some_and(Relayed::is_in_doubt)
    }

    /// Nobody knows a way to a peer: one more silence, and it is in doubt.
    pub(super) fn not_found(&mut self, peer: PeerId) {
        if let Some(relayed) = self.relayed.get_mut(&peer) {
            relayed.missed = relayed.missed.max(MAX_MISSED);
        }
    }

    /// Whether there is no successor left but those that have been in doubt for more than a turn.
    pub(super) fn has_lost_successors(&self) -> bool {
        let missed = |it: &PeerId| self.relayed.get(it).map_or(0, |it| it.missed);
        let mut successors = self.ring.successors().iter();
        successors.all(|it| missed(&it.peer) > MAX_MISSED_BY_ALL)
    }

    /// A member has answered. If it is the first successor that is not in doubt, those before it
    /// are gone; if all are lost, any member will do.
    pub(super) fn drop_doubtful(&mut self, answering: &PeerId) {
        let successors = self.ring.successors().iter().map(|it| it.peer);
        let is_before = |it: &PeerId| it != answering && self.is_in_doubt(it);
        let doubtful: Vec<PeerId> = successors.take_while(is_before).collect();
        let next = self.ring.successors().get(doubtful.len());
        let is_next = next.map(|it| it.peer == *answering);
        if is_next.unwrap_or_else(|| self.has_lost_successors()) {
            for peer in doubtful {
                self.relayed.remove(&peer);
                self.ring.remove(&peer);
            }
        }
    }

    /// All successors are in doubt, and there is no other member to ask.
    pub(super) fn forget_silent(&mut self) {
        let is_gone = |it: &(&PeerId, &Relayed)| it.1.missed > MAX_MISSED_ALONE;
        let gone: Vec<PeerId> = self
            .relayed
            .iter()
            .filter(is_gone)
            .map(|it| *it.0)
            .collect();
        for peer in gone {
            self.relayed.remove(&peer);
            self.ring.remove(&peer);
        }
    }

    /// A neighbour on the ring can't be linked: it is asked over others.
    pub(super) fn relay_instead(&mut self, now: Time, peer: PeerId) {
        let is_candidate = self.ring.lists(&peer) || self.ring.is_nearer_successor(&peer);
        if is_candidate && self.ring.member {
            self.relayed.get_or_default(peer);
            self.stabilize_with(peer);
            let soon = now + JOIN_INTERVAL;
            self.timers.stabilize = Some(self.timers.stabilize.map_or(soon, |it| it.min(soon)));
        } else {
            self.approached.take_if(|it| *it == peer);
        }
    }

    /// The successors before the first with a link are asked over others while a link is tried:
    /// one that is dead would else be known for that only when the attempts have failed.
    pub(super) fn ask_unlinked(&mut self, now: Time) {
        let is_unknown = |it: &PeerId| {
            let has_answered = self.relayed.get(it).is_some_and(Relayed::has_answered);
            self.neighbours.get(it).is_none() && !has_answered
        };
        let successors = self.ring.successors().iter().map(|it| it.peer);
        let unknown = successors.take_while(is_unknown);
        let new: Vec<PeerId> = unknown
            .filter(|it| !self.relayed.contains_key(it))
            .collect();
        for peer in new {
            self.relay_instead(now, peer);
        }
    }
}

#[cfg(test)]
mod tests;
