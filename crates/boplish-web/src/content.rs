//! Contents, for JavaScript.
//!
//! What lies where in a content's file is said by `file.rs` alone.

use std::rc::Rc;

use boplish_core::copies::Question;
use boplish_core::{
    ContentCommand, ContentConfig, ContentEvent, ContentPart, FetchToken, Node, ReadId,
};
use boplish_wire::content::ContentId;
use wasm_bindgen::prelude::*;

use crate::browser::{Host, Step};
use crate::copier::{Copier, keep};
use crate::file::{Hasher, bits_at, bits_length, blocks_at, blocks_length, spans_at, spans_length};
use crate::names::fetch_text;
use crate::peer::{Peer, error, peer_id};
use crate::shell::Shell;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r#"
/** A content is named by its hash, a dot and its length. */
export interface Host {
    /** Read something in the file of a content, and hand it in with `contentRead`. */
    contentRead(read: number, content: string, offset: number, length: number): void;
    /** Write something into the file of a content; if `isData`, say so with `contentWritten`. */
    contentWrite(content: string, offset: number, bytes: Uint8Array, isData: boolean): void;
    /** Set the bit of a span, from the lowest bit of the byte at `offset` on, once all that was written
     * before is there, and say so with `contentKept`. */
    contentMark(content: string, offset: number, span: number): void;
    /** A fetch has ended; `error` is a code, a colon and a text. */
    fetched(fetch: number, error: string | undefined): void;
    /** A content that is here is held for others now, who rely on it; rejected if it is not here. */
    contentHeld(content: string): Promise<void>;
    /** The bytes of a content that is here. */
    contentBytes(content: string): Promise<Uint8Array>;
    /** Keep a content: its bytes, and what follows them in its file. */
    contentAdd(content: string, bytes: Uint8Array, tail: Uint8Array): Promise<void>;
    /** The peer that a domain says a name is of. */
    wellKnown(name: string, domain: string): Promise<string>;
}
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method, js_name = contentRead)]
    fn content_read(this: &Host, read: u32, content: &str, offset: f64, length: usize);
    #[wasm_bindgen(method, js_name = contentWrite)]
    fn content_write(this: &Host, content: &str, offset: f64, bytes: Vec<u8>, is_data: bool);
    #[wasm_bindgen(method, js_name = contentMark)]
    fn content_mark(this: &Host, content: &str, offset: f64, span: u32);
    #[wasm_bindgen(method)]
    fn fetched(this: &Host, fetch: u32, error: Option<String>);
    #[wasm_bindgen(method, js_name = contentHeld)]
    pub(crate) fn content_held(this: &Host, content: &str) -> Step;
    #[wasm_bindgen(method, js_name = contentBytes)]
    pub(crate) fn content_bytes(this: &Host, content: &str) -> Step;
    #[wasm_bindgen(method, js_name = contentAdd)]
    pub(crate) fn content_add(this: &Host, content: &str, bytes: Vec<u8>, tail: Vec<u8>) -> Step;
    #[wasm_bindgen(method, js_name = wellKnown)]
    pub(crate) fn well_known(this: &Host, name: &str, domain: &str) -> Step;
}

#[wasm_bindgen]
impl Peer {
    /// Lets this peer have contents: before `open`. `serves`: others get what it has, and may ask it
    /// to hold copies.
    #[wasm_bindgen(js_name = enableContent)]
    pub fn enable_content(&self, serves: bool) {
        let keeps = serves;
        self.shell()
            .with_node(|node, _| node.enable_content(ContentConfig { serves, keeps }));
    }

    /// Holds copies for others from now on, of so many bytes.
    #[wasm_bindgen(js_name = holdCopies)]
    pub fn hold_copies(&self, room: f64) {
        let copier = Rc::new(Copier::new(room as u64));
        *self.shell().services.copier.borrow_mut() = Some(copier);
    }

    /// Where the bits of a content's spans begin in its file, and how long they are.
    #[wasm_bindgen(js_name = contentBits)]
    pub fn content_bits(&self, content: &str) -> Result<Vec<f64>, JsValue> {
        let id = content_id(content)?;
        Ok(vec![bits_at(id) as f64, bits_length(id) as f64])
    }

    /// A content is here, or those of its spans whose bits are set; all, if there are no bits.
    #[wasm_bindgen(js_name = holdContent)]
    pub fn hold_content(&self, content: &str, bits: &[u8]) -> Result<(), JsValue> {
        let id = content_id(content)?;
        let ones: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
        let bits = (!bits.is_empty() && ones < id.spans()).then_some(bits);
        self.shell()
            .with_node(|node, _| node.hold_content(id, bits));
        Ok(())
    }

    /// A content is not here any more.
    #[wasm_bindgen(js_name = forgetContent)]
    pub fn forget_content(&self, content: &str) -> Result<(), JsValue> {
        let id = content_id(content)?;
        self.shell()
            .with_node(|node, _| node.forget_content(&id.hash));
        Ok(())
    }

