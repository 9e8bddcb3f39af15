//! Judges a simulated network from outside.

use boplish_native::core::RouterConfig;
use boplish_native::wire::PeerId;
use boplish_sim::check;

use super::super::backend::Backend;
use super::super::scenario::RouterKind;
use super::super::statistics::samples::{Outcome, Trip};
use super::super::trips::Begun;
use super::{Simulation, number};

impl Simulation<'_> {
    /// A lookup has ended with an owner.
    pub(super) fn judge(&self, begun: Begun, at: f64, owner: PeerId, hops: u8) -> Trip {
        let is_right = begun
            .key
            .is_some_and(|key| self.owners.was_owner(owner, key, begun.at, at));
        let outcome = if is_right {
            Outcome::Right
        } else {
            Outcome::Wrong
        };
        let asker = self.peer(begun.from).handle;
        let other = self.world.find(owner).filter(|other| *other != asker);
        let direct = other.map(|other| self.world.direct_latency(asker, other).as_secs_f64() * 2.0);
        let latency = at - begun.at;
        Begun { direct, ..begun }.ended(outcome, Some(latency), Some(hops))
    }

    /// Members whose first successor is not the next member, and who it is instead.
    pub(super) fn misled(&self) -> Vec<String> {
        let order = self.owners.present();
        let next = order.iter().cycle().skip(1);
        let pairs = order.iter().zip(next).filter(|(id, next)| id != next);
        pairs
            .filter_map(|(id, next)| {
                let handle = self.world.find(*id)?;
                let ring = self.world.look(handle)?.ring()?;
                let named = ring.successors.first();
                (named != Some(next)).then(|| {
                    let named = named.map_or_else(|| "nobody".to_owned(), ToString::to_string);
                    let peer = number(handle);
                    format!("peer {peer}: its successor is {next}, not {named}")
                })
            })
            .collect()
    }

    /// What is wrong when all should be right.
    pub(super) fn unsettled(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match self.scenario.router.kind {
            RouterKind::Mesh => {
                let judged = check::mesh_complete(&self.world);
                if let Err(wrong) = judged.and_then(|()| check::no_leaks(&self.world)) {
                    problems.extend(wrong.all.iter().map(ToString::to_string));
                }
            }
            // A ring looks for better links all the time, so there may always be half-open ones.
            RouterKind::Chord => {
                let outside = self.living().filter(|(number, _)| !self.is_member(*number));
                problems.extend(outside.map(|(number, _)| format!("peer {number} is no member")));
                problems.extend(self.misled());
            }
        }
        problems
    }

    /// Which peers are beyond their bounds.
    pub(super) fn unbounded(&self, is_settled: bool) -> Vec<String> {
        let hard = self.config.link.max_links;
        let most = match &self.config.router {
            // A newcomer's first link may come on top of the budget.
            RouterConfig::Chord(chord) if is_settled => hard.min(chord.budget + 1),
            RouterConfig::Chord(_) | RouterConfig::Mesh | RouterConfig::FromNetwork { .. } => hard,
        };
        let mut problems: Vec<String> = self
            .living()
            .filter_map(|(number, peer)| {
                let links = self.links(peer);
                (links > most).then(|| format!("peer {number} has {links} links, {most} at most"))
            })
            .collect();
        problems.extend(self.world.misuses().iter().cloned());
        problems
    }
}
