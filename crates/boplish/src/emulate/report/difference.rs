//! How the figures of two summaries differ.

use super::super::statistics::figures::Figure;
use super::super::summary::Summary;
use super::text::{trimmed, value};

/// A figure in two summaries; one of them may lack it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference<'a> {
    pub(crate) one: Option<&'a Figure>,
    pub(crate) other: Option<&'a Figure>,
    either: &'a Figure,
}

/// All figures that either has, in their order.
pub(crate) fn differences<'a>(one: &'a Summary, other: &'a Summary) -> Vec<Difference<'a>> {
    let of_one = one.figures.iter().map(|figure| Difference {
        one: Some(figure),
        other: other.figure(&figure.key),
        either: figure,
    });
    let only_other = other
        .figures
        .iter()
        .filter(|it| one.figure(&it.key).is_none());
    let of_other = only_other.map(|figure| Difference {
        one: None,
        other: Some(figure),
        either: figure,
    });
    of_one.chain(of_other).collect()
}

impl Difference<'_> {
    pub(crate) fn title(&self) -> &str {
        &self.either.title
    }

    /// The second less the first, with its sign and unit.
    pub(crate) fn absolute(&self) -> String {
        match (self.one, self.other) {
            (Some(one), Some(other)) => {
                let difference = other.mean - one.mean;
                let sign = if difference > 0.0 { "+" } else { "" };
                format!("{sign}{}", value(difference, one.unit))
            }
            _ => "–".to_owned(),
        }
    }

    /// In per cent of the first.
    pub(crate) fn percent(&self) -> Option<f64> {
        let (one, other) = (self.one?, self.other?);
        (one.mean != 0.0).then(|| (other.mean / one.mean - 1.0) * 100.0)
    }

    /// Whether the 95 % intervals of both have nothing in common. Without intervals, nobody knows.
    pub(crate) fn is_clear(&self) -> bool {
        match (self.one, self.other) {
            (Some(one), Some(other)) => {
                let have_intervals = one.low < one.high && other.low < other.high;
                have_intervals && (one.high < other.low || other.high < one.low)
            }
            _ => false,
        }
    }

    /// A line of a table for a terminal.
    pub(crate) fn cells(&self) -> [String; 5] {
        let mean = |figure: Option<&Figure>| {
            figure.map_or_else(|| "–".to_owned(), |it| value(it.mean, it.unit))
        };
        let percent = match self.percent() {
            Some(percent) => format!("{:+} %", trimmed(percent, 3).parse().unwrap_or(0.0_f64)),
            None => "–".to_owned(),
        };
        [
            self.title().to_owned(),
            mean(self.one),
            mean(self.other),
            percent,
            if self.is_clear() { "clear" } else { "" }.to_owned(),
        ]
    }
}
