//! Parts of `cargo xtask bench server`, each a process of its own: the server to be measured, a
//! relay without WebSockets as the limit of what the system permits, and the load.
#![allow(clippy::print_stdout, reason = "its output is read by xtask")]

mod client;
mod load;
mod protocol;
mod relay;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use boplish_server::{Config, Rate, Server};
use clap::{Parser, Subcommand};

use protocol::Protocol;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// The server, with limits that let one machine make all the load.
    Serve {
        #[arg(long)]
        port: u16,
    },
    /// Frames with a length, from one connection to another.
    Relay {
        #[arg(long)]
        port: u16,
    },
    /// Clients of one server; what they do is read from standard input.
    Load {
        #[arg(long)]
        port: u16,
        #[arg(long)]
        protocol: Protocol,
    },
}

fn main() -> Result<()> {
    match Cli::parse().part {
        Part::Serve { port } => serve(port),
        Part::Relay { port } => relay::run(port),
        Part::Load { port, protocol } => load::run(port, protocol),
    }
}

fn serve(port: u16) -> Result<()> {
    let unlimited = Rate {
        burst: u32::MAX,
        refill: u32::MAX,
        period: Duration::from_secs(1),
    };
    let mut config = Config {
        listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))],
        open_ids: true,
        ..Config::default()
    };
    config.limits.sockets_per_address = usize::MAX;
    let limits = &mut config.limits.directory;
    limits.connections_per_address = usize::MAX;
    limits.messages = unlimited;
    limits.bytes = unlimited;
    // As the command line builds it: one thread for each core that it may use.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = Server::bind(config).await?;
        server.run_until(std::future::pending()).await;
        Ok(())
    })
}
