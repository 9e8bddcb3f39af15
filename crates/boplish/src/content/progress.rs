//! How far something is: a bar for people, lines of JSON for programs.

use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

/// With --json, a line is printed at most so often.
const EVERY: Duration = Duration::from_millis(500);

/// How far one piece of work is.
pub(super) struct Progress {
    json: bool,
    what: String,
    total: u64,
    bar: ProgressBar,
    printed: Option<Instant>,
}

impl Progress {
    /// Of so many bytes.
    pub(super) fn new(json: bool, what: &str, total: u64) -> Self {
        let target = match json {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = "{msg:24!} {bar:24} {bytes} of {total_bytes}, {binary_bytes_per_sec}";
        bar.set_style(
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(what.to_owned());
        Self {
            json,
            what: what.to_owned(),
            total,
            bar,
            printed: None,
        }
    }

    /// So many bytes are done, with so many peers at it.
    pub(super) fn set(&mut self, done: u64, sources: usize) {
        self.bar.set_position(done);
        let is_due = self.printed.is_none_or(|at| at.elapsed() >= EVERY);
        if self.json && is_due {
            self.printed = Some(Instant::now());
            let (what, total) = (&self.what, self.total);
            print(&json!({
                "event": "progress", "what": what, "done": done, "total": total, "sources": sources,
            }));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Prints a line of JSON. Whoever does not read it any more does not want it.
pub(super) fn print(value: &Value) {
    let _ = writeln!(std::io::stdout(), "{value}");
}

/// Prints a line for people.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