    /// Tells the network that this peer has a content, now and until it is forgotten.
    #[wasm_bindgen(js_name = announceContent)]
    pub fn announce_content(&self, content: &str) -> Result<(), JsValue> {
        let id = content_id(content)?;
        self.shell()
            .with_node(|node, now| node.announce_content(now, id.hash));
        Ok(())
    }

    /// Fetches the bytes from `start` up to `end`; `fetched` follows, with what this returns.
    #[wasm_bindgen(js_name = fetchContent)]
    pub fn fetch_content(
        &self,
        content: &str,
        start: f64,
        end: f64,
        hint: &str,
    ) -> Result<u32, JsValue> {
        let (id, hint) = (content_id(content)?, peer_id(hint)?);
        let range = Some(start as u64..end as u64);
        let fetch = |node: &mut Node, now| node.fetch_content(now, id, range, &[hint]);
        let token = self.shell().with_node(fetch);
        token
            .map(|token| token.0)
            .map_err(|error| JsValue::from_str(&fetch_text(error)))
    }

    /// Fetches no more of that.
    #[wasm_bindgen(js_name = cancelFetch)]
    pub fn cancel_fetch(&self, fetch: u32) {
        self.shell()
            .with_node(|node, now| node.cancel_fetch(now, FetchToken(fetch)));
    }

    /// How many bytes of the content are here, and how many peers it comes from; nothing once the
    /// fetch has ended.
    #[wasm_bindgen(js_name = fetchProgress)]
    pub fn fetch_progress(&self, fetch: u32) -> Option<Vec<f64>> {
        let progress = |node: &Node| node.fetch_progress(FetchToken(fetch));
        let progress = self.shell().read(progress)?;
        Some(vec![progress.done as f64, progress.sources as f64])
    }

    /// Takes what was read; without bytes, it can't be read.
    #[wasm_bindgen(js_name = contentRead)]
    pub fn content_read(&self, read: u32, bytes: Option<Vec<u8>>) {
        self.shell()
            .with_node(|node, now| node.content_read(now, ReadId(read), bytes));
    }

    /// So many bytes were written; without a number, they can't be.
    #[wasm_bindgen(js_name = contentWritten)]
    pub fn content_written(&self, content: &str, bytes: Option<usize>) -> Result<(), JsValue> {
        let id = content_id(content)?;
        self.shell()
            .with_node(|node, now| node.content_written(now, id.hash, bytes.ok_or(())));
        Ok(())
    }

    /// A span is kept.
    #[wasm_bindgen(js_name = contentKept)]
    pub fn content_kept(&self, content: &str, span: u32) -> Result<(), JsValue> {
        let id = content_id(content)?;
        self.shell()
            .with_node(|node, now| node.content_kept(now, id.hash, span));
        Ok(())
    }

    /// What hashes a content.
    #[wasm_bindgen(js_name = newHasher)]
    pub fn new_hasher(&self) -> Hasher {
        Hasher::default()
    }
}

/// Has a command of the node carried out.
pub(crate) fn command(host: &Host, command: ContentCommand) {
    match command {
        ContentCommand::Read { read, id, part } => {
            let (offset, length) = match part {
                ContentPart::Bytes { start, length } => (start, length),
                ContentPart::Spans => (spans_at(id), spans_length(id)),
                ContentPart::Blocks { span } => (blocks_at(id, span), blocks_length(id, span)),
            };
            host.content_read(read.0, &id.to_string(), offset as f64, length);
        }
        ContentCommand::Write { id, start, bytes } => {
            host.content_write(&id.to_string(), start as f64, bytes, true);
        }
        ContentCommand::WriteValues { id, span, values } => {
            let offset = span.map_or_else(|| spans_at(id), |span| blocks_at(id, span));
            let bytes = values.as_flattened().to_vec();
            host.content_write(&id.to_string(), offset as f64, bytes, false);
        }
        ContentCommand::SpanDone { id, span } => {
            host.content_mark(&id.to_string(), bits_at(id) as f64, span);
        }
    }
}

/// Tells an event, or does what it asks for.
pub(crate) fn event(shell: &Shell, event: ContentEvent) {
    let waiting = &shell.services.waiting;
    match event {
        ContentEvent::Fetched { token, result } => {
            if let Some(result) = waiting.fetched(token, result) {
                shell.host().fetched(token.0, result.err().map(fetch_text));
            }
        }
        ContentEvent::KeepAsked { from, id, folder } => {
            if let Some(shell) = shell.upgrade() {
                keep(&shell, Question { from, id, folder });
            }
        }
        ContentEvent::Kept { by, hash, kept } => waiting.kept(by, hash, kept),
        // The fetch goes on without it, and pages ask for its progress.
        ContentEvent::BadSource { .. } | ContentEvent::Span { .. } => {}
    }
}

pub(crate) fn content_id(text: &str) -> Result<ContentId, JsValue> {
    text.parse().map_err(|wrong| {
        let why = format_args!("'{text}' is no content: {wrong}");
        error("bad-name", &why)
    })
}
