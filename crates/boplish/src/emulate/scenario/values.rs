//! Values that a scenario is made of, which can only be sensible ones.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time in seconds: neither negative nor endless.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Span(pub(crate) f64);

impl Span {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }
}

impl From<Span> for f64 {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl TryFrom<f64> for Span {
    type Error = String;

    fn try_from(seconds: f64) -> Result<Self, String> {
        /// A year: nothing that is emulated takes longer.
        const MOST: f64 = 366.0 * 86_400.0;
        if (0.0..=MOST).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(format!(
                "{seconds} is no time: write seconds, from 0 to {MOST}"
            ))
        }
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Share(pub(crate) f64);

impl From<Share> for f64 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(format!("{share} is no share: write a number from 0 to 1"))
        }
    }
}
