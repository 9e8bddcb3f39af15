//! Frames on their way, and the end of a connection.

use core::time::Duration;

use boplish_core::ConnectionInput;
use boplish_core::config::BUFFERED_AMOUNT_LOW;

use crate::webrtc::{EndpointIndex, EndpointState, Item};

use super::World;
use super::step::{PipeRef, Step};

impl World {
    pub(super) fn send_on_channel(&mut self, endpoint: EndpointIndex, frame: Vec<u8>) {
        let it = self.endpoint(endpoint);
        let (owner, id, partner) = (it.owner, it.id, it.partner);
        let Some(partner) = partner.filter(|_| it.state == EndpointState::Open) else {
            self.misuse(owner, id, "a frame was sent before the channel was open");
            return;
        };
        self.counters.frame(&frame);
        self.sent.push(endpoint);
        let to = self.endpoint(partner).owner;
        for frame in self.tamper.frame(owner, to, frame) {
            self.push_frame(endpoint, Item::Message(frame));
        }
    }

    /// Puts something onto the channel, behind what is there.
    pub(super) fn push_frame(&mut self, endpoint: EndpointIndex, item: Item) {
        let it = self.endpoint(endpoint);
        let Some(partner) = it.partner else {
            return;
        };
        let latency = self.latency(it.owner, self.endpoint(partner).owner);
        let bytes = match &item {
            Item::Message(frame) => frame.len(),
            Item::Close => 0,
        };
        let takes = self.network.bandwidth.map_or(Duration::ZERO, |bandwidth| {
            Duration::from_nanos(bytes as u64 * 1_000_000_000 / bandwidth.max(1))
        });
        let now = self.now;
        let it = self.endpoint_mut(endpoint);
        it.out_bytes += bytes;
        it.departed = it.departed.max(now) + takes;
        let arrival = it.departed + latency;
        if let Some(at) = it.out.send(now, arrival, item) {
            let deliver = Step::Deliver(PipeRef::Channel(endpoint), it.out.epoch());
            self.queue.push(at, deliver);
        }
    }

    pub(super) fn deliver_on_channel(&mut self, endpoint: EndpointIndex, epoch: u32) {
        let it = self.endpoint(endpoint);
        let Some(partner) = it.partner else {
            return;
        };
        if !self.is_reachable(it.owner, self.endpoint(partner).owner) {
            let now = self.now;
            self.endpoint_mut(endpoint).out.stall(now);
            return;
        }
        let Some(item) = self.endpoint_mut(endpoint).out.deliver(epoch) else {
            return;
        };
        match item {
            Item::Message(frame) => self.deliver_frame(endpoint, partner, frame),
            Item::Close => self.end_endpoint(partner, "the other side has closed the channel"),
        }
    }

    fn deliver_frame(&mut self, from: EndpointIndex, to: EndpointIndex, frame: Vec<u8>) {
        let before = self.buffered(from);
        self.endpoint_mut(from).out_bytes -= frame.len();
        if before > BUFFERED_AMOUNT_LOW && self.buffered(from) <= BUFFERED_AMOUNT_LOW {
            let back = self.latency(self.endpoint(to).owner, self.endpoint(from).owner);
            self.schedule(back, Step::BufferLow(from));
        }
        // A shell reports that the channel is open before what came over it.
        self.open_channel(to);
        let is_heard = match self.endpoint(to).state {
            EndpointState::Open => true,
            EndpointState::Closed(since) => self.is_late_fact(since),
            EndpointState::Setup | EndpointState::Established => false,
        };
        if is_heard {
            self.trace.bytes(&frame);
            self.feed_connection(to, ConnectionInput::Message(frame));
        }
    }

    pub(super) fn resume_channel(&mut self, endpoint: EndpointIndex, epoch: u32) {
        let it = self.endpoint(endpoint);
        let Some(partner) = it.partner.filter(|_| it.path_epoch == epoch && it.is_up) else {
            return;
        };
        let arrival = self.now + self.latency(it.owner, self.endpoint(partner).owner);
        let out = &mut self.endpoint_mut(endpoint).out;
        let count = out.resume(arrival);
        let (at, deliver) = (
            out.last_arrival(),
            Step::Deliver(PipeRef::Channel(endpoint), out.epoch()),
        );
        for _ in 0..count {
            self.queue.push(at, deliver);
        }
    }

    /// What `bufferedAmount` would say.
    pub(super) fn buffered(&self, endpoint: EndpointIndex) -> usize {
        let bytes = self.endpoint(endpoint).out_bytes;
        bytes.saturating_sub(self.network.window)
    }

    pub(super) fn buffer_low(&mut self, endpoint: EndpointIndex) {
        if self.endpoint(endpoint).state == EndpointState::Open {
            let amount = ConnectionInput::BufferedAmount(self.buffered(endpoint));
            self.feed_connection(endpoint, amount);
        }
    }

    /// The core closes its side: what is on the channel still flows for a while, then the end
    /// is told, if a path is there.
    pub(super) fn close_endpoint(&mut self, endpoint: EndpointIndex) {
        let was_established = self.endpoint(endpoint).is_established();
        if was_established {
            self.push_frame(endpoint, Item::Close);
            self.schedule(self.network.linger, Step::LingerOver(endpoint));
        }
        self.drop_endpoint(endpoint);
    }

    /// The connection is over for this side, and the core learns it.
    pub(super) fn end_endpoint(&mut self, endpoint: EndpointIndex, reason: &str) {
        if self.endpoint(endpoint).is_closed() {
            return;
        }
        self.drop_endpoint(endpoint);
        let reason = reason.to_owned();
        self.feed_connection(endpoint, ConnectionInput::Closed { reason });
    }

    /// Marks this side as closed; nobody is told.
    pub(super) fn drop_endpoint(&mut self, endpoint: EndpointIndex) {
        let now = self.now;
        let it = &mut self.endpoints[endpoint.0 as usize];
        if it.is_closed() {
            return;
        }
        it.state = EndpointState::Closed(now);
        it.gathered.shrink_to_fit();
        it.received = Vec::new();
        let partner = it.partner;
        if let Some(local) = &it.local {
            self.by_ufrag.remove(&local.ufrag);
        }
        self.live_endpoints.remove(&endpoint);
        self.last_change = now;
        if let Some(partner) = partner {
            self.refresh_endpoint(partner);
        }
    }
}
