//! Messages that have reached this peer.

use boplish_wire::{Kind, Message, Payload, signal};

use super::Node;
use crate::io::{Direction, Event};
use crate::protocol::ping::{self, PingOutput};
use crate::protocol::topo::{self, TopoOutput, Topology};
use crate::protocol::unreachable_peer;
use crate::router::{Callback, Via};
use crate::time::Time;

impl Node {
    pub(super) fn deliver(&mut self, now: Time, via: Via, message: Message) {
        let neighbour = match via {
            Via::Link(peer) => Some(peer),
            Via::Signaling => None,
        };
        self.monitor(Direction::Incoming, neighbour, &message);
        match message.kind {
            Kind::Ack { of } => {
                if self.delivery.handle_ack(message.from, of) {
                    self.event(Event::Delivered(of));
                }
            }
            Kind::Reply { of } => {
                if self.delivery.handle_reply(message.from, of) {
                    let Message { from, payload, .. } = message;
                    let to = of;
                    self.event(Event::Reply { from, to, payload });
                }
            }
            Kind::Unreachable { of } => {
                if matches!(via, Via::Link(_))
                    && let Some(peer) = unreachable_peer(&message.payload)
                {
                    let is_signal = message.protocol.as_str() == signal::PROTOCOL;
                    self.handle_unreachable(now, message.from, Some(peer), is_signal);
                    if !is_signal {
                        self.handle_lost(now, of);
                    }
                }
            }
            Kind::Plain | Kind::Request => {
                if message.wants_ack {
                    self.acknowledge(now, &message);
                }
                self.begin_to_answer(&message);
                self.call_back(now, via, message);
                self.end_answering();
            }
        }
    }

    /// Tells the writer of a message that it has arrived.
    pub(super) fn acknowledge(&mut self, now: Time, message: &Message) {
        let kind = Kind::Ack { of: message.id };
        let protocol = message.protocol.clone();
        let ack = self.compose(Some(message.from), protocol, kind, Payload::empty_json());
        self.router.route(now, ack);
    }

    /// Hands a message to whoever handles its protocol.
    fn call_back(&mut self, now: Time, via: Via, message: Message) {
        let from = message.from;
        let callback = match self.taken.contains(&message.protocol) {
            true => Callback::Application,
            false => Callback::of(message.protocol.as_str()),
        };
        match callback {
            Callback::Links => {
                let admits = self.router.admits(from);
                self.links
                    .handle_signal(now, from, message.to, &message.payload, admits);
            }
            Callback::Router => self.router.handle_delivery(now, via, &message),
            Callback::Topo => match topo::handle(&message, || self.topology()) {
                TopoOutput::Answer(payload) => {
                    self.originate(now, Some(from), topo::NAME, Kind::Plain, payload);
                }
                TopoOutput::Learned(Topology {
                    peers,
                    successors,
                    predecessors,
                }) => self.event(Event::Topology {
                    from,
                    peers,
                    successors,
                    predecessors,
                }),
                TopoOutput::Nothing => {}
            },
            Callback::Ping => match self.ping.handle(now, &message) {
                PingOutput::Answer(payload) => {
                    self.originate(now, Some(from), ping::NAME, Kind::Plain, payload);
                }
                PingOutput::Pong { round_trip } => self.event(Event::Pong { from, round_trip }),
                PingOutput::Nothing => {}
            },
            Callback::Store => self.handle_store_message(now, &message),
            Callback::Content => self.handle_content_message(now, &message),
            Callback::Groups => self.handle_groups_message(now, &message),
            Callback::Bopcast => {
                let output = self.group.handle(self.keypair.id(), &message);
                self.handle_bopcast(now, from, output);
            }
            Callback::Application if message.way.by_key => {
                if let Some(key) = message.to {
                    self.event(Event::KeyMessage {
                        key,
                        from,
                        protocol: message.protocol,
                        payload: message.payload,
                        hops: message.hops,
                    });
                }
            }
            Callback::Application => {
                let request = (message.kind == Kind::Request).then_some(message.id);
                if let Some(id) = request {
                    self.delivery
                        .handle_request(from, id, message.protocol.clone());
                }
                self.event(Event::Message {
                    from,
                    protocol: message.protocol,
                    payload: message.payload,
                    hops: message.hops,
                    request,
                });
            }
        }
    }

    /// What others are told when they ask.
    fn topology(&self) -> Topology {
        let (successors, predecessors) = match self.router.ring() {
            Some(ring) => (ring.successors, ring.predecessors),
            None => Default::default(),
        };
        Topology {
            peers: self.router.peer_ids(),
            successors,
            predecessors,
        }
    }
}
