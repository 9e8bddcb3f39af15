//! The node: owns the links, the router and the protocols, and drains them into one another.

use core::time::Duration;

use boplish_wire::{Keypair, MessageId, Payload, PeerId, ProtocolName};

use crate::config::Config;
use crate::io::{Input, Output, State};
use crate::time::Time;

/// A peer of the network.
#[derive(Debug)]
pub struct Node {}

/// Why the application can't send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The node is closed.
    #[error("the node is closed")]
    Closed,
    /// The peer's own id was given.
    #[error("a peer can't send to itself")]
    ToSelf,
    /// The protocol belongs to the core.
    #[error("the protocol {0} belongs to the core")]
    ReservedProtocol(ProtocolName),
    /// Too much waits for this peer already; wait for `Delivered` or `Undelivered`.
    #[error("too much waits for peer {0} already")]
    Congested(PeerId),
    /// The message to reply to is not, or no longer, known.
    #[error("there is no request {0:?} to reply to")]
    UnknownRequest(MessageId),
}

impl Node {
    /// A node that has not started yet: call [`Node::open`].
    pub fn new(config: Config, identity: Keypair, seed: [u8; 32], now: Time) -> Self {
        let _ = (config, identity, seed, now);
        Self {}
    }
    /// Starts: opens the signaling channel and joins the network.
    pub fn open(&mut self, now: Time) {
        let _ = now;
    }
    /// Leaves: tells every peer, closes every link and the signaling channel. The node stays
    /// closed; what waits is reported as undelivered.
    pub fn close(&mut self, now: Time) {
        let _ = now;
    }
    /// The own id.
    pub fn id(&self) -> PeerId {
        PeerId::from_bytes([0; 20])
    }
    /// The own place in the network.
    pub fn state(&self) -> State {
        State::Offline
    }
    /// Whether the signaling channel to the bootstrap server is open and the id proven.
    pub fn is_signaling_open(&self) -> bool {
        false
    }
    /// The peers that a link is open to, in the order of their ids.
    pub fn connected_peers(&self) -> Vec<PeerId> {
        Vec::new()
    }
    /// Turns [`Event::Monitor`](crate::Event::Monitor) on or off; at first it is off.
    pub fn set_monitoring(&mut self, on: bool) {
        let _ = on;
    }
    /// Hands the messages of a protocol to the application ([`Event::Message`](crate::Event))
    /// from now on. Needed only for `ping-protocol`, `topo-protocol` and `bopcast-protocol`,
    /// which the core answers by itself otherwise.
    pub fn take_protocol(&mut self, protocol: &ProtocolName) -> Result<(), SendError> {
        let _ = protocol;
        Ok(())
    }
    /// Sends a message; `Delivered` or `Undelivered` follows within the bound of
    /// [`DeliveryConfig`](crate::config::DeliveryConfig).
    pub fn send(
        &mut self,
        now: Time,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
    ) -> Result<MessageId, SendError> {
        let _ = (now, to, protocol, payload);
        Err(SendError::Closed)
    }
    /// Sends a request; `Reply` or `Undelivered` follows within `timeout`.
    pub fn request(
        &mut self,
        now: Time,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
        timeout: Duration,
    ) -> Result<MessageId, SendError> {
        let _ = (now, to, protocol, payload, timeout);
        Err(SendError::Closed)
    }
    /// Answers a request that came as [`Event::Message`](crate::Event::Message) with `request`.
    pub fn reply(
        &mut self,
        now: Time,
        to: PeerId,
        request: MessageId,
        payload: Payload,
    ) -> Result<(), SendError> {
        let _ = (now, to, request, payload);
        Err(SendError::Closed)
    }
    /// Sends a `ping-protocol` ping; [`Event::Pong`](crate::Event::Pong) follows if it is answered
    /// and `Undelivered` with the returned id if it is not.
    pub fn ping(&mut self, now: Time, peer: PeerId) -> Result<MessageId, SendError> {
        let _ = (now, peer);
        Err(SendError::Closed)
    }
    /// Sends a `topo-protocol` request to one peer, or to all that are linked;
    /// [`Event::Topology`](crate::Event::Topology) follows for each that answers.
    pub fn request_topology(&mut self, now: Time, peer: Option<PeerId>) -> Result<(), SendError> {
        let _ = (now, peer);
        Err(SendError::Closed)
    }
    /// Asks a peer to share a bopcast group: a `register-request` (the report, figure 4.2).
    pub fn register_in_group(&mut self, now: Time, peer: PeerId) -> Result<(), SendError> {
        let _ = (now, peer);
        Err(SendError::Closed)
    }
    /// Sends a payload to every member of the bopcast group.
    pub fn send_to_group(&mut self, now: Time, payload: Payload) -> Result<(), SendError> {
        let _ = (now, payload);
        Err(SendError::Closed)
    }
    /// The members of the bopcast group, without the own id.
    pub fn group_members(&self) -> Vec<PeerId> {
        Vec::new()
    }
    /// Takes a fact from outside.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        let _ = (now, input);
    }
    /// The next piece of work, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }
    /// When to hand in [`Input::Timeout`], if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        None
    }
}
