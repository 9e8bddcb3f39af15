//! What goes into a [`Node`](crate::Node) and what comes out: the whole contract between the core
//! and its shells.
//!
//! A shell loops: it hands facts in with `handle_input` (or gives a command of the user), then
//! drains `poll_output` until it is empty and carries out what it got, in order, then sleeps
//! until the next fact or `poll_timeout`, whichever is first. A timeout that has passed is handed
//! in as [`Input::Timeout`].

use core::fmt;
use core::time::Duration;

use boplish_wire::bootstrap::{IceServer, ServerError};
use boplish_wire::{
    Candidate, Description, Message, MessageId, Payload, PeerId, ProtocolName, Record, RecordError,
};

use crate::service::content::{ContentCommand, ContentEvent};
use crate::service::dht::{GetError, PutError, StoreToken};
use crate::service::group::GroupEvent;

/// Names one WebRTC connection (an `RTCPeerConnection` with its data channel) between the core
/// and its shell. The core picks it with `CreateOffer` or `CreateAnswer` and never uses it again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}", self.0)
    }
}

/// A fact from outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// The time that `poll_timeout` named has come.
    Timeout,
    /// The WebSocket to the bootstrap server is open.
    SignalingOpened,
    /// A text has come over the WebSocket.
    SignalingMessage(String),
    /// The WebSocket is closed, or could not be opened.
    SignalingClosed {
        /// Why, for people.
        reason: String,
    },
    /// Something has happened to a connection. Facts about connections that the core has closed
    /// are ignored, so a shell need not care for the order.
    Connection(ConnectionId, ConnectionInput),
    /// The page has become hidden or visible (`visibilitychange`).
    Visibility {
        /// Whether it is hidden now.
        hidden: bool,
    },
    /// The machine's addresses have changed, or it is back online.
    NetworkChanged,
}

/// What can happen to a connection.
#[derive(Debug, Clone)]
pub enum ConnectionInput {
    /// The local description is set, in answer to `CreateOffer`, `CreateAnswer`, `RestartIce` or
    /// `AnswerRestart`. It may hold the candidates that are known already.
    LocalDescription(Description),
    /// ICE has found a candidate.
    LocalCandidate(Candidate),
    /// ICE has found all candidates.
    LocalCandidatesDone,
    /// The data channel is open: what is sent from now on arrives.
    Opened,
    /// A message has come over the data channel.
    Message(Vec<u8>),
    /// Bytes that the data channel holds and has not sent (`bufferedAmount`). Reported after each
    /// drain that sent something, and when it falls to
    /// [`BUFFERED_AMOUNT_LOW`](crate::config::BUFFERED_AMOUNT_LOW).
    BufferedAmount(usize),
    /// ICE says how it is doing.
    Ice(IceState),
    /// The connection is over: its data channel closed, DTLS failed, or a command about it could
    /// not be carried out.
    Closed {
        /// Why, for people.
        reason: String,
    },
}

/// How ICE is doing (`iceConnectionState`, RFC 8445).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceState {
    /// A pair of candidates works.
    Connected,
    /// Checks of the pair in use go unanswered; it may come back by itself.
    Disconnected,
    /// No pair works; without a restart it never will.
    Failed,
}

/// Work for the shell, to be done in the order in which it comes.
#[derive(Debug, Clone)]
pub enum Output {
    /// Open a WebSocket to the bootstrap server at `/ws/<own id>`, with the subprotocol
    /// [`SUBPROTOCOL`](boplish_wire::bootstrap::SUBPROTOCOL); report `SignalingOpened` or
    /// `SignalingClosed`.
    OpenSignaling,
    /// Send a text over the WebSocket.
    SendSignaling(String),
    /// Close the WebSocket. No report is needed.
    CloseSignaling,
    /// STUN and TURN servers from the bootstrap server, for connections made from now on, in
    /// addition to the configured ones. They replace those of an earlier welcome.
    IceServers(Vec<IceServer>),
    /// Do something with a connection.
    Connection(ConnectionId, ConnectionCommand),
    /// Keep these bytes over a restart, for [`Node::restore`](crate::Node::restore), in place of
    /// those that were kept under this key; without bytes, forget them.
    Keep {
        /// The key.
        key: PeerId,
        /// What to keep.
        bytes: Option<Vec<u8>>,
    },
    /// Do something with the bytes of a content.
    Content(ContentCommand),
    /// Tell the application.
    Event(Event),
}

