//! The crates: who may depend on whom, and what every one inherits from the workspace.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;
use toml::Table;

use crate::{process, workspace};

/// The arrows between the crates, as ARCHITECTURE.md draws them. A crate that isn't here may not
/// have internal dependencies.
const ARROWS: [(&str, &[&str]); 8] = [
    ("boplish-wire", &[]),
    ("boplish-core", &["boplish-wire"]),
    ("boplish-directory", &["boplish-wire"]),
    ("boplish-native", &["boplish-core", "boplish-wire"]),
    ("boplish-web", &["boplish-core", "boplish-wire"]),
    (
        "boplish-sim",
        &["boplish-core", "boplish-directory", "boplish-wire"],
    ),
    ("boplish-server", &["boplish-directory", "boplish-wire"]),
    (
        "boplish",
        &[
            "boplish-native",
            "boplish-server",
            "boplish-sim",
            "boplish-wire",
        ],
    ),
];

/// What tests may use besides: something to run in, and someone to connect to.
const TEST_ARROWS: [&str; 2] = ["boplish-sim", "boplish-server"];

/// Complaints about the manifests.
pub(super) fn check() -> Result<Vec<String>> {
    let mut cargo = process::cargo();
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output(&mut cargo)?)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let mut complaints = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package has no name")?;
        complaints.extend(check_arrows(name, package));
        let manifest = package["manifest_path"]
            .as_str()
            .context("a package has no manifest")?;
        complaints.extend(check_inheritance(
            name,
            &fs::read_to_string(manifest)?.parse()?,
        ));
    }
    complaints.extend(check_fuzz()?);
    Ok(complaints)
}

fn check_arrows(name: &str, package: &Value) -> Vec<String> {
    let allowed = ARROWS
        .iter()
        .find(|(from, _)| *from == name)
        .map_or(&[][..], |(_, to)| to);
    let dependencies = package["dependencies"].as_array();
    let internal = dependencies.into_iter().flatten().filter(|dependency| {
        // Only what lies in the workspace has a path.
        dependency["path"].is_string()
    });
    internal
        .filter_map(|dependency| {
            let to = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            let is_allowed = allowed.contains(&to) || (for_tests && TEST_ARROWS.contains(&to));
            (!is_allowed).then(|| format!("{name}: may not depend on {to} (ARCHITECTURE.md)"))
        })
        .collect()
}

fn check_inheritance(name: &str, manifest: &Table) -> Vec<String> {
    let inherits = |section: &str, key: Option<&str>| {
        let section = manifest.get(section);
        let value = key.map_or(section, |key| section.and_then(|section| section.get(key)));
        value
            .and_then(|value| value.get("workspace"))
            .and_then(toml::Value::as_bool)
            == Some(true)
    };
    let mut complaints = Vec::new();
    if !inherits("lints", None) {
        complaints.push(format!("{name}: add `[lints] workspace = true`"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !inherits("package", Some(key)) {
            complaints.push(format!("{name}: write `{key}.workspace = true`"));
        }
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let dependencies = manifest.get(section).and_then(toml::Value::as_table);
        for (dependency, _) in dependencies.into_iter().flatten() {
            if !inherits(section, Some(dependency)) {
                complaints.push(format!(
                    "{name}: declare {dependency} in the workspace's dependencies and inherit it"
                ));
            }
        }
    }
    complaints
}

/// The fuzz targets are a workspace of their own, which cargo-fuzz wants; they need no version.
fn check_fuzz() -> Result<Vec<String>> {
    let manifest = workspace::root().join("fuzz/Cargo.toml");
    if !manifest.exists() {
        return Ok(Vec::new());
    }
    let manifest: Table = fs::read_to_string(manifest)?.parse()?;
    let targets = manifest.get("bin").and_then(toml::Value::as_array);
    let names = targets
        .into_iter()
        .flatten()
        .filter_map(|target| target.get("name")?.as_str());
    Ok(names
        .filter(|name| !workspace::root().join("fuzz/corpus").join(name).is_dir())
        .map(|name| format!("fuzz/corpus/{name}: commit a corpus for this target"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, kind: &Value) -> Value {
        serde_json::json!({ "dependencies": [{ "name": name, "path": "/x", "kind": kind }] })
    }

    #[test]
    fn an_arrow_to_the_left_is_allowed_and_one_to_the_right_is_not() {
        let wire = package("boplish-wire", &Value::Null);
        let native = package("boplish-native", &Value::Null);
        assert!(check_arrows("boplish-core", &wire).is_empty());
        assert_eq!(check_arrows("boplish-core", &native).len(), 1);
        assert_eq!(check_arrows("someone-new", &wire).len(), 1);
    }

    #[test]
    fn tests_may_use_the_simulator_but_the_crate_itself_may_not() {
        let for_tests = package("boplish-sim", &Value::from("dev"));
        let for_all = package("boplish-sim", &Value::Null);
        assert!(check_arrows("boplish-core", &for_tests).is_empty());
        assert_eq!(check_arrows("boplish-core", &for_all).len(), 1);
    }

    #[test]
    fn a_manifest_that_inherits_nothing_gets_a_complaint_for_each_key() {
        let manifest: Table = "[package]\nversion = '1.0.0'\n[dependencies]\nanyhow = '1'"
            .parse()
            .expect("the text above is TOML");
        assert_eq!(check_inheritance("x", &manifest).len(), 7);
    }
}
