//! `boplish publish`, `unpublish`, `get`, `ls`, `resolve` and `gateway`.

mod gateway;
mod get;
mod keepers;
mod look;
mod options;
mod progress;
mod publish;
mod shelf;

use std::env;
use std::path::{Path, PathBuf};

use boplish_native::core::names::NameError;
use boplish_native::wire::Keypair;
use boplish_native::{Peer, PeerError, load_or_create_identity};

pub(crate) use gateway::run as gateway;
pub(crate) use get::{run as get, scratch};
pub(crate) use keepers::Keepers;
pub(crate) use look::{ls, resolve};
pub(crate) use options::{
    GatewayCommand, GetCommand, LookCommand, PublishCommand, UnpublishCommand,
};
pub(crate) use publish::{run as publish, unpublish};

use crate::cli::PeerOptions;
use crate::failure::Failure;
use crate::peer::{Session, Start, start};

/// Joins a network, with a folder for contents; `keeps`: there will be [`Keepers`], and what is
/// stored for others outlasts a restart, too.
async fn join(
    options: &PeerOptions,
    content: &Path,
    identity: Keypair,
    keeps: bool,
) -> Result<(Peer, Session), Failure> {
    let start = start(options, identity, Some(content.to_owned()), keeps)?;
    let Start { peer, session, .. } = start;
    if let Some(invitation) = &options.accept {
        session.accept(invitation).await?;
    }
    session.join().await?;
    Ok((peer, session))
}

/// The same, with somebody else in the network.
async fn join_others(
    options: &PeerOptions,
    content: &Path,
    identity: Keypair,
) -> Result<Peer, Failure> {
    let (peer, session) = join(options, content, identity, false).await?;
    match session.within(peer.connected_to(1)).await {
        Some(linked) => linked.map(|_| peer).map_err(Failure::from),
        None => Err(Failure::Unreachable(
            "nobody else is in the network".to_owned(),
        )),
    }
}

/// The folder for contents that was asked for, or the one of this name among the data of the user.
fn content_folder(given: Option<&Path>, name: &str) -> Result<PathBuf, Failure> {
    match given {
        Some(folder) => Ok(folder.to_owned()),
        None => Ok(data_folder()?.join(name)),
    }
}

/// The folder for data of the user that is ours.
fn data_folder() -> Result<PathBuf, Failure> {
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".local/share"));
    let local = || env::var_os("LOCALAPPDATA").map(PathBuf::from);
    let data = data.or_else(home).or_else(local);
    let folder = data.map(|data| data.join("boplish"));
    folder.ok_or_else(|| {
        Failure::Usage("neither XDG_DATA_HOME nor HOME is set: use --content".to_owned())
    })
}

/// Who publishes: always the same, since names are made of it.
fn publisher(options: &PeerOptions) -> Result<Keypair, Failure> {
    let path = match &options.identity {
        Some(path) => path.clone(),
        None => {
            let folder = data_folder()?;
            let made = std::fs::create_dir_all(&folder);
            made.map_err(|error| Failure::runtime(&folder.display().to_string(), error))?;
            folder.join("identity")
        }
    };
    load_or_create_identity(&path).map_err(|error| Failure::Usage(format!("--identity: {error}")))
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        let text = error.to_string();
        match error {
            NameError::Fetch(_) | NameError::Get(_) | NameError::Nothing(_) => {
                Self::Unreachable(text)
            }
            NameError::NotFound(_)
            | NameError::NotAFolder(_)
            | NameError::NoPath
            | NameError::OtherProtocol(_)
            | NameError::Domain(..)
            | NameError::Version(_)
            | NameError::Malformed
            | NameError::Contended
            | NameError::Directory(_)
            | NameError::Record(_)
            | NameError::Put(_)
            | NameError::Storage(_) => Self::Runtime(text),
        }
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Fetch(_) | PeerError::Get(_) | PeerError::Undelivered(_) => {
                Self::Unreachable(error.to_string())
            }
            PeerError::Refused(_)
            | PeerError::Invitation(_)
            | PeerError::Group(_)
            | PeerError::Put(_)
            | PeerError::Disk(_)
            | PeerError::NoContentFolder
            | PeerError::NoLink(_)
            | PeerError::Closed => Self::Runtime(error.to_string()),
        }
    }
}
