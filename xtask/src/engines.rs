//! Programs that several servers act as one with, and what tests of servers need besides.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::{apt, process};

/// An engine.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Redis.
    Redis,
    /// NATS.
    Nats,
}

/// Longer than an engine takes to start.
const PATIENCE: Duration = Duration::from_secs(10);

impl Kind {
    /// Its program, and the Debian package that brings it.
    fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis-server",
            Self::Nats => "nats-server",
        }
    }

    /// Finds its program, or installs it.
    fn program(self) -> Result<PathBuf> {
        let name = self.name();
        if process::find_program(&[name]).is_none() {
            apt::install(&[name])?;
        }
        process::find_program(&[name]).with_context(|| format!("install {name}"))
    }
}

/// Installs what the tests of servers need.
pub(crate) fn install() -> Result<()> {
    for kind in Kind::value_variants() {
        kind.program()?;
    }
    // With it, a program's clock jumps.
    if apt::is_available() {
        apt::install(&["libfaketime"])?;
    }
    Ok(())
}

/// A running engine on a free port of the loopback interface, which ends when this is dropped.
pub(crate) struct Engine {
    pub(crate) url: String,
    child: Child,
}

impl Engine {
    /// Starts one that keeps nothing.
    pub(crate) fn start(kind: Kind) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let port = address.port().to_string();
        let mut command = Command::new(kind.program()?);
        let scheme = match kind {
            Kind::Redis => {
                command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
                command.arg("--dir").arg(std::env::temp_dir());
                "redis"
            }
            Kind::Nats => {
                command.args(["-a", "127.0.0.1", "-p", &port]);
                "nats"
            }
        };
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.with_context(|| format!("cannot start {}", kind.name()))?;
        let url = format!("{scheme}://{address}");
        let mut engine = Self { url, child };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if engine.child.try_wait()?.is_some() || Instant::now() > until {
                bail!("{} does not listen on {address}", kind.name());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(engine)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends a program, which may have ended by itself.
pub(crate) fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
