//! `cargo xtask build` and `cargo xtask demo`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{js, process, wasm, workspace};

/// What `cargo xtask demo` can be told.
#[derive(clap::Args)]
pub(crate) struct DemoOptions {
    /// The port that the pages and the bootstrap server are on.
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// How many native peers are in the network before the first visitor.
    #[arg(long, default_value_t = 8)]
    peers: u32,
}

/// Builds everything: the module, the pages, and the command line with the pages inside.
pub(crate) fn run() -> Result<()> {
    wasm::run(&wasm::Options::default())?;
    js::run()?;
    command_line()?;
    Ok(())
}

/// Builds the command line `boplish` for real use and says where it is.
pub(crate) fn command_line() -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--release", "--package", "boplish"]))?;
    program()
}

/// Builds the command line as `cargo test` does, which has compiled all of it, and says where it is.
pub(crate) fn command_line_for_tests() -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--package", "boplish"]))?;
    program_in("debug")
}

/// Where the command line is that was built last for real use.
pub(crate) fn program() -> Result<PathBuf> {
    program_in("release")
}

fn program_in(profile: &str) -> Result<PathBuf> {
    let name = format!("boplish{}", std::env::consts::EXE_SUFFIX);
    let program = workspace::target().join(profile).join(name);
    ensure!(
        program.exists(),
        "there is no program: `cargo xtask build` makes it"
    );
    Ok(program)
}

/// Builds everything and becomes the demo.
pub(crate) fn demo(options: &DemoOptions) -> Result<()> {
    run()?;
    let mut demo = Command::new(command_line()?);
    demo.current_dir(workspace::root())
        .arg("demo")
        .arg("--listen")
        .arg(format!("0.0.0.0:{}", options.port))
        .arg("--peers")
        .arg(options.peers.to_string());
    process::replace_by(&mut demo)
}
