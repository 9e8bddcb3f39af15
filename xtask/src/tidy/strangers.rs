//! What belongs to one machine and has no place in the repository: folders of the person who
//! builds, hosts of a private registry.

use std::env;
use std::process::Command;

use anyhow::Result;
use serde_json::Value;

use super::Source;
use crate::{js, process, workspace};

const PUBLIC_NPM_REGISTRY: &str = "https://registry.npmjs.org/";
const PUBLIC_CRATES_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Complaints about traces of the machine that this runs on.
pub(super) fn check(sources: &[Source]) -> Result<Vec<String>> {
    let traces = traces();
    let mut complaints = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            // The trace itself isn't repeated: logs are public too.
            if traces.iter().any(|trace| names(line, trace)) {
                complaints.push(format!("{}:{}: names a machine", source.path, number + 1));
            }
        }
        if source.path.ends_with("package-lock.json") {
            complaints.extend(check_npm_lock(source)?);
        }
        if source.path.ends_with("Cargo.lock") {
            complaints.extend(check_cargo_lock(source));
        }
    }
    Ok(complaints)
}

/// The checkout's folder, the home folder and the npm registry of this machine.
fn traces() -> Vec<String> {
    let mut traces = Vec::new();
    let mut add_folder = |folder: String| {
        // A folder right under the root, such as /src, is a word like any other.
        if folder.matches('/').count() >= 2 {
            traces.push(folder);
        }
    };
    add_folder(workspace::root().display().to_string());
    if let Some(home) = env::home_dir() {
        add_folder(format!("{}/", home.display()));
    }
    let registry =
        js::npm().and_then(|mut npm| process::output(npm.args(["config", "get", "registry"])));
    let host = registry.as_deref().ok().and_then(host_of);
    traces.extend(
        host.filter(|host| !PUBLIC_NPM_REGISTRY.contains(host))
            .map(str::to_owned),
    );
    let hostname = process::output(&mut Command::new("hostname")).unwrap_or_default();
    if hostname.trim().len() >= 8 {
        traces.push(hostname.trim().to_owned());
    }
    traces
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.trim().split_once("://")?.1;
    rest.split(['/', ':'])
        .next()
        .filter(|host| host.contains('.'))
}

/// Whether a trace stands in the line by itself, not as the end of a longer path or name.
fn names(line: &str, trace: &str) -> bool {
    line.match_indices(trace).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "._-~".contains(before))
    })
}

fn check_npm_lock(source: &Source) -> Result<Vec<String>> {
    let lock: Value = serde_json::from_str(&source.text)?;
    let packages = lock["packages"].as_object().into_iter().flatten();
    Ok(packages
        .filter(|(_, package)| {
            let is_link = package["link"] == true;
            let address = package["resolved"].as_str();
            !is_link && address.is_some_and(|address| !address.starts_with(PUBLIC_NPM_REGISTRY))
        })
        .map(|(name, _)| format!("{}: {name} is not from npm's registry", source.path))
        .collect())
}

fn check_cargo_lock(source: &Source) -> Vec<String> {
    let sources = source
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("source = "));
    sources
        .filter(|address| address.trim_matches('"') != PUBLIC_CRATES_REGISTRY)
        .map(|_| format!("{}: a crate is not from crates.io", source.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_by_itself_and_not_inside_another_path() {
        assert!(names("see /home/ada/boplish for it", "/home/ada/boplish"));
        assert!(names("\"/home/ada/boplish/target\"", "/home/ada/boplish"));
        assert!(!names("see backup/home/ada/boplish", "/home/ada/boplish"));
    }

    #[test]
    fn a_private_registry_in_a_lock_file_is_reported() {
        let lock = |address: &str| Source {
            path: "js/package-lock.json".to_owned(),
            text: format!(r#"{{"packages": {{"a": {{"resolved": "{address}/a.tgz"}}}}}}"#),
        };
        let complaints = |source| check_npm_lock(&source).expect("the text above is JSON");
        assert!(complaints(lock("https://registry.npmjs.org/a/-")).is_empty());
        assert_eq!(complaints(lock("https://npm.example.org/a/-")).len(), 1);
    }

    #[test]
    fn the_host_of_an_address_has_no_port_or_path() {
        assert_eq!(
            host_of("https://npm.example.org:443/api/"),
            Some("npm.example.org")
        );
        assert_eq!(host_of("undefined"), None);
    }
}
