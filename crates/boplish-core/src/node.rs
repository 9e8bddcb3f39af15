//! The node: owns the links, the router and the protocols, and drains them into one another.
//!
//! - this file: what the user commands and what shells call;
//! - `bootstrap`: the conversation with the bootstrap server;
//! - `drain`: what the parts say to each other, until nobody has anything left to say;
//! - `deliver`: messages that have reached this peer;
//! - `monitor`: messages that somebody watches, and the ways that they take.

#[cfg(feature = "simulator")]
mod adopt;
mod bootstrap;
mod by_key;
mod content;
mod deliver;
mod drain;
mod error;
mod group;
mod groups;
mod invite;
mod monitor;
mod store;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use boplish_wire::{Keypair, Kind, Message, MessageId, Payload, PeerId, ProtocolName, Way};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::config::Config;
use crate::delivery::Delivery;
use crate::io::{DeliveryError, Direction, Event, Input, Output, State};
use crate::link::Links;
use crate::parameters::Parameters;
use crate::protocol::bopcast::Group;
use crate::protocol::ping::Ping;
use crate::protocol::{self, ping, topo};
use crate::router::Router;
use crate::router::origin::Origins;
use crate::service::group::Around;
use crate::service::{Groups, Part, Store};
use crate::signaling::Signaling;
use crate::table::pop_or_shrink;
use crate::time::Time;

#[cfg(feature = "simulator")]
pub use self::adopt::{AdoptedLink, AdoptedPlace};
use self::bootstrap::new_router;
use self::content::ContentPart;
pub use self::error::SendError;
use self::error::refuse_reserved;
pub use self::groups::SendToMemberError;

/// A peer of the network.
#[derive(Debug)]
pub struct Node {
    keypair: Arc<Keypair>,
    phase: Phase,
    rng: Xoshiro256PlusPlus,
    next_message: u64,
    links: Links,
    router: Box<dyn Router + Send>,
    parameters: Parameters,
    /// The protocols that the application has taken over.
    taken: Vec<ProtocolName>,
    /// The protocols of which it wants to see messages that come by.
    watched: Vec<ProtocolName>,
    origins: Origins,
    delivery: Delivery,
    signaling: Signaling,
    /// Whether the application takes the signaling channel for open.
    signaling_told: bool,
    ping: Ping,
    group: Group,
    store: Part<Box<dyn Store>>,
    content: Part<ContentPart>,
    groups: Part<Box<dyn Groups>>,
    uses_bootstrap: bool,
    refusals: u64,
    monitoring: bool,
    /// What is sent now answers a message whose way was noted, and so its own is.
    answers_noted: bool,
    /// The bootstrap server knows nobody else.
    alone: bool,
    /// Whether joining has come to some result, so that having no link is news.
    settled: bool,
    /// The state that was last told.
    state: State,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Open,
    Closed,
}

impl Node {
    /// A node that has not started yet: call [`Node::open`].
    ///
    /// `seed` decides every random choice; a shell takes it from the system's randomness.
    pub fn new(config: Config, identity: Keypair, seed: [u8; 32], now: Time) -> Self {
        let identity = Arc::new(identity);
        let id = identity.id();
        let mut rng = Xoshiro256PlusPlus::from_seed(seed);
        let links_rng = Xoshiro256PlusPlus::from_rng(&mut rng);
        let router_rng = Xoshiro256PlusPlus::from_rng(&mut rng);
        let (parameters, chord) = Parameters::new(config.router);
        let router = new_router(id, chord, config.link.max_links, router_rng);
        let signaling = Signaling::new(config.link.retry_base, config.link.retry_max);
        let mut links = Links::new(config.link, Arc::clone(&identity), links_rng, now);
        links.set_network(parameters.code());
        Self {
            phase: Phase::New,
            next_message: rng.next_u64(),
            signaling,
            signaling_told: false,
            links,
            router,
            parameters,
            taken: Vec::new(),
            watched: Vec::new(),
            origins: Origins::new(id),
            delivery: Delivery::new(config.delivery),
            ping: Ping::default(),
            group: Group::default(),
            store: Part::none(),
            content: Part::none(),
            groups: Part::none(),
            uses_bootstrap: config.bootstrap,
            refusals: 0,
            monitoring: false,
            answers_noted: false,
            alone: false,
            settled: false,
            state: State::Offline,
            outputs: VecDeque::new(),
            keypair: identity,
            rng,
        }
    }

    /// Starts: opens the signaling channel and joins the network.
    pub fn open(&mut self, now: Time) {
        if self.phase == Phase::New {
            self.phase = Phase::Open;
            if self.uses_bootstrap {
                self.signaling.open(now);
                self.drive_signaling(now);
            }
            self.drain(now);
        }
    }

