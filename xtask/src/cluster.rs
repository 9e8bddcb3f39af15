//! `cargo xtask cluster`: several servers that act as one.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::engines::{self, Engine, Kind};
use crate::{build, workspace};

/// What `cargo xtask cluster` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// What they have in common.
    #[arg(long, value_enum, default_value = "redis")]
    engine: Kind,
    /// How many servers there are.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    servers: u16,
    /// The port of the first; the others have those that follow.
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// Take the command line as it was built last.
    #[arg(long)]
    no_build: bool,
}

/// A server, which ends when this is dropped.
struct Server(Child);

/// Starts an engine and the servers, and runs until the last of these has ended, or all by Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        build::run()?;
    }
    let program = build::program()?;
    let engine = Engine::start(options.engine)?;
    println!("engine: {}", engine.url);
    let mut servers = Vec::new();
    for number in 0..options.servers {
        let port = options.port.checked_add(number);
        let port = port.context("there is no port beyond 65535")?;
        servers.push(Server::start(&program, port, &engine.url)?);
    }
    println!("ready: open a page on each; `kill -9 PID` ends one of them, Ctrl-C all");
    // Ctrl-C goes to all of the terminal's programs, so that the engine and the servers end too.
    let mut running = servers.len();
    while running > 0 {
        thread::sleep(Duration::from_millis(200));
        let mut still_running = 0;
        for Server(child) in &mut servers {
            still_running += usize::from(child.try_wait()?.is_none());
        }
        if still_running < running {
            println!("a server has ended: {still_running} are left");
            running = still_running;
        }
    }
    Ok(())
}

impl Server {
    fn start(program: &Path, port: u16, engine: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .current_dir(workspace::root())
            .args(["--log", "warn", "serve", "--engine", engine])
            .args(["--listen", &format!("0.0.0.0:{port}")])
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the server")?;
        let id = child.id();
        let stdout = child.stdout.take();
        let server = Self(child);
        let mut line = String::new();
        BufReader::new(stdout.context("the server has no output")?).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the server on port {port} did not start; choose others with --port PORT");
        }
        println!("server: http://localhost:{port} (process {id})");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        engines::end(&mut self.0);
    }
}
