//! The project's one task runner: `cargo xtask <task>` from anywhere in the checkout.
//!
//! Every task installs what it can of what is missing; where it can't, it says in one line what
//! to install and fails.
#![allow(clippy::print_stdout, reason = "a command line tool talks to its user")]

mod apt;
mod process;
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
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Wasm(options) => wasm::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
