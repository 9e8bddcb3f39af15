use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;

use boplish_wire::content::{ContentHasher, Directory};
use boplish_wire::{Keypair, Record, content::Target};

use super::*;

/// A publisher's contents, all at hand, and what was fetched of them.
#[derive(Default)]
struct Shop {
    contents: RefCell<BTreeMap<ContentId, Vec<u8>>>,
    /// The publisher's record.
    record: RefCell<Option<Record>>,
    fetched: RefCell<Vec<ContentId>>,
    /// Who there are links to.
    linked: Vec<PeerId>,
    /// The first of them that holds anything.
    keeps_from: usize,
    /// What was asked for, and whom.
    asked: RefCell<Vec<(Vec<PeerId>, Vec<ContentId>)>>,
    clock: Cell<u64>,
}

impl Shop {
    fn publish(&self, bytes: Vec<u8>) -> ContentId {
        let mut hasher = ContentHasher::default();
        hasher.update(&bytes);
        let id = hasher.finish().id;
        self.contents.borrow_mut().insert(id, bytes);
        id
    }

    fn folder(&self, entries: usize, target: &Target) -> ContentId {
        let mut list = Directory::default();
        for number in 0..entries {
            let inserted = list.insert(&number.to_string(), target.clone());
            inserted.expect("the name is right");
        }
        self.publish(list.encode().expect("it is short"))
    }
}

impl Network for Shop {
    async fn record(&self, _: PeerId, _: bool) -> Result<Option<Record>, NameError> {
        Ok(self.record.borrow().clone())
    }

    async fn put(&self, record: Record, _: u64) -> Result<(), NameError> {
        self.record.replace(Some(record));
        Ok(())
    }

    async fn read(&self, id: ContentId, _: &[PeerId]) -> Result<Vec<u8>, NameError> {
        Ok(self.contents.borrow()[&id].clone())
    }

    async fn add(&self, bytes: Vec<u8>) -> Result<ContentId, NameError> {
        Ok(self.publish(bytes))
    }

    async fn named(&self, _: &str, _: &str) -> Result<PeerId, NameError> {
        Err(NameError::Malformed)
    }

    fn unix(&self) -> u64 {
        self.clock.get()
    }
}

impl Copies for Shop {
    fn linked_peers(&self) -> Vec<PeerId> {
        self.linked.clone()
    }

    async fn fetch(&self, id: ContentId, _: &[PeerId]) -> Result<(), NameError> {
        self.fetched.borrow_mut().push(id);
        match self.contents.borrow().contains_key(&id) {
            true => Ok(()),
            false => Err(NameError::Malformed),
        }
    }

    async fn announce(&self, _: ContentHash) -> Result<(), NameError> {
        Ok(())
    }

    async fn ask_to_keep(
        &self,
        peers: &[PeerId],
        wanted: &[(ContentId, bool)],
        _: Duration,
    ) -> Result<Vec<PeerId>, NameError> {
        let ids = wanted.iter().map(|(id, _)| *id).collect();
        self.asked.borrow_mut().push((peers.to_vec(), ids));
        let mut kept = peers.to_vec();
        kept.retain(|peer| self.linked[self.keeps_from..].contains(peer));
        Ok(kept)
    }

    async fn pause(&self, length: Duration) {
        self.clock.set(self.clock.get() + length.as_secs());
    }
}

/// The answer of a future that waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("nothing is waited for"),
    }
}

fn peer(number: u8) -> PeerId {
    PeerId::from_bytes([number; PeerId::BYTES])
}

fn question(id: ContentId, folder: bool) -> Question {
    let from = peer(1);
    Question { from, id, folder }
}

#[test]
fn a_folder_that_is_in_many_folders_is_held_once() {
    let shop = Shop::default();
    let mut inner = shop.publish(b"a file".to_vec());
    let mut target = Target::File {
        id: inner,
        media_type: "".into(),
    };
    for _ in 0..6 {
        inner = shop.folder(1_000, &target);
        let total = 6;
        target = Target::Folder { id: inner, total };
    }
    let keeper = Keeper::new(1 << 30);
    let held = now(keeper.keep(&shop, question(inner, true))).expect("there is room");
    assert_eq!(held.len(), 7);
    assert_eq!(shop.fetched.borrow().len(), 7);
}

#[test]
fn nothing_is_fetched_that_there_is_no_room_for() {
    let shop = Shop::default();
    let large = shop.publish(vec![0; 2_000]);
    let keeper = Keeper::new(1_999);
    for is_folder in [false, true] {
        let refused = now(keeper.keep(&shop, question(large, is_folder)));
        assert!(matches!(refused, Err(NameError::Storage(_))), "{refused:?}");
    }
    assert!(shop.fetched.borrow().is_empty());
}

