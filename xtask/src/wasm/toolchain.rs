//! A Cargo that can build for wasm32: the active toolchain where it has the target or rustup can
//! add it, else Debian's, which builds the standard library along.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::TARGET;
use crate::{apt, process};

const LINKER_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "cargo-web"];
const DEBIAN_LINKER: &str = "lld-22";

/// A `cargo` command that builds for wasm32; the sub-command comes from the caller.
///
/// Installs what is missing. The error is one line that says what to install.
pub(super) fn cargo_for_wasm() -> Result<SubcommandFirst> {
    if active_toolchain_has_target() {
        return Ok(SubcommandFirst::active());
    }
    let has_debian = DEBIAN_PACKAGES.iter().all(|package| apt::is_installed(package));
    if !has_debian {
        if add_with_rustup() {
            return Ok(SubcommandFirst::active());
        }
        if !apt::is_available() {
            bail!("install Rust's {TARGET} target (`rustup target add {TARGET}`)");
        }
        println!("rustup can't add {TARGET}: using Debian's packages");
        apt::install(&DEBIAN_PACKAGES)?;
    }
    let linker = match find_linker() {
        Some(linker) => linker,
        None => {
            apt::install(&[DEBIAN_LINKER])?;
            match find_linker() {
                Some(linker) => linker,
                None => bail!("install a WebAssembly linker (Debian: {DEBIAN_LINKER})"),
            }
        }
    };
    Ok(SubcommandFirst::debian(&linker))
}
