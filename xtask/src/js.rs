//! `cargo xtask js`: the npm package, the drop-in script and the pages.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::{process, wasm, workspace};

/// The most that the drop-in script may weigh for a visitor, in bytes after brotli.
const DROP_IN_LIMIT: u64 = 120_000;
const DROP_IN: &str = "packages/boplish/dist/boplish.min.js";
/// What the server's binary has inside.
const PAGES: &str = "apps/dist";
const OLDEST_NODE: u32 = 20;

/// Prints "<bytes> <bytes after brotli 11>" of the file in its argument.
const MEASURE: &str = r#"
const { readFileSync } = require("node:fs");
const { brotliCompressSync, constants } = require("node:zlib");
const bytes = readFileSync(process.argv[1]);
const params = {
  [constants.BROTLI_PARAM_QUALITY]: 11,
  [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
};
console.log(bytes.length, brotliCompressSync(bytes, { params }).length);
"#;

/// Builds every workspace of js/ around the WebAssembly modules and weighs what visitors load.
/// Gives the size of the drop-in script, in bytes after brotli.
pub(crate) fn run() -> Result<u64> {
    install()?;
    let pages = workspace::js().join(PAGES);
    let before = Snapshot::of(&pages);
    process::run(npm()?.args(["run", "build", "--workspaces", "--if-present"]))?;
    before.keep_times();
    for module in wasm::modules() {
        measure(&module)?;
    }
    measure(&workspace::js().join(DROP_IN))
}

/// Builds as [`run`] does, and refuses a drop-in script that has grown too large.
pub(crate) fn check() -> Result<()> {
    let drop_in = run()?;
    ensure!(
        drop_in <= DROP_IN_LIMIT,
        "the drop-in script has {drop_in} bytes after brotli; at most {DROP_IN_LIMIT} are allowed"
    );
    Ok(())
}

/// An `npm` in js/; the arguments come from the caller.
pub(crate) fn npm() -> Result<Command> {
    let node = process::output(Command::new("node").arg("--version"))
        .with_context(|| format!("install Node {OLDEST_NODE} or newer"))?;
    let major = node
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .map(str::parse::<u32>);
    ensure!(
        matches!(major, Some(Ok(major)) if major >= OLDEST_NODE),
        "install Node {OLDEST_NODE} or newer, this is {}",
        node.trim()
    );
    let mut npm = Command::new("npm");
    npm.current_dir(workspace::js());
    Ok(npm)
}

/// Installs the locked packages, unless they are there.
pub(crate) fn install() -> Result<()> {
    let lock = workspace::js().join("package-lock.json");
    ensure!(
        lock.exists(),
        "js/package-lock.json is missing: it belongs into the repository"
    );
    // npm writes this file when it has finished.
    let installed = workspace::js().join("node_modules/.package-lock.json");
    if is_newer(&installed, &lock) {
        return Ok(());
    }
    process::run(npm()?.args(["ci", "--no-audit", "--no-fund"]))
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    modified(file).is_some_and(|time| Some(time) > modified(than))
}

/// What a folder held before it was written anew, and when that was changed last.
struct Snapshot(BTreeMap<PathBuf, (SystemTime, Contents)>);

#[derive(PartialEq)]
enum Contents {
    File(Vec<u8>),
    Folder(Vec<PathBuf>),
}

impl Snapshot {
    /// Of a folder and everything below it; what can't be read is left out.
    fn of(folder: &Path) -> Self {
        let mut all = BTreeMap::new();
        let mut left = vec![folder.to_owned()];
        while let Some(path) = left.pop() {
            let Ok(modified) = fs::metadata(&path).and_then(|data| data.modified()) else {
                continue;
            };
            let Some(contents) = Contents::of(&path) else {
                continue;
            };
            if let Contents::Folder(entries) = &contents {
                left.extend(entries.iter().cloned());
            }
            all.insert(path, (modified, contents));
        }
        Self(all)
    }

    /// Gives what is the same as before its old time, so that Cargo compiles nothing anew for it.
    fn keep_times(self) {
        for (path, (modified, contents)) in self.0 {
            if Contents::of(&path).is_some_and(|now| now == contents) {
                // Where the system has no times for folders, they are new, and nothing is lost.
                let _ = File::open(&path).and_then(|file| file.set_modified(modified));
            }
        }
    }
}

impl Contents {
    fn of(path: &Path) -> Option<Self> {
        if !path.is_dir() {
            return fs::read(path).ok().map(Self::File);
        }
        let entries = fs::read_dir(path).ok()?;
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        Some(Self::Folder(entries))
    }
}

/// Prints a file's size; gives the one after brotli, in bytes.
fn measure(file: &Path) -> Result<u64> {
    let shown = file
        .strip_prefix(workspace::root())
        .unwrap_or(file)
        .display();
    ensure!(file.exists(), "{shown} was not built");
    let sizes = process::output(Command::new("node").args(["--eval", MEASURE]).arg(file))?;
    let (raw, brotli) = sizes
        .trim()
        .split_once(' ')
        .context("node printed no sizes")?;
    println!("{shown}: {raw} bytes, {brotli} after brotli");
    Ok(brotli.parse()?)
}
