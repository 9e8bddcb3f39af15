//! The message that routers carry: the report's `type`, `from`, `to` and `payload` (section
//! 4.1.4), and what a network of strangers needs besides.

use crate::id::{Keypair, PeerId, Proof};

/// A number that its sender never uses twice: it names the message in acknowledgements and
/// replies, and lets receivers drop repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// The name of a protocol: 1 to 64 characters, no control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolName(Box<str>);

/// What an application sends: a JSON value or raw bytes, at most
/// [`MAX_PAYLOAD`](crate::limits::MAX_PAYLOAD) bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// One JSON value, as its text.
    Json(Box<str>),
    /// Raw bytes.
    Bytes(Box<[u8]>),
}

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The report's kind of message: delivered to whoever handles its protocol.
    Plain,
    /// Delivered, and answered by a `Reply` of the same protocol.
    Request,
    /// The answer to the request `of` that the receiver sent.
    Reply {
        /// The request.
        of: MessageId,
    },
    /// The receiver's message `of` has arrived at its destination. No payload.
    Ack {
        /// The message that arrived.
        of: MessageId,
    },
    /// The receiver's message `of` could not be carried on: nobody here knows a way. No payload.
    Unreachable {
        /// The message that was dropped.
        of: MessageId,
    },
}

/// One message between two peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Names the message among those of its sender.
    pub id: MessageId,
    /// Who wrote it.
    pub from: PeerId,
    /// Whom it is for; `None`, which only the bootstrap server can carry, is anyone but `from`.
    pub to: Option<PeerId>,
    /// The report's `type`: which protocol the payload belongs to.
    pub protocol: ProtocolName,
    /// What it is for.
    pub kind: Kind,
    /// Whether the receiver acknowledges it with [`Kind::Ack`].
    pub wants_ack: bool,
    /// The links it has travelled over, at most [`MAX_HOPS`](crate::limits::MAX_HOPS).
    pub hops: u8,
    /// What it says.
    pub payload: Payload,
    /// Shows that `from` wrote it; needed wherever it does not come over a link from `from`
    /// itself. Covers everything but `hops`.
    pub proof: Option<Proof>,
}

const DOMAIN: &str = "message/1";

impl Message {
    /// Adds the proof of its writer.
    ///
    /// `keypair` must be that of `from`, or nobody accepts the message.
    pub fn sign(&mut self, keypair: &Keypair) {
        let proof = self.with_signed_parts(|parts| keypair.prove(DOMAIN, parts));
        self.proof = Some(proof);
    }

    /// Whether the proof is there, holds, and is that of `from`.
    pub fn is_proven(&self) -> bool {
        let signer = |proof: &Proof| self.with_signed_parts(|parts| proof.signer(DOMAIN, parts));
        self.proof.as_ref().and_then(signer) == Some(self.from)
    }

    fn with_signed_parts<T>(&self, use_parts: impl FnOnce(&[&[u8]]) -> T) -> T {
        let (kind, of) = match self.kind {
            Kind::Plain => (0, 0),
            Kind::Request => (1, 0),
            Kind::Reply { of } => (2, of.0),
            Kind::Ack { of } => (3, of.0),
            Kind::Unreachable { of } => (4, of.0),
        };
        let (encoding, payload) = match &self.payload {
            Payload::Json(text) => (0, text.as_bytes()),
            Payload::Bytes(bytes) => (1, &bytes[..]),
        };
        let to = self.to.as_ref().map_or(&[][..], |to| &to.as_bytes()[..]);
        use_parts(&[
            self.from.as_bytes(),
            to,
            &self.id.0.to_be_bytes(),
            self.protocol.as_str().as_bytes(),
            &[kind, u8::from(self.wants_ack), encoding],
            &of.to_be_bytes(),
            payload,
        ])
    }
}
