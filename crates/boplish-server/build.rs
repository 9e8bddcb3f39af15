//! Writes the table of the pages that are built into the binary: those of `js/apps/dist`, or one
//! page that says how to build them.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACEHOLDER: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>BOPlish</title>
<p>The pages are not built into this server. Run <code>cargo xtask build</code>, or serve another
folder with <code>--site DIR</code>.
</html>
";

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let apps = manifest.join("../../js/apps");
    let dist = apps.join("dist");
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = BTreeMap::new();
    if dist.is_dir() {
        println!("cargo::rerun-if-changed={}", dist.display());
        collect(&dist.canonicalize()?, "", &mut files)?;
    } else if let Some(parent) = apps.ancestors().find(|path| path.is_dir()) {
        // Cargo looks at a missing path as changed, always; its folder changes when it appears.
        println!("cargo::rerun-if-changed={}", parent.display());
    }
    let is_placeholder = !files.contains_key("index.html");
    if is_placeholder {
        let page = out.join("placeholder.html");
        fs::write(&page, PLACEHOLDER)?;
        files.insert("index.html".to_owned(), page);
    }
    fs::write(out.join("site.rs"), table(&files, is_placeholder)?)?;
    Ok(())
}

/// Every file of a folder and those below it, by its path in the site.
fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|name| !name.starts_with('.') || *name == ".well-known")
        else {
            continue;
        };
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.insert(format!("{prefix}{name}"), path);
        }
    }
    Ok(())
}

/// The table, in the order of the paths' bytes, for a binary search.
fn table(
    files: &BTreeMap<String, PathBuf>,
    is_placeholder: bool,
) -> Result<String, Box<dyn Error>> {
    let mut table = format!(
        "/// Whether the pages were missing when this was built.\n\
         pub(super) const IS_PLACEHOLDER: bool = {is_placeholder};\n\
         static FILES: &[File] = &[\n"
    );
    for (path, file) in files {
        let mut hasher = DefaultHasher::new();
        hasher.write(&fs::read(file)?);
        let etag = format!("\"{:016x}\"", hasher.finish());
        writeln!(
            table,
            "    File {{ path: {path:?}, etag: {etag:?}, bytes: include_bytes!({file:?}) }},"
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}
