//! The core's `async` functions in a page, and what they wait for.
//!
//! They are polled whenever something has happened. Few of them run at a time, and each looks into
//! its [`Slot`], so nobody has to be woken.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use boplish_core::{FetchError, FetchToken, GetError, PutError, StoreToken};
use boplish_wire::content::ContentHash;
use boplish_wire::{Keypair, PeerId, Record};
use litemap::LiteMap;

use crate::copier::Copier;

/// What a shell has for them.
pub(crate) struct Services {
    identity: Keypair,
    pub(crate) tasks: Tasks,
    pub(crate) waiting: Waiting,
    /// Whether copies are held for others, and how.
    pub(crate) copier: RefCell<Option<Rc<Copier>>>,
}

impl Services {
    pub(crate) fn new(identity: &Keypair) -> Self {
        Self {
            identity: Keypair::from_secret(&identity.secret()),
            tasks: Tasks::default(),
            waiting: Waiting::default(),
            copier: RefCell::default(),
        }
    }

    /// The one that signs.
    pub(crate) fn identity(&self) -> Keypair {
        Keypair::from_secret(&self.identity.secret())
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// What runs.
#[derive(Default)]
pub(crate) struct Tasks {
    running: RefCell<Vec<Task>>,
    new: RefCell<Vec<Task>>,
}

impl Tasks {
    /// Runs something, from the next [`Tasks::poll`] on.
    pub(crate) fn start(&self, task: impl Future<Output = ()> + 'static) {
        self.new.borrow_mut().push(Box::pin(task));
    }

    /// Lets all of them go on. None of them may call this.
    pub(crate) fn poll(&self) {
        let mut running = self.running.borrow_mut();
        let mut context = Context::from_waker(Waker::noop());
        let mut go_on = |tasks: &mut Vec<Task>| {
            tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        };
        go_on(&mut running);
        loop {
            let mut new = self.new.take();
            if new.is_empty() {
                return;
            }
            go_on(&mut new);
            running.append(&mut new);
        }
    }

    /// Ends all of them. None of them may call this.
    pub(crate) fn end(&self) {
        let ended = (self.running.take(), self.new.take());
        drop(ended);
    }
}

/// Where something is put that a task waits for.
pub(crate) struct Slot<T>(Rc<RefCell<Option<T>>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Slot<T> {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(None)))
    }

    /// Fills it; the task sees it with the next [`Tasks::poll`].
    pub(crate) fn put(&self, value: T) {
        *self.0.borrow_mut() = Some(value);
    }

    /// Empties it.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.borrow_mut().take()
    }

    /// Waits until there is something in it.
    pub(crate) async fn filled(&self) -> T {
        poll_fn(|_| self.take().map_or(Poll::Pending, Poll::Ready)).await
    }
}

/// What the store has said of a record, and of all with a subject.
pub(crate) type Found = Result<Option<Record>, GetError>;
type Listed = Result<Vec<Record>, GetError>;

/// Who has said whether it keeps a copy.
pub(crate) type Answers = Rc<RefCell<Vec<(PeerId, bool)>>>;

/// Who waits for which answer, by its token.
pub(crate) struct Tickets<K, T>(RefCell<LiteMap<K, Slot<T>>>);

impl<K: Ord, T> Default for Tickets<K, T> {
    fn default() -> Self {
        Self(RefCell::new(LiteMap::new()))
    }
}

impl<K: Ord, T> Tickets<K, T> {
    /// A task waits for this answer.
    pub(crate) fn insert(&self, token: K, slot: Slot<T>) {
        self.0.borrow_mut().insert(token, slot);
    }

    /// Hands an answer to the task that waits for it; back, if there is none.
    fn answer(&self, token: &K, answer: T) -> Option<T> {
        match self.0.borrow_mut().remove(token) {
            Some(slot) => {
                slot.put(answer);
                None
            }
            None => Some(answer),
        }
    }
}

/// What tasks wait for of the node. What none of them waits for is the page's.
#[derive(Default)]
pub(crate) struct Waiting {
    pub(crate) puts: Tickets<StoreToken, Result<(), PutError>>,
    pub(crate) gets: Tickets<StoreToken, Found>,
    pub(crate) lists: Tickets<StoreToken, Listed>,
    pub(crate) fetches: Tickets<FetchToken, Result<(), FetchError>>,
    pub(crate) keeps: RefCell<Vec<(ContentHash, Answers)>>,
}

impl Waiting {
    pub(crate) fn put(
        &self,
        token: StoreToken,
        result: Result<(), PutError>,
    ) -> Option<Result<(), PutError>> {
        self.puts.answer(&token, result)
    }

    pub(crate) fn got(&self, token: StoreToken, result: Found) -> Option<Found> {
        self.gets.answer(&token, result)
    }

    pub(crate) fn listed(&self, token: StoreToken, result: Listed) {
        self.lists.answer(&token, result);
    }

    pub(crate) fn fetched(
        &self,
        token: FetchToken,
        result: Result<(), FetchError>,
    ) -> Option<Result<(), FetchError>> {
        self.fetches.answer(&token, result)
    }

    pub(crate) fn kept(&self, by: PeerId, hash: ContentHash, kept: bool) {
        for (about, answers) in &*self.keeps.borrow() {
            if *about == hash {
                answers.borrow_mut().push((by, kept));
            }
        }
    }
}
