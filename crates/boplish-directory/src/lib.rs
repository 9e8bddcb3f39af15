//! The directory of a bootstrap server: who is connected, who gets a message, who is refused.
//!
//! A pure state machine without sockets, clock or global randomness, so that the simulator runs
//! the one that the server runs. The loop of a shell:
//!
//! 1. hand in what happens with [`Directory::handle_input`];
//! 2. do what [`Directory::poll_output`] says until it says `None`;
//! 3. come back with [`Input::Timeout`] when [`Directory::poll_timeout`] says so.
//!
//! Rules and invariants:
//!
//! - A client that asks for the subprotocol `boplish.v1` is challenged and is in the directory
//!   once it proved its id. A second connection that proves the same id replaces the first.
//! - A client that does not ask is one of the report (section 4.2), whose id is unproven: it is
//!   admitted only with [`Config::open_ids`], and only under an id that nobody has. Whoever proves
//!   that id later replaces it.
//! - A message goes on byte by byte as it came, if its `from` is its sender: to the client in
//!   `to`, or to a random other one if that is empty.
//! - A message without a `to` goes to a peer that has said that it has joined the network, if
//!   there is one. Of those, so many are kept as [`Limits::entry_peers`] says; the others are told
//!   to hang up, and nothing is remembered of them.
//! - With [`Config::turn`], a welcome has TURN credentials, and who stays gets new ones in time. They
//!   need the time of day: [`Input::UnixTime`] is to come before the first client, and now and then
//!   afterwards.
//! - While many newcomers come, each has to work before it is admitted ([`ProofOfWork`]).
//! - With news of an engine ([`Input::Engine`]), several directories act as one: a message finds its
//!   receiver at whichever it is, and an id belongs to one connection of all.
//! - Each bound is in [`Limits`], with what happens there. A client that breaks the rules gets an
//!   error; if it goes on, it is closed. No other client notices.
//!
//! ```
//! use core::time::Duration;
//! use boplish_directory::{Config, ConnId, Directory, Input, Output};
//! use boplish_wire::bootstrap::ClientId;
//!
//! let config = Config { open_ids: true, ..Config::default() };
//! let mut directory = Directory::new(config, [7; 32]);
//! for (number, id) in [(1, "alice"), (2, "bob")] {
//!     directory.handle_input(Duration::ZERO, Input::Connected {
//!         conn: ConnId(number),
//!         id: ClientId::new(id)?,
//!         address: [127, 0, 0, 1].into(),
//!         wants_proof: false,
//!     });
//! }
//! let text = r#"{"type":"chat","from":"alice","to":"","payload":"hello, anyone"}"#.to_owned();
//! directory.handle_input(Duration::ZERO, Input::Text { conn: ConnId(1), text: text.clone() });
//! let outputs: Vec<_> = core::iter::from_fn(|| directory.poll_output()).collect();
//! assert!(outputs.contains(&Output::Send { conn: ConnId(2), text }));
//! # Ok::<(), boplish_wire::bootstrap::ClientIdError>(())
//! ```

mod bucket;
mod close;
mod cluster;
mod config;
mod directory;
mod io;
mod joins;
mod refusal;
mod stats;
mod table;
mod turn;
mod work;

pub use boplish_wire::bootstrap::{
    ClientId, ClientIdError, ErrorCode, IceServer, MAX_WORK, NetworkParameters, RouterKind,
    SUBPROTOCOL,
};
pub use close::CloseReason;
pub use cluster::frame::{Counts, Frame, NoFrame, Whom};
pub use cluster::{Channel, Letter, News, NodeId, Order};
pub use config::{Config, Limits, ProofOfWork, Rate};
pub use directory::Directory;
pub use io::{ConnId, Event, Input, Output, What};
pub use joins::JoinLimiter;
pub use stats::{ReasonCounts, Stats};
pub use table::network_of;
pub use turn::{TurnConfig, TurnSecret, TurnUser};
