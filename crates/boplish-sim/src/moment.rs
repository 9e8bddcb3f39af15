//! Times as nanoseconds in one word, where room and speed count: enough for 584 years.

use core::time::Duration;

use boplish_core::Time;

pub(crate) fn span(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

pub(crate) fn nanos(time: Time) -> u64 {
    span(time.since_start())
}

pub(crate) fn time(nanos: u64) -> Time {
    Time::after_start(Duration::from_nanos(nanos))
}
