//! What goes wrong: cut paths, vanished peers, slow timers.

use core::time::Duration;

use boplish_core::wire::PeerId;
use boplish_core::{ConnectionInput, Input, Node};

use crate::peer::PeerHandle;
use crate::server::FromServer;
use crate::tamper::{Leg, Verdict};
use crate::webrtc::{Endpoint, EndpointIndex, Item};

use super::World;
use super::step::Step;

impl World {
    /// The peer is gone without a word: it sends nothing any more, and neither the other peers
    /// nor the server are told.
    pub fn vanish(&mut self, peer: PeerHandle) {
        self.trace.line(self.now, || format!("{} vanishes", peer.0));
        self.peer_mut(peer).node = None;
        for endpoint in self.live_of(peer) {
            self.clear_channel(endpoint);
            self.drop_endpoint(endpoint);
        }
        self.refresh_peer(peer);
        self.abandon_socket(peer);
    }

    /// The same, but gives out what has vanished, to be looked at.
    pub fn take_node(&mut self, peer: PeerHandle) -> Option<Box<Node>> {
        let node = self.peer_mut(peer).node.take();
        self.vanish(peer);
        node
    }

    /// The peer's network is away for a while; what is sent waits.
    pub fn blink(&mut self, peer: PeerHandle, duration: Duration) {
        self.trace
            .line(self.now, || format!("{} blinks for {duration:?}", peer.0));
        self.peer_mut(peer).blinks += 1;
        self.schedule(duration, Step::BlinkOver(peer));
        self.refresh_peer(peer);
    }

    pub(super) fn blink_over(&mut self, peer: PeerHandle) {
        self.trace.line(self.now, || format!("{} is back", peer.0));
        self.peer_mut(peer).blinks -= 1;
        self.refresh_peer(peer);
    }

    /// Splits the network: peers of different sets don't reach each other, and those that are in
    /// none form a set of their own. The server is reached by everybody, or only by one set.
    pub fn partition(&mut self, sets: &[&[PeerHandle]], server: Option<usize>) {
        self.trace.line(self.now, || {
            format!("partition {sets:?}, server {server:?}")
        });
        for peer in &mut self.peers {
            peer.side = 0;
        }
        for (index, set) in sets.iter().enumerate() {
            for peer in *set {
                self.peers[peer.index()].side = index as u8 + 1;
            }
        }
        self.server_side = server.map(|index| index as u8 + 1);
        self.refresh();
    }

    /// Peers that come from now on are apart from all that are there, together with the server,
    /// which starts anew and forgets the others: a network of its own grows up, until
    /// [`heal`](Self::heal).
    pub fn grow_apart(&mut self) {
        self.newcomer_side += 1;
        self.server_side = Some(self.newcomer_side);
        self.trace
            .line(self.now, || "another network begins".to_owned());
        self.restart_server();
        self.refresh();
    }

    /// Two peers can't reach each other directly, until further notice.
    pub fn set_reachable(&mut self, a: PeerHandle, b: PeerHandle, reachable: bool) {
        let pair = (a.min(b), a.max(b));
        match reachable {
            true => self.unreachable.remove(&pair),
            false => self.unreachable.insert(pair),
        };
        self.refresh_peer(a);
    }

    /// Ends every partition and every unreachable pair; blinks end by themselves.
    pub fn heal(&mut self) {
        self.unreachable.clear();
        self.newcomer_side = 0;
        self.partition(&[], None);
    }

    /// The peer's page becomes hidden, so that its timers are slow, or visible.
    pub fn set_hidden(&mut self, peer: PeerHandle, hidden: bool) {
        let it = self.peer_mut(peer);
        it.hidden = hidden;
        it.wake_at = None;
        self.feed(peer, Input::Visibility { hidden });
    }

    /// The peer's addresses change; connections that it has go on.
    pub fn change_network(&mut self, peer: PeerHandle) {
        self.feed(peer, Input::NetworkChanged);
    }

