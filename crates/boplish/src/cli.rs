//! What can be said on the command line. The options of a command are also the keys of its
//! section in a configuration file, so each is declared once, here.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use boplish_native::wire::{PeerId, ProtocolName};
use boplish_native::{BootstrapUrl, Token};
use clap::{Args, Parser, Subcommand};
use serde::Deserialize;

use crate::content::{GatewayCommand, GetCommand, LookCommand, PublishCommand, UnpublishCommand};
use crate::emulate::EmulateCommand;
use crate::logging::LogOptions;
use crate::serve::ServeOptions;
use crate::token::TokenCommand;
use crate::values::{IceUrl, Seconds, bootstrap, token};

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
    Serve(Box<ServeOptions>),
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
pub(crate) fn first<T>(given: Vec<T>, file: Vec<T>) -> Vec<T> {
    if given.is_empty() { file } else { given }
}
