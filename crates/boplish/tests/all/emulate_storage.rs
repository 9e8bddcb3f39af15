//! `boplish emulate` with peers that store: what is written is kept and found, and a store that
//! loses records is noticed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::common::{run, text};

const STORAGE: &str = r#"
    name = "storage"
    warm-up = 90
    duration = 90
    sample-every = 10
    [peers]
    count = 40
    rate = 4
    [router]
    budget = 16
    [churn]
    median-session = 60
    [workload]
    lookups = 0
    [storage]
    records = 60
    writes = 4
    resolves = 4
    reads = 4
    lifetime = 600
    refresh = 60
    [checks]
    success = 0.95
"#;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("storage-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("storage.toml"), STORAGE).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn emulate(&self, out: &str, more: &[&str]) -> (Output, Value) {
        let (scenario, out) = (self.path("storage.toml"), self.path(out));
        let mut arguments = vec!["emulate", &scenario, "--out", &out];
        arguments.extend(more);
        let output = run(&arguments);
        let summary = fs::read_to_string(Path::new(&out).join("summary.json")).unwrap();
        (output, serde_json::from_str(&summary).unwrap())
    }
}

fn mean(summary: &Value, key: &str) -> f64 {
    let figures = summary["figures"].as_array().unwrap();
    let figure = figures.iter().find(|it| it["key"] == key);
    let figure = figure.unwrap_or_else(|| panic!("there is no {key}"));
    figure["mean"].as_f64().unwrap()
}

#[test]
fn records_are_kept_and_found_while_peers_come_and_go() {
    let place = Place::new("kept");
    let (output, summary) = place.emulate("a", &[]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert_eq!(mean(&summary, "records.lost"), 0.0);
    assert!(mean(&summary, "records.copies") > 6.0);
    assert!(mean(&summary, "publish.latency") < 2_000.0);
    assert!(mean(&summary, "resolve.found") > 0.95);
    for key in [
        "store.writes",
        "store.reads",
        "store.repair",
        "records.key-days",
    ] {
        assert!(mean(&summary, key) > 0.0, "{key}");
    }
    let charts = summary["charts"].as_array().unwrap();
    for id in ["copies", "copies-over-time"] {
        assert!(charts.iter().any(|chart| chart["id"] == id), "{id}");
    }
    let trips = fs::read_to_string(place.path("a/lookups.csv")).unwrap();
    for kind in ["publish", "refresh", "resolve", "read"] {
        assert!(trips.contains(&format!(",{kind},")), "{kind}");
    }
    let time = fs::read_to_string(place.path("a/time.csv")).unwrap();
    assert!(time.lines().next().unwrap().contains("store_repair_bytes"));

    let (_, again) = place.emulate("b", &[]);
    let hash = |summary: &Value| summary["runs"][0]["trace-hash"].clone();
    assert_eq!(hash(&again), hash(&summary));
    let (a, b, page) = (place.path("a"), place.path("b"), place.path("both.html"));
    let table = run(&["emulate", "compare", &a, &b, "--out", &page]);
    let table = text(&table.stdout);
    assert!(table.contains("Latency of publishing a record"), "{table}");
}

#[test]
fn a_store_that_loses_records_fails() {
    let place = Place::new("lost");
    // One copy each, and nobody who writes it again in time.
    let few = ["storage.replicas=1", "storage.refresh=300"];
    let (output, summary) = place.emulate("out", &["--set", few[0], "--set", few[1]]);
    assert_eq!(output.status.code(), Some(1));
    assert!(mean(&summary, "records.lost") > 0.0);
    let told = text(&output.stdout);
    assert!(told.contains("FAILED: no record is lost"), "{told}");
}

#[test]
fn real_peers_that_store_are_refused() {
    let place = Place::new("real");
    let (scenario, out) = (place.path("storage.toml"), place.path("out"));
    let output = run(&["emulate", &scenario, "--out", &out, "--backend", "webrtc"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("storage"));
}
