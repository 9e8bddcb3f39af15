//! What handles ask of the peer's task.

use std::time::Duration;

use boplish_core::RingView;
use boplish_wire::{MessageId, Payload, PeerId, ProtocolName, Record};
use tokio::sync::oneshot;

use super::content::ContentRequest;
use super::groups::GroupRequest;
use super::{AcceptedInvitation, Found, PeerError};

/// What a handle asks of the peer's task.
#[derive(Debug)]
pub(crate) enum Command {
    Send {
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Request {
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
        timeout: Duration,
        done: oneshot::Sender<Result<Payload, PeerError>>,
    },
    Reply {
        to: PeerId,
        request: MessageId,
        payload: Payload,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Ping {
        peer: PeerId,
        done: oneshot::Sender<Result<Duration, PeerError>>,
    },
    Lookup {
        key: PeerId,
        done: oneshot::Sender<Result<Found, PeerError>>,
    },
    Put {
        record: Box<Record>,
        expected: Option<u64>,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Get {
        key: PeerId,
        quick: bool,
        done: oneshot::Sender<Result<Option<Record>, PeerError>>,
    },
    Content(ContentRequest),
    Group(GroupRequest),
    Ring {
        done: oneshot::Sender<Result<Option<RingView>, PeerError>>,
    },
    TakeProtocol {
        protocol: ProtocolName,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    RequestTopology {
        peer: Option<PeerId>,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    RegisterInGroup {
        peer: PeerId,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    SendToGroup {
        payload: Payload,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    SetMonitoring {
        on: bool,
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Invite {
        done: oneshot::Sender<Result<String, PeerError>>,
    },
    AcceptInvitation {
        text: String,
        done: oneshot::Sender<Result<AcceptedInvitation, PeerError>>,
    },
    CompleteInvitation {
        text: String,
        done: oneshot::Sender<Result<PeerId, PeerError>>,
    },
    NetworkChanged {
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Close {
        done: oneshot::Sender<Result<(), PeerError>>,
    },
    Vanish,
}
