//! A scenario: what network there is, what it goes through, and what must be so at the end.

mod fault;
mod group;
mod overrides;
mod parts;
mod storage;
mod values;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::options::BackendKind;
use crate::failure::Failure;

pub(crate) use fault::{Fault, What};
pub(crate) use group::GroupLoad;
pub(crate) use overrides::Override;
pub(crate) use parts::{
    Checks, Churn, JoinPattern, Latency, Network, Peers, Router, RouterKind, Server, Workload,
};
pub(crate) use storage::Storage;
pub(crate) use values::{Share, Span};

/// More don't fit into any machine that this runs on.
const MOST_PEERS: usize = 10_000_000;

/// A whole scenario, with everything that a file leaves out filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Scenario {
    /// Names the results.
    pub(crate) name: String,
    /// For people.
    pub(crate) description: String,
    pub(crate) backend: BackendKind,
    /// Decides everything in the simulator.
    pub(crate) seed: u64,
    /// From the last join to the start of the measurement.
    pub(crate) warm_up: Span,
    /// What counts.
    pub(crate) duration: Span,
    /// Without faults and churn, at the end; then the checks of the whole network come.
    pub(crate) quiet: Span,
    /// How often the whole network is looked at.
    pub(crate) sample_every: Span,
    pub(crate) peers: Peers,
    pub(crate) network: Network,
    pub(crate) router: Router,
    pub(crate) server: Server,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) churn: Option<Churn>,
    pub(crate) workload: Workload,
    /// Absent: nobody stores anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage: Option<Storage>,
    /// The group that peers join, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<GroupLoad>,
    pub(crate) checks: Checks,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<Fault>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            backend: BackendKind::Sim,
            seed: 1,
            warm_up: Span(30.0),
            duration: Span(60.0),
            quiet: Span(0.0),
            sample_every: Span(5.0),
            peers: Peers::default(),
            network: Network::default(),
            router: Router::default(),
            server: Server::default(),
            churn: None,
            workload: Workload::default(),
            storage: None,
            group: None,
            checks: Checks::default(),
            faults: Vec::new(),
        }
    }
}

