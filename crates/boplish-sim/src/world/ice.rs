//! From two descriptions to an open channel, and what ICE says while the path comes and goes.

use boplish_core::ConnectionInput;
use boplish_core::io::IceState;

use crate::webrtc::{EndpointIndex, EndpointState, Negotiation};

use super::World;
use super::step::{PipeRef, Step};

/// RFC 8445, section 14: how often a pair is checked, so how late a heal is noticed.
const CHECK_INTERVAL: core::time::Duration = core::time::Duration::from_millis(2_500);

impl World {
    /// Starts the clock of ICE, and tries at once.
    pub(super) fn both_described(&mut self, endpoint: EndpointIndex) {
        let it = self.endpoint(endpoint);
        if it.negotiation == Negotiation::Stable && !it.is_closed() {
            let deadline = Step::IceDeadline(endpoint, it.generation);
            self.schedule(self.network.ice_failed_after, deadline);
            self.try_connect(endpoint);
        }
    }

    /// Begins the connection's round trips, if both sides match and a path is there.
    pub(super) fn try_connect(&mut self, endpoint: EndpointIndex) {
        let it = self.endpoint(endpoint);
        let Some(other) = it
            .remote
            .as_ref()
            .and_then(|remote| self.by_ufrag.get(&remote.ufrag).copied())
        else {
            return;
        };
        let that = self.endpoint(other);
        let ready = !it.is_closed()
            && !that.is_closed()
            && endpoint != other
            && it.negotiation == Negotiation::Stable
            && that.negotiation == Negotiation::Stable
            && !(it.is_checking && that.is_checking)
            && it.partner.is_none_or(|partner| partner == other)
            && it.matches(that)
            && self.is_reachable(it.owner, that.owner);
        if !ready {
            return;
        }
        let is_new = !it.is_established();
        let owners = (it.owner, that.owner);
        let genuine = [(endpoint, other), (other, endpoint)].map(|(this, that)| {
            let remote = self.endpoint(this).remote.as_ref();
            let real = self.peer(self.endpoint(that).owner).fingerprint;
            remote.is_some_and(|remote| remote.fingerprint == real)
        });
        let rtt = self.latency(owners.0, owners.1) + self.latency(owners.1, owners.0);
        for (this, that) in [(endpoint, other), (other, endpoint)] {
            let it = self.endpoint_mut(this);
            it.is_checking = true;
            it.partner = Some(that);
            let generation = it.generation;
            let skew = self.network.jitter.draw(&mut self.random);
            self.schedule(rtt + skew, Step::IceUp(this, generation));
            if is_new && genuine != [true, true] {
                self.schedule(rtt * 3 + skew, Step::DtlsFailed(this, generation));
            }
        }
        if is_new && genuine == [true, true] {
            // ICE has taken one round trip, DTLS takes two, SCTP two.
            let generation = self.endpoint(endpoint).generation;
            self.schedule(rtt * 5, Step::Establish(endpoint, generation));
        }
    }

    pub(super) fn ice_up(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint(endpoint);
        if it.is_closed() || it.generation != generation || !it.is_checking {
            return;
        }
        let partner = it.partner.expect("checks have a partner");
        if !self.is_reachable(it.owner, self.endpoint(partner).owner) {
            self.endpoint_mut(endpoint).is_checking = false;
            return;
        }
        self.endpoint_mut(endpoint).ice = Some(IceState::Connected);
        self.feed_connection(endpoint, ConnectionInput::Ice(IceState::Connected));
        self.refresh_endpoint(endpoint);
        self.refresh_endpoint(partner);
    }

    /// Both sides have a channel; each learns of it in its own time.
    pub(super) fn establish(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint(endpoint);
        let Some(partner) = it.partner else {
            return;
        };
        let that = self.endpoint(partner);
        if it.generation != generation || it.is_closed() || that.is_closed() || it.is_established()
        {
            return;
        }
        if !self.is_reachable(it.owner, that.owner) {
            // Its packets are lost; the checks begin anew when the path has healed.
            self.endpoint_mut(endpoint).is_checking = false;
            self.endpoint_mut(partner).is_checking = false;
            return;
        }
        self.counters.opened += 1;
        self.last_change = self.now;
        for this in [endpoint, partner] {
            self.endpoint_mut(this).state = EndpointState::Established;
            self.endpoint_mut(this).is_up = true;
            let skew = self.network.open_skew.draw(&mut self.random);
            self.schedule(skew, Step::Open(this));
        }
    }

