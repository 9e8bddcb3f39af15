//! What can be said on the command line. The options of a command are also the keys of its
//! section in a configuration file, so each is declared once, here.

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use boplish_native::wire::{PeerId, ProtocolName};
use boplish_native::{BootstrapUrl, Token};
use clap::{Args, Parser, Subcommand};
use serde::Deserialize;

use crate::content::{GatewayCommand, GetCommand, LookCommand, PublishCommand, UnpublishCommand};
use crate::emulate::EmulateCommand;
use crate::logging::LogOptions;
use crate::token::TokenCommand;
use crate::turn::{Lifetime, PortRange, Secret, TurnUrl};
use crate::values::{
    IceUrl, LinkBudget, Network, PageOrigin, RouterName, Seconds, Successors, WorkName, bootstrap,
    token,
};

/// Peer-to-peer networks of browser tabs and native peers.
#[derive(Debug, Parser)]
#[command(name = "boplish", version, max_term_width = 100, after_help = HELP)]
pub(crate) struct Cli {
    /// Read options from this TOML file.
    #[arg(long, global = true, env = "BOPLISH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) logging: LogOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const HELP: &str = "\
Every option can be given as a flag, by the environment variable that its help names, or in the
file of --config; the first of these counts. In the file, the keys are the flags' long names, and
the options of a command stand in a section of its name:

  log-format = \"json\"
  [serve]
  listen = [\"0.0.0.0:8080\"]
  open-ids = true

Exit codes: 0 done, 1 something failed, 2 wrong arguments or configuration, 3 the server or a peer
can't be reached, 130 interrupted before it was done.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve pages, and introduce their visitors to each other.
    ///
    /// Prints `listening on http://ADDR:PORT` (or https) for each address as soon as it takes
    /// connections, and runs until SIGINT or SIGTERM; a second one ends it at once.
    Serve(ServeOptions),
    /// Be a peer: join a network, ping, send and listen.
    ///
    /// With an action, it does that and leaves. Without one it stays in the network until SIGINT
    /// or SIGTERM: it prints its id on the first line, then what happens; with --json it takes
    /// commands, see below.
    Peer(PeerCommand),
    /// A server and native peers in one network, to try it out.
    ///
    /// Prints the address when all peers are linked with each other, and runs until SIGINT or
    /// SIGTERM.
    Demo(DemoOptions),
    /// Publish files and folders under the own name, and serve them.
    ///
    /// Prints the name of each as soon as others can fetch it.
    Publish(PublishCommand),
    /// Take something that was published out of the own name.
    Unpublish(UnpublishCommand),
    /// Fetch what is published under a name.
    Get(GetCommand),
    /// List what is published under a name.
    Ls(LookCommand),
    /// Print where a name leads.
    Resolve(LookCommand),
    /// Answer HTTP requests with what is published.
    ///
    /// Prints `listening on http://ADDR:PORT` as soon as it takes connections, and runs until
    /// SIGINT or SIGTERM.
    Gateway(GatewayCommand),
    /// Make a token for somebody who may connect to a server with --token-key, or the key for it.
    ///
    /// Prints the token.
    Token(TokenCommand),
    /// Emulate a network as a scenario describes it, in the simulator or with real peers.
    ///
    /// Prints the figures, and writes a folder with all samples and a page with plots.
    Emulate(EmulateCommand),
}

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
        }
    }
}

/// How to be a peer, and what for.
#[derive(Debug, Args)]
#[command(after_long_help = PEER_HELP)]
pub(crate) struct PeerCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

const PEER_HELP: &str = "\
Examples:
  boplish peer ping all --count 3
  boplish peer listen chat --count 1 --json
  boplish peer --no-bootstrap --invite
  boplish peer --no-bootstrap --accept AYqI49…
  boplish peer send 48142a86bd1dc7c2be81df1c5ca6d0a98c328f4b chat '{\"text\": \"hello\"}'

With --json, stdout has one JSON object per line, and its \"event\" says what it is: started (with
the id), joined, state, signaling, connected, disconnected, message, topology, group,
group-message, joined-group, post, direct, members, monitor, refused, server-error, accepted, invitation-failed, lost, response; of the
actions pong, no-pong, peers, delivered, reply, id.

