//! Contents and names, for JavaScript.
//!
//! What lies where in a content's file is said by `file.rs` alone.

use std::rc::Rc;

use boplish_core::http::{self, Asked};
use boplish_core::names::{self, NameError, Published};
use boplish_core::{
    ContentCommand, ContentConfig, ContentEvent, ContentPart, FetchToken, Node, ReadId, copies,
};
use boplish_wire::content::{ContentId, Directory, Entry, Target};
use boplish_wire::{BopUri, PeerId, Uid};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::browser::{Host, Step};
use crate::copier::{Copier, keep};
use crate::file::{Hasher, bits_at, bits_length, blocks_at, blocks_length, spans_at, spans_length};
use crate::names::{PageNetwork, fetch_text, promise};
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
/** A status, the headers, and a text; or, for the last, a content, who may have it, and its bytes from where to where. */
export type RawAnswer =
    | [status: number, headers: [string, string][], text: string]
    | [status: number, headers: [string, string][], content: string, publisher: string, start: number, end: number];
/** Of a file, its media type; of a folder, all bytes in it. */
export type RawTarget = [isFolder: boolean, content: string, bytes: number, type: string];
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

    /// The name of what this peer has published under a path.
    #[wasm_bindgen(js_name = uriOf)]
    pub fn uri_of(&self, path: Vec<String>) -> Result<String, JsValue> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let uid = Uid::Peer(self.shell().read(Node::id));
        let uri = BopUri::new(uid, names::PROTOCOL, &path);
        let uri = uri.map_err(|wrong| error("bad-name", &wrong))?;
        Ok(uri.to_string())
    }

    /// Finds out where a name leads: a `RawTarget`, then the publisher and the version.
    pub fn resolve(&self, uri: &str) -> Result<Promise, JsValue> {
        let uri = name(uri)?;
        Ok(self.promise(async move |network| {
            let resolved = names::resolve(&network, &uri).await?;
            let all = to_array(&resolved.target);
            all.push(&resolved.publisher.to_string().into());
            all.push(&resolved.root.to_string().into());
            Ok(all.into())
        }))
    }

    /// What is in a folder, of this publisher: a `RawTarget` and then the name, of each.
    pub fn folder(&self, content: &str, publisher: &str) -> Result<Promise, JsValue> {
        let (id, publisher) = (content_id(content)?, peer_id(publisher)?);
        Ok(self.promise(async move |network| {
            let folder = names::folder(&network, id, publisher).await?;
            let entry = |Entry { name, target }: &Entry| {
                let all = to_array(target);
                all.push(&(&**name).into());
                JsValue::from(all)
            };
            Ok(folder.entries().iter().map(entry).collect::<Array>().into())
        }))
    }

    /// What to answer to a request for what stands behind `/bop/`, with these headers: a status,
    /// the headers, and a text, or a content, who may have it, and from where to where.
    pub fn answer(
        &self,
        path: String,
        query: String,
        range: Option<String>,
        if_range: Option<String>,
        if_none_match: Option<String>,
    ) -> Promise {
        self.promise(async move |network| {
            let asked = Asked {
                path: &path,
                query: query.strip_prefix('?'),
                range: range.as_deref(),
                if_range: if_range.as_deref(),
                if_none_match: if_none_match.as_deref(),
            };
            let answer = http::answer(&network, asked).await;
            let headers = answer.headers.into_iter().map(|(name, value)| {
                let pair = [JsValue::from(name), value.into()];
                JsValue::from(pair.into_iter().collect::<Array>())
            });
            let headers: Array = headers.collect();
            let mut all: Vec<JsValue> = vec![answer.status.into(), headers.into()];
            match answer.body {
                http::Body::Text(text) => all.push(text.into()),
                http::Body::Content {
                    id,
                    publisher,
                    range,
                } => {
                    all.push(id.to_string().into());
                    all.push(publisher.to_string().into());
                    all.push((range.start as f64).into());
                    all.push((range.end as f64).into());
                }
            }
            Ok(all.into_iter().collect::<Array>().into())
        })
    }

    /// A media type as HTTP writes it.
    #[wasm_bindgen(js_name = contentType)]
    pub fn content_type(&self, media_type: &str) -> String {
        http::content_type(media_type)
    }

    /// Keeps the list of a folder, as `folder` gives it, as a content: its name.
    #[wasm_bindgen(js_name = addFolder)]
    pub fn add_folder(&self, entries: Array) -> Result<Promise, JsValue> {
        let mut folder = Directory::default();
        for entry in entries.iter() {
            let entry: Array = entry.unchecked_into();
            let name = entry.get(4).as_string().unwrap_or_default();
            let added = folder.insert(&name, target_of(&entry)?);
            added.map_err(|wrong| error("bad-name", &wrong))?;
        }
        let list = folder.encode();
        let list = list.map_err(|wrong| error("too-large", &wrong))?;
        Ok(self.promise(async move |network| {
            let id = names::Network::add(&network, list).await?;
            Ok(JsValue::from_str(&id.to_string()))
        }))
    }

    /// Puts a `RawTarget` under a path of the own name: the contents of the root folder and of those
    /// on the way.
    #[wasm_bindgen(js_name = publishName)]
    pub fn publish_name(
        &self,
        path: Vec<String>,
        target: &Array,
        anew: bool,
    ) -> Result<Promise, JsValue> {
        let target = target_of(target)?;
        let identity = self.shell().services.identity();
        Ok(self.promise(async move |network| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let published = match anew {
                true => names::publish_anew(&network, &identity, &path, target).await?,
                false => names::publish(&network, &identity, &path, target).await?,
            };
            Ok(folders_of(&published))
        }))
    }

    /// Takes what is under a path out of the own name; gives what `publishName` gives.
    pub fn unpublish(&self, path: Vec<String>) -> Promise {
        let identity = self.shell().services.identity();
        self.promise(async move |network| {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let published = names::unpublish(&network, &identity, &path).await?;
            Ok(folders_of(&published))
        })
    }

    /// Writes the own name again before it expires; if it has, with the root folder that it had
    /// last. The root folder, if there is one.
    #[wasm_bindgen(js_name = refreshName)]
    pub fn refresh_name(&self, last: Option<String>) -> Result<Promise, JsValue> {
        let last = last.as_deref().map(content_id).transpose()?;
        let identity = self.shell().services.identity();
        Ok(self.promise(async move |network| {
            let root = names::refresh(&network, &identity, last).await?;
            Ok(root.map_or(JsValue::UNDEFINED, |root| root.to_string().into()))
        }))
    }

    /// How often that is to be done, in milliseconds.
    #[wasm_bindgen(js_name = nameRefresh)]
    pub fn name_refresh(&self) -> f64 {
        names::REFRESH.as_secs_f64() * 1000.0
    }

    /// The peers that say that they have a content.
    pub fn holders(&self, content: &str) -> Result<Promise, JsValue> {
        let id = content_id(content)?;
        Ok(self.promise(async move |network| {
            let holders = network.holders(id.hash).await?;
            let texts = holders.iter().map(|peer| JsValue::from(peer.to_string()));
            Ok(texts.collect::<Array>().into())
        }))
    }

    /// Asks others to hold a `RawTarget` and the folders that lead there; `told` gets each that does.
    pub fn replicate(
        &self,
        folders: Vec<String>,
        target: &Array,
        count: usize,
        told: Function,
    ) -> Result<Promise, JsValue> {
        let target = target_of(target)?;
        let folders: Result<Vec<ContentId>, JsValue> =
            folders.iter().map(|id| content_id(id)).collect();
        let mut folders = folders?;
        if folders.is_empty() {
            return Err(error("bad-option", &"there is no root folder"));
        }
        let published = Published {
            root: folders.remove(0),
            folders,
            sequence: 0,
        };
        Ok(self.promise(async move |network| {
            let told = |peer: PeerId| {
                // It does not throw.
                drop(told.call1(&JsValue::UNDEFINED, &peer.to_string().into()));
            };
            copies::replicate(&network, &published, &target, count, told).await?;
            Ok(JsValue::UNDEFINED)
        }))
    }

    fn promise<F>(&self, task: impl FnOnce(PageNetwork) -> F) -> Promise
    where
        F: Future<Output = Result<JsValue, NameError>> + 'static,
    {
        let shell = self.shell();
        promise(shell, task(PageNetwork::new(shell)))
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
                keep(&shell, from, id, folder);
            }
        }
        ContentEvent::Kept { by, hash, kept } => waiting.kept(by, hash, kept),
        // The fetch goes on without it, and pages ask for its progress.
        ContentEvent::BadSource { .. } | ContentEvent::Span { .. } => {}
    }
}

