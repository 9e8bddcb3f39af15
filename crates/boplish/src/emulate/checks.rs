//! Judges a run by what its scenario says must be so.

use serde::{Deserialize, Serialize};

use super::scenario::Scenario;
use super::stage::Performed;
use super::statistics::samples::{Outcome, Post, Samples, Trip};

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// What was checked.
    pub(crate) check: String,
    pub(crate) passed: bool,
    /// What was found, for people.
    pub(crate) detail: String,
}

/// Problems that are named; of further ones only the number is told.
const NAMED: usize = 3;

/// All that the scenario asks for and that this run can tell.
pub(crate) fn judge(scenario: &Scenario, run: &Performed) -> Vec<Verdict> {
    let checks = &scenario.checks;
    let mut verdicts = Vec::new();
    if checks.ring.is_some() {
        verdicts.push(without_problems("ring invariants", &run.ring_problems));
    }
    if checks.bounds {
        verdicts.push(without_problems("bounds", &run.bound_problems));
    }
    if let Some(problems) = run.settled_problems.as_ref().filter(|_| checks.settled) {
        verdicts.push(without_problems(
            "all right after the quiet phase",
            problems,
        ));
    }
    if scenario.storage.is_some() && checks.stored {
        verdicts.push(nothing_lost(&run.samples));
    }
    if let Some(success) = checks.success {
        let counted = |trip: &&Trip| run.samples.window.contains(trip.at);
        let trips = run.samples.trips.iter().filter(counted);
        verdicts.push(right_enough("success", trips, success.0));
    }
    if let Some(recovery) = &checks.recovery {
        let name = format!("recovered {} s after each fault", recovery.within.0);
        let within = recovery.within.0;
        let calm = |trip: &&Trip| is_calm(&run.samples, trip.at, within);
        let trips = run.samples.trips.iter().filter(calm);
        verdicts.push(right_enough(&name, trips, recovery.success.0));
    }
    if let Some(least) = checks.delivered {
        verdicts.push(heard_enough("delivered", run.samples.posts.iter(), least.0));
    }
    if let Some(regained) = &checks.regained {
        let name = format!("delivered again {} s after each fault", regained.within.0);
        let within = regained.within.0;
        let calm = |post: &&Post| is_calm(&run.samples, post.at, within);
        let posts = run.samples.posts.iter().filter(calm);
        verdicts.push(heard_enough(&name, posts, regained.success.0));
    }
    verdicts
}

/// Whether there was a fault before, and none for so long.
fn is_calm(samples: &Samples, at: f64, within: f64) -> bool {
    let last = samples.marks.iter().map(|mark| mark.at);
    let last = last.filter(|mark| *mark <= at).reduce(f64::max);
    last.is_some_and(|last| at >= last + within)
}

fn without_problems(check: &str, problems: &[String]) -> Verdict {
    let named = problems.iter().take(NAMED).map(String::as_str);
    let mut detail = named.collect::<Vec<_>>().join("; ");
    if problems.len() > NAMED {
        detail = format!("{detail}; and {} more", problems.len() - NAMED);
    }
    Verdict {
        check: check.to_owned(),
        passed: problems.is_empty(),
        detail: if detail.is_empty() {
            "nothing is wrong".to_owned()
        } else {
            detail
        },
    }
}

/// Whether there are records, each with a copy.
fn nothing_lost(samples: &Samples) -> Verdict {
    let stock = samples.moments.last().and_then(|it| it.stock.clone());
    let stock = stock.unwrap_or_default();
    let (records, lost) = (stock.records(), stock.lost());
    Verdict {
        check: "no record is lost".to_owned(),
        passed: records > 0 && lost == 0,
        detail: format!("{lost} of {records} have no copy"),
    }
}

fn heard_enough<'a>(check: &str, posts: impl Iterator<Item = &'a Post>, least: f64) -> Verdict {
    let (mut heard, mut all) = (0, 0);
    for post in posts {
        heard += post.latencies.len();
        all += post.expected as usize;
    }
    let share = heard as f64 / all.max(1) as f64;
    Verdict {
        check: check.to_owned(),
        passed: all > 0 && share >= least,
        detail: format!(
            "{heard} of {all} were delivered, {:.4} %; {} % are asked for",
            share * 100.0,
            least * 100.0
        ),
    }
}

