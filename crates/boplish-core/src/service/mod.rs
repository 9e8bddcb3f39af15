//! What stands on key-based routing (`kbr`) and on nothing else. A service is given what was
//! delivered to it, and what a router knows of the ring; it returns what to say. It knows neither
//! routes nor links.
//!
//! A node has the services that its shell has switched on. It knows them by their traits, so that
//! a module for browsers carries no service that no page can use.

pub(crate) mod dht;

use boplish_wire::store::StoreMessage;
use boplish_wire::{PeerId, Record, RecordError};

use self::dht::{GetError, PutError, StoreToken};
use crate::kbr::KeyBased;
use crate::time::Time;

/// The network's store, as a node sees it.
pub(crate) trait Store: core::fmt::Debug + Send {
    /// Stores a record, with `expected` only if the record before has this sequence number (0: if
    /// there is none).
    fn put(
        &mut self,
        now: Time,
        record: &Record,
        expected: Option<u64>,
    ) -> Result<StoreToken, PutError>;

    /// Asks for the record with a key. `quick`: the copy of the key's owner will do, though a
    /// newer one may just be written.
    fn get(&mut self, now: Time, key: PeerId, quick: bool) -> Result<StoreToken, GetError>;

    /// Takes back what was kept over a restart.
    fn restore(&mut self, now: Time, bytes: &[u8]);

    /// Records that are stored here, and their bytes.
    fn usage(&self) -> (usize, usize);

    /// What this peer stores under a key itself.
    fn held(&self, key: &PeerId) -> Option<&Record>;

    /// Takes the payload of a message.
    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8]);

    /// The neighbourhood on the ring has changed.
    fn handle_update(&mut self, now: Time, near: &dyn KeyBased);

    /// Something may be due.
    fn handle_timeout(&mut self, now: Time);

    /// When something is due.
    fn poll_timeout(&self) -> Option<Time>;

    /// What is to be done next.
    fn poll_output(&mut self) -> Option<StoreOutput>;
}

/// What a store wants done.
#[derive(Debug)]
pub(crate) enum StoreOutput {
    /// Say this to a peer.
    Say { to: PeerId, payload: Vec<u8> },
    /// Say this to the owner of a key.
    SayToOwner { key: PeerId, payload: Vec<u8> },
    /// A put has ended.
    Put {
        token: StoreToken,
        result: Result<(), PutError>,
    },
    /// A get has ended.
    Got {
        token: StoreToken,
        result: Result<Option<Record>, GetError>,
    },
    /// Keep this over a restart, or forget it.
    Keep { key: PeerId, bytes: Option<Vec<u8>> },
    /// What a peer has sent was refused.
    Refused { from: PeerId, error: RecordError },
}

impl StoreOutput {
    fn say(to: PeerId, message: &StoreMessage) -> Self {
        let payload = message.encode();
        Self::Say { to, payload }
    }

    fn say_to_owner(key: PeerId, message: &StoreMessage) -> Self {
        let payload = message.encode();
        Self::SayToOwner { key, payload }
    }
}
