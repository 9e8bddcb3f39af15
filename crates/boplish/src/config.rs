//! The configuration file. Its keys are the long names of the flags; a flag or the environment
//! overrules it.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::cli::{DemoOptions, PeerOptions};
use crate::emulate::EmulateOptions;
use crate::failure::Failure;
use crate::logging::{LogFormat, LogOptions};
use crate::serve::ServeOptions;

/// What a configuration file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct File {
    log: Option<String>,
    log_format: Option<LogFormat>,
    pub(crate) serve: ServeOptions,
    pub(crate) peer: PeerOptions,
    pub(crate) demo: DemoOptions,
    pub(crate) emulate: EmulateOptions,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::RouterName;

    const ALL: &str = r#"
        log = "debug"
        log-format = "json"
        [serve]
        listen = ["127.0.0.1:1", "[::1]:2"]
        tls-cert = "cert.pem"
        tls-key = "key.pem"
        acme-domain = ["a.example", "b.example"]
        acme-contact = ["a@example.org"]
        acme-cache = "acme"
        acme-directory = "https://ca.example/"
        http-redirect = ["127.0.0.1:3"]
        shutdown-timeout = 2.5
        site = "dist"
        open-ids = true
        network = ["game", "chat"]
        engine = "nats://localhost:4222"
        cluster-name = "eu"
        ice-server = ["stun:a", "turn:user:pass@b"]
        stun = ["127.0.0.1:3"]
        turn = ["127.0.0.1:4"]
        turn-public-address = ["192.0.2.1"]
        turn-ports = "5000-5009"
        turn-url = ["turn:a"]
        turn-secret = "north"
        turn-lifetime = 3600
        turn-allow-private = true
        turn-allocations = 10
        turn-allocations-per-peer = 3
        turn-bytes-per-second = 4000
        entry-peers = 10
        router = "mesh"
        successors = 11
        link-budget = 12
        max-connections = 3
        max-connections-per-address = 4
        max-message-bytes = 5
        max-messages-per-second = 6
        max-bytes-per-second = 7
        max-joins-per-minute = 8
        max-joins-per-minute-per-address = 9
        allow-origin = ["https://example.org"]
        token-key = "key.pub"
        ban-file = "bans"
        trust-proxy = ["10.0.0.0/8", "::1"]
        proxy-protocol = true
        proof-of-work = "auto"
        admin-token-file = "token"
        [peer]
        bootstrap = "wss://a/b"
        no-bootstrap = false
        accept = "A"
        invite = true
        identity = "id"
        token = "a.b.c"
        ice-server = ["stun:a:1"]
        relay-only = true
        address = ["127.0.0.1"]
        json = true
        timeout = 1.5
        min-peers = 7
        [demo]
        listen = ["127.0.0.1:8"]
        site = "dist"
        peers = 9
        quiet-peers = false
    "#;

    #[test]
    fn a_file_has_the_options_of_all_commands() {
        let file: File = toml::from_str(ALL).unwrap();
        assert_eq!(file.serve.listen.len(), 2);
        assert_eq!(file.serve.network.len(), 2);
        assert_eq!(file.serve.engine.as_ref().unwrap().name(), "nats");
        assert_eq!(file.serve.cluster_name.as_ref().unwrap().to_string(), "eu");
        assert_eq!(file.serve.ice_server.len(), 2);
        assert_eq!(file.serve.turn.len(), 1);
        assert_eq!(file.serve.turn_url.len(), 1);
        assert!(file.serve.turn_lifetime.is_some());
        assert_eq!(file.serve.entry_peers.unwrap().get(), 10);
        assert_eq!(file.serve.admin_token_file, Some("token".into()));
        assert_eq!(file.serve.router, Some(RouterName::Mesh));
        assert_eq!(file.serve.successors.unwrap().get(), 11);
        let peer = &file.peer;
        assert_eq!(peer.bootstrap.as_ref().unwrap().to_string(), "https://a/b");
        assert_eq!(peer.timeout.unwrap().0.as_millis(), 1500);
        assert_eq!(file.demo.peers, Some(9));
    }

    #[test]
    fn what_was_given_overrules_the_file_option_by_option() {
        let file: File = toml::from_str(ALL).unwrap();
        let given = ServeOptions {
            listen: vec!["127.0.0.1:9".parse().unwrap()],
            open_ids: Some(false),
            ..ServeOptions::default()
        };
        let options = given.or(file.serve);
        assert_eq!(options.listen, ["127.0.0.1:9".parse().unwrap()]);
        assert_eq!(options.open_ids, Some(false));
        assert_eq!(options.max_connections, Some(3));
        let again: File = toml::from_str(ALL).unwrap();
        let nothing = ServeOptions::default().or(again.serve);
        let again: File = toml::from_str(ALL).unwrap();
        assert_eq!(nothing, again.serve);
        let nothing = PeerOptions::default().or(file.peer);
        let again: File = toml::from_str(ALL).unwrap();
        assert_eq!(nothing, again.peer);
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        for text in ["[demo]\npeeers = 3", "peers = 3", "[server]\nlisten = []"] {
            let error = toml::from_str::<File>(text).unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{error}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused() {
        for text in [
            "[serve]\nlisten = [\"5000\"]",
            "[serve]\nice-server = [\"http://a\"]",
            "[serve]\nturn-ports = \"5\"",
            "[serve]\nturn-lifetime = 5",
            "[serve]\nturn-url = [\"turn:u:p@a\"]",
            "[serve]\nnetwork = [\"Game\"]",
            "[serve]\nengine = \"http://localhost\"",
            "[serve]\ncluster-name = \"a.b\"",
            "[serve]\nentry-peers = 0",
            "[serve]\nrouter = \"pastry\"",
            "[serve]\nsuccessors = 17",
            "[serve]\nlink-budget = 11",
            "[serve]\nhttp-redirect = [\"80\"]",
            "[serve]\nshutdown-timeout = -1",
            "[serve]\ncheck = true",
            "[serve]\nallow-origin = [\"example.org\"]",
            "[serve]\ntrust-proxy = [\"proxy.example.org\"]",
            "[serve]\nproof-of-work = \"hard\"",
            "[serve]\nproof-of-work = \"25\"",
            "[peer]\ntoken = \"a b\"",
            "[peer]\nbootstrap = \"ftp://a\"",
            "[peer]\ntimeout = -1",
            "log-format = \"xml\"",
        ] {
            assert!(toml::from_str::<File>(text).is_err(), "{text}");
        }
    }
}
