//! `boplish emulate`, from the scenario to the page.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::{Running, boplish, run, text};

/// Quick, and with everything in it that a mesh can go through.
const MESH: &str = r#"
    name = "mesh"
    description = "A <small> mesh"
    warm-up = 8
    duration = 30
    quiet = 40
    sample-every = 2
    [peers]
    count = 8
    rate = 4
    [router]
    kind = "mesh"
    [workload]
    lookups = 0
    messages = 4
    pings = 4
    [checks]
    success = 0.5
    recovery = { within = 20, success = 0.5 }
    [[faults]]
    at = 3
    kill-server = true
    [[faults]]
    at = 5
    kill-share = 0.25
    [[faults]]
    at = 6
    restart-server = true
    [[faults]]
    at = 7
    join = 2
"#;

/// A folder of a test's own, with a scenario in it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("emulate-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("mesh.toml"), MESH).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Emulates the scenario, which must succeed, into this folder; the answer is its summary.
    fn emulate(&self, out: &str, more: &[&str]) -> Value {
        let (scenario, out) = (self.path("mesh.toml"), self.path(out));
        let mut arguments = vec!["emulate", &scenario, "--out", &out];
        arguments.extend(more);
        let output = run(&arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        self.summary(&out)
    }

    fn summary(&self, out: &str) -> Value {
        let path = Path::new(out).join("summary.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }
}

fn figure<'a>(summary: &'a Value, key: &str) -> &'a Value {
    let figures = summary["figures"].as_array().unwrap();
    figures.iter().find(|it| it["key"] == key).unwrap()
}

/// The names of the elements that are open at each text that is searched for, and whether all
/// were closed in their order.
fn elements(html: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").unwrap();
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.split_whitespace().next().unwrap().to_owned();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "near {tag}");
        } else {
            if let Some(id) = tag.split("id=\"").nth(1) {
                all.push(id.split('"').next().unwrap().to_owned());
            }
            let is_void = name == "meta" || tag.ends_with('/');
            if !is_void {
                open.push(name.clone());
            }
            if name == "style" {
                rest = &rest[rest.find("</style>").unwrap()..];
            }
            all.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "these were never closed");
    all
}

