//! One seed: a ring is built, suffers, and has to recover.

use core::fmt;
use core::time::Duration;

use boplish_core::Time;
use boplish_core::wire::{MessageId, PeerId};

use super::churn::Churn;
use super::settings::{Mode, Plan, Settings};
use super::swarm::{Swarm, seat_of};
use crate::check::ring::{Broken, Seat};
use crate::random::Random;

/// How often it is seen whether a ring is perfect.
const LOOK: Duration = Duration::from_millis(500);

/// An answer to a lookup in a quiet ring takes no longer.
const LOOKUP: Duration = Duration::from_secs(15);

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An invariant was broken by a step.
    Broken(Broken),
    /// The ring was not perfect in time.
    NotPerfect(String),
    /// A lookup in a perfect ring was not answered, or not with the owner.
    Lookup(String),
}

/// What came of a seed.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What happened to the ring.
    pub churn: Churn,
    /// Facts that were handed to routers.
    pub steps: u64,
    /// Right answers to lookups.
    pub lookups: u64,
    /// The longest that a ring needed to be perfect after churn.
    pub slowest: Duration,
    /// Steps that left fewer principals than Zave's proof needs.
    pub scarcities: u64,
    /// Virtual time.
    pub time: Duration,
    /// The first violation, and when it was.
    pub violation: Option<(Time, Violation)>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "{broken}"),
            Self::NotPerfect(what) => write!(f, "not perfect in time: {what}"),
            Self::Lookup(what) => write!(f, "lookup: {what}"),
        }
    }
}

/// Makes a ring suffer as the seed says, up to the first violation.
pub fn run(seed: u64, settings: &Settings) -> Outcome {
    let mut random = Random::new(seed);
    let plan = Plan::draw(settings, &mut random);
    if settings.trace {
        eprintln!("{plan:?}");
    }
    let mut swarm = Swarm::new(plan, random, settings.trace);
    let mut outcome = Outcome::default();
    let violation = drive(&mut swarm, settings, &mut outcome).err();
    outcome.steps = swarm.steps;
    outcome.scarcities = swarm.judge.scarcities();
    outcome.time = swarm.now.since_start();
    outcome.violation = violation.map(|it| (swarm.now, it));
    outcome
}

fn drive(swarm: &mut Swarm, settings: &Settings, outcome: &mut Outcome) -> Result<(), Violation> {
    let (least, most) = (swarm.plan.least as u64, swarm.plan.most as u64);
    for _ in 0..least + swarm.random.below(most - least + 1) {
        swarm.add_peer();
        let pause = Duration::from_millis(50 + swarm.random.below(950));
        swarm.run_until(swarm.now + pause);
    }
    become_perfect(swarm, settings.bound)?;
    swarm.watched = settings.mode == Mode::FailStop;
    while outcome.churn.events() < settings.events {
        let end = outcome.churn.events() + swarm.plan.round;
        while outcome.churn.events() < end {
            let pause = swarm.random.between(Duration::ZERO, swarm.plan.pause);
            advance(swarm, pause)?;
            swarm.churn(settings.mode, &mut outcome.churn);
        }
        let took = become_perfect(swarm, settings.bound)?;
        outcome.slowest = outcome.slowest.max(took);
        outcome.lookups += look_up(swarm)?;
    }
    Ok(())
}

fn advance(swarm: &mut Swarm, time: Duration) -> Result<(), Violation> {
    swarm.run_until(swarm.now + time);
    match swarm.broken {
        Some((_, broken)) => Err(Violation::Broken(broken)),
        None => Ok(()),
    }
}

