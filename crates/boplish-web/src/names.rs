//! Names and copies in a page: the core's functions over the node, and the page's storage.

use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use boplish_core::copies::Copies;
use boplish_core::names::{NameError, Network};
use boplish_core::{FetchError, Node, Time};
use boplish_wire::content::{ContentHash, ContentId};
use boplish_wire::{PeerId, Record};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::browser::{Step, describe, set_timeout};
use crate::file::hashed;
use crate::services::{Answers, Slot, Tickets, Waiting};
use crate::shell::Shell;

/// What a page's peer offers to the core's functions.
#[derive(Clone)]
pub(crate) struct PageNetwork(Weak<Shell>);

impl PageNetwork {
    pub(crate) fn new(shell: &Rc<Shell>) -> Self {
        Self(Rc::downgrade(shell))
    }

    pub(crate) fn shell(&self) -> Result<Rc<Shell>, NameError> {
        self.0.upgrade().ok_or(FetchError::Closed.into())
    }

    /// Gives the node a command, and waits for its answer, whose token is among the tickets.
    async fn ask<K: Ord, T, E: Into<NameError>>(
        &self,
        command: impl FnOnce(&mut Node, Time) -> Result<K, E>,
        tickets: impl FnOnce(&Waiting) -> &Tickets<K, T>,
    ) -> Result<T, NameError> {
        let slot = Slot::new();
        let shell = self.shell()?;
        // What follows is told only after this: a task runs while the outputs are carried out.
        let token = shell.with_node(command).map_err(Into::into)?;
        tickets(&shell.services.waiting).insert(token, slot.clone());
        drop(shell);
        Ok(slot.filled().await)
    }

    /// Waits for a promise of the page.
    async fn promised(&self, promise: Step) -> Result<JsValue, NameError> {
        let slot = Slot::new();
        let shell = self.shell()?;
        let put = |is_ok: bool| {
            let slot = slot.clone();
            shell.callback(move |shell, value| {
                slot.put(if is_ok { Ok(value) } else { Err(value) });
                shell.carry_out();
            })
        };
        promise.then(&put(true), &put(false));
        drop(shell);
        let settled = slot.filled().await;
        settled.map_err(|thrown| NameError::Storage(describe(&thrown)))
    }

    async fn fetch_content(&self, id: ContentId, hints: &[PeerId]) -> Result<(), NameError> {
        let fetch = |node: &mut Node, now| node.fetch_content(now, id, None, hints);
        Ok(self.ask(fetch, |waiting| &waiting.fetches).await??)
    }

    /// Has the page keep a content that is here, since others rely on it.
    pub(crate) async fn hold(&self, id: ContentId) -> Result<(), NameError> {
        let held = self.shell()?.host().content_held(&id.to_string());
        self.promised(held).await?;
        Ok(())
    }

    /// Those who say that they have a content.
    pub(crate) async fn holders(&self, hash: ContentHash) -> Result<Vec<PeerId>, NameError> {
        let list = |node: &mut Node, now| node.list(now, &hash.0);
        let records = self.ask(list, |waiting| &waiting.lists).await??;
        let about_it = records.iter();
        let about_it = about_it.filter(|record| record.subject() == Some(&hash.0));
        Ok(about_it.filter_map(Record::publisher).collect())
    }
}

impl Network for PageNetwork {
    async fn record(&self, key: PeerId, quick: bool) -> Result<Option<Record>, NameError> {
        let get = |node: &mut Node, now| node.get(now, key, quick);
        Ok(self.ask(get, |waiting| &waiting.gets).await??)
    }

    async fn put(&self, record: Record, expected: u64) -> Result<(), NameError> {
        let put = |node: &mut Node, now| node.put(now, &record, Some(expected));
        Ok(self.ask(put, |waiting| &waiting.puts).await??)
    }

    async fn read(&self, id: ContentId, hints: &[PeerId]) -> Result<Vec<u8>, NameError> {
        self.fetch_content(id, hints).await?;
        let bytes = self.shell()?.host().content_bytes(&id.to_string());
        let bytes = self.promised(bytes).await?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }

    async fn add(&self, bytes: Vec<u8>) -> Result<ContentId, NameError> {
        let (id, tail) = hashed(&bytes);
        let host = self.shell()?.host().clone();
        self.promised(host.content_add(&id.to_string(), bytes, tail))
            .await?;
        self.shell()?.with_node(|node, now| {
            node.hold_content(id, None);
            node.announce_content(now, id.hash);
        });
        Ok(id)
    }

    async fn named(&self, name: &str, domain: &str) -> Result<PeerId, NameError> {
        let promise = self.shell()?.host().well_known(name, domain);
        let failed = |why| NameError::Domain(format!("{name}@{domain}"), why);
        let answer = self.promised(promise).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let text = answer.as_string().unwrap_or_default();
        text.parse()
            .map_err(|_| failed(format!("'{text}' is no peer id")))
    }

