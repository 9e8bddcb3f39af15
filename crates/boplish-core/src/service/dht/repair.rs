//! Replicas compare what they have, and send each other what is missing: when somebody has come or
//! gone, and once a minute.

use core::time::Duration;

use boplish_wire::PeerId;
use boplish_wire::limits::MAX_VERSIONS;
use boplish_wire::store::{StoreMessage, Version};

use super::Dht;
use super::shelf::digest;
use crate::link::retry::random_below;
use crate::service::StoreOutput;
use crate::table::Table;
use crate::time::Time;

/// From one comparison to the next.
const INTERVAL: Duration = Duration::from_secs(60);

/// After the neighbourhood has changed: others come or go in the same moment, too.
const SOON: Duration = Duration::from_secs(2);

/// Records in answer to one list; for the rest there is another comparison soon.
const MAX_AT_ONCE: usize = 64;

/// So often an owner may refuse a record before it is dropped: it may have promised to take none
/// for now, have no room for now, or have a newer one.
const MAX_REFUSALS: u8 = 3;

/// When what is due.
#[derive(Debug, Default)]
pub(super) struct Repair {
    soon: Option<Time>,
    regular: Option<Time>,
    /// The predecessor, and the replicas that know what there is of the keys from there on.
    compared: (Option<PeerId>, Vec<PeerId>),
    /// Records that belong to others, on their way there.
    strays: Table<u32, PeerId>,
    /// How often their owner has refused them.
    refused: Table<PeerId, u8>,
}

impl Repair {
    /// Whether this is the token of a record that is on its way to its owner.
    pub(super) fn is_stray(&self, token: u32) -> bool {
        self.strays.contains_key(&token)
    }

    pub(super) fn due(&self) -> Option<Time> {
        [self.soon, self.regular].into_iter().flatten().min()
    }
}

impl Dht {
    /// The neighbourhood has changed.
    pub(super) fn plan_repair(&mut self, now: Time) {
        if !self.view.is_member() {
            self.repair = Repair::default();
            return;
        }
        let pause = random_below(SOON, &mut self.rng);
        self.repair.soon.get_or_insert(now + pause);
        let pause = INTERVAL / 2 + random_below(INTERVAL, &mut self.rng);
        self.repair.regular.get_or_insert(now + pause);
    }

    pub(super) fn drive_repair(&mut self, now: Time) {
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if is_due(self.repair.regular) {
            let pause = INTERVAL / 2 + random_below(INTERVAL, &mut self.rng);
            self.repair.regular = Some(now + pause);
            for key in self.shelf.expired(self.seconds(now)) {
                self.forget(key);
            }
            self.hand_over_strays(now);
            self.repair.compared = (None, Vec::new());
            self.compare();
        }
        if is_due(self.repair.soon) {
            self.repair.soon = None;
            self.compare();
        }
    }

    /// Tells the other replicas of the keys that this peer owns what there is of them, unless they
    /// know. Where there is nothing, only the successor is told: it was the owner before.
    fn compare(&mut self) {
        let (Some(from), Some(successor)) = (self.view.predecessor(), self.view.successor()) else {
            return;
        };
        if self.repair.compared.0 != Some(from) {
            self.repair.compared = (Some(from), Vec::new());
        }
        let to = self.own;
        let versions = self.shelf.versions(&from, &to);
        let digest = digest(&versions);
        for peer in self.view.holders(&to, self.config.replicas) {
            let is_told = peer == self.own || self.repair.compared.1.contains(&peer);
            if !is_told && (!versions.is_empty() || peer == successor) {
                self.repair.compared.1.push(peer);
                self.say(peer, StoreMessage::Summary { from, to, digest });
            }
        }
    }

    pub(super) fn handle_summary(&mut self, peer: PeerId, from: PeerId, to: PeerId, theirs: u64) {
        let mut versions = self.shelf.versions(&from, &to);
        if digest(&versions) == theirs {
            return;
        }
        let mut end = to;
        if versions.len() > MAX_VERSIONS {
            versions.truncate(MAX_VERSIONS);
            end = versions.last().map_or(to, |it| it.key);
        }
        let to = end;
        self.say(peer, StoreMessage::Versions { from, to, versions });
    }

