//! What stands on key-based routing (`kbr`) and on nothing else. A service is given what was
//! delivered to it, and what a router knows of the ring; it returns what to say. It knows neither
//! routes nor links.
//!
//! A node has the services that its shell has switched on. It knows them by their traits, so that
//! a module for browsers carries no service that no page can use.

pub(crate) mod content;
pub mod copies;
pub(crate) mod dht;
pub(crate) mod group;
pub mod http;
pub mod names;

use core::ops::Range;

use boplish_wire::content::{ContentHash, ContentId};
use boplish_wire::store::StoreMessage;
use boplish_wire::{Keypair, Payload, PeerId, Record, RecordError};

use self::content::{ContentOutput, FetchError, FetchProgress, FetchToken, Links, ReadId};
use self::dht::{GetError, PutError, StoreToken};
use self::group::{Around, GroupAccess, GroupOutput, PublishError};
use crate::kbr::KeyBased;
use crate::time::Time;

/// A service of a node, or its absence. Without the crate's feature `services` there is none, and what
/// nodes do for services is not even compiled: pages pay for each byte.
#[derive(Debug)]
pub(crate) struct Part<T>(Option<T>);

impl<T> Part<T> {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn set(&mut self, service: T) {
        self.0 = Some(service);
    }

    pub(crate) fn get(&self) -> Option<&T> {
        match cfg!(feature = "services") {
            true => self.0.as_ref(),
            false => None,
        }
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        match cfg!(feature = "services") {
            true => self.0.as_mut(),
            false => None,
        }
    }
}

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

    /// Asks for the records with the keys after the first and up to the second, as their owner has
    /// them.
    fn list(&mut self, now: Time, keys: (PeerId, PeerId)) -> Result<StoreToken, GetError>;

    /// Takes back what was kept over a restart.
    fn restore(&mut self, now: Time, bytes: &[u8]);

    /// The time in seconds since 1970, UTC.
    fn unix(&self, now: Time) -> u64;

    /// It is this time, whatever was thought.
    fn set_unix(&mut self, now: Time, unix: u64);

    /// Records that are stored here, and their bytes.
    fn usage(&self) -> (usize, usize);

    /// What this peer stores under a key itself.
    fn held(&self, key: &PeerId) -> Option<&Record>;

    /// The keys of all that is stored here.
    #[cfg(feature = "simulator")]
    fn keys(&self) -> Vec<PeerId>;

    /// Takes the payload of a message.
    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8]);

    /// The payload of a message to the owner of a key comes by: whether it goes on.
    fn handle_passing(&mut self, now: Time, from: PeerId, payload: &[u8]) -> bool;

    /// The neighbourhood on the ring has changed.
    fn handle_update(&mut self, now: Time, near: &dyn KeyBased);

    /// Something may be due.
    fn handle_timeout(&mut self, now: Time);

    /// When something is due.
    fn poll_timeout(&self) -> Option<Time>;

    /// What is to be done next.
    fn poll_output(&mut self) -> Option<StoreOutput>;
}

/// Contents, as a node sees them.
pub(crate) trait Contents: core::fmt::Debug + Send {
    /// The shell has a content, or these spans of it.
    fn hold_content(&mut self, id: ContentId, spans: Option<&[u8]>);

    /// The shell has a content no longer.
    fn forget_content(&mut self, hash: &ContentHash);

    /// Tells the network from now on that this peer provides a content.
    fn announce(&mut self, now: Time, hash: ContentHash);

    /// Fetches the bytes of a range, or all; `hints` may have them.
    fn fetch(
        &mut self,
        now: Time,
        id: ContentId,
        range: Option<Range<u64>>,
        hints: &[PeerId],
    ) -> Result<FetchToken, FetchError>;

    /// Fetches no more of what only this was for.
    fn cancel_fetch(&mut self, token: FetchToken);

    /// How much of what is being fetched is there.
    fn fetch_progress(&self, token: FetchToken) -> Option<FetchProgress>;

    /// Asks a peer to have a content for others.
    fn ask_to_keep(&mut self, peer: PeerId, id: ContentId, folder: bool);

    /// Tells a peer that has asked for it that this one has a content, or won't.
    fn answer_keep(&mut self, peer: PeerId, id: ContentId, kept: bool);

    /// Takes the payload of a message.
    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8]);

    /// An announcement was stored, or was not.
    fn handle_announced(&mut self, now: Time, hash: ContentHash, stored: bool);

    /// The store says who provides a content.
    fn handle_providers(&mut self, now: Time, hash: ContentHash, peers: &[PeerId]);

    /// The shell has read something, or can't.
    fn handle_read(&mut self, now: Time, read: ReadId, bytes: Option<Vec<u8>>);

    /// The shell has written so many bytes of a content, or can't.
    fn handle_written(&mut self, hash: ContentHash, written: Result<usize, ()>);

    /// The shell has kept all of a span.
    fn handle_kept(&mut self, now: Time, hash: ContentHash, span: u32);

    /// Goes on where something has become possible.
    fn drive(&mut self, now: Time, links: &dyn Links);

    /// Something may be due.
    fn handle_timeout(&mut self, now: Time);

    /// When something is due.
    fn poll_timeout(&self) -> Option<Time>;

    /// What is to be done next.
    fn poll_output(&mut self) -> Option<ContentOutput>;
}

/// Groups, as a node sees them.
pub(crate) trait Groups: core::fmt::Debug + Send {
    /// Joins a group, and wants the last `history` posts from before.
    fn join(&mut self, now: Time, access: &GroupAccess, history: u32, near: &dyn KeyBased);

    /// Says something to all others of a group.
    fn publish(
        &mut self,
        now: Time,
        keypair: &Keypair,
        group: PeerId,
        payload: &Payload,
        around: Around<'_>,
    ) -> Result<(), PublishError>;

    /// The payload that says something to one member alone.
    fn direct(
        &mut self,
        keypair: &Keypair,
        group: PeerId,
        to: PeerId,
        payload: &Payload,
    ) -> Result<Vec<u8>, PublishError>;

    /// Is no member of a group any more.
    fn leave(&mut self, now: Time, group: PeerId);

    /// Leaves all trees, since the node is about to close.
    fn close(&mut self);

    /// Takes the payload of a message.
    fn handle_message(&mut self, now: Time, from: PeerId, payload: &[u8], around: Around<'_>);

    /// The payload of a message to the owner of a key comes by: whether it goes on.
    fn handle_passing(
        &mut self,
        now: Time,
        from: PeerId,
        payload: &[u8],
        near: &dyn KeyBased,
    ) -> bool;

    /// The neighbourhood on the ring has changed.
    fn handle_update(&mut self, now: Time, near: &dyn KeyBased);

    /// Something may be due.
    fn handle_timeout(&mut self, now: Time, around: Around<'_>);

    /// When something is due.
    fn poll_timeout(&self) -> Option<Time>;

    /// What is to be done next.
    fn poll_output(&mut self) -> Option<GroupOutput>;
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
    /// A question for a list has ended.
    Listed {
        token: StoreToken,
        result: Result<Vec<Record>, GetError>,
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
