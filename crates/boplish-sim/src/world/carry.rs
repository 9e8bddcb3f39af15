//! The shell's loop: facts go into a node, its work comes out and is carried out.

use boplish_core::{ConnectionInput, Event, Input, Output, Time};

use crate::moment::{nanos, span, time};
use crate::peer::PeerHandle;
use crate::webrtc::EndpointIndex;

use super::step::Step;
use super::{EventSink, World};

impl World {
    /// Hands a fact to a node, if it is still there.
    pub(super) fn feed(&mut self, peer: PeerHandle, input: Input) {
        let now = self.local_now(peer);
        let Some(node) = &mut self.peers[peer.index()].node else {
            return;
        };
        self.trace
            .line(self.now, || format!("{} <- {input:?}", peer.0));
        node.handle_input(now, input);
        self.drain(peer);
    }

    /// Hands a fact about a connection to its node. Facts about connections that the core has
    /// closed still come for a little while.
    pub(super) fn feed_connection(&mut self, endpoint: EndpointIndex, input: ConnectionInput) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let (owner, id) = (it.owner, it.id());
        self.note(2, u64::from(endpoint.slot()));
        self.feed(owner, Input::Connection(id, input));
    }

    /// Carries out everything that a node wants.
    pub(super) fn drain(&mut self, peer: PeerHandle) {
        loop {
            while let Some(output) = self.next_output(peer) {
                self.carry_out(peer, output);
            }
            let Some(endpoint) = self.sent.pop() else {
                break;
            };
            let Some(it) = self.endpoint(endpoint).filter(|it| !it.is_closed()) else {
                continue;
            };
            let fact = ConnectionInput::BufferedAmount(self.buffered(it));
            let (id, now) = (it.id(), self.local_now(peer));
            if let Some(node) = &mut self.peer_mut(peer).node {
                node.handle_input(now, Input::Connection(id, fact));
            }
        }
        self.schedule_wake(peer);
    }

    fn next_output(&mut self, peer: PeerHandle) -> Option<Output> {
        self.peer_mut(peer).node.as_mut()?.poll_output()
    }

    fn carry_out(&mut self, peer: PeerHandle, output: Output) {
        self.trace
            .line(self.now, || format!("{} -> {output:?}", peer.0));
        match output {
            Output::OpenSignaling => self.open_socket(peer),
            Output::SendSignaling(text) => self.send_to_server(peer, text),
            Output::CloseSignaling => self.close_socket(peer),
            Output::IceServers(servers) => self.note(3, servers.len() as u64),
            Output::Connection(id, command) => self.command(peer, id, command),
            Output::Keep { key, bytes } => self.keep(peer, key, bytes),
            // No simulated node has the service.
            Output::Content(_) => {}
            Output::Event(event) => self.collect(peer, event),
        }
    }

    fn collect(&mut self, peer: PeerHandle, event: Event) {
        self.note(4, u64::from(peer.0));
        self.trace.event(&event);
        let now = self.now;
        match self.sink {
            EventSink::PerPeer => self.peer_mut(peer).events.push((now, event)),
            EventSink::Queue => self.events.push((now, peer, event)),
            EventSink::Nowhere => {}
        }
    }

    /// Sets the alarm to the node's next timeout, as exactly as the peer's timers are.
    pub(super) fn schedule_wake(&mut self, peer: PeerHandle) {
        let it = self.peer(peer);
        let Some(timeout) = it.node.as_ref().and_then(|node| node.poll_timeout()) else {
            return;
        };
        let grain = match it.hidden {
            true => self.network.hidden_timers,
            false => self.network.clock_granularity,
        };
        let (grain, born) = (span(grain).max(1), nanos(it.born));
        let now = nanos(self.now) - born;
        // A timer never fires at once, only with the next tick.
        let tick = nanos(timeout).div_ceil(grain).max(now / grain + 1);
        let at = time(tick.saturating_mul(grain).saturating_add(born));
        if it.wake_at.is_none_or(|wake| at < wake) {
            self.peer_mut(peer).wake_at = Some(at);
            self.queue.push(at, Step::Wake(peer));
        }
    }

    pub(super) fn schedule(&mut self, after: core::time::Duration, step: Step) -> Time {
        let at = self.now + after;
        self.queue.push(at, step);
        at
    }
}
