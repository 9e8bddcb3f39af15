//! What was said to the group: whom it has reached, how soon, and what that costs.

use super::figures::{Data, Measure, Unit, measure, single};
use super::samples::{Moment, Post, Samples};

/// A group delivers again once so much of what is said reaches its members.
const REGAINED: f64 = 0.99;

pub(super) fn measures(run: &Samples) -> Vec<Measure> {
    let posts = || run.posts.iter().filter(|it| run.window.contains(it.at));
    let delivered: u64 = posts().map(|it| it.latencies.len() as u64).sum();
    let expected: u64 = posts().map(|it| u64::from(it.expected)).sum();
    let again: u64 = posts().map(|it| u64::from(it.again)).sum();
    let latencies = posts().flat_map(|it| &it.latencies);
    let few = |value: Option<f64>| value.into_iter().collect::<Vec<_>>();
    vec![
        measure(
            "group.delivered",
            "Deliveries of posts to members",
            Unit::Share,
            Data::Share(delivered, expected),
        ),
        measure(
            "group.again",
            "Posts that a member was told twice, of those delivered",
            Unit::Share,
            Data::Share(again, delivered),
        ),
        measure(
            "group.latency",
            "Latency of a post to a member",
            Unit::Milliseconds,
            Data::Values(latencies.map(|it| f64::from(*it) * 1000.0).collect()),
        ),
        single(
            "group.payloads",
            "Posts on links per post that a member has heard",
            Unit::Ratio,
            few(payloads(run)),
        ),
        single(
            "group.upkeep",
            "Sent by a peer to keep the group's tree",
            Unit::BytesPerSecond,
            few(upkeep(run)),
        ),
        single(
            "group.regained",
            "99 % of what is said is delivered again after the last fault",
            Unit::Seconds,
            few(regained(run)),
        ),
    ]
}

/// Frames with posts, relayed ones and those of forwarders included, over posts heard.
fn payloads(run: &Samples) -> Option<f64> {
    let (first, last) = run.first_and_last()?;
    let heard = last.heard? - first.heard?;
    let frames = |moment: &Moment| {
        moment
            .traffic
            .get("group posts")
            .map_or(0, |it| it.messages)
    };
    (heard > 0).then(|| (frames(last) - frames(first)) as f64 / heard as f64)
}

fn upkeep(run: &Samples) -> Option<f64> {
    let (first, last) = run.first_and_last()?;
    last.heard?;
    let bytes = |moment: &Moment| moment.traffic.get("group upkeep").map_or(0, |it| it.bytes);
    let seconds = run.peer_seconds(first.at, last.at);
    (seconds > 0.0).then(|| (bytes(last) - bytes(first)) as f64 / seconds)
}

/// From the last fault to the last post that reached fewer than it should.
fn regained(run: &Samples) -> Option<f64> {
    let fault = run.marks.iter().map(|mark| mark.at).reduce(f64::max)?;
    let after = || run.posts.iter().filter(|it| it.at >= fault);
    let last = after().map(|it| it.at).reduce(f64::max)?;
    let too_few = after().filter(|it| share(it) < REGAINED);
    match too_few.map(|it| it.at).reduce(f64::max) {
        Some(failed) => (failed < last).then_some(failed - fault),
        None => Some(0.0),
    }
}

/// Of the members that it was to reach, so many a post has reached; all of none.
pub(crate) fn share(post: &Post) -> f64 {
    match post.expected {
        0 => 1.0,
        expected => post.latencies.len() as f64 / f64::from(expected),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::figures;
    use super::super::samples::{Count, Mark, Window};
    use super::*;

    fn post(at: f64, expected: u32, latencies: &[f32]) -> Post {
        Post {
            at,
            from: 0,
            expected,
            latencies: latencies.to_vec(),
            again: 0,
        }
    }

    fn moment(at: f64, heard: u64, frames: u64) -> Moment {
        let count = Count {
            messages: frames,
            bytes: frames * 100,
        };
        let kinds = ["group posts", "group upkeep"];
        Moment {
            at,
            living: 10,
            heard: Some(heard),
            traffic: kinds.map(|kind| (kind.to_owned(), count)).into(),
            ..Moment::default()
        }
    }

    #[test]
    fn deliveries_payloads_and_recovery_are_those_of_the_posts() {
        let run = Samples {
            window: Window {
                from: 0.0,
                to: 10.0,
            },
            moments: vec![moment(0.0, 0, 0), moment(10.0, 4, 5)],
            marks: vec![Mark {
                at: 2.0,
                what: "a fault".to_owned(),
            }],
            posts: vec![
                post(1.0, 2, &[0.1, 0.2]),
                post(3.0, 2, &[0.1]),
                post(5.0, 1, &[0.1]),
            ],
            ..Samples::default()
        };
        let figures = figures(&[&run]);
        let mean = |key: &str| figures.iter().find(|it| it.key == key).unwrap().mean;
        assert_eq!(mean("group.delivered"), 0.8);
        assert_eq!(mean("group.payloads"), 1.25);
        assert_eq!(mean("group.upkeep"), 5.0);
        assert_eq!(mean("group.regained"), 1.0);
    }

    #[test]
    fn a_run_without_a_group_says_nothing_of_it() {
        let run = Samples {
            moments: vec![Moment::default()],
            ..Samples::default()
        };
        let figures = figures(&[&run]);
        assert!(!figures.iter().any(|it| it.key.starts_with("group.")));
    }
}
