//! What the directory wants of the engine, until the driver takes it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use boplish_directory::{ClientId, Letter, Order};
use tokio::sync::{Notify, mpsc};

use super::EngineState;

/// Letters that wait for the engine; a further one comes back to the directory: the sender of a
/// message for a peer hears the same as if that were not there, a message for anyone stays here.
const LETTERS: usize = 4_096;

/// The hub's end.
#[derive(Debug, Clone)]
pub(crate) struct Orders(Option<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    letters: mpsc::Sender<Letter>,
    state: Arc<State>,
}

/// The driver's end.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) letters: mpsc::Receiver<Letter>,
}

/// What both ends see.
#[derive(Debug, Default)]
pub(crate) struct State {
    is_up: AtomicBool,
    /// Peers that have come and gone since the driver looked: one entry for each.
    changes: Mutex<BTreeMap<ClientId, Change>>,
    pub(crate) changed: Notify,
}

/// What has become of a peer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Appeared { claim: Vec<u8> },
    Vanished,
}

pub(crate) fn new() -> (Orders, Queue, Arc<State>) {
    let (sender, letters) = mpsc::channel(LETTERS);
    let state = Arc::new(State::default());
    let inner = Inner {
        letters: sender,
        state: state.clone(),
    };
    (Orders(Some(inner)), Queue { letters }, state)
}

impl Orders {
    /// Where there is no engine.
    pub(crate) fn nowhere() -> Self {
        Self(None)
    }

    /// Takes an order; a letter for which there is no room comes back.
    pub(crate) fn put(&self, order: Order) -> Result<(), Letter> {
        let Some(inner) = &self.0 else {
            return match order {
                Order::Publish(letter) => Err(letter),
                Order::Appear { .. } | Order::Vanish { .. } => Ok(()),
            };
        };
        match order {
            Order::Publish(letter) => {
                let sent = inner.letters.try_send(letter);
                sent.map_err(mpsc::error::TrySendError::into_inner)
            }
            Order::Appear { id, claim } => {
                inner.state.change(id, Change::Appeared { claim });
                Ok(())
            }
            Order::Vanish { id } => {
                inner.state.change(id, Change::Vanished);
                Ok(())
            }
        }
    }

    pub(crate) fn state(&self) -> EngineState {
        match &self.0 {
            None => EngineState::InProcess,
            Some(inner) if inner.state.is_up.load(Ordering::Relaxed) => EngineState::Up,
            Some(_) => EngineState::Lost,
        }
    }
}

impl State {
    fn change(&self, id: ClientId, change: Change) {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.insert(id, change);
        self.changed.notify_one();
    }

    pub(crate) fn take_changes(&self) -> BTreeMap<ClientId, Change> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *changes)
    }

    pub(crate) fn set_up(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use boplish_directory::Channel;

    use super::*;

    #[test]
    fn a_letter_without_room_comes_back_and_a_peer_counts_as_it_was_last() {
        let (orders, mut queue, state) = new();
        let letter = |number: usize| Letter {
            channel: Channel::All,
            frame: number.to_be_bytes().to_vec(),
        };
        for number in 0..LETTERS {
            assert_eq!(orders.put(Order::Publish(letter(number))), Ok(()));
        }
        assert_eq!(orders.put(Order::Publish(letter(17))), Err(letter(17)));
        assert_eq!(queue.letters.try_recv(), Ok(letter(0)));
        let id = ClientId::new("alice").unwrap();
        let claim = vec![1];
        for _ in 0..3 {
            let (id, claim) = (id.clone(), claim.clone());
            assert_eq!(orders.put(Order::Vanish { id: id.clone() }), Ok(()));
            assert_eq!(orders.put(Order::Appear { id, claim }), Ok(()));
        }
        let changes = state.take_changes();
        assert_eq!(changes.get(&id), Some(&Change::Appeared { claim }));
        assert_eq!(changes.len(), 1);
    }
}
