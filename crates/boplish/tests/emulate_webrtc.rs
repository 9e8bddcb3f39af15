//! `boplish emulate --backend webrtc`: real peers, in one process and in several.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[path = "all/common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;

use serde_json::Value;

use common::{run, text};

const RING: &str = r#"
    name = "ring"
    backend = "webrtc"
    warm-up = 3
    duration = 8
    quiet = 3
    sample-every = 1
    [peers]
    count = 6
    rate = 6
    [workload]
    lookups = 10
    messages = 10
    pings = 5
    [checks]
    success = 0.8
    [[faults]]
    at = 2
    kill-server = true
    [[faults]]
    at = 3
    leave-share = 0.17
    [[faults]]
    at = 4
    join = 1
    [[faults]]
    at = 5
    restart-server = true
    [[faults]]
    at = 6
    join = 1
"#;

fn emulate(name: &str, more: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("webrtc-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let scenario = folder.join("ring.toml");
    fs::write(&scenario, RING).unwrap();
    let out = folder.join("out");
    let mut arguments = vec!["emulate", scenario.to_str().unwrap()];
    arguments.extend(["--out", out.to_str().unwrap()]);
    arguments.extend(more);
    let output = run(&arguments);
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    assert!(out.join("report.html").is_file());
    serde_json::from_str(&fs::read_to_string(out.join("summary.json")).unwrap()).unwrap()
}

fn figure<'a>(summary: &'a Value, key: &str) -> &'a Value {
    let figures = summary["figures"].as_array().unwrap();
    figures.iter().find(|it| it["key"] == key).unwrap()
}

fn mean(summary: &Value, key: &str) -> f64 {
    figure(summary, key)["mean"].as_f64().unwrap()
}

fn samples(summary: &Value, key: &str) -> u64 {
    figure(summary, key)["samples"].as_u64().unwrap()
}

#[test]
fn real_peers_form_a_ring_that_outlives_its_server() {
    let summary = emulate("ring", &[]);
    assert_eq!(summary["backend"], "webrtc");
    // Six less the one that left, one that a member invited, and one that came by the server.
    assert_eq!(samples(&summary, "links"), 7);
    assert!(mean(&summary, "join.linked") > 0.8);
    assert!(mean(&summary, "lookup.hops") <= 1.5);
    assert!(mean(&summary, "traffic.bytes") > 0.0);
    assert!(summary["runs"][0].get("trace-hash").is_none());
}

#[test]
fn peers_in_several_processes_are_one_network() {
    let summary = emulate("processes", &["--processes", "2"]);
    assert_eq!(samples(&summary, "links"), 7);
    assert!(mean(&summary, "message.hops") >= 1.0);
    let command = summary["command"].as_str().unwrap();
    assert!(command.ends_with("--processes 2"), "{command}");
}

#[test]
fn what_only_a_virtual_network_can_do_is_refused() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("webrtc-refused");
    fs::create_dir_all(&folder).unwrap();
    let scenario = folder.join("ring.toml");
    fs::write(&scenario, RING).unwrap();
    let scenario = scenario.to_str().unwrap();
    let out = folder.join("out");
    for (change, part) in [
        ("faults=[{at = 1, partition = 0.5}]", "the fault at 1"),
        ("peers.join=ordered", "peers.join = ordered"),
        ("peers.rings=2", "peers.rings"),
        ("checks.ring=1", "checks.ring"),
    ] {
        let output = run(&[
            "emulate",
            scenario,
            "--set",
            change,
            "--out",
            out.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(2), "{change}");
        let error = text(&output.stderr);
        assert!(
            error.contains(part) && error.contains("--backend sim"),
            "{error}"
        );
    }
}
