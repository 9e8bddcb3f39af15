//! Signals: what two peers must know of each other to open a link, in a few facts instead of
//! SDP, signed by whoever sends them.

mod describe;
mod facts;
mod text;
mod wire;

use core::fmt;
use core::net::IpAddr;

use crate::base64::Base64;
use crate::id::{Keypair, PeerId, Proof};
use crate::message::Payload;
use crate::object::Object;

pub use facts::FactError;
pub(crate) use facts::{check_candidate, check_description};

/// The name of the protocol whose payloads are signals (the report, section 4.1.2).
pub const PROTOCOL: &str = "signaling-protocol";

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

/// Why an offer is not taken. A reason that this version does not know reads as `Full`.
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
    /// The payload has neither of a signal's two forms.
    #[error("the payload is no signal: {0}")]
    NotASignal(&'static str),
    /// A subtype of another time.
    #[error("signals of kind {0} are not known here")]
    UnknownKind(u8),
    /// The signal is no CBOR, or not of its subtype's shape.
    #[error("the {subtype} is malformed: {reason}")]
    Malformed {
        /// The signal's subtype.
        subtype: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A fact of the signal breaks a rule.
    #[error("the {subtype} is invalid: {fact}")]
    Invalid {
        /// The signal's subtype.
        subtype: &'static str,
        /// Which rule.
        fact: FactError,
    },
}

const DOMAIN: &str = "signal/1";

impl SignedSignal {
    /// Signs a signal of the peer that `from` belongs to.
    ///
    /// `to` is `None` only in the first offer of a newcomer, whose receiver the server picks.
    pub fn sign(signal: &Signal, from: &Keypair, to: Option<PeerId>) -> Self {
        let body = wire::encode(signal);
        let proof = from.prove(DOMAIN, &[from.id().as_bytes(), id_bytes(&to), &body]);
        Self { body, proof }
    }

    /// The signal, if `from` signed it for `to`. Nothing is decoded before that is known.
    pub fn verify(&self, from: PeerId, to: Option<PeerId>) -> Result<Signal, SignalError> {
        let parts = [from.as_bytes(), id_bytes(&to), &self.body[..]];
        if self.proof.signer(DOMAIN, &parts) != Some(from) {
            return Err(SignalError::Unverified(from));
        }
        self.signal_unverified()
    }

    /// Whoever the proof says that it is of; [`SignedSignal::verify`] says whether it is.
    pub fn claimed_sender(&self) -> PeerId {
        self.proof.claimed_signer()
    }

    /// The signal, whoever signed it: for monitors and logs, not for acting upon.
    pub fn signal_unverified(&self) -> Result<Signal, SignalError> {
        wire::decode(&self.body)
    }

    /// The payload of a data channel's message: the proof, then the signal.
    pub fn to_payload(&self) -> Payload {
        Payload::Bytes(self.to_bytes().into())
    }

    /// The payload of the bootstrap WebSocket: `{"type": "offer", "signal": base64url}`, whose
    /// `type` is for the server and other readers; what is signed is in `signal`.
    pub fn to_json_payload(&self) -> Payload {
        let subtype = self.body.first().and_then(|kind| wire::subtype(*kind));
        let text = format!(
            r#"{{"type":"{}","signal":"{}"}}"#,
            subtype.unwrap_or("unknown"),
            Base64::Url.encode(&self.to_bytes())
        );
        Payload::Json(text.into())
    }

    /// Reads either form.
    pub fn from_payload(payload: &Payload) -> Result<Self, SignalError> {
        match payload {
            Payload::Bytes(bytes) => Self::from_bytes(bytes),
            Payload::Json(text) => bytes_in_json(text)
                .ok_or(SignalError::NotASignal(
                    "JSON without base64url in `signal`",
                ))
                .and_then(|bytes| Self::from_bytes(&bytes)),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.proof.to_bytes().to_vec();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, SignalError> {
        match bytes.split_first_chunk() {
            Some((proof, body)) if !body.is_empty() => Ok(Self {
                body: body.to_vec(),
                proof: Proof::from_bytes(proof),
            }),
            Some(_) | None => Err(SignalError::NotASignal("it is shorter than its proof")),
        }
    }
}

/// The bytes of a signal's JSON form, if the text is one.
pub(crate) fn bytes_in_json(text: &str) -> Option<Vec<u8>> {
    Base64::Url.decode(&Object::parse(text).ok()?.string("signal")?)
}

impl Signal {
    /// The subtype, as the `type` of the JSON form has it.
    pub fn subtype(&self) -> &'static str {
        match self {
            Self::Offer { .. } => "offer",
            Self::Answer { .. } => "answer",
            Self::Candidates { .. } => "candidates",
            Self::RestartOffer { .. } => "restart-offer",
            Self::RestartAnswer { .. } => "restart-answer",
            Self::RestartRequest { .. } => "restart-request",
            Self::Denied { .. } => "denied",
        }
    }

    /// The session of the link that the signal is about: that of its first offer.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Offer { description } => description.session,
            Self::Answer { of, .. }
            | Self::Candidates { of, .. }
            | Self::RestartOffer { of, .. }
            | Self::RestartAnswer { of, .. }
            | Self::RestartRequest { of }
            | Self::Denied { of, .. } => *of,
        }
    }

    /// The facts as JSON for people, in the monitor and the Message Inspector: without the ICE
    /// password, which would let a reader take part in the connection.
    pub fn describe(&self) -> String {
        describe::describe(self)
    }
}

impl DeniedReason {
    /// The reason in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Unverified => "unverified",
            Self::Replayed => "replayed",
            Self::Superseded => "superseded",
            Self::UnknownSession => "unknown-session",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, byte)| {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")
        })
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::str::FromStr for Fingerprint {
    type Err = FactError;

    /// Reads 32 pairs of hex digits with colons between them (RFC 8122, section 5).
    fn from_str(text: &str) -> Result<Self, FactError> {
        let mut bytes = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs.next().ok_or(FactError::Fingerprint)?;
            let digits = <[u8; 2]>::try_from(pair.as_bytes()).or(Err(FactError::Fingerprint))?;
            let pair = base16ct::mixed::decode(digits, core::slice::from_mut(byte));
            pair.or(Err(FactError::Fingerprint))?;
        }
        match pairs.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(FactError::Fingerprint),
        }
    }
}

fn id_bytes(id: &Option<PeerId>) -> &[u8] {
    id.as_ref().map_or(&[], |id| id.as_bytes())
}
