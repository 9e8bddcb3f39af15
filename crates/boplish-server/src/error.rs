//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::admission::BanError;
use crate::admission::token::KeyError;
use crate::network::MAX_NETWORKS;
use crate::tls::PairError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration names no address.
    #[error("no address to listen on: give at least one as ADDR:PORT")]
    NoAddress,
    /// Another socket has the address.
    #[error(
        "cannot listen on {address}: another program does; stop it or choose another port with --listen ADDR:PORT"
    )]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system does not let this user have the port.
    #[error(
        "cannot listen on {address}: the system does not permit it; choose a port from 1024 on with --listen ADDR:PORT"
    )]
    NotPermitted {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// No interface has the address.
    #[error(
        "cannot listen on {address}: no interface of this machine has that address; choose another one with --listen ADDR:PORT"
    )]
    NoSuchAddress {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system refuses to listen for another reason.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// STUN or TURN can't be served at an address.
    #[error(
        "cannot serve STUN or TURN at {address}: {source}; choose another address with --stun or --turn ADDR:PORT"
    )]
    Turn {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// It is not known where others reach the STUN or TURN server.
    #[error(
        "others can't be sent to {address}: say with --turn-public-address IP where they reach this server"
    )]
    NoPublicAddress {
        /// The address that is listened on.
        address: SocketAddr,
    },
    /// There are other TURN servers, but no secret is shared with them.
    #[error("--turn-url needs --turn-secret: the secret that the TURN server knows, too")]
    NoTurnSecret,
    /// The system does not list its network interfaces.
    #[error("cannot list this machine's addresses, which relays must not reach: {0}")]
    Interfaces(io::Error),
    /// The folder of the pages can't be read.
    #[error("cannot serve the folder {}: {source}; give a folder that exists with --site DIR", path.display())]
    Site {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate or its key can't be served.
    #[error(transparent)]
    Certificate(#[from] PairError),
    /// The folder for certificates can't be used.
    #[error("cannot keep certificates in {}: {source}; give a folder that can be written to with --acme-cache DIR", path.display())]
    AcmeCache {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// TLS can't be set up.
    #[error("TLS can't be set up: {0}")]
    Tls(rustls::Error),
    /// There is no key to check tokens with.
    #[error(transparent)]
    TokenKey(KeyError),
    /// The list of those who may not connect is not good.
    #[error(transparent)]
    Bans(BanError),
    /// The configuration names too many networks.
    #[error("{count} networks are too many: one server has at most {MAX_NETWORKS} with --network")]
    TooManyNetworks {
        /// How many it names.
        count: usize,
    },
    /// The system has no random numbers.
    #[error("the system has no random numbers for the challenges: {0}")]
    Random(getrandom::Error),
}

impl ServerError {
    pub(crate) fn listen(address: SocketAddr, source: io::Error) -> Self {
        let kind = source.kind();
        if kind == io::ErrorKind::AddrInUse {
            Self::AddressInUse { address }
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::NotPermitted { address }
        } else if kind == io::ErrorKind::AddrNotAvailable {
            Self::NoSuchAddress { address }
        } else {
            Self::Listen { address, source }
        }
    }
}
