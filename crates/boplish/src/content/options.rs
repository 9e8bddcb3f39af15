//! The options of the commands about content.

use std::net::SocketAddr;
use std::path::PathBuf;

use boplish_native::wire::BopUri;
use clap::Args;

use crate::cli::PeerOptions;

/// What to publish, and under which name.
#[derive(Debug, Args)]
#[command(after_help = "\
The files are read where they are, for as long as this runs: who changes or removes one takes it
from the network. With --replicate, others hold copies; with --leave, too, it ends when they do.")]
pub(crate) struct PublishCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    /// Files and folders.
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(crate) paths: Vec<PathBuf>,
    /// Publish under this path, in place of what is there [default: the name of the file or
    /// folder].
    #[arg(long = "as", value_name = "PATH")]
    pub(crate) name: Option<String>,
    /// Ask so many other peers to hold copies.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) replicate: usize,
    /// Forget whatever else was published before: where nobody who has the list of it is in the
    /// network any more.
    #[arg(long)]
    pub(crate) anew: bool,
    /// Leave when everything is published, and copied as often as was asked.
    #[arg(long)]
    pub(crate) leave: bool,
    /// Where to remember what was published, and to keep what is stored and held for others [default: boplish/content in the folder for data of
    /// the user].
    #[arg(long, env = "BOPLISH_CONTENT", value_name = "DIR")]
    pub(crate) content: Option<PathBuf>,
}

/// What to take out of the own name.
#[derive(Debug, Args)]
#[command(after_help = "\
The list of what is left is kept where `publish` finds it, and others are asked to hold it: before it
ends, this waits up to half a minute for one that does, and fails with exit code 3 if none does.")]
pub(crate) struct UnpublishCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    /// The path, as it was published.
    #[arg(value_name = "PATH")]
    pub(crate) path: String,
    /// Where what was published is remembered [default: boplish/content in the folder for data of
    /// the user].
    #[arg(long, env = "BOPLISH_CONTENT", value_name = "DIR")]
    pub(crate) content: Option<PathBuf>,
}

/// What to fetch, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
What has come is kept beside the output, in a file of its name with .part behind it, until all of it
is there: after an interruption the same command goes on where it stopped.")]
pub(crate) struct GetCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    /// What to fetch: bop:<peer id>:content/<path>
    pub(crate) uri: BopUri,
    /// Where to put it; `-` is stdout, for a file [default: the last part of the path].
    #[arg(short, long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
}

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct LookCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    /// Whose, and what: bop:<peer id>:content/<path>
    pub(crate) uri: BopUri,
}

/// How to be a gateway.
#[derive(Debug, Args)]
#[command(after_help = "\
It answers GET and HEAD of /bop/<peer id>/content/<path> with what is published there, ranges
included, and for a folder without an index.html with a list. A version (?v=) never changes, and may
be kept by whoever asks.")]
pub(crate) struct GatewayCommand {
    #[command(flatten)]
    pub(crate) options: PeerOptions,
    /// Where to listen; port 0 lets the system choose one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Bytes that are kept of what was asked for; what was not for the longest goes first.
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 30)]
    pub(crate) room: u64,
    /// Where to keep what was fetched, and what is stored and held for others [default: boplish/gateway in the folder for data of the
    /// user].
    #[arg(long, env = "BOPLISH_CONTENT", value_name = "DIR")]
    pub(crate) content: Option<PathBuf>,
}
