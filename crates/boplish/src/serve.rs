//! `boplish serve`.

mod options;

use std::io::Write;
use std::path::Path;

use boplish_server::admission::TrustedProxies;
use boplish_server::{Config, Rate, Server, ServerError, Site};

use crate::admin_token;
use crate::failure::Failure;
use crate::signals::Shutdown;
use crate::values::Seconds;
use crate::{systemd, tls, turn};

pub(crate) use self::options::ServeOptions;

/// Serves until a signal comes, or only checks.
pub(crate) async fn run(options: ServeOptions) -> Result<(), Failure> {
    let is_check = options.check;
    let variable = std::env::var_os(admin_token::VARIABLE);
    let admin_token = admin_token::read(options.admin_token_file.as_deref(), variable)?;
    let config = Config {
        admin_token,
        ..config(options)?
    };
    if is_check {
        return check(&config);
    }
    let mut shutdown = Shutdown::new()?;
    let server = bind(config).await?;
    let mut stdout = std::io::stdout().lock();
    for address in server.local_addrs() {
        writeln!(stdout, "listening on {}://{address}", server.scheme())?;
    }
    for address in server.redirect_addrs() {
        writeln!(stdout, "redirecting from http://{address}")?;
    }
    stdout.flush()?;
    drop(stdout);
    systemd::ready();
    tokio::select! {
        () = shutdown.wait() => {}
        never = systemd::watch(&server) => match never {},
    }
    systemd::stopping();
    tokio::select! {
        () = server.shutdown() => Ok(()),
        // Whoever asks twice does not want to wait.
        () = shutdown.wait() => Err(Failure::Interrupted),
    }
}

/// Says what would be served, or all that is wrong.
fn check(config: &Config) -> Result<(), Failure> {
    match Server::check(config) {
        Ok(plan) => Ok(write!(std::io::stdout(), "{plan}")?),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ServerError::to_string).collect();
            Err(Failure::Usage(lines.join("\nboplish: ")))
        }
    }
}

/// Starts a server; what is wrong with the configuration is a usage error.
pub(crate) async fn bind(config: Config) -> Result<Server, Failure> {
    Server::bind(config).await.map_err(|error| match &error {
        ServerError::NoAddress
        | ServerError::Site { .. }
        | ServerError::TooManyNetworks { .. }
        | ServerError::Certificate(_)
        | ServerError::AcmeCache { .. }
        | ServerError::NoPublicAddress { .. }
        | ServerError::NoTurnSecret
        | ServerError::TokenKey(_)
        | ServerError::Bans(_) => Failure::Usage(error.to_string()),
        ServerError::AddressInUse { .. }
        | ServerError::NotPermitted { .. }
        | ServerError::NoSuchAddress { .. }
        | ServerError::Listen { .. }
        | ServerError::Tls(_)
        | ServerError::Turn { .. }
        | ServerError::Interfaces(_)
        | ServerError::Random(_) => Failure::Runtime(error.to_string()),
    })
}

/// The pages of a folder, or the built-in ones.
pub(crate) fn site(dir: Option<&Path>) -> Site {
    dir.map_or(Site::Embedded, |dir| Site::Dir(dir.to_owned()))
}

fn config(options: ServeOptions) -> Result<Config, Failure> {
    let mut config = Config {
        tls: tls::from(&options)?,
        site: site(options.site.as_deref()),
        open_ids: options.open_ids.unwrap_or(false),
        ice_servers: options.ice_server.iter().map(|url| url.server()).collect(),
        turn: turn::options(&options),
        ..Config::default()
    };
    if !options.listen.is_empty() {
        config.listen = options.listen;
    }
    config.networks = options.network;
    config.cluster.engine = options.engine;
    if let Some(name) = options.cluster_name {
        config.cluster.name = name;
    }
    let network = &mut config.network;
    network.router = options.router.map_or(network.router, Into::into);
    if let Some(successors) = options.successors {
        // Its bounds are those of one byte.
        network.successors = u8::try_from(successors.get()).unwrap_or(u8::MAX);
    }
    if let Some(links) = options.link_budget {
        network.link_budget = links.get();
    }
    let admission = &mut config.admission;
    admission.allowed_origins = options.allow_origin.into_iter().map(|it| it.0).collect();
    admission.token_key = options.token_key;
    admission.ban_file = options.ban_file;
    let proxies = options.trust_proxy.into_iter().map(|it| it.0);
    admission.trusted_proxies = TrustedProxies(proxies.collect());
    admission.proxy_protocol = options.proxy_protocol.unwrap_or(false);
    config.proof_of_work = options
        .proof_of_work
        .map_or(config.proof_of_work, |it| it.0);
    let limits = &mut config.limits;
    if let Some(entry_peers) = options.entry_peers {
        limits.directory.entry_peers = entry_peers;
    }
    if let Some(connections) = options.max_connections {
        limits.sockets = with_others(connections, limits.sockets, limits.directory.connections);
        limits.directory.connections = connections;
    }
    if let Some(connections) = options.max_connections_per_address {
        let of_one = limits.directory.connections_per_address;
        limits.sockets_per_address = with_others(connections, limits.sockets_per_address, of_one);
        limits.directory.connections_per_address = connections;
    }
    if let Some(Seconds(timeout)) = options.shutdown_timeout {
        limits.shutdown_timeout = timeout;
    }
    if let Some(bytes) = options.max_message_bytes {
        limits.directory.message_bytes = bytes;
    }
    if let Some(messages) = options.max_messages_per_second {
        limits.directory.messages = Rate::per_second(messages, messages.saturating_mul(10));
    }
    if let Some(bytes) = options.max_bytes_per_second {
        limits.directory.bytes = Rate::per_second(bytes, bytes.saturating_mul(8));
    }
    limits.directory.joins = options.max_joins_per_minute.map(Rate::per_minute);
    let of_one = options.max_joins_per_minute_per_address;
    limits.directory.joins_per_address = of_one.map(Rate::per_minute);
    Ok(config)
}

