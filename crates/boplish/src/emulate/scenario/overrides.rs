//! Flags that change what a scenario's file says.

use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

use super::Scenario;

/// `KEY=VALUE`, with the keys of sections apart by dots: `network.loss=0.01`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Override {
    keys: Vec<String>,
    value: Value,
    /// As the user wrote it, for errors and for the command that repeats the run.
    written: String,
}

impl Override {
    /// What a flag of its own stands for.
    pub(crate) fn of_flag(flag: &str, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self {
            keys: key.split('.').map(str::to_owned).collect(),
            written: format!("--{flag} {}", plain(&value)),
            value,
        }
    }
}

/// As people write it on a command line.
fn plain(value: &Value) -> String {
    match (value.as_str(), value.as_float()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => value.to_string(),
    }
}

/// As on a command line.
impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text
            .split_once('=')
            .ok_or("write KEY=VALUE, such as network.loss=0.01")?;
        let keys: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        if keys.iter().any(String::is_empty) {
            return Err(format!("{key} is no key; one is network.loss"));
        }
        let value = value.trim();
        // What is no TOML value is a text: nobody wants to quote twice in a shell.
        let value = format!("it = {value}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("it"))
            .unwrap_or_else(|| Value::String(value.to_owned()));
        let needs_quotes = text.contains(|it: char| it.is_whitespace() || "\"'[]{}".contains(it));
        let written = match needs_quotes {
            true => format!("--set '{}'", text.replace('\'', "'\\''")),
            false => format!("--set {text}"),
        };
        Ok(Self {
            keys,
            value,
            written,
        })
    }
}

/// The scenario of a text that is one, with the overrides.
pub(super) fn apply(text: &str, overrides: &[Override]) -> Result<Scenario, String> {
    let mut table: Table = text.parse().map_err(|error| format!("{error}"))?;
    let mut scenario = None;
    for change in overrides {
        set(&mut table, change).map_err(|why| format!("{change}: {why}"))?;
        let changed = table
            .clone()
            .try_into()
            .map_err(|error| format!("{change}: {}", error.to_string().trim_end()))?;
        scenario = Some(changed);
    }
    scenario.map_or_else(
        || toml::from_str(text).map_err(|error| error.to_string()),
        Ok,
    )
}

fn set(table: &mut Table, change: &Override) -> Result<(), String> {
    let Some((last, sections)) = change.keys.split_last() else {
        return Err("there is no key".to_owned());
    };
    let mut at = table;
    for section in sections {
        let entry = at
            .entry(section.clone())
            .or_insert_with(|| Value::Table(Table::new()));
        at = entry
            .as_table_mut()
            .ok_or_else(|| format!("{section} is no section"))?;
    }
    at.insert(last.clone(), change.value.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, overrides: &[&str]) -> Result<Scenario, String> {
        let overrides: Vec<Override> = overrides.iter().map(|it| it.parse().unwrap()).collect();
        Scenario::parse(text, "a", &overrides)
    }

    #[test]
    fn an_override_overrules_the_file_and_the_later_one_the_earlier() {
        let scenario = with(
            "[peers]\ncount = 5",
            &["peers.count=7", "network.latency=loopback", "peers.count=8"],
        );
        let scenario = scenario.unwrap();
        assert_eq!(scenario.peers.count, 8);
        assert_eq!(scenario.network.latency, super::super::Latency::Loopback);
    }

    #[test]
    fn a_wrong_override_is_named() {
        let error = with("", &["seed=2", "peers.count=many"]).unwrap_err();
        assert!(error.starts_with("--set peers.count=many: "), "{error}");
        let error = with("", &["peers.size=3"]).unwrap_err();
        assert!(error.contains("size"), "{error}");
        let error = with("", &["seed.a=3"]);
        assert!(error.is_err());
        assert!("seed".parse::<Override>().is_err());
        assert!("a..b=3".parse::<Override>().is_err());
    }

    #[test]
    fn an_override_is_written_as_a_shell_takes_it() {
        let simple: Override = "peers.count=7".parse().unwrap();
        assert_eq!(simple.to_string(), "--set peers.count=7");
        let list: Override = "faults=[{at = 1, heal = true}]".parse().unwrap();
        assert_eq!(list.to_string(), "--set 'faults=[{at = 1, heal = true}]'");
        let flag = Override::of_flag("router", "router.kind", "mesh");
        assert_eq!(flag.to_string(), "--router mesh");
    }
}
