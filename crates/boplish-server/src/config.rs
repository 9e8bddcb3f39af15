//! What can be set, and every bound of the server.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use boplish_directory::{IceServer, NetworkParameters, ProofOfWork};

use crate::admission::AdmissionConfig;
use crate::cluster::Cluster;
use crate::network::NetworkName;
use crate::observe::AdminToken;
use crate::tls::Tls;
use crate::turn::TurnOptions;

/// The port of the report's servers (section 4.2.1).
pub const DEFAULT_PORT: u16 = 5000;

/// How a server behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen: port 5000 of every IPv4 and every IPv6 address unless set otherwise. An
    /// IPv6 address never takes IPv4 connections too. On port 0 the system chooses.
    pub listen: Vec<SocketAddr>,
    /// How to speak TLS on these addresses; without it, they speak plain HTTP.
    pub tls: Option<Tls>,
    /// The pages that are served.
    pub site: Site,
    /// Whether the report's original clients, whose ids are unproven, are admitted.
    pub open_ids: bool,
    /// STUN and TURN servers that newcomers are told of.
    pub ice_servers: Vec<IceServer>,
    /// STUN and TURN in this server, and TURN servers that share a secret with it.
    pub turn: TurnOptions,
    /// Networks besides the default one. They are isolated from each other.
    pub networks: Vec<NetworkName>,
    /// How the server acts as one with others.
    pub cluster: Cluster,
    /// The network's parameters, which newcomers are told of.
    pub network: NetworkParameters,
    /// Who may open a WebSocket.
    pub admission: AdmissionConfig,
    /// Whether newcomers have to work.
    pub proof_of_work: ProofOfWork,
    /// What opens `/metrics` and `/admin/stats`, which are not there without.
    pub admin_token: Option<AdminToken>,
    /// The bounds.
    pub limits: Limits,
}

/// The pages that a server serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Site {
    /// Those that were built into the binary.
    #[default]
    Embedded,
    /// The files of a folder. Files whose names begin with a dot are not served, but for those in
    /// `.well-known`; neither is what lies outside, whatever links lead there.
    Dir(PathBuf),
}

/// The bounds of a server, with what happens at each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// What one client may send, and how many clients there may be.
    pub directory: boplish_directory::Limits,
    /// Sockets in all, WebSockets and other requests; further ones wait to be accepted.
    pub sockets: usize,
    /// Sockets of one IPv4 address or one IPv6 /64 network; a further one is dropped as soon as it
    /// is accepted. Trusted proxies, whose clients are not known yet then, may have any number.
    pub sockets_per_address: usize,
    /// Messages that wait to be sent to one client; at a further one it is closed as a slow
    /// reader.
    pub queued_messages: usize,
    /// Bytes of messages that wait to be sent to one client; at one more it is closed as a slow
    /// reader.
    pub queued_bytes: usize,
    /// How often the server pings its clients.
    pub ping_every: Duration,
    /// How long a client may be silent, pongs included; then it is closed as idle.
    pub idle_timeout: Duration,
    /// How long the headers of a request and a TLS handshake may take, and how long a socket may
    /// stay open without a request; then the socket is closed.
    pub header_timeout: Duration,
    /// How often the files of the certificate are looked at for changes.
    pub certificate_check: Duration,
    /// How long a closing connection waits for the client to close too; then it is dropped.
    pub close_timeout: Duration,
    /// How long a shutdown may take; what is still open then is dropped.
    pub shutdown_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![
                (Ipv4Addr::UNSPECIFIED, DEFAULT_PORT).into(),
                (Ipv6Addr::UNSPECIFIED, DEFAULT_PORT).into(),
            ],
            tls: None,
            site: Site::default(),
            open_ids: false,
            ice_servers: Vec::new(),
            turn: TurnOptions::default(),
            networks: Vec::new(),
            cluster: Cluster::default(),
            network: NetworkParameters::default(),
            admission: AdmissionConfig::default(),
            proof_of_work: ProofOfWork::default(),
            admin_token: None,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// A server on a port of 127.0.0.1 that the system chooses: for tests.
    pub fn on_loopback() -> Self {
        Self {
            listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
            ..Self::default()
        }
    }

    /// How the directory behaves in such a server.
    pub(crate) fn directory(&self) -> boplish_directory::Config {
        boplish_directory::Config {
            open_ids: self.open_ids,
            ice_servers: self.ice_servers.clone(),
            turn: None,
            network: Some(self.network),
            proof_of_work: self.proof_of_work,
            limits: self.limits.directory.clone(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let directory = boplish_directory::Limits::default();
        Self {
            sockets: directory.connections + 1_000,
            sockets_per_address: directory.connections_per_address + 1_000,
            directory,
            queued_messages: 1_024,
            queued_bytes: 4 * 1024 * 1024,
            ping_every: Duration::from_secs(25),
            idle_timeout: Duration::from_secs(60),
            header_timeout: Duration::from_secs(30),
            certificate_check: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
            shutdown_timeout: Duration::from_secs(5),
        }
    }
}
