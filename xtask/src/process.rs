//! Running other programs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The Cargo that runs this task, without the variables it set for this program alone.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    remove_package_variables(&mut command);
    command.current_dir(crate::workspace::root());
    command
}

/// A program of the system, kept apart from the rustup toolchain that runs this task.
pub(crate) fn outside_rustup(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    remove_package_variables(&mut command);
    for variable in [
        "CARGO",
        "CARGO_BUILD_RUSTC",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "LD_LIBRARY_PATH",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
        "RUST_RECURSION_COUNT",
    ] {
        command.env_remove(variable);
    }
    command.current_dir(crate::workspace::root());
    command
}

/// `cargo run` describes this very package to it; a Cargo below must not see that.
fn remove_package_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Runs a command with its output on ours; a failure names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Becomes the command, which then gets the terminal's signals itself.
#[cfg(unix)]
pub(crate) fn replace_by(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;

    let line = line_of(command);
    println!("$ {line}");
    Err(command.exec()).with_context(|| format!("cannot start `{line}`"))
}

/// Runs the command as the last thing.
#[cfg(not(unix))]
pub(crate) fn replace_by(command: &mut Command) -> Result<()> {
    run(command)
}

/// Runs a command quietly and gives its standard output; a failure shows what it wrote.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, errors.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` did not write UTF-8"))
}

/// The first of these programs that is on the search path.
pub(crate) fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
}

/// A command as a person would type it, without machine paths of the checkout.
fn line_of(command: &Command) -> String {
    let root = crate::workspace::root();
    let short = |text: &OsStr| {
        let path = Path::new(text);
        let inside = path.strip_prefix(&root).unwrap_or(path);
        inside.display().to_string()
    };
    let program = Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .map_or_else(|| short(program.as_os_str()), short),
    ];
    words.extend(command.get_args().map(short));
    words.join(" ")
}
