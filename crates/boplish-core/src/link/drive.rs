//! What is due: attempts and retries, keepalives, the fate of silent links.

use boplish_wire::{DeniedReason, PeerId};

use super::handshake::{Handshake, Role};
use super::open::Check;
use super::{Held, LinkOutput, Links, Owner, link_of};
use crate::io::{ConnectionCommand, DisconnectReason};
use crate::time::Time;

impl Links {
    /// Starts, retries or gives up the own first offer.
    pub(super) fn drive_bootstrap(&mut self, now: Time) {
        if let Some(handshake) = &self.bootstrap.handshake
            && now >= handshake.deadline
        {
            self.fail_bootstrap(now);
        }
        if self.bootstrap.handshake.is_none()
            && self.needs_bootstrap()
            && now >= self.bootstrap.next
        {
            let connection = self.new_connection(Owner::Bootstrap);
            let deadline = now + self.config.handshake_timeout;
            self.bootstrap.handshake = Some(Handshake::offering(connection, deadline));
            self.command(connection, ConnectionCommand::CreateOffer);
        }
    }

    /// The own first offer came to nothing: it is made anew after a pause.
    pub(super) fn fail_bootstrap(&mut self, now: Time) {
        if let Some(handshake) = self.bootstrap.handshake.take() {
            self.close_connection(handshake.connection);
        }
        let (base, max) = (self.config.retry_base, self.config.retry_max);
        self.bootstrap.next = now + self.bootstrap.backoff.fail(base, max, &mut self.rng);
        self.take_deferred(now);
    }

    /// Does what is due for one peer.
    pub(super) fn drive_peer(&mut self, now: Time, id: PeerId) {
        self.drive_link(now, id);
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        if let Some(handshake) = &mut peer.handshake {
            if now >= handshake.deadline {
                self.fail_handshake(now, id);
                return;
            }
            if handshake.batch_due().is_some_and(|due| due <= now) {
                self.send_handshake_candidates(now, id);
            }
        }
        self.take_held(now, id);
        self.start_wanted(now, id);
    }

    /// Sends what is due on an open link, or gives it up.
    pub(super) fn drive_link(&mut self, now: Time, id: PeerId) {
        let Some(link) = link_of(&mut self.peers, id) else {
            return;
        };
        match link.liveness.check(now, &self.config) {
            Check::Fine => {}
            Check::Probe => self.send_keepalive(now, id, true),
            Check::Restart => self.restart(now, id),
            Check::Dead => {
                self.close_link(id, None, DisconnectReason::Silent);
                self.take_held(now, id);
                return;
            }
        }
        self.report_disturbance(now, id);
        let Some(link) = link_of(&mut self.peers, id) else {
            return;
        };
        let batch = link.batch.take_due(now);
        let (session, ufrag) = (link.session, link.local.ufrag.clone());
        if now >= link.liveness.next_keepalive {
            self.send_keepalive(now, id, false);
        }
        if let Some((candidates, done)) = batch {
            self.send_candidates(id, session, ufrag, candidates, done);
        }
    }

    /// Tells the node when the path of a link has come into doubt or out of it.
    pub(super) fn report_disturbance(&mut self, now: Time, peer: PeerId) {
        let Some(link) = link_of(&mut self.peers, peer) else {
            return;
        };
        let disturbed = link.liveness.is_disturbed(now, &self.config);
        if disturbed != link.liveness.reported_disturbed {
            link.liveness.reported_disturbed = disturbed;
            self.outputs
                .push_back(LinkOutput::Disturbed { peer, disturbed });
        }
    }

    /// Makes an offer to a peer that is wanted, when its time has come.
    fn start_wanted(&mut self, now: Time, id: PeerId) {
        let full = self.is_full();
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let due = peer
            .wanted
            .as_ref()
            .is_some_and(|wanted| wanted.next <= now);
        if !due || peer.handshake.is_some() || peer.link.is_some() {
            return;
        }
        if full {
            peer.wanted = None;
            self.outputs.push_back(LinkOutput::GaveUp { peer: id });
            self.forget_if_idle(id);
            return;
        }
        let connection = self.new_connection(Owner::Peer(id));
        let deadline = now + self.config.handshake_timeout;
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.handshake = Some(Handshake::offering(connection, deadline));
        }
        self.command(connection, ConnectionCommand::CreateOffer);
    }

    /// A handshake came to nothing. A wanted peer is tried again after a pause, a bounded number
    /// of times.
    pub(super) fn fail_handshake(&mut self, now: Time, id: PeerId) {
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let Some(handshake) = peer.handshake.take() else {
            return;
        };
        if let Some(wanted) = &mut peer.wanted {
            let (base, max) = (self.config.retry_base, self.config.retry_max);
            wanted.next = now + wanted.backoff.fail(base, max, &mut self.rng);
            if wanted.once || wanted.backoff.failures() >= self.config.max_attempts {
                peer.wanted = None;
                self.outputs.push_back(LinkOutput::GaveUp { peer: id });
            }
        }
        self.close_connection(handshake.connection);
        if handshake.role == Role::Answerer
            && let Some(of) = handshake.session
        {
            // So that the offerer need not wait for its own timeout.
            self.deny(id, of, DeniedReason::UnknownSession);
        }
        self.take_held(now, id);
        self.forget_if_idle(id);
        self.drive_bootstrap(now);
    }

    /// Takes the offer that was held back, if nothing is in its way any more.
    fn take_held(&mut self, now: Time, id: PeerId) {
        let timeout = self.config.handshake_timeout;
        let Some(peer) = self.peers.get_mut(&id) else {
            return;
        };
        let ready = |held: &mut Held| match held.take_at {
            Some(take_at) => take_at <= now,
            None => true,
        };
        let blocked = peer.handshake.is_some()
            || (peer.link.is_some() && peer.held.as_ref().is_some_and(|h| h.take_at.is_none()));
        if blocked {
            return;
        }
        if let Some(held) = peer.held.take_if(ready)
            && now.since(held.since) < timeout
        {
            self.accept_offer(now, id, held.offer);
        }
    }
}
