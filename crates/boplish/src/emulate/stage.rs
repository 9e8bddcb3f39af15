//! Directs a run: lets peers join and go, gives them work, strikes the network, and looks at it,
//! each at its time. Everything is decided by the scenario and the seed, whatever the backend.

use std::collections::BTreeMap;

use boplish_sim::Random;

use super::backend::{Backend, Blow, Departure, Ending, Number, Target};
use super::crowd::Crowd;
use super::scenario::{JoinPattern, Peers, Scenario, Storage, What};
use super::sessions::Sessions;
use super::statistics::samples::{Mark, Samples, TripKind, Window};
use crate::failure::Failure;

/// What is to be done at some time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    /// The next of the first peers joins.
    Join,
    /// The measurement begins.
    Measure,
    /// A session is over.
    Depart(Number),
    /// The next lookup, message or ping.
    Work(TripKind),
    /// The next post to the group.
    Post,
    /// The fault with this index.
    Fault(usize),
    Observe,
    /// The measurement is over.
    Stop,
}

/// Time goes on in pieces of this many seconds at most, so that an interruption is heard.
const PIECE: f64 = 0.1;

/// How long what is on its way at the end is waited for. Longer than any acknowledgement takes.
const PATIENCE: f64 = 30.0;

/// How often somebody who can work is looked for among those who may not take part yet.
const ATTEMPTS: usize = 8;

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached {
    /// Seconds since the start, and when it ends.
    pub(crate) now: f64,
    pub(crate) end: f64,
    /// Peers that are there.
    pub(crate) living: usize,
    /// As [`Backend::steps`] has them.
    pub(crate) steps: Option<u64>,
}

/// Who watches a run.
pub(crate) trait Watch {
    /// The answer is whether the run shall go on.
    fn goes_on(&mut self, reached: &Reached) -> bool;
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Performed {
    pub(crate) samples: Samples,
    pub(crate) ending: Ending,
    pub(crate) cut_short: bool,
    /// What the backend has found wrong.
    pub(crate) ring_problems: Vec<String>,
    pub(crate) bound_problems: Vec<String>,
    /// Absent if nothing was settled, since the run was cut short or had no quiet phase.
    pub(crate) settled_problems: Option<Vec<String>>,
}

/// Carries out a scenario.
pub(crate) fn perform(
    scenario: &Scenario,
    seed: u64,
    backend: &mut dyn Backend,
    watch: &mut dyn Watch,
) -> Result<Performed, Failure> {
    let mut stage = Stage::new(scenario, seed, backend);
    let cut_short = stage.run(watch)?;
    stage.finish(cut_short)
}

struct Stage<'a> {
    scenario: &'a Scenario,
    backend: &'a mut dyn Backend,
    random: Random,
    sessions: Option<Sessions>,
    crowd: Crowd,
    samples: Samples,
    /// By time in nanoseconds, then in the order in which they were planned.
    plan: BTreeMap<(u64, u64), Action>,
    planned: u64,
    /// Peers that have ever joined.
    numbers: u32,
    is_measuring: bool,
    /// Records that have ever been published.
    published: usize,
}

impl<'a> Stage<'a> {
    fn new(scenario: &'a Scenario, seed: u64, backend: &'a mut dyn Backend) -> Self {
        let mut random = Random::new(seed ^ 0x0073_7461_6765);
        let sessions = scenario
            .churn
            .as_ref()
            .map(|churn| Sessions::new(churn, random.fork(1)));
        Self {
            scenario,
            backend,
            random,
            sessions,
            crowd: Crowd::default(),
            samples: Samples {
                window: Window {
                    from: scenario.measured_from(),
                    to: scenario.measured_to(),
                },
                ..Samples::default()
            },
            plan: BTreeMap::new(),
            planned: 0,
            numbers: 0,
            is_measuring: false,
            published: 0,
        }
    }

    fn plan(&mut self, at: f64, action: Action) {
        self.planned += 1;
        let nanos = (at * 1e9) as u64;
        self.plan.insert((nanos, self.planned), action);
    }

