//! The pages as HTML.

use std::fmt::Write;

use super::super::statistics::figures::{Figure, Unit};
use super::super::summary::{RunSummary, Summary};
use super::chart::{Chart, Look};
use super::difference::{Difference, differences};
use super::svg;
use super::text::{escape, grouped, trimmed, value};

const STYLE: &str = include_str!("style.css");

/// The figures that stand on top of a report.
const KEYS: [&str; 13] = [
    "publish.latency",
    "resolve.latency",
    "records.lost",
    "lookup.right",
    "lookup.hops",
    "lookup.latency",
    "lookup.stretch",
    "message.delivered",
    "message.hops",
    "ping.latency",
    "links",
    "traffic.bytes",
    "join.ring",
];

/// Of these, at most so many.
const MOST_KEYS: usize = 6;

/// The page about one scenario's runs.
pub(crate) fn report(summary: &Summary) -> String {
    let mut body = String::new();
    head(&mut body, summary, "h1");
    body.push_str(r#"<div class="keys">"#);
    let keys = KEYS.iter().filter_map(|key| summary.figure(key));
    for figure in keys.take(MOST_KEYS) {
        put(
            &mut body,
            format_args!(
                "<div><b>{}</b><span>{}</span></div>",
                value(figure.mean, figure.unit),
                escape(&figure.title)
            ),
        );
    }
    body.push_str("</div>\n<h2>Figures</h2>\n");
    figures(&mut body, summary);
    checks(&mut body, summary);
    runs(&mut body, summary);
    body.push_str("<h2>Plots</h2>\n<div class=\"charts\">\n");
    for chart in &summary.charts {
        figure(&mut body, chart, "plot");
    }
    body.push_str("</div>\n");
    document(&format!("{}: BOPlish emulation", summary.scenario), &body)
}

/// The page with two runs side by side.
pub(crate) fn comparison(one: &Summary, other: &Summary) -> String {
    let mut body = String::from("<h1>Two emulations side by side</h1>\n<div class=\"pairs\">\n");
    for (name, summary) in [("A", one), ("B", other)] {
        body.push_str("<section>");
        put(&mut body, format_args!("<p class=\"soft\">{name}</p>"));
        head(&mut body, summary, "h2");
        body.push_str("</section>\n");
    }
    body.push_str("</div>\n<h2>Differences</h2>\n<div class=\"scroll\"><table><thead><tr>");
    body.push_str(
        "<th>Figure</th><th>A</th><th>95 % of A</th><th>B</th><th>95 % of B</th>\
         <th>B − A</th><th>in %</th></tr></thead><tbody>\n",
    );
    for difference in differences(one, other) {
        difference_row(&mut body, &difference);
    }
    body.push_str(
        "</tbody></table></div>\n<p class=\"soft\">In colour: the 95 % intervals have nothing in \
         common.</p>\n<h2>Plots</h2>\n",
    );
    for (a, b) in pairs(one, other) {
        body.push_str("<div class=\"pairs\">\n");
        for (name, chart) in [("A", a), ("B", b)] {
            match chart {
                Some(mut chart) => {
                    chart.title = format!("{name}: {}", chart.title);
                    figure(&mut body, &chart, &format!("plot-{}", name.to_lowercase()));
                }
                None => put(
                    &mut body,
                    format_args!(
                        "<figure><figcaption>{name} has no such plot.</figcaption></figure>"
                    ),
                ),
            }
        }
        body.push_str("</div>\n");
    }
    let title = format!(
        "{} and {}: BOPlish emulations",
        one.scenario, other.scenario
    );
    document(&title, &body)
}

/// The charts of both by their ids, with the same axes.
fn pairs(one: &Summary, other: &Summary) -> Vec<(Option<Chart>, Option<Chart>)> {
    let of = |summary: &Summary, id: &str| {
        let found = summary.charts.iter().find(|chart| chart.id == id);
        found.cloned()
    };
    let mut ids: Vec<&str> = one.charts.iter().map(|chart| chart.id.as_str()).collect();
    for chart in &other.charts {
        if !ids.contains(&chart.id.as_str()) {
            ids.push(&chart.id);
        }
    }
    ids.into_iter()
        .map(|id| {
            let (mut a, mut b) = (of(one, id), of(other, id));
            if let (Some(a), Some(b)) = (&mut a, &mut b) {
                Chart::align(a, b);
            }
            (a, b)
        })
        .collect()
}

/// Writing to a text can't fail.
fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(text);
    page.push('\n');
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\
         <footer>Made by boplish {}. Means with the interval that holds them with 95 % \
         confidence: over the runs if there are several, else over the samples of the one \
         run.</footer>\n</body>\n</html>\n",
        escape(title),
        env!("CARGO_PKG_VERSION")
    )
}

fn head(page: &mut String, summary: &Summary, level: &str) {
    put(
        page,
        format_args!("<{level}>{}</{level}>", escape(&summary.scenario)),
    );
    if !summary.description.is_empty() {
        put(
            page,
            format_args!("<p class=\"soft\">{}</p>", escape(&summary.description)),
        );
    }
    page.push_str("<ul class=\"tags\">");
    let seeds: Vec<String> = summary
        .runs
        .iter()
        .map(|run| run.seed.to_string())
        .collect();
    let seeds = match seeds.as_slice() {
        [one] => format!("seed {one}"),
        [first, .., last] => format!("seeds {first} to {last}"),
        [] => "no run".to_owned(),
    };
    let tags = [
        format!("{} peers", grouped(summary.peers as u64)),
        summary.router.clone(),
        format!("backend {}", summary.backend),
        seeds,
    ];
    for tag in tags {
        let _ = write!(page, "<li>{}</li>", escape(&tag));
    }
    if summary.cut_short {
        page.push_str("<li class=\"bad\">cut short</li>");
    }
    if summary.failed().next().is_some() {
        page.push_str("<li class=\"bad\">a check has failed</li>");
    }
    page.push_str("</ul>\n");
    put(
        page,
        format_args!("<pre>{}</pre>", escape(&summary.command)),
    );
}