impl Scenario {
    /// Reads a file, and lets the overrides change it one after the other.
    pub(crate) fn read(path: &Path, overrides: &[Override]) -> Result<Self, Failure> {
        let file = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::Usage(format!("scenario {file}: {error}")))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&text, &name, overrides)
            .map_err(|why| Failure::Usage(format!("scenario {file}: {why}")))
    }

    /// The same from a text; `name` is for one that has none.
    pub(crate) fn parse(text: &str, name: &str, overrides: &[Override]) -> Result<Self, String> {
        // As a whole first: its errors have lines, which those of the overrides have not.
        let mut scenario: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if !overrides.is_empty() {
            scenario = overrides::apply(text, overrides)?;
        }
        if scenario.name.is_empty() {
            scenario.name = name.to_owned();
        }
        scenario.validate()?;
        Ok(scenario)
    }

    /// As a file of its own.
    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self)
            .map_err(|error| Failure::runtime("can't write the scenario as TOML", error))
    }

    /// When the last of the first peers has begun to join.
    pub(crate) fn joined_at(&self) -> f64 {
        match self.peers.join {
            JoinPattern::Steady | JoinPattern::Growing => {
                let pauses = Peers::PAUSE * (self.peers.rings - 1) as f64;
                self.peers.joins_at(self.peers.count) + pauses
            }
            JoinPattern::FlashCrowd => self.peers.within.0,
            JoinPattern::Ordered => 0.0,
        }
    }

    /// When the measurement begins.
    pub(crate) fn measured_from(&self) -> f64 {
        self.joined_at() + self.warm_up.0
    }

    /// When it ends.
    pub(crate) fn measured_to(&self) -> f64 {
        self.measured_from() + self.duration.0
    }

    /// When all is over.
    pub(crate) fn end(&self) -> f64 {
        self.measured_to() + self.quiet.0
    }

    /// What types can't say.
    fn validate(&self) -> Result<(), String> {
        let wrong = |key: &str, value: &dyn std::fmt::Display, why: &str| {
            Err(format!("{key} = {value}: {why}"))
        };
        let peers = &self.peers;
        if !self
            .name
            .chars()
            .all(|it| it.is_alphanumeric() || "-_.".contains(it))
        {
            return wrong(
                "name",
                &self.name,
                "letters, digits, -, _ and . only, it names files",
            );
        }
        if peers.count == 0 || peers.count > MOST_PEERS {
            let why = format!("there are 1 to {MOST_PEERS} peers");
            return wrong("peers.count", &peers.count, &why);
        }
        if !(peers.rate > 0.0 && peers.rate.is_finite()) {
            return wrong("peers.rate", &peers.rate, "joins per second, more than 0");
        }
        if peers.doubling.0 < 1.0 {
            return wrong("peers.doubling", &peers.doubling.0, "at least 1 s");
        }
        if peers.rings == 0 || peers.rings > 16 || peers.rings > peers.count {
            return wrong(
                "peers.rings",
                &peers.rings,
                "1 to 16, and not more than peers",
            );
        }
        if peers.rings > 1 && peers.join != JoinPattern::Steady {
            return wrong(
                "peers.rings",
                &peers.rings,
                "more than 1 go with join = \"steady\"",
            );
        }
        self.validate_network()?;
        if !(12..=10_000).contains(&self.router.budget) {
            return wrong("router.budget", &self.router.budget, "12 to 10000 links");
        }
        if !(1..=16).contains(&self.router.successors) {
            return wrong("router.successors", &self.router.successors, "1 to 16");
        }
        if self.sample_every.0 < 0.1 {
            return wrong("sample-every", &self.sample_every.0, "at least 0.1 s");
        }
        if self.duration.0 <= 0.0 {
            return wrong("duration", &self.duration.0, "more than 0 s");
        }
        if let Some(churn) = &self.churn {
            if churn.median_session.0 < 1.0 {
                let value = churn.median_session.0;
                return wrong("churn.median-session", &value, "at least 1 s");
            }
            if !(0.2..=10.0).contains(&churn.shape) {
                return wrong("churn.shape", &churn.shape, "0.2 to 10");
            }
        }
        self.validate_workload()?;
        for fault in &self.faults {
            if fault.at > self.duration {
                let why = format!("faults come within duration = {}", self.duration.0);
                return wrong("faults.at", &fault.at.0, &why);
            }
        }
        Ok(())
    }

    fn validate_network(&self) -> Result<(), String> {
        let network = &self.network;
        let wrong = |key: &str, value: f64, why: &str| Err(format!("{key} = {value}: {why}"));
        if network.least > network.most {
            let why = format!("it can't exceed network.most = {}", network.most.0);
            return wrong("network.least", network.least.0, &why);
        }
        if let Some(loss) = network.loss.filter(|loss| loss.0 > 0.5) {
            return wrong(
                "network.loss",
                loss.0,
                "with more than 0.5, nothing gets through",
            );
        }
        let lines = [
            ("network.upload", network.upload),
            ("network.download", network.download),
        ];
        for (key, line) in lines {
            if let Some([least, most]) = line
                && (least == 0 || least > most)
            {
                return Err(format!(
                    "{key} = [{least}, {most}]: the least and the most bytes per second, from 1"
                ));
            }
        }
        let nat = &network.nat;
        let kinds = [nat.full_cone, nat.restricted, nat.port_restricted];
        let all: f64 = kinds
            .iter()
            .chain(&[nat.symmetric, nat.blocked])
            .map(|it| it.0)
            .sum();
        if all > 1.000_001 {
            return wrong("network.nat", all, "its shares have a sum of 1 at most");
        }
        Ok(())
    }

    fn validate_workload(&self) -> Result<(), String> {
        let workload = &self.workload;
        let rates = [
            ("workload.lookups", workload.lookups),
            ("workload.messages", workload.messages),
            ("workload.pings", workload.pings),
        ];
        for (key, rate) in rates {
            if !(0.0..=1e6).contains(&rate) {
                return Err(format!("{key} = {rate}: per second, from 0 to 1000000"));
            }
        }
        const LONGEST: usize = 60_000;
        if workload.message_bytes > LONGEST {
            let bytes = workload.message_bytes;
            return Err(format!(
                "workload.message-bytes = {bytes}: at most {LONGEST}"
            ));
        }
        if let Some(storage) = &self.storage {
            storage.validate()?;
            if self.router.kind == RouterKind::Mesh {
                return Err("storage: peers store only with router.kind = \"chord\"".to_owned());
            }
        }
        if let Some(group) = &self.group {
            group.validate()?;
        }
        if let Some(ring) = self
            .checks
            .ring
            .filter(|_| self.router.kind == RouterKind::Mesh)
        {
            return Err(format!("checks.ring = {}: a mesh has no ring", ring.0));
        }
        if self.router.kind == RouterKind::Mesh && workload.lookups > 0.0 {
            return Err(format!(
                "workload.lookups = {}: a mesh has no keys to look up; use messages or pings",
                workload.lookups
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scenario, String> {
        Scenario::parse(text, "file", &[])
    }

    #[test]
    fn an_empty_file_is_a_scenario_named_after_it() {
        let scenario = parse("").unwrap();
        assert_eq!(scenario.name, "file");
        assert_eq!(scenario.peers.count, 100);
        assert_eq!(scenario.measured_from(), 40.0);
        assert_eq!(scenario.end(), 100.0);
    }

    #[test]
    fn a_scenario_reads_as_it_was_written() {
        let scenario = parse(
            "seed = 7\n[churn]\nmedian-session = 84\n[checks]\nring = 0\nsuccess = 0.999\n\
             recovery = { within = 60, success = 0.999 }\n[[faults]]\nat = 3\nkill-share = 0.3",
        )
        .unwrap();
        let text = scenario.to_toml().unwrap();
        assert_eq!(parse(&text).unwrap(), scenario, "{text}");
    }

    #[test]
    fn a_growing_network_doubles_once_the_rate_would_be_less() {
        let scenario =
            parse("[peers]\ncount = 8000\njoin = \"growing\"\nrate = 5\ndoubling = 20").unwrap();
        let at = |number| scenario.peers.joins_at(number);
        assert_eq!(at(0), 0.0);
        assert_eq!(at(100), 20.0, "5 a second");
        for many in [500, 1000, 4000] {
            let doubled = at(2 * many) - at(many);
            assert!((doubled - 20.0).abs() < 1e-9, "{many}: {doubled}");
        }
        // Neither a jump nor a step backwards where one goes over into the other, at 144 peers.
        assert!((1..8000).all(|it| (0.0..=0.200_001).contains(&(at(it) - at(it - 1)))));
        assert_eq!(scenario.joined_at(), at(8000));
    }

    #[test]
    fn the_ready_scenarios_can_be_run() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let scenario = Scenario::read(&path, &[]).unwrap();
            assert_eq!(
                Some(scenario.name.as_str()),
                path.file_stem().unwrap().to_str()
            );
            assert!(!scenario.description.is_empty());
            count += 1;
        }
        assert!(count >= 9);
    }

    #[test]
    fn what_is_wrong_is_named_with_key_and_value() {
        for (text, key, value) in [
            ("[peers]\ncount = 0", "peers.count", "= 0"),
            ("[peers]\ncuont = 3", "cuont", "unknown field"),
            ("[peers]\ncount = \"many\"", "count = ", "many"),
            ("[peers]\njoin = \"slowly\"", "join = ", "slowly"),
            ("[peers]\ndoubling = 0.5", "peers.doubling", "= 0.5"),
            ("[network]\nloss = 1.5", "loss = ", "1.5 is no share"),
            ("[network]\nloss = 0.9", "network.loss", "0.9"),
            ("warm-up = -1", "warm-up", "-1 is no time"),
            ("[router]\nkind = \"mesh\"", "workload.lookups", "10"),
            ("[router]\nbudget = 8", "router.budget", "= 8"),
            ("[network]\nupload = [9, 3]", "network.upload", "[9, 3]"),
            (
                "[network.nat]\nblocked = 0.6\nsymmetric = 0.6",
                "network.nat",
                "1.2",
            ),
            ("[churn]\nshape = 0.5", "median-session", "missing"),
            ("[storage]\nreplicas = 9", "storage.replicas", "= 9"),
            ("[storage]\nrefresh = 7200", "storage.refresh", "7200"),
            ("[group]\nposts = -1", "group.posts", "-1"),
            ("[group]\nbytes = 4", "group.bytes", "= 4"),
            ("[[faults]]\nat = 61\nheal = true", "faults.at", "61"),
            ("name = \"a/b\"", "name", "a/b"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                error.contains(key) && error.contains(value),
                "{text}: {error}"
            );
        }
    }
}
