//! `boplish token`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use boplish_native::wire::PeerId;
use boplish_server::NetworkName;
use boplish_server::admission::token::{Grant, NewKey, SigningKey};
use clap::Args;

use crate::failure::Failure;

const HELP: &str = "\
Examples:
  boplish token --new-key --key server.key             makes server.key and server.key.pub
  boplish serve --token-key server.key.pub
  boplish token --key server.key --lifetime 86400      prints a token
  BOPLISH_TOKEN=eyJ0… boplish peer

The key may also be a file with a secret of at least 32 bytes, which the server then has as well. A
token is a JSON Web Token (EdDSA, or HS256 with a secret), so other programs can make them too.";

/// How to make a token, or the key for it.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct TokenCommand {
    /// The key to sign with: an Ed25519 private key in PEM, or a secret.
    #[arg(long, env = "BOPLISH_SIGNING_KEY", value_name = "FILE")]
    key: PathBuf,
    /// Make a new key instead of a token: the private one in the file of --key, the public one, for
    /// the server, beside it with .pub at the end. Nothing is overwritten.
    #[arg(long, conflicts_with_all = ["network", "id", "lifetime"])]
    new_key: bool,
    /// The network that the token is for, `default` is that without a name [default: any].
    #[arg(long, value_name = "NAME")]
    network: Option<NetworkName>,
    /// The id of the peer that the token is for [default: any].
    #[arg(long, value_name = "ID")]
    id: Option<PeerId>,
    /// How long the token is valid.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    lifetime: u32,
}

/// Makes a token, or a key.
pub(crate) fn run(command: TokenCommand) -> Result<(), Failure> {
    if command.new_key {
        return make_key(&command.key);
    }
    let key = SigningKey::read(&command.key).map_err(|error| Failure::Usage(error.to_string()))?;
    let grant = Grant {
        network: command.network,
        id: command.id.map(|id| id.to_string()),
        lifetime: Duration::from_secs(command.lifetime.into()),
    };
    let token = key.sign(&grant).ok_or_else(|| {
        Failure::Runtime("can't sign: the clock is before 1970, or the key is broken".to_owned())
    })?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}

fn make_key(private: &Path) -> Result<(), Failure> {
    let mut public = private.as_os_str().to_owned();
    public.push(".pub");
    let public = PathBuf::from(public);
    let key = NewKey::generate()
        .ok_or_else(|| Failure::Runtime("the system has no random numbers".to_owned()))?;
    // The public one first: without it, the private one would be of no use and in the way.
    write_new(&public, &key.public)?;
    write_new(private, &key.private).inspect_err(|_| {
        // It belongs to no key.
        let _ = std::fs::remove_file(&public);
    })?;
    eprintln!(
        "made {}, to make tokens with, and {}, for boplish serve --token-key",
        private.display(),
        public.display()
    );
    Ok(())
}

/// Writes a file that only this user can read, and that was not there before.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Runtime(format!("can't write {}: {error}", path.display())))
}
