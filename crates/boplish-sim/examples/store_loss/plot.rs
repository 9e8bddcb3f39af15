//! Losses against replicas as SVG: a line of the model and points for each median of the sessions.

use core::fmt::Write;
use std::collections::BTreeSet;

use super::model::{Rows, expected, window};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 16.0;
const RIGHT: f64 = 120.0;
const BOTTOM: f64 = 44.0;

/// Decades of the y axis.
const LEAST: i32 = -9;
const MOST: i32 = 4;

const COLOURS: [&str; 5] = ["#a3293d", "#b26a00", "#2f7d32", "#1f5fa8", "#6a3d9a"];

fn x(replicas: f64) -> f64 {
    LEFT + (replicas - 0.5) / 8.0 * (WIDTH - LEFT - RIGHT)
}

fn y(rate: f64) -> f64 {
    let share = (f64::from(MOST) - rate.log10()) / f64::from(MOST - LEAST);
    TOP + share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
}

/// The whole drawing.
pub(crate) fn draw(rows: &Rows) -> String {
    let window = window(rows);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Records lost per key-day, by replicas and median session</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
    );
    axes(&mut svg);
    let medians: BTreeSet<u64> = rows.keys().map(|(median, _)| *median).collect();
    for (index, (median, colour)) in medians.iter().rev().zip(COLOURS).enumerate() {
        line(&mut svg, *median, window, colour);
        for ((_, replicas), row) in rows.iter().filter(|((of, _), _)| of == median) {
            // Beside each other, not on each other.
            let at = x(f64::from(*replicas)) + (index as f64 - 1.5) * 5.0;
            let (low, found, high) = row.rate();
            let (high, is_lost) = (y(high), found > 0.0);
            let low = if is_lost { y(low) } else { high + 14.0 };
            put(
                &mut svg,
                format_args!("<path d=\"M{at:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\"/>"),
            );
            let mark = match is_lost {
                true => format!("<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"4\"", y(found)),
                // Nothing was lost: an arrow down from the most that it can be.
                false => format!("<path d=\"M{:.1} {low:.1}h8l-4 7z\"", at - 4.0),
            };
            put(&mut svg, format_args!("{mark} fill=\"{colour}\"/>"));
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String) {
    let (left, right) = (LEFT, WIDTH - RIGHT);
    for decade in (LEAST..=MOST).step_by(2) {
        let at = y(10_f64.powi(decade));
        put(
            svg,
            format_args!(
                "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">1e{decade}</text>",
                left - 6.0,
                at + 4.0
            ),
        );
    }
    for replicas in 1..=8 {
        put(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{replicas}</text>",
                x(f64::from(replicas)),
                HEIGHT - BOTTOM + 18.0
            ),
        );
    }
    let (middle, base) = ((left + right) / 2.0, HEIGHT - 8.0);
    put(
        svg,
        format_args!("<text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\">replicas</text>"),
    );
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    put(
        svg,
        format_args!(
            "<text transform=\"translate(16 {middle}) rotate(-90)\" text-anchor=\"middle\">\
             records lost per key-day</text>"
        ),
    );
}

/// The model's line, and whose it is.
fn line(svg: &mut String, median: u64, window: f64, colour: &str) {
    let points = (0..=70).map(|tenth| 1.0 + f64::from(tenth) / 10.0);
    let points = points.map(|replicas| (replicas, expected(median, replicas, window)));
    let shown: Vec<(f64, f64)> = points
        .filter(|(_, rate)| rate.log10() > f64::from(LEAST))
        .collect();
    let path: Vec<String> = shown
        .iter()
        .map(|(replicas, rate)| format!("{:.1} {:.1}", x(*replicas), y(*rate)))
        .collect();
    put(
        svg,
        format_args!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-dasharray=\"5 4\"/>",
            path.join("L")
        ),
    );
    if let Some((replicas, rate)) = shown.last() {
        put(
            svg,
            format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{median} s</text>",
                x(*replicas) + 8.0,
                y(*rate) + 4.0
            ),
        );
    }
}

fn put(svg: &mut String, text: core::fmt::Arguments<'_>) {
    // Writing to a text can't fail.
    let _ = svg.write_fmt(text);
    svg.push('\n');
}
