//! Where logs go: stderr, so that stdout belongs to whoever reads the output; and where traces do.

use std::io::{IsTerminal, stderr};

use clap::{Args, ValueEnum};
use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::failure::Failure;
use crate::otlp::{Collector, Traces};

/// Whom nobody hears who does not ask for them: these take each client's first request, which has no
/// credentials yet, for an error.
const QUIET: &str = "turn_server_proto=off,stun_proto=off";

/// What traces are made of.
const TRACED: &str = "off,boplish_server=info";

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogOptions {
    /// What is logged to stderr: off, error, warn, info, debug or trace, or by module as in
    /// `warn,boplish_server=debug` [default: info for serve, error for emulate,
    /// else warn].
    #[arg(long, global = true, env = "BOPLISH_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How log lines look [default: text].
    #[arg(long, global = true, env = "BOPLISH_LOG_FORMAT", value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogOptions {
    pub(crate) fn or(self, file: Self) -> Self {
        Self {
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
        }
    }
}

/// Starts logging, and tracing if there is a collector; keep what it gives until the end.
pub(crate) fn start(
    options: &LogOptions,
    default: &str,
    collector: Option<&Collector>,
) -> Result<Option<Traces>, Failure> {
    let wanted = options.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(format!("{QUIET},{wanted}"))
        .map_err(|error| Failure::Usage(format!("--log {wanted}: {error}")))?;
    let lines = fmt::layer()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal());
    let lines = match options.log_format.unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let traces = collector.map(Traces::start).transpose()?;
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_filter(EnvFilter::new(TRACED))
    });
    registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .init();
    Ok(traces)
}
