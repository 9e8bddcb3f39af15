//! Copies that others hold, so that a publisher may leave: asking for them, and holding them.
//!
//! Like [`names`], plain `async` functions over what a shell offers.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use boplish_wire::PeerId;
use boplish_wire::content::{ContentHash, ContentId, Target};

use super::names::{self, NameError, Network, Published};
use crate::table::Set;

/// A peer that has nothing of a copy after this long, and a second for each MiB, is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// New lists are left with this many peers.
const LIST_HOLDERS: usize = 3;

/// Others are asked to hold them for so long, in seconds.
const LISTS_PATIENCE: u64 = 15;

/// The pause before the same are asked again: they may have just come.
const LISTS_PAUSE: Duration = Duration::from_secs(2);

/// What copies need besides.
#[expect(async_fn_in_trait, reason = "browsers' futures are not Send")]
pub trait Copies: Network {
    /// The peers that there are links to.
    fn linked_peers(&self) -> Vec<PeerId>;

    /// Fetches a content, all of it, unless it is here.
    async fn fetch(&self, id: ContentId, hints: &[PeerId]) -> Result<(), NameError>;

    /// Tells the network that this peer has a content.
    async fn announce(&self, hash: ContentHash) -> Result<(), NameError>;

    /// Asks peers to hold what is `wanted`, each with whether it is a folder whose content is
    /// wanted, too ([`Node::ask_to_keep`](crate::Node::ask_to_keep)). Returns those that have said
    /// within `patience` that they have the last of these.
    async fn ask_to_keep(
        &self,
        peers: &[PeerId],
        wanted: &[(ContentId, bool)],
        patience: Duration,
    ) -> Result<Vec<PeerId>, NameError>;

    /// Waits.
    async fn pause(&self, length: Duration);
}

/// Asks linked peers to hold copies of what was published, until so many do, or none is left. `told`
/// gets each of those.
///
/// # Errors
///
/// See [`NameError`].
pub async fn replicate<N: Copies>(
    network: &N,
    published: &Published,
    target: &Target,
    count: usize,
    mut told: impl FnMut(PeerId),
) -> Result<(), NameError> {
    let mut wanted = lists(published);
    wanted.push((target.id(), matches!(target, Target::Folder { .. })));
    let patience = PATIENCE + Duration::from_secs(target.total() >> 20);
    let mut candidates = network.linked_peers();
    let mut missing = count;
    while missing > 0 && !candidates.is_empty() {
        let rest = candidates.split_off(missing.min(candidates.len()));
        let holders = network.ask_to_keep(&candidates, &wanted, patience).await?;
        missing = missing.saturating_sub(holders.len());
        holders.into_iter().for_each(&mut told);
        candidates = rest;
    }
    Ok(())
}

/// Leaves the lists of folders that are new after something was published without copies, or taken
/// out, with linked peers: should this peer leave, nobody would find without them what others hold
/// of its names. Returns who holds them now; nobody, if none has taken them within 15 s, or if
/// nothing is left ([`Published::is_empty`]).
///
/// # Errors
///
/// See [`NameError`].
pub async fn leave_lists<N: Copies>(
    network: &N,
    published: &Published,
) -> Result<Vec<PeerId>, NameError> {
    if published.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = lists(published);
    let start = network.unix();
    // A clock that is set back ends it, too.
    let left = || LISTS_PATIENCE.checked_sub(network.unix().checked_sub(start)?);
    while let Some(mut patience) = left() {
        for some in network.linked_peers().chunks(LIST_HOLDERS) {
            let length = Duration::from_secs(patience);
            let holders = network.ask_to_keep(some, &wanted, length).await?;
            if !holders.is_empty() {
                return Ok(holders);
            }
            patience = left().unwrap_or_default();
        }
        network.pause(LISTS_PAUSE).await;
    }
    Ok(Vec::new())
}

/// The folders that are new, without which the name leads nowhere; the root last.
fn lists(published: &Published) -> Vec<(ContentId, bool)> {
    let ids = published.folders.iter().chain([&published.root]);
    ids.map(|id| (*id, false)).collect()
}

