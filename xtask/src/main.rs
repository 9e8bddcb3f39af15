//! The project's one task runner: `cargo xtask <task>` from anywhere in the checkout.
//!
//! Every task installs what it can of what is missing; where it can't, it says in one line what
//! to install and fails.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod apt;
mod bench;
mod build;
mod cluster;
mod engines;
mod fuzz;
mod js;
mod lzma;
mod process;
mod swarm;
mod test;
mod tidy;
mod tools;
mod wasm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, tests and runs BOPlish.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the WebAssembly module and its JavaScript glue.
    Wasm(wasm::Options),
    /// Build the npm package and the pages around the module, and weigh them.
    Js,
    /// Compress standard input for the npm package, which decodes it.
    #[command(hide = true)]
    Lzma,
    /// Build everything: the module, the pages, the command line.
    Build,
    /// Build everything and start a server with a network of native peers.
    Demo(build::DemoOptions),
    /// Measure, side by side with others of its kind.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Build everything and start several servers that act as one.
    Cluster(cluster::Options),
    /// Run every check and test, real browsers included.
    Test(test::Options),
    /// Check the project's own rules.
    Tidy,
    /// Feed the decoders made-up bytes.
    Fuzz(fuzz::Options),
    /// Let very many small rings suffer, and judge them after every step.
    Swarm(swarm::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Wasm(options) => wasm::run(&options),
        Task::Js => js::run().map(drop),
        Task::Lzma => lzma::run(),
        Task::Build => build::run(),
        Task::Demo(options) => build::demo(&options),
        Task::Bench(bench) => bench::run(&bench),
        Task::Cluster(options) => cluster::run(&options),
        Task::Test(options) => return test::run(&options),
        Task::Tidy => tidy::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Swarm(options) => swarm::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
