//! Frames on their way, and the end of a connection.

use core::time::Duration;

use boplish_core::ConnectionInput;
use boplish_core::config::BUFFERED_AMOUNT_LOW;

use crate::moment::{nanos, time};
use crate::peer::PeerHandle;
use crate::tables::PLAIN_KEEPALIVE;
use crate::webrtc::{Endpoint, EndpointIndex, EndpointState, Item, stamp, stamped};

use super::World;
use super::step::Step;

impl World {
    pub(super) fn send_on_channel(&mut self, endpoint: EndpointIndex, frame: Vec<u8>) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let (owner, id) = (it.owner, it.id());
        let Some(partner) = it.partner.filter(|_| it.state == EndpointState::Open) else {
            self.misuse(owner, id, "a frame was sent before the channel was open");
            return;
        };
        self.counters.frame(&frame);
        self.peer_mut(owner).traffic.sent.add(frame.len());
        self.count_untold(endpoint, frame.len());
        let Some(to) = self.endpoint(partner).map(|that| that.owner) else {
            return;
        };
        if self.tamper.frames.is_none() {
            self.push_frame(endpoint, Item::Message(frame));
            return;
        }
        for frame in self.tamper.frame(owner, to, frame) {
            self.push_frame(endpoint, Item::Message(frame));
        }
    }

    /// A shell need not tell of every frame how much waits: a core that has sent less than this
    /// since it was told still has room.
    fn count_untold(&mut self, endpoint: EndpointIndex, bytes: usize) {
        if let Some(it) = self.endpoints.get_mut(endpoint) {
            it.untold += bytes as u32;
            if it.untold as usize >= BUFFERED_AMOUNT_LOW {
                it.untold = 0;
                self.sent.push(endpoint);
            }
        }
    }

    /// Puts something onto the channel, behind what is there.
    pub(super) fn push_frame(&mut self, endpoint: EndpointIndex, item: Item) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let owner = it.owner;
        let Some((_, that)) = self.partner_of(endpoint) else {
            return;
        };
        let (to, bytes, now) = (that.owner, item.len(), stamp(self.now));
        let arrival = self.arrival(owner, to, bytes);
        let is_bounded = self.peer(to).line.rates.is_some();
        let Some(it) = self.endpoints.get_mut(endpoint) else {
            return;
        };
        it.out_bytes += bytes as u32;
        self.frames.push(&mut it.out, item);
        if it.is_stalled {
            it.waits_since = it.waits_since.min(now);
        } else {
            it.last_arrival = it.last_arrival.max(arrival);
            let deliver = match is_bounded {
                true => Step::Reach(endpoint, it.epoch, bytes as u16),
                false => Step::Deliver(endpoint, it.epoch),
            };
            self.queue.push(time(it.last_arrival), deliver);
        }
    }

    /// Bytes have reached the receiver's line, which lets them through one after the other.
    pub(super) fn reach(&mut self, endpoint: EndpointIndex, epoch: u32, bytes: u16) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let Some((_, that)) = self.partner_of(endpoint) else {
            return;
        };
        if it.epoch == epoch && !it.is_stalled {
            let at = self.reception(that.owner, usize::from(bytes));
            self.queue.push(time(at), Step::Deliver(endpoint, epoch));
        }
    }

    pub(super) fn deliver_on_channel(&mut self, endpoint: EndpointIndex, epoch: u32) {
        let now = self.now;
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        if it.epoch != epoch || it.is_stalled {
            return;
        }
        let (owner, is_closed) = (it.owner, it.is_closed());
        let Some((partner, that)) = self.partner_of(endpoint) else {
            return;
        };
        // Nobody looks at the path of a closed side any more.
        let is_cut = is_closed && !self.is_reachable(owner, that.owner);
        let Some(it) = self.endpoints.get_mut(endpoint) else {
            return;
        };
        if is_cut {
            it.stall(now);
            return;
        }
        match self.frames.pop(&mut it.out) {
            Some(Item::Message(frame)) => self.deliver_frame(endpoint, partner, frame),
            Some(Item::Close) => self.end_endpoint(partner, "the other side closed the channel"),
            None => {}
        }
    }

    fn deliver_frame(&mut self, from: EndpointIndex, to: EndpointIndex, frame: Vec<u8>) {
        if let Some(it) = self.endpoints.get_mut(from) {
            let before = it.out_bytes as usize;
            it.out_bytes -= frame.len() as u32;
            let (after, low) = (it.out_bytes as usize, self.network.window);
            let low = low + BUFFERED_AMOUNT_LOW;
            if before > low && after <= low {
                self.report_low(from, to);
            }
        }
        // A shell reports that the channel is open before what came over it.
        self.open_channel(to);
        let Some(it) = self.endpoint(to) else {
            return;
        };
        let is_heard = match it.state {
            EndpointState::Open => true,
            EndpointState::Closed => self.is_late_fact(it),
            EndpointState::Setup | EndpointState::Established => false,
        };
        if is_heard {
            let owner = it.owner;
            self.trace.bytes(&frame);
            self.peer_mut(owner).traffic.received.add(frame.len());
            let may_have_news = frame.len() > PLAIN_KEEPALIVE;
            self.feed_connection(to, ConnectionInput::Message(frame));
            if may_have_news {
                self.share_table(from, owner);
            }
        }
    }

    /// What a peer has learned of a neighbour's links, others have learned, too.
    fn share_table(&mut self, from: EndpointIndex, to: PeerHandle) {
        let Some(sender) = self.endpoint(from).map(|it| self.id_of(it.owner)) else {
            return;
        };
        let node = self.peers[to.index()].node.as_mut();
        if let Some(table) = node.and_then(|node| node.table_mut(sender)) {
            self.tables.share(table);
        }
    }

    /// The sender learns, when word of it is back, that little waits.
    fn report_low(&mut self, from: EndpointIndex, to: EndpointIndex) {
        let ends = [to, from].map(|it| self.endpoint(it).map(|it| it.owner));
        if let [Some(to), Some(from_owner)] = ends {
            let back = self.latency(to, from_owner);
            self.schedule(back, Step::BufferLow(from));
        }
    }

    pub(super) fn resume_channel(&mut self, endpoint: EndpointIndex, epoch: u32) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        if it.epoch != epoch || !it.is_up || !it.is_stalled {
            return;
        }
        let owner = it.owner;
        let Some((_, that)) = self.partner_of(endpoint) else {
            return;
        };
        let arrival = nanos(self.now + self.latency(owner, that.owner));
        let Some(it) = self.endpoints.get_mut(endpoint) else {
            return;
        };
        it.is_stalled = false;
        it.last_arrival = it.last_arrival.max(arrival);
        let (at, deliver) = (time(it.last_arrival), Step::Deliver(endpoint, it.epoch));
        for _ in 0..self.frames.count(it.out) {
            self.queue.push(at, deliver);
        }
    }

    /// What `bufferedAmount` would say.
    pub(super) fn buffered(&self, endpoint: &Endpoint) -> usize {
        (endpoint.out_bytes as usize).saturating_sub(self.network.window)
    }

    pub(super) fn buffer_low(&mut self, endpoint: EndpointIndex) {
        let open = self.endpoint(endpoint);
        if let Some(it) = open.filter(|it| it.state == EndpointState::Open) {
            let amount = ConnectionInput::BufferedAmount(self.buffered(it));
            self.feed_connection(endpoint, amount);
        }
    }

    /// Drops what is on the channel, for good.
    pub(super) fn clear_channel(&mut self, endpoint: EndpointIndex) {
        if let Some(it) = self.endpoints.get_mut(endpoint) {
            it.epoch = it.epoch.wrapping_add(1);
            it.out_bytes = 0;
            self.frames.clear(&mut it.out);
        }
    }

    /// The core closes its side: what is on the channel still flows for a while, then the end
    /// is told, if a path is there.
    pub(super) fn close_endpoint(&mut self, endpoint: EndpointIndex) {
        if self
            .endpoint(endpoint)
            .is_some_and(Endpoint::is_established)
        {
            self.push_frame(endpoint, Item::Close);
        }
        self.drop_endpoint(endpoint);
    }

    /// The connection is over for this side, and the core learns it.
    pub(super) fn end_endpoint(&mut self, endpoint: EndpointIndex, reason: &str) {
        if self.endpoint(endpoint).is_none_or(Endpoint::is_closed) {
            return;
        }
        self.drop_endpoint(endpoint);
        let reason = reason.to_owned();
        self.feed_connection(endpoint, ConnectionInput::Closed { reason });
    }

    /// Marks this side as closed; nobody is told.
    pub(super) fn drop_endpoint(&mut self, endpoint: EndpointIndex) {
        let now = self.now;
        let Some(it) = self.endpoint_mut(endpoint).filter(|it| !it.is_closed()) else {
            return;
        };
        it.state = EndpointState::Closed;
        it.closed_at = stamp(now);
        let partner = it.partner;
        self.last_change = now;
        let rest = self.network.linger.max(self.network.late_facts);
        self.schedule(rest + Duration::from_nanos(1), Step::Forget(endpoint));
        if let Some(partner) = partner {
            self.refresh_endpoint(partner);
        }
    }

    /// Whether a fact may still reach the core although it closed the connection.
    pub(super) fn is_late_fact(&self, closed: &Endpoint) -> bool {
        self.now.since(stamped(closed.closed_at)) <= self.network.late_facts
    }

    /// A closed channel gives up what it still holds, and its place.
    pub(super) fn forget_endpoint(&mut self, endpoint: EndpointIndex) {
        self.clear_channel(endpoint);
        if let Some(it) = self.endpoints.remove(endpoint) {
            self.peer_mut(it.owner).connections.remove(it.id());
        }
    }
}