    /// Leaves: tells every peer, closes every link and the signaling channel. The node stays
    /// closed; what waits is reported as undelivered.
    pub fn close(&mut self, now: Time) {
        if self.phase != Phase::Open {
            return;
        }
        self.close_groups();
        self.router.leave();
        self.drain(now);
        self.links.close();
        for id in self.delivery.take_all() {
            self.undelivered(id, DeliveryError::Closed);
        }
        self.tell_signaling(false);
        if self.signaling.close() {
            self.outputs.push_back(Output::CloseSignaling);
        }
        self.drain(now);
        self.phase = Phase::Closed;
        self.update_state();
    }

    /// The own id.
    pub fn id(&self) -> PeerId {
        self.keypair.id()
    }

    /// The own place in the network.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the signaling channel to the bootstrap server is open and the id proven, or would
    /// be if the server had not let this peer go.
    pub fn is_signaling_open(&self) -> bool {
        self.signaling_told
    }

    /// The peers that a link is open to, in the order of their ids.
    pub fn connected_peers(&self) -> Vec<PeerId> {
        self.router.peer_ids()
    }

    /// How much of what others said was refused, in all; each was an [`Event::Refused`].
    pub fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Hands the messages of a protocol to the application ([`Event::Message`]) from now on.
    /// Needed only for `ping-protocol`, `topo-protocol` and `bopcast-protocol`, which the core
    /// answers by itself otherwise.
    ///
    /// # Errors
    ///
    /// [`SendError::ReservedProtocol`] for `signaling-protocol` and `discovery-protocol`.
    pub fn take_protocol(&mut self, protocol: &ProtocolName) -> Result<(), SendError> {
        refuse_reserved(protocol)?;
        if !self.taken.contains(protocol) {
            self.taken.push(protocol.clone());
        }
        Ok(())
    }

    /// Sends a message; `Delivered` or `Undelivered` follows within the bound of
    /// [`DeliveryConfig`](crate::config::DeliveryConfig).
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn send(
        &mut self,
        now: Time,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
    ) -> Result<MessageId, SendError> {
        refuse_reserved(&protocol)?;
        self.send_for_ack(now, to, protocol, payload)
    }

    fn send_for_ack(
        &mut self,
        now: Time,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
    ) -> Result<MessageId, SendError> {
        self.refuse_unsendable(to, payload.len())?;
        let mut message = self.compose(Some(to), protocol, Kind::Plain, payload);
        message.wants_ack = true;
        let id = message.id;
        self.delivery.await_ack(now, id, to);
        self.dispatch(now, message);
        self.drain(now);
        Ok(id)
    }