    fn unix(&self) -> u64 {
        crate::store::unix()
    }
}

impl Copies for PageNetwork {
    fn linked_peers(&self) -> Vec<PeerId> {
        let shell = self.shell();
        shell.map_or_else(|_| Vec::new(), |shell| shell.read(Node::connected_peers))
    }

    async fn fetch(&self, id: ContentId, hints: &[PeerId]) -> Result<(), NameError> {
        self.fetch_content(id, hints).await?;
        // At once, or it makes room for others while the rest comes.
        self.hold(id).await
    }

    async fn announce(&self, hash: ContentHash) -> Result<(), NameError> {
        self.shell()?
            .with_node(|node, now| node.announce_content(now, hash));
        Ok(())
    }

    async fn ask_to_keep(
        &self,
        peers: &[PeerId],
        wanted: &[(ContentId, bool)],
        patience: Duration,
    ) -> Result<Vec<PeerId>, NameError> {
        let Some((last, _)) = wanted.last() else {
            return Ok(Vec::new());
        };
        let answers = Answers::default();
        let shell = self.shell()?;
        let entry = (last.hash, Rc::clone(&answers));
        shell.services.waiting.keeps.borrow_mut().push(entry);
        shell.with_node(|node, now| {
            for peer in peers {
                for (id, folder) in wanted {
                    node.ask_to_keep(now, *peer, *id, *folder);
                }
            }
        });
        let is_late = after(&shell, patience);
        drop(shell);
        let all = |answers: &[(PeerId, bool)]| {
            let has_answered = |peer| answers.iter().any(|(by, _)| by == peer);
            peers.iter().all(has_answered)
        };
        poll_fn(
            |_| match is_late.take().is_some() || all(&answers.borrow()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            },
        )
        .await;
        let shell = self.shell()?;
        let mut keeps = shell.services.waiting.keeps.borrow_mut();
        keeps.retain(|(_, other)| !Rc::ptr_eq(other, &answers));
        let answers = answers.take();
        let holders = answers
            .into_iter()
            .filter(|(by, kept)| *kept && peers.contains(by));
        Ok(holders.map(|(by, _)| by).collect())
    }

    async fn pause(&self, length: Duration) {
        let over = self.shell().map(|shell| after(&shell, length));
        if let Ok(over) = over {
            over.filled().await;
        }
    }
}

/// Is filled when so much time has passed.
fn after(shell: &Shell, length: Duration) -> Slot<()> {
    let slot = Slot::new();
    let over = slot.clone();
    let ring = shell.callback(move |shell, _| {
        over.put(());
        shell.carry_out();
    });
    set_timeout(&ring, length.as_secs_f64() * 1000.0);
    slot
}

/// A promise that is settled by a task.
pub(crate) fn promise(
    shell: &Rc<Shell>,
    task: impl Future<Output = Result<JsValue, NameError>> + 'static,
) -> js_sys::Promise {
    let mut task = Some(task);
    let promise = js_sys::Promise::new(&mut |resolve, reject| {
        if let Some(task) = task.take() {
            shell.services.tasks.start(async move {
                let settled = match task.await {
                    Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                    Err(error) => reject.call1(&JsValue::UNDEFINED, &text_of(&error)),
                };
                // These two functions don't throw.
                drop(settled);
            });
        }
    });
    shell.carry_out();
    promise
}

/// Of an error, what is thrown: a code, a colon and a text.
fn text_of(error: &NameError) -> JsValue {
    let code = match error {
        NameError::Nothing(_) => "nothing-published",
        NameError::NotFound(_) | NameError::NotAFolder(_) => "not-found",
        NameError::NoPath | NameError::OtherProtocol(_) | NameError::Version(_) => "bad-name",
        NameError::Domain(..) => "bad-name",
        NameError::Malformed | NameError::Directory(_) => "malformed",
        NameError::Contended => "conflict",
        NameError::Record(_) => "too-large",
        NameError::Get(error) => return JsValue::from_str(&crate::store::get_text(error)),
        NameError::Put(error) => return JsValue::from_str(&crate::store::put_text(error)),
        NameError::Fetch(error) => return JsValue::from_str(&fetch_text(*error)),
        NameError::Storage(_) => "storage",
    };
    JsValue::from_str(&format!("{code}: {error}"))
}

/// The same for a fetch.
pub(crate) fn fetch_text(error: FetchError) -> String {
    let code = match error {
        FetchError::Unavailable => "unavailable",
        FetchError::Storage => "storage",
        FetchError::Congested => "congested",
        FetchError::Closed => "closed",
    };
    format!("{code}: {error}")
}
