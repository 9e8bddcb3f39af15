//! The processes of one measurement: a server, and the load on it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::peers::{Peer, Programs};
use crate::process;

/// File descriptors that a process needs besides its connections.
const SPARE_FILES: usize = 1_000;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with the load on it; both end with this.
pub(crate) struct Running {
    server: Ended,
    load: Ended,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// KiB of the server without a connection.
    empty: u64,
    peer: Peer,
}

/// A process that is killed when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(crate) fn start(programs: &Programs, peer: Peer, connections: usize) -> Result<Self> {
        let (server_core, load_core) = cores()?;
        let files = connections + SPARE_FILES;
        let port = free_port()?;
        let mut server = limited(&programs.server(peer, port), &server_core, files)?;
        server.stdin(Stdio::null()).stdout(Stdio::null());
        let server = start(server.stderr(Stdio::null()))?;
        wait_for(port, peer)?;
        let mut load = limited(&programs.load(peer, port), &load_core, files)?;
        let mut load = start(load.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let commands = load.0.stdin.take().context("the load has an input")?;
        let answers = load.0.stdout.take().context("the load has an output")?;
        let mut running = Self {
            server,
            load,
            commands,
            answers: BufReader::new(answers),
            empty: 0,
            peer,
        };
        running.empty = running.memory()?;
        Ok(running)
    }

    /// Lets the load do something, and gives its answer.
    pub(crate) fn load(&mut self, command: &str) -> Result<Value> {
        writeln!(self.commands, "{command}").context("the load has ended")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() {
            let ended = self.load.0.wait()?;
            bail!("the load failed at `{command}` ({ended})");
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// The number under a name in the load's answer.
    pub(crate) fn number(&mut self, command: &str, name: &str) -> Result<f64> {
        number(&self.load(command)?, name)
    }

    /// What the server's memory has grown by since it had no connection, in KiB.
    pub(crate) fn growth(&mut self) -> Result<f64> {
        Ok(self.memory()? as f64 - self.empty as f64)
    }

    /// The server's proportional set size in KiB.
    fn memory(&mut self) -> Result<u64> {
        let path = format!("/proc/{}/smaps_rollup", self.server.0.id());
        let title = self.peer.title();
        let text = fs::read_to_string(path).with_context(|| format!("{title} has ended"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        size.context("the system does not tell how much memory a process has")
    }
}

/// The number under a name.
pub(crate) fn number(answer: &Value, name: &str) -> Result<f64> {
    let number = answer[name].as_f64();
    number.with_context(|| format!("the load does not tell `{name}`"))
}

/// A core for the server and one for the load; the same if there is only one.
pub(crate) fn cores() -> Result<(String, String)> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .context("the system does not tell which cores there are")?
        .trim();
    let mut ends = list.split(['-', ',']);
    let first = ends.next().context("there is no core")?;
    let last = ends.next_back().unwrap_or(first);
    Ok((first.to_owned(), last.to_owned()))
}

/// The command on one core, with so many file descriptors.
fn limited(command: &Command, core: &str, files: usize) -> Result<Command> {
    let mut hard = Command::new("prlimit");
    hard.args(["--nofile", "--output", "HARD", "--noheadings", "--raw"]);
    let hard = process::output(&mut hard)?;
    // More than the hard limit needs a privilege, and prlimit says so when it is lacking.
    let hard = hard
        .trim()
        .parse()
        .map_or(files, |hard: usize| hard.max(files));
    let mut limited = Command::new("taskset");
    limited.args(["--cpu-list", core, "prlimit"]);
    limited.arg(format!("--nofile={files}:{hard}"));
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    Ok(limited)
}

fn start(command: &mut Command) -> Result<Ended> {
    let child = command.spawn();
    Ok(Ended(
        child.context("cannot start `taskset`: install util-linux")?,
    ))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(listener.local_addr()?.port())
}

fn wait_for(port: u16, peer: Peer) -> Result<()> {
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let title = peer.title();
        ensure!(began.elapsed() < PATIENCE, "{title} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