/// Sockets for so many connections: as many more for pages and health checks as there are by default.
fn with_others(connections: usize, sockets: usize, of_connections: usize) -> usize {
    connections.saturating_add(sockets.saturating_sub(of_connections))
}

#[cfg(test)]
mod tests {
    use boplish_server::{AdmissionConfig, NetworkParameters, ProofOfWork};
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn served(flags: &str) -> Config {
        let words = ["boplish", "serve"]
            .into_iter()
            .chain(flags.split_whitespace());
        let Command::Serve(options) = Cli::try_parse_from(words).unwrap().command else {
            panic!("it is another command");
        };
        config(*options).unwrap()
    }

    #[test]
    fn flags_name_networks_and_an_engine() {
        let config = served("--network game,chat --engine redis://localhost --cluster-name eu");
        let networks: Vec<_> = config.networks.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["game", "chat"]);
        assert_eq!(config.cluster.engine.unwrap().name(), "redis");
        assert_eq!(config.cluster.name.to_string(), "eu");
        let alone = served("--network game").cluster;
        assert_eq!(alone.engine, None);
        assert_eq!(alone.name.to_string(), "boplish");
    }

    #[test]
    fn flags_set_the_network_and_its_entry_peers() {
        let config = served("--router mesh --successors 5 --link-budget 50 --entry-peers 9");
        let expected = NetworkParameters {
            successors: 5,
            link_budget: 50,
            ..NetworkParameters::mesh()
        };
        assert_eq!(config.network, expected);
        assert_eq!(config.limits.directory.entry_peers.get(), 9);
        assert_eq!(
            served("--router chord").network,
            NetworkParameters::default()
        );
    }

    #[test]
    fn a_flag_sets_how_long_a_shutdown_may_take() {
        let config = served("--shutdown-timeout 2.5");
        assert_eq!(config.limits.shutdown_timeout.as_millis(), 2_500);
    }

    #[test]
    fn flags_set_who_is_admitted() {
        let config = served(
            "--allow-origin https://a.example,https://b.example --token-key k.pub --ban-file bans \
             --trust-proxy 10.0.0.0/8 --trust-proxy ::1 --proxy-protocol --proof-of-work auto \
             --max-bytes-per-second 100 --max-joins-per-minute 20 \
             --max-joins-per-minute-per-address 3",
        );
        let admission = &config.admission;
        assert_eq!(admission.allowed_origins.len(), 2);
        assert_eq!(admission.token_key.as_deref(), Some(Path::new("k.pub")));
        assert_eq!(admission.ban_file.as_deref(), Some(Path::new("bans")));
        assert_eq!(admission.trusted_proxies.0.len(), 2);
        assert!(admission.proxy_protocol);
        assert_eq!(config.proof_of_work, ProofOfWork::Auto);
        let limits = config.limits.directory;
        assert_eq!(limits.bytes, Rate::per_second(100, 800));
        assert_eq!(limits.joins, Some(Rate::per_minute(20)));
        assert_eq!(limits.joins_per_address, Some(Rate::per_minute(3)));
        let default = served("--open-ids");
        assert_eq!(default.admission, AdmissionConfig::default());
        assert_eq!(default.proof_of_work, ProofOfWork::Off);
    }
}