#[test]
fn a_run_leaves_a_complete_folder() {
    let place = Place::new("folder");
    let summary = place.emulate("out", &[]);
    assert_eq!(summary["scenario"], "mesh");
    assert_eq!(summary["cut-short"], false);
    assert!(figure(&summary, "message.hops")["mean"].as_f64().unwrap() < 1.2);
    assert!(figure(&summary, "join.linked")["mean"] == 1.0);
    let charts = summary["charts"].as_array().unwrap();
    let ids: Vec<&str> = charts.iter().map(|it| it["id"].as_str().unwrap()).collect();
    for wanted in [
        "hops",
        "latency",
        "success",
        "links",
        "links-over-time",
        "bytes-by-kind",
        "messages",
        "joins",
        "population",
        "server",
    ] {
        assert!(ids.contains(&wanted), "{wanted} is not in {ids:?}");
    }

    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    let elements = elements(&page);
    for id in &ids {
        assert!(elements.contains(&format!("plot-{id}")), "{id}");
    }
    let drawn = elements.iter().filter(|it| *it == "svg").count();
    assert_eq!(drawn, ids.len());
    assert!(page.contains("A &lt;small&gt; mesh"));
    assert!(page.contains(summary["command"].as_str().unwrap()));
    assert!(!page.contains("<script") && !page.contains("http://") || page.contains("w3.org"));
    assert!(!page.contains("NaN"), "a number is none");
    for fault in ["server dies", "25 % die", "server is back", "2 join"] {
        assert!(page.contains(fault), "{fault}");
    }

    for table in ["lookups.csv", "joins.csv", "peers.csv", "time.csv"] {
        let table = fs::read_to_string(place.path(&format!("out/{table}"))).unwrap();
        assert!(table.lines().count() > 5, "{table}");
    }
    let again = run(&[
        "emulate",
        &place.path("out/scenario.toml"),
        "--out",
        &place.path("again"),
    ]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let again = place.summary(&place.path("again"));
    assert_eq!(
        again["runs"][0]["trace-hash"],
        summary["runs"][0]["trace-hash"]
    );
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_another() {
    let place = Place::new("seeds");
    let several = place.emulate(
        "several",
        &["--seed", "5", "--seeds", "3", "--threads", "2"],
    );
    let hashes: Vec<&Value> = (0..3)
        .map(|run| &several["runs"][run]["trace-hash"])
        .collect();
    assert_ne!(hashes[0], hashes[1]);
    assert_ne!(hashes[1], hashes[2]);
    let one = place.emulate("one", &["--seed", "6"]);
    assert_eq!(&&one["runs"][0]["trace-hash"], &hashes[1]);
    assert_eq!(one["runs"][0]["figures"], several["runs"][1]["figures"]);
    // Over several seeds, the interval is that of the means of the runs.
    let mean = |run: usize| {
        let figures = &several["runs"][run];
        figure(figures, "message.latency")["mean"].as_f64().unwrap()
    };
    let latency = figure(&several, "message.latency");
    let means = (mean(0) + mean(1) + mean(2)) / 3.0;
    assert!((latency["mean"].as_f64().unwrap() - means).abs() < 1e-9);
    assert!(latency["low"].as_f64().unwrap() < means);
}

#[test]
fn flags_overrule_the_scenario_and_stand_in_the_command_that_repeats_it() {
    let place = Place::new("flags");
    let more = ["--peers", "5", "--duration", "32", "--set", "quiet=0"];
    let summary = place.emulate("out", &more);
    assert_eq!(summary["peers"], 5);
    let command = summary["command"].as_str().unwrap();
    assert!(
        command.contains("--peers 5 --duration 32 --set quiet=0 --seed 1"),
        "{command}"
    );
}

#[test]
fn two_runs_are_put_side_by_side() {
    let place = Place::new("compare");
    place.emulate("a", &[]);
    place.emulate("b", &["--peers", "5", "--seed", "2"]);
    let page = place.path("both.html");
    let output = run(&[
        "emulate",
        "compare",
        &place.path("a"),
        &place.path("b"),
        "--out",
        &page,
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("Links of a peer")),
        "{table}"
    );
    assert!(table.contains('%'));
    let elements = elements(&fs::read_to_string(page).unwrap());
    for id in [
        "plot-a-links",
        "plot-b-links",
        "plot-a-success",
        "plot-b-success",
    ] {
        assert!(elements.contains(&id.to_owned()), "{id}");
    }
}

#[test]
fn a_check_that_fails_is_told_with_the_command_that_repeats_it() {
    let place = Place::new("failing");
    let output = run(&[
        "emulate",
        &place.path("mesh.toml"),
        "--out",
        &place.path("out"),
        "--set",
        "checks.recovery.within=1000",
        "--seed",
        "9",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("a check has failed"), "{error}");
    assert!(
        error.contains("--set checks.recovery.within=1000 --seed 9"),
        "{error}"
    );
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("a check has failed"));
}

#[test]
fn an_interrupted_run_writes_what_it_knows() {
    let place = Place::new("interrupted");
    let (scenario, out) = (place.path("mesh.toml"), place.path("out"));
    let mut running = Running::start(boplish(&[
        "emulate",
        &scenario,
        "--out",
        &out,
        "--set",
        "duration=10000000",
    ]));
    // Its folder is there as soon as it has begun.
    let until = std::time::Instant::now() + crate::common::PATIENCE;
    while !Path::new(&out).is_dir() {
        assert!(std::time::Instant::now() < until);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.signal("INT");
    assert_eq!(running.wait().code(), Some(130));
    let summary = place.summary(&out);
    assert_eq!(summary["cut-short"], true);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("cut short"));
}

#[test]
fn bad_input_is_named_with_its_key_and_value() {
    let place = Place::new("bad");
    let scenario = place.path("mesh.toml");
    let refused = |arguments: &[&str], parts: &[&str]| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = text(&output.stderr);
        for part in parts {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    };
    refused(&["emulate"], &["SCENARIO"]);
    refused(&["emulate", "nowhere.toml"], &["nowhere.toml"]);
    refused(
        &["emulate", &scenario, "--peers", "0"],
        &["peers.count = 0", "mesh.toml"],
    );
    refused(
        &["emulate", &scenario, "--backend", "moon"],
        &["--backend", "moon"],
    );
    refused(
        &["emulate", &scenario, "--set", "network.los=1"],
        &["--set network.los=1"],
    );
    refused(&["emulate", &scenario, "--set", "seed"], &["KEY=VALUE"]);
    refused(&["emulate", &scenario, "--seeds", "0"], &["--seeds", "0"]);
    refused(
        &["emulate", &scenario, "--out", env!("CARGO_MANIFEST_DIR")],
        &["--out"],
    );
    refused(
        &["emulate", "compare", &scenario, &scenario],
        &["mesh.toml"],
    );
    fs::write(place.path("odd.toml"), "[peers]\nrate = \"fast\"").unwrap();
    refused(
        &["emulate", &place.path("odd.toml")],
        &["line 2", "rate = \"fast\"", "odd.toml"],
    );
}
