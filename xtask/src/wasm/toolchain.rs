//! A Cargo that can build for wasm32: the active toolchain where it has the target or rustup can
//! add it, else Debian's, which builds the standard library along.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::TARGET;
use crate::{apt, process, workspace};

const LINKER_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "cargo-web"];
const DEBIAN_LINKER: &str = "lld-22";

/// What keeps the module small. None of it changes what the module does, but for what `{:?}`
/// prints, which is for logs that a page does not have.
const SIZE_FLAGS: [&str; 4] = [
    "-Zlocation-detail=none",
    "-Zfmt-debug=none",
    "--cfg=sha2_backend=\"soft\"",
    "--cfg=sha2_backend_soft=\"compact\"",
];

/// A panic is a trap, without a text. Only a standard library that is built along can do that.
const TRAP_FLAGS: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];

const BUILD_STD: [&str; 2] = [
    "-Zbuild-std=std,panic_abort",
    "-Zbuild-std-features=optimize_for_size",
];

/// A Cargo for wasm32, with its global options; the sub-command comes from the caller.
///
/// Installs what is missing. The error says in one line what to install.
pub(super) fn cargo() -> Result<Command> {
    let has_debian = || {
        DEBIAN_PACKAGES
            .iter()
            .all(|package| apt::is_installed(package))
    };
    let (mut cargo, builds_std) =
        if active_toolchain_has_target() || (!has_debian() && add_with_rustup()) {
            (process::cargo(), has_sources_with_rustup())
        } else {
            (debian_cargo()?, true)
        };
    if builds_std {
        cargo.args(BUILD_STD);
    }
    // Some of the flags are unstable features of a stable compiler.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rustc_flags(builds_std)?);
    Ok(cargo)
}

/// Looks for the target's standard library, however it came there.
fn active_toolchain_has_target() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let Ok(folder) = process::output(&mut rustc) else {
        return false;
    };
    let Ok(libraries) = fs::read_dir(folder.trim()) else {
        return false;
    };
    libraries
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

fn add_with_rustup() -> bool {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).stderr(Stdio::null());
    process::run(&mut rustup).is_ok() && active_toolchain_has_target()
}

/// Whether the active toolchain has the standard library's sources, or rustup can add them.
/// Without them the module works, but is larger.
fn has_sources_with_rustup() -> bool {
    let has_sources = || {
        let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]));
        let library = "lib/rustlib/src/rust/library/std";
        sysroot.is_ok_and(|sysroot| Path::new(sysroot.trim()).join(library).is_dir())
    };
    let mut rustup = Command::new("rustup");
    rustup
        .args(["component", "add", "rust-src"])
        .stderr(Stdio::null());
    has_sources() || (process::run(&mut rustup).is_ok() && has_sources())
}

fn debian_cargo() -> Result<Command> {
    if !apt::is_available() {
        bail!("install Rust's {TARGET} target: `rustup target add {TARGET}`");
    }
    apt::install(&DEBIAN_PACKAGES)?;
    if find_linker().is_none() {
        apt::install(&[DEBIAN_LINKER])?;
    }
    let linker = find_linker()
        .with_context(|| format!("install a linker for WebAssembly (Debian: {DEBIAN_LINKER})"))?;

    let mut cargo = process::outside_rustup(DEBIAN_CARGO);
    cargo
        .env("RUSTC", DEBIAN_RUSTC)
        .env(LINKER_VARIABLE, linker);
    Ok(cargo)
}

/// Debian's linker, else the one that rustup's toolchain brings, else any.
fn find_linker() -> Option<PathBuf> {
    process::find_program(&["wasm-ld-22"])
        .or_else(rustup_linker)
        .or_else(|| process::find_program(&["rust-lld", "wasm-ld", "wasm-ld-21", "wasm-ld-20"]))
}

fn rustup_linker() -> Option<PathBuf> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"])).ok()?;
    let hosts = fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib")).ok()?;
    hosts
        .flatten()
        .map(|host| host.path().join("bin/rust-lld"))
        .find(|linker| linker.is_file())
}

/// Flags for rustc, in the form that no configuration of the user's overrides.
fn rustc_flags(builds_std: bool) -> Result<OsString> {
    // Panic messages would carry the builder's folders to every visitor.
    let mut prefixes = vec![workspace::root(), PathBuf::from(DEBIAN_SOURCES)];
    if let Some(home) = cargo_home() {
        let registries = home.join("registry/src");
        if registries.is_dir() {
            for registry in fs::read_dir(registries)? {
                prefixes.push(registry?.path());
            }
        }
    }
    prefixes.sort();
    let remap = |prefix: &PathBuf| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(prefix);
        flag.push("=");
        flag
    };
    let traps: &[&str] = if builds_std { &TRAP_FLAGS } else { &[] };
    let size = SIZE_FLAGS.iter().chain(traps).map(OsString::from);
    let flags: Vec<OsString> = prefixes.iter().map(remap).chain(size).collect();
    Ok(flags.join(OsStr::new("\x1f")))
}

fn cargo_home() -> Option<PathBuf> {
    let from_user = env::var_os("CARGO_HOME").map(PathBuf::from);
    from_user.or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}
