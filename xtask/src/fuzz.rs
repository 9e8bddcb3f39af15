//! `cargo xtask fuzz`: the decoders against made-up bytes.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::{process, tools, workspace};

/// What `cargo xtask fuzz` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The target to run; all, one after the other, without it.
    target: Option<String>,
    /// How long each target runs, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets; a crash leaves its input in fuzz/artifacts.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(
        workspace::root().join("fuzz/Cargo.toml").exists(),
        "there is no fuzz/Cargo.toml, so nothing to fuzz"
    );
    let targets = match &options.target {
        Some(target) => vec![target.clone()],
        None => {
            let list = process::output(cargo_fuzz()?.arg("list"))?;
            list.lines().map(str::to_owned).collect()
        }
    };
    ensure!(!targets.is_empty(), "fuzz/Cargo.toml names no target");
    for target in targets {
        fuzz(&target, options.seconds)?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    // The fuzzer adds to the first folder and reads the others: the committed corpus stays small.
    let found = workspace::target().join("fuzz-corpus").join(target);
    fs::create_dir_all(&found)?;
    process::run(
        cargo_fuzz()?
            // The sanitizers are unstable features of a stable compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["run", target])
            .arg(found)
            .arg(workspace::root().join("fuzz/corpus").join(target))
            .arg("--")
            .arg(format!("-max_total_time={seconds}")),
    )
}

fn cargo_fuzz() -> Result<Command> {
    tools::command("cargo-fuzz", "0.13.2")
}