#[test]
fn what_has_failed_may_have_left_something_and_counts_once() {
    let shop = Shop::default();
    let there = shop.publish(vec![0; 600]);
    let mut gone = ContentId { ..there };
    gone.length = 1_000;
    gone.hash = ContentHash([9; 32]);
    let keeper = Keeper::new(1_500);
    for _ in 0..3 {
        assert!(now(keeper.keep(&shop, question(gone, false))).is_err());
    }
    let refused = now(keeper.keep(&shop, question(there, false)));
    assert!(matches!(refused, Err(NameError::Storage(_))), "{refused:?}");
}

/// Twelve linked peers, and what was published in a folder.
fn after_a_change(keeps_from: usize) -> (Shop, Published) {
    let shop = Shop {
        keeps_from,
        linked: (0..12)
            .map(|n| PeerId::from_bytes([n; PeerId::BYTES]))
            .collect(),
        ..Shop::default()
    };
    let published = Published {
        root: shop.publish(b"root".to_vec()),
        folders: vec![shop.publish(b"folder".to_vec())],
        sequence: 2,
    };
    (shop, published)
}

#[test]
fn new_lists_are_left_with_the_first_who_take_them_the_root_with_all_others() {
    let (shop, published) = after_a_change(4);
    let holders = now(leave_lists(&shop, &published)).expect("nothing fails");
    assert_eq!(holders, shop.linked[4..6]);
    let asked = shop.asked.borrow();
    assert_eq!(asked.len(), 2);
    for (_, lists) in &*asked {
        assert_eq!(lists.last(), Some(&published.root));
        assert!(lists.contains(&published.folders[0]));
    }
}

#[test]
fn lists_that_nobody_takes_are_given_up_in_time() {
    let (shop, published) = after_a_change(12);
    let holders = now(leave_lists(&shop, &published)).expect("nothing fails");
    assert_eq!(holders, []);
    assert!((LISTS_PATIENCE..=LISTS_PATIENCE + 2).contains(&shop.clock.get()));
}

#[test]
fn a_folder_that_is_left_empty_goes_with_its_list_which_nobody_is_asked_to_hold() {
    let shop = Shop::default();
    let keypair = Keypair::from_secret(&[7; 32]);
    let file = || Target::File {
        id: shop.publish(b"a file".to_vec()),
        media_type: "".into(),
    };
    for path in [&["notes", "old", "a"][..], &["notes", "b"]] {
        now(names::publish(&shop, &keypair, path, file())).expect("it is published");
    }
    let published = now(names::unpublish(&shop, &keypair, &["notes", "old", "a"]));
    let published = published.expect("it was there");
    let notes = now(names::folder(&shop, published.folders[0], keypair.id()));
    let notes = notes.expect("it is a folder");
    assert_eq!(published.folders.len(), 1);
    assert_eq!(notes.entries().len(), 1);
    assert!(!published.is_empty());
    let published = now(names::unpublish(&shop, &keypair, &["notes", "b"])).expect("it was there");
    assert_eq!(published.folders, []);
    assert!(published.is_empty());
}

#[test]
fn who_asks_for_what_nobody_has_keeps_nobody_else_waiting() {
    let id = ContentId::of(b"a file");
    let of = |number| Question {
        from: peer(number),
        ..question(id, false)
    };
    let mut questions = Questions::default();
    for number in [1, 1, 2, 1, 3, 4, 5] {
        assert!(questions.ask(of(number)));
    }
    // One of each peer at a time, up to four.
    for number in [1, 2, 3, 4] {
        assert_eq!(questions.begin(), Some(of(number)));
    }
    assert_eq!(questions.begin(), None);
    questions.done(peer(2));
    assert_eq!(questions.begin(), Some(of(5)));
    questions.done(peer(3));
    assert_eq!(questions.begin(), None);
    questions.done(peer(1));
    assert_eq!(questions.begin(), Some(of(1)));
}

#[test]
fn questions_are_bounded_and_one_peer_does_not_take_all_the_room() {
    let mut questions = Questions::default();
    let id = ContentId::of(b"a file");
    let mut ask = |number| {
        questions.ask(Question {
            from: peer(number),
            ..question(id, false)
        })
    };
    let taken = |ask: &mut dyn FnMut(u8) -> bool, number| (0..100).filter(|_| ask(number)).count();
    assert_eq!(taken(&mut ask, 1), MAX_WAITING_OF_ONE);
    assert_eq!(taken(&mut ask, 2), MAX_WAITING - MAX_WAITING_OF_ONE);
    assert_eq!(taken(&mut ask, 3), 0);
}

#[test]
fn an_empty_root_is_left_with_nobody() {
    let (shop, mut published) = after_a_change(0);
    let nothing = Directory::default().encode().expect("it is short");
    (published.root, published.folders) = (ContentId::of(&nothing), Vec::new());
    assert_eq!(now(leave_lists(&shop, &published)), Ok(Vec::new()));
    assert!(shop.asked.borrow().is_empty());
}