    pub(super) fn open_channel(&mut self, endpoint: EndpointIndex) {
        if self.endpoint(endpoint).state == EndpointState::Established {
            self.endpoint_mut(endpoint).state = EndpointState::Open;
            self.feed_connection(endpoint, ConnectionInput::Opened);
        }
    }

    pub(super) fn dtls_failed(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint(endpoint);
        if it.generation == generation && !it.is_established() {
            self.end_endpoint(
                endpoint,
                "DTLS failed: the certificate is not the signalled one",
            );
        }
    }

    pub(super) fn ice_deadline(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint(endpoint);
        if it.generation == generation && it.ice.is_none() && !it.is_closed() {
            self.endpoint_mut(endpoint).ice = Some(IceState::Failed);
            self.feed_connection(endpoint, ConnectionInput::Ice(IceState::Failed));
        }
    }

    /// Looks at every connection again: something about the paths has changed.
    pub(super) fn refresh_endpoints(&mut self) {
        let live: Vec<EndpointIndex> = self.live_endpoints.iter().copied().collect();
        for endpoint in live {
            self.refresh_endpoint(endpoint);
            if !self.endpoint(endpoint).is_checking {
                self.try_connect(endpoint);
            }
        }
    }

    /// Notices that the path of an established connection is cut or has healed.
    pub(super) fn refresh_endpoint(&mut self, endpoint: EndpointIndex) {
        let it = self.endpoint(endpoint);
        if !it.is_established() {
            return;
        }
        let is_up = self.has_path(endpoint);
        if is_up == it.is_up {
            return;
        }
        let (now, is_failed) = (self.now, it.ice == Some(IceState::Failed));
        let it = self.endpoint_mut(endpoint);
        it.is_up = is_up;
        it.path_epoch += 1;
        let (epoch, ice) = (it.path_epoch, it.ice);
        if is_up {
            if ice == Some(IceState::Disconnected) {
                let delay = self
                    .random
                    .between(core::time::Duration::ZERO, CHECK_INTERVAL);
                self.schedule(delay, Step::IceChange(endpoint, epoch, IceState::Connected));
            }
            if let Some(at) = self.endpoint_mut(endpoint).out.heal(now) {
                let pipe = PipeRef::Channel(endpoint);
                self.queue.push(at, Step::Resume(pipe, epoch));
            }
        } else {
            it.out.stall(now);
            if !is_failed {
                let skew = self.network.jitter.draw(&mut self.random);
                let soon = self.network.ice_disconnected_after + skew;
                let later = self.network.ice_failed_after + skew;
                self.schedule(
                    soon,
                    Step::IceChange(endpoint, epoch, IceState::Disconnected),
                );
                self.schedule(later, Step::IceChange(endpoint, epoch, IceState::Failed));
            }
        }
    }

    pub(super) fn ice_change(&mut self, endpoint: EndpointIndex, epoch: u32, state: IceState) {
        let it = self.endpoint(endpoint);
        if it.is_closed() || it.path_epoch != epoch || it.ice == Some(state) {
            return;
        }
        self.endpoint_mut(endpoint).ice = Some(state);
        self.feed_connection(endpoint, ConnectionInput::Ice(state));
    }

    /// Whether packets get through in both directions and both sides still look at them.
    fn has_path(&self, endpoint: EndpointIndex) -> bool {
        let it = self.endpoint(endpoint);
        it.partner.is_some_and(|partner| {
            let that = self.endpoint(partner);
            that.is_established()
                && it.ice != Some(IceState::Failed)
                && that.ice != Some(IceState::Failed)
                && self.is_reachable(it.owner, that.owner)
        })
    }
}
