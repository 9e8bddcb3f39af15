//! The transport over str0m.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use boplish_core::config::BUFFERED_AMOUNT_LOW;
use boplish_core::io::{ConnectionInput, IceState};
use boplish_wire::sdp::SdpType;
use boplish_wire::{Candidate, CandidateAddress, Description, Fingerprint, SessionId};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::net::{Protocol, Receive};
use str0m::{Event, IceConnectionState, Input, Output, Rtc, RtcConfig};

use super::dtls::{Certificate, MTU, crypto_provider};
use super::{Datagram, LocalCandidate, Transport, TransportError, TransportOutput, facts};

/// Bytes that str0m holds, sent and not yet acknowledged: larger ones make sctp-proto slower.
const SEND_BUDGET: usize = 128 * 1024;

/// The same towards a browser, whose socket buffers overflow beyond it.
const SEND_BUDGET_TO_BROWSER: usize = 64 * 1024;

/// Bytes that wait for the send budget; beyond that, the connection is closed. The core stops
/// at a fraction of it.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// How long a connection that is closed goes on sending what it holds.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// How long saying goodbye may take after that.
const CLOSE_TIME: Duration = Duration::from_millis(500);

/// Disconnected for this long counts as failed, as in Chromium.
const FAILED_AFTER: Duration = Duration::from_secs(15);

/// One connection.
pub(crate) struct Str0m {
    rtc: Rtc,
    session: SessionId,
    mid: String,
    pending: Option<SdpPendingOffer>,
    remote_fingerprint: Option<Fingerprint>,
    channel: Option<ChannelId>,
    /// DTLS is done, so that what is sent arrives.
    connected: bool,
    opened: bool,
    ice: Option<IceState>,
    failed_at: Option<Instant>,
    budget: usize,
    queue: VecDeque<Vec<u8>>,
    queued: usize,
    reported: usize,
    closing: Closing,
    outputs: VecDeque<TransportOutput>,
    timeout: Option<Instant>,
}

/// How far closing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// Not at all.
    Open,
    /// What is left is sent until then.
    Flushing(Instant),
    /// The goodbye is on its way until then.
    Leaving(Instant),
    /// It is over.
    Finished,
}

impl Str0m {
    /// A connection that knows nothing of the other side yet. `session` names its descriptions.
    pub(crate) fn new(certificate: &Certificate, session: SessionId, now: Instant) -> Self {
        let rtc = RtcConfig::new()
            .set_crypto_provider(crypto_provider())
            .set_dtls_cert(certificate.to_dtls())
            .set_fingerprint_verification(true)
            .set_sctp_max_buffered_amount(SEND_BUDGET)
            .set_mtu(MTU..=usize::MAX)
            .build(now);
        Self {
            rtc,
            session,
            mid: facts::MID.to_owned(),
            pending: None,
            remote_fingerprint: None,
            channel: None,
            connected: false,
            opened: false,
            ice: None,
            failed_at: None,
            budget: SEND_BUDGET,
            queue: VecDeque::new(),
            queued: 0,
            reported: 0,
            closing: Closing::Open,
            outputs: VecDeque::new(),
            timeout: Some(now),
        }
    }

    fn channel_config() -> ChannelConfig {
        ChannelConfig {
            label: "boplish".to_owned(),
            ordered: true,
            reliability: Reliability::Reliable,
            negotiated: Some(0),
            protocol: String::new(),
        }
    }

    fn check_fingerprint(&mut self, remote: &Description) -> Result<(), TransportError> {
        let expected = *self.remote_fingerprint.get_or_insert(remote.fingerprint);
        if expected == remote.fingerprint {
            Ok(())
        } else {
            Err(TransportError::FingerprintChanged)
        }
    }

    fn accept_offer(&mut self, offer: &Description) -> Result<Description, TransportError> {
        self.check_fingerprint(offer)?;
        self.pending = None;
        let offer_sdp = facts::remote_sdp(offer, SdpType::Offer, &self.mid);
        let offer_sdp = SdpOffer::from_sdp_string(&offer_sdp)
            .map_err(|error| TransportError::Description(error.to_string()))?;
        let answer = self.rtc.sdp_api().accept_offer(offer_sdp)?.to_sdp_string();
        for candidate in &offer.candidates {
            self.add_remote_candidate(candidate);
        }
        let description = facts::local_description(&answer, self.session)?;
        self.drain();
        Ok(description)
    }

