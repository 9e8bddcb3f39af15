//! From two descriptions to an open channel, and what ICE says while the path comes and goes.

use core::time::Duration;

use boplish_core::ConnectionInput;
use boplish_core::io::IceState;

use crate::pipe::retransmission;
use crate::webrtc::{Endpoint, EndpointIndex, EndpointState, Negotiation, slot_of};

use super::World;
use super::step::Step;

/// RFC 8445, section 14: how often a pair is checked, so how late a heal is noticed.
const CHECK_INTERVAL: Duration = Duration::from_millis(2_500);

impl World {
    /// Starts the clock of ICE, and tries at once.
    pub(super) fn both_described(&mut self, endpoint: EndpointIndex) {
        let open = self.endpoint(endpoint).filter(|it| !it.is_closed());
        let setup = open.and_then(|it| it.setup.as_ref());
        if let Some(setup) = setup.filter(|it| it.negotiation == Negotiation::Stable) {
            let deadline = Step::IceDeadline(endpoint, setup.generation);
            self.schedule(self.network.ice_failed_after, deadline);
            self.try_connect(endpoint);
        }
    }

    /// Begins the connection's round trips, if both sides match and a path is there.
    pub(super) fn try_connect(&mut self, endpoint: EndpointIndex) {
        let Some(other) = self.find_other(endpoint) else {
            return;
        };
        let ends = [endpoint, other].map(|it| self.endpoint(it));
        let [Some(it), Some(that)] = ends else {
            return;
        };
        let is_new = !it.is_established();
        let owners = [it.owner, that.owner];
        let is_genuine = [(it, that), (that, it)].map(|(this, that)| {
            let remote = this.setup.as_ref().and_then(|it| it.remote.as_ref());
            remote.is_some_and(|remote| remote.fingerprint == self.fingerprint(that.owner))
        }) == [true; 2];
        let rtt = self.latency(owners[0], owners[1]) + self.latency(owners[1], owners[0]);
        for (this, that) in [(endpoint, other), (other, endpoint)] {
            let skew = self.network.jitter.draw(&mut self.random);
            let Some(it) = self.endpoint_mut(this) else {
                continue;
            };
            it.partner = Some(that);
            let Some(setup) = &mut it.setup else {
                continue;
            };
            setup.is_checking = true;
            let generation = setup.generation;
            self.schedule(rtt + skew, Step::IceUp(this, generation));
            if is_new && !is_genuine {
                self.schedule(rtt * 3 + skew, Step::DtlsFailed(this, generation));
            }
        }
        let generation = self.endpoint(endpoint).and_then(Endpoint::generation);
        if let Some(generation) = generation.filter(|_| is_new && is_genuine) {
            // ICE has taken one round trip, DTLS takes two, SCTP two.
            self.schedule(rtt * 5, Step::Establish(endpoint, generation));
        }
    }

    /// The other side, if both are ready to check each other, and not at it already.
    fn find_other(&self, endpoint: EndpointIndex) -> Option<EndpointIndex> {
        let it = self.endpoint(endpoint)?;
        let setup = it.setup.as_ref()?;
        let slot = slot_of(&setup.remote.as_ref()?.ufrag)?;
        let other = self.endpoints.at(slot)?;
        let that = self.endpoint(other)?;
        let other_setup = that.setup.as_ref()?;
        let is_ready = !it.is_closed()
            && !that.is_closed()
            && endpoint != other
            && setup.negotiation == Negotiation::Stable
            && other_setup.negotiation == Negotiation::Stable
            && !(setup.is_checking && other_setup.is_checking)
            && it.partner.is_none_or(|partner| partner == other)
            && setup.matches(other_setup)
            && self.is_reachable(it.owner, that.owner);
        is_ready.then_some(other)
    }

