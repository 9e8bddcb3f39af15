//! `boplish emulate`: a network as a scenario describes it, in the simulator or on this machine,
//! and what there is to learn from it.
//!
//! A [`scenario`] says what happens; the [`stage`] lets it happen, at whichever [`backend`]; what
//! comes of it are [`statistics`], from which a [`summary`] and a [`report`] are made.

mod backend;
mod checks;
mod compare;
mod crowd;
mod options;
mod owners;
mod progress;
mod report;
mod results;
mod run;
mod scenario;
mod sessions;
mod sim;
mod stage;
mod statistics;
mod summary;
mod trips;
mod webrtc;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;
use crate::signals::Shutdown;

pub(crate) use options::{EmulateAction, EmulateCommand, EmulateOptions};

/// Does what the command says; `file` has the options of the configuration file.
pub(crate) async fn run(command: EmulateCommand, file: EmulateOptions) -> Result<(), Failure> {
    match (command.action, command.scenario) {
        (Some(EmulateAction::Compare(options)), _) => compare::run(&options),
        (Some(EmulateAction::Worker), _) => webrtc::worker::run().await,
        (None, Some(path)) => {
            let options = command.options.or(file);
            let interrupted = interruptions()?;
            // A simulation computes for long, and real peers need the runtime's threads.
            tokio::task::spawn_blocking(move || run::run(&path, &options, &interrupted))
                .await
                .map_err(|error| Failure::runtime("the emulation has failed", error))?
        }
        (None, None) => Err(Failure::Usage("name a scenario to emulate".to_owned())),
    }
}

/// Becomes true with the first signal; the second one ends the program at once.
fn interruptions() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let mut shutdown = Shutdown::new()?;
    let told = Arc::clone(&interrupted);
    tokio::spawn(async move {
        shutdown.wait().await;
        told.store(true, Ordering::Relaxed);
        shutdown.wait().await;
        std::process::exit(130);
    });
    Ok(interrupted)
}