    /// Sends a request; `Reply` or `Undelivered` follows within `timeout`.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn request(
        &mut self,
        now: Time,
        to: PeerId,
        protocol: ProtocolName,
        payload: Payload,
        timeout: Duration,
    ) -> Result<MessageId, SendError> {
        refuse_reserved(&protocol)?;
        self.refuse_unsendable(to, payload.len())?;
        let message = self.compose(Some(to), protocol, Kind::Request, payload);
        let id = message.id;
        self.delivery.await_reply(now, id, to, timeout);
        self.dispatch(now, message);
        self.drain(now);
        Ok(id)
    }

    /// Answers a request that came as [`Event::Message`] with `request`.
    ///
    /// # Errors
    ///
    /// [`SendError::UnknownRequest`] if it was answered before, or is too long ago.
    pub fn reply(
        &mut self,
        now: Time,
        to: PeerId,
        request: MessageId,
        payload: Payload,
    ) -> Result<(), SendError> {
        self.refuse_unsendable(to, payload.len())?;
        let protocol = self
            .delivery
            .take_request(to, request)
            .ok_or(SendError::UnknownRequest(request))?;
        let message = self.compose(Some(to), protocol, Kind::Reply { of: request }, payload);
        self.dispatch(now, message);
        self.drain(now);
        Ok(())
    }

    /// Sends a `ping-protocol` ping; [`Event::Pong`] follows if it is answered and `Undelivered`
    /// with the returned id if it is not.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn ping(&mut self, now: Time, peer: PeerId) -> Result<MessageId, SendError> {
        self.refuse_unsendable(peer, 0)?;
        let empty = Payload::empty_json();
        let mut message = self.compose(Some(peer), protocol::name(ping::NAME), Kind::Plain, empty);
        let id = message.id;
        message.payload = self.ping.ping(now, id, peer);
        self.dispatch(now, message);
        self.drain(now);
        Ok(id)
    }

    /// Sends a `topo-protocol` request to one peer, or to all that are linked;
    /// [`Event::Topology`] follows for each that answers.
    ///
    /// # Errors
    ///
    /// See [`SendError`]; nothing was sent then.
    pub fn request_topology(&mut self, now: Time, peer: Option<PeerId>) -> Result<(), SendError> {
        let peers = peer.map_or_else(|| self.router.peer_ids(), |peer| vec![peer]);
        for peer in &peers {
            self.refuse_unsendable(*peer, 0)?;
        }
        for peer in peers {
            self.originate(now, Some(peer), topo::NAME, Kind::Plain, topo::request());
        }
        self.drain(now);
        Ok(())
    }

    /// Takes a fact from outside.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        if self.phase != Phase::Open {
            return;
        }
        match input {
            Input::Timeout => self.handle_timeout(now),
            Input::SignalingOpened => {}
            Input::SignalingMessage(text) => self.handle_signaling_message(now, &text),
            Input::SignalingClosed { reason } => {
                tracing::debug!(reason, "the signaling channel is closed");
                self.handle_signaling_closed(now);
            }
            Input::Connection(connection, input) => {
                self.links.handle_connection(now, connection, input);
            }
            Input::Visibility { hidden } => self.links.set_hidden(now, hidden),
            Input::NetworkChanged => {
                self.signaling.retry_now(now);
                self.links.handle_network_change(now);
            }
        }
        self.drain(now);
    }

    /// The next piece of work, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        pop_or_shrink(&mut self.outputs)
    }

    /// When to hand in [`Input::Timeout`], if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        if self.phase != Phase::Open {
            return None;
        }
        let timeouts = [
            self.links.poll_timeout(),
            self.router.poll_timeout(),
            self.delivery.poll_timeout(),
            self.ping.poll_timeout(),
            self.signaling.poll_timeout(),
            self.store.get().and_then(|it| it.poll_timeout()),
            self.content.get().and_then(|it| it.service.poll_timeout()),
            self.groups.get().and_then(|it| it.poll_timeout()),
        ];
        timeouts.into_iter().flatten().min()
    }

    fn handle_timeout(&mut self, now: Time) {
        self.drive_signaling(now);
        self.links.handle_timeout(now);
        self.router.handle_timeout(now);
        if let Some(store) = self.store.get_mut() {
            store.handle_timeout(now);
        }
        if let Some(content) = self.content.get_mut() {
            content.service.handle_timeout(now);
        }
        if let Some(groups) = self.groups.get_mut() {
            let around = Around {
                near: &*self.router,
                links: &self.links,
            };
            groups.handle_timeout(now, around);
        }
        while let Some((id, error)) = self.delivery.take_expired(now) {
            self.undelivered(id, error);
        }
        while let Some(id) = self.ping.take_expired(now) {
            self.undelivered(id, DeliveryError::TimedOut);
        }
    }

    /// A message of this peer.
    fn compose(
        &mut self,
        to: Option<PeerId>,
        protocol: ProtocolName,
        kind: Kind,
        payload: Payload,
    ) -> Message {
        Message {
            id: self.new_message_id(),
            from: self.keypair.id(),
            to,
            protocol,
            kind,
            wants_ack: false,
            hops: 0,
            payload,
            way: Way {
                passed: self.notes_ways().then(Vec::new),
                ..Way::default()
            },
            proof: None,
        }
    }

    fn new_message_id(&mut self) -> MessageId {
        let id = MessageId(self.next_message);
        self.next_message = self.next_message.wrapping_add(1);
        id
    }

    /// Sends a message of this peer on its way.
    fn dispatch(&mut self, now: Time, message: Message) {
        // A router takes the link to the receiver where there is one, unless it is in doubt.
        let via = message.to.filter(|to| self.links.is_linked(to));
        self.monitor(Direction::Outgoing, via, &message);
        self.router.route(now, message);
    }

    fn originate(
        &mut self,
        now: Time,
        to: Option<PeerId>,
        protocol: &'static str,
        kind: Kind,
        payload: Payload,
    ) {
        let message = self.compose(to, protocol::name(protocol), kind, payload);
        self.dispatch(now, message);
    }

    fn refuse_unsendable(&self, to: PeerId, length: usize) -> Result<(), SendError> {
        if self.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        if to == self.keypair.id() {
            return Err(SendError::ToSelf);
        }
        if !self.delivery.has_room() || !self.links.has_room(to, length) {
            return Err(SendError::Congested(to));
        }
        Ok(())
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn undelivered(&mut self, id: MessageId, error: DeliveryError) {
        self.event(Event::Undelivered { id, error });
    }
}