    pub(super) fn ice_up(&mut self, endpoint: EndpointIndex, generation: u32) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        if it.is_closed() || it.generation() != Some(generation) || !it.is_checking() {
            return;
        }
        let owner = it.owner;
        let partner = self.partner_of(endpoint);
        let path = partner.filter(|(_, that)| self.is_reachable(owner, that.owner));
        let partner = path.map(|(partner, _)| partner);
        let Some(it) = self.endpoint_mut(endpoint) else {
            return;
        };
        let Some(partner) = partner else {
            it.stop_checking();
            return;
        };
        it.ice = Some(IceState::Connected);
        if let Some(setup) = &mut it.setup {
            setup.is_checked = true;
        }
        self.feed_connection(endpoint, ConnectionInput::Ice(IceState::Connected));
        self.refresh_endpoint(endpoint);
        self.refresh_endpoint(partner);
        self.settle(endpoint);
    }

    /// Both sides have a channel; each learns of it in its own time.
    pub(super) fn establish(&mut self, endpoint: EndpointIndex, generation: u32) {
        let Some(it) = self.endpoint(endpoint) else {
            return;
        };
        let Some((partner, that)) = self.partner_of(endpoint) else {
            return;
        };
        let is_over = it.is_closed() || that.is_closed() || it.is_established();
        if it.generation() != Some(generation) || is_over {
            return;
        }
        let is_reachable = self.is_reachable(it.owner, that.owner);
        if is_reachable {
            self.counters.opened += 1;
            self.last_change = self.now;
        }
        for this in [endpoint, partner] {
            let skew = self.network.open_skew.draw(&mut self.random);
            let Some(it) = self.endpoint_mut(this) else {
                continue;
            };
            if is_reachable {
                it.state = EndpointState::Established;
                it.is_up = true;
                self.schedule(skew, Step::Open(this));
            } else {
                // Its packets are lost; the checks begin anew when the path has healed.
                it.stop_checking();
            }
        }
    }

    pub(super) fn open_channel(&mut self, endpoint: EndpointIndex) {
        let it = self.endpoint_mut(endpoint);
        if let Some(it) = it.filter(|it| it.state == EndpointState::Established) {
            it.state = EndpointState::Open;
            self.feed_connection(endpoint, ConnectionInput::Opened);
            self.settle(endpoint);
        }
    }

    /// Forgets what the set-up needed, once neither side needs it any more.
    pub(super) fn settle(&mut self, endpoint: EndpointIndex) {
        let is_settled = self.endpoint(endpoint).is_some_and(Endpoint::is_settled);
        let Some((partner, that)) = self.partner_of(endpoint) else {
            return;
        };
        if is_settled && that.is_settled() {
            for this in [endpoint, partner] {
                if let Some(it) = self.endpoint_mut(this) {
                    it.setup = None;
                }
            }
        }
    }

    pub(super) fn dtls_failed(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint(endpoint);
        if it.is_some_and(|it| it.generation() == Some(generation) && !it.is_established()) {
            let reason = "DTLS failed: the certificate is not the signalled one";
            self.end_endpoint(endpoint, reason);
        }
    }

    pub(super) fn ice_deadline(&mut self, endpoint: EndpointIndex, generation: u32) {
        let it = self.endpoint_mut(endpoint);
        let late = |it: &&mut Endpoint| {
            it.generation() == Some(generation) && it.ice.is_none() && !it.is_closed()
        };
        if let Some(it) = it.filter(late) {
            it.ice = Some(IceState::Failed);
            self.feed_connection(endpoint, ConnectionInput::Ice(IceState::Failed));
        }
    }

    /// Looks at connections again: something about their paths has changed.
    pub(super) fn refresh_endpoints(&mut self, endpoints: &[EndpointIndex]) {
        for endpoint in endpoints {
            let it = self.endpoint(*endpoint).filter(|it| !it.is_closed());
            let Some((partner, is_checking)) = it.map(|it| (it.partner, it.is_checking())) else {
                continue;
            };
            self.refresh_endpoint(*endpoint);
            if let Some(partner) = partner {
                self.refresh_endpoint(partner);
            }
            if !is_checking {
                self.try_connect(*endpoint);
            }
        }
    }

    /// Notices that the path of an established connection is cut or has healed.
    pub(super) fn refresh_endpoint(&mut self, endpoint: EndpointIndex) {
        let is_up = self.has_path(endpoint);
        let now = self.now;
        let Some(it) = self.endpoints.get_mut(endpoint) else {
            return;
        };
        if !it.is_established() || is_up == it.is_up {
            return;
        }
        it.is_up = is_up;
        if is_up {
            it.epoch = it.epoch.wrapping_add(1);
            let (epoch, ice, waits) = (it.epoch, it.ice, it.heal());
            if ice == Some(IceState::Disconnected) {
                let delay = self.random.between(Duration::ZERO, CHECK_INTERVAL);
                self.schedule(delay, Step::IceChange(endpoint, epoch, IceState::Connected));
            }
            if let Some(since) = waits {
                let at = retransmission(since, now);
                self.queue.push(at, Step::Resume(endpoint, epoch));
            }
        } else {
            it.stall(now);
            let epoch = it.epoch;
            if it.ice != Some(IceState::Failed) {
                let skew = match self.network.ice_checks {
                    Duration::ZERO => self.network.jitter.draw(&mut self.random),
                    pause => self.random.between(Duration::ZERO, pause),
                };
                for (after, state) in [
                    (self.network.ice_disconnected_after, IceState::Disconnected),
                    (self.network.ice_failed_after, IceState::Failed),
                ] {
                    self.schedule(after + skew, Step::IceChange(endpoint, epoch, state));
                }
            }
        }
    }

    pub(super) fn ice_change(&mut self, endpoint: EndpointIndex, epoch: u32, state: IceState) {
        let it = self.endpoint_mut(endpoint);
        let news =
            |it: &&mut Endpoint| !it.is_closed() && it.epoch == epoch && it.ice != Some(state);
        if let Some(it) = it.filter(news) {
            it.ice = Some(state);
            self.feed_connection(endpoint, ConnectionInput::Ice(state));
        }
    }

    /// Whether packets get through in both directions and both sides still look at them.
    fn has_path(&self, endpoint: EndpointIndex) -> bool {
        let ends = self.endpoint(endpoint).zip(self.partner_of(endpoint));
        ends.is_some_and(|(it, (_, that))| {
            that.is_established()
                && it.ice != Some(IceState::Failed)
                && that.ice != Some(IceState::Failed)
                && self.is_reachable(it.owner, that.owner)
        })
    }
}
