//! Names, and what is published under them, for JavaScript.

use boplish_core::http::{self, Asked};
use boplish_core::names::{self, NameError, Published};
use boplish_core::{Node, copies};
use boplish_wire::content::{ContentId, Directory, Entry, Target};
use boplish_wire::{BopUri, PeerId, Uid};
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;

use crate::content::content_id;
use crate::names::{PageNetwork, promise};
use crate::peer::{Peer, error, peer_id};

#[wasm_bindgen(typescript_custom_section)]
const RAW: &str = r#"
/** A status, the headers, and a text; or, for the last, a content, who may have it, and its bytes from where to where. */
export type RawAnswer =
    | [status: number, headers: [string, string][], text: string]
    | [status: number, headers: [string, string][], content: string, publisher: string, start: number, end: number];
/** Of a file, its media type; of a folder, all bytes in it. */
export type RawTarget = [isFolder: boolean, content: string, bytes: number, type: string];
"#;

#[wasm_bindgen]
impl Peer {
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

    /// After how many milliseconds that is to be done again.
    #[wasm_bindgen(js_name = nextRefresh)]
    pub fn next_refresh(&self, has_failed: bool) -> f64 {
        names::next_refresh(has_failed).as_secs_f64() * 1000.0
    }

    /// Leaves the lists of a name's new folders with others, the first of them the root: without
    /// copies, nobody else has them. Those who hold them.
    #[wasm_bindgen(js_name = leaveLists)]
    pub fn leave_lists(&self, folders: Vec<String>) -> Result<Promise, JsValue> {
        let published = published_of(&folders)?;
        Ok(self.promise(async move |network| {
            let holders = copies::leave_lists(&network, &published).await?;
            Ok(texts_of(&holders))
        }))
    }

    /// The peers that say that they have a content.
    pub fn holders(&self, content: &str) -> Result<Promise, JsValue> {
        let id = content_id(content)?;
        Ok(self.promise(async move |network| {
            let holders = network.holders(id.hash).await?;
            Ok(texts_of(&holders))
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
        let published = published_of(&folders)?;
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

/// What `publishName` gave.
fn published_of(folders: &[String]) -> Result<Published, JsValue> {
    let folders: Result<Vec<ContentId>, JsValue> =
        folders.iter().map(|id| content_id(id)).collect();
    let mut folders = folders?;
    if folders.is_empty() {
        return Err(error("bad-option", &"there is no root folder"));
    }
    Ok(Published {
        root: folders.remove(0),
        folders,
        sequence: 0,
    })
}

fn texts_of(peers: &[PeerId]) -> JsValue {
    let texts = peers.iter().map(|peer| JsValue::from(peer.to_string()));
    texts.collect::<Array>().into()
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
