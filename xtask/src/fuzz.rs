//! `cargo xtask fuzz`: the decoders against made-up bytes.

use std::process::Stdio;

use anyhow::{Result, ensure};

use crate::{process, workspace};

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
    let has_cargo_fuzz = process::cargo()
        .args(["fuzz", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_cargo_fuzz {
        process::run(process::cargo().args(["install", "cargo-fuzz", "--locked"]))?;
    }
    let targets = match &options.target {
        Some(target) => vec![target.clone()],
        None => {
            let list = process::output(process::cargo().args(["fuzz", "list"]))?;
            list.lines().map(str::to_owned).collect()
        }
    };
    ensure!(!targets.is_empty(), "fuzz/Cargo.toml names no target");
    for target in targets {
        process::run(
            process::cargo()
                // The sanitizers are unstable features of a stable compiler.
                .env("RUSTC_BOOTSTRAP", "1")
                .args(["fuzz", "run", &target, "--"])
                .arg(format!("-max_total_time={}", options.seconds)),
        )?;
    }
    Ok(())
}
