//! Very many clients of one server in one thread. Reads what to do from standard input, one line
//! each, and answers each with a line of JSON:
//!
//! - `connect N`: N connections in all; `accepts`, per second.
//! - `exchange`: one message over each connection.
//! - `peak SECONDS`: pairs that answer each other as fast as they can; `messages`, per second.
//! - `rate N SECONDS`: N messages per second; `p50` and `p99`, in microseconds.
//! - `bursts N SECONDS`: the same, but each connection says as many at once as at the peak, and what is
//!   due within a millisecond is said together, so that the processor rests in between.
//! - `anyone SECONDS`: messages to nobody in particular, or to a random connection where the server
//!   chooses none; `messages`, per second.

use std::io::BufRead;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::{Events, Interest, Poll, Token};
use serde_json::{Value, json};

use crate::client::{Client, Heard, Receiver};
use crate::protocol::Protocol;

/// Connections that are being set up at one time.
const CONNECTING: usize = 128;

/// Messages that are under way at one time while each connection says one.
const EXCHANGING: usize = 512;

/// Connections that talk while the rest is silent.
const TALKERS: usize = 200;

/// Messages that each of them has under way.
const WINDOW: usize = 8;

/// What is not measured at the beginning.
const WARM_UP: Duration = Duration::from_millis(500);

/// After that, a server that says nothing has lost something.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long bursts wait for one another.
const REST: Duration = Duration::from_millis(1);

/// How long nothing must come until nothing is under way any more.
const QUIET: Duration = Duration::from_millis(300);

pub(crate) fn run(port: u16, protocol: Protocol) -> Result<()> {
    let mut load = Load {
        port,
        protocol,
        poll: Poll::new()?,
        events: Events::with_capacity(1_024),
        buffer: vec![0; 256 * 1024],
        clients: Vec::new(),
        ready: 0,
        heard: Vec::new(),
        start: Instant::now(),
        aimed: 0,
    };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        println!("{}", load.obey(&line).with_context(|| line.clone())?);
    }
    Ok(())
}

struct Load {
    port: u16,
    protocol: Protocol,
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    clients: Vec<Client>,
    ready: usize,
    heard: Vec<Heard>,
    start: Instant,
    /// Counts the messages to random connections.
    aimed: u64,
}