    /// Carries out what str0m wants, until it only waits for the time.
    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.timeout = Some(at);
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    self.outputs.push_back(TransportOutput::Transmit {
                        local: transmit.source,
                        remote: transmit.destination,
                        bytes: transmit.contents.into(),
                    });
                }
                Ok(Output::Event(event)) => self.handle_event(event),
                Err(error) => {
                    self.fail(&error.to_string());
                    break;
                }
            }
        }
        if !self.rtc.is_alive() {
            self.fail("closed by the other side");
        }
    }

    fn handle_event(&mut self, event: Event) {
        // Events of str0m, of which media and statistics do not occur here.
        if let Event::Connected = event {
            self.connected = true;
            self.open_if_ready();
        } else if let Event::ChannelOpen(id, _) = event {
            self.channel = Some(id);
            self.open_if_ready();
        } else if let Event::ChannelData(message) = event {
            self.report(ConnectionInput::Message(message.data));
        } else if let Event::IceConnectionStateChange(state) = event {
            self.handle_ice_state(state);
        } else if let Event::ChannelClose(_) | Event::Closed = event {
            self.fail("closed by the other side");
        }
    }

    /// str0m may say that the channel is open before DTLS is done.
    fn open_if_ready(&mut self) {
        let Some(channel) = self.channel else {
            return;
        };
        if self.opened || !self.connected {
            return;
        }
        if let Some(mut channel) = self.rtc.channel(channel) {
            channel.set_buffered_amount_low_threshold(BUFFERED_AMOUNT_LOW);
            self.opened = true;
            self.report(ConnectionInput::Opened);
        }
    }

    fn handle_ice_state(&mut self, state: IceConnectionState) {
        let state = match state {
            IceConnectionState::New | IceConnectionState::Checking => None,
            IceConnectionState::Connected | IceConnectionState::Completed => {
                Some(IceState::Connected)
            }
            IceConnectionState::Disconnected => Some(IceState::Disconnected),
        };
        self.failed_at = None;
        if self.ice == state {
            return;
        }
        self.ice = state;
        if let Some(state) = state {
            self.report(ConnectionInput::Ice(state));
        }
    }

    /// Takes the time of failure from the first moment after ICE was disconnected.
    fn watch_ice(&mut self, now: Instant) {
        if self.ice != Some(IceState::Disconnected) {
            return;
        }
        let at = *self.failed_at.get_or_insert(now + FAILED_AFTER);
        if now >= at {
            self.ice = Some(IceState::Failed);
            self.failed_at = None;
            self.report(ConnectionInput::Ice(IceState::Failed));
        }
    }

    fn report(&mut self, input: ConnectionInput) {
        if self.closing == Closing::Open {
            self.outputs.push_back(TransportOutput::Input(input));
        }
    }

    fn fail(&mut self, reason: &str) {
        let reason = reason.to_owned();
        self.report(ConnectionInput::Closed { reason });
        self.closing = Closing::Finished;
        self.timeout = None;
        self.queue.clear();
        self.queued = 0;
    }

    /// Bytes that str0m holds.
    fn in_flight(&mut self) -> usize {
        self.channel
            .and_then(|channel| self.rtc.channel(channel))
            .map_or(0, |mut channel| channel.buffered_amount())
    }

    /// Moves what waits into str0m as far as it takes it, and says how much is left.
    fn flush_queue(&mut self) {
        if !self.opened || self.closing == Closing::Finished {
            return;
        }
        let mut sent = false;
        while let Some(message) = self.queue.front() {
            let length = message.len();
            let in_flight = self.in_flight();
            if in_flight > 0 && in_flight + length > self.budget {
                break;
            }
            let channel = self.channel.and_then(|channel| self.rtc.channel(channel));
            let (Some(mut channel), Some(message)) = (channel, self.queue.front()) else {
                break;
            };
            match channel.write(true, message) {
                Ok(true) => {
                    self.queue.pop_front();
                    self.queued -= length;
                    sent = true;
                    self.drain();
                }
                Ok(false) => break,
                Err(error) => return self.fail(&error.to_string()),
            }
        }
        let buffered = self.queued + self.in_flight();
        let has_fallen = buffered <= BUFFERED_AMOUNT_LOW && self.reported > BUFFERED_AMOUNT_LOW;
        let is_empty = buffered == 0 && self.reported > 0;
        if sent || has_fallen || is_empty {
            self.reported = buffered;
            self.report(ConnectionInput::BufferedAmount(buffered));
        }
    }

    /// After time or a datagram has come in.
    fn proceed(&mut self, now: Instant) {
        self.drain();
        self.flush_queue();
        self.watch_ice(now);
        if let Closing::Flushing(until) = self.closing
            && (now >= until || !self.opened || (self.queued == 0 && self.in_flight() == 0))
        {
            self.closing = Closing::Leaving(now + CLOSE_TIME);
            if let Err(error) = self.rtc.close() {
                tracing::debug!(%error, "the connection does not close properly");
            }
            self.drain();
        }
        if let Closing::Leaving(until) = self.closing
            && now >= until
        {
            self.fail("closed");
        }
    }
}

impl Transport for Str0m {
    fn create_offer(&mut self) -> Result<Description, TransportError> {
        let mut changes = self.rtc.sdp_api();
        changes.add_channel_with_config(Self::channel_config());
        let (offer, pending) = changes.apply().ok_or(TransportError::NoOffer)?;
        let offer = offer.to_sdp_string();
        if let Some(mid) = facts::mid(&offer) {
            self.mid = mid.to_owned();
        }
        self.pending = Some(pending);
        let description = facts::local_description(&offer, self.session)?;
        self.drain();
        Ok(description)
    }

