//! `boplish serve`.

use std::io::Write;
use std::path::Path;

use boplish_server::{Config, Rate, Server, ServerError, Site};

use crate::cli::ServeOptions;
use crate::failure::Failure;
use crate::signals::Shutdown;
use crate::values::Seconds;
use crate::{systemd, tls, turn};

/// Serves until a signal comes, or only checks.
pub(crate) async fn run(options: ServeOptions) -> Result<(), Failure> {
    let is_check = options.check;
    let config = config(options)?;
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
    let network = &mut config.network;
    network.router = options.router.map_or(network.router, Into::into);
    if let Some(successors) = options.successors {
        // Its bounds are those of one byte.
        network.successors = u8::try_from(successors.get()).unwrap_or(u8::MAX);
    }
    if let Some(links) = options.link_budget {
        network.link_budget = links.get();
    }
    let limits = &mut config.limits;
    if let Some(entry_peers) = options.entry_peers {
        limits.directory.entry_peers = entry_peers;
    }
    if let Some(connections) = options.max_connections {
        // Pages and health checks need sockets besides.
        let others = limits.sockets.saturating_sub(limits.directory.connections);
        limits.sockets = connections.saturating_add(others);
        limits.directory.connections = connections;
    }
    if let Some(connections) = options.max_connections_per_address {
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
    Ok(config)
}

#[cfg(test)]
mod tests {
    use boplish_server::NetworkParameters;
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn served(flags: &str) -> Config {
        let words = ["boplish", "serve"].into_iter().chain(flags.split(' '));
        let Command::Serve(options) = Cli::try_parse_from(words).unwrap().command else {
            panic!("it is another command");
        };
        config(options).unwrap()
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
}