    /// One side of the connections between two peers is gone; only its own core learns it.
    pub fn break_one_side(&mut self, peer: PeerHandle, other: PeerHandle) {
        for endpoint in self.live_of(peer) {
            let partner = self.partner_of(endpoint);
            if partner.is_some_and(|(_, that)| that.owner == other) {
                self.clear_channel(endpoint);
                self.end_endpoint(endpoint, "the channel broke");
            }
        }
    }

    /// Every connection between two peers breaks; each learns it in its own time, within `skew`.
    pub fn break_link(&mut self, a: PeerHandle, b: PeerHandle, skew: Duration) {
        self.break_one_side(a, b);
        self.run_for(skew);
        self.break_one_side(b, a);
    }

    /// Lets somebody read and change every text on its way to and from the bootstrap server.
    pub fn tamper_with_texts(&mut self, hook: impl FnMut(Leg, &str) -> Verdict<String> + 'static) {
        self.tamper.texts = Some(Box::new(hook));
    }

    /// Lets somebody read and change every frame, which is given with its sender and receiver.
    pub fn tamper_with_frames(
        &mut self,
        hook: impl FnMut(PeerHandle, PeerHandle, &[u8]) -> Verdict<Vec<u8>> + 'static,
    ) {
        self.tamper.frames = Some(Box::new(hook));
    }

    /// Nobody reads and changes anything any more.
    pub fn stop_tampering(&mut self) {
        self.tamper = crate::tamper::Tamper::default();
    }

    /// The peer's WebSockets claim this id from now on, whatever its key is.
    pub fn claim_id(&mut self, thief: PeerHandle, id: PeerId) {
        self.claims.insert(thief, id);
    }

    /// A text reaches a peer as if the server had sent it. Does nothing without a WebSocket.
    pub fn inject_text(&mut self, to: PeerHandle, text: &str) {
        if let Some(socket) = self.peer(to).socket {
            self.send_down(socket, FromServer::Text(text.to_owned()));
        }
    }

    /// A frame goes over the channels from one peer to another, as if its core had sent it.
    /// The answer is how many channels there are.
    pub fn inject_frame(&mut self, from: PeerHandle, to: PeerHandle, frame: &[u8]) -> usize {
        let mut channels = 0;
        for endpoint in self.live_of(from) {
            let partner = self.partner_of(endpoint);
            let leads_there = partner.is_some_and(|(_, that)| that.owner == to);
            if leads_there
                && self
                    .endpoint(endpoint)
                    .is_some_and(Endpoint::is_established)
            {
                self.push_frame(endpoint, Item::Message(frame.to_vec()));
                channels += 1;
            }
        }
        channels
    }

    /// Any fact about any connection of a peer, in any state: a shell may be late or wrong.
    pub fn inject_connection_fact(&mut self, peer: PeerHandle, fact: &ConnectionInput) {
        let ids: Vec<_> = self.peer(peer).connections.ids().collect();
        for id in ids {
            self.feed(peer, Input::Connection(id, fact.clone()));
        }
    }

    pub(super) fn live_of(&self, peer: PeerHandle) -> Vec<EndpointIndex> {
        let slots = self.peer(peer).connections.slots();
        let all = slots.filter_map(|slot| self.endpoints.at(slot));
        let is_live = |it: &EndpointIndex| self.endpoint(*it).is_some_and(|it| !it.is_closed());
        all.filter(is_live).collect()
    }

    /// Something about all paths has changed.
    fn refresh(&mut self) {
        self.last_change = self.now;
        let live = self.endpoints.iter().filter(|(_, it)| !it.is_closed());
        let live: Vec<_> = live.map(|(endpoint, _)| endpoint).collect();
        self.refresh_endpoints(&live);
        let live: Vec<_> = self.sockets.iter().map(|(socket, _)| socket).collect();
        self.refresh_sockets(&live);
    }

    /// Something about a peer's paths has changed.
    fn refresh_peer(&mut self, peer: PeerHandle) {
        self.last_change = self.now;
        let live = self.live_of(peer);
        self.refresh_endpoints(&live);
        let socket = self.peer(peer).socket;
        self.refresh_sockets(socket.as_slice());
    }
}