fn figures(page: &mut String, summary: &Summary) {
    page.push_str(
        "<div class=\"scroll\"><table id=\"figures\"><thead><tr><th>Figure</th><th>mean</th>\
         <th>95 % confidence</th><th>median</th><th>95th percentile</th><th>99th</th>\
         <th>samples</th></tr></thead><tbody>\n",
    );
    for figure in &summary.figures {
        let show = |number: Option<f64>| {
            number.map_or_else(|| "–".to_owned(), |number| value(number, figure.unit))
        };
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td><b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td>{}</td></tr>",
                escape(&figure.title),
                value(figure.mean, figure.unit),
                interval(figure),
                show(figure.spread.map(|spread| spread.median)),
                show(figure.spread.map(|spread| spread.p95)),
                show(figure.spread.map(|spread| spread.p99)),
                grouped(figure.samples)
            ),
        );
    }
    page.push_str("</tbody></table></div>\n");
}

/// The interval of a figure, if there is any doubt.
pub(crate) fn interval(figure: &Figure) -> String {
    if figure.low == figure.high {
        return "–".to_owned();
    }
    match figure.unit {
        Unit::Share => format!(
            "{} to {}",
            value(figure.low, figure.unit),
            value(figure.high, figure.unit)
        ),
        Unit::Count
        | Unit::Ratio
        | Unit::Milliseconds
        | Unit::Seconds
        | Unit::Bytes
        | Unit::BytesPerSecond
        | Unit::PerSecond => format!("± {}", value((figure.high - figure.low) / 2.0, figure.unit)),
    }
}

fn checks(page: &mut String, summary: &Summary) {
    if summary.runs.iter().all(|run| run.verdicts.is_empty()) {
        return;
    }
    page.push_str(
        "<h2>Checks</h2>\n<div class=\"scroll\"><table class=\"text\" id=\"checks\"><thead><tr>\
         <th>Check</th><th>Seed</th><th></th><th>Found</th></tr></thead><tbody>\n",
    );
    for run in &summary.runs {
        for verdict in &run.verdicts {
            let (class, word) = match verdict.passed {
                true => ("good", "passed"),
                false => ("bad", "failed"),
            };
            put(
                page,
                format_args!(
                    "<tr><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td><td>{}</td></tr>",
                    escape(&verdict.check),
                    run.seed,
                    escape(&verdict.detail)
                ),
            );
        }
    }
    page.push_str("</tbody></table></div>\n");
}

fn runs(page: &mut String, summary: &Summary) {
    page.push_str(
        "<h2>Runs</h2>\n<div class=\"scroll\"><table id=\"runs\"><thead><tr><th>Command</th>\
         <th>trace hash</th><th>time in the network</th><th>took</th><th>steps</th>\
         <th>steps/s</th><th>memory per peer</th></tr></thead><tbody>\n",
    );
    for run in &summary.runs {
        run_row(page, run);
    }
    page.push_str("</tbody></table></div>\n");
}

fn run_row(page: &mut String, run: &RunSummary) {
    let none = || "–".to_owned();
    let speed = run.steps_per_second.map(|speed| speed.round() as u64);
    let memory = run.bytes_per_peer.map(|bytes| value(bytes, Unit::Bytes));
    put(
        page,
        format_args!(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&run.command),
            run.trace_hash.as_deref().unwrap_or("–"),
            value(run.seconds, Unit::Seconds),
            if run.cut_short { ", cut short" } else { "" },
            value(run.wall_seconds, Unit::Seconds),
            run.steps.map_or_else(none, grouped),
            speed.map_or_else(none, grouped),
            memory.unwrap_or_else(none),
        ),
    );
}

fn figure(page: &mut String, chart: &Chart, prefix: &str) {
    put(
        page,
        format_args!(
            "<figure id=\"{prefix}-{}\"><h3>{}</h3><figcaption>{}</figcaption>",
            escape(&chart.id),
            escape(&chart.title),
            escape(&chart.note)
        ),
    );
    if chart.series.len() > 1 {
        page.push_str("<div class=\"legend\">");
        for (series, colour) in chart.series.iter().zip(chart.colours()) {
            let faint = if series.look == Look::Faint {
                " faint"
            } else {
                ""
            };
            let _ = write!(
                page,
                "<span><i class=\"c{}{faint}\"></i>{}</span>",
                colour % svg::COLOURS,
                escape(&series.name)
            );
        }
        page.push_str("</div>\n");
    }
    page.push_str(&svg::draw(chart));
    page.push_str("</figure>\n");
}

fn difference_row(page: &mut String, difference: &Difference<'_>) {
    let of = |figure: Option<&Figure>| {
        figure.map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |figure| (value(figure.mean, figure.unit), interval(figure)),
        )
    };
    let (a, a_interval) = of(difference.one);
    let (b, b_interval) = of(difference.other);
    put(
        page,
        format_args!(
            "<tr><td>{}</td><td><b>{a}</b></td><td>{a_interval}</td><td><b>{b}</b></td>\
             <td>{b_interval}</td><td>{}</td><td{}>{}</td></tr>",
            escape(difference.title()),
            difference.absolute(),
            if difference.is_clear() {
                " class=\"clear\""
            } else {
                ""
            },
            difference
                .percent()
                .map_or_else(|| "–".to_owned(), |it| format!("{} %", trimmed(it, 3))),
        ),
    );
}
