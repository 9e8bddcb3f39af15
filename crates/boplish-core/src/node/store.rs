//! Records under keys, stored by the network (`service/dht`).

use boplish_wire::{Kind, Message, Payload, PeerId, Record, RecordError, store};
use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Node, Phase};
use crate::config::StoreConfig;
use crate::io::{Event, Output, Refusal};
use crate::protocol;
use crate::service::dht::{Dht, GetError, PutError, StoreToken};
use crate::service::{Store, StoreOutput};
use crate::time::Time;

impl Node {
    /// Makes this peer one of those who store records for the network, and lets it store its own:
    /// before [`Node::open`]. `unix` is the time, in seconds since 1970, UTC: records expire by it.
    pub fn enable_store(&mut self, now: Time, config: StoreConfig, unix: u64) {
        let rng = Xoshiro256PlusPlus::from_rng(&mut self.rng);
        let mut store = Box::new(Dht::new(self.id(), config, unix, rng));
        store.set_unix(now, unix);
        store.handle_update(now, &*self.router);
        self.store.set(store);
        // Popular records are answered on the way.
        self.router.watch(&protocol::name(store::PROTOCOL));
    }

    /// Hands in the time anew, in seconds since 1970, UTC: where `now` stands still while a device
    /// sleeps, records would be made and judged by a time that has passed. To be called from time to
    /// time, such as with each [`Input::Timeout`](crate::Input::Timeout).
    pub fn set_unix(&mut self, now: Time, unix: u64) {
        if let Some(store) = self.store.get_mut() {
            store.set_unix(now, unix);
        }
    }

    /// A record of this peer, which [`Record::sign`] describes.
    ///
    /// # Errors
    ///
    /// [`RecordError::SaltTooLong`] and [`RecordError::TooLong`].
    pub fn sign_record(
        &self,
        salt: &[u8],
        sequence: u64,
        value: &[u8],
        expires: u64,
        ttl: u32,
    ) -> Result<Record, RecordError> {
        Record::sign(&self.keypair, salt, sequence, value, expires, ttl)
    }

    /// Stores a record in the network; [`Event::Put`] follows. With `expected`, only if the record
    /// that is there has this sequence number, 0 if there is to be none; the new one then has the
    /// next.
    ///
    /// # Errors
    ///
    /// [`PutError::Record`] for one that has expired or lives too long, [`PutError::Congested`],
    /// [`PutError::Closed`]; nothing was sent then.
    pub fn put(
        &mut self,
        now: Time,
        record: &Record,
        expected: Option<u64>,
    ) -> Result<StoreToken, PutError> {
        let store = self.store.get_mut().filter(|_| self.phase == Phase::Open);
        let token = store.ok_or(PutError::Closed)?.put(now, record, expected)?;
        self.drain(now);
        Ok(token)
    }

    /// Asks the network for the record with a key; [`Event::Got`] follows. `quick`: the copy of the
    /// key's owner will do, though a newer one may just be written.
    ///
    /// # Errors
    ///
    /// [`GetError::Congested`], [`GetError::Closed`]; nothing was sent then.
    pub fn get(&mut self, now: Time, key: PeerId, quick: bool) -> Result<StoreToken, GetError> {
        let store = self.store.get_mut().filter(|_| self.phase == Phase::Open);
        let token = store.ok_or(GetError::Closed)?.get(now, key, quick)?;
        self.drain(now);
        Ok(token)
    }

    /// Asks the owner of a subject for the records that are listed under it
    /// ([`Record::sign_listed`]); [`Event::Listed`] follows.
    ///
    /// # Errors
    ///
    /// [`GetError::Congested`], [`GetError::Closed`]; nothing was sent then.
    pub fn list(&mut self, now: Time, subject: &[u8]) -> Result<StoreToken, GetError> {
        let store = self.store.get_mut().filter(|_| self.phase == Phase::Open);
        let keys = Record::list_of(subject);
        let token = store.ok_or(GetError::Closed)?.list(now, keys)?;
        self.drain(now);
        Ok(token)
    }

    /// Takes back what [`Output::Keep`] has kept before a restart.
    pub fn restore(&mut self, now: Time, bytes: &[u8]) {
        if let Some(store) = self.store.get_mut() {
            store.restore(now, bytes);
        }
    }

    /// Records that this peer stores, and their bytes, with 120 more for each.
    pub fn stored(&self) -> (usize, usize) {
        self.store.get().map_or((0, 0), |store| store.usage())
    }

    /// The record that this peer itself stores under a key, for itself or for others.
    pub fn stored_here(&self, key: &PeerId) -> Option<&Record> {
        self.store.get()?.held(key)
    }

    /// The keys of all records that this peer itself stores, in their order.
    #[cfg(feature = "simulator")]
    pub fn stored_keys(&self) -> Vec<PeerId> {
        self.store.get().map_or_else(Vec::new, |it| it.keys())
    }

    pub(super) fn update_store(&mut self, now: Time) {
        if let Some(store) = self.store.get_mut() {
            store.handle_update(now, &*self.router);
        }
    }

    pub(super) fn handle_store_message(&mut self, now: Time, message: &Message) {
        let Payload::Bytes(bytes) = &message.payload else {
            return;
        };
        if let Some(store) = self.store.get_mut() {
            store.handle_message(now, message.from, bytes);
        } else if let Some(answer) = store::StoreMessage::idle_answer(bytes) {
            self.say(now, store::PROTOCOL, message.from, answer, false);
        }
    }

    /// Whether a message to the owner of a key goes on; `None` if it is not about the store.
    pub(super) fn passes_store(&mut self, now: Time, message: &Message) -> Option<bool> {
        let store = self.store.get_mut()?;
        match &message.payload {
            Payload::Bytes(bytes) if message.protocol.as_str() == store::PROTOCOL => {
                Some(store.handle_passing(now, message.from, bytes))
            }
            Payload::Bytes(_) | Payload::Json(_) => None,
        }
    }

    pub(super) fn handle_store_output(&mut self, now: Time, output: StoreOutput) {
        match output {
            StoreOutput::Say { to, payload } if to == self.id() => {
                if let Some(store) = self.store.get_mut() {
                    store.handle_message(now, to, &payload);
                }
            }
            StoreOutput::Say { to, payload } => self.say(now, store::PROTOCOL, to, payload, false),
            StoreOutput::SayToOwner { key, payload } => {
                self.say(now, store::PROTOCOL, key, payload, true);
            }
            StoreOutput::Put { token, result } => {
                if !self.take_announced(now, token, result.is_ok()) {
                    self.event(Event::Put { token, result });
                }
            }
            StoreOutput::Listed { token, result } => {
                if !self.take_providers(now, token, &result) {
                    self.event(Event::Listed { token, result });
                }
            }
            StoreOutput::Got { token, result } => self.event(Event::Got { token, result }),
            StoreOutput::Keep { key, bytes } => {
                self.outputs.push_back(Output::Keep { key, bytes });
            }
            StoreOutput::Refused { from, error } => {
                self.refused(Some(from), Refusal::BadRecord(error));
            }
        }
    }

    /// A service says something to a peer, or to the owner of a key.
    pub(super) fn say(
        &mut self,
        now: Time,
        protocol: &'static str,
        to: PeerId,
        payload: Vec<u8>,
        by_key: bool,
    ) {
        // Bounded by the limits of its parts, far below that of a payload.
        let Ok(payload) = Payload::bytes(payload) else {
            return;
        };
        let protocol = protocol::name(protocol);
        let mut message = self.compose(Some(to), protocol, Kind::Plain, payload);
        message.way.by_key = by_key;
        self.dispatch(now, message);
    }
}