With --json and no action, stdin takes one command per line:
  {\"cmd\": \"ping\", \"to\": ID}                    -> \"round_trip_ms\"
  {\"cmd\": \"send\", \"to\": ID, \"protocol\": NAME, \"payload\": JSON}     when it has arrived
  {\"cmd\": \"request\", \"to\": ID, \"protocol\": NAME, \"payload\": JSON, \"timeout\": SECONDS}
                                                 -> \"payload\" or \"bytes\"
  {\"cmd\": \"reply\", \"to\": ID, \"request\": REQUEST, \"payload\": JSON}  to a message's \"request\"
  {\"cmd\": \"take\", \"protocol\": NAME}            hands over what the core would answer
  {\"cmd\": \"peers\"}                             -> \"peers\"
  {\"cmd\": \"state\"}                             -> \"state\", \"signaling\"
  {\"cmd\": \"topology\", \"of\": ID}                topology events follow; \"of\" is optional
  {\"cmd\": \"group-join\", \"to\": ID}
  {\"cmd\": \"group-send\", \"payload\": JSON}
  {\"cmd\": \"group\"}                             -> \"members\"
  {\"cmd\": \"join\", \"room\": NAME, \"password\": TEXT, \"history\": COUNT}
                                                 -> \"group\"; joined-group, post and members follow
  {\"cmd\": \"publish\", \"group\": GROUP, \"payload\": JSON}        to all of a group
  {\"cmd\": \"tell\", \"group\": GROUP, \"to\": ID, \"payload\": JSON}  to one of them, when it has arrived
  {\"cmd\": \"leave\", \"group\": GROUP}
  {\"cmd\": \"monitor\", \"on\": true}               every message as an event
  {\"cmd\": \"network-changed\"}
  {\"cmd\": \"invite\"}                            -> \"invitation\", for one newcomer, for 10 minutes
  {\"cmd\": \"accept-invitation\", \"text\": INVITATION}  -> \"peer\", \"answer\"
  {\"cmd\": \"complete-invitation\", \"text\": ANSWER}    -> \"peer\" when there is a link
  {\"cmd\": \"quit\"}                              leaves; so does the end of stdin
Raw bytes are \"bytes\": BASE64 in place of \"payload\". Each command is answered by one \"response\"
with \"ok\" true or false, and with the \"ref\" that the command had, whatever JSON that was, in the
order in which the answers are ready. One that is not ok has a \"message\" for people and as \"error\"
one of bad-command, unreachable, timeout, no-reply, refused, invitation, group, closed. All commands but
state, quit and those of invitations wait until the peer has joined. When stdin is /dev/null, the peer stays until a signal comes.";

#[derive(Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct PeerOptions {
    /// The bootstrap server: HOST[:PORT], http://, https://, ws:// or wss://
    /// [default: localhost:5000].
    #[arg(long, global = true, env = "BOPLISH_BOOTSTRAP", value_name = "URL")]
    #[serde(deserialize_with = "bootstrap")]
    pub(crate) bootstrap: Option<BootstrapUrl>,
    /// Know no bootstrap server: join by an invitation, and invite others.
    #[arg(long, global = true, env = "BOPLISH_NO_BOOTSTRAP", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) no_bootstrap: Option<bool>,
    /// Accept an invitation, or a link that ends with one, and print the answer, to be brought to
    /// whoever invited.
    #[arg(long, global = true, env = "BOPLISH_ACCEPT", value_name = "INVITATION")]
    pub(crate) accept: Option<String>,
    /// Print an invitation for a newcomer once joined, and read its answer from stdin; without an
    /// action only. With --json, the command `invite` does that.
    #[arg(long, global = true, env = "BOPLISH_INVITE", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) invite: Option<bool>,
    /// Keep the identity in this file; it is written if it is not there [default: a new
    /// identity each time].
    #[arg(long, global = true, env = "BOPLISH_IDENTITY", value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// The token that the bootstrap server asks for. Better by the environment than as a flag, which
    /// other users of the machine can see.
    #[arg(
        long,
        global = true,
        env = "BOPLISH_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "token")]
    pub(crate) token: Option<Token>,
    /// A STUN or TURN server to use: stun:HOST[:PORT] or
    /// turn:USER:CREDENTIAL@HOST[:PORT][?transport=udp]; may be given several times.
    #[arg(
        long,
        global = true,
        env = "BOPLISH_ICE_SERVER",
        value_name = "URL",
        value_delimiter = ','
    )]
    pub(crate) ice_server: Vec<IceUrl>,
    /// Link with others over TURN servers only, so that they don't learn this machine's addresses.
    #[arg(long, global = true, env = "BOPLISH_RELAY_ONLY", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) relay_only: Option<bool>,
    /// A local address to use; may be given several times [default: those of all network
    /// interfaces].
    #[arg(
        long,
        global = true,
        env = "BOPLISH_ADDRESS",
        value_name = "IP",
        value_delimiter = ','
    )]
    pub(crate) address: Vec<IpAddr>,
    /// Print one JSON object per line; without an action, also take commands on stdin.
    #[arg(long, global = true, env = "BOPLISH_JSON", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) json: Option<bool>,
    /// How long to try to join and to reach a peer; 0 is for ever [default: 30, and for ever
    /// without a bootstrap server].
    #[arg(long, global = true, env = "BOPLISH_TIMEOUT", value_name = "SECONDS")]
    pub(crate) timeout: Option<Seconds>,
    /// Act only when so many peers are linked [default: 1].
    #[arg(long, global = true, env = "BOPLISH_MIN_PEERS", value_name = "N")]
    pub(crate) min_peers: Option<usize>,
}

impl PeerOptions {
    pub(crate) fn or(self, file: Self) -> Self {
        Self {
            bootstrap: self.bootstrap.or(file.bootstrap),
            no_bootstrap: self.no_bootstrap.or(file.no_bootstrap),
            accept: self.accept.or(file.accept),
            invite: self.invite.or(file.invite),
            identity: self.identity.or(file.identity),
            token: self.token.or(file.token),
            ice_server: first(self.ice_server, file.ice_server),
            relay_only: self.relay_only.or(file.relay_only),
            address: first(self.address, file.address),
            json: self.json.or(file.json),
            timeout: self.timeout.or(file.timeout),
            min_peers: self.min_peers.or(file.min_peers),
        }
    }
}

/// What a peer shall do before it leaves.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Print the id without joining; with --identity, that of the file.
    Id,
    /// Print the ids of the linked peers.
    Peers,
    /// Ping a peer, or all that are linked, and print the round-trip times. Fails with exit
    /// code 3 if a peer answered none of its pings.
    Ping {
        /// The peer's id, or `all`.
        #[arg(value_name = "ID|all", value_parser = parse_target)]
        to: Target,
        /// How many times.
        #[arg(long, default_value_t = 1, value_name = "N",
            value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
        /// Pause between the pings of one peer.
        #[arg(long, default_value = "1", value_name = "SECONDS")]
        interval: Seconds,
    },
    /// Send a message, and wait until it has arrived.
    Send(Content),
    /// Send a request, and print the reply.
    Request(Content),
    /// Print messages as they come, as lines of `FROM PROTOCOL PAYLOAD`.
    Listen {
        /// Only those of this protocol. One that the core answers by itself, such as
        /// ping-protocol, is then taken out of its hands.
        #[arg(value_parser = parse_protocol)]
        protocol: Option<ProtocolName>,
        /// Leave after so many messages.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        count: Option<u64>,
    },
}

/// What to send to whom.
#[derive(Debug, Args)]
pub(crate) struct Content {
    /// The peer's id.
    #[arg(value_name = "ID")]
    pub(crate) to: PeerId,
    /// The protocol that the message belongs to.
    #[arg(value_parser = parse_protocol)]
    pub(crate) protocol: ProtocolName,
    /// A JSON value; `-` reads it from stdin.
    pub(crate) payload: String,
    /// Take PAYLOAD as plain text and send it as a JSON string.
    #[arg(long)]
    pub(crate) text: bool,
}

/// Whom to ping.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    All,
    One(PeerId),
}

fn parse_target(text: &str) -> Result<Target, String> {
    if text == "all" {
        return Ok(Target::All);
    }
    text.parse()
        .map(Target::One)
        .map_err(|error| format!("{error}; or write `all`"))
}

fn parse_protocol(text: &str) -> Result<ProtocolName, String> {
    ProtocolName::new(text).map_err(|error| error.to_string())
}

/// How to demonstrate.
#[derive(Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct DemoOptions {
    /// Where to listen; may be given several times. Port 0 lets the system choose one
    /// [default: 127.0.0.1:5000].
    #[arg(
        long,
        env = "BOPLISH_LISTEN",
        value_name = "ADDR:PORT",
        value_delimiter = ','
    )]
    pub(crate) listen: Vec<SocketAddr>,
    /// Serve the files of this folder instead of the built-in pages.
    #[arg(long, env = "BOPLISH_SITE", value_name = "DIR")]
    pub(crate) site: Option<PathBuf>,
    /// How many native peers there are, at most 64 [default: 8].
    #[arg(long, env = "BOPLISH_PEERS", value_name = "N")]
    pub(crate) peers: Option<u8>,
    /// The native peers only answer; they neither ping nor chat.
    #[arg(long, env = "BOPLISH_QUIET_PEERS", value_name = "BOOL", num_args = 0..=1,
        require_equals = true, default_missing_value = "true", hide_possible_values = true)]
    pub(crate) quiet_peers: Option<bool>,
}

impl DemoOptions {
    pub(crate) fn or(self, file: Self) -> Self {
        Self {
            listen: first(self.listen, file.listen),
            site: self.site.or(file.site),
            peers: self.peers.or(file.peers),
            quiet_peers: self.quiet_peers.or(file.quiet_peers),
        }
    }
}

/// A list that was given overrules another as a whole.
fn first<T>(given: Vec<T>, file: Vec<T>) -> Vec<T> {
    if given.is_empty() { file } else { given }
}