impl Load {
    fn obey(&mut self, line: &str) -> Result<Value> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["connect", count] => self.connect(count.parse()?),
            ["exchange"] => self.exchange(),
            ["peak", seconds] => self.peak(seconds.parse()?, Receiver::Partner),
            ["anyone", seconds] => self.peak(seconds.parse()?, Receiver::Anyone),
            ["rate", rate, seconds] => {
                self.rate(rate.parse()?, seconds.parse()?, 1, Duration::ZERO)
            }
            ["bursts", rate, seconds] => self.rate(rate.parse()?, seconds.parse()?, WINDOW, REST),
            _ => bail!("connect, exchange, peak, rate, bursts or anyone"),
        }
    }

    fn connect(&mut self, count: usize) -> Result<Value> {
        let from = self.clients.len();
        let keys = (from..count).map(|number| self.protocol.keypair(number));
        let mut keys = keys.collect::<Vec<_>>().into_iter();
        let began = Instant::now();
        while self.ready < count {
            while self.clients.len() < count && self.clients.len() - self.ready < CONNECTING {
                let number = self.clients.len();
                let key = keys.next().flatten();
                let mut client = Client::connect(self.port, number, self.protocol, key)?;
                let interest = Interest::READABLE | Interest::WRITABLE;
                let registry = self.poll.registry();
                registry.register(&mut client.stream, Token(number), interest)?;
                self.clients.push(client);
            }
            self.turn(None)?;
            let (ready, total) = (self.ready, self.clients.len());
            ensure!(
                began.elapsed() < 3 * PATIENCE,
                "{ready} of {total} are ready"
            );
        }
        let seconds = began.elapsed().as_secs_f64();
        Ok(json!({ "accepts": (count - from) as f64 / seconds }))
    }

    fn exchange(&mut self) -> Result<Value> {
        let count = self.clients.len() / 2 * 2;
        let (mut sent, mut received) = (0, 0);
        let began = Instant::now();
        while received < count {
            while sent < count && sent - received < EXCHANGING {
                self.say(sent, Receiver::Partner)?;
                sent += 1;
            }
            self.turn(None)?;
            received += self.heard.drain(..).count();
            ensure!(began.elapsed() < PATIENCE, "{received} of {count} came");
        }
        Ok(json!({}))
    }

    fn peak(&mut self, seconds: f64, to: Receiver) -> Result<Value> {
        let talkers = self.talkers()?;
        for number in (0..talkers).flat_map(|number| std::iter::repeat_n(number, WINDOW)) {
            self.say(number, to)?;
        }
        let began = Instant::now();
        let (mut count, mut counting_since) = (0, None);
        let wanted = Duration::from_secs_f64(seconds);
        let mut last = began;
        loop {
            let now = Instant::now();
            match counting_since {
                None if now - began >= WARM_UP => (count, counting_since) = (0, Some(now)),
                Some(since) if now - since >= wanted => break,
                None | Some(_) => {}
            }
            self.turn(None)?;
            if !self.heard.is_empty() {
                last = now;
            }
            ensure!(now - last < PATIENCE, "nothing comes any more");
            count += self.heard.len();
            let heard = std::mem::take(&mut self.heard);
            for heard in &heard {
                let next = match to {
                    Receiver::Partner => heard.by,
                    Receiver::Anyone => heard.sender,
                };
                self.queue(next, to)?;
            }
            // What one connection says in answer to several messages is written at once.
            for heard in &heard {
                let next = match to {
                    Receiver::Partner => heard.by,
                    Receiver::Anyone => heard.sender,
                };
                self.clients[next].flush();
            }
            self.heard = heard;
            self.heard.clear();
        }
        let measured = counting_since.map_or(wanted, |since| since.elapsed());
        self.drain()?;
        Ok(json!({ "messages": count as f64 / measured.as_secs_f64() }))
    }

    /// Every message has a moment at which it is to be sent, from which its time is counted:
    /// whatever keeps it from being sent then counts, too.
    fn rate(&mut self, rate: f64, seconds: f64, at_once: usize, rest: Duration) -> Result<Value> {
        let talkers = self.talkers()?;
        let first = self.now();
        let measured_from = first + WARM_UP.as_nanos() as u64;
        let total = ((WARM_UP.as_secs_f64() + seconds) * rate) as u64;
        // No burst is cut short.
        let total = total.next_multiple_of(at_once as u64);
        let mut times = Vec::with_capacity(total as usize);
        let (mut sent, mut received) = (0, 0);
        let began = Instant::now();
        while received < total {
            let due = ((self.now() - first) as f64 / 1e9 * rate) as u64;
            while sent < due.min(total) {
                let number = sent as usize / at_once % talkers;
                let moment = first + (sent as f64 / rate * 1e9) as u64;
                self.prepare(number, Receiver::Partner)?;
                for _ in 0..at_once {
                    self.clients[number].say(moment);
                }
                self.clients[number].flush();
                sent += at_once as u64;
            }
            self.turn(Some(rest))?;
            let now = self.now();
            for heard in self.heard.drain(..) {
                received += 1;
                if heard.sent >= measured_from {
                    times.push(now - heard.sent);
                }
            }
            let limit = Duration::from_secs_f64(seconds) + PATIENCE;
            ensure!(began.elapsed() < limit, "{received} of {total} came");
        }
        times.sort_unstable();
        let at = |share: f64| {
            let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or_default() as f64 / 1e3
        };
        Ok(json!({ "p50": at(0.5), "p99": at(0.99) }))
    }

    fn talkers(&self) -> Result<usize> {
        let talkers = TALKERS.min(self.clients.len() / 2 * 2);
        ensure!(talkers > 0, "connect first");
        Ok(talkers)
    }

    /// Reads until nothing is under way.
    fn drain(&mut self) -> Result<()> {
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            self.turn(Some(QUIET))?;
            if self.heard.drain(..).count() > 0 {
                last = Instant::now();
            }
        }
        Ok(())
    }

    /// Waits for something to happen, and reads and writes what there is.
    fn turn(&mut self, timeout: Option<Duration>) -> Result<()> {
        self.poll
            .poll(&mut self.events, timeout.or(Some(PATIENCE)))?;
        for event in &self.events {
            let client = &mut self.clients[event.token().0];
            let was_ready = client.is_ready;
            if event.is_writable() {
                client.flush();
            }
            if event.is_readable() {
                client.read(&mut self.buffer, &mut self.heard)?;
            }
            self.ready += usize::from(client.is_ready && !was_ready);
        }
        Ok(())
    }

    fn say(&mut self, number: usize, to: Receiver) -> Result<()> {
        self.queue(number, to)?;
        self.clients[number].flush();
        Ok(())
    }

    fn queue(&mut self, number: usize, to: Receiver) -> Result<()> {
        self.prepare(number, to)?;
        if (self.protocol, to) == (Protocol::Relay, Receiver::Anyone) {
            // Fibonacci hashing of a counter.
            self.aimed += 1;
            let random = self.aimed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            let receiver = random as usize % self.clients.len();
            self.clients[number].aim(receiver);
        }
        let now = self.now();
        self.clients[number].say(now);
        Ok(())
    }

    fn prepare(&mut self, number: usize, to: Receiver) -> Result<()> {
        if self.clients[number].frame_to == Some(to) {
            return Ok(());
        }
        let partner = number ^ 1;
        let id = self.clients[partner].id.clone();
        self.clients[number].prepare(to, (&id, partner))
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }
}
