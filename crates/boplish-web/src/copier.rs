//! Copies that this page holds for others.

use std::cell::RefCell;
use std::rc::Rc;

use boplish_core::copies::{Keeper, Question, Questions};
use boplish_wire::content::ContentId;

use crate::names::PageNetwork;
use crate::shell::Shell;

/// Holds copies for others.
pub(crate) struct Copier {
    keeper: Keeper,
    questions: RefCell<Questions>,
}

impl Copier {
    /// Holds so many bytes for others, at most.
    pub(crate) fn new(room: u64) -> Self {
        Self {
            keeper: Keeper::new(room),
            questions: RefCell::default(),
        }
    }
}

/// A peer asks this one to hold a copy.
pub(crate) fn keep(shell: &Rc<Shell>, question: Question) {
    // Before it is known how much room there is, none is.
    let copier = shell.services.copier.borrow().clone();
    let copier = copier.filter(|it| it.questions.borrow_mut().ask(question));
    let Some(copier) = copier else {
        return answer(shell, question, false);
    };
    let first = copier.questions.borrow_mut().begin();
    let Some(first) = first else {
        // Who works on another one goes on with this.
        return;
    };
    let network = PageNetwork::new(shell);
    shell.services.tasks.start(async move {
        let mut next = Some(first);
        while let Some(question) = next {
            let kept = match copier.keeper.keep(&network, question).await {
                Ok(held) => holds_all(&network, &held).await,
                Err(_) => false,
            };
            let Ok(shell) = network.shell() else {
                return;
            };
            answer(&shell, question, kept);
            let mut questions = copier.questions.borrow_mut();
            questions.done(question.from);
            next = questions.begin();
        }
    });
}

fn answer(shell: &Shell, question: Question, kept: bool) {
    let Question { from, id, .. } = question;
    shell.with_node(|node, now| node.answer_keep(now, from, id, kept));
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
