//! Peers that a content is fetched from: what they have, and how they do.

use core::time::Duration;

use boplish_wire::content::SPAN;

use super::shelf::Spans;
use crate::time::Time;

/// A peer that was asked answers within this time, or counts as gone for a while.
pub(super) const ANSWER: Duration = Duration::from_secs(6);

/// A link to a source opens within this time, or the content comes over others.
const LINK_PATIENCE: Duration = Duration::from_secs(10);

/// A source that has something to send and sends nothing for this long has stalled.
pub(super) const STALL: Duration = Duration::from_secs(8);

/// One that is busy, has stalled or does not answer is asked again after this long.
pub(super) const PAUSE: Duration = Duration::from_secs(20);

/// Spans that are asked of a source at one time, before it is known how fast it is, and at most.
const FIRST_WINDOW: usize = 2;
const MAX_WINDOW: usize = 8;

/// Rates are measured over this time.
const MEASURE: Duration = Duration::from_millis(200);

/// So often it may stall, or not answer, before it is given up.
const MAX_STRIKES: u8 = 3;

#[derive(Debug)]
pub(super) struct Source {
    pub(super) state: SourceState,
    /// Spans that it is sending, or is to send.
    pub(super) in_flight: usize,
    /// When it has last sent something, or was asked for the first of what is in flight.
    pub(super) last: Time,
    /// Until when a link is waited for.
    link_by: Option<Time>,
    strikes: u8,
    /// Bytes in a second, smoothed; 0: not known.
    rate: u64,
    measured: (Time, u64),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum SourceState {
    /// It was asked whether it has the content.
    Asked { until: Time },
    /// It has these spans; `None`: all.
    Ready(Option<Spans>),
    /// It is asked again then.
    Paused { until: Time },
    /// It is not asked any more.
    Out,
}

impl Source {
    pub(super) fn asked(now: Time) -> Self {
        Self {
            state: SourceState::Asked {
                until: now + ANSWER,
            },
            in_flight: 0,
            last: now,
            link_by: None,
            strikes: 0,
            rate: 0,
            measured: (now, 0),
        }
    }

    pub(super) fn ask_again(&mut self, now: Time) {
        self.state = SourceState::Asked {
            until: now + ANSWER,
        };
    }

    pub(super) fn make_ready(&mut self, now: Time, spans: Option<Spans>) {
        self.state = SourceState::Ready(spans);
        self.link_by = Some(now + LINK_PATIENCE);
        self.measured = (now, 0);
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, SourceState::Ready(_))
    }

    /// Whether something may still come of it.
    pub(super) fn is_hopeful(&self) -> bool {
        self.state != SourceState::Out
    }

    /// Whether it has been asked, or sends.
    pub(super) fn is_busy(&self) -> bool {
        matches!(
            self.state,
            SourceState::Asked { .. } | SourceState::Ready(_)
        )
    }

    pub(super) fn has(&self, span: u32) -> bool {
        match &self.state {
            SourceState::Ready(Some(spans)) => spans.contains(span),
            SourceState::Ready(None) => true,
            SourceState::Asked { .. } | SourceState::Paused { .. } | SourceState::Out => false,
        }
    }

    /// Its answer does not come, or what it sends.
    pub(super) fn strike(&mut self, now: Time) {
        self.strikes += 1;
        self.pause(now);
        if self.strikes >= MAX_STRIKES {
            self.state = SourceState::Out;
        }
    }

    pub(super) fn pause(&mut self, now: Time) {
        self.in_flight = 0;
        self.state = SourceState::Paused { until: now + PAUSE };
    }

    /// How many spans may be asked of it at one time; over others only one.
    pub(super) fn window(&self, is_linked: bool) -> usize {
        match (is_linked, self.rate) {
            (true, 0) => FIRST_WINDOW,
            // What it sends in a second.
            (true, rate) => ((rate / SPAN) as usize + 1).clamp(1, MAX_WINDOW),
            // The link may still open.
            (false, _) => usize::from(self.link_by.is_none()),
        }
    }

    /// When something is due.
    pub(super) fn due(&self) -> Option<Time> {
        match &self.state {
            SourceState::Asked { until } | SourceState::Paused { until } => Some(*until),
            SourceState::Ready(_) if self.in_flight > 0 => Some(self.last + STALL),
            SourceState::Ready(_) => self.link_by,
            SourceState::Out => None,
        }
    }

    /// A link that does not open is not waited for any longer.
    pub(super) fn expire_link(&mut self, now: Time) {
        self.link_by.take_if(|at| *at <= now);
    }

    /// It has sent so many bytes.
    pub(super) fn has_sent(&mut self, now: Time, bytes: usize) {
        self.last = now;
        self.strikes = 0;
        let (since, before) = self.measured;
        let sum = before + bytes as u64;
        let time = now.since(since);
        self.measured = (since, sum);
        if time >= MEASURE {
            let rate = sum * 1000 / time.as_millis() as u64;
            self.rate = match self.rate {
                0 => rate,
                old => (old * 3 + rate) / 4,
            };
            self.measured = (now, 0);
        }
    }

    pub(super) fn rate(&self) -> u64 {
        self.rate
    }

    /// It is asked for a first span after a while, in which it had nothing to send.
    pub(super) fn begins(&mut self, now: Time) {
        self.last = now;
        self.measured = (now, 0);
    }
}
