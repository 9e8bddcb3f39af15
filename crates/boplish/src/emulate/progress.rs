//! How far the runs are, on stderr, for people who watch.

use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::report::text::grouped;
use super::stage::{Reached, Watch};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(200);

/// How often each run writes a line of its own where there is no terminal.
const NOTE_EVERY: Duration = Duration::from_secs(30);

/// Cells of the bar.
const WIDTH: usize = 24;

/// The line that all runs share; where there is no terminal, a note of each run now and then.
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
            noted: Note {
                at: Instant::now(),
                steps: 0,
            },
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

    fn write_line(&self, run: usize, reached: &Reached) {
        let mut line = self.line();
        line.runs[run] = (reached.now / reached.end).clamp(0.0, 1.0);
        if line.written.is_none_or(|at| at.elapsed() >= EVERY) {
            line.written = Some(Instant::now());
            let text = line.text(reached);
            let _ = write!(stderr(), "\r{text}\x1b[K");
        }
    }

    fn write_note(&self, run: usize, note: &str) {
        let _ = match self.line().runs.len() {
            0 | 1 => writeln!(stderr(), "{note}"),
            runs => writeln!(stderr(), "run {} of {runs}: {note}", run + 1),
        };
    }
}

/// The watch over one run.
#[derive(Debug)]
pub(super) struct Watcher<'a> {
    progress: &'a Progress,
    run: usize,
    noted: Note,
}

impl Watch for Watcher<'_> {
    fn goes_on(&mut self, reached: &Reached) -> bool {
        if self.progress.is_seen {
            self.progress.write_line(self.run, reached);
        } else if let Some(note) = self.noted.next(Instant::now(), reached) {
            self.progress.write_note(self.run, &note);
        }
        !self.progress.is_interrupted()
    }
}

/// When a run has last written a note, and how many steps it had taken then.
#[derive(Debug)]
struct Note {
    at: Instant,
    steps: u64,
}

impl Note {
    /// What is to be written now, if it is time.
    fn next(&mut self, now: Instant, reached: &Reached) -> Option<String> {
        let passed = now.duration_since(self.at);
        if passed < NOTE_EVERY {
            return None;
        }
        let Reached { now: at, end, .. } = reached;
        let mut text = format!(
            "{at:.0} of {end:.0} s, {} peers",
            grouped(reached.living as u64)
        );
        if let Some(steps) = reached.steps {
            let speed = (steps - self.steps) as f64 / passed.as_secs_f64();
            text.push_str(&format!(", {} events per second", grouped(speed as u64)));
            self.steps = steps;
        }
        self.at = now;
        Some(text)
    }
}

impl Line {
    fn text(&self, reached: &Reached) -> String {
        let Reached { now, end, .. } = reached;
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
            grouped(reached.living as u64)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(now: f64, steps: Option<u64>) -> Reached {
        Reached {
            now,
            end: 20.0,
            living: 12_345,
            steps,
        }
    }

    #[test]
    fn the_line_says_how_far_all_runs_are() {
        let line = Line {
            started: Instant::now(),
            written: None,
            runs: vec![1.0, 0.0],
        };
        let text = line.text(&reached(10.0, None));
        assert!(text.contains("50 %"), "{text}");
        assert!(text.contains("10 of 20 s · 12,345 peers"), "{text}");
    }

    #[test]
    fn a_note_is_due_every_half_minute_and_counts_what_has_happened_since_the_last() {
        let start = Instant::now();
        let mut note = Note {
            at: start,
            steps: 0,
        };
        let mut after = |seconds, reached| {
            let now = start + Duration::from_secs(seconds);
            note.next(now, &reached)
        };
        assert_eq!(after(29, reached(1.0, Some(1_000))), None);
        assert_eq!(
            after(30, reached(2.0, Some(60_000))).as_deref(),
            Some("2 of 20 s, 12,345 peers, 2,000 events per second")
        );
        assert_eq!(after(59, reached(3.0, Some(70_000))), None);
        assert_eq!(
            after(70, reached(4.0, Some(100_000))).as_deref(),
            Some("4 of 20 s, 12,345 peers, 1,000 events per second")
        );
        assert_eq!(
            after(100, reached(5.0, None)).as_deref(),
            Some("5 of 20 s, 12,345 peers")
        );
    }

    #[test]
    fn an_interruption_ends_every_run() {
        let interrupted = Arc::new(AtomicBool::new(false));
        let progress = Progress::new(1, Arc::clone(&interrupted));
        assert!(progress.watch(0).goes_on(&reached(1.0, None)));
        interrupted.store(true, Ordering::Relaxed);
        assert!(!progress.watch(0).goes_on(&reached(1.0, None)));
    }
}
