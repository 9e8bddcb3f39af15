//! Groups of any size, as a peer's handles ask for them.

use boplish_core::{GroupAccess, SendToMemberError};
use boplish_wire::{Payload, PeerId};
use tokio::sync::oneshot;

use super::command::Command;
use super::driver::{Driver, answer};
use super::waiters::Waiter;
use super::{Peer, PeerError};

/// What a handle asks about groups.
#[derive(Debug)]
pub(crate) enum GroupRequest {
    Join {
        access: GroupAccess,
        history: u32,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Publish {
        group: PeerId,
        payload: Payload,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    SendToMember {
        group: PeerId,
        to: PeerId,
        payload: Payload,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Leave {
        group: PeerId,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
}

impl From<SendToMemberError> for PeerError {
    fn from(error: SendToMemberError) -> Self {
        match error {
            SendToMemberError::Group(error) => error.into(),
            SendToMemberError::Send(error) => error.into(),
        }
    }
}

impl Driver {
    pub(super) fn handle_group_request(&mut self, request: GroupRequest) {
        let now = self.now();
        match request {
            GroupRequest::Join {
                access,
                history,
                done,
            } => answer(done, self.node.join_group(now, &access, history)),
            GroupRequest::Publish {
                group,
                payload,
                done,
            } => {
                answer(done, self.node.publish_to_group(now, group, &payload));
            }
            GroupRequest::SendToMember {
                group,
                to,
                payload,
                done,
            } => match self.node.send_to_member(now, group, to, &payload) {
                Ok(id) => self.waiters.insert(id, Waiter::Send(done)),
                Err(error) => drop(done.send(Err(error.into()))),
            },
            GroupRequest::Leave { group, done } => {
                self.node.leave_group(now, group);
                let _ = done.send(Ok(()));
            }
        }
    }
}

impl Peer {
    async fn ask_groups(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<(), PeerError>>) -> GroupRequest,
    ) -> Result<(), PeerError> {
        self.ask(|done| Command::Group(request(done))).await
    }

    /// Joins a group, and wants its last `history` posts (64 at most). `Event::Group` follows, first
    /// of all `GroupEvent::Joined`: what is said from then on comes.
    pub async fn join_group(&self, access: GroupAccess, history: u32) -> Result<(), PeerError> {
        self.ask_groups(|done| GroupRequest::Join {
            access,
            history,
            done,
        })
        .await
    }

    /// Says something to all other members of a group that this peer has joined.
    pub async fn publish_to_group(&self, group: PeerId, payload: Payload) -> Result<(), PeerError> {
        self.ask_groups(|done| GroupRequest::Publish {
            group,
            payload,
            done,
        })
        .await
    }

    /// Says something to one member of a group alone; resolves when it has arrived.
    pub async fn send_to_member(
        &self,
        group: PeerId,
        to: PeerId,
        payload: Payload,
    ) -> Result<(), PeerError> {
        self.ask_groups(|done| GroupRequest::SendToMember {
            group,
            to,
            payload,
            done,
        })
        .await
    }

    /// Is no member of a group any more.
    pub async fn leave_group(&self, group: PeerId) -> Result<(), PeerError> {
        self.ask_groups(|done| GroupRequest::Leave { group, done })
            .await
    }
}
