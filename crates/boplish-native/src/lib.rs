//! Native peers of BOPlish: the [`Node`](boplish_core::Node) of `boplish-core` on tokio, with a
//! WebSocket to the bootstrap server and WebRTC data channels by str0m.
//!
//! An [`Engine`] is what the peers of a process share: the machine's addresses and the resolver
//! of `.local` names. Each [`Peer`] has a task that owns its node, its WebSocket and its WebRTC
//! connections: it hands facts in, drains the node, carries out what it got, and sleeps until the
//! next fact or the node's timeout. The task does nothing but carry; every decision about the
//! protocol is the node's.
//!
//! Invariants: every queue has a bound, and a slow reader slows its writer down or loses
//! datagrams, as on any network; nothing that comes over a socket makes a peer panic; a WebRTC
//! connection whose stack fails takes no other down.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use boplish_native::{Engine, EngineConfig, Peer, PeerConfig};
//!
//! let engine = Engine::new(&EngineConfig::default())?;
//! let config = PeerConfig {
//!     bootstrap: Some("localhost:5000".parse()?),
//!     ..PeerConfig::default()
//! };
//! let peer = Peer::spawn(&engine, config)?;
//! peer.connected().await?;
//! for other in peer.connected_peers() {
//!     println!("{other}: {:?}", peer.ping(other).await?);
//! }
//! peer.close().await;
//! # Ok(())
//! # }
//! ```

mod connections;
mod content;
mod disk;
mod engine;
mod gather;
mod identity;
mod peer;
mod resolver;
mod signaling;
mod stun;
mod token;
mod transport;
mod well_known;

pub use boplish_core as core;
pub use boplish_wire as wire;
pub use content::HeldContent;
pub use disk::DiskError;
pub use engine::{Engine, EngineConfig, EngineError};
pub use identity::{
    IdentityError, fresh_identity, load_identity, load_or_create_identity, save_identity,
};
pub use peer::{
    AcceptedInvitation, Events, EventsError, Fetching, Found, Peer, PeerConfig, PeerError,
    SpawnError, Traffic,
};
pub use signaling::{BootstrapUrl, BootstrapUrlError};
pub use token::{Token, TokenSyntaxError};
pub use transport::CertificateError;
