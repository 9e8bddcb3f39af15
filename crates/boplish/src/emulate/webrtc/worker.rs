//! `boplish emulate worker`: a crew in a process of its own. Orders are lines of JSON on stdin,
//! news are lines on stdout.

use std::io::{BufRead, Write};
use std::thread;

use tokio::sync::mpsc;

use super::crew;
use super::orders::{News, Order};
use crate::failure::Failure;
use crate::signals::Shutdown;

/// Runs until the end of stdin. Signals are for the parent, who then closes it.
pub(in super::super) async fn run() -> Result<(), Failure> {
    let _deaf = Shutdown::new()?;
    let (orders, order_queue) = mpsc::unbounded_channel();
    let (news, mut news_queue) = mpsc::unbounded_channel();
    let complaints = news.clone();
    thread::spawn(move || read(&orders, &complaints));
    let writing = tokio::task::spawn_blocking(move || {
        let mut stdout = std::io::stdout().lock();
        while let Some(news) = news_queue.blocking_recv() {
            let line = serde_json::to_string(&news)
                .map_err(|error| Failure::runtime("can't write news as JSON", error))?;
            writeln!(stdout, "{line}")?;
            stdout.flush()?;
        }
        Ok::<_, Failure>(())
    });
    crew::run(order_queue, news).await;
    writing
        .await
        .map_err(|error| Failure::runtime("can't write news", error))?
}

fn read(orders: &mpsc::UnboundedSender<Order>, complaints: &mpsc::UnboundedSender<News>) {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(order) => {
                if orders.send(order).is_err() {
                    return;
                }
            }
            Err(error) => {
                let why = format!("order {line}: {error}");
                // The crew has ended, and so will this process.
                let _ = complaints.send(News::Failed { why });
            }
        }
    }
}
