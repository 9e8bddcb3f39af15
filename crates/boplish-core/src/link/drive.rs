//! What is due: attempts and retries, the fate of silent links.

use core::time::Duration;

use boplish_wire::{DeniedReason, PeerId};

use super::handshake::{Handshake, Role};
use super::open::Check;
use super::{Attempt, Held, LinkOutput, Links, SLEEP_DETECTED, link_of};
use crate::io::{ConnectionCommand, DisconnectReason, Event};
use crate::time::Time;

/// When nothing is due.
pub(super) const NEVER: Time = Time::after_start(Duration::MAX);

impl Links {
    /// When [`Links::handle_timeout`] is due. What is heard puts timers off; they are looked at
    /// when the first would have been due, so that a message costs no walk through all links.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        if self.closed {
            return None;
        }
        let earliest = self.earliest.get().unwrap_or_else(|| {
            let earliest = self.find_earliest();
            self.earliest.set(Some(earliest));
            earliest
        });
        debug_assert!(earliest <= self.find_earliest(), "a timer was missed");
        (earliest < NEVER).then_some(earliest)
    }

    fn find_earliest(&self) -> Time {
        let bootstrap = match &self.bootstrap.handshake {
            // Its candidates wait for the answer, which says whom they are for.
            Some(handshake) => handshake.deadline,
            None if self.needs_bootstrap() => self.bootstrap.next,
            None => NEVER,
        };
        let invitations = self.invitations.iter().map(Handshake::timeout);
        let links = self.open.values().map(|link| link.timeout(&self.config));
        let attempts = self.attempts.iter();
        let attempts = attempts.map(|(id, attempt)| self.attempt_timeout(id, attempt));
        links
            .chain(attempts)
            .chain(invitations)
            .fold(bootstrap, Time::min)
    }

    fn attempt_timeout(&self, id: &PeerId, attempt: &Attempt) -> Time {
        if let Some(handshake) = &attempt.handshake {
            return handshake.timeout();
        }
        let held = attempt.held.as_ref().and_then(|held| held.take_at);
        let wanted = attempt.wanted.as_ref().map(|wanted| wanted.next);
        let wanted = wanted.filter(|_| !self.open.contains_key(id));
        held.into_iter().chain(wanted).fold(NEVER, Time::min)
    }

    fn needs_bootstrap(&self) -> bool {
        self.bootstrap.possible
            && !self.closed
            && self.open.is_empty()
            && self.attempts.values().all(|it| it.leaves_way())
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        let Some(due) = self.poll_timeout().filter(|due| *due <= now) else {
            return;
        };
        if now.since(due) >= SLEEP_DETECTED {
            for link in self.open.values_mut() {
                link.liveness.slept(now, &self.config);
            }
        }
        self.send_due_keepalives(now);
        let mut last = None;
        while let Some(id) = self.next_due_link(now, last) {
            self.drive_link(now, id);
            last = Some(id);
        }
        let mut last = None;
        while let Some(id) = self.next_due_attempt(now, last) {
            self.drive_attempt(now, id);
            last = Some(id);
        }
        self.drive_invitations(now);
        self.drive_bootstrap(now);
        self.earliest.set(None);
    }

    /// The next peer behind `last` on whose link something is due.
    fn next_due_link(&self, now: Time, last: Option<PeerId>) -> Option<PeerId> {
        let mut links = self.open.iter_behind(last.as_ref());
        let due = links.find(|(_, link)| link.timeout(&self.config) <= now)?;
        Some(*due.0)
    }

    /// The next peer behind `last` for which something is to be attempted.
    fn next_due_attempt(&self, now: Time, last: Option<PeerId>) -> Option<PeerId> {
        let mut attempts = self.attempts.iter_behind(last.as_ref());
        let due = attempts.find(|(id, attempt)| self.attempt_timeout(id, attempt) <= now)?;
        Some(*due.0)
    }

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
            let connection = self.next_connection();
            let deadline = now + self.config.handshake_timeout;
            self.bootstrap.handshake = Some(Box::new(Handshake::offering(connection, deadline)));
            self.command(connection, ConnectionCommand::CreateOffer);
        }
    }

    /// The own first offer came to nothing: it is made anew after a pause.
    pub(super) fn fail_bootstrap(&mut self, now: Time) {
        if let Some(handshake) = self.bootstrap.handshake.take() {
            self.close_connection(handshake.connection);
        }
        self.delay_bootstrap(now);
        self.take_deferred(now);
    }

    /// The next own first offer has to wait.
    pub(super) fn delay_bootstrap(&mut self, now: Time) {
        let (base, max) = (self.config.retry_base, self.config.retry_max);
        self.bootstrap.next = now + self.bootstrap.backoff.fail(base, max, &mut self.rng);
    }

    /// Does what is due to open a link to a peer.
    pub(super) fn drive_attempt(&mut self, now: Time, id: PeerId) {
        if let Some(handshake) = self.handshake(id) {
            if now >= handshake.deadline {
                self.fail_handshake(now, id);
                return;
            }
            if handshake.waiting.as_ref().is_some_and(|it| it.1 <= now) {
                self.send_waiting(now, id);
            } else if handshake.batch_due().is_some_and(|due| due <= now) {
                self.send_handshake_candidates(now, id);
            }
        }
        self.take_held(now, id);
        self.start_wanted(now, id);
    }

    /// Sends what is due on an open link, or gives it up.
    fn drive_link(&mut self, now: Time, id: PeerId) {
        let Some(link) = link_of(&mut self.open, id) else {
            return;
        };
        match link.liveness.check(now, &self.config) {
            Check::Fine => {}
            Check::Probe => self.send_keepalive(now, id, true),
            Check::Restart => self.restart(now, id),
            Check::Dead => {
                self.close_link(id, None, DisconnectReason::Silent);
                self.drive_attempt(now, id);
                return;
            }
        }
        self.report_disturbance(now, id);
        let Some(link) = link_of(&mut self.open, id) else {
            return;
        };
        let session = link.session;
        if let Some((ufrag, candidates, done)) = link.take_candidates(now) {
            self.send_candidates(id, session, ufrag, candidates, done);
        }
    }

    /// Tells the node when the path of a link has come into doubt or out of it.
    pub(super) fn report_disturbance(&mut self, now: Time, peer: PeerId) {
        let Some(link) = link_of(&mut self.open, peer) else {
            return;
        };
        let disturbed = link.liveness.is_disturbed(now, &self.config);
        if disturbed != link.liveness.reported_disturbed {
            link.liveness.reported_disturbed = disturbed;
            self.earliest.set(None);
            self.outputs
                .push_back(LinkOutput::Disturbed { peer, disturbed });
        }
    }

    /// Makes an offer to a peer that is wanted, when its time has come.
    fn start_wanted(&mut self, now: Time, id: PeerId) {
        let full = self.is_full();
        let is_open = self.open.contains_key(&id);
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let due = attempt.wanted.as_ref().map(|wanted| wanted.next <= now);
        if due != Some(true) || !attempt.leaves_way() || is_open {
            return;
        }
        self.abandon_handshake(id);
        let attempt = self.attempt(id);
        if full {
            attempt.wanted = None;
            self.outputs.push_back(LinkOutput::GaveUp { peer: id });
            self.forget_if_idle(id);
            return;
        }
        let connection = self.new_connection(id);
        let deadline = now + self.config.handshake_timeout;
        self.attempt(id).handshake = Some(Handshake::offering(connection, deadline));
        self.command(connection, ConnectionCommand::CreateOffer);
    }

    /// A handshake came to nothing. A wanted peer is tried again after a pause, a bounded number
    /// of times.
    pub(super) fn fail_handshake(&mut self, now: Time, id: PeerId) {
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let Some(handshake) = attempt.handshake.take() else {
            return;
        };
        if let Some(wanted) = &mut attempt.wanted {
            let (base, max) = (self.config.retry_base, self.config.retry_max);
            wanted.next = now + wanted.backoff.fail(base, max, &mut self.rng);
            if wanted.once || wanted.backoff.failures() >= self.config.max_attempts {
                attempt.wanted = None;
                self.outputs.push_back(LinkOutput::GaveUp { peer: id });
            }
        }
        self.close_connection(handshake.connection);
        if handshake.by_hand {
            let failed = Event::InvitationFailed { peer: id };
            self.outputs.push_back(LinkOutput::Event(failed));
        } else if handshake.role == Role::Answerer
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
        let is_open = self.open.contains_key(&id);
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        let ready = |held: &mut Held| match held.take_at {
            Some(take_at) => take_at <= now,
            None => true,
        };
        let waits = |held: &Held| held.take_at.is_none();
        let blocked =
            attempt.handshake.is_some() || (is_open && attempt.held.as_ref().is_some_and(waits));
        if blocked {
            return;
        }
        if let Some(held) = attempt.held.take_if(ready) {
            if now.since(held.since) < timeout {
                self.accept_offer(now, id, held.offer);
            }
            self.forget_if_idle(id);
        }
    }
}
