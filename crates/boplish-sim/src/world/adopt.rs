//! Links without a handshake, for an ordered start of very many peers.

use boplish_core::AdoptedLink;
use boplish_core::io::IceState;

use crate::peer::PeerHandle;
use crate::webrtc::{Endpoint, EndpointIndex, EndpointState};

use super::World;

/// An ICE user name fragment that no description has: it leads to nobody.
const NO_UFRAG: &str = "--------";

impl World {
    /// Links two peers as if they had shaken hands at this moment, the first having offered. The
    /// routers hear what the other one's hello would have said: what is given with its peer. The
    /// answer is whether there is a link now that was not there before.
    pub fn link(&mut self, offering: (PeerHandle, &[u8]), other: (PeerHandle, &[u8])) -> bool {
        let ((a, hello_a), (b, hello_b)) = (offering, other);
        let id = self.peer(a).connections.next_id();
        let session = self.session(a, id);
        let mut adopt = |peer: PeerHandle, other: PeerHandle, offered, routing| {
            let (fingerprint, now) = (self.fingerprint(other), self.local_now(peer));
            let link = AdoptedLink {
                peer: self.id_of(other),
                offered,
                session,
                fingerprint,
                ufrag: NO_UFRAG,
                routing,
            };
            let node = self.peer_mut(peer).node.as_mut()?;
            let id = node.adopt_link(now, link)?;
            let endpoint = self.endpoints.insert(Endpoint::open(peer, id));
            let connections = &mut self.peer_mut(peer).connections;
            connections.insert(id, endpoint.slot()).then_some(endpoint)
        };
        let ends = [adopt(a, b, true, hello_b), adopt(b, a, false, hello_a)];
        match ends {
            [Some(one), Some(other)] => self.pair(one, other),
            [Some(half), None] | [None, Some(half)] => self.end_endpoint(half, "nobody is there"),
            [None, None] => {}
        }
        self.drain(a);
        self.drain(b);
        ends.iter().all(Option::is_some)
    }

    fn pair(&mut self, one: EndpointIndex, other: EndpointIndex) {
        for (this, that) in [(one, other), (other, one)] {
            if let Some(it) = self.endpoint_mut(this) {
                it.partner = Some(that);
            }
        }
        self.counters.connections += 2;
        self.counters.opened += 1;
        self.last_change = self.now;
        for end in [one, other] {
            self.refresh_endpoint(end);
        }
    }
}

impl Endpoint {
    /// A side whose set-up is long over.
    fn open(owner: PeerHandle, id: boplish_core::ConnectionId) -> Self {
        Self {
            state: EndpointState::Open,
            ice: Some(IceState::Connected),
            is_up: true,
            ..Self::new(owner, id, None)
        }
    }
}