/// Lets time pass until everything is as it must be, and says how long that took.
fn become_perfect(swarm: &mut Swarm, bound: Duration) -> Result<Duration, Violation> {
    // Who is silent may still be taken for dead until it is heard again.
    let stopped = swarm
        .living
        .iter()
        .map(|it| swarm.peers[*it as usize].stopped);
    if let Some(last) = stopped.max().filter(|last| *last > swarm.now) {
        advance(
            swarm,
            last.since(swarm.now) + swarm.plan.chord.ring_patience,
        )?;
    }
    let start = swarm.now;
    loop {
        advance(swarm, LOOK)?;
        let Err(what) = is_perfect(swarm) else {
            return Ok(swarm.now.since(start));
        };
        if swarm.now.since(start) >= bound {
            return Err(Violation::NotPerfect(what));
        }
    }
}

/// Everybody is a member and knows exactly those before and behind it.
fn is_perfect(swarm: &Swarm) -> Result<(), String> {
    let judge = &swarm.judge;
    if judge.members().len() != swarm.living.len() {
        let (members, living) = (judge.members().len(), swarm.living.len());
        return Err(format!("{members} members of {living}"));
    }
    let count = swarm.plan.chord.successors.min(swarm.living.len() - 1) as isize;
    for seat in judge.members() {
        let Some(router) = &swarm.peers[*seat as usize].router else {
            return Err(format!("peer {seat} is gone"));
        };
        let id_of = |it: Seat| swarm.peers[it as usize].id;
        let at = |ahead| judge.neighbour(*seat, ahead).map(id_of);
        let successors = router.successors().map(Some);
        if !successors.eq((1..=count).map(at)) {
            let known = judge.list(*seat);
            return Err(format!("the successors of peer {seat}: {known:?}"));
        }
        let predecessors = router.predecessors().map(Some);
        if !predecessors.eq((1..=count).map(|back| at(-back))) {
            let known: Vec<Seat> = router.predecessors().map(|it| seat_of(&it)).collect();
            return Err(format!("the predecessors of peer {seat}: {known:?}"));
        }
    }
    Ok(())
}

/// Every member looks for a random key, for a random peer, and for the key behind that.
fn look_up(swarm: &mut Swarm) -> Result<u64, Violation> {
    let mut asked: Vec<(MessageId, Seat, PeerId)> = Vec::new();
    for seat in swarm.judge.members().to_vec() {
        let mut bytes = [0; PeerId::BYTES];
        bytes.copy_from_slice(&swarm.random.bytes()[..PeerId::BYTES]);
        let other = swarm.random.pick(swarm.judge.members());
        let other = other.map_or(PeerId::from_bytes(bytes), |it| swarm.peers[*it as usize].id);
        let mut behind = *other.as_bytes();
        behind[PeerId::BYTES - 5] ^= 1;
        for key in [PeerId::from_bytes(bytes), other, PeerId::from_bytes(behind)] {
            let id = MessageId(asked.len() as u64);
            asked.push((id, seat, key));
            swarm.act(seat, |router, now| router.lookup(now, id, key));
        }
    }
    let start = swarm.now;
    while swarm.answers.len() < asked.len() && swarm.now.since(start) < LOOKUP {
        advance(swarm, LOOK)?;
    }
    let mut answers = core::mem::take(&mut swarm.answers);
    answers.sort_unstable();
    if answers.len() != asked.len() {
        let (some, all) = (answers.len(), asked.len());
        return Err(Violation::Lookup(format!("{some} answers to {all}")));
    }
    for ((_, seat, key), (_, owner)) in asked.iter().zip(&answers) {
        let right = owner_of(swarm, key);
        if *owner != right {
            let what = format!("peer {seat} finds {owner:?} for {key:?}, not {right:?}");
            return Err(Violation::Lookup(what));
        }
    }
    Ok(asked.len() as u64)
}

/// The first member at or after a key.
fn owner_of(swarm: &Swarm, key: &PeerId) -> Option<PeerId> {
    let ids = swarm.judge.members().iter();
    let mut ids = ids.map(|it| swarm.peers[*it as usize].id);
    let first = ids.clone().next();
    ids.find(|id| id >= key).or(first)
}