fn right_enough<'a>(check: &str, trips: impl Iterator<Item = &'a Trip>, least: f64) -> Verdict {
    let (mut right, mut all) = (0_u64, 0_u64);
    for trip in trips {
        right += u64::from(trip.outcome == Outcome::Right);
        all += 1;
    }
    let share = right as f64 / all.max(1) as f64;
    Verdict {
        check: check.to_owned(),
        passed: all > 0 && share >= least,
        detail: format!(
            "{right} of {all} were right, {:.3} %; {} % are asked for",
            share * 100.0,
            least * 100.0
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::statistics::samples::{Mark, TripKind, Window};
    use super::*;

    fn trip(at: f64, outcome: Outcome) -> Trip {
        Trip {
            kind: TripKind::Lookup,
            at,
            from: 0,
            outcome,
            latency: None,
            direct: None,
            hops: None,
        }
    }

    fn run(trips: Vec<Trip>, marks: &[f64]) -> Performed {
        let mark = |at: &f64| Mark {
            at: *at,
            what: "a fault".to_owned(),
        };
        Performed {
            samples: Samples {
                window: Window {
                    from: 0.0,
                    to: 100.0,
                },
                trips,
                marks: marks.iter().map(mark).collect(),
                ..Samples::default()
            },
            ending: super::super::backend::Ending::default(),
            cut_short: false,
            ring_problems: Vec::new(),
            bound_problems: (0..5).map(|it| format!("peer {it}")).collect(),
            settled_problems: None,
        }
    }

    fn verdicts(scenario: &str, run: &Performed) -> Vec<Verdict> {
        judge(&Scenario::parse(scenario, "a", &[]).unwrap(), run)
    }

    #[test]
    fn what_fails_before_the_recovery_is_over_does_not_count() {
        let scenario = "[checks]\nbounds = false\nrecovery = { within = 10, success = 0.9 }";
        let failed = || Outcome::Failed("lost".to_owned());
        let early = vec![
            trip(1.0, failed()),
            trip(25.0, failed()),
            trip(31.0, Outcome::Right),
        ];
        assert!(verdicts(scenario, &run(early, &[20.0]))[0].passed);
        let late = vec![trip(31.0, failed()), trip(32.0, Outcome::Right)];
        assert!(!verdicts(scenario, &run(late, &[20.0]))[0].passed);
    }

    #[test]
    fn what_was_said_after_the_recovery_must_be_heard() {
        let post = |at, latencies: &[f32]| Post {
            at,
            from: 0,
            expected: 2,
            latencies: latencies.to_vec(),
            again: 0,
        };
        let scenario = "[checks]\nbounds = false\ndelivered = 0.9\n\
                        regained = { within = 10, success = 0.9 }";
        let mut run = run(Vec::new(), &[20.0]);
        run.samples.posts = vec![post(25.0, &[0.1]), post(31.0, &[0.1, 0.2])];
        let passed = |run: &Performed| {
            let verdicts = verdicts(scenario, run);
            verdicts.iter().map(|it| it.passed).collect::<Vec<_>>()
        };
        assert_eq!(passed(&run), [false, true]);
        run.samples.posts = vec![post(31.0, &[0.1])];
        assert_eq!(passed(&run), [false, false]);
        run.samples.posts.clear();
        assert_eq!(passed(&run), [false, false]);
    }

    #[test]
    fn a_check_of_nothing_fails() {
        let scenario = "[checks]\nbounds = false\nsuccess = 0.5";
        assert!(!verdicts(scenario, &run(Vec::new(), &[]))[0].passed);
    }

    #[test]
    fn some_problems_are_named_and_the_others_counted() {
        let verdict = &verdicts("", &run(Vec::new(), &[]))[0];
        assert!(!verdict.passed);
        assert_eq!(verdict.detail, "peer 0; peer 1; peer 2; and 2 more");
    }
}