    pub(super) fn handle_versions(
        &mut self,
        now: Time,
        peer: PeerId,
        from: PeerId,
        to: PeerId,
        theirs: &[Version],
    ) {
        let own = self.shelf.versions(&from, &to);
        let (own, theirs) = (by_key(&own), by_key(theirs));
        let lacks = |one: &Table<PeerId, u64>, other: &Table<PeerId, u64>| {
            let differs = one
                .iter()
                .filter(|(key, mark)| other.get(key) != Some(*mark));
            let keys: Vec<PeerId> = differs.map(|(key, _)| *key).take(MAX_AT_ONCE).collect();
            keys
        };
        // Of two versions of one record both are sent, and either side knows which one stands.
        let (missing_there, missing_here) = (lacks(&own, &theirs), lacks(&theirs, &own));
        if missing_there.len().max(missing_here.len()) == MAX_AT_ONCE {
            self.repair.compared.1.retain(|told| *told != peer);
            self.repair.soon.get_or_insert(now + SOON);
        }
        self.send_records(peer, &missing_there);
        if !missing_here.is_empty() {
            let keys = missing_here;
            self.say(peer, StoreMessage::Want { keys });
        }
        if to != self.own && self.view.predecessor().is_some() {
            // The list was cut; what is behind comes next.
            let digest = digest(&self.shelf.versions(&to, &self.own));
            let (from, to) = (to, self.own);
            self.say(peer, StoreMessage::Summary { from, to, digest });
        }
    }

    pub(super) fn handle_want(&mut self, peer: PeerId, keys: &[PeerId]) {
        self.send_records(peer, keys.get(..MAX_AT_ONCE).unwrap_or(keys));
    }

    fn send_records(&mut self, peer: PeerId, keys: &[PeerId]) {
        for key in keys {
            if let Some(held) = self.shelf.get(key) {
                let store = StoreMessage::Store {
                    token: 0,
                    ballot: held.ballot,
                    record: held.record.encode(),
                };
                self.say(peer, store);
            }
        }
    }

    /// Whether this peer is one of those who should have a key's record, or whose vote counts: where
    /// many have just come between, those are others.
    pub(super) fn is_replica(&self, now: Time, key: &PeerId) -> bool {
        let count = self.config.replicas;
        let holders = self.view.holders(key, count);
        holders.contains(&self.own) || self.view.voters(now, key, count).contains(&self.own)
    }

    /// Records that this peer is no replica of any more go to their owners, once more.
    fn hand_over_strays(&mut self, now: Time) {
        self.repair.strays.clear();
        let strays = self.shelf.keys().filter(|key| !self.is_replica(now, key));
        let strays: Vec<PeerId> = strays.copied().take(MAX_AT_ONCE).collect();
        self.repair.refused.retain(|key, _| strays.contains(key));
        for key in strays {
            let token = self.token();
            let Some(held) = self.shelf.get(&key) else {
                continue;
            };
            let message = StoreMessage::Store {
                token,
                ballot: held.ballot,
                record: held.record.encode(),
            };
            self.repair.strays.insert(token, key);
            self.outputs
                .push_back(StoreOutput::say_to_owner(key, &message));
        }
    }

    /// The owner of a key says whether it has stored its record.
    pub(super) fn stray_has_arrived(&mut self, now: Time, token: u32, stored: bool) {
        let Some(key) = self.repair.strays.remove(&token) else {
            return;
        };
        let refusals = self.repair.refused.get_or_default(key);
        *refusals += u8::from(!stored);
        if (stored || *refusals >= MAX_REFUSALS) && !self.is_replica(now, &key) {
            self.repair.refused.remove(&key);
            self.forget(key);
        }
    }
}

fn by_key(versions: &[Version]) -> Table<PeerId, u64> {
    versions.iter().map(|it| (it.key, it.mark)).collect()
}
