//! What a configuration would serve, found out without serving.

use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::accept::Listeners;
use crate::admission::Admission;
use crate::config::{Config, Site};
use crate::error::ServerError;
use crate::server::{Server, check_networks};
use crate::site::Files;
use crate::tls::{Acme, Cache, CertificateSource, Pair};
use crate::turn::Turn;

/// What would be served; shown as one line for each thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan(Vec<String>);

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl Server {
    /// Tries all that can be tried without serving: whether the addresses can be listened on, those
    /// of STUN and TURN, too, and these be announced; whether the pages, the certificate, the key
    /// for tokens and the ban list be read; whether the certificate and its key belong together and
    /// are in date; and whether the folder of ACME, if it is there, be written to. To be called in
    /// a tokio runtime.
    ///
    /// # Errors
    ///
    /// All that would keep the server from serving as it is asked to.
    pub fn check(config: &Config) -> Result<Plan, Vec<ServerError>> {
        let mut lines = Vec::new();
        let mut errors = Vec::new();
        let scheme = if config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        // All are kept until the end: two of them may be in each other's way.
        let _listening = listen(&config.listen, scheme, "", &mut lines, &mut errors);
        let mut _redirecting = None;
        if let Some(tls) = &config.tls {
            if !tls.redirect_from.is_empty() {
                let purpose = ", redirects to https";
                let from = &tls.redirect_from;
                _redirecting = Some(listen(from, "http", purpose, &mut lines, &mut errors));
            }
            match certificate(&tls.certificate) {
                Ok(line) => lines.push(line),
                Err(error) => errors.push(error),
            }
        }
        match Files::open(&config.site) {
            Ok(_) => lines.push(match &config.site {
                Site::Embedded => "pages: built in".to_owned(),
                Site::Dir(path) => format!("pages: {}", path.display()),
            }),
            Err(error) => errors.push(error),
        }
        let turn = &config.turn;
        let (_bound, failed) = Turn::try_all(turn);
        errors.extend(failed);
        let stun = turn.stun.iter().map(|address| ("STUN", address));
        let served = turn.turn.iter().map(|address| ("TURN", address));
        lines.extend(
            served
                .chain(stun)
                .map(|(what, at)| format!("{what} at {at}")),
        );
        errors.extend(Admission::check_files(&config.admission));
        if let Err(error) = check_networks(config) {
            errors.push(error);
        }
        lines.push(format!("network: {:?}", config.network.router).to_lowercase());
        if errors.is_empty() {
            Ok(Plan(lines))
        } else {
            Err(errors)
        }
    }
}

fn listen(
    addresses: &[SocketAddr],
    scheme: &str,
    purpose: &str,
    lines: &mut Vec<String>,
    errors: &mut Vec<ServerError>,
) -> Listeners {
    let (listeners, failed) = Listeners::try_all(addresses);
    for address in listeners.addresses() {
        lines.push(format!("listens on {scheme}://{address}{purpose}"));
    }
    errors.extend(failed);
    listeners
}

fn certificate(source: &CertificateSource) -> Result<String, ServerError> {
    let now = SystemTime::now();
    match source {
        CertificateSource::Files(files) => {
            let pair = Pair::read(files)?;
            let path = files.certificate.display();
            pair.check_date(&path.to_string(), now)?;
            Ok(format!("certificate: {path}, valid until {}", pair.until()))
        }
        CertificateSource::Acme(acme) => {
            let Acme {
                domains,
                cache,
                directory,
                ..
            } = acme;
            let domains = domains.join(", ");
            let asked = format!("certificate: for {domains}, from {directory}");
            // It is made by whoever serves, to whom it must belong.
            if !cache.exists() {
                return Ok(format!("{asked}, will be kept in {}", cache.display()));
            }
            let kept = Cache::in_folder(acme)?.certificate()?;
            Ok(match kept {
                Some(pair) => format!(
                    "{asked}, kept in {}, valid until {}",
                    cache.display(),
                    pair.until()
                ),
                None => format!("{asked}, none yet in {}", cache.display()),
            })
        }
    }
}
