//! One WebRTC connection with its data channel, as a state machine without sockets or clock.
//!
//! [`Transport`] is what this crate needs of a WebRTC stack; [`Str0m`] is the one in use. Another
//! stack is put in its place here and nowhere else.

mod dtls;
mod facts;
mod str0m;

use std::net::SocketAddr;
use std::time::Instant;

use boplish_core::ConnectionInput;
use boplish_wire::{Candidate, Description};

pub(crate) use self::dtls::Certificate;
pub use self::dtls::CertificateError;
pub(crate) use self::str0m::Str0m;

/// A WebRTC connection with one reliable ordered data channel, stream 0, negotiated out of band.
///
/// After every call, [`Transport::poll_output`] must be drained.
pub(crate) trait Transport: Send {
    /// Creates the offer and sets it as local description.
    fn create_offer(&mut self) -> Result<Description, TransportError>;

    /// Sets the remote offer, creates the answer and sets it as local description.
    fn create_answer(&mut self, offer: &Description) -> Result<Description, TransportError>;

    /// Sets the remote answer, be it to the first offer or to that of a restart.
    fn accept_answer(&mut self, answer: &Description) -> Result<(), TransportError>;

    /// Creates an offer with new ICE credentials.
    fn restart_ice(&mut self) -> Result<Description, TransportError>;

    /// Sets the remote offer of a restart and creates an answer with new ICE credentials.
    fn answer_restart(&mut self, offer: &Description) -> Result<Description, TransportError>;

    /// Adds an own candidate; gives back what the other side is to be told, or nothing if it is
    /// redundant.
    fn add_local_candidate(&mut self, candidate: LocalCandidate) -> Option<Candidate>;

    /// Adds a candidate of the other side. One that this stack can't use is ignored.
    fn add_remote_candidate(&mut self, candidate: &Candidate);

    /// Sends a message, or keeps it until there is room for it.
    fn send(&mut self, message: Vec<u8>) -> Result<(), TransportError>;

    /// Sends what is left, for a short while, then closes.
    fn close(&mut self, now: Instant);

    /// Whether a datagram is for this connection; asked of those that share a path.
    fn accepts(&self, datagram: &Datagram) -> bool;

    /// Takes a datagram. What can't be parsed or does not verify is ignored.
    fn handle_datagram(&mut self, now: Instant, datagram: &Datagram);

    /// Takes the time.
    fn handle_timeout(&mut self, now: Instant);

    /// The next thing to carry out, until there is none.
    fn poll_output(&mut self) -> Option<TransportOutput>;

    /// When to call [`Transport::handle_timeout`].
    fn poll_timeout(&self) -> Option<Instant>;

    /// Whether it is closed and has nothing left to send: it can be dropped.
    fn is_finished(&self) -> bool;
}

/// A datagram that has come.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    /// The socket's address, or that of the relay which it came through.
    pub(crate) local: SocketAddr,
    /// Who sent it.
    pub(crate) remote: SocketAddr,
    /// What it says.
    pub(crate) bytes: Vec<u8>,
}

/// An own address under which the other side might reach this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalCandidate {
    /// A socket's own address.
    Host(SocketAddr),
    /// A socket's address as a STUN server saw it.
    ServerReflexive {
        address: SocketAddr,
        base: SocketAddr,
    },
    /// An address on a TURN server.
    Relayed {
        address: SocketAddr,
        base: SocketAddr,
    },
}

/// What a transport wants carried out.
#[derive(Debug)]
pub(crate) enum TransportOutput {
    /// Send a datagram from a socket, or from a relay.
    Transmit {
        local: SocketAddr,
        remote: SocketAddr,
        bytes: Vec<u8>,
    },
    /// Tell the core.
    Input(ConnectionInput),
}

/// Why a transport can't do what it is told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The WebRTC stack says no.
    #[error("WebRTC: {0}")]
    Stack(#[from] ::str0m::RtcError),
    /// The other side's description does not fit.
    #[error("the peer's description is not usable: {0}")]
    Description(String),
    /// An answer came that nothing was asked for.
    #[error("there is no offer that this answer belongs to")]
    NoOffer,
    /// The other side has shown another certificate in a restart.
    #[error("the peer has changed its certificate in a restart")]
    FingerprintChanged,
    /// More was sent than there is room for.
    #[error("more than {0} bytes wait for the data channel")]
    Congested(usize),
    /// The connection is closed.
    #[error("the connection is closed")]
    Closed,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    NoRandomness,
}
