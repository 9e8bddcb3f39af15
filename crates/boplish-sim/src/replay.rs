//! Seeds from the environment, and how a failure is run again.

use std::ops::Range;

/// The environment variable that names the only seed to run.
pub const SEED: &str = "BOPLISH_SEED";

/// These seeds, or only the one in [`SEED`].
///
/// # Panics
///
/// If [`SEED`] is set and no number.
pub fn seeds(range: Range<u64>) -> Range<u64> {
    match std::env::var(SEED) {
        Ok(text) => {
            let seed = text.parse().expect("BOPLISH_SEED is a number");
            seed..seed + 1
        }
        Err(_) => range,
    }
}

/// The command that runs a seed of the present test again.
pub fn hint(seed: u64) -> String {
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main").unwrap_or("");
    format!("replay: {SEED}={seed} BOPLISH_TRACE=1 cargo test -p boplish-sim {test} -- --nocapture")
}