/// What the shell shall do with a connection.
#[derive(Debug, Clone)]
pub enum ConnectionCommand {
    /// Make the connection, with a reliable ordered data channel that is negotiated out of band
    /// as stream 0 (RFC 8832 is not needed), label `boplish`; create an offer and set it as local
    /// description.
    CreateOffer,
    /// Make the connection with the same channel, set this remote offer, create an answer and set
    /// it as local description.
    CreateAnswer {
        /// The remote offer.
        offer: Description,
    },
    /// Set the remote answer.
    AcceptAnswer(Description),
    /// Add remote candidates. They belong to the newest remote description.
    AddCandidates(Vec<Candidate>),
    /// Create an offer with new ICE credentials and set it as local description.
    RestartIce,
    /// Set this remote offer of a restart, create an answer and set it as local description.
    AnswerRestart {
        /// The remote offer.
        offer: Description,
    },
    /// Send one message over the data channel.
    Send(Vec<u8>),
    /// Let the data channel send what it holds, for a short while, then close the connection and
    /// drop every reference to it.
    Close,
}

/// What the application learns.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The peer's place in the network has changed.
    StateChanged(State),
    /// The signaling channel to the bootstrap server has opened (and the id is proven) or closed.
    /// A closed one is no fault by itself: the network lives on. While the server has let this
    /// peer go, since others are there for newcomers, the channel counts as open.
    SignalingChanged {
        /// Whether it is open now.
        open: bool,
    },
    /// A link to a peer is up.
    PeerConnected(PeerId),
    /// The link to a peer is gone.
    PeerDisconnected {
        /// The peer.
        peer: PeerId,
        /// Why.
        reason: DisconnectReason,
    },
    /// A message has come for the application.
    Message {
        /// Who sent it.
        from: PeerId,
        /// Its protocol.
        protocol: ProtocolName,
        /// What it says.
        payload: Payload,
        /// The links it came over.
        hops: u8,
        /// For [`Node::reply`](crate::Node::reply), if it is a request.
        request: Option<MessageId>,
    },
    /// A message sent by [`Node::send`](crate::Node::send) has arrived.
    Delivered(MessageId),
    /// A message sent by [`Node::send`](crate::Node::send) or
    /// [`Node::request`](crate::Node::request) has, as far as is known, not arrived, or a
    /// request was not answered in time.
    Undelivered {
        /// The message.
        id: MessageId,
        /// Why.
        error: DeliveryError,
    },
    /// The reply to a request of this application.
    Reply {
        /// Who replied.
        from: PeerId,
        /// The request.
        to: MessageId,
        /// What it says.
        payload: Payload,
    },
    /// A pong has come for [`Node::ping`](crate::Node::ping).
    Pong {
        /// Who answered.
        from: PeerId,
        /// From the ping to the pong.
        round_trip: Duration,
    },
    /// The owner of a key, for [`Node::lookup`](crate::Node::lookup).
    Found {
        /// The lookup.
        lookup: MessageId,
        /// The first peer at or after the key, clockwise.
        owner: PeerId,
        /// The links that the question came over; 0 if this peer is the owner.
        hops: u8,
    },
    /// This peer is a member of the ring from now on.
    RingJoined,
    /// A message for a key that this peer owns (the `deliver` upcall).
    KeyMessage {
        /// The key.
        key: PeerId,
        /// Who sent it.
        from: PeerId,
        /// Its protocol.
        protocol: ProtocolName,
        /// What it says.
        payload: Payload,
        /// The links it came over.
        hops: u8,
    },
    /// A message for a key, of a protocol that [`Node::watch`](crate::Node::watch) names, comes by
    /// (the `forward` upcall). It waits for [`Node::go_on`](crate::Node::go_on) half a second,
    /// and then goes on.
    Forward {
        /// For `go_on`.
        number: u32,
        /// The key.
        key: PeerId,
        /// Who sent it; not proven here.
        from: PeerId,
        /// Its protocol.
        protocol: ProtocolName,
        /// What it says.
        payload: Payload,
        /// Where it would go next.
        next: PeerId,
    },
    /// The peers around this one on the ring have changed (the `update` upcall): see
    /// [`Node::neighbour_set`](crate::Node::neighbour_set) and the like.
    NeighbourhoodChanged,
    /// A `topo-protocol` response: the peers that a peer is linked to, and its place in the ring.
    Topology {
        /// Who answered.
        from: PeerId,
        /// Its neighbours.
        peers: Vec<PeerId>,
        /// The peers after it on the ring, the nearest first; none on a mesh.
        successors: Vec<PeerId>,
        /// The peers before it on the ring, the nearest first; none on a mesh.
        predecessors: Vec<PeerId>,
    },
    /// A peer has become a member of the bopcast group, or left the network.
    GroupChanged {
        /// The members, without the own id.
        members: Vec<PeerId>,
    },
    /// A bopcast message to the group.
    GroupMessage {
        /// Who sent it.
        from: PeerId,
        /// What it says.
        payload: Payload,
    },
    /// The router has handled a message: what the report's Message Inspector shows (5.2.1).
    /// Only while [`Node::set_monitoring`](crate::Node::set_monitoring) is on.
    Monitor {
        /// Which way it went.
        direction: Direction,
        /// The neighbour at the other end of the link that it came over, or goes over next. None for
        /// what the bootstrap server carries, and for own messages whose way is not chosen yet.
        via: Option<PeerId>,
        /// The message; its `hops` are the links that it has come over so far.
        message: Message,
    },
    /// Something a peer said was refused: it did not verify, or broke a rule.
    Refused {
        /// Who said it, as far as is known.
        from: Option<PeerId>,
        /// What was wrong.
        reason: Refusal,
    },
    /// The bootstrap server has refused something.
    ServerError(ServerError),
    /// How [`Node::put`](crate::Node::put) ended.
    Put {
        /// Which.
        token: StoreToken,
        /// Whether most of those who should have the record have stored it.
        result: Result<(), PutError>,
    },
    /// How [`Node::get`](crate::Node::get) ended.
    Got {
        /// Which.
        token: StoreToken,
        /// The record, if there is one.
        result: Result<Option<Record>, GetError>,
    },
    /// How [`Node::list`](crate::Node::list) ended.
    Listed {
        /// Which.
        token: StoreToken,
        /// The records, some by chance if there are too many.
        result: Result<Vec<Record>, GetError>,
    },
    /// Something about contents.
    Content(ContentEvent),
    /// Something in a group that this peer has joined.
    Group {
        /// The group's key.
        group: PeerId,
        /// What.
        event: GroupEvent,
    },
    /// An invitation, for [`Node::invite`](crate::Node::invite): to be brought to a newcomer.
    Invitation {
        /// Which.
        invitation: InvitationId,
        /// For [`Node::accept_invitation`](crate::Node::accept_invitation) there.
        text: String,
    },
    /// An invitation has expired, or its connection has failed, before it was completed.
    InvitationLapsed(InvitationId),
    /// The answer to an invitation that was accepted: to be brought to the peer that invited.
    InvitationAnswer {
        /// Who invited.
        peer: PeerId,
        /// For [`Node::complete_invitation`](crate::Node::complete_invitation) there.
        text: String,
    },
    /// No link has come of an invitation that was accepted, or completed.
    InvitationFailed {
        /// Who invited, or whom it was accepted by.
        peer: PeerId,
    },
}

