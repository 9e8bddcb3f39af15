//! The servers that are measured, and where their programs come from.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{js, process, workspace};

const PEER_SERVER: &str = "peer@1.0.2";
const Y_WEBRTC: &str = "y-webrtc@10.3.0";
/// What y-webrtc's server needs and does not ask for.
const WS: &str = "ws@8.23.0";
const MATCHBOX: &str = "matchbox_server@0.15.0";

/// A server that is measured.
#[expect(
    clippy::enum_variant_names,
    reason = "PeerServer is that program's name"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Peer {
    /// Ours, with clients of the report.
    Boplish,
    /// Ours, with peers that prove their ids.
    Proven,
    /// The server of PeerJS.
    PeerServer,
    /// The signaling server of y-webrtc.
    YWebrtc,
    /// The signaling server of matchbox.
    Matchbox,
    /// Ours, without WebSockets: the limit.
    Relay,
}

impl Peer {
    pub(crate) const ALL: [Self; 6] = [
        Self::Boplish,
        Self::Proven,
        Self::PeerServer,
        Self::YWebrtc,
        Self::Matchbox,
        Self::Relay,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Boplish => "boplish, the report's clients",
            Self::Proven => "boplish, proven ids",
            Self::PeerServer => "PeerServer 1.0.2",
            Self::YWebrtc => "y-webrtc 10.3.0",
            Self::Matchbox => "matchbox_server 0.15.0",
            Self::Relay => "raw epoll relay (limit)",
        }
    }

    /// What the load calls its way of speaking.
    pub(crate) fn protocol(self) -> &'static str {
        match self {
            Self::Boplish => "boplish",
            Self::Proven => "boplish-proven",
            Self::PeerServer => "peer-server",
            Self::YWebrtc => "y-webrtc",
            Self::Matchbox => "matchbox",
            Self::Relay => "relay",
        }
    }
}

/// Builds our own programs, and says where they are.
fn built(options: &[&str], profile: &str) -> Result<PathBuf> {
    let example = ["--package", "boplish-server", "--example", "bench"];
    process::run(process::cargo().arg("build").args(options).args(example))?;
    let own = workspace::target().join(profile).join("examples/bench");
    ensure!(own.exists(), "the build left no {}", own.display());
    Ok(own)
}

/// The programs, built or installed.
pub(crate) struct Programs {
    own: PathBuf,
}

impl Programs {
    /// Builds our own as `cargo test` does: they run, and that is all.
    pub(crate) fn build_for_tests() -> Result<Self> {
        let own = built(&[], "debug")?;
        Ok(Self { own })
    }

    /// Builds and installs what these servers need.
    pub(crate) fn build(peers: &[Peer]) -> Result<Self> {
        let own = built(&["--release"], "release")?;
        if peers.iter().any(|peer| peer.is_of_npm()) {
            install_from_npm()?;
        }
        if peers.contains(&Peer::Matchbox) && !matchbox().exists() {
            process::run(
                process::cargo()
                    .args(["install", "--locked", MATCHBOX, "--root"])
                    .arg(folder()),
            )?;
        }
        Ok(Self { own })
    }

    /// What starts the server on a port of 127.0.0.1.
    pub(crate) fn server(&self, peer: Peer, port: u16) -> Command {
        let port = port.to_string();
        match peer {
            Peer::Boplish | Peer::Proven => self.own(&["serve", "--port", &port]),
            Peer::Relay => self.own(&["relay", "--port", &port]),
            Peer::PeerServer => {
                let mut command = Command::new("node");
                command.arg(modules().join("peer/dist/bin/peerjs.js"));
                command.args(["--host", "127.0.0.1", "--port", &port]);
                // It takes 5,000 by default, and drops who sends no heartbeats for a minute.
                command.args(["--concurrent_limit", "1000000"]);
                command.args(["--alive_timeout", "3600000"]);
                command
            }
            Peer::YWebrtc => {
                let mut command = Command::new("node");
                command.arg(modules().join("y-webrtc/bin/server.js"));
                command.env("PORT", port);
                command
            }
            Peer::Matchbox => {
                let mut command = Command::new(matchbox());
                command.arg(format!("127.0.0.1:{port}"));
                command.env("RUST_LOG", "off");
                command
            }
        }
    }

    /// What starts the load for a server.
    pub(crate) fn load(&self, peer: Peer, port: u16) -> Command {
        let port = port.to_string();
        self.own(&["load", "--port", &port, "--protocol", peer.protocol()])
    }

    fn own(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.own);
        command.args(arguments);
        command
    }
}

impl Peer {
    fn is_of_npm(self) -> bool {
        match self {
            Self::PeerServer | Self::YWebrtc => true,
            Self::Boplish | Self::Proven | Self::Matchbox | Self::Relay => false,
        }
    }
}

fn install_from_npm() -> Result<()> {
    let installed = [
        modules().join("peer"),
        modules().join("y-webrtc"),
        modules().join("ws"),
    ];
    if installed.iter().all(|path| path.exists()) {
        return Ok(());
    }
    let npm = folder().join("npm");
    fs::create_dir_all(&npm).with_context(|| format!("cannot create {}", npm.display()))?;
    fs::write(npm.join("package.json"), "{\"private\": true}\n")?;
    process::run(js::npm()?.current_dir(npm).args([
        "install",
        "--no-audit",
        "--no-fund",
        PEER_SERVER,
        Y_WEBRTC,
        WS,
    ]))
}

fn matchbox() -> PathBuf {
    folder().join("bin/matchbox_server")
}

fn modules() -> PathBuf {
    folder().join("npm/node_modules")
}

fn folder() -> PathBuf {
    workspace::target().join("bench")
}
