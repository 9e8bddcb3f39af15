//! How the program ends, and the exit codes that scripts see.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// Why the program did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong underway: exit code 1.
    Runtime(String),
    /// The arguments, the environment or the configuration file is wrong: exit code 2, as for
    /// what clap refuses.
    Usage(String),
    /// The server or a peer did not answer in time: exit code 3.
    Unreachable(String),
    /// A signal came before the work was done: exit code 130, as shells have it for SIGINT.
    Interrupted,
    /// Whoever read stdout does not want more (`| head -1`): exit code 0.
    OutputClosed,
}

impl Failure {
    /// A failure of the system or of a library, with all its causes.
    pub(crate) fn runtime(what: &str, error: impl Error) -> Self {
        Self::Runtime(format!("{what}: {}", causes(&error)))
    }

    /// What the user is told.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Runtime(message) | Self::Usage(message) | Self::Unreachable(message) => {
                Some(message)
            }
            Self::Interrupted | Self::OutputClosed => None,
        }
    }

    /// What scripts are told.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::OutputClosed => 0,
            Self::Runtime(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            Self::Interrupted => 130,
        })
    }
}

/// For what is written to stdout.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::runtime("can't write to stdout", error)
        }
    }
}

/// An error and what caused it, unless it names its cause itself.
fn causes(error: &dyn Error) -> impl Display {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
