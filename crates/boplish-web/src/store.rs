//! What a page stores in the network, and for it.

use boplish_core::{GetError, Node, PutError, StoreConfig, StoreToken, Time};
use boplish_wire::{PeerId, Record, RecordError};
use wasm_bindgen::prelude::*;

use crate::browser::{Host, date_now};
use crate::peer::{Peer, peer_id};
use crate::services::Found;
use crate::shell::Shell;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
export interface Host {
    /** What is stored under a key; without a value, nothing. Times are in seconds, and `expires` is
     * since 1970. */
    found(get: bigint, value: Uint8Array | undefined, sequence: number, expires: number, ttl: number, publisher: string | undefined): void;
    /** Keep what this peer stores under a key over a reload, or forget it. */
    keep(key: string, record: Uint8Array | undefined): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method)]
    fn found(
        this: &Host,
        get: u64,
        value: Option<Vec<u8>>,
        sequence: f64,
        expires: f64,
        ttl: u32,
        publisher: Option<String>,
    );
    #[wasm_bindgen(method)]
    fn keep(this: &Host, key: &str, record: Option<Vec<u8>>);
}

#[wasm_bindgen]
impl Peer {
    /// Stores a record under its publisher's key with this salt, or, without a salt, under its
    /// hash; `delivered` or `undelivered` follows, with the id that this returns. `expires` is in
    /// seconds since 1970, `ttl` in seconds. With `expected`, only in the place of a record with
    /// that sequence number, 0 for none.
    pub fn put(
        &self,
        salt: Option<Vec<u8>>,
        sequence: f64,
        value: &[u8],
        expires: f64,
        ttl: u32,
        expected: Option<f64>,
    ) -> Result<u64, JsValue> {
        let put = |node: &mut Node, now| {
            let expires = expires as u64;
            let record = match salt {
                Some(salt) => node.sign_record(&salt, sequence as u64, value, expires, ttl),
                None => Record::hash(value, expires),
            };
            node.put(now, &record?, expected.map(|number| number as u64))
        };
        let token = self
            .shell()
            .with_node(put)
            .map_err(|error| put_text(&error))?;
        Ok(token.0.into())
    }

    /// Asks for the record with a key; `found` or `undelivered` follows, with the id that this
    /// returns. `quick`: the copy of the key's owner will do.
    pub fn get(&self, key: &str, quick: bool) -> Result<u64, JsValue> {
        let key = peer_id(key)?;
        let get = |node: &mut Node, now| node.get(now, key, quick);
        let token = self
            .shell()
            .with_node(get)
            .map_err(|error| get_text(&error))?;
        Ok(token.0.into())
    }

    /// The key of a publisher's record with this salt; without a publisher, that of the record
    /// that is stored under the hash of this value.
    #[wasm_bindgen(js_name = recordKey)]
    pub fn record_key(
        &self,
        publisher: Option<String>,
        salt_or_value: &[u8],
    ) -> Result<String, JsValue> {
        let key = match publisher {
            Some(publisher) => Record::key_of(&peer_id(&publisher)?, salt_or_value),
            None => Record::key_of_value(salt_or_value),
        };
        Ok(key.to_string())
    }

    /// Takes back what `keep` has kept.
    pub fn restore(&self, record: &[u8]) {
        self.shell()
            .with_node(|node, now| node.restore(now, record));
    }
}

/// Makes a new node take part.
pub(crate) fn enable(node: &mut Node) {
    node.enable_store(Time::START, StoreConfig::default(), unix());
    node.enable_groups();
}

/// Has a record kept, or forgotten.
pub(crate) fn keep(host: &Host, key: PeerId, record: Option<Vec<u8>>) {
    host.keep(&key.to_string(), record);
}

/// A put has ended.
pub(crate) fn has_put(shell: &Shell, token: StoreToken, result: Result<(), PutError>) {
    let Some(result) = shell.services.waiting.put(token, result) else {
        return;
    };
    let host = shell.host();
    match result {
        Ok(()) => host.delivered(token.0.into()),
        Err(error) => host.undelivered(token.0.into(), &put_text(&error)),
    }
}

/// A get has ended.
pub(crate) fn has_got(shell: &Shell, token: StoreToken, result: Found) {
    let Some(result) = shell.services.waiting.got(token, result) else {
        return;
    };
    let (host, get) = (shell.host(), token.0.into());
    match result {
        Ok(Some(record)) => host.found(
            get,
            Some(record.value().to_vec()),
            record.sequence() as f64,
            record.expires() as f64,
            record.ttl(),
            record.publisher().map(|peer| peer.to_string()),
        ),
        Ok(None) => host.found(get, None, 0.0, 0.0, 0, None),
        Err(error) => host.undelivered(get, &get_text(&error)),
    }
}

/// A code, a colon and a text.
pub(crate) fn put_text(error: &PutError) -> String {
    let code = match error {
        PutError::Record(RecordError::TooLong | RecordError::SaltTooLong) => "too-large",
        PutError::Record(
            RecordError::Malformed
            | RecordError::Unverified
            | RecordError::Expired
            | RecordError::TooFar
            | RecordError::WrongKey,
        ) => "bad-option",
        PutError::Conflict(_) => "conflict",
        PutError::Refused => "refused",
        PutError::Full => "full",
        PutError::Unknown => "timed-out",
        PutError::Congested => "congested",
        PutError::Closed => "closed",
    };
    format!("{code}: {error}")
}

/// The same for a get.
pub(crate) fn get_text(error: &GetError) -> String {
    let code = match error {
        GetError::Unavailable => "timed-out",
        GetError::Congested => "congested",
        GetError::Closed => "closed",
    };
    format!("{code}: {error}")
}

/// Seconds since 1970, UTC.
pub(crate) fn unix() -> u64 {
    (date_now() / 1000.0) as u64
}
