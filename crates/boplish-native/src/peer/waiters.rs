//! Callers that wait for the outcome of a message.

use std::collections::HashMap;
use std::time::Duration;

use boplish_core::io::DeliveryError;
use boplish_core::{ContentEvent, Event, FetchToken, StoreToken};
use boplish_wire::{MessageId, Payload, PeerId, Record};
use tokio::sync::oneshot;

use super::{Found, PeerError};

/// Who waits for what. The node bounds the messages that are on their way, and reports an
/// outcome for each within a bound of time.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: HashMap<MessageId, Waiter>,
    pings: u64,
    puts: HashMap<StoreToken, oneshot::Sender<Result<(), PeerError>>>,
    gets: HashMap<StoreToken, oneshot::Sender<Result<Option<Record>, PeerError>>>,
    fetches: HashMap<FetchToken, oneshot::Sender<Result<(), PeerError>>>,
}

/// One caller.
#[derive(Debug)]
pub(super) enum Waiter {
    /// Waits until its message has arrived.
    Send(oneshot::Sender<Result<(), PeerError>>),
    /// Waits for a reply.
    Request(oneshot::Sender<Result<Payload, PeerError>>),
    /// Waits for the owner of a key.
    Lookup(oneshot::Sender<Result<Found, PeerError>>),
    /// Waits for a pong of a peer.
    Ping {
        /// The peer.
        peer: PeerId,
        /// Which ping it is, counted from the first.
        order: u64,
        /// The caller.
        done: oneshot::Sender<Result<Duration, PeerError>>,
    },
}

impl Waiter {
    /// Tells the caller that nothing came of it. A caller that has gone away needs no answer.
    pub(super) fn fail(self, error: PeerError) {
        match self {
            Self::Send(done) => drop(done.send(Err(error))),
            Self::Request(done) => drop(done.send(Err(error))),
            Self::Lookup(done) => drop(done.send(Err(error))),
            Self::Ping { done, .. } => drop(done.send(Err(error))),
        }
    }
}

impl Waiters {
    /// Keeps a caller until the outcome of its message is known.
    pub(super) fn insert(&mut self, id: MessageId, waiter: Waiter) {
        self.waiting.insert(id, waiter);
    }

    /// Keeps a caller until a pong comes from the peer.
    pub(super) fn insert_ping(
        &mut self,
        id: MessageId,
        peer: PeerId,
        done: oneshot::Sender<Result<Duration, PeerError>>,
    ) {
        let order = self.pings;
        self.pings += 1;
        self.insert(id, Waiter::Ping { peer, order, done });
    }

    /// Keeps a caller until its record is stored.
    pub(super) fn insert_put(
        &mut self,
        token: StoreToken,
        done: oneshot::Sender<Result<(), PeerError>>,
    ) {
        self.puts.insert(token, done);
    }

    /// Keeps a caller until it is known what is stored.
    pub(super) fn insert_get(
        &mut self,
        token: StoreToken,
        done: oneshot::Sender<Result<Option<Record>, PeerError>>,
    ) {
        self.gets.insert(token, done);
    }

    /// Keeps a caller until a content is there.
    pub(super) fn insert_fetch(
        &mut self,
        token: FetchToken,
        done: oneshot::Sender<Result<(), PeerError>>,
    ) {
        self.fetches.insert(token, done);
    }

    /// The fetches whose callers have gone away.
    pub(super) fn take_abandoned_fetches(&mut self) -> Vec<FetchToken> {
        let gone = self.fetches.extract_if(|_, done| done.is_closed());
        gone.map(|(token, _)| token).collect()
    }

    /// Wakes whoever waits for this event. Gives the event back if it is for everyone.
    pub(super) fn handle_event(&mut self, event: Event) -> Option<Event> {
        match event {
            Event::Delivered(id) => match self.waiting.remove(&id) {
                Some(Waiter::Send(done)) => {
                    let _ = done.send(Ok(()));
                    None
                }
                // A request or ping has arrived; its answer is still to come.
                Some(waiter @ (Waiter::Request(_) | Waiter::Lookup(_) | Waiter::Ping { .. })) => {
                    self.waiting.insert(id, waiter);
                    None
                }
                None => Some(Event::Delivered(id)),
            },
            Event::Undelivered { id, error } => self.fail(id, error),
            Event::Reply { from, to, payload } => match self.waiting.remove(&to) {
                Some(Waiter::Request(done)) => {
                    let _ = done.send(Ok(payload));
                    None
                }
                Some(waiter @ (Waiter::Send(_) | Waiter::Lookup(_) | Waiter::Ping { .. })) => {
                    self.waiting.insert(to, waiter);
                    None
                }
                None => Some(Event::Reply { from, to, payload }),
            },
            Event::Pong { from, round_trip } => {
                self.handle_pong(from, round_trip);
                Some(Event::Pong { from, round_trip })
            }
            Event::Found {
                lookup,
                owner,
                hops,
            } => match self.waiting.remove(&lookup) {
                Some(Waiter::Lookup(done)) => {
                    let _ = done.send(Ok(Found { owner, hops }));
                    None
                }
                Some(waiter @ (Waiter::Send(_) | Waiter::Request(_) | Waiter::Ping { .. })) => {
                    self.waiting.insert(lookup, waiter);
                    None
                }
                None => Some(Event::Found {
                    lookup,
                    owner,
                    hops,
                }),
            },
            Event::Put { token, result } => {
                let done = self.puts.remove(&token)?;
                let _ = done.send(result.map_err(PeerError::from));
                None
            }
            Event::Got { token, result } => {
                let done = self.gets.remove(&token)?;
                let _ = done.send(result.map_err(PeerError::from));
                None
            }
            Event::Content(ContentEvent::Fetched { token, result }) => {
                let done = self.fetches.remove(&token)?;
                let _ = done.send(result.map_err(PeerError::from));
                None
            }
            Event::StateChanged(_)
            | Event::Listed { .. }
            | Event::Content(_)
            | Event::SignalingChanged { .. }
            | Event::PeerConnected(_)
            | Event::PeerDisconnected { .. }
            | Event::Message { .. }
            | Event::Topology { .. }
            | Event::RingJoined
            | Event::KeyMessage { .. }
            | Event::Forward { .. }
            | Event::NeighbourhoodChanged
            | Event::GroupChanged { .. }
            | Event::GroupMessage { .. }
            | Event::Group { .. }
            | Event::Monitor { .. }
            | Event::Refused { .. }
            | Event::ServerError(_)
            | Event::Invitation { .. }
            | Event::InvitationLapsed(_)
            | Event::InvitationAnswer { .. }
            | Event::InvitationFailed { .. } => Some(event),
        }
    }

    fn fail(&mut self, id: MessageId, error: DeliveryError) -> Option<Event> {
        let Some(waiter) = self.waiting.remove(&id) else {
            return Some(Event::Undelivered { id, error });
        };
        waiter.fail(error.into());
        None
    }

    /// A pong does not say which ping it answers: the oldest to that peer is taken.
    fn handle_pong(&mut self, from: PeerId, round_trip: Duration) {
        let oldest = self
            .waiting
            .iter()
            .filter_map(|(id, waiter)| match waiter {
                Waiter::Ping { peer, order, .. } if *peer == from => Some((*order, *id)),
                Waiter::Ping { .. } | Waiter::Send(_) | Waiter::Request(_) | Waiter::Lookup(_) => {
                    None
                }
            })
            .min();
        if let Some(Waiter::Ping { done, .. }) = oldest.and_then(|(_, id)| self.waiting.remove(&id))
        {
            let _ = done.send(Ok(round_trip));
        }
    }
}
