//! Judges that look at a world from outside, counting what the virtual network has and not what
//! nodes claim.

pub mod ring;

use core::fmt;
use std::collections::BTreeMap;

use boplish_core::wire::PeerId;

use crate::peer::PeerHandle;
use crate::replay;
use crate::world::World;

/// What is wrong in a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Two living peers have no open connection.
    Missing(PeerHandle, PeerHandle),
    /// Two peers have more than one.
    Doubled(PeerHandle, PeerHandle, usize),
    /// A peer has an open connection to one that is not living.
    ToTheDead(PeerHandle, PeerHandle),
    /// A node names other peers than it has connections to.
    Disagrees {
        /// The peer.
        peer: PeerHandle,
        /// Named, but not connected.
        claimed: Vec<PeerId>,
        /// Connected, but not named.
        unclaimed: Vec<PeerId>,
    },
    /// A connection is open on one side only, or was never finished.
    HalfOpen(PeerHandle, String),
    /// A peer is no member of the ring, or knows others before or behind it than there are.
    Ring(PeerHandle, String),
    /// The core gave a command that no shell can carry out.
    Misuse(String),
}

/// All that is wrong, with the seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The seed of the world.
    pub seed: u64,
    /// At least one.
    pub all: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(a, b) => write!(f, "no link between {} and {}", a.0, b.0),
            Self::Doubled(a, b, n) => write!(f, "{n} links between {} and {}", a.0, b.0),
            Self::ToTheDead(a, b) => write!(f, "a link between {} and {}, one is gone", a.0, b.0),
            Self::Disagrees {
                peer,
                claimed,
                unclaimed,
            } => write!(
                f,
                "peer {} claims {claimed:?} without a link, not {unclaimed:?} with one",
                peer.0
            ),
            Self::HalfOpen(peer, state) => write!(f, "peer {} keeps a half: {state}", peer.0),
            Self::Ring(peer, what) => write!(f, "on the ring, peer {} {what}", peer.0),
            Self::Misuse(what) => write!(f, "not possible: {what}"),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.all {
            writeln!(f, "{problem}")?;
        }
        f.write_str(&replay::hint(self.seed))
    }
}

impl std::error::Error for Problems {}

/// Each pair of living peers has exactly one open connection, so that there are n(n-1)/2, and
/// every node names exactly the peers that it has one to.
pub fn mesh_complete(world: &World) -> Result<(), Problems> {
    let living = world.living();
    let links = counted_links(world);
    let mut all = Vec::new();
    for (index, a) in living.iter().enumerate() {
        for b in &living[index + 1..] {
            match links.get(&(*a, *b)) {
                None => all.push(Problem::Missing(*a, *b)),
                Some(1) => {}
                Some(n) => all.push(Problem::Doubled(*a, *b, *n)),
            }
        }
    }
    all.extend(links.keys().filter_map(|(a, b)| {
        let both = living.contains(a) && living.contains(b);
        (!both).then_some(Problem::ToTheDead(*a, *b))
    }));
    all.extend(disagreements(world));
    judged(world, all)
}

/// Every node names exactly the peers that it has an open connection to, and no two peers have
/// more than one.
pub fn links_agree(world: &World) -> Result<(), Problems> {
    let mut all: Vec<_> = counted_links(world)
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((a, b), count)| Problem::Doubled(a, b, count))
        .collect();
    all.extend(disagreements(world));
    judged(world, all)
}

/// No connection is open on one side only or unfinished, and no command was impossible.
pub fn no_leaks(world: &World) -> Result<(), Problems> {
    let halves = world.half_open().into_iter();
    let mut all: Vec<_> = halves
        .map(|(peer, state)| Problem::HalfOpen(peer, state))
        .collect();
    all.extend(world.misuses().iter().cloned().map(Problem::Misuse));
    judged(world, all)
}

/// All living peers are members of one ring, and each knows exactly the nearest `length` before
/// and behind it: then all of Zave's invariants hold ([`ring`]).
pub fn ring_exact(world: &World, length: usize) -> Result<(), Problems> {
    let living = world.living().into_iter();
    let mut order: Vec<(PeerId, PeerHandle)> = living.map(|it| (world.id(it), it)).collect();
    order.sort_unstable();
    let count = order.len();
    let length = length.min(count.saturating_sub(1));
    let problem = |place: usize| {
        let peer = order[place].1;
        let wrong = |what: &str| Some(Problem::Ring(peer, what.to_owned()));
        let Some(known) = world.look(peer)?.ring().filter(|it| it.member) else {
            return wrong("is no member");
        };
        let behind = (1..=length).map(|step| order[(place + step) % count].0);
        let before = (1..=length).map(|step| order[(place + count - step) % count].0);
        if !behind.eq(known.successors) {
            return wrong("knows other successors than there are");
        }
        if !before.eq(known.predecessors) {
            return wrong("knows other predecessors than there are");
        }
        None
    };
    judged(world, (0..count).filter_map(problem).collect())
}

fn judged(world: &World, all: Vec<Problem>) -> Result<(), Problems> {
    let seed = world.seed();
    all.is_empty().then_some(()).ok_or(Problems { seed, all })
}

fn counted_links(world: &World) -> BTreeMap<(PeerHandle, PeerHandle), usize> {
    let mut links = BTreeMap::new();
    for pair in world.open_connections() {
        *links.entry(pair).or_default() += 1;
    }
    links
}

fn disagreements(world: &World) -> Vec<Problem> {
    let mut linked: BTreeMap<PeerHandle, Vec<PeerId>> = BTreeMap::new();
    for (a, b) in counted_links(world).into_keys() {
        linked.entry(a).or_default().push(world.id(b));
        linked.entry(b).or_default().push(world.id(a));
    }
    let disagreement = |peer: PeerHandle| {
        let claims = world.look(peer)?.connected_peers();
        let mut real = linked.get(&peer).cloned().unwrap_or_default();
        real.sort_unstable();
        let without = |of: &[PeerId], these: &[PeerId]| -> Vec<PeerId> {
            let other = |id: &&PeerId| !these.contains(id);
            of.iter().filter(other).copied().collect()
        };
        let (claimed, unclaimed) = (without(&claims, &real), without(&real, &claims));
        let agrees = claimed.is_empty() && unclaimed.is_empty();
        (!agrees).then_some(Problem::Disagrees {
            peer,
            claimed,
            unclaimed,
        })
    };
    world
        .living()
        .into_iter()
        .filter_map(disagreement)
        .collect()
}
