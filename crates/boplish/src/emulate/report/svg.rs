//! Draws a chart as SVG. Colours are CSS variables of the page, so that it is readable light and
//! dark.

use std::fmt::Write;

use super::chart::{Chart, Line, Look, Series};
use super::text::{escape, short};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
/// Of the name of a vertical line; several that are near each other stand in rows.
const ROW: f64 = 13.0;
const BOTTOM: f64 = 46.0;

/// Colours that a page has; further series begin again.
pub(super) const COLOURS: usize = 8;

/// Where values are on the picture.
struct Frame {
    x: (f64, f64),
    y: (f64, f64),
    top: f64,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        let share = (value - self.x.0) / (self.x.1 - self.x.0);
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - self.top - BOTTOM)
    }

    fn holds(&self, x: f64) -> bool {
        (self.x.0..=self.x.1).contains(&x)
    }
}

/// The picture of a chart.
pub(super) fn draw(chart: &Chart) -> String {
    let mut frame = Frame {
        x: chart.width(),
        y: headroom(chart.height(), chart.y.limit),
        top: TOP,
    };
    let names = place_names(chart, &frame);
    let rows = names.iter().map(|name| name.row + 1).max().unwrap_or(0);
    frame.top = TOP + ROW * rows as f64;
    let mut svg = String::new();
    let label = escape(&format!("{}. {}", chart.title, chart.note));
    put(
        &mut svg,
        format_args!(
            r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" xmlns="http://www.w3.org/2000/svg">"#
        ),
    );
    draw_axes(&mut svg, chart, &frame);
    draw_areas(&mut svg, chart, &frame);
    for (index, (series, colour)) in chart.series.iter().zip(chart.colours()).enumerate() {
        match series.look {
            Look::Columns => draw_columns(&mut svg, chart, index, &frame),
            Look::Line => draw_line(&mut svg, series, colour, "line", &frame),
            Look::Faint => draw_line(&mut svg, series, colour, "line faint", &frame),
            Look::Stacked => {}
        }
    }
    draw_marks(&mut svg, &names);
    svg.push_str("</svg>");
    svg
}

/// Writing to a text can't fail.
fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(text);
    svg.push('\n');
}

/// A little room above the highest value, unless the limit is given.
fn headroom((low, high): (f64, f64), limit: Option<f64>) -> (f64, f64) {
    match limit {
        Some(limit) => (low, limit),
        None => (low, low + (high - low) * 1.06),
    }
}

/// Round numbers, at most so many.
fn ticks((low, high): (f64, f64), most: usize) -> Vec<f64> {
    let span = high - low;
    let rough = span / most as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(span);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    (first..=last).map(|index| index as f64 * step).collect()
}

fn draw_axes(svg: &mut String, chart: &Chart, frame: &Frame) {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for tick in ticks(frame.y, 5) {
        let (y, text) = (frame.y(tick), short(tick));
        put(
            svg,
            format_args!(
                r#"<path class="grid" d="M{LEFT} {y:.1}H{right}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{text}</text>"#,
                LEFT - 8.0,
                y + 4.0
            ),
        );
    }
    for tick in ticks(frame.x, 7) {
        let (x, text) = (frame.x(tick), short(tick));
        put(
            svg,
            format_args!(
                r#"<path class="grid" d="M{x:.1} {bottom}v5"/><text class="tick" x="{x:.1}" y="{:.1}" text-anchor="middle">{text}</text>"#,
                bottom + 19.0
            ),
        );
    }
    put(
        svg,
        format_args!(
            r#"<path class="axis" d="M{LEFT} {bottom}H{right}"/><text class="label" x="{right}" y="{:.1}" text-anchor="end">{}</text><text class="label" x="{:.1}" y="{:.1}">{}</text>"#,
            HEIGHT - 8.0,
            escape(&chart.x.label),
            4.0,
            14.0,
            escape(&chart.y.label)
        ),
    );
}

fn draw_columns(svg: &mut String, chart: &Chart, index: usize, frame: &Frame) {
    let series = &chart.series[index];
    let columns = chart.series.iter().filter(|it| it.look == Look::Columns);
    let beside = columns.clone().count() as f64;
    let place = chart.series[..index]
        .iter()
        .filter(|it| it.look == Look::Columns)
        .count() as f64;
    let slot = chart.column_width();
    // A gap of a tenth between the columns of neighbouring points.
    let width = slot * 0.9 / beside;
    for (x, y) in &series.points {
        let left = x - slot * 0.45 + place * width;
        let (from, to, top) = (frame.x(left), frame.x(left + width), frame.y(*y));
        put(
            svg,
            format_args!(
                r#"<rect class="c{}" x="{from:.1}" y="{top:.1}" width="{:.1}" height="{:.1}"><title>{}: {} at {}</title></rect>"#,
                index % COLOURS,
                (to - from).max(0.5),
                (frame.y(frame.y.0) - top).max(0.0),
                escape(&series.name),
                short(*y),
                short(*x)
            ),
        );
    }
}

