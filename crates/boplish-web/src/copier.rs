//! Copies that this page holds for others.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use boplish_core::copies::Keeper;
use boplish_wire::PeerId;
use boplish_wire::content::ContentId;

use crate::names::PageNetwork;
use crate::shell::Shell;

/// Holds copies for others, one after the other.
pub(crate) struct Copier {
    keeper: RefCell<Keeper>,
    asked: RefCell<Vec<(PeerId, ContentId, bool)>>,
    is_running: Cell<bool>,
}

/// Copies that wait to be made; who asks beyond is refused.
const MAX_ASKED: usize = 64;

impl Copier {
    /// Holds so many bytes for others, at most.
    pub(crate) fn new(room: u64) -> Self {
        Self {
            keeper: RefCell::new(Keeper::new(room)),
            asked: RefCell::default(),
            is_running: Cell::new(false),
        }
    }
}

/// A peer asks this one to hold a copy.
pub(crate) fn keep(shell: &Rc<Shell>, from: PeerId, id: ContentId, folder: bool) {
    // Before it is known how much room there is, none is.
    let copier = shell.services.copier.borrow().clone();
    let Some(copier) = copier.filter(|it| it.asked.borrow().len() < MAX_ASKED) else {
        return shell.with_node(|node, now| node.answer_keep(now, from, id, false));
    };
    copier.asked.borrow_mut().insert(0, (from, id, folder));
    if copier.is_running.replace(true) {
        return;
    }
    let network = PageNetwork::new(shell);
    shell.services.tasks.start(async move {
        let mut keeper = copier.keeper.replace(Keeper::new(0));
        loop {
            let next = copier.asked.borrow_mut().pop();
            let Some((from, id, folder)) = next else {
                break;
            };
            let kept = match keeper.keep(&network, from, id, folder).await {
                Ok(held) => holds_all(&network, &held).await,
                Err(_) => false,
            };
            let Ok(shell) = network.shell() else {
                return;
            };
            shell.with_node(|node, now| node.answer_keep(now, from, id, kept));
        }
        copier.keeper.replace(keeper);
        copier.is_running.set(false);
    });
}

/// Whether the page has all of these, of which the first may have been fetched long ago.
async fn holds_all(network: &PageNetwork, held: &[ContentId]) -> bool {
    for id in held {
        if network.hold(*id).await.is_err() {
            return false;
        }
    }
    true
}