/// Names an invitation of this peer, for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvitationId(pub u64);

/// A peer's place in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No link, and no bootstrap server either.
    Offline,
    /// The bootstrap server says that nobody else is there; the next one to come will connect.
    Alone,
    /// At least one link works.
    Online,
    /// Links are there but all are disturbed, or there is none and only the bootstrap server
    /// carries messages.
    Degraded,
}

/// Which way a message went through the router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To this peer.
    Incoming,
    /// From this peer.
    Outgoing,
    /// From another to another.
    Forwarded,
}

/// Why a link is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// This peer closed it.
    Closed,
    /// The other peer said that it leaves or has no use for it.
    ClosedByPeer,
    /// Nothing was heard for too long.
    Silent,
    /// The connection failed.
    Failed,
}

/// Why a message did not arrive, or why nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No link, no peer that knows a way, and no bootstrap server.
    #[error("no way to the peer is known")]
    Unreachable,
    /// No acknowledgement came in time.
    #[error("the peer did not acknowledge in time")]
    TimedOut,
    /// The request was delivered, but the reply did not come in time.
    #[error("the peer did not reply in time")]
    NoReply,
    /// The node was closed first.
    #[error("the node was closed")]
    Closed,
}

/// What was wrong with something a peer said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A frame or text that can't be parsed.
    #[error("malformed: {0}")]
    Malformed(String),
    /// A signal that its sender did not sign.
    #[error("the handshake does not verify")]
    UnverifiedSignal,
    /// An offer whose session was used before.
    #[error("the offer was replayed")]
    ReplayedOffer,
    /// An answer for another offer than ours.
    #[error("the answer is not for our offer")]
    MismatchedAnswer,
    /// A message that comes over others without a proof of its writer.
    #[error("the message is not proven to be from its sender")]
    UnprovenMessage,
    /// A message that was received before.
    #[error("the message was replayed")]
    ReplayedMessage,
    /// A peer whose network has other parameters.
    #[error("the peer belongs to a network with other parameters")]
    OtherNetwork,
    /// A record that does not verify, has expired, or breaks another rule.
    #[error("a record is refused: {0}")]
    BadRecord(#[from] RecordError),
    /// A message that has taken too many hops.
    #[error("the message has travelled too far")]
    TooManyHops,
}
