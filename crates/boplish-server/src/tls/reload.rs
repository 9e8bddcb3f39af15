//! Certificate files that change.

use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::CertificateFiles;
use super::pair::{Bytes, Pair, PairError};
use super::resolver::Resolver;

/// Reads the files again and again, and shows what they hold when that has changed and is right.
///
/// Their bytes are compared, not their times: a link that is turned to another file, as
/// certificate tools and container platforms do it, changes no time.
pub(super) async fn run(
    files: CertificateFiles,
    first: &Pair,
    resolver: &Resolver,
    every: Duration,
) {
    let mut last = first.digest();
    let mut last_complaint = String::new();
    loop {
        tokio::time::sleep(every).await;
        let changed = {
            let files = files.clone();
            spawn_blocking(move || changed(&files, last)).await
        };
        let complaint = match changed {
            Ok(Changed::No) => String::new(),
            Ok(Changed::To(pair)) => {
                info!(until = %pair.until(), "certificate read again");
                last = pair.digest();
                resolver.set(pair.certified());
                String::new()
            }
            Ok(Changed::Wrong(error)) => error.to_string(),
            // The runtime ends.
            Err(_) => return,
        };
        // One line for what is wrong, not one for each look at it.
        if !complaint.is_empty() && complaint != last_complaint {
            warn!(error = %complaint, "the changed certificate is not used, the old one stays");
        }
        last_complaint = complaint;
    }
}

enum Changed {
    No,
    To(Pair),
    Wrong(PairError),
}

fn changed(files: &CertificateFiles, last: blake3::Hash) -> Changed {
    let read = || {
        let bytes = Bytes::read(files)?;
        if bytes.digest() == last {
            return Ok(None);
        }
        let pair = Pair::parse(files, &bytes)?;
        pair.check_date(&files.certificate.display().to_string(), SystemTime::now())?;
        Ok(Some(pair))
    };
    match read() {
        Ok(None) => Changed::No,
        Ok(Some(pair)) => Changed::To(pair),
        Err(error) => Changed::Wrong(error),
    }
}
