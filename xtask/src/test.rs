//! `cargo xtask test`: everything that must hold, real browsers included.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::{apt, bench, build, engines, js, process, swarm, tidy, tools, wasm, workspace};

/// What `cargo xtask test` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run this step alone; may be given several times.
    #[arg(long)]
    only: Vec<Step>,
}

/// The steps, in the order in which they run: what fails fast comes first.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Step {
    /// Dependencies, words and lengths (`cargo xtask tidy`).
    Tidy,
    /// rustfmt.
    Fmt,
    /// The WebAssembly module.
    Wasm,
    /// The npm package and the pages, and their size.
    Js,
    /// Types and lints of the TypeScript.
    JsCheck,
    /// Unit tests of the TypeScript.
    JsTest,
    /// Lints of the Rust, warnings denied.
    Clippy,
    /// All Rust tests.
    Rust,
    /// Small rings under churn for two minutes (`cargo xtask swarm`).
    Swarm,
    /// The benchmark of the server, in seconds: whether it runs (`cargo xtask bench server --quick`).
    Bench,
    /// The crates' documentation, warnings denied.
    Doc,
    /// Licences and sources of all dependencies.
    Deny,
    /// Chromium, Firefox and native peers in one network.
    E2e,
    /// The packed npm package in an empty project.
    Pack,
}

/// Runs the steps up to the first that fails; the last line counts them.
pub(crate) fn run(options: &Options) -> ExitCode {
    let wanted = |step: &Step| options.only.is_empty() || options.only.contains(step);
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(wanted)
        .collect();
    let mut times: Vec<(Step, Duration)> = Vec::new();
    let mut failure = None;
    for step in steps.iter().copied() {
        println!("\n── {}", name(step));
        let started = Instant::now();
        let result = run_step(step);
        let time = started.elapsed();
        match result {
            Ok(()) => {
                println!("── {}: passed in {:.1} s", name(step), time.as_secs_f64());
                times.push((step, time));
            }
            Err(error) => {
                println!(
                    "── {}: FAILED after {:.1} s: {error:#}",
                    name(step),
                    time.as_secs_f64()
                );
                failure = Some(step);
                break;
            }
        }
    }

    println!();
    for (step, time) in &times {
        println!("{:10} passed {:7.1} s", name(*step), time.as_secs_f64());
    }
    if let Some(step) = failure {
        println!(
            "{:10} FAILED (again: `cargo xtask test --only {0}`)",
            name(step)
        );
    }
    let failed = usize::from(failure.is_some());
    for step in &steps[times.len() + failed..] {
        println!("{:10} did not run", name(*step));
    }
    println!("{} passed, {failed} failed", times.len());
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn name(step: Step) -> String {
    step.to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_owned())
}

fn run_step(step: Step) -> Result<()> {
    match step {
        Step::Tidy => tidy::run(),
        Step::Fmt => cargo(&["fmt", "--all", "--check"]),
        Step::Wasm => wasm::run(&wasm::Options::default()),
        Step::Js => js::check(),
        Step::JsCheck => npm_in_all(&["run", "check"]),
        Step::JsTest => npm_in_all(&["test"]),
        Step::Clippy => cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]),
        Step::Rust => rust(),
        Step::Swarm => swarm::run_for_tests(),
        Step::Bench => bench::quick(),
        Step::Doc => process::run(
            process::cargo()
                // In the programs, such comments are help texts and no Markdown.
                .args(["doc", "--workspace", "--lib", "--no-deps"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        ),
        Step::Deny => deny(),
        Step::E2e => in_browsers("e2e"),
        Step::Pack => in_browsers("packtest"),
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    process::run(process::cargo().args(arguments))
}

fn npm_in_all(arguments: &[&str]) -> Result<()> {
    js::install()?;
    process::run(
        js::npm()?
            .args(arguments)
            .args(["--workspaces", "--if-present"]),
    )
}

/// Checks what deny.toml says about dependencies, apart from the advisories, which are news and
/// not a property of this commit.
fn deny() -> Result<()> {
    let mut deny = tools::command("cargo-deny", "0.20.2")?;
    process::run(deny.args([
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]))
}

/// Plain tests, and those that need another program, which plain `cargo test` leaves out.
fn rust() -> Result<()> {
    engines::install()?;
    // The tests of TURN run it.
    if process::find_program(&["turnserver"]).is_none() {
        apt::install(&["coturn"])?;
    }
    // And those of ACME.
    if process::find_program(&["pebble"]).is_none() {
        apt::install(&["pebble"])?;
    }
    cargo(&["test", "--workspace", "--no-fail-fast"])
}

/// Runs a script of js/e2e with the browsers and the command line that it needs.
fn in_browsers(script: &str) -> Result<()> {
    js::install()?;
    engines::install()?;
    let program = build::command_line_for_tests()?;
    let chromium = browser(
        &["chromium", "chromium-browser", "google-chrome"],
        "chromium",
    )?;
    let firefox = browser(&["firefox-esr", "firefox"], "firefox-esr")?;
    process::run(
        js::npm()?
            .current_dir(workspace::js().join("e2e"))
            .args(["run", script])
            .env("BOPLISH_BIN", program)
            .env("CHROMIUM", chromium)
            .env("FIREFOX", firefox),
    )
}

/// Finds a browser by one of its names, else installs the package that brings it.
fn browser(names: &[&str], package: &str) -> Result<PathBuf> {
    if let Some(found) = process::find_program(names) {
        return Ok(found);
    }
    apt::install(&[package])?;
    process::find_program(names).with_context(|| format!("install the browser {package}"))
}
