//! The configuration file. Its keys are the long names of the flags; a flag or the environment
//! overrules it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::cli::{DemoOptions, PeerOptions, ServeOptions};
use crate::failure::Failure;
use crate::logging::{LogFormat, LogOptions};

/// What a configuration file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct File {
    log: Option<String>,
    log_format: Option<LogFormat>,
    pub(crate) serve: ServeOptions,
    pub(crate) peer: PeerOptions,
    pub(crate) demo: DemoOptions,
}

impl File {
    /// Reads a file; a key that means nothing is an error that names it.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let failed =
            |why: String| Failure::Usage(format!("configuration file {}: {why}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        toml::from_str(&text).map_err(|error| failed(error.to_string()))
    }

    pub(crate) fn logging(&self) -> LogOptions {
        LogOptions {
            log: self.log.clone(),
            log_format: self.log_format,
        }
    }
}
