//! A chart as data: what is drawn, not how.

use serde::{Deserialize, Serialize};

/// A diagram with its captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Chart {
    /// Its name for programs and links, such as `hops`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What it says, in a sentence.
    pub(crate) note: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    /// Vertical lines.
    #[serde(default)]
    pub(crate) lines: Vec<Line>,
}

/// An axis; it reaches from zero, the least value below, or its floor to its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Axis {
    pub(crate) label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) floor: Option<f64>,
    /// Absent: as far as the series reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<f64>,
}

impl Axis {
    pub(crate) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            floor: None,
            limit: None,
        }
    }

    pub(crate) fn up_to(label: &str, limit: f64) -> Self {
        Self {
            label: label.to_owned(),
            floor: None,
            limit: Some(limit),
        }
    }
}

/// How the points of a series are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Look {
    /// A column at each point, as wide as this distance of points.
    Columns,
    Line,
    /// An area on top of the areas before it.
    Stacked,
    /// A faint line, which goes with the series before.
    Faint,
}

/// A set of points with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A vertical line with a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: f64,
    pub(crate) name: String,
    /// A fault, which is drawn in its own colour.
    #[serde(default)]
    pub(crate) fault: bool,
}

impl Chart {
    pub(crate) fn new(id: &str, title: &str, x: Axis, y: Axis) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            note: String::new(),
            x,
            y,
            series: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// With a series more, if it has points.
    pub(crate) fn with(mut self, name: &str, look: Look, points: Vec<(f64, f64)>) -> Self {
        if !points.is_empty() {
            self.series.push(Series {
                name: name.to_owned(),
                look,
                points,
            });
        }
        self
    }

    pub(crate) fn with_line(mut self, at: f64, name: &str) -> Self {
        if at.is_finite() {
            self.lines.push(Line {
                at,
                name: name.to_owned(),
                fault: false,
            });
        }
        self
    }

    pub(crate) fn noting(mut self, note: String) -> Self {
        self.note = note;
        self
    }

    /// The colour of each series by its number; faint ones have that of the series that they go
    /// with.
    pub(crate) fn colours(&self) -> Vec<usize> {
        let mut next = 0_usize;
        let colours = self.series.iter().map(|series| {
            if series.look != Look::Faint {
                next += 1;
            }
            next.saturating_sub(1)
        });
        colours.collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The range of the x axis.
    pub(crate) fn width(&self) -> (f64, f64) {
        let half = self.column_width() / 2.0;
        let points = self.series.iter().flat_map(|series| {
            let half = match series.look {
                Look::Columns => half,
                Look::Line | Look::Stacked | Look::Faint => 0.0,
            };
            series
                .points
                .iter()
                .flat_map(move |point| [point.0 - half, point.0 + half])
        });
        let lines = self.lines.iter().map(|line| line.at);
        range(points.chain(lines), &self.x)
    }

    /// The range of the y axis.
    pub(crate) fn height(&self) -> (f64, f64) {
        let points = self.series.iter().filter(|it| it.look != Look::Stacked);
        let points = points.flat_map(|series| series.points.iter().map(|point| point.1));
        let top = self.stack_tops().last().cloned().unwrap_or_default();
        range(points.chain(top.into_iter().map(|point| point.1)), &self.y)
    }

    /// The upper edges of the stacked series, each on top of those before.
    pub(crate) fn stack_tops(&self) -> Vec<Vec<(f64, f64)>> {
        let mut tops: Vec<Vec<(f64, f64)>> = Vec::new();
        for series in self.series.iter().filter(|it| it.look == Look::Stacked) {
            let below = tops.last();
            let top = series.points.iter().enumerate().map(|(index, point)| {
                let base = below.and_then(|below| below.get(index));
                (point.0, point.1 + base.map_or(0.0, |base| base.1))
            });
            let top = top.collect();
            tops.push(top);
        }
        tops
    }

    /// The distance of the points of columns.
    pub(crate) fn column_width(&self) -> f64 {
        let columns = self.series.iter().filter(|it| it.look == Look::Columns);
        let distances = columns.flat_map(|series| {
            let pairs = series.points.iter().zip(series.points.iter().skip(1));
            pairs.map(|(a, b)| b.0 - a.0)
        });
        let least = distances.filter(|it| *it > 0.0).reduce(f64::min);
        least.unwrap_or(1.0)
    }

    /// Lets two charts have the same axes, so that they can be compared by eye.
    pub(crate) fn align(one: &mut Self, other: &mut Self) {
        let both = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        let x = both(one.width(), other.width());
        let y = both(one.height(), other.height());
        for chart in [one, other] {
            (chart.x.floor, chart.x.limit) = (Some(x.0), Some(x.1));
            (chart.y.floor, chart.y.limit) = (Some(y.0), Some(y.1));
        }
    }
}

fn range(values: impl Iterator<Item = f64>, axis: &Axis) -> (f64, f64) {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for value in values.filter(|it| it.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    let low = axis.floor.unwrap_or(low);
    let high = axis.limit.unwrap_or(high);
    (low, if high > low { high } else { low + 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        Chart::new("a", "A", Axis::new("x"), Axis::new("y"))
    }

    #[test]
    fn stacked_series_reach_as_high_as_their_sum() {
        let chart = chart()
            .with("one", Look::Stacked, vec![(0.0, 1.0), (1.0, 2.0)])
            .with("two", Look::Stacked, vec![(0.0, 3.0), (1.0, 3.0)]);
        assert_eq!(chart.stack_tops()[1], [(0.0, 4.0), (1.0, 5.0)]);
        assert_eq!(chart.height(), (0.0, 5.0));
    }

    #[test]
    fn aligned_charts_have_the_larger_axes_of_both() {
        let mut one = chart().with("a", Look::Line, vec![(0.0, 1.0), (5.0, 2.0)]);
        let mut other = chart().with("a", Look::Line, vec![(0.0, 9.0), (2.0, 1.0)]);
        Chart::align(&mut one, &mut other);
        assert_eq!(one.width(), (0.0, 5.0));
        assert_eq!(other.height(), one.height());
        assert_eq!(other.height(), (0.0, 9.0));
    }

    #[test]
    fn a_faint_series_has_the_colour_of_the_one_it_goes_with() {
        let chart = ["a", "b", "c"].into_iter().fold(chart(), |chart, name| {
            let point = vec![(0.0, 1.0)];
            chart
                .with(name, Look::Line, point.clone())
                .with("faint", Look::Faint, point)
        });
        assert_eq!(chart.colours(), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_series_without_points_is_left_out_and_an_empty_axis_has_a_range() {
        let chart = chart().with("nothing", Look::Line, Vec::new());
        assert!(chart.is_empty());
        assert_eq!(chart.height(), (0.0, 1.0));
    }
}
