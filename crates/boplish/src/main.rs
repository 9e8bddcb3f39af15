//! The command line of BOPlish: a bootstrap server, a native peer, a demo of both, content by
//! name, and an emulator of whole networks.
//!
//! This crate parses what people and scripts say, calls the server and the native peers, and
//! prints what they answer. It knows nothing of the protocol. What it prints for programs goes to
//! stdout, everything else to stderr; [`failure`] has the exit codes.

mod admin_token;
mod cli;
mod config;
mod content;
mod demo;
mod emulate;
mod failure;
mod logging;
mod otlp;
mod peer;
mod serve;
mod signals;
mod systemd;
mod tls;
mod token;
mod turn;
mod values;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use config::File;
use failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                eprintln!("boplish: {message}");
            }
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let file = match &cli.config {
        Some(path) => File::read(path)?,
        None => File::default(),
    };
    let default_log = match &cli.command {
        Command::Serve(_) => "info",
        Command::Peer(_)
        | Command::Demo(_)
        | Command::Publish(_)
        | Command::Unpublish(_)
        | Command::Get(_)
        | Command::Ls(_)
        | Command::Resolve(_)
        | Command::Gateway(_)
        | Command::Token(_) => "warn",
        // Thousands of peers have something to say about each other.
        Command::Emulate(_) => "error",
    };
    let collector = if let Command::Serve(options) = &cli.command {
        options
            .otlp_endpoint
            .as_ref()
            .or(file.serve.otlp_endpoint.as_ref())
    } else {
        None
    };
    let _traces = logging::start(&cli.logging.or(file.logging()), default_log, collector)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime("can't start the runtime", error))?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => serve::run(options.or(file.serve)).await,
            Command::Peer(command) => {
                let options = command.options.or(file.peer);
                peer::run(options, command.action).await
            }
            Command::Demo(options) => demo::run(options.or(file.demo)).await,
            Command::Publish(mut command) => {
                command.options = command.options.or(file.peer);
                content::publish(command).await
            }
            Command::Unpublish(mut command) => {
                command.options = command.options.or(file.peer);
                content::unpublish(command).await
            }
            Command::Get(mut command) => {
                command.options = command.options.or(file.peer);
                content::get(command).await
            }
            Command::Ls(mut command) => {
                command.options = command.options.or(file.peer);
                content::ls(command).await
            }
            Command::Resolve(mut command) => {
                command.options = command.options.or(file.peer);
                content::resolve(command).await
            }
            Command::Gateway(mut command) => {
                command.options = command.options.or(file.peer);
                content::gateway(command).await
            }
            Command::Token(command) => token::run(command),
            Command::Emulate(command) => emulate::run(command, file.emulate).await,
        }
    })
}