    fn create_answer(&mut self, offer: &Description) -> Result<Description, TransportError> {
        let answer = self.accept_offer(offer)?;
        let mut changes = self.rtc.sdp_api();
        changes.add_channel_with_config(Self::channel_config());
        if changes.apply().is_some() {
            // The offer has brought the association that the channel lives in.
            return Err(TransportError::Description("no data channels".to_owned()));
        }
        self.drain();
        Ok(answer)
    }

    fn accept_answer(&mut self, answer: &Description) -> Result<(), TransportError> {
        self.check_fingerprint(answer)?;
        let pending = self.pending.take().ok_or(TransportError::NoOffer)?;
        let answer_sdp = facts::remote_sdp(answer, SdpType::Answer, &self.mid);
        let answer_sdp = SdpAnswer::from_sdp_string(&answer_sdp)
            .map_err(|error| TransportError::Description(error.to_string()))?;
        self.rtc.sdp_api().accept_answer(pending, answer_sdp)?;
        for candidate in &answer.candidates {
            self.add_remote_candidate(candidate);
        }
        self.drain();
        Ok(())
    }

    fn restart_ice(&mut self) -> Result<Description, TransportError> {
        let mut changes = self.rtc.sdp_api();
        changes.ice_restart(true);
        let (offer, pending) = changes.apply().ok_or(TransportError::NoOffer)?;
        self.pending = Some(pending);
        let description = facts::local_description(&offer.to_sdp_string(), self.session)?;
        self.drain();
        Ok(description)
    }

    fn answer_restart(&mut self, offer: &Description) -> Result<Description, TransportError> {
        self.accept_offer(offer)
    }

    fn add_local_candidate(&mut self, candidate: LocalCandidate) -> Option<Candidate> {
        let candidate = match candidate {
            LocalCandidate::Host(address) => str0m::Candidate::host(address, Protocol::Udp),
            LocalCandidate::ServerReflexive { address, base } => {
                str0m::Candidate::server_reflexive(address, base, Protocol::Udp)
            }
            LocalCandidate::Relayed { address, base } => {
                str0m::Candidate::relayed(address, base, Protocol::Udp)
            }
        };
        let added = candidate
            .ok()
            .and_then(|candidate| self.rtc.add_local_candidate(candidate))
            .and_then(facts::local_candidate)?;
        self.drain();
        Some(added)
    }

    fn add_remote_candidate(&mut self, candidate: &Candidate) {
        if let CandidateAddress::Name(name) = &candidate.address
            && name.ends_with(".local")
        {
            // Only browsers hide their addresses.
            self.budget = SEND_BUDGET_TO_BROWSER;
        }
        if let Some(candidate) = facts::remote_candidate(candidate) {
            self.rtc.add_remote_candidate(candidate);
            self.drain();
        }
    }

    fn send(&mut self, message: Vec<u8>) -> Result<(), TransportError> {
        if self.closing != Closing::Open {
            return Err(TransportError::Closed);
        }
        if self.queued + message.len() > MAX_QUEUED {
            return Err(TransportError::Congested(MAX_QUEUED));
        }
        self.queued += message.len();
        self.queue.push_back(message);
        self.flush_queue();
        let buffered = self.queued + self.in_flight();
        if buffered != self.reported {
            self.reported = buffered;
            self.report(ConnectionInput::BufferedAmount(buffered));
        }
        Ok(())
    }

    fn close(&mut self, now: Instant) {
        if self.closing == Closing::Open {
            self.closing = Closing::Flushing(now + FLUSH_TIME);
            self.proceed(now);
        }
    }

    fn accepts(&self, datagram: &Datagram) -> bool {
        let received = Receive::new(
            Protocol::Udp,
            datagram.remote,
            datagram.local,
            &datagram.bytes,
        );
        received.is_ok_and(|received| self.rtc.accepts(&Input::Receive(Instant::now(), received)))
    }

    fn handle_datagram(&mut self, now: Instant, datagram: &Datagram) {
        if self.closing == Closing::Finished {
            return;
        }
        let received = Receive::new(
            Protocol::Udp,
            datagram.remote,
            datagram.local,
            &datagram.bytes,
        );
        let Ok(received) = received else {
            return;
        };
        if let Err(error) = self.rtc.handle_input(Input::Receive(now, received)) {
            // Anyone can send such a datagram; it is no reason to close.
            tracing::debug!(%error, remote = %datagram.remote, "a datagram was refused");
        }
        self.proceed(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.closing == Closing::Finished {
            return;
        }
        match self.rtc.handle_input(Input::Timeout(now)) {
            Ok(()) => self.proceed(now),
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn poll_output(&mut self) -> Option<TransportOutput> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let closing = match self.closing {
            Closing::Open => None,
            Closing::Flushing(until) | Closing::Leaving(until) => Some(until),
            Closing::Finished => return None,
        };
        [self.timeout, closing, self.failed_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn is_finished(&self) -> bool {
        self.closing == Closing::Finished && self.outputs.is_empty()
    }
}
