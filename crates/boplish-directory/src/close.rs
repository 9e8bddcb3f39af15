//! Why the server ends a connection: the codes of WebSocket close frames.

use core::fmt;

/// Why the server ends a connection.
///
/// The codes from 4000 on are ours (RFC 6455, section 7.4.2); a client that is told
/// [`Replaced`](Self::Replaced), [`IdInUse`](Self::IdInUse), [`BadProof`](Self::BadProof),
/// [`IdNotProvable`](Self::IdNotProvable), [`ProofNeeded`](Self::ProofNeeded) or
/// [`Banned`](Self::Banned) gains nothing by coming back at once with the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// 1001: the server shuts down.
    Shutdown,
    /// 1009: a message was so long that reading on makes no sense.
    TooLarge,
    /// 4001: the first message was not the answer to the challenge, or its proof does not hold or
    /// is that of another id.
    BadProof,
    /// 4002: the challenge was not answered in time.
    ProofTimeout,
    /// 4003: another connection proved the same id and took its place.
    Replaced,
    /// 4004: an unproven client asked for an id that somebody has.
    IdInUse,
    /// 4005: the id in the address is none that a key can prove.
    IdNotProvable,
    /// 4006: the client did not ask to be challenged, and the server admits no unproven ids.
    ProofNeeded,
    /// 4007: the client broke the rules too often.
    TooManyErrors,
    /// 4008: the client reads more slowly than it is sent to.
    SlowReader,
    /// 4009: the client was silent for too long and did not answer pings.
    Idle,
    /// 4010: the server has as many connections as it takes.
    ServerFull,
    /// 4011: the client's address has as many connections as it may.
    AddressFull,
    /// 4012: too many newcomers are proving their ids; the one that was at it longest had to go.
    Crowded,
    /// 4013: the peer has joined the network, and others are there to introduce newcomers to.
    Released,
    /// 4020: the operator has banned the client's address or id.
    Banned,
    /// 4021: so many newcomers come that each has to do some work, and this one did not.
    WorkNeeded,
}

impl CloseReason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Self; 17] = [
        Self::Shutdown,
        Self::TooLarge,
        Self::BadProof,
        Self::ProofTimeout,
        Self::Replaced,
        Self::IdInUse,
        Self::IdNotProvable,
        Self::ProofNeeded,
        Self::TooManyErrors,
        Self::SlowReader,
        Self::Idle,
        Self::ServerFull,
        Self::AddressFull,
        Self::Crowded,
        Self::Released,
        Self::Banned,
        Self::WorkNeeded,
    ];

    /// The code in the close frame.
    pub const fn code(self) -> u16 {
        match self {
            Self::Shutdown => 1001,
            Self::TooLarge => 1009,
            Self::BadProof => 4001,
            Self::ProofTimeout => 4002,
            Self::Replaced => 4003,
            Self::IdInUse => 4004,
            Self::IdNotProvable => 4005,
            Self::ProofNeeded => 4006,
            Self::TooManyErrors => 4007,
            Self::SlowReader => 4008,
            Self::Idle => 4009,
            Self::ServerFull => 4010,
            Self::AddressFull => 4011,
            Self::Crowded => 4012,
            Self::Released => 4013,
            Self::Banned => 4020,
            Self::WorkNeeded => 4021,
        }
    }

    /// The text in the close frame, at most 123 bytes (RFC 6455, section 5.5).
    pub const fn text(self) -> &'static str {
        match self {
            Self::Shutdown => "the server shuts down",
            Self::TooLarge => "the message is too long",
            Self::BadProof => {
                "this does not prove the id: sign the challenge with the key of the id"
            }
            Self::ProofTimeout => "the challenge was not answered in time",
            Self::Replaced => "another connection proved this id and took its place",
            Self::IdInUse => "this id is in use: choose another one",
            Self::IdNotProvable => "an id that a key can prove has 40 hex digits",
            Self::ProofNeeded => {
                "ask for the subprotocol boplish.v1 to prove the id, or start the server with --open-ids"
            }
            Self::TooManyErrors => "too many messages that the server had to refuse",
            Self::SlowReader => "messages for this connection were not read fast enough",
            Self::Idle => "no sign of life",
            Self::ServerFull => "the server has as many connections as it takes: try again later",
            Self::AddressFull => "too many connections from this address",
            Self::Crowded => "too many newcomers at once: try again later",
            Self::Released => "the network goes on without the server",
            Self::Banned => "the operator of this server has banned this address or id",
            Self::WorkNeeded => {
                "many newcomers at once: bring the proof of work that the challenge asks for"
            }
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