/// Contents that are held for one question, at most: a folder in many folders is many.
const MAX_AT_ONCE: usize = 16_384;

/// Peers for whom copies are made at one time.
const MAX_RUNNING: usize = 4;

/// Questions that wait, in all.
const MAX_WAITING: usize = 64;

/// Questions of one peer that wait: the folders on a way, and what it leads to.
const MAX_WAITING_OF_ONE: usize = 32;

/// A peer asks this one to hold a copy: [`ContentEvent::KeepAsked`](crate::ContentEvent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub from: PeerId,
    /// What is to be held.
    pub id: ContentId,
    /// Whether it is a folder of which all is to be held.
    pub folder: bool,
}

/// Who has asked for copies, and whose turn it is: those of one peer are made one after the other, so
/// that one whose contents nobody has only keeps itself waiting.
#[derive(Debug, Default)]
pub struct Questions {
    waiting: VecDeque<Question>,
    running: Vec<PeerId>,
}

impl Questions {
    /// Takes a question; if it gives `false`, it is one too many, and to be refused.
    #[must_use]
    pub fn ask(&mut self, question: Question) -> bool {
        let of_one = self.waiting.iter().filter(|it| it.from == question.from);
        let has_room = of_one.count() < MAX_WAITING_OF_ONE && self.waiting.len() < MAX_WAITING;
        if has_room {
            self.waiting.push_back(question);
        }
        has_room
    }

    /// The next one to be worked on, until [`Questions::done`].
    pub fn begin(&mut self) -> Option<Question> {
        if self.running.len() >= MAX_RUNNING {
            return None;
        }
        let is_next = |it: &Question| !self.running.contains(&it.from);
        let question = self
            .waiting
            .remove(self.waiting.iter().position(is_next)?)?;
        self.running.push(question.from);
        Some(question)
    }

    /// One of a peer's has been answered.
    pub fn done(&mut self, from: PeerId) {
        self.running.retain(|peer| *peer != from);
    }
}

/// Holds copies for others, up to a bound.
#[derive(Debug)]
pub struct Keeper(Mutex<Room>);

#[derive(Debug)]
struct Room {
    left: u64,
    /// Those that have taken of it: what has come of one that failed is on the disk, too.
    counted: Set<ContentHash>,
}

impl Keeper {
    /// Holds so many bytes for others, at most.
    pub fn new(limit: u64) -> Self {
        Self(Mutex::new(Room {
            left: limit,
            counted: Set::new(),
        }))
    }

    /// Holds what was asked for, and, of a folder, all that is in it. Returns what is held for that.
    ///
    /// # Errors
    ///
    /// See [`NameError`]; [`NameError::Storage`] if it would be too much.
    pub async fn keep<N: Copies>(
        &self,
        network: &N,
        question: Question,
    ) -> Result<Vec<ContentId>, NameError> {
        let Question { from, id, folder } = question;
        let mut held = Vec::new();
        let mut seen: Set<(ContentHash, u64)> = Set::new();
        let mut wanted = vec![(id, folder)];
        while let Some((id, is_folder)) = wanted.pop() {
            // The same folder may be in many.
            if seen.insert((id.hash, id.length), ()).is_some() {
                continue;
            }
            if held.len() >= MAX_AT_ONCE {
                return Err(NameError::Storage("these are too many".to_owned()));
            }
            self.count(id)?;
            network.fetch(id, &[from]).await?;
            network.announce(id.hash).await?;
            if is_folder {
                for entry in names::folder(network, id, from).await?.entries() {
                    let is_folder = matches!(entry.target, Target::Folder { .. });
                    wanted.push((entry.target.id(), is_folder));
                }
            }
            held.push(id);
        }
        Ok(held)
    }

    /// Takes of the room what a content needs, unless it has.
    fn count(&self, id: ContentId) -> Result<(), NameError> {
        let mut room = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !room.counted.contains_key(&id.hash) {
            let left = room.left.checked_sub(id.length);
            room.left = left
                .ok_or_else(|| NameError::Storage("there is no more room for copies".to_owned()))?;
            room.counted.insert(id.hash, ());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