    /// The answer is whether it was interrupted.
    fn run(&mut self, watch: &mut dyn Watch) -> Result<bool, Failure> {
        self.plan_all()?;
        let end = self.scenario.end();
        while let Some(((nanos, _), action)) = self.plan.pop_first() {
            let at = nanos as f64 / 1e9;
            if at > end {
                break;
            }
            if !self.run_until(at, watch)? {
                return Ok(true);
            }
            self.act(at, action)?;
        }
        if !self.run_until(end, watch)? {
            return Ok(true);
        }
        let mut patience = end;
        while self.backend.on_their_way() > 0 && patience < end + PATIENCE {
            patience += PIECE;
            if !self.run_until(patience, watch)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn run_until(&mut self, at: f64, watch: &mut dyn Watch) -> Result<bool, Failure> {
        let end = self.scenario.end();
        let mut now = self.backend.now();
        loop {
            let reached = Reached {
                now,
                end,
                living: self.crowd.len(),
                steps: self.backend.steps(),
            };
            if !watch.goes_on(&reached) {
                return Ok(false);
            }
            if now >= at {
                return Ok(true);
            }
            now = at.min(now + PIECE);
            self.backend.run_until(now, &mut self.samples)?;
        }
    }

    fn plan_all(&mut self) -> Result<(), Failure> {
        let peers = &self.scenario.peers;
        let (count, within) = (peers.count as u32, peers.within.0);
        match peers.join {
            JoinPattern::Steady | JoinPattern::Growing => {
                for index in 0..peers.count {
                    let pauses = Peers::PAUSE * peers.ring_of(index) as f64;
                    self.plan(peers.joins_at(index) + pauses, Action::Join);
                }
            }
            JoinPattern::FlashCrowd => {
                for _ in 0..count {
                    let at = fraction(&mut self.random) * within;
                    self.plan(at, Action::Join);
                }
            }
            JoinPattern::Ordered => {
                self.backend.start_ordered(count)?;
                for _ in 0..count {
                    self.crowd.add(self.numbers);
                    self.numbers += 1;
                }
            }
        }
        self.plan(0.0, Action::Observe);
        let (from, to) = (self.scenario.measured_from(), self.scenario.measured_to());
        self.plan(from, Action::Measure);
        for (index, fault) in self.scenario.faults.iter().enumerate() {
            self.plan(from + fault.at.0, Action::Fault(index));
        }
        self.plan(to, Action::Stop);
        Ok(())
    }

    fn act(&mut self, at: f64, action: Action) -> Result<(), Failure> {
        match action {
            Action::Join => self.join(),
            Action::Measure => self.measure(at),
            Action::Depart(number) => self.replace(number, at),
            Action::Work(kind) => self.work(kind, at),
            Action::Post => self.post(at),
            Action::Fault(index) => {
                let what = self.scenario.faults[index].what;
                self.samples.marks.push(Mark {
                    at,
                    what: what.to_string(),
                });
                self.fault(what)
            }
            Action::Observe => {
                self.observe(at)?;
                self.plan(at + self.scenario.sample_every.0, Action::Observe);
                Ok(())
            }
            Action::Stop => {
                self.is_measuring = false;
                self.observe(at)?;
                self.samples.peers = self.backend.survey(&mut self.samples)?;
                Ok(())
            }
        }
    }

    fn observe(&mut self, at: f64) -> Result<(), Failure> {
        let moment = self.backend.observe(&mut self.samples)?;
        self.samples
            .moments
            .push(super::statistics::samples::Moment { at, ..moment });
        Ok(())
    }

    fn join(&mut self) -> Result<(), Failure> {
        let number = self.numbers;
        self.numbers += 1;
        let ring = self.scenario.peers.ring_of(number as usize);
        let host = match self.backend.has_server() {
            true => None,
            false => self.member(),
        };
        self.crowd.add(number);
        self.backend.join(number, ring, host)
    }

    fn measure(&mut self, at: f64) -> Result<(), Failure> {
        self.is_measuring = true;
        self.observe(at)?;
        for kind in TripKind::ALL {
            self.plan_work(kind, at);
        }
        self.plan_post(at);
        let living = self.crowd.all().to_vec();
        for number in living {
            if let Some(sessions) = &mut self.sessions {
                let rest = sessions.rest();
                self.plan(at + rest, Action::Depart(number));
            }
        }
        Ok(())
    }

    /// The peer goes, and a new one comes in its place.
    fn replace(&mut self, number: Number, at: f64) -> Result<(), Failure> {
        if !self.is_measuring || !self.crowd.remove(number) {
            return Ok(());
        }
        let Some(sessions) = &mut self.sessions else {
            return Ok(());
        };
        let how = match sessions.is_graceful() {
            true => Departure::Leaves,
            false => Departure::Vanishes,
        };
        let session = sessions.session();
        self.backend.depart(number, how)?;
        let newcomer = self.numbers;
        self.join()?;
        self.plan(at + session, Action::Depart(newcomer));
        Ok(())
    }

    fn plan_work(&mut self, kind: TripKind, at: f64) {
        self.plan_next(self.rate(kind), at, Action::Work(kind));
    }

    fn plan_post(&mut self, at: f64) {
        let rate = self.scenario.group.as_ref().map_or(0.0, |it| it.posts);
        self.plan_next(rate, at, Action::Post);
    }

    /// Plans what happens at a rate per second.
    fn plan_next(&mut self, rate: f64, at: f64, action: Action) {
        if rate > 0.0 {
            // The pauses of a Poisson process.
            let pause = -(1.0 - fraction(&mut self.random)).ln() / rate;
            self.plan(at + pause, action);
        }
    }

    fn post(&mut self, at: f64) -> Result<(), Failure> {
        if !self.is_measuring {
            return Ok(());
        }
        self.plan_post(at);
        match self.member() {
            Some(from) => self.backend.post(from),
            None => Ok(()),
        }
    }

    /// How often per second something is done.
    fn rate(&self, kind: TripKind) -> f64 {
        let workload = &self.scenario.workload;
        let storage = self.scenario.storage.as_ref();
        let of_storage = |rate: fn(&Storage) -> f64| storage.map_or(0.0, rate);
        match kind {
            TripKind::Lookup => workload.lookups,
            TripKind::Message => workload.messages,
            TripKind::Ping => workload.pings,
            TripKind::Publish => of_storage(|it| it.writes),
            TripKind::Refresh => of_storage(Storage::refreshes),
            TripKind::Resolve => of_storage(|it| it.resolves),
            TripKind::Read => of_storage(|it| it.reads),
        }
    }

    fn work(&mut self, kind: TripKind, at: f64) -> Result<(), Failure> {
        self.plan_work(kind, at);
        let Some(from) = self.member() else {
            return Ok(());
        };
        let target = match kind {
            TripKind::Lookup => {
                let mut key = [0; 20];
                key.copy_from_slice(&self.random.bytes()[..20]);
                Target::Key(key)
            }
            TripKind::Message | TripKind::Ping => match self.member() {
                Some(to) if to != from => Target::Peer(to),
                Some(_) | None => return Ok(()),
            },
            TripKind::Publish => {
                let records = self.scenario.storage.as_ref().map_or(0, |it| it.records);
                if self.published >= records {
                    return Ok(());
                }
                self.published += 1;
                Target::Record
            }
            TripKind::Refresh | TripKind::Resolve | TripKind::Read => Target::Record,
        };
        self.backend.begin(kind, from, target, &mut self.samples)
    }

    fn member(&mut self) -> Option<Number> {
        (0..ATTEMPTS).find_map(|_| {
            let number = self.crowd.pick(&mut self.random)?;
            self.backend.is_member(number).then_some(number)
        })
    }

    fn fault(&mut self, what: What) -> Result<(), Failure> {
        let mut some = |share: f64| self.crowd.some(share, &mut self.random);
        match what {
            What::KillServer => self.backend.strike(&Blow::KillServer),
            What::RestartServer => self.backend.strike(&Blow::RestartServer),
            What::Heal => self.backend.strike(&Blow::Heal),
            What::Partition(share) => {
                let away = some(share.0);
                self.backend.strike(&Blow::Partition(away))
            }
            What::Blink(share, lasts) => {
                let away = some(share.0);
                self.backend.strike(&Blow::Blink(away, lasts))
            }
            What::Kill(share) => {
                let victims = some(share.0);
                self.depart(&victims, Departure::Vanishes)
            }
            What::Leave(share) => {
                let leaving = some(share.0);
                self.depart(&leaving, Departure::Leaves)
            }
            What::Join(count) => (0..count).try_for_each(|_| self.join()),
        }
    }

    fn depart(&mut self, numbers: &[Number], how: Departure) -> Result<(), Failure> {
        for number in numbers {
            self.crowd.remove(*number);
            self.backend.depart(*number, how)?;
        }
        Ok(())
    }

    fn finish(mut self, cut_short: bool) -> Result<Performed, Failure> {
        if cut_short {
            let now = self.backend.now();
            self.observe(now)?;
            self.samples.window.to = self.samples.window.to.min(now);
            if self.samples.peers.is_empty() {
                self.samples.peers = self.backend.survey(&mut self.samples)?;
            }
        }
        let is_settled = !cut_short && self.scenario.quiet.0 > 0.0;
        let settled_problems = is_settled.then(|| self.backend.settled_problems());
        let bound_problems = self.backend.bound_problems(is_settled);
        let ending = self.backend.end(&mut self.samples)?;
        Ok(Performed {
            samples: self.samples,
            ending,
            cut_short,
            ring_problems: self.backend.ring_problems().to_vec(),
            bound_problems,
            settled_problems,
        })
    }
}

/// Evenly from 0 to below 1.
pub(super) fn fraction(random: &mut Random) -> f64 {
    (random.word() >> 11) as f64 / (1_u64 << 53) as f64
}