fn content_id(text: &str) -> Result<ContentId, JsValue> {
    text.parse().map_err(|wrong| {
        let why = format_args!("'{text}' is no content: {wrong}");
        error("bad-name", &why)
    })
}

fn name(text: &str) -> Result<BopUri, JsValue> {
    text.parse()
        .map_err(|wrong| error("bad-name", &format_args!("'{text}' is no name: {wrong}")))
}

/// As a `RawTarget`.
fn to_array(target: &Target) -> Array {
    let (is_folder, media_type) = match target {
        Target::File { media_type, .. } => (false, &**media_type),
        Target::Folder { .. } => (true, ""),
    };
    let all = [
        JsValue::from_bool(is_folder),
        target.id().to_string().into(),
        (target.total() as f64).into(),
        media_type.into(),
    ];
    all.into_iter().collect()
}

fn target_of(raw: &Array) -> Result<Target, JsValue> {
    let id = content_id(&raw.get(1).as_string().unwrap_or_default())?;
    Ok(match raw.get(0).is_truthy() {
        true => Target::Folder {
            id,
            total: raw.get(2).as_f64().unwrap_or_default() as u64,
        },
        false => Target::File {
            id,
            media_type: raw.get(3).as_string().unwrap_or_default().into(),
        },
    })
}

fn folders_of(published: &Published) -> JsValue {
    let all = [&[published.root], &*published.folders].concat();
    let texts = all.iter().map(|id| JsValue::from(id.to_string()));
    texts.collect::<Array>().into()
}
