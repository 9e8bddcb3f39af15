//! The bootstrap server: serves the pages and introduces newcomers to a network.
//!
//! This crate only carries. Who is admitted, who gets a message and who is refused is decided in
//! [`boplish_directory`], which the hub owns; every WebSocket has a task of its own, which brings
//! the hub what the client says, and writes to the sockets of those whom it is for. What a socket
//! does not take at once waits in its client's bounded outbox.
//!
//! ```text
//!  socket --> accept.rs --> connection.rs --> http.rs --> site.rs     GET of a page
//!                 |         HTTP/1.1 or 2        |
//!               tls.rs                      admission.rs             who may not, goes with a 4xx
//!                                                |
//!                                                +------> observe.rs /ready, /metrics, /admin/stats
//!                                                |
//!                                                +------> socket.rs  /ws/{id}, one task for each
//!                                                          |    ^    client
//!                                                    inputs|    |an outbox each
//!                                                          v    |
//!                                                          hub.rs    owns the Directory, one
//!                                                          |  ^      for each network
//!                                                          v  |
//!                                                        cluster    to and from other servers,
//!                                                                   if there are any
//! ```
//!
//! Invariants: a client never waits for another client (whoever reads too slowly is dropped, never
//! buffered without end); every bound is in [`Limits`]; a shutdown ends within
//! [`Limits::shutdown_timeout`].
//!
//! ```no_run
//! use boplish_server::{Config, Server};
//!
//! # async fn example() -> Result<(), boplish_server::ServerError> {
//! let server = Server::bind(Config::default()).await?;
//! println!("listening on {}", server.local_addr());
//! server.run_until(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! # Ok(())
//! # }
//! ```

mod accept;
pub mod admission;
mod check;
mod cluster;
mod config;
mod connection;
mod error;
mod http;
mod hub;
mod network;
mod observe;
mod places;
mod redirect;
mod server;
mod site;
mod socket;
mod tls;
mod turn;
pub mod ws;

pub use admission::AdmissionConfig;
pub use boplish_directory::{
    CloseReason, IceServer, MAX_WORK, NetworkParameters, ProofOfWork, Rate, ReasonCounts,
    RouterKind, Stats, TurnSecret,
};
pub use check::Plan;
pub use cluster::{Cluster, ClusterName, ClusterNameError, EngineUrl, EngineUrlError};
pub use config::{Config, DEFAULT_PORT, Limits, Site};
pub use error::ServerError;
pub use network::{MAX_NETWORKS, NetworkName, NetworkNameError};
pub use observe::{AdminToken, AdminTokenError};
pub use server::Server;
pub use tls::{Acme, CertificateFiles, CertificateSource, PairError, Tls};
pub use turn::{TurnLimits, TurnOptions};