fn draw_line(svg: &mut String, series: &Series, colour: usize, class: &str, frame: &Frame) {
    let mut path = String::new();
    for (x, y) in series.points.iter().filter(|point| frame.holds(point.0)) {
        let verb = if path.is_empty() { 'M' } else { 'L' };
        let _ = write!(path, "{verb}{:.1} {:.1}", frame.x(*x), frame.y(*y));
    }
    put(
        svg,
        format_args!(
            r#"<path class="{class} c{}" d="{path}"><title>{}</title></path>"#,
            colour % COLOURS,
            escape(&series.name)
        ),
    );
}

fn draw_areas(svg: &mut String, chart: &Chart, frame: &Frame) {
    let tops = chart.stack_tops();
    let stacked = chart.series.iter().enumerate();
    let stacked = stacked.filter(|(_, series)| series.look == Look::Stacked);
    for (level, (index, series)) in stacked.enumerate() {
        let base = level.checked_sub(1).and_then(|below| tops.get(below));
        let mut path = String::new();
        for (x, y) in &tops[level] {
            let verb = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{verb}{:.1} {:.1}", frame.x(*x), frame.y(*y));
        }
        for (place, (x, _)) in series.points.iter().enumerate().rev() {
            let y = base.and_then(|base| base.get(place)).map_or(0.0, |it| it.1);
            let _ = write!(path, "L{:.1} {:.1}", frame.x(*x), frame.y(y));
        }
        put(
            svg,
            format_args!(
                r#"<path class="area c{}" d="{path}Z"><title>{}</title></path>"#,
                index % COLOURS,
                escape(&series.name)
            ),
        );
    }
}

/// A vertical line, and where its name stands.
struct Name<'a> {
    line: &'a Line,
    x: f64,
    is_left: bool,
    row: usize,
}

/// Each name gets the first row in which it covers no other.
fn place_names<'a>(chart: &'a Chart, frame: &Frame) -> Vec<Name<'a>> {
    let mut lines: Vec<&Line> = chart.lines.iter().filter(|it| frame.holds(it.at)).collect();
    lines.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut ends: Vec<f64> = Vec::new();
    let mut names = Vec::new();
    for line in lines {
        let x = frame.x(line.at);
        // About as wide as letters of that size are.
        let width = line.name.chars().count() as f64 * 6.2 + 10.0;
        let is_left = x + width > WIDTH;
        let (from, to) = if is_left {
            (x - width, x)
        } else {
            (x, x + width)
        };
        let row = ends.iter().position(|end| *end <= from);
        let row = row.unwrap_or_else(|| {
            ends.push(0.0);
            ends.len() - 1
        });
        ends[row] = to;
        names.push(Name {
            line,
            x,
            is_left,
            row,
        });
    }
    names
}

fn draw_marks(svg: &mut String, names: &[Name<'_>]) {
    let bottom = HEIGHT - BOTTOM;
    for name in names {
        let (anchor, shift) = if name.is_left {
            ("end", -4.0)
        } else {
            ("start", 4.0)
        };
        let class = if name.line.fault {
            "mark fault"
        } else {
            "mark"
        };
        // A later line has a lower row, so that it crosses no earlier name.
        let baseline = TOP + ROW * (name.row as f64 + 1.0) - 4.0;
        put(
            svg,
            format_args!(
                r#"<g class="{class}"><path d="M{x:.1} {:.1}V{bottom}"/><text x="{:.1}" y="{baseline:.1}" text-anchor="{anchor}">{}</text></g>"#,
                baseline - 9.0,
                name.x + shift,
                escape(&name.line.name),
                x = name.x,
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::Axis;
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks((0.0, 10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            ticks((0.0, 1.0), 5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert!(ticks((0.0, 7331.0), 5).len() <= 6);
    }

    #[test]
    fn every_series_and_every_line_is_drawn_with_its_name() {
        let chart = Chart::new("a", "A <b>", Axis::new("x"), Axis::new("y"))
            .with("bars", Look::Columns, vec![(1.0, 2.0), (2.0, 3.0)])
            .with("curve", Look::Line, vec![(1.0, 2.0), (2.0, 3.0)])
            .with("area", Look::Stacked, vec![(1.0, 2.0), (2.0, 3.0)])
            .with_line(1.5, "here & now");
        let svg = draw(&chart);
        for part in [
            "bars: 3 at 2",
            "curve",
            "area c2",
            "here &amp; now",
            "A &lt;b&gt;",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn values_beyond_the_limit_stay_inside_the_picture() {
        let chart = Chart::new("a", "A", Axis::up_to("x", 1.0), Axis::up_to("y", 1.0)).with(
            "curve",
            Look::Line,
            vec![(0.0, 5.0), (1.0, 0.0), (9.0, 0.0)],
        );
        let svg = draw(&chart);
        assert!(svg.contains(&format!(
            "M{LEFT:.1} {TOP:.1}L{:.1} {:.1}\"",
            WIDTH - RIGHT,
            HEIGHT - BOTTOM
        )));
    }
}
