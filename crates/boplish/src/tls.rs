//! How `boplish serve` is told to speak TLS.

use boplish_server::{Acme, CertificateFiles, CertificateSource, Tls};

use crate::failure::Failure;
use crate::serve::ServeOptions;

/// The TLS of a server, if the options ask for it; half of what it takes is a usage error.
pub(crate) fn from(options: &ServeOptions) -> Result<Option<Tls>, Failure> {
    let Some(certificate) = certificate(options)? else {
        if !options.http_redirect.is_empty() {
            return wrong("--http-redirect needs --tls-cert or --acme-domain to redirect to");
        }
        return Ok(None);
    };
    Ok(Some(Tls {
        certificate,
        redirect_from: options.http_redirect.clone(),
    }))
}

fn certificate(options: &ServeOptions) -> Result<Option<CertificateSource>, Failure> {
    let files = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(CertificateFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        (Some(_), None) => return wrong("--tls-cert needs the private key too: --tls-key FILE"),
        (None, Some(_)) => return wrong("--tls-key needs the certificate too: --tls-cert FILE"),
        (None, None) => None,
    };
    match (files, acme(options)?) {
        (Some(_), Some(_)) => wrong("give either --tls-cert or --acme-domain, not both"),
        (Some(files), None) => Ok(Some(CertificateSource::Files(files))),
        (None, Some(acme)) => Ok(Some(CertificateSource::Acme(acme))),
        (None, None) => Ok(None),
    }
}

fn acme(options: &ServeOptions) -> Result<Option<Acme>, Failure> {
    if options.acme_domain.is_empty() {
        let is_half = options.acme_cache.is_some()
            || options.acme_directory.is_some()
            || !options.acme_contact.is_empty();
        if is_half {
            return wrong("ACME needs to know for whom: --acme-domain DOMAIN");
        }
        return Ok(None);
    }
    if let Some(domain) = options.acme_domain.iter().find(|domain| !is_domain(domain)) {
        return wrong(&format!(
            "--acme-domain {domain}: this is no domain, which is letters, digits and hyphens with \
             dots between; for a wildcard, get a certificate elsewhere and give --tls-cert"
        ));
    }
    let Some(cache) = &options.acme_cache else {
        return wrong("ACME needs a folder for the account and the certificate: --acme-cache DIR");
    };
    let directory = options.acme_directory.as_deref();
    let directory = directory.unwrap_or(Acme::LETS_ENCRYPT);
    if !directory.starts_with("https://") {
        return wrong(&format!(
            "--acme-directory {directory}: this is no https:// address"
        ));
    }
    Ok(Some(Acme {
        domains: options
            .acme_domain
            .iter()
            .map(|domain| domain.to_ascii_lowercase())
            .collect(),
        contacts: options
            .acme_contact
            .iter()
            .map(|mail| contact(mail))
            .collect(),
        cache: cache.clone(),
        directory: directory.to_owned(),
    }))
}

/// Whether a name can stand in a certificate (RFC 1123, section 2.1).
fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// An address as an authority wants it (RFC 8555, section 7.3).
fn contact(mail: &str) -> String {
    if mail.contains(':') {
        mail.to_owned()
    } else {
        format!("mailto:{mail}")
    }
}

fn wrong<T>(message: &str) -> Result<T, Failure> {
    Err(Failure::Usage(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn tls(flags: &str) -> Result<Option<Tls>, Failure> {
        let words = ["boplish", "serve"]
            .into_iter()
            .chain(flags.split_whitespace());
        let Command::Serve(options) = Cli::try_parse_from(words).unwrap().command else {
            panic!("it is another command");
        };
        from(&options)
    }

    #[test]
    fn flags_name_the_files_and_what_redirects_to_them() {
        assert_eq!(tls("").unwrap(), None);
        let files = tls("--tls-cert a.pem --tls-key b.pem --http-redirect 127.0.0.1:80");
        let expected = Tls {
            certificate: CertificateSource::Files(CertificateFiles {
                certificate: "a.pem".into(),
                key: "b.pem".into(),
            }),
            redirect_from: vec!["127.0.0.1:80".parse().unwrap()],
        };
        assert_eq!(files.unwrap(), Some(expected));
    }

    #[test]
    fn flags_name_the_domains_and_the_authority() {
        let acme = "--acme-domain A.example,b.example --acme-cache dir --acme-contact me@a.example";
        let expected = |directory: &str| Tls {
            certificate: CertificateSource::Acme(Acme {
                domains: vec!["a.example".to_owned(), "b.example".to_owned()],
                contacts: vec!["mailto:me@a.example".to_owned()],
                cache: "dir".into(),
                directory: directory.to_owned(),
            }),
            redirect_from: Vec::new(),
        };
        assert_eq!(tls(acme).unwrap(), Some(expected(Acme::LETS_ENCRYPT)));
        let staging = tls(&format!("{acme} --acme-directory https://ca.example/dir"));
        assert_eq!(staging.unwrap(), Some(expected("https://ca.example/dir")));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (flags, named) in [
            ("--tls-cert a", "--tls-key"),
            ("--tls-key a", "--tls-cert"),
            ("--http-redirect 127.0.0.1:80", "--tls-cert"),
            ("--acme-domain a.example", "--acme-cache"),
            ("--acme-cache a", "--acme-domain"),
            ("--acme-contact a@b", "--acme-domain"),
            ("--acme-domain *.a.example --acme-cache a", "*.a.example"),
            ("--acme-domain a..example --acme-cache a", "a..example"),
            (
                "--acme-domain a --acme-cache a --acme-directory http://a",
                "http://a",
            ),
            (
                "--acme-domain a --acme-cache a --tls-cert a --tls-key a",
                "either",
            ),
        ] {
            let failure = tls(flags).unwrap_err();
            let message = failure.message().unwrap_or_default();
            assert!(message.contains(named), "{flags}: {message}");
        }
    }
}
