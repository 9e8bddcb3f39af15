//! What `boplish serve` can be told.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use boplish_server::{ClusterName, EngineUrl, NetworkName};
use clap::Args;
use serde::Deserialize;

use crate::cli::first;
use crate::otlp::Collector;
use crate::turn::{Lifetime, PortRange, Secret, TurnUrl};
use crate::values::{
    IceUrl, LinkBudget, Network, PageOrigin, RouterName, Seconds, Successors, WorkName, parsed,
    parsed_all,
};

/// How to serve.
#[derive(Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct ServeOptions {
    /// Where to listen; may be given several times. Port 0 lets the system choose one
    /// [default: 0.0.0.0:5000 and [::]:5000].
    #[arg(
        long,
        env = "BOPLISH_LISTEN",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) listen: Vec<SocketAddr>,
    /// Speak TLS with the certificate of this PEM file, which is read again when it changes.
    #[arg(long, env = "BOPLISH_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of the certificate, a PEM file.
    #[arg(long, env = "BOPLISH_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Speak TLS with a certificate for this domain, which is got and renewed by ACME; port 443
    /// of the domain must lead here. May be given several times.
    #[arg(
        long,
        env = "BOPLISH_ACME_DOMAIN",
        value_name = "DOMAIN",
        value_delimiter = ','
    )]
    pub(crate) acme_domain: Vec<String>,
    /// A mail address for the certificate authority; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_ACME_CONTACT",
        value_name = "MAIL",
        value_delimiter = ','
    )]
    pub(crate) acme_contact: Vec<String>,
    /// Keep the account and the certificate in this folder; needed for ACME.
    #[arg(long, env = "BOPLISH_ACME_CACHE", value_name = "DIR")]
    pub(crate) acme_cache: Option<PathBuf>,
    /// The directory of the certificate authority [default: that of Let's Encrypt].
    #[arg(long, env = "BOPLISH_ACME_DIRECTORY", value_name = "URL")]
    pub(crate) acme_directory: Option<String>,
    /// Redirect plain HTTP at this address to https; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_HTTP_REDIRECT",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) http_redirect: Vec<SocketAddr>,
    /// How long responses and farewells may take after SIGTERM [default: 5].
    #[arg(long, env = "BOPLISH_SHUTDOWN_TIMEOUT", value_name = "SECONDS")]
    pub(crate) shutdown_timeout: Option<Seconds>,
    /// Try all that can be tried without serving, print what would be served, and exit; with code
    /// 2 and a line for each thing that is wrong, if something is.
    #[arg(long)]
    #[serde(skip)]
    pub(crate) check: bool,
    /// Serve the files of this folder instead of the built-in pages.
    #[arg(long, env = "BOPLISH_SITE", value_name = "DIR")]
    pub(crate) site: Option<PathBuf>,
    /// Admit the report's original clients too, whose ids are unproven.
    #[arg(long, env = "BOPLISH_OPEN_IDS", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) open_ids: Option<bool>,
    /// A network besides the default one: lower-case letters, digits and `-`; may be given several
    /// times. Peers come to /ws/NETWORK/ID, or with the bootstrap address https://HOST/NETWORK.
    #[arg(
        long,
        env = "BOPLISH_NETWORK",
        value_name = "NAME",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "parsed_all")]
    pub(crate) network: Vec<NetworkName>,
    /// Act as one with all servers that have the same engine: redis://HOST[:PORT] (or Valkey) or
    /// nats://HOST[:PORT] [default: none, the server is alone].
    #[arg(
        long,
        env = "BOPLISH_ENGINE",
        value_name = "URL",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "parsed")]
    pub(crate) engine: Option<EngineUrl>,
    /// What sets the servers of this cluster apart from others with the same engine
    /// [default: boplish].
    #[arg(long, env = "BOPLISH_CLUSTER_NAME", value_name = "NAME")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) cluster_name: Option<ClusterName>,
    /// A STUN or TURN server that newcomers are told of: stun:HOST[:PORT] or
    /// turn:USER:CREDENTIAL@HOST[:PORT][?transport=udp]; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_ICE_SERVER",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub(crate) ice_server: Vec<IceUrl>,
    /// Answer STUN over UDP here, and tell peers so; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_STUN",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) stun: Vec<SocketAddr>,
    /// Serve TURN, and STUN, over UDP and TCP here, and give each peer credentials; may be given
    /// several times.
    #[arg(
        long,
        env = "BOPLISH_TURN",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) turn: Vec<SocketAddr>,
    /// Where others reach the STUN and TURN server: the address of its relays; may be given once for
    /// IPv4 and once for IPv6 [default: those that are listened on].
    #[arg(
        long,
        env = "BOPLISH_TURN_PUBLIC_ADDRESS",
        value_name = "IP",
        value_delimiter = ','
    )]
    pub(crate) turn_public_address: Vec<IpAddr>,
    /// UDP ports of relays [default: 49152-65535].
    #[arg(long, env = "BOPLISH_TURN_PORTS", value_name = "FROM-TO")]
    pub(crate) turn_ports: Option<PortRange>,
    /// Another TURN server that makes credentials with the secret of --turn-secret (coturn:
    /// use-auth-secret): turn:HOST[:PORT][?transport=udp]; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_TURN_URL",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub(crate) turn_url: Vec<TurnUrl>,
    /// What credentials for TURN are made with [default: drawn at the start].
    #[arg(
        long,
        env = "BOPLISH_TURN_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub(crate) turn_secret: Option<Secret>,
    /// How long credentials for TURN hold, 60 to 31536000 [default: 43200].
    #[arg(long, env = "BOPLISH_TURN_LIFETIME", value_name = "SECONDS")]
    pub(crate) turn_lifetime: Option<Lifetime>,
    /// Let relays reach loopback, private and link-local addresses, and this machine: for networks
    /// of your own.
    #[arg(long, env = "BOPLISH_TURN_ALLOW_PRIVATE", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) turn_allow_private: Option<bool>,
    /// Most relays in all [default: 4096].
    #[arg(long, env = "BOPLISH_TURN_ALLOCATIONS", value_name = "N")]
    pub(crate) turn_allocations: Option<NonZeroUsize>,
    /// Most relays of one peer [default: 128].
    #[arg(long, env = "BOPLISH_TURN_ALLOCATIONS_PER_PEER", value_name = "N")]
    pub(crate) turn_allocations_per_peer: Option<NonZeroUsize>,
    /// Most bytes per second that are relayed from and to one peer; more is dropped
    /// [default: 1048576].
    #[arg(long, env = "BOPLISH_TURN_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) turn_bytes_per_second: Option<NonZeroU32>,
    /// Peers of the network that are kept to introduce newcomers to; the others are told to hang
    /// up when they have joined [default: 256].
    #[arg(long, env = "BOPLISH_ENTRY_PEERS", value_name = "N")]
    pub(crate) entry_peers: Option<NonZeroUsize>,
    /// How messages find their way through the network [default: chord].
    #[arg(long, env = "BOPLISH_ROUTER", value_name = "ROUTER")]
    pub(crate) router: Option<RouterName>,
    /// Successors that each peer of a ring knows, 1 to 16 [default: 8].
    #[arg(long, env = "BOPLISH_SUCCESSORS", value_name = "N")]
    pub(crate) successors: Option<Successors>,
    /// Links that a page should have in a ring, at least 12 [default: 34].
    #[arg(long, env = "BOPLISH_LINK_BUDGET", value_name = "N")]
    pub(crate) link_budget: Option<LinkBudget>,
    /// Most WebSockets in all; further ones are closed [default: 100000].
    #[arg(long, env = "BOPLISH_MAX_CONNECTIONS", value_name = "N")]
    pub(crate) max_connections: Option<usize>,
    /// Most WebSockets of one address (IPv6: of one /64 network) [default: 1000].
    #[arg(long, env = "BOPLISH_MAX_CONNECTIONS_PER_ADDRESS", value_name = "N")]
    pub(crate) max_connections_per_address: Option<usize>,
    /// Most bytes of one message; a longer one is refused [default: 73728].
    #[arg(long, env = "BOPLISH_MAX_MESSAGE_BYTES", value_name = "BYTES")]
    pub(crate) max_message_bytes: Option<usize>,
    /// Most messages of one client per second in the long run, ten times as many at once
    /// [default: 200].
    #[arg(long, env = "BOPLISH_MAX_MESSAGES_PER_SECOND", value_name = "N")]
    pub(crate) max_messages_per_second: Option<u32>,
    /// Most bytes of messages of one client per second in the long run, eight times as many at once
    /// [default: 524288].
    #[arg(long, env = "BOPLISH_MAX_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) max_bytes_per_second: Option<u32>,
    /// Most WebSockets that are opened per minute in all; further ones are answered with 429
    /// [default: ten times --max-connections].
    #[arg(long, env = "BOPLISH_MAX_JOINS_PER_MINUTE", value_name = "N")]
    pub(crate) max_joins_per_minute: Option<u32>,
    /// Most WebSockets that one address (IPv6: one /64 network) opens per minute; further ones are
    /// answered with 429 [default: ten times --max-connections-per-address].
    #[arg(
        long,
        env = "BOPLISH_MAX_JOINS_PER_MINUTE_PER_ADDRESS",
        value_name = "N"
    )]
    pub(crate) max_joins_per_minute_per_address: Option<u32>,
    /// Let only pages of this origin connect, such as https://example.org; may be given several
    /// times [default: any].
    #[arg(
        long,
        env = "BOPLISH_ALLOW_ORIGIN",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub(crate) allow_origin: Vec<PageOrigin>,
    /// Let only those connect who have a token that is signed with this key: an Ed25519 public key
    /// in PEM, or a secret. `boplish token` makes both.
    #[arg(long, env = "BOPLISH_TOKEN_KEY", value_name = "FILE")]
    pub(crate) token_key: Option<PathBuf>,
    /// Keep out who is in this file: an address, a network such as 192.0.2.0/24, or a peer's id in
    /// each line, and comments after #. It is read again when it changes.
    #[arg(long, env = "BOPLISH_BAN_FILE", value_name = "FILE")]
    pub(crate) ban_file: Option<PathBuf>,
    /// Believe the proxies of this network when they say whom a request is from, by X-Forwarded-For,
    /// Forwarded or --proxy-protocol; may be given several times.
    #[arg(
        long,
        env = "BOPLISH_TRUST_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub(crate) trust_proxy: Vec<Network>,
    /// Expect a header of the PROXY protocol (version 1 or 2) from the trusted proxies.
    #[arg(long, env = "BOPLISH_PROXY_PROTOCOL", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) proxy_protocol: Option<bool>,
    /// Whether newcomers have to work for their place: off, auto (while many come), or always with
    /// so many bits, 1 to 24 [default: off].
    #[arg(long, env = "BOPLISH_PROOF_OF_WORK", value_name = "off|auto|BITS")]
    pub(crate) proof_of_work: Option<WorkName>,
    /// The file that has the token of /metrics, /admin/stats and the page admin.html, which are
    /// not there without; the variable BOPLISH_ADMIN_TOKEN may have the token itself instead.
    #[arg(long, env = "BOPLISH_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub(crate) admin_token_file: Option<PathBuf>,
    /// Send traces to this collector of OpenTelemetry, by OTLP over HTTP, such as
    /// http://127.0.0.1:4318; the variables OTEL_... say more [default: none].
    #[arg(long, env = "BOPLISH_OTLP_ENDPOINT", value_name = "URL")]
    #[serde(deserialize_with = "parsed")]
    pub(crate) otlp_endpoint: Option<Collector>,
}

