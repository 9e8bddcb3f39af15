//! Where a crew lives: in this process, or in a child.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::crew::{self, NewsSender};
use super::orders::{News, Order};
use crate::failure::Failure;

/// How long a child may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A crew that takes orders.
#[derive(Debug)]
pub(super) struct Host {
    /// The stage gives so many as its scenario says, and a crew never waits long.
    orders: mpsc::UnboundedSender<Order>,
    child: Option<Child>,
}

impl Host {
    /// A crew in this process.
    pub(super) fn here(runtime: &Handle, news: NewsSender) -> Self {
        let (orders, queue) = mpsc::unbounded_channel();
        runtime.spawn(crew::run(queue, news));
        Self {
            orders,
            child: None,
        }
    }

    /// A crew in a process of its own: this program again.
    pub(super) fn child(news: NewsSender) -> Result<Self, Failure> {
        let failed = |error| Failure::runtime("can't start a process for peers", error);
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["emulate", "worker"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Runtime("a process has no pipes".to_owned()));
        };
        let (orders, queue) = mpsc::unbounded_channel();
        thread::spawn(move || write_orders(stdin, queue));
        thread::spawn(move || read_news(stdout, &news));
        Ok(Self {
            orders,
            child: Some(child),
        })
    }

    /// Gives an order. A crew that has ended hears none; its end is news.
    pub(super) fn tell(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// Lets the crew end, and waits for its process.
    pub(super) fn end(&mut self) {
        self.tell(Order::End);
        let Some(child) = &mut self.child else {
            return;
        };
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn write_orders(mut stdin: ChildStdin, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.blocking_recv() {
        let is_last = order == Order::End;
        let written = serde_json::to_string(&order)
            .map_err(std::io::Error::from)
            .and_then(|line| writeln!(stdin, "{line}"));
        if written.is_err() || is_last {
            return;
        }
    }
}

fn read_news(stdout: ChildStdout, news: &NewsSender) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let told = serde_json::from_str(&line).unwrap_or_else(|error| News::Failed {
            why: format!("a process said {line}: {error}"),
        });
        if news.send(told).is_err() {
            return;
        }
    }
    // Nobody listens any more if the run is over, which is as it should be.
    let _ = news.send(News::Failed {
        why: "a process with peers has ended".to_owned(),
    });
}
