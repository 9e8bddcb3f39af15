//! Programs of other projects that Cargo can build, kept in target/tools.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// A command of this program, which is installed if this machine doesn't have it.
pub(crate) fn command(name: &str, version: &str) -> Result<Command> {
    let program = match process::find_program(&[name]) {
        Some(program) => program,
        None => installed(name, version)?,
    };
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    Ok(command)
}

fn installed(name: &str, version: &str) -> Result<PathBuf> {
    let tools = workspace::target().join("tools");
    let program = tools
        .join("bin")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        process::run(
            process::cargo()
                // They run for seconds; optimizing them would take minutes.
                .args(["install", "--quiet", "--locked", "--debug"])
                .arg(format!("{name}@{version}"))
                .arg("--root")
                .arg(&tools),
        )?;
    }
    Ok(program)
}
