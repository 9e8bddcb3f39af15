//! Names at domains: `https://<domain>/.well-known/boplish.json` says whose peer id a name stands
//! for (RFC 8615), as `{"names": {"alice": "<peer id>"}}`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use boplish_wire::PeerId;
use serde_json::Value;

/// What a domain has said is believed for this long.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// Names that are remembered; when there is one more, all are forgotten.
const MAX_REMEMBERED: usize = 1024;

/// Bytes of the longest answer; a longer one is refused.
#[cfg(feature = "tls")]
const MAX_ANSWER: u64 = 1 << 20;

/// How long a domain may take.
#[cfg(feature = "tls")]
const TIMEOUT: Duration = Duration::from_secs(15);

/// What domains have said, by name and domain, and when.
type Remembered = BTreeMap<(String, String), (Instant, PeerId)>;

/// Asks domains, and remembers what they have said.
#[derive(Debug, Clone, Default)]
pub(crate) struct WellKnown {
    remembered: Arc<Mutex<Remembered>>,
}

impl WellKnown {
    /// Whose name it is; `Err` says what is wrong, for people.
    pub(crate) async fn peer(&self, name: &str, domain: &str) -> Result<PeerId, String> {
        let key = (name.to_owned(), domain.to_owned());
        if let Some(peer) = self.recall(&key) {
            return Ok(peer);
        }
        let url = format!("https://{domain}/.well-known/boplish.json");
        let fetched = tokio::task::spawn_blocking(move || fetch(&url)).await;
        let answer = fetched.map_err(|error| error.to_string()).flatten()?;
        let peer = vouched(&answer, name)?;
        let mut remembered = self.lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (Instant::now(), peer));
        Ok(peer)
    }

    fn recall(&self, key: &(String, String)) -> Option<PeerId> {
        let remembered = self.lock();
        let (since, peer) = remembered.get(key)?;
        (since.elapsed() < FRESH).then_some(*peer)
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        // It is whole after every statement that changes it.
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The peer that an answer names.
fn vouched(answer: &str, name: &str) -> Result<PeerId, String> {
    let answer: Value = serde_json::from_str(answer)
        .map_err(|error| format!("what it serves is no JSON: {error}"))?;
    let names = answer.get("names").and_then(Value::as_object);
    let names = names.ok_or("what it serves has no object \"names\"")?;
    // Names are in lower case here, and need not be there.
    let mut names = names.iter();
    let found = names.find(|(key, _)| key.eq_ignore_ascii_case(name));
    let (_, peer) = found.ok_or_else(|| format!("it does not know {name:?}"))?;
    let peer = peer.as_str().and_then(|text| text.parse().ok());
    peer.ok_or_else(|| format!("what it says of {name:?} is no peer id of 40 hex digits"))
}

/// What is at an address. Redirects are not followed: the domain itself has to vouch.
#[cfg(feature = "tls")]
fn fetch(url: &str) -> Result<String, String> {
    use ureq::tls::{RootCerts, TlsConfig};
    // An earlier one is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let agent = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .build()
        .new_agent();
    let answer = agent.get(url).call();
    let mut answer = answer.map_err(|error| format!("{url}: {error}"))?;
    let status = answer.status();
    if status != 200 {
        return Err(format!("{url}: it answers with {status}"));
    }
    let body = answer.body_mut().with_config().limit(MAX_ANSWER);
    body.read_to_string()
        .map_err(|error| format!("{url}: {error}"))
}

#[cfg(not(feature = "tls"))]
fn fetch(url: &str) -> Result<String, String> {
    Err(format!("{url}: this program is built without TLS"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b";

    #[test]
    fn a_domain_says_whose_a_name_is() {
        let answer = format!(r#"{{"names": {{"bob": "x", "Alice": "{ID}"}}, "more": 1}}"#);
        assert_eq!(vouched(&answer, "alice"), Ok(ID.parse().unwrap()));
        let wrong = |answer: &str, name| vouched(answer, name).unwrap_err();
        assert!(wrong(&answer, "bob").contains("no peer id"));
        assert!(wrong(&answer, "carol").contains("does not know \"carol\""));
        assert!(wrong("<html>", "alice").contains("no JSON"));
        assert!(wrong("[]", "alice").contains("no object"));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn what_is_not_there_or_elsewhere_is_an_error_that_names_the_address() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            for answer in [
                "200 OK\r\ncontent-length: 2\r\n\r\n{}",
                "404 Not Found\r\ncontent-length: 0\r\n\r\n",
                "302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                let answer = format!("HTTP/1.1 {answer}");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let url = format!("http://{address}/.well-known/boplish.json");
        assert_eq!(fetch(&url), Ok("{}".to_owned()));
        for _ in 0..2 {
            let error = fetch(&url).unwrap_err();
            assert!(error.starts_with(&url), "{error}");
        }
        server.join().unwrap();
        assert!(fetch("https://127.0.0.1:1/").is_err());
    }
}
