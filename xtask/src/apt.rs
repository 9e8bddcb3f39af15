//! Debian packages, for what neither rustup nor npm can bring.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// Whether this system installs its packages with apt.
pub(crate) fn is_available() -> bool {
    process::find_program(&["apt-get"]).is_some() && Path::new("/etc/debian_version").exists()
}

/// Whether a package is installed and configured.
pub(crate) fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Status}", package])
        .stderr(Stdio::null())
        .output();
    query.is_ok_and(|output| output.stdout == b"install ok installed")
}

/// Installs those of the packages that are missing.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let advice = format!("install these packages: {}", missing.join(" "));
    if !is_available() {
        bail!("{advice} (or what your system calls them)");
    }
    // A fresh image has no package lists; stale ones name files that are gone.
    process::run(apt_get()?.arg("update")).with_context(|| advice.clone())?;
    process::run(
        apt_get()?
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing),
    )
    .context(advice)
}

fn apt_get() -> Result<Command> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "apt-get"]);
        sudo
    };
    command
        .arg("--quiet")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    Ok(command)
}

fn is_root() -> Result<bool> {
    Ok(process::output(Command::new("id").arg("-u"))?.trim() == "0")
}
