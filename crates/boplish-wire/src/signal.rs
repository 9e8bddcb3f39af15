//! Signals: what two peers must know of each other to open a link, in a few facts instead of
//! SDP, signed by whoever sends them.

use core::net::IpAddr;

use crate::id::{PeerId, Proof};

/// The `sess-id` of the `o=` line of a link's first offer (RFC 8866, section 5.2): random, 63
/// bits. It names the link in every later signal, and decides glare (the report, 4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// SHA-256 of a DTLS certificate (RFC 8122, section 5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The DTLS role in an offer or answer (RFC 8842, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// Either; what offers say.
    ActPass,
    /// The DTLS client.
    Active,
    /// The DTLS server.
    Passive,
}

/// The facts of an SDP description with one data channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// `sess-id` of the `o=` line.
    pub session: SessionId,
    /// ICE user name fragment, 4 to 256 `ice-char`s.
    pub ufrag: Box<str>,
    /// ICE password, 22 to 256 `ice-char`s.
    pub pwd: Box<str>,
    /// The certificate that DTLS must show.
    pub fingerprint: Fingerprint,
    /// The DTLS role.
    pub setup: Setup,
    /// Candidates that are known already; others follow in [`Signal::Candidates`].
    pub candidates: Vec<Candidate>,
}

/// An ICE candidate (RFC 8839, section 5.1), component 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// 1 to 32 `ice-char`s; equal for candidates of one kind, base and server.
    pub foundation: Box<str>,
    /// UDP, or one of the kinds of TCP.
    pub transport: Transport,
    /// 1 to 2^31 - 1.
    pub priority: u32,
    /// Where it is.
    pub address: CandidateAddress,
    /// The port there; 9 for active TCP.
    pub port: u16,
    /// How it was found.
    pub kind: CandidateKind,
}

/// The transport of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP, `tcptype active` (RFC 6544).
    TcpActive,
    /// TCP, `tcptype passive`.
    TcpPassive,
    /// TCP, `tcptype so`.
    TcpSo,
}

/// The address of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CandidateAddress {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A host name, such as the `….local` names with which browsers hide addresses.
    Name(Box<str>),
}

/// The type of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// An own address.
    Host,
    /// As a STUN server saw it.
    ServerReflexive,
    /// As the other peer saw it.
    PeerReflexive,
    /// On a TURN server.
    Relay,
}

/// Why an offer is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedReason {
    /// Nobody else is connected; said by the bootstrap server.
    Alone,
    /// The signature does not hold, or is not that of the sender.
    Unverified,
    /// The offer's session was used before.
    Replayed,
    /// Glare, or a newer attempt: another offer between the two has won.
    Superseded,
    /// The session named is not, or no longer, known.
    UnknownSession,
    /// The peer has no room for another link.
    Full,
}

/// One step in opening or restarting a link. The subtypes of the report's signaling-protocol,
/// and those that trickle and restart need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The report's `offer`: opens a session.
    Offer {
        /// Whose `session` names the link from here on.
        description: Description,
    },
    /// The report's `answer`.
    Answer {
        /// The offer's session.
        of: SessionId,
        /// The certificate of the offer, so that the signature covers both.
        offered: Fingerprint,
        /// The answerer's side.
        description: Description,
    },
    /// Further candidates of the sender (RFC 8838), in batches.
    Candidates {
        /// The link.
        of: SessionId,
        /// The sender's ICE generation that they belong to.
        ufrag: Box<str>,
        /// The candidates.
        candidates: Vec<Candidate>,
        /// Whether these were the last.
        done: bool,
    },
    /// Renegotiates ICE on an open link; sent by whoever sent the first offer.
    RestartOffer {
        /// The link.
        of: SessionId,
        /// The same fingerprint, new ufrag and pwd.
        description: Description,
    },
    /// Takes part in a restart.
    RestartAnswer {
        /// The link.
        of: SessionId,
        /// The ufrag of the restart's offer.
        offered_ufrag: Box<str>,
        /// The same fingerprint, new ufrag and pwd.
        description: Description,
    },
    /// Asks whoever sent the first offer for a restart.
    RestartRequest {
        /// The link.
        of: SessionId,
    },
    /// The report's `denied`.
    Denied {
        /// The session that is refused.
        of: SessionId,
        /// Why.
        reason: DeniedReason,
    },
}

/// A signal with the proof of its sender: the payload of signaling-protocol messages.
///
/// The proof covers both ids (an absent receiver for the first offer of a newcomer, whose
/// receiver the server picks) and the encoded signal, which holds fingerprints and session ids
/// (DESIGN, decision 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSignal {
    /// The encoded [`Signal`].
    pub(crate) body: Vec<u8>,
    /// Who says so.
    pub(crate) proof: Proof,
}

/// Why a signed signal is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// The signature does not hold for this sender, receiver and content.
    #[error("the signal is not signed by its sender {0}")]
    Unverified(PeerId),
}
