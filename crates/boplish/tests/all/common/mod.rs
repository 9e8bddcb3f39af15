//! Runs the built program.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(dead_code, reason = "not every program needs everything")]

pub(crate) mod cluster;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program, without anything of the surrounding environment that it would read.
pub(crate) fn boplish(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_boplish"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BOPLISH_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    boplish(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Waits until a log says something.
pub(crate) fn wait_for(log: &Receiver<String>, what: &str) -> String {
    let until = Instant::now() + PATIENCE;
    let mut lines = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match log.recv_timeout(left) {
            Ok(line) if line.contains(what) => return line,
            Ok(line) => lines.push(line),
            Err(error) => panic!("no {what:?} in the log ({error}): {lines:#?}"),
        }
    }
}

/// A program that runs; it is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// The lines that it logs, if its stderr is piped.
    pub(crate) fn log(&mut self) -> Receiver<String> {
        let stderr = BufReader::new(self.child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Read on when nobody listens any more, so that the program can write on.
                let _ = sender.send(line);
            }
        });
        lines
    }

    /// The next line of stdout.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// Lines that have come so far, after waiting for the first `count`.
    pub(crate) fn take_lines(&self, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = (0..count).map(|_| self.line()).collect();
        lines.extend(self.lines.try_iter());
        lines
    }

    /// Gives it all that it gets on stdin.
    pub(crate) fn write(&mut self, text: &str) {
        let mut stdin = self.child.stdin.take().unwrap();
        stdin.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "the program does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stderr(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).unwrap();
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server on a port that the system has chosen.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let mut command = boplish(&["serve", "--listen", "127.0.0.1:0"]);
        change(&mut command);
        let running = Running::start(command);
        let line = running.line();
        let address = line
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        Self { running, address }
    }
}

/// A peer that takes commands.
pub(crate) struct Peer {
    pub(crate) running: Running,
    stdin: ChildStdin,
    pub(crate) id: String,
    /// Read, and not asked for yet.
    waiting: Vec<Value>,
    last_reference: u64,
}

impl Peer {
    pub(crate) fn start(server: &str) -> Self {
        Self::start_with(&["--bootstrap", server])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut command = boplish(&["peer", "--json"]);
        command.args(arguments);
        Self::start_command(command)
    }

    pub(crate) fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let stdin = running.child.stdin.take().unwrap();
        let mut peer = Self {
            running,
            stdin,
            id: String::new(),
            waiting: Vec::new(),
            last_reference: 0,
        };
        let started = peer.expect(|event| event["event"] == "started");
        peer.id = started["id"].as_str().unwrap().to_owned();
        peer
    }

    /// The first report, come or to come, that is as wanted.
    pub(crate) fn expect(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(index) = self.waiting.iter().position(&is_wanted) {
                return self.waiting.remove(index);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.running.lines.recv_timeout(left) {
                Ok(line) => self.waiting.push(serde_json::from_str(&line).unwrap()),
                Err(error) => panic!("{error}; instead came {:?}", self.waiting),
            }
        }
    }

    pub(crate) fn tell(&mut self, mut command: Value) -> u64 {
        self.last_reference += 1;
        command["ref"] = self.last_reference.into();
        writeln!(self.stdin, "{command}").unwrap();
        self.last_reference
    }

    /// The response to a command.
    pub(crate) fn ask(&mut self, command: Value) -> Value {
        let reference = self.tell(command);
        self.expect(|event| event["event"] == "response" && event["ref"] == reference)
    }

    pub(crate) fn wait_for_peers(&mut self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.ask(json!({"cmd": "peers"}))["peers"]
            .as_array()
            .unwrap()
            .len()
            < count
        {
            assert!(Instant::now() < until, "there are not {count} peers");
            thread::sleep(Duration::from_millis(20));
        }
    }
}