impl ServeOptions {
    pub(crate) fn or(self, file: Self) -> Self {
        Self {
            listen: first(self.listen, file.listen),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            acme_domain: first(self.acme_domain, file.acme_domain),
            acme_contact: first(self.acme_contact, file.acme_contact),
            acme_cache: self.acme_cache.or(file.acme_cache),
            acme_directory: self.acme_directory.or(file.acme_directory),
            http_redirect: first(self.http_redirect, file.http_redirect),
            shutdown_timeout: self.shutdown_timeout.or(file.shutdown_timeout),
            check: self.check,
            site: self.site.or(file.site),
            open_ids: self.open_ids.or(file.open_ids),
            network: first(self.network, file.network),
            engine: self.engine.or(file.engine),
            cluster_name: self.cluster_name.or(file.cluster_name),
            ice_server: first(self.ice_server, file.ice_server),
            stun: first(self.stun, file.stun),
            turn: first(self.turn, file.turn),
            turn_public_address: first(self.turn_public_address, file.turn_public_address),
            turn_ports: self.turn_ports.or(file.turn_ports),
            turn_url: first(self.turn_url, file.turn_url),
            turn_secret: self.turn_secret.or(file.turn_secret),
            turn_lifetime: self.turn_lifetime.or(file.turn_lifetime),
            turn_allow_private: self.turn_allow_private.or(file.turn_allow_private),
            turn_allocations: self.turn_allocations.or(file.turn_allocations),
            turn_allocations_per_peer: self
                .turn_allocations_per_peer
                .or(file.turn_allocations_per_peer),
            turn_bytes_per_second: self.turn_bytes_per_second.or(file.turn_bytes_per_second),
            entry_peers: self.entry_peers.or(file.entry_peers),
            router: self.router.or(file.router),
            successors: self.successors.or(file.successors),
            link_budget: self.link_budget.or(file.link_budget),
            max_connections: self.max_connections.or(file.max_connections),
            max_connections_per_address: self
                .max_connections_per_address
                .or(file.max_connections_per_address),
            max_message_bytes: self.max_message_bytes.or(file.max_message_bytes),
            max_messages_per_second: self
                .max_messages_per_second
                .or(file.max_messages_per_second),
            max_bytes_per_second: self.max_bytes_per_second.or(file.max_bytes_per_second),
            max_joins_per_minute: self.max_joins_per_minute.or(file.max_joins_per_minute),
            max_joins_per_minute_per_address: self
                .max_joins_per_minute_per_address
                .or(file.max_joins_per_minute_per_address),
            allow_origin: first(self.allow_origin, file.allow_origin),
            token_key: self.token_key.or(file.token_key),
            ban_file: self.ban_file.or(file.ban_file),
            trust_proxy: first(self.trust_proxy, file.trust_proxy),
            proxy_protocol: self.proxy_protocol.or(file.proxy_protocol),
            proof_of_work: self.proof_of_work.or(file.proof_of_work),
            admin_token_file: self.admin_token_file.or(file.admin_token_file),
            otlp_endpoint: self.otlp_endpoint.or(file.otlp_endpoint),
        }
    }
}
