use core::cell::RefCell;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;

use boplish_wire::content::{ContentHasher, Directory};
use boplish_wire::{Record, content::Target};

use super::*;

/// A publisher's contents, all at hand, and what was fetched of them.
#[derive(Default)]
struct Shop {
    contents: BTreeMap<ContentId, Vec<u8>>,
    fetched: RefCell<Vec<ContentId>>,
}

impl Shop {
    fn publish(&mut self, bytes: Vec<u8>) -> ContentId {
        let mut hasher = ContentHasher::default();
        hasher.update(&bytes);
        let id = hasher.finish().id;
        self.contents.insert(id, bytes);
        id
    }

    fn folder(&mut self, entries: usize, target: &Target) -> ContentId {
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
        Ok(None)
    }

    async fn put(&self, _: Record, _: u64) -> Result<(), NameError> {
        Ok(())
    }

    async fn read(&self, id: ContentId, _: &[PeerId]) -> Result<Vec<u8>, NameError> {
        Ok(self.contents[&id].clone())
    }

    async fn add(&self, _: Vec<u8>) -> Result<ContentId, NameError> {
        Err(NameError::Malformed)
    }

    async fn named(&self, _: &str, _: &str) -> Result<PeerId, NameError> {
        Err(NameError::Malformed)
    }

    fn unix(&self) -> u64 {
        0
    }
}

impl Copies for Shop {
    fn linked_peers(&self) -> Vec<PeerId> {
        Vec::new()
    }

    async fn fetch(&self, id: ContentId, _: &[PeerId]) -> Result<(), NameError> {
        self.fetched.borrow_mut().push(id);
        match self.contents.contains_key(&id) {
            true => Ok(()),
            false => Err(NameError::Malformed),
        }
    }

    async fn announce(&self, _: ContentHash) -> Result<(), NameError> {
        Ok(())
    }

    async fn ask_to_keep(
        &self,
        _: &[PeerId],
        _: &[(ContentId, bool)],
        _: Duration,
    ) -> Result<Vec<PeerId>, NameError> {
        Ok(Vec::new())
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

fn publisher() -> PeerId {
    PeerId::from_bytes([1; PeerId::BYTES])
}

#[test]
fn a_folder_that_is_in_many_folders_is_held_once() {
    let mut shop = Shop::default();
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
    let mut keeper = Keeper::new(1 << 30);
    let held = now(keeper.keep(&shop, publisher(), inner, true)).expect("there is room");
    assert_eq!(held.len(), 7);
    assert_eq!(shop.fetched.borrow().len(), 7);
}

#[test]
fn nothing_is_fetched_that_there_is_no_room_for() {
    let mut shop = Shop::default();
    let large = shop.publish(vec![0; 2_000]);
    let mut keeper = Keeper::new(1_999);
    for is_folder in [false, true] {
        let refused = now(keeper.keep(&shop, publisher(), large, is_folder));
        assert!(matches!(refused, Err(NameError::Storage(_))), "{refused:?}");
    }
    assert!(shop.fetched.borrow().is_empty());
}

#[test]
fn what_has_failed_may_have_left_something_and_counts_once() {
    let mut shop = Shop::default();
    let there = shop.publish(vec![0; 600]);
    let mut gone = ContentId { ..there };
    gone.length = 1_000;
    gone.hash = ContentHash([9; 32]);
    let mut keeper = Keeper::new(1_500);
    for _ in 0..3 {
        assert!(now(keeper.keep(&shop, publisher(), gone, false)).is_err());
    }
    let refused = now(keeper.keep(&shop, publisher(), there, false));
    assert!(matches!(refused, Err(NameError::Storage(_))), "{refused:?}");
}
