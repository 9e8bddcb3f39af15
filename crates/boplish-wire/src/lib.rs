//! Ids, messages and signals of BOPlish: the bytes, and the types that they are parsed into.
//!
//! Everything that crosses a wire is defined here, and nothing else is: no state, no clock, no
//! socket. A value of these types is valid by construction; what can't be parsed into one is an
//! error that says what is wrong, never a panic.
//!
//! - [`PeerId`] and [`Proof`]: who speaks, and the signature that shows it.
//! - [`Message`]: the report's four properties and what routing adds to them. It has two
//!   encodings, JSON text on the bootstrap WebSocket ([`json`]) and CBOR on data channels
//!   (inside a [`Frame`]).
//! - [`Signal`]: what two peers must know to connect (offer, answer, candidates, denied), signed;
//!   [`sdp`] turns its facts into SDP and back.
//! - [`ring`]: what the peers of a Chord ring say to each other.
//! - [`record`]: what is stored under a key; [`store`]: what those say who store it.
//! - [`content`]: how content is named, cut and verified; folders.
//! - [`group`]: what members of a group say to each other, and posts.
//! - [`BopUri`]: the names of what users publish.
//! - [`bootstrap`]: what the bootstrap server itself says.
//! - [`limits`]: every bound, in one place.

mod base64;
pub mod bootstrap;
pub mod content;
pub mod frame;
pub mod group;
pub mod id;
pub mod json;
pub mod limits;
pub mod message;
pub mod object;
pub mod record;
pub mod ring;
pub mod sdp;
pub mod signal;
pub mod store;
pub mod uri;

pub use base64::Base64;
pub use frame::{CloseReason, Frame, FrameError, Hello, Keepalive};
pub use id::{IdError, Keypair, PeerId, Proof};
pub use json::JsonError;
pub use message::{Hop, Kind, Message, MessageError, MessageId, Payload, ProtocolName, Way};
pub use object::{Object, ObjectWriter};
pub use record::{Record, RecordError};
pub use sdp::{SdpError, SdpType};
pub use signal::{
    Candidate, CandidateAddress, CandidateKind, DeniedReason, Description, FactError, Fingerprint,
    SessionId, Setup, Signal, SignalError, SignedSignal, Transport,
};
pub use uri::{BopUri, Uid, UriError, encode_segment};
