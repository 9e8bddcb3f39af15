//! How far the runs are, on stderr, for people who watch.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::report::text::grouped;
use super::stage::Watch;

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(200);

/// Cells of the bar.
const WIDTH: usize = 24;

/// The line that all runs share. On something else than a terminal it stays silent.
#[derive(Debug)]
pub(super) struct Progress {
    is_seen: bool,
    line: Mutex<Line>,
    interrupted: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Line {
    started: Instant,
    written: Option<Instant>,
    /// How far each run is, from 0 to 1.
    runs: Vec<f64>,
}

impl Progress {
    /// For so many runs, which end when `interrupted` becomes true.
    pub(super) fn new(runs: usize, interrupted: Arc<AtomicBool>) -> Self {
        Self {
            is_seen: stderr().is_terminal(),
            line: Mutex::new(Line {
                started: Instant::now(),
                written: None,
                runs: vec![0.0; runs],
            }),
            interrupted,
        }
    }

    /// The watch over one of the runs.
    pub(super) fn watch(&self, run: usize) -> Watcher<'_> {
        Watcher {
            progress: self,
            run,
        }
    }

    /// Clears the line.
    pub(super) fn done(&self) {
        if self.is_seen {
            // Nobody is harmed by a line that stays.
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The watch over one run.
#[derive(Debug)]
pub(super) struct Watcher<'a> {
    progress: &'a Progress,
    run: usize,
}

impl Watch for Watcher<'_> {
    fn goes_on(&mut self, now: f64, end: f64, living: usize) -> bool {
        if self.progress.is_seen {
            let mut line = self.progress.line();
            line.runs[self.run] = (now / end).clamp(0.0, 1.0);
            if line.written.is_none_or(|at| at.elapsed() >= EVERY) {
                line.written = Some(Instant::now());
                let text = line.text(now, end, living);
                let _ = write!(stderr(), "\r{text}\x1b[K");
            }
        }
        !self.progress.is_interrupted()
    }
}

impl Line {
    fn text(&self, now: f64, end: f64, living: usize) -> String {
        let done = self.runs.iter().sum::<f64>() / self.runs.len().max(1) as f64;
        let full = (done * WIDTH as f64) as usize;
        let bar: String = (0..WIDTH)
            .map(|cell| if cell < full { '█' } else { '░' })
            .collect();
        let spent = self.started.elapsed().as_secs_f64();
        let left = match done > 0.01 {
            true => format!(", {:.0} s left", spent / done * (1.0 - done)),
            false => String::new(),
        };
        format!(
            "{bar} {:3.0} % · {now:.0} of {end:.0} s · {} peers · {spent:.0} s spent{left}",
            done * 100.0,
            grouped(living as u64)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_all_runs_are() {
        let line = Line {
            started: Instant::now(),
            written: None,
            runs: vec![1.0, 0.0],
        };
        let text = line.text(10.0, 20.0, 12_345);
        assert!(text.contains("50 %"), "{text}");
        assert!(text.contains("10 of 20 s · 12,345 peers"), "{text}");
    }

    #[test]
    fn an_interruption_ends_every_run() {
        let interrupted = Arc::new(AtomicBool::new(false));
        let progress = Progress::new(1, Arc::clone(&interrupted));
        assert!(progress.watch(0).goes_on(1.0, 2.0, 3));
        interrupted.store(true, Ordering::Relaxed);
        assert!(!progress.watch(0).goes_on(1.0, 2.0, 3));
    }
}
