//! `cargo xtask tidy`: rules of the project that no compiler knows.

mod crates;
mod lines;
mod strangers;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, workspace};

/// A text file of the repository.
struct Source {
    /// Relative to the root, with forward slashes.
    path: String,
    text: String,
}

/// Checks everything and lists every complaint before it fails.
pub(crate) fn run() -> Result<()> {
    let sources = sources()?;
    let mut complaints = crates::check()?;
    complaints.extend(lines::check(&sources));
    complaints.extend(strangers::check(&sources)?);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        bail!(
            "{} of the project's rules broken, see above",
            complaints.len()
        );
    }
    println!("{} files are tidy", sources.len());
    Ok(())
}

/// The files that are or would be in the repository, but not those that aren't text.
fn sources() -> Result<Vec<Source>> {
    let root = workspace::root();
    let mut git = Command::new("git");
    git.current_dir(&root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listing = process::output(&mut git)?;
    Ok(listing
        .split_terminator('\0')
        .filter_map(|path| read(&root, path))
        .collect())
}

/// Nothing for a file that is binary, or deleted and not committed yet.
fn read(root: &Path, path: &str) -> Option<Source> {
    let text = fs::read_to_string(root.join(path)).ok()?;
    Some(Source {
        path: path.to_owned(),
        text,
    })
}
